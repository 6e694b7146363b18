package apache_test

import (
	"bytes"
	"testing"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/apache"
)

var seeds = []string{
	"", "# nothing \\\nListen 80", "\xef\xbb\xbfListen 80", "Listen 80\r\nListen 443 https\r\n<VirtualHost *:80 _default_:443 \"[::1]:80\">\r\nServerName https://a.example:443\r\n</VirtualHost>",
	"Define P 80\nDefine L 127.0.0.1:${P}\nListen ${L}\nListen [::1]:${P}\n<VirtualHost ${L} *:${P}>\nServerName x:${P}\n</VirtualHost>\nUnDefine P",
	"Listen \\\n8\\\r\n0 \\\n http\nNameVirtualHost *:80\nNameVirtualHost 10.0.0.1:80",
	"<IfDefine X>\nListen 80\n</IfDefine>\n<IfDefine !X>\nListen 0.0.0.0:80\n</IfDefine>\nDefine X\nInclude x\nInclude *\nIncludeOptional sites/*.conf",
	"LoadModule ssl_module modules/mod_ssl.so\n<IfModule mod_ssl.c>\nListen [::]:443\n</IfModule>\nServerName a\nRedirect / https://a/\nRewriteRule ^ https://%{SERVER_NAME}:443%{REQUEST_URI} [R]",
	"Listen 'a b'\nListen \"8\\\"0\"\nListen *\nListen 127.0.0.1:\nListen [::1\nListen :80\nListen 80 80", "<Perl>\n</X>\n</Perl>\n<Macro a>\n</Macro>\nUse a", "<a", "</a>", "<a>\n<b>\n</a>", "\\", "\\\n", "\"", "Define A ${B}\nDefine B ${A}\nListen ${A}80", "Define A ${A}${A}\nDefine A 80\nListen ${A}\nListen ${E}",
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := apache.RoundTrip(data)
		if err == nil && !bytes.Equal(out, data) {
			t.Errorf("%q is printed as %q", data, out)
		}
	})
}

func FuzzMove(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, s, uint16(80), "", uint16(8081), "")
		f.Add(s, "Listen 80\n<VirtualHost *:80>\n</VirtualHost>", uint16(80), "0.0.0.0", uint16(8081), "127.0.0.1")
		f.Add(s, "Listen 443\nDefine P 443", uint16(443), "::", uint16(443), "::1")
	}
	f.Fuzz(func(t *testing.T, text, other string, fromPort uint16, fromAddr string, toPort uint16, toAddr string) {
		from, to := endpoint(fromAddr, fromPort), endpoint(toAddr, toPort)
		d := disk{main: text, "/etc/apache2/x": other}
		o := apache.Options{Env: map[string]string{"E": "80"}}
		tree, err := apache.Read(d, main, o)
		if err != nil {
			return
		}
		for _, p := range tree.Places {
			if e, err := apache.Remove(tree, p); err == nil {
				if _, err := apache.Read(after(t, d, tree, e), main, o); err != nil {
					t.Errorf("without %+v: %v", p, err)
				}
			}
		}
		for _, group := range apache.Twice(tree) {
			if e, err := apache.Once(tree, group); err == nil {
				if _, err := apache.Read(after(t, d, tree, e), main, o); err != nil {
					t.Errorf("once %+v: %v", group, err)
				}
			}
		}
		edits, err := apache.Move(tree, from, to)
		if err != nil {
			return
		}
		now, err := apache.Read(after(t, d, tree, edits), main, o)
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
