package nginx_test

import (
	"bytes"
	"testing"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/nginx"
)

var seeds = []string{
	"", "# nothing", "\xef\xbb\xbfuser www-data;", "events {}\r\nhttp {\r\n\tserver {\r\n\t\tlisten 80;\r\n\t}\r\n}",
	"http { server { listen 80 default_server; listen [::]:80 ipv6only=off; server_name a.example \"b\"; return 301 https://$host$request_uri; } }",
	"http { server { server_name x; } server{} include x; include *; }",
	"http { server { listen 127.0.0.1; listen [::1]; listen localhost:8080; listen 80-82; listen unix:/x; listen 443 quic; } }",
	"http { map $http_upgrade $x { default upgrade; '' close; ~^\\d{1,2}$ y; } server { listen \"8\\080\"; location ~ \\.php$ { if ($a = \"${b}\") { return 403; } } } }",
	"http { server { content_by_lua_block { local s = '}' --[[ } ]] .. [=[ }]]} ]=] -- }\n } listen 81; } }",
	"stream { server { listen 53 udp; listen 80; } } mail { server { listen 25; } } http { server { listen 80; listen 80 bind; listen *:80; } }",
	"http { server { listen [::]:80 \"ipv6only=off\"; } server { listen 80; } }", "a \"b\" c;d'e'{f \"g\";}", "a ${b}{c;}", "a \"b\");", "x {", "}", "a", "a\\", "\"a\\\"", ";",
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := nginx.RoundTrip(data)
		if err == nil && !bytes.Equal(out, data) {
			t.Errorf("%q is printed as %q", data, out)
		}
	})
}

func FuzzMove(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, s, uint16(80), "", uint16(8081), "")
		f.Add(s, "listen 80; listen [::]:80;", uint16(80), "0.0.0.0", uint16(8081), "127.0.0.1")
		f.Add(s, "server { listen 443; }", uint16(443), "::", uint16(443), "::1")
	}
	f.Fuzz(func(t *testing.T, text, other string, fromPort uint16, fromAddr string, toPort uint16, toAddr string) {
		from, to := endpoint(fromAddr, fromPort), endpoint(toAddr, toPort)
		d := disk{main: text, "/etc/nginx/x": other}
		tree, err := nginx.Read(d, main, nginx.Options{})
		if err != nil {
			return
		}
		for _, p := range tree.Places {
			if e, err := nginx.Remove(tree, p); err == nil {
				if _, err := nginx.Read(after(t, d, tree, e), main, nginx.Options{}); err != nil {
					t.Errorf("without %+v: %v", p, err)
				}
			}
		}
		for _, group := range nginx.Twice(tree) {
			if e, err := nginx.Once(tree, group); err == nil {
				if _, err := nginx.Read(after(t, d, tree, e), main, nginx.Options{}); err != nil {
					t.Errorf("once %+v: %v", group, err)
				}
			}
		}
		edits, err := nginx.Move(tree, from, to)
		if err != nil {
			return
		}
		now, err := nginx.Read(after(t, d, tree, edits), main, nginx.Options{})
		if err != nil {
			t.Fatalf("%+v: %v", edits, err)
		}
		moved(t, tree, now, from, to)
	})
}

// endpoint takes one of the addresses that make sense to a server.
func endpoint(addr string, port uint16) confedit.Endpoint {
	known := []string{"", "0.0.0.0", "::", "127.0.0.1", "::1", "192.0.2.1"}
	n := 0
	for i := range len(addr) {
		n += int(addr[i])
	}
	for _, k := range known {
		if k == addr {
			return confedit.Endpoint{Addr: addr, Port: port}
		}
	}
	return confedit.Endpoint{Addr: known[n%len(known)], Port: port}
}
