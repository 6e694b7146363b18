package lighttpd_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/lighttpd"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

const main = "/etc/lighttpd/lighttpd.conf"

func said(t confedit.Tree) []string {
	out := []string{}
	for _, p := range t.Places {
		s := fmt.Sprintf("%s:%d %s:%d", strings.TrimPrefix(p.File, "/etc/lighttpd/"), p.Line, p.Addr, p.Port)
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

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, config string
		want         []string
	}{
		{"port", "server.port                 = 81 # 80\n", []string{"lighttpd.conf:1 :81"}},
		{"none", "#server.port = 81\n", []string{"lighttpd.conf:2 :80 implied"}},
		{"none, with TLS", "ssl.engine = \"enable\"\n", []string{"lighttpd.conf:2 :443 implied"}},
		{"bind", "server.bind = \"127.0.0.1\"\nserver.port=81\n", []string{"lighttpd.conf:2 127.0.0.1:81"}},
		{"a socket in the file system", "server.bind = \"/run/l.sock\"\nserver.port=81\n", []string{}},
		{"an address beside it", "server.bind = \"/run/l.sock\"\n$SERVER[\"socket\"] == \"10.0.0.1\" {}\n", []string{"lighttpd.conf:2 10.0.0.1:80 implied"}},
		{"sockets", "server.port = 80\n$SERVER[\"socket\"] == \":81\" { }\n$SERVER[\"socket\"] == \"[::1]:82\" {\n ssl.engine = \"enable\"\n}\n$SERVER[\"socket\"] == \"/run/x\" { }\n$HTTP[\"host\"] == \"a:83\" {}\n",
			[]string{"lighttpd.conf:1 :80", "lighttpd.conf:2 :81", "lighttpd.conf:3 ::1:82"}},
		{"an address alone", "$SERVER[\"socket\"] == \"10.0.0.1\" { }\nserver.port = 81\n", []string{"lighttpd.conf:2 :81", "lighttpd.conf:1 10.0.0.1:81 implied"}},
		{"variables", "var.p = 8080\nserver.port = p\n$SERVER[\"socket\"] == \"[::]:\" + var.p { }\n", []string{"lighttpd.conf:2 :8080 via p", "lighttpd.conf:3 :::8080 via var.p"}},
		{"of the environment", "server.port = env.PORT\n$SERVER[\"socket\"] == \":\" + env.PORT {}\n", []string{"note 2 a socket is named by variables that were not followed", "note 1 server.port is not a number that can be read"}},
		{"in a condition", "$HTTP[\"host\"] =~ \"x\" {\n server.port = 1\n}\nserver.port = 2\n", []string{"lighttpd.conf:4 :2", "note 2 server.port has no effect in a condition"}},
		{"in a global block", "global {\n server.port = 2\n}\n", []string{"lighttpd.conf:2 :2"}},
		{"shell", "server.port = 80\ninclude_shell \"/usr/share/lighttpd/use-ipv6.pl \" + server.port\n", []string{"lighttpd.conf:1 :80", "note 2 include_shell takes in what a program prints; it was not run"}},
		{"in lists and texts", "x.y = ( \"server.port\" => 1,\n \"a\" => ( \"port\" => 2 ) )\nz.z = \"\nserver.port = 3\"\nserver.port = 4", []string{"lighttpd.conf:5 :4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree, err := lighttpd.Read(piece.Memory{main: test.config}, main)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, said(tree)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestInclude(t *testing.T) {
	files := piece.Memory{
		main:                                 "server.port = 80\ninclude \"conf-enabled/*.conf\"\ninclude \"/etc/lighttpd/none\"\nvar.d = \"/etc/lighttpd\"\ninclude d + \"/more\"\n",
		"/etc/lighttpd/conf-enabled/10.conf": "$SERVER[\"socket\"] == \":443\" {\n include \"in\"\n}\n",
		"/etc/lighttpd/conf-enabled/x":       "server.port = 1\n",
		"/etc/lighttpd/in":                   "server.port = 2\ninclude \"lighttpd.conf\"\n",
		"/etc/lighttpd/more":                 "server.port := 3\n",
	}
	tree, err := lighttpd.Read(files, main)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"more:1 :3", "conf-enabled/10.conf:1 :443", "note 1 server.port has no effect in a condition", "note 3 /etc/lighttpd/none: file does not exist"}
	if d := cmp.Diff(want, said(tree)); d != "" {
		t.Error(d)
	}
}

func TestMove(t *testing.T) {
	all := confedit.Endpoint{Port: 80}
	for _, test := range []struct {
		name, config string
		from, to     confedit.Endpoint
		want         string
		err          error
	}{
		{"port", "server.port   = 80 # 80\n", all, confedit.Endpoint{Port: 8080}, "server.port   = 8080 # 80\n", nil},
		{"implied", "a.b = 1", all, confedit.Endpoint{Port: 8080}, "a.b = 1\nserver.port = 8080\n", nil},
		{"socket", "server.port = 81\n$SERVER[\"socket\"] == \"[::]:80\" { }\n", all, confedit.Endpoint{Port: 8080}, "server.port = 81\n$SERVER[\"socket\"] == \"[::]:8080\" { }\n", nil},
		{"both", "server.port = 80\r\n$SERVER[\"socket\"] == \"[::]:80\" { }\r\n", all, confedit.Endpoint{Port: 8080}, "server.port = 8080\r\n$SERVER[\"socket\"] == \"[::]:8080\" { }\r\n", nil},
		{"one address", "server.port = 80\n$SERVER[\"socket\"] == \"[::]:80\" { }\n", confedit.Endpoint{Addr: "::", Port: 80}, confedit.Endpoint{Port: 8080}, "server.port = 80\n$SERVER[\"socket\"] == \"[::]:8080\" { }\n", nil},
		{"address alone follows", "server.port = 80\n$SERVER[\"socket\"] == \"10.0.0.1\" { }\n", all, confedit.Endpoint{Port: 8080}, "server.port = 8080\n$SERVER[\"socket\"] == \"10.0.0.1\" { }\n", nil},
		{"address alone moves", "server.port = 80\n$SERVER[\"socket\"] == \"10.0.0.1\" { }\n", confedit.Endpoint{Addr: "10.0.0.1", Port: 80}, confedit.Endpoint{Port: 8080}, "server.port = 80\n$SERVER[\"socket\"] == \"10.0.0.1:8080\" { }\n", nil},
		{"variable", "p = 80\nserver.port = p\n$SERVER[\"socket\"] == \"[::]:\" + p { }\n", all, confedit.Endpoint{Port: 8080}, "p = 8080\nserver.port = p\n$SERVER[\"socket\"] == \"[::]:\" + p { }\n", nil},
		{"variable and address", "p = 80\nserver.port = p\n", all, confedit.Endpoint{Addr: "::1", Port: 8080}, "p = 8080\nserver.port = p\nserver.bind = \"[::1]\"\n", nil},
		{"socket of a variable", "p = 80\nserver.port = 1\n$SERVER[\"socket\"] == \":\" + p {}\n", all, confedit.Endpoint{Addr: "::1", Port: 8080}, "", confedit.ErrVariable},
		{"variable that stays", "p = 80\nserver.port = p\n$SERVER[\"socket\"] == \"[::]:\" + p { }\n", confedit.Endpoint{Addr: "::", Port: 80}, confedit.Endpoint{Port: 8080}, "", confedit.ErrVariable},
		{"server.port as a variable", "server.port = 80\n$SERVER[\"socket\"] == \"[::]:\" + server.port { }\n", all, confedit.Endpoint{Port: 8080}, "server.port = 8080\n$SERVER[\"socket\"] == \"[::]:\" + server.port { }\n", nil},
		{"new bind", "server.port = 80 # x\na.b = 1\n", all, confedit.Endpoint{Addr: "::1", Port: 80}, "server.port = 80 # x\nserver.bind = \"[::1]\"\na.b = 1\n", nil},
		{"bind", "server.bind = \"127.0.0.1\"\nserver.port = 80", all, confedit.Endpoint{Addr: "127.0.0.2", Port: 81}, "server.bind = \"127.0.0.2\"\nserver.port = 81", nil},
		{"implied with bind", "", all, confedit.Endpoint{Addr: "127.0.0.2", Port: 80}, "server.port = 80\nserver.bind = \"127.0.0.2\"\n", nil},
		{"two to one", "server.port = 80\n$SERVER[\"socket\"] == \"[::]:80\" { }\n", all, confedit.Endpoint{Addr: "::1", Port: 80}, "", piece.ErrSeveral},
		{"not there", "server.port = 81", all, confedit.Endpoint{Port: 1}, "", confedit.ErrNoPlace},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree, err := lighttpd.Read(piece.Memory{main: test.config}, main)
			if err != nil {
				t.Fatal(err)
			}
			edits, err := lighttpd.Move(tree, test.from, test.to)
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

func FuzzMove(f *testing.F) {
	for _, seed := range []string{
		"server.modules = (\n\t\"mod_indexfile\",\n)\nserver.port                 = 80\ninclude_shell \"/usr/share/lighttpd/use-ipv6.pl \" + server.port\ninclude \"/etc/lighttpd/conf-enabled/*.conf\"\n",
		"var.p = 80\n$SERVER[\"socket\"] == \":\" + p { server.port = 1 }\nserver.bind=\"::\"", "$SERVER[\"socket\"]==\"10.0.0.1\" { } else { }\n", "a=\"x\"\na=a+a\na=a+a",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := lighttpd.RoundTrip(data)
		if err != nil || string(got) != string(data) {
			t.Fatalf("%q became %q, %v", data, got, err)
		}
		tree, err := lighttpd.Read(piece.Memory{main: string(data)}, main)
		if err != nil {
			return
		}
		edits, err := lighttpd.Move(tree, confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 65000})
		if err != nil {
			return
		}
		moved, err := confedit.Apply(tree.Files[0], edits)
		if err != nil {
			t.Fatal(err)
		}
		tree, err = lighttpd.Read(piece.Memory{main: string(moved)}, main)
		if err != nil || len(tree.On(confedit.Endpoint{Port: 80})) > 0 {
			t.Fatalf("%q became %q: %+v %v", data, moved, tree.Places, err)
		}
	})
}

func TestRefused(t *testing.T) {
	for config, want := range map[string]error{
		"a.b == \"x\" {\n": confedit.ErrSyntax, "a.b == \"x\" {\n}\n": nil, "\"x\n": confedit.ErrSyntax, "\"x\"\n": nil,
	} {
		if _, err := lighttpd.Read(piece.Memory{main: config}, main); !errors.Is(err, want) {
			t.Errorf("%q: %v", config, err)
		}
	}
}
