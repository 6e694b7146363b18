package apache_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/apache"
	"github.com/berthd/berth/internal/testbed"
)

// inside are the files of a machine, as its own programs see them.
type inside struct{ *testbed.Machine }

func (m inside) ReadFile(name string) ([]byte, error) {
	r := m.Try("cat", name)
	if r.Code != 0 {
		return nil, fmt.Errorf("%s: %w", r.Stderr, fs.ErrNotExist)
	}
	return []byte(r.Stdout), nil
}

func (m inside) Glob(pattern string) ([]string, error) {
	r := m.Try("bash", "-c", "shopt -s dotglob; for f in "+pattern+`; do if [ -e "$f" ]; then echo "$f"; fi; done`)
	return strings.Fields(r.Stdout), nil
}

// listening are the TCP addresses that something in the machine listens on.
func (m inside) listening() []string {
	var out []string
	for _, l := range strings.Split(strings.TrimSpace(m.Run("ss", "-Hltn")), "\n") {
		if f := strings.Fields(l); len(f) > 3 {
			out = append(out, f[3])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// write does edits, and returns what undoes them.
func (m inside) write(t *testing.T, tree confedit.Tree, edits []confedit.Edit) (undo func()) {
	t.Helper()
	was := map[string][]byte{}
	for _, f := range tree.Files {
		data, err := confedit.Apply(f, edits)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSpace(m.Run("readlink", "-f", f.Name))
		was[name] = f.Data
		m.Put(name, data, 0o644)
	}
	return func() {
		for name, data := range was {
			m.Put(name, data, 0o644)
		}
	}
}

func (m inside) read(t *testing.T) confedit.Tree {
	t.Helper()
	tree, err := apache.Read(m, apache.Mains("linux")[0], apache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// move moves Debian's Apache, has it check its files and read them.
func (m inside) move(t *testing.T, from, to confedit.Endpoint, want ...string) {
	t.Helper()
	tree := m.read(t)
	edits, err := apache.Move(tree, from, to)
	if err != nil {
		t.Fatal(err)
	}
	m.write(t, tree, edits)
	m.Run("apachectl", "configtest")
	m.Run("systemctl", "reload", "apache2.service")
	testbed.Await(t, strings.Join(want, " "), func() bool { return slices.Equal(m.listening(), want) })
}

// site asks the virtual host of Debian at an address; the main server shows
// nobody anything.
func (m inside) site(t *testing.T, url string) {
	t.Helper()
	if got := m.Run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url); got != "200" {
		t.Errorf("%s: %s", url, got)
	}
}

// TestSystemdMove moves the real Apache of Debian by its own configuration.
func TestSystemdMove(t *testing.T) {
	m := inside{testbed.Boot(t, testbed.WithEnabled("apache2.service"),
		testbed.WithFile("/etc/apache2/conf-enabled/main.conf", "DocumentRoot /opt\nServerName main\n"))}
	m.AwaitUnit("apache2.service", "active")
	tree := m.read(t)
	want := []string{`ports.conf:5 "80" listens :80`, `ports.conf:8 "443" listens :443`, `ports.conf:12 "443" listens :443`, `000-default.conf:1 "*:80" follows :80`}
	if d := cmp.Diff(want, places(tree)); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"ports.conf:8 only in <ifmodule ssl_module>", "ports.conf:12 only in <ifmodule mod_gnutls.c>"}, notes(tree)); d != "" {
		t.Errorf("notes (-want +got)\n%s", d)
	}
	m.site(t, "http://127.0.0.1:80/")
	m.move(t, confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 8081}, "*:8081")
	m.site(t, "http://127.0.0.1:8081/")
	m.move(t, confedit.Endpoint{Addr: "::", Port: 8081}, confedit.Endpoint{Addr: "127.0.0.1", Port: 8082}, "127.0.0.1:8082")
	m.site(t, "http://127.0.0.1:8082/")
	m.move(t, confedit.Endpoint{Addr: "127.0.0.1", Port: 8082}, confedit.Endpoint{Addr: "::1", Port: 8082}, "[::1]:8082")
	m.site(t, "http://[::1]:8082/")
	t.Run("the twin: a virtual host left behind", func(t *testing.T) {
		tree := m.read(t)
		edits, err := apache.Move(tree, confedit.Endpoint{Port: 8082}, confedit.Endpoint{Port: 8084})
		if err != nil {
			t.Fatal(err)
		}
		undo := m.write(t, tree, slices.DeleteFunc(edits, func(e confedit.Edit) bool { return !strings.HasSuffix(e.File, "ports.conf") }))
		m.Run("systemctl", "reload", "apache2.service")
		testbed.Await(t, "port 8084", func() bool { return slices.Equal(m.listening(), []string{"[::1]:8084"}) })
		if got := m.Run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://[::1]:8084/"); got != "403" {
			t.Errorf("the virtual host answers nevertheless: %s", got)
		}
		undo()
		m.Run("systemctl", "reload", "apache2.service")
		testbed.Await(t, "port 8082", func() bool { return slices.Equal(m.listening(), []string{"[::1]:8082"}) })
	})
	t.Run("one of two", func(t *testing.T) {
		m.Put("/etc/apache2/conf-enabled/two.conf", []byte("Listen 127.0.0.1:8082\n"), 0o644)
		m.move(t, confedit.Endpoint{Addr: "::1", Port: 8082}, confedit.Endpoint{Port: 8083}, "127.0.0.1:8082", "[::1]:8083")
		m.site(t, "http://[::1]:8083/")
		m.site(t, "http://127.0.0.1:8082/")
		m.Run("rm", "/etc/apache2/conf-enabled/two.conf")
	})
	t.Run("the protocol of 443", func(t *testing.T) {
		m.Put("/etc/apache2/conf-enabled/two.conf", []byte("Listen 443\n"), 0o644)
		m.move(t, confedit.Endpoint{Port: 443}, confedit.Endpoint{Port: 8443}, "*:8443", "[::1]:8083")
		if got := m.Run("cat", "/etc/apache2/conf-enabled/two.conf"); got != "Listen 8443 https\n" {
			t.Errorf("%q", got)
		}
		m.Run("rm", "/etc/apache2/conf-enabled/two.conf")
	})
	t.Run("by a variable", func(t *testing.T) {
		m.Put("/etc/apache2/ports.conf", []byte("Define \\\n PORT 8090\nListen ${PORT}\n"), 0o644)
		m.Put("/etc/apache2/sites-available/000-default.conf", []byte("<VirtualHost *:${PORT}>\nDocumentRoot /var/www/html\n</VirtualHost>\n"), 0o644)
		m.move(t, confedit.Endpoint{Port: 8090}, confedit.Endpoint{Port: 8091}, "*:8091")
		m.site(t, "http://127.0.0.1:8091/")
		if got := m.Run("cat", "/etc/apache2/ports.conf"); got != "Define \\\n PORT 8091\nListen ${PORT}\n" {
			t.Errorf("%q", got)
		}
	})
	t.Run("a broken edit", func(t *testing.T) {
		tree := m.read(t)
		edits, err := apache.Move(tree, confedit.Endpoint{Port: 8091}, confedit.Endpoint{Port: 8092})
		if err != nil {
			t.Fatal(err)
		}
		edits[0].Text = "x" + edits[0].Text
		undo := m.write(t, tree, edits)
		if r := m.Try("apachectl", "configtest"); r.Code == 0 {
			t.Errorf("%+v is accepted: %s", edits, r.Stderr)
		}
		undo()
		m.Run("apachectl", "configtest")
	})
}

const bare = `ServerRoot /etc/apache2
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
PidFile /run/twice.pid
ErrorLog /run/twice.log
DefaultRuntimeDir /run
Mutex default:/run
ServerName x
`

// TestSystemdTwice has the real httpd say what it cannot bind twice.
func TestSystemdTwice(t *testing.T) {
	m := inside{testbed.Boot(t)}
	starts := func(text string) error {
		m.Put("/run/twice.conf", []byte(bare+text), 0o644)
		r := m.Try("apache2", "-f", "/run/twice.conf")
		testbed.Await(t, "httpd to be gone", func() bool {
			_ = m.Try("apache2", "-f", "/run/twice.conf", "-k", "stop")
			return m.Try("pgrep", "apache2").Code != 0
		})
		if r.Code != 0 || strings.Contains(r.Stderr, "could not bind") {
			return errors.New(r.Stderr)
		}
		return nil
	}
	for name, c := range twices {
		err := starts(c.text)
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: httpd says %v, and Twice %q", name, err, c.want)
		}
		if c.want == nil {
			continue
		}
		d := disk{main: c.text}
		tree := read(t, d)
		edits, err := apache.Once(tree, apache.Twice(tree)[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := starts(after(t, d, tree, edits)[main]); err != nil {
			t.Errorf("%s: with the second one removed: %v", name, err)
		}
	}
}

// TestSystemdGrammar compares where the real httpd listens with what Read finds.
func TestSystemdGrammar(t *testing.T) {
	m := inside{testbed.Boot(t)}
	m.Run("mkdir", "-p", "/run/inc/sub")
	m.Put("/run/inc/a", []byte("Listen 90\n"), 0o644)
	m.Put("/run/inc/.b", []byte("Listen 91\n"), 0o644)
	m.Put("/run/inc/sub/c", []byte("Listen 92\n"), 0o644)
	o := apache.Options{Env: map[string]string{"HERE": "127.0.0.1:89"}}
	run := func(text string) (testbed.Result, []string) {
		m.Put("/run/twice.conf", []byte(bare+text), 0o644)
		r := m.Try("env", "HERE=127.0.0.1:89", "apache2", "-f", "/run/twice.conf")
		got := m.listening()
		testbed.Await(t, "httpd to be gone", func() bool { return m.Try("pkill", "apache2").Code != 0 })
		return r, got
	}
	for _, text := range []string{
		"Listen 8\\\n1\n", "# x \\\nListen 82\nListen 83\n", "Listen \"84\"\n", "Listen '85' http\n", "Listen 127.0.0.1:86\n\tListen [::1]:86\n",
		"Define P 8\nListen ${P}7\n", "Define L 127.0.0.1:88\nListen ${L}\n", "Listen ${HERE}\n", "Listen 91\r\nListen 92 \\\r\n http\r\n", "Listen 96\nListen\\\n 97\n",
		"Listen 80\n<IfModule authz_core_module>\nListen 81\n</IfModule>\n<IfModule !mod_authz_core.c>\nListen 82\n</IfModule>\n<IfDefine X>\nListen 83\n</IfDefine>\n",
		"Define X\nDefine P 81\nDefine P 82\n<IfDefine !X>\nListen 80\n</IfDefine>\nListen ${P}\nInclude /run/inc/sub\n",
		"Include /run/inc\n", "Include /run/inc/*\n", "Include /run/inc/.*\n", "IncludeOptional /run/*/*/c\nListen 80\n", "Listen 81 \\", "Listen 080\n", "listen 81\nLISTEN *:82\nlisten 0.0.0.0:83\n",
		"ServerRoot /run\nInclude inc/a\nListen 80\n", "Define Q 8\nDefine P ${Q}1\nDefine Q 9\nListen ${P}\n", "Listen 81\n  <Directory \"/\" >\n</Directory>\n",
	} {
		r, want := run(text)
		if r.Code != 0 {
			t.Errorf("%q is refused: %s", text, r.Stderr)
			continue
		}
		tree, err := apache.Read(m, "/run/twice.conf", o)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var got []string
		for _, p := range tree.Places {
			addr := p.Addr
			if addr == "" {
				addr = "*"
			}
			maybe := slices.ContainsFunc(tree.Notes, func(n confedit.Note) bool { return n.Line == p.Line && n.File == p.File })
			if p.Role == confedit.Listens && !maybe {
				got = append(got, strings.Replace(fmt.Sprintf("%s:%d", addr, p.Port), "::1:", "[::1]:", 1))
			}
		}
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-httpd +Read)\n%s", text, d)
		}
	}
	for _, text := range []string{"Listen 81\n<Directory />\n", "Listen 81\n</Directory>\n", "Listen 81\n<Directory />\n</Files>\n", "Listen 81\n<Directory /\n</Directory>\n"} {
		r, _ := run(text)
		if _, err := apache.Read(m, "/run/twice.conf", o); r.Code == 0 || !errors.Is(err, confedit.ErrSyntax) {
			t.Errorf("%q: httpd %d, Read %v", text, r.Code, err)
		}
	}
}
