package caddy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/caddy"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

const main = "/etc/caddy/Caddyfile"

func said(t confedit.Tree) []string {
	out := []string{}
	for _, p := range t.Places {
		s := fmt.Sprintf("%s:%d %s: %s:%d", strings.TrimPrefix(p.File, "/etc/caddy/"), p.Line, p.Of, p.Addr, p.Port)
		if p.Implied {
			s += " implied"
		}
		if p.Via != "" {
			s += " via " + p.Via
		}
		out = append(out, s)
	}
	for _, n := range t.Notes {
		out = append(out, fmt.Sprintf("note %d %s", n.Line, n.Text))
	}
	return out
}

// noAdmin keeps the admin API out of what is read.
const noAdmin = "{\n\tadmin off\n}\n"

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, config string
		want         []string
	}{
		{"port", ":80 {\n\trespond hi\n}\n", []string{"4 :80: :80"}},
		{"without braces", ":8080\nrespond :81\nfile_server\n", []string{"4 :8080: :8080"}},
		{"host", "example.com {\n}\n", []string{"4 example.com: :443 implied", "4 redirects to HTTPS: :80 implied"}},
		{"host and port", "example.com:8443 {\n}\n", []string{"4 example.com:8443: :8443", "4 redirects to HTTPS: :80 implied"}},
		{"HTTP", "http://example.com, http://example.com:81/x {\n}\n", []string{"4 http://example.com: :80 implied", "4 http://example.com:81/x: :81"}},
		{"HTTP by its port", "example.com:80 {\n}\n", []string{"4 example.com:80: :80"}},
		{"several", "localhost:81,\n\n[::1]:82, :83 {\n}\n# :84 {\n:85 {\n\thandle {\n\t\trespond \":86 {\"\n\t}\n}\n",
			[]string{"4 localhost:81: :81", "4 redirects to HTTPS: :80 implied", "6 [::1]:82: :82", "6 :83: :83", "9 :85: :85"}},
		{"bind", ":81 {\n\tbind 10.0.0.1 [::1]\n\tx {\n\t\tbind 1.1.1.1\n\t}\n}\n", []string{"4 :81: 10.0.0.1:81", "4 :81: ::1:81"}},
		{"snippets", "(s) {\n\tbind 10.0.0.1\n}\n&(r) {\n}\n:81 {\n\timport s\n}\n", []string{"9 :81: 10.0.0.1:81"}},
		{"variables", ":{$PORT} {\n}\n:{$P:80} {\n}\n", []string{"note 4 the address :{$PORT} is not one that can be read", "note 6 the address :{$P:80} is not one that can be read"}},
		{"quotes", ":81 {\n\trespond `}\n:82 {`\n\trespond <<X\n}\n:83 {\nX 200\n\ty \\\nz {\n\t}\n}\n:84 {\n}\n", []string{"4 :81: :81", "15 :84: :84"}},
		{"IPv6 without a port", "http://[::1] {\n}\n", []string{"4 http://[::1]: :80 implied"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree, err := caddy.Read(piece.Memory{main: noAdmin + test.config}, main)
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range test.want {
				if !strings.HasPrefix(w, "note") {
					test.want[i] = "Caddyfile:" + w
				}
			}
			if d := cmp.Diff(test.want, said(tree)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		options string
		want    []string
	}{
		{"", []string{"a: :443 implied", "redirects to HTTPS: :80 implied", "http://b: :80 implied", "admin API: localhost:2019 implied"}},
		{"http_port 81", []string{"a: :443 implied", "redirects to HTTPS: :81 implied via http_port", "http://b: :81 implied via http_port", "admin API: localhost:2019 implied"}},
		{"https_port 444\n\tadmin :2020", []string{"a: :444 implied via https_port", "redirects to HTTPS: :80 implied", "http://b: :80 implied", "admin API: :2020"}},
		{"auto_https disable_redirects\n\tadmin unix//run/x", []string{"a: :443 implied", "http://b: :80 implied"}},
		{"auto_https off\n\tadmin off\n\tdefault_bind 10.0.0.1", []string{"a: 10.0.0.1:443 implied", "http://b: 10.0.0.1:80 implied"}},
		{"servers {\n\t\thttp_port 1\n\t}\n\tadmin off", []string{"a: :443 implied", "redirects to HTTPS: :80 implied", "http://b: :80 implied"}},
	} {
		tree, err := caddy.Read(piece.Memory{main: "# x\n{\n\t" + test.options + "\n}\na {\n}\nhttp://b {\n}\n"}, main)
		if err != nil {
			t.Fatal(err)
		}
		got := said(tree)
		for i := range got {
			_, got[i], _ = strings.Cut(got[i], " ")
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s: %s", test.options, d)
		}
	}
}

func TestImport(t *testing.T) {
	files := piece.Memory{
		main:                   noAdmin + "import sites/*\nimport none\nimport other/*\n:81 {\n\timport binds\n}\n",
		"/etc/caddy/sites/a":   ":82 {\n}\nimport ../Caddyfile\n",
		"/etc/caddy/sites/.no": ":83 {\n}\n",
		"/etc/caddy/binds":     "bind 10.0.0.1\nimport binds\n",
	}
	tree, err := caddy.Read(files, main)
	if err != nil {
		t.Fatal(err)
	}
	got := said(tree)
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " /etc")
	}
	want := []string{"sites/a:1 :82: :82", "Caddyfile:7 :81: 10.0.0.1:81", "note 5", "note 2"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestMove(t *testing.T) {
	on := func(port uint16) confedit.Endpoint { return confedit.Endpoint{Port: port} }
	for _, test := range []struct {
		name, config string
		from, to     confedit.Endpoint
		want         string
		err          error
	}{
		{"port", "# x\n:80 {\n\trespond hi # :80\n}\n", on(80), on(8080), "# x\n:8080 {\n\trespond hi # :80\n}\n", nil},
		{"of several", ":80, http://a:80/x, a:81 {\n}\n", on(81), on(82), ":80, http://a:80/x, a:82 {\n}\n", nil},
		{"HTTP stays HTTP", "a:80, b:80 {\n}\n", on(80), on(8080), "http://a:8080, http://b:8080 {\n}\n", nil},
		{"HTTPS stays HTTPS", ":443 {\n}\n", on(443), on(8443), "https://:8443 {\n}\n", nil},
		{"HTTP to 443", ":8080 {\n}\n", on(8080), on(443), "", caddy.ErrScheme},
		{"HTTPS to 80", "a:8443 {\n}\n", on(8443), on(80), "", caddy.ErrScheme},
		{"implied", "a {\n}\n", on(443), on(8443), "{\n\thttps_port 8443\n}\n\na {\n}\n", nil},
		{"redirects", "a {\n}\n", on(80), on(8080), "{\n\thttp_port 8080\n}\n\na {\n}\n", nil},
		{"all of 80", "a {\n}\n:80 {\n}\nhttp://b {\n}\n", on(80), on(8080), "{\n\thttp_port 8080\n}\n\na {\n}\n:8080 {\n}\nhttp://b {\n}\n", nil},
		{"option", "{\n\tdebug\n}\na {\n}\n", on(80), on(8080), "{\n\thttp_port 8080\n\tdebug\n}\na {\n}\n", nil},
		{"option in an empty block", "{ }\n:80 { }\n", on(2019), on(2020), "{\n\tadmin localhost:2020\n }\n:80 { }\n", nil},
		{"bind in an empty block", ":80 { }\n", on(80), confedit.Endpoint{Addr: "::1", Port: 80}, ":80 {\n\tbind ::1\n }\n", nil},
		{"option that is there", "{\r\n\thttp_port 81\r\n}\r\na {\r\n}\r\n", on(81), on(8080), "{\r\n\thttp_port 8080\r\n}\r\na {\r\n}\r\n", nil},
		{"admin", ":80\n", on(2019), on(2020), "{\n\tadmin localhost:2020\n}\n\n:80\n", nil},
		{"bind", ":80 {\n\tbind 10.0.0.1\n}\n", on(80), confedit.Endpoint{Addr: "::1", Port: 80}, ":80 {\n\tbind ::1\n}\n", nil},
		{"new bind", ":80 {\n}\n:81\t{\n}\n", on(80), confedit.Endpoint{Addr: "10.0.0.1", Port: 8080}, ":8080 {\n\tbind 10.0.0.1\n}\n:81\t{\n}\n", nil},
		{"new bind without braces", ":80\nrespond hi\n", on(80), confedit.Endpoint{Addr: "10.0.0.1", Port: 80}, ":80\nbind 10.0.0.1\nrespond hi\n", nil},
		{"bind that another port has", ":80, :81 {\n}\n", on(80), confedit.Endpoint{Addr: "10.0.0.1", Port: 80}, "", caddy.ErrShared},
		{"bind of a snippet", "(s) {\n\tbind 1.1.1.1\n}\n:80 {\n\timport s\n}\n:81 {\n\timport s\n}\n", on(80), confedit.Endpoint{Addr: "10.0.0.1", Port: 80}, "", caddy.ErrShared},
		{"one of two addresses", ":80 {\n\tbind 10.0.0.1 10.0.0.2\n}\n", confedit.Endpoint{Addr: "10.0.0.1", Port: 80}, on(8080), "", caddy.ErrShared},
		{"not there", ":80\n", on(81), on(8080), "", confedit.ErrNoPlace},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree, err := caddy.Read(piece.Memory{main: test.config}, main)
			if err != nil {
				t.Fatal(err)
			}
			edits, err := caddy.Move(tree, test.from, test.to)
			if !errors.Is(err, test.err) {
				t.Fatal(err)
			}
			if test.err != nil {
				return
			}
			got, err := confedit.Apply(tree.Files[0], edits)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for config, want := range map[string]error{":80 {\n": confedit.ErrSyntax, ":80 {\n}\n": nil, "{\n": confedit.ErrSyntax, "": nil, "}\n": confedit.ErrSyntax} {
		if _, err := caddy.Read(piece.Memory{main: config}, main); !errors.Is(err, want) {
			t.Errorf("%q: %v", config, err)
		}
	}
}

func FuzzMove(f *testing.F) {
	for _, seed := range []string{
		":80 {\n\troot * /usr/share/caddy\n\tfile_server\n}\n", "{\n\thttp_port 80\n}\nhttp://a, b:80,\n[::1] {\n\tbind 10.0.0.1\n\timport s\n}\n(s) {\n}\n",
		"a:80\nrespond <<X\n\t}\n\tX\n", "import *\n:80 { `\n\"\\\"\n}", "(s) {\nimport s\nimport s\n}\n:80 {\nimport s\n}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := caddy.RoundTrip(data)
		if err != nil || string(got) != string(data) {
			t.Fatalf("%q became %q, %v", data, got, err)
		}
		tree, err := caddy.Read(piece.Memory{main: string(data)}, main)
		if err != nil {
			return
		}
		edits, err := caddy.Move(tree, confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 65000})
		if err != nil {
			return
		}
		moved, err := confedit.Apply(tree.Files[0], edits)
		if err != nil {
			t.Fatal(err)
		}
		tree, err = caddy.Read(piece.Memory{main: string(moved)}, main)
		if err != nil || len(tree.On(confedit.Endpoint{Port: 80})) > 0 {
			t.Fatalf("%q became %q: %+v %v", data, moved, tree.Places, err)
		}
	})
}
