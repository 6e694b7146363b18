package nginx_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/nginx"
)

// disk is a configuration without a disk.
type disk map[string]string

func (d disk) ReadFile(name string) ([]byte, error) {
	s, ok := d[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return []byte(s), nil
}

func (d disk) Glob(pattern string) ([]string, error) {
	var out []string
	for name := range d {
		ok, err := path.Match(strings.ReplaceAll(pattern, `\`, "/"), strings.ReplaceAll(name, `\`, "/"))
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

const main = "/etc/nginx/nginx.conf"

func read(t *testing.T, d disk) confedit.Tree {
	t.Helper()
	tree, err := nginx.Read(d, main, nginx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// http is a main file with these lines in its http block.
func http(lines string) disk { return disk{main: "events {}\nhttp {\n" + lines + "\n}\n"} }

// said is a place in one line: its file and line, what it spells, what it is.
func said(t confedit.Tree, p confedit.Place) string {
	i := slices.IndexFunc(t.Files, func(f confedit.File) bool { return f.Name == p.File })
	s := fmt.Sprintf("%s:%d %q %s %s:%d", path.Base(p.File), p.Line, t.Files[i].Data[p.From:p.To], p.Role, p.Addr, p.Port)
	if p.Implied {
		s += " implied"
	}
	if p.Of != "" {
		s += " of " + p.Of
	}
	return s
}

func places(t confedit.Tree) []string {
	var out []string
	for _, p := range t.Places {
		out = append(out, said(t, p))
	}
	return out
}

func notes(t confedit.Tree) []string {
	var out []string
	for _, n := range t.Notes {
		out = append(out, fmt.Sprintf("%s:%d %s", path.Base(n.File), n.Line, n.Text))
	}
	return out
}

// after is d with edits done.
func after(t *testing.T, d disk, tree confedit.Tree, edits []confedit.Edit) disk {
	t.Helper()
	out := disk{}
	for name, text := range d {
		out[name] = text
	}
	for _, f := range tree.Files {
		data, err := confedit.Apply(f, edits)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(data)
	}
	return out
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		want  []string
		notes []string
	}{
		"every form": {"server { listen 80; listen *:81; listen 127.0.0.1:82 bind; listen [::]:83 ipv6only=on; listen [::1]; listen localhost; listen 'LocalHost:84'; server_name a b; }",
			[]string{`nginx.conf:3 "80" listens :80 of a`, `nginx.conf:3 "*:81" listens :81 of a`, `nginx.conf:3 "127.0.0.1:82" listens 127.0.0.1:82 of a`,
				`nginx.conf:3 "[::]:83" listens :::83 of a`, `nginx.conf:3 "" listens ::1:80 implied of a`, `nginx.conf:3 "" listens localhost:80 implied of a`,
				`nginx.conf:3 "LocalHost:84" listens localhost:84 of a`},
			[]string{"nginx.conf:3 localhost is a name, and may be several addresses", "nginx.conf:3 localhost is a name, and may be several addresses"}},
		"no listen":                      {"server { server_name a; }", []string{`nginx.conf:3 "" listens :80 implied of a`}, nil},
		"a server that is not all there": {"server { include gone; }", nil, []string{"nginx.conf:3 /etc/nginx/gone does not exist; nginx refuses such a configuration"}},
		"the twin: a socket of another sort is a listen": {"server { listen unix:/run/x; server_name a; }", nil, nil},
		"upstreams are elsewhere":                        {"upstream u { server 127.0.0.1:80; }\nserver { listen 81; location / { proxy_pass http://127.0.0.1:80; } }", []string{`nginx.conf:4 "81" listens :81`}, nil},
		"QUIC is UDP":                                    {"server { listen 443 ssl; listen 443 quic reuseport; }", []string{`nginx.conf:3 "443" listens :443`}, []string{"nginx.conf:3 listen 443 quic is UDP"}},
		"a range":                                        {"server { listen 127.0.0.1:8000-8001; }", []string{`nginx.conf:3 "127.0.0.1:8000-8001" listens 127.0.0.1:8000`, `nginx.conf:3 "127.0.0.1:8000-8001" listens 127.0.0.1:8001`}, nil},
		"a long range":                                   {"server { listen 8000-9000; }", nil, []string{"nginx.conf:3 listen 8000-9000: a range of 1001 ports"}},
		"a template":                                     {"server { listen ${PORT}; }", nil, []string{"nginx.conf:3 listen ${PORT}: the port cannot be read"}},
		"in a comment, in Lua":                           {"# server { listen 80; }\nserver { listen 81; location / { content_by_lua_block { local s = \"}\" -- }\n ngx.say([[ } ]]) } } # listen 80\n }", []string{`nginx.conf:4 "81" listens :81`}, nil},
		"what clients are told": {"server { listen 443 ssl; server_name www.example.org; }\nserver { listen 80; return 301 https://$host$request_uri; }\n" +
			"server { listen 80; rewrite ^ https://www.example.org:443/x; }",
			[]string{`nginx.conf:3 "443" listens :443 of www.example.org`, `nginx.conf:4 "80" listens :80`, `nginx.conf:5 "80" listens :80`,
				`nginx.conf:4 "" announces :443 implied`, `nginx.conf:5 "443" announces :443`}, nil},
		"the twin: of others": {"server { listen 443 ssl; server_name www.example.org; }\nserver { listen 80; return 301 https://other.example.org:443; return 301 https://$host:444/; proxy_redirect https://$host:443/ /; }",
			[]string{`nginx.conf:3 "443" listens :443 of www.example.org`, `nginx.conf:4 "80" listens :80`}, nil},
		"what applications are told": {"server { listen 80; proxy_set_header X-Forwarded-Port 80; fastcgi_param SERVER_PORT $server_port; proxy_set_header X-Forwarded-Proto http; }", []string{`nginx.conf:3 "80" listens :80`},
			[]string{"nginx.conf:3 proxy_set_header tells applications a port"}},
		"what depends on the port": {"map $server_port $x { 80 y; }\nserver { listen 80; port_in_redirect off; if ($server_port = 80) { return 404; } }", []string{`nginx.conf:4 "80" listens :80`},
			[]string{"nginx.conf:3 map tests $server_port", "nginx.conf:4 port_in_redirect off: redirects leave the port out", "nginx.conf:4 if tests $server_port"}},
	} {
		tree := read(t, http(c.text))
		if d := cmp.Diff(c.want, places(tree)); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
		if d := cmp.Diff(c.notes, notes(tree)); d != "" {
			t.Errorf("%s: notes (-want +got)\n%s", name, d)
		}
	}
}

func TestReadIncludes(t *testing.T) {
	d := disk{
		main:                         "include modules/*.conf;\nevents {}\nhttp { include conf.d/*; include /etc/nginx/sites/*.conf; include gone; include nobody/*; }\nstream { include s; }\nmail { server { listen 25; } }",
		"/etc/nginx/modules/a.conf":  "load_module x;",
		"/etc/nginx/conf.d/b":        "server { include own/listen; server_name b; }",
		"/etc/nginx/conf.d/.hidden":  "server { listen 1; }",
		"/etc/nginx/own/listen":      "listen 80;\nlisten [::]:80;",
		"/etc/nginx/sites/a.conf":    "include a.loop;\nserver { include own/listen; server_name a; }",
		"/etc/nginx/a.loop":          "include a.loop;",
		"/etc/nginx/sites/a.conf.no": "server { listen 2; }",
		"/etc/nginx/s":               "server { listen 53 udp; listen 5353; proxy_pass 127.0.0.1:80; }",
	}
	tree := read(t, d)
	want := []string{`listen:1 "80" listens :80 of b`, `listen:2 "[::]:80" listens :::80 of b`, `listen:1 "80" listens :80 of a`, `listen:2 "[::]:80" listens :::80 of a`,
		`s:1 "5353" listens :5353`, `nginx.conf:5 "25" listens :25`}
	if d := cmp.Diff(want, places(tree)); d != "" {
		t.Errorf("places (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"a.loop:1 /etc/nginx/a.loop includes itself, or is included too deep", "nginx.conf:3 /etc/nginx/gone does not exist; nginx refuses such a configuration", "s:1 listen 53 udp is UDP"}, notes(tree)); d != "" {
		t.Errorf("notes (-want +got)\n%s", d)
	}
	if got := len(tree.Files); got != 7 {
		t.Errorf("%d files: %+v", got, tree.Files)
	}
	if _, err := nginx.Read(d, "/nowhere", nginx.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a main file that is not there: %v", err)
	}
	d["/etc/nginx/own/listen"] = "listen 80"
	if _, err := nginx.Read(d, main, nginx.Options{}); !errors.Is(err, confedit.ErrSyntax) || !strings.Contains(err.Error(), "/etc/nginx/own/listen:1:") {
		t.Errorf("a broken include: %v", err)
	}
}

func TestReadOnWindows(t *testing.T) {
	const main = `C:\nginx\conf\nginx.conf`
	d := disk{main: "http { include mime.types; include sites/*.conf; include /shared/x; include D:/y; }", `C:\nginx\conf/mime.types`: "types {}",
		`C:\nginx\conf/sites/a.conf`: "server { listen 80; }", "C:/shared/x": "server { listen 81; }", "D:/y": "server { listen 82; }"}
	tree, err := nginx.Read(d, main, nginx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{`a.conf:1 "80" listens :80`, `x:1 "81" listens :81`, `y:1 "82" listens :82`}, places(tree)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	edits, err := nginx.Move(tree, confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 8081})
	if want := []confedit.Edit{{File: `C:\nginx\conf/sites/a.conf`, From: 16, To: 18, Text: "8081"}}; err != nil || !slices.Equal(edits, want) {
		t.Errorf("moved: %+v, %v", edits, err)
	}
}

func TestUnprivileged(t *testing.T) {
	for unprivileged, port := range map[bool]uint16{true: 8000, false: 80} {
		d := http("server {}")
		tree, err := nginx.Read(d, main, nginx.Options{Unprivileged: unprivileged})
		if err != nil || len(tree.Places) != 1 || tree.Places[0].Port != port {
			t.Errorf("%v: %+v, %v", unprivileged, tree, err)
		}
		edits, err := nginx.Move(tree, confedit.Endpoint{Port: port}, confedit.Endpoint{Port: 8081})
		if err != nil || !strings.Contains(after(t, d, tree, edits)[main], "server { listen 8081; }") {
			t.Errorf("%v: %+v, %v", unprivileged, edits, err)
		}
	}
}

func TestMove(t *testing.T) {
	any80 := confedit.Endpoint{Port: 80}
	for name, c := range map[string]struct {
		text     string
		from, to confedit.Endpoint
		want     string // "" where it stays as it is
		err      error
	}{
		"the port alone": {text: "server {\r\n\tlisten 80 default_server; # 80\r\n\tlisten [::]:80 ipv6only=on;\r\n}", from: any80, to: confedit.Endpoint{Port: 8081},
			want: "server {\r\n\tlisten 8081 default_server; # 80\r\n\tlisten [::]:8081 ipv6only=on;\r\n}"},
		"of one address": {text: "server { listen 127.0.0.1:80; listen [::1]:80; listen 80; }", from: confedit.Endpoint{Addr: "127.0.0.1", Port: 80}, to: confedit.Endpoint{Port: 8081},
			want: "server { listen 127.0.0.1:8081; listen [::1]:80; listen 80; }"},
		"0.0.0.0 is every address": {text: "server { listen 80; listen *:80; listen 0.0.0.0:80; listen [::]:80; }", from: confedit.Endpoint{Addr: "0.0.0.0", Port: 80}, to: confedit.Endpoint{Port: 8081},
			want: "server { listen 8081; listen 0.0.0.0:8081; listen [::]:80; }"},
		"to an address": {text: "server { listen 80; }", from: any80, to: confedit.Endpoint{Addr: "127.0.0.1", Port: 80}, want: "server { listen 127.0.0.1:80; }"},
		"to an address of the other family": {text: "server { listen [::]:80 ipv6only=off default_server; }", from: any80, to: confedit.Endpoint{Addr: "127.0.0.1", Port: 8081},
			want: "server { listen 127.0.0.1:8081 default_server; }"},
		"two become one": {text: "server {\n  listen 80;\n  listen [::]:80; # gone\n  listen  [::]:81;\n}", from: any80, to: confedit.Endpoint{Addr: "::1", Port: 8081},
			want: "server {\n  listen [::1]:8081;\n  # gone\n  listen  [::]:81;\n}"},
		"it is there already": {text: "server {\n  listen 8081;\n  listen 80;\n}", from: any80, to: confedit.Endpoint{Port: 8081}, want: "server {\n  listen 8081;\n}"},
		"implied":             {text: "server {\n\n\t# a\n\tserver_name x;\n}", from: any80, to: confedit.Endpoint{Port: 8081}, want: "server {\n\n\t# a\n\tlisten 8081;\n\tserver_name x;\n}"},
		"implied, on a line":  {text: "server { server_name x; }", from: any80, to: confedit.Endpoint{Addr: "::1", Port: 8081}, want: "server { listen [::1]:8081; server_name x; }"},
		"implied, and empty":  {text: "server {# nothing\n}", from: any80, to: confedit.Endpoint{Port: 8081}, want: "server { listen 8081; # nothing\n}"},
		"an address alone":    {text: "server { listen 127.0.0.1; listen [::1]; }", from: any80, to: confedit.Endpoint{Port: 8081}, want: "server { listen 127.0.0.1:8081; listen [::1]:8081; }"},
		"in quotes":           {text: `server { listen "80"; listen '[::]:80'; }`, from: any80, to: confedit.Endpoint{Port: 8081}, want: `server { listen "8081"; listen '[::]:8081'; }`},
		"escaped": {text: `server { listen "8\
0"; listen \"80; }`, from: any80, err: confedit.ErrNoPlace, to: confedit.Endpoint{Port: 8081}},
		"what clients are told": {text: "server { listen 80; listen 443 ssl; return 301 https://$host/; return 302 http://$host:80; rewrite ^ https://${host}$uri; }", from: confedit.Endpoint{Port: 443}, to: confedit.Endpoint{Port: 8443},
			want: "server { listen 80; listen 8443 ssl; return 301 https://$host:8443/; return 302 http://$host:80; rewrite ^ https://${host}:8443$uri; }"},
		"the twin: still told where another listens": {text: "server { listen 443 ssl; listen 127.0.0.1:443; return 301 https://$host/; }", from: confedit.Endpoint{Addr: "127.0.0.1", Port: 443}, to: confedit.Endpoint{Port: 8443},
			want: "server { listen 443 ssl; listen 127.0.0.1:8443; return 301 https://$host/; }"},
		"a range":          {text: "server { listen 79-81; }", from: any80, to: confedit.Endpoint{Port: 8081}, err: nginx.ErrRange},
		"another port":     {text: "server { listen 81; }", from: any80, to: confedit.Endpoint{Port: 8081}, err: confedit.ErrNoPlace},
		"another address":  {text: "server { listen 80; }", from: confedit.Endpoint{Addr: "::", Port: 80}, to: confedit.Endpoint{Port: 8081}, err: confedit.ErrNoPlace},
		"nowhere to":       {text: "server { listen 80; }", from: any80, err: confedit.ErrNoPlace},
		"QUIC stays":       {text: "server { listen 443 ssl; listen 443 quic; }", from: confedit.Endpoint{Port: 443}, to: confedit.Endpoint{Port: 8443}, want: "server { listen 8443 ssl; listen 443 quic; }"},
		"upstream stays":   {text: "upstream x { server 127.0.0.1:80; } server { listen 80; }", from: any80, to: confedit.Endpoint{Port: 81}, want: "upstream x { server 127.0.0.1:80; } server { listen 81; }"},
		"other directives": {text: "server { listen 80; listen_x 80; } x { listen 80; }", from: any80, to: confedit.Endpoint{Port: 81}, want: "server { listen 81; listen_x 80; } x { listen 80; }"},
	} {
		d := http(c.text)
		tree := read(t, d)
		edits, err := nginx.Move(tree, c.from, c.to)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.err != nil {
			continue
		}
		got := after(t, d, tree, edits)
		if diff := cmp.Diff(http(c.want), got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		moved(t, tree, read(t, got), c.from, c.to)
	}
}

// moved checks that a tree listens on to and no longer on from.
func moved(t *testing.T, before, now confedit.Tree, from, to confedit.Endpoint) {
	t.Helper()
	same := func(e, f confedit.Endpoint) bool { return e.Port == f.Port && (e.Addr == f.Addr || f.Addr == "") }
	listens := func(p confedit.Place) bool { return p.Role == confedit.Listens }
	if !slices.ContainsFunc(now.On(to), listens) {
		t.Errorf("nothing listens on %+v: %q", to, places(now))
	}
	if !same(from, to) && !same(to, from) && slices.ContainsFunc(now.On(from), listens) {
		t.Errorf("still on %+v: %q, before %q", from, places(now), places(before))
	}
}

// A file that two servers include is edited once.
func TestMoveShared(t *testing.T) {
	d := http("server { include ports; server_name a; }\nserver { include ports; server_name b; }")
	d["/etc/nginx/ports"] = "listen 80;\nlisten [::]:80;\n"
	tree := read(t, d)
	edits, err := nginx.Move(tree, confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 8081})
	if err != nil || len(edits) != 2 {
		t.Fatalf("%+v, %v", edits, err)
	}
	if got := after(t, d, tree, edits)["/etc/nginx/ports"]; got != "listen 8081;\nlisten [::]:8081;\n" {
		t.Errorf("%q", got)
	}
}

// twices are configurations of which nginx starts those that want nothing.
var twices = map[string]struct {
	text string
	want []string
}{
	"IPv6 that takes IPv4":   {"http { server { listen 80; } server { listen [::]:80 ipv6only=off; } }", []string{"[::]:80 80"}},
	"the twin: only IPv6":    {"http { server { listen 80; } server { listen [::]:80; } }", nil},
	"of one address":         {"http { server { listen 127.0.0.1:80; listen [::]:80 ipv6only=off; } }", []string{"[::]:80 127.0.0.1:80"}},
	"of another port":        {"http { server { listen 81; listen [::]:80 ipv6only=off; } }", nil},
	"in http and stream":     {"http { server { listen 80; } } stream { server { listen 0.0.0.0:80; } }", []string{"80 0.0.0.0:80"}},
	"in two servers of http": {"http { server { listen 80; } server { listen 0.0.0.0:80; } }", nil},
	"in one server":          {"http { server { listen 80; listen *:80; } }", []string{"80 *:80"}},
	"bound beside all":       {"http { server { listen 127.0.0.1:80 bind; } server { listen 80; } }", []string{"80 127.0.0.1:80"}},
	"the twin: not bound":    {"http { server { listen 127.0.0.1:80; } server { listen 80; } }", nil},
	"an option binds":        {"http { server { listen 127.0.0.1:80 backlog=5; } server { listen 80; } }", []string{"80 127.0.0.1:80"}},
}

func TestTwice(t *testing.T) {
	for name, c := range twices {
		tree := read(t, disk{main: c.text})
		var got []string
		for _, group := range nginx.Twice(tree) {
			var spelt []string
			for _, p := range group {
				spelt = append(spelt, c.text[p.From:p.To])
			}
			got = append(got, strings.Join(spelt, " "))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
}

func TestOnce(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		err        error
	}{
		"one of a server's goes": {"http { server { listen 80; listen [::]:80 ipv6only=off; } }", "http { server { listen [::]:80 ipv6only=off; } }", nil},
		"a server's only one":    {"http { server { listen 80; } server { listen [::]:80 ipv6only=off; } server { listen [::]:80; } }", "http { server { listen 80; } server { listen [::]:80; } server { listen [::]:80; } }", nil},
		"all that a server has":  {"http { server { listen 127.0.0.1:80; listen 127.0.0.2:80; } server { listen [::]:80 ipv6only=off; } }", "http { server { listen 127.0.0.1:80; listen 127.0.0.2:80; } server { listen [::]:80; } }", nil},
		"of two modules":         {"http { server { listen 80; } } stream { server { listen 80; listen 81; } }", "http { server { listen 80; } } stream { server { listen 81; } }", nil},
		"bound on its own":       {"http { server { listen 80; } server { listen 127.0.0.1:80 bind; } }", "", nginx.ErrLast},
	} {
		d := disk{main: c.text}
		tree := read(t, d)
		edits, err := nginx.Once(tree, nginx.Twice(tree)[0])
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if c.err == nil {
			got := after(t, d, tree, edits)
			if d := cmp.Diff(c.want, got[main]); d != "" {
				t.Errorf("%s (-want +got)\n%s", name, d)
			}
			if still := nginx.Twice(read(t, got)); len(still) > 0 {
				t.Errorf("%s: still %+v", name, still)
			}
		}
	}
}

func TestRemove(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		at   int // which place
		want string
		err  error
	}{
		"a line":               {"server {\n\tlisten 80;\n\tlisten [::]:80 ipv6only=off;\n}", 0, "server {\n\tlisten [::]:80 ipv6only=off;\n}", nil},
		"a line, CRLF":         {"server {\r\n\tlisten 80;\r\n\tlisten 81;\r\n}", 1, "server {\r\n\tlisten 80;\r\n}", nil},
		"before a comment":     {"server {\n\tlisten 80; # main\n\tlisten 81;\n}", 0, "server {\n\t# main\n\tlisten 81;\n}", nil},
		"among others":         {"server { listen 80; listen 81; }", 0, "server { listen 81; }", nil},
		"the last one":         {"server { listen 80; }", 0, "", nginx.ErrLast},
		"the last TCP one":     {"server { listen 80; listen unix:/run/x; }", 0, "", nginx.ErrLast},
		"that is nowhere":      {"server { }", 0, "", nginx.ErrLast},
		"one of a range":       {"server { listen 80-81; listen 82; }", 0, "", nginx.ErrRange},
		"an implied port":      {"server { listen [::1]; listen 82; }", 0, "server { listen 82; }", nil},
		"in a server of three": {"server { listen 80; listen 81; } server { listen 80; listen 82; }", 2, "server { listen 80; listen 81; } server { listen 82; }", nil},
	} {
		d := http(c.text)
		tree := read(t, d)
		edits, err := nginx.Remove(tree, tree.Places[c.at])
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if c.err == nil {
			if d := cmp.Diff(http(c.want), after(t, d, tree, edits)); d != "" {
				t.Errorf("%s (-want +got)\n%s", name, d)
			}
		}
	}
	tree := read(t, http("server { listen 80; }"))
	if _, err := nginx.Remove(tree, confedit.Place{File: main, From: 1}); !errors.Is(err, confedit.ErrNoPlace) {
		t.Errorf("no such place: %v", err)
	}
}

func TestMains(t *testing.T) {
	for name, goos := range map[string]string{
		"/etc/nginx/nginx.conf": "linux", "/opt/homebrew/etc/nginx/nginx.conf": "darwin", `C:\nginx-1.27.4\conf\nginx.conf`: "windows", `C:\tools\nginx-1.27.4\conf\nginx.conf`: "windows",
	} {
		found := slices.ContainsFunc(nginx.Mains(goos), func(pattern string) bool {
			ok, err := path.Match(strings.ReplaceAll(pattern, `\`, "/"), strings.ReplaceAll(name, `\`, "/"))
			return ok && err == nil
		})
		if !found {
			t.Errorf("%s is not among those of %s", name, goos)
		}
	}
}
