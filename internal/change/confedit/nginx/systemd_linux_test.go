package nginx_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/nginx"
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

// TestSystemdMove moves the real nginx of Debian by its own configuration.
func TestSystemdMove(t *testing.T) {
	m := inside{testbed.Boot(t, testbed.WithEnabled("nginx.service"))}
	m.AwaitUnit("nginx.service", "active")
	look := func() confedit.Tree {
		tree, err := nginx.Read(m, nginx.Mains("linux")[0], nginx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	go80 := func(from, to confedit.Endpoint) confedit.Tree {
		tree := look()
		edits, err := nginx.Move(tree, from, to)
		if err != nil {
			t.Fatal(err)
		}
		m.write(t, tree, edits)
		m.Run("nginx", "-t")
		m.Run("systemctl", "reload", "nginx.service")
		return look()
	}
	if d := cmp.Diff([]string{`default:22 "80" listens :80 of _`, `default:23 "[::]:80" listens :::80 of _`}, places(look())); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
	if got := m.listening(); !slices.Equal(got, []string{"0.0.0.0:80", "[::]:80"}) {
		t.Fatalf("at first %q", got)
	}
	for _, c := range []struct {
		from, to confedit.Endpoint
		want     []string
	}{
		{confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 8081}, []string{"0.0.0.0:8081", "[::]:8081"}},
		{confedit.Endpoint{Addr: "0.0.0.0", Port: 8081}, confedit.Endpoint{Addr: "127.0.0.1", Port: 8082}, []string{"127.0.0.1:8082", "[::]:8081"}},
		{confedit.Endpoint{Addr: "::", Port: 8081}, confedit.Endpoint{Addr: "127.0.0.1", Port: 8082}, []string{"127.0.0.1:8082"}},
	} {
		go80(c.from, c.to)
		testbed.Await(t, strings.Join(c.want, " "), func() bool { return slices.Equal(m.listening(), c.want) })
	}
	t.Run("a server without a listen", func(t *testing.T) {
		m.Put("/etc/nginx/sites-available/default", []byte("server {\n\tserver_name _;\n}\n"), 0o644)
		m.Run("systemctl", "reload", "nginx.service")
		testbed.Await(t, "port 80", func() bool { return slices.Equal(m.listening(), []string{"0.0.0.0:80"}) })
		go80(confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 8081})
		testbed.Await(t, "port 8081", func() bool { return slices.Equal(m.listening(), []string{"0.0.0.0:8081"}) })
	})
	t.Run("a broken edit", func(t *testing.T) {
		tree := look()
		edits, err := nginx.Move(tree, confedit.Endpoint{Port: 8081}, confedit.Endpoint{Port: 8083})
		if err != nil {
			t.Fatal(err)
		}
		edits[0].To--
		undo := m.write(t, tree, edits)
		if r := m.Try("nginx", "-t"); r.Code == 0 {
			t.Errorf("%+v is accepted: %s", edits, r.Stderr)
		}
		undo()
		m.Run("nginx", "-t")
	})
}

// TestSystemdTwice has the real nginx say what it cannot bind twice.
func TestSystemdTwice(t *testing.T) {
	m := inside{testbed.Boot(t)}
	modules := ""
	if m.Try("test", "-e", "/usr/lib/nginx/modules/ngx_stream_module.so").Code == 0 {
		modules = "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
	}
	for name, c := range twices {
		if modules == "" && strings.Contains(c.text, "stream {") {
			t.Logf("%s: this nginx has no stream module", name)
			continue
		}
		starts := func(text string) error {
			text = strings.ReplaceAll(text, "stream { server {", "stream { server { return x;")
			m.Put("/run/twice.conf", []byte(modules+"events {}\n"+text), 0o644)
			r := m.Try("nginx", "-c", "/run/twice.conf")
			if r.Code == 0 {
				m.Run("nginx", "-c", "/run/twice.conf", "-s", "quit")
				testbed.Await(t, "nginx to be gone", func() bool { return m.Try("pgrep", "nginx").Code != 0 })
				return nil
			}
			return errors.New(r.Stderr)
		}
		err := starts(c.text)
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: nginx says %v, and Twice %q", name, err, c.want)
		}
		if c.want == nil {
			continue
		}
		d := disk{main: c.text}
		tree := read(t, d)
		edits, err := nginx.Once(tree, nginx.Twice(tree)[0])
		if errors.Is(err, nginx.ErrLast) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := starts(after(t, d, tree, edits)[main]); err != nil {
			t.Errorf("%s: with one taken out: %v", name, err)
		}
	}
}

// TestSystemdGrammar compares what the real nginx can read, and where it listens,
// with Parse and Read.
func TestSystemdGrammar(t *testing.T) {
	m := inside{testbed.Boot(t)}
	const file = "/run/grammar.conf"
	for _, text := range []string{ // env takes any one word
		"env a;", "env \"a b\";", "env 'a;b';", "env a\\;b;", "env ${b}{c};", "env \"a\"b;", "env \"a\");", "env 'a\\'b';", "env a'b;", "env a\"b c\";", "env a", "env a\\", "env 'a", ";", "}", "env a}b;",
		"env {", "env;", "env a;;", "# {\nenv a;", "env a# b;", "env a #;\n;", "env\r\n a\r;\r", "http {", "http { } }", "http { # }\n}", "env \"\\\\\";", "env \"\\\";", "", "\xef\xbb\xbfenv a;", "env $;", "env ${;", "env a{b;", "env \"a\"{b;",
	} {
		text = "events { }\n" + text
		m.Put(file, []byte(text), 0o644)
		r := m.Try("nginx", "-t", "-c", file)
		refused := strings.Contains(r.Stderr, "unexpected") || strings.Contains(r.Stderr, "is not terminated")
		_, err := nginx.RoundTrip([]byte(text))
		if refused != (err != nil) {
			t.Errorf("%q: RoundTrip %v, nginx %s", text, err, r.Stderr)
		}
	}
	for _, text := range []string{
		"listen 80; listen *:81; listen 127.0.0.1:82 bind; listen [::]:83 ipv6only=on; listen [::1]; listen '127.0.0.2:85';", "listen 127.0.0.1;", "server_name a;", "",
		"listen unix:/run/x;", "listen 8000-8002; listen 127.0.0.1:9000-9001;", "listen 080;", "listen [0::1]:80; listen 127.1.1.1;", "include listen; include more/*;", "include more/.b*; include /run/listen;",
	} {
		m.Put("/run/listen", []byte("listen 80;\n"), 0o644)
		m.Put("/run/more/a", []byte("listen 81;\n"), 0o644)
		m.Put("/run/more/.b", []byte("listen 82;\n"), 0o644)
		m.Run("rm", "-f", "/run/x")
		m.Put(file, []byte("events { }\nhttp {\nserver {\n"+text+"\n}\n}\n"), 0o644)
		r := m.Try("nginx", "-c", file)
		want := m.listening()
		if r.Code == 0 {
			m.Run("nginx", "-c", file, "-s", "quit")
			testbed.Await(t, "nginx to be gone", func() bool { return m.Try("pgrep", "nginx").Code != 0 })
		}
		tree, err := nginx.Read(m, file, nginx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range tree.Places {
			addr := strings.Replace(p.Addr, "::1", "[::1]", 1)
			switch addr {
			case "":
				addr = "0.0.0.0"
			case "::":
				addr = "[::]"
			}
			got = append(got, fmt.Sprintf("%s:%d", addr, p.Port))
		}
		slices.Sort(got)
		if d := cmp.Diff(want, slices.Compact(got)); d != "" || r.Code != 0 {
			t.Errorf("%q: nginx %d %s (-nginx +Read)\n%s", text, r.Code, r.Stderr, d)
		}
	}
}
