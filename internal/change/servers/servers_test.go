package servers

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/iis"
)

// disk is a file system of a few names.
type disk map[string]string

func (d disk) ReadFile(name string) ([]byte, error) {
	if s, ok := d[name]; ok {
		return []byte(s), nil
	}
	return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}

func (d disk) Glob(pattern string) ([]string, error) {
	var out []string
	for name := range d {
		if ok, err := path.Match(pattern, name); err != nil {
			return nil, err
		} else if ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

func edit(t *testing.T, d disk, r Request) Result {
	t.Helper()
	r.From, r.To = confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 8081}
	got, err := Edit(d, r)
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return got
}

// Only the files that change are named, with all that is served.
func TestEdit(t *testing.T) {
	d := disk{
		"/srv/nginx.conf":          "http { include sites/*; server { listen 443 ssl; root /var/www/other; } }\n",
		"/srv/sites/a":             "server { listen 80; root \"/var/www/a\"; }\n",
		"/srv/apache2.conf":        "ServerRoot /srv\nInclude ports.conf\n<VirtualHost *:80>\nDocumentRoot ${WWW}/b\nDocumentRoot /var/www/b\n</VirtualHost>\n",
		"/srv/ports.conf":          "Listen ${PORT}\n",
		"/srv/envvars":             "# comment\nexport PORT=80\nunset X\n",
		"/etc/haproxy/haproxy.cfg": "frontend web\n    bind *:80\n",
	}
	for _, c := range []struct {
		r       Request
		changed map[string]string
		roots   []string
	}{
		{Request{Server: "nginx", Args: []string{"nginx", "-c", "/srv/nginx.conf"}}, map[string]string{"/srv/sites/a": "server { listen 8081; root \"/var/www/a\"; }\n"}, []string{"/var/www/a"}},
		{Request{Server: "haproxy", Main: "/etc/haproxy/haproxy.cfg"}, map[string]string{"/etc/haproxy/haproxy.cfg": "frontend web\n    bind *:8081\n"}, nil},
	} {
		got := edit(t, d, c.r)
		changed := map[string]string{}
		for _, f := range got.Changes {
			changed[f.Name] = string(f.After)
			if string(f.Before) != d[f.Name] {
				t.Errorf("%s was not that before", f.Name)
			}
		}
		if diff := cmp.Diff(c.changed, changed); diff != "" {
			t.Error(diff)
		}
		if c.roots != nil && !slices.Contains(got.Roots, c.roots[0]) {
			t.Errorf("roots %v", got.Roots)
		}
	}
	// The port of Apache's Listen comes from outside of its files, where nothing can be edited.
	_, err := Edit(d, Request{Server: "apache", Main: "/srv/apache2.conf", From: confedit.Endpoint{Port: 80}, To: confedit.Endpoint{Port: 8081}})
	if !errors.Is(err, confedit.ErrVariable) {
		t.Errorf("a port from the environment: %v", err)
	}
	d["/srv/ports.conf"] = "Listen 80\n"
	if got := edit(t, d, Request{Server: "apache", Main: "/srv/apache2.conf"}); len(got.Changes) != 2 || !slices.Equal(got.Roots, []string{"/var/www/b"}) {
		t.Errorf("%+v", got)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		r    Request
		want error
	}{
		{Request{Server: "gopher"}, ErrServer}, {Request{Server: "nginx"}, ErrMain}, {Request{Server: "nginx", Main: "/none"}, fs.ErrNotExist},
		{Request{Server: "haproxy", Main: "/empty"}, confedit.ErrNoPlace},
	} {
		if _, err := Edit(disk{"/empty": "global\n"}, c.r); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.r, err, c.want)
		}
	}
	if Known("gopher") || !Known("iis") {
		t.Error("known")
	}
}

func TestSites(t *testing.T) {
	d := disk{iis.Main: `<configuration><system.applicationHost><sites>
<site name="Default Web Site" id="1"><bindings><binding protocol="http" bindingInformation="*:80:" /><binding protocol="http" bindingInformation="*:80:www" /></bindings></site>
<site name="Shop" id="2"><bindings><binding protocol="http" bindingInformation="*:8080:" /></bindings></site>
</sites></system.applicationHost></configuration>`}
	if got := Sites(d, 80); !slices.Equal(got, []string{"Default Web Site"}) {
		t.Errorf("%q", got)
	}
	if got := Sites(disk{}, 80); got != nil {
		t.Errorf("no IIS: %q", got)
	}
}

// The ports are told only where nothing of the configuration stays unread.
func TestListens(t *testing.T) {
	const ports = "Listen 8080\nListen 127.0.0.1:8080\n<IfModule ssl_module>\nListen 443\n</IfModule>\n"
	for more, want := range map[string][]uint16{"": {443, 8080}, "Include ${ELSEWHERE}/*.conf\n": nil, "<VirtualHost *:80>\n</VirtualHost>\n": {443, 8080}} {
		got, err := Listens(disk{"/etc/apache2/apache2.conf": "ServerRoot /etc/apache2\n" + ports + more}, Request{Server: "apache", Main: "/etc/apache2/apache2.conf"})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", more, got, err)
		}
	}
	if _, err := Listens(disk{}, Request{Server: "apache", Main: "/none"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Listens(disk{}, Request{Server: "gopher"}); !errors.Is(err, ErrServer) {
		t.Errorf("no server: %v", err)
	}
}
