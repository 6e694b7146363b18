package haproxy_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/haproxy"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

const main = "/etc/haproxy/haproxy.cfg"

func said(t confedit.Tree) []string {
	out := []string{}
	for _, p := range t.Places {
		out = append(out, fmt.Sprintf("%d %s: %s:%d", p.Line, p.Of, p.Addr, p.Port))
	}
	for _, n := range t.Notes {
		out = append(out, fmt.Sprintf("note %d %s", n.Line, n.Text))
	}
	return out
}

func read(t *testing.T, config string) confedit.Tree {
	t.Helper()
	tree, err := haproxy.Read(piece.Memory{main: config}, main)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, config string
		want         []string
	}{
		{"all addresses", "frontend web\n  bind *:80\n  bind :81\n  bind 0.0.0.0:82\n", []string{"2 frontend web: :80", "3 frontend web: :81", "4 frontend web: 0.0.0.0:82"}},
		{"several", "listen web\n  bind *:80,:8080,/run/x,[::1]:81 ssl crt a,b:80\n", []string{"2 listen web: :80", "2 listen web: :8080", "2 listen web: ::1:81"}},
		{"v4v6", "listen web\n\tbind :::80 v4v6\n", []string{"2 listen web: :::80"}},
		{"families", "frontend x\n bind ipv4@:80\n bind ipv6@:::81\n bind unix@/run/a:82\n bind fd@83\n bind abns@x:84\n", []string{"2 frontend x: :80", "3 frontend x: :::81"}},
		{"with the section", "listen web :80\nfrontend a from defaults\nlisten b\n", []string{"1 listen web: :80"}},
		{"stats socket", "global\n stats socket 127.0.0.1:9999 level admin\n stats socket /run/a.sock\n", []string{"2 global: 127.0.0.1:9999"}},
		{"quoted", "frontend a\n bind \"*:80\" # :81\n #bind :82\n", []string{"2 frontend a: :80"}},
		{"not bound", "backend a\n server s 10.0.0.1:80\n stats socket :80\n", []string{}},
		{"range", "listen a\n bind :8000-8010,:80\n", []string{"2 listen a: :80", "note 2 :8000-8010 is a range of ports, which is not moved in part"}},
		{"variable", "listen a\n bind \"${ADDR}:80\"\n .if defined(X)\n", []string{"note 2 ${ADDR}:80 is written with a variable, or partly in quotes", "note 3 .if decides when HAProxy starts which lines count"}},
		{"no port", "listen a\n bind 10.0.0.1\n bind\n", []string{"note 2 10.0.0.1 has no port that can be read"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, said(read(t, test.config))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMove(t *testing.T) {
	all := confedit.Endpoint{Port: 80}
	for _, test := range []struct {
		name, config string
		from, to     confedit.Endpoint
		want         string
	}{
		{"port", "listen a\n\tbind *:80 ssl # 80\n", all, confedit.Endpoint{Port: 8080}, "listen a\n\tbind *:8080 ssl # 80\n"},
		{"of several", "listen a\n bind *:80,:81,\"[::]:80\"\n", all, confedit.Endpoint{Port: 8080}, ""},
		{"of several, plain", "listen a\r\n bind *:80,:81,[::]:80\r\n", all, confedit.Endpoint{Port: 8080}, "listen a\r\n bind *:8080,:81,[::]:8080\r\n"},
		{"one address", "listen a\n bind 10.0.0.1:80,10.0.0.2:80\n", confedit.Endpoint{Addr: "10.0.0.2", Port: 80}, confedit.Endpoint{Port: 8080}, "listen a\n bind 10.0.0.1:80,10.0.0.2:8080\n"},
		{"colons", "listen a\n bind :::80 v4v6\n", all, confedit.Endpoint{Port: 8080}, "listen a\n bind :::8080 v4v6\n"},
		{"another address", "listen a\n bind ipv6@[::]:80\n", all, confedit.Endpoint{Addr: "::1", Port: 80}, "listen a\n bind ipv6@[::1]:80\n"},
		{"another family", "listen a\n bind udp6@[::1]:80\n", all, confedit.Endpoint{Addr: "127.0.0.1", Port: 80}, "listen a\n bind udp4@127.0.0.1:80\n"},
		{"two to one", "listen a\n bind :80,[::]:80\n", all, confedit.Endpoint{Addr: "::1", Port: 80}, ""},
		{"none", "backend a\n server s 10.0.0.1:80\n", all, confedit.Endpoint{Port: 8080}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree := read(t, test.config)
			edits, err := haproxy.Move(tree, test.from, test.to)
			if test.want == "" {
				if !errors.Is(err, confedit.ErrNoPlace) && !errors.Is(err, piece.ErrSeveral) {
					t.Fatalf("%v %v", edits, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
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
		"global\n\tlog /dev/log local0\n\tstats socket /run/haproxy/admin.sock mode 660\n\ndefaults\n\terrorfile 400 /etc/haproxy/errors/400.http\nfrontend a\n\tbind *:80,:::80 v4v6\n",
		"listen x :80\n bind \"ipv4@*:80\"\r\n bind '[::1]:80',:80\\\n", "bind :80-90,\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := haproxy.RoundTrip(data)
		if err != nil || string(got) != string(data) {
			t.Fatalf("%q became %q, %v", data, got, err)
		}
		tree := read(t, string(data))
		n := len(tree.On(confedit.Endpoint{Port: 80}))
		edits, err := haproxy.Move(tree, confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 65000})
		if err != nil {
			return
		}
		moved, err := confedit.Apply(tree.Files[0], edits)
		if err != nil {
			t.Fatal(err)
		}
		tree = read(t, string(moved))
		if len(tree.On(confedit.Endpoint{Port: 80})) > 0 || len(tree.On(confedit.Endpoint{Port: 65000})) < n {
			t.Fatalf("%q became %q: %+v", data, moved, tree.Places)
		}
	})
}
