package servers

import "testing"

// Whoever names a part of a configuration means the whole: a Listen that moves without
// its VirtualHosts serves nothing. A part that nothing includes stands alone.
func TestPart(t *testing.T) {
	for include, want := range map[string]int{"Include ports.conf\n": 2, "": 1} {
		d := disk{
			"/etc/apache2/apache2.conf": "ServerRoot /etc/apache2\n" + include + "<VirtualHost *:80>\n</VirtualHost>\n",
			"/etc/apache2/ports.conf":   "Listen 80\n",
		}
		if got := edit(t, d, Request{Server: "apache", Main: "/etc/apache2/ports.conf"}); len(got.Changes) != want {
			t.Errorf("%q: %d files", include, len(got.Changes))
		}
	}
	d := disk{"/etc/nginx/nginx.conf": "http { include sites/*; }\n", "/etc/nginx/sites/a": "server { listen 80; }\n", "/etc/nginx/sites/b": "server { listen 80; }\n"}
	if got := edit(t, d, Request{Server: "nginx", Main: "/etc/nginx/sites/a"}); len(got.Changes) != 2 || got.Main != "/etc/nginx/nginx.conf" {
		t.Errorf("a site of nginx: %d files of %s", len(got.Changes), got.Main)
	}
}
