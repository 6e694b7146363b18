package confedit_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/caddy"
	"github.com/berthd/berth/internal/change/confedit/haproxy"
	"github.com/berthd/berth/internal/change/confedit/lighttpd"
	"github.com/berthd/berth/internal/change/confedit/piece"
	"github.com/berthd/berth/internal/change/confedit/sshd"
	"github.com/berthd/berth/internal/change/confedit/unitfile"
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
	r := m.Try("sh", "-c", "for f in "+pattern+`; do if [ -e "$f" ]; then echo "$f"; fi; done`)
	return strings.Fields(r.Stdout), nil
}

// listening are the TCP addresses on which a program listens.
func (m inside) listening(program string) []string {
	var out []string
	for _, l := range strings.Split(m.Run("ss", "-Hltnp"), "\n") {
		if f := strings.Fields(l); len(f) > 3 && strings.Contains(l, program) {
			out = append(out, strings.Replace(f[3], "*:", "[::]:", 1))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// server is one that checks its own configuration.
type server struct {
	main  string
	read  func(confedit.Files, string) (confedit.Tree, error)
	move  func(confedit.Tree, confedit.Endpoint, confedit.Endpoint) ([]confedit.Edit, error)
	check []string
}

func servers() map[string]server {
	return map[string]server{
		"sshd":     {sshd.Mains("linux")[0], sshd.Read, sshd.Move, []string{"/usr/sbin/sshd", "-t"}},
		"lighttpd": {lighttpd.Mains("linux")[0], lighttpd.Read, lighttpd.Move, []string{"lighttpd", "-tt", "-f", "/etc/lighttpd/lighttpd.conf"}},
		"haproxy":  {haproxy.Mains("linux")[0], haproxy.Read, haproxy.Move, []string{"haproxy", "-c", "-q", "-f", "/etc/haproxy/haproxy.cfg"}},
	}
}

// moved does a move in the machine, and returns the tree as it is then.
func (m inside) moved(t *testing.T, s server, from, to confedit.Endpoint) (confedit.Tree, error) {
	t.Helper()
	tree, err := s.read(m, s.main)
	if err != nil {
		t.Fatal(err)
	}
	edits, err := s.move(tree, from, to)
	if err != nil {
		return tree, err
	}
	for _, f := range tree.Files {
		data, err := confedit.Apply(f, edits)
		if err != nil {
			t.Fatal(err)
		}
		m.Put(f.Name, data, 0o644)
	}
	if tree, err = s.read(m, s.main); err != nil {
		t.Fatal(err)
	}
	return tree, nil
}

// The forms that each server takes. The last text is one it must refuse, so that its
// check means something.
func forms() map[string][]string {
	return map[string][]string{
		"sshd": {
			"Port 80\n", "Port=80\nPort 81\n", "#Port 22\nPort \"80\" # x\n", "ListenAddress 127.0.0.1:80\n", "ListenAddress [::1]:80\nPort 81\n",
			"Port 80\nListenAddress 127.0.0.1\nListenAddress ::1\n", "Port 80\nPort 81\nListenAddress 127.0.0.1\nListenAddress ::1\n",
			"port 80\nMatch user x\n  X11Forwarding no\n", "Port 80\nMatch user x\n  Port 80\n",
		},
		"lighttpd": {
			"server.port = 80\n", "# no port\n", "var.p = 80\nserver.port = p\n", "p = 80\nserver.port = 81\n$SERVER[\"socket\"] == \"127.0.0.1:\" + p { }\n",
			"server.port = 80\nserver.bind = \"127.0.0.1\"\n$SERVER[\"socket\"] == \"[::1]:80\" { }\n", "server.port = 80\n$SERVER[\"socket\"] == \"127.0.0.2:81\" {\n\tdir-listing.activate = \"enable\"\n}\n",
			"server.port = \n",
		},
		"haproxy": {
			"listen a\n bind *:80\n", "listen a\n bind :80,:::80 v6only\n", "listen a\n bind ipv4@127.0.0.1:80,ipv6@[::1]:80,/run/x.sock\n", "frontend a\n bind \"127.0.0.1:80\" name x # y\n",
			"listen a\n bind *:80,:81-83\n", "global\n stats socket 127.0.0.1:80 level admin\nlisten a\n bind :81\n", "listen a\n bind *:80 nothing\n",
		},
	}
}

// before is what a server's configuration needs beside its ports.
func before(name string) string {
	switch name {
	case "haproxy":
		return "global\n master-worker\ndefaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n"
	case "lighttpd":
		return "server.document-root = \"/var/www/html\"\n"
	}
	return ""
}

// TestSystemdServersCheck has the servers check what was moved in every form.
func TestSystemdServersCheck(t *testing.T) {
	m := inside{testbed.Boot(t)}
	m.Run("mkdir", "-p", "/run/sshd")
	for name, s := range servers() {
		texts := forms()[name]
		for i, text := range texts {
			m.Put(s.main, []byte(before(name)+text), 0o644)
			if i == len(texts)-1 {
				if r := m.Try(s.check[0], s.check[1:]...); r.Code == 0 {
					t.Errorf("%s takes %q", name, text)
				}
				continue
			}
			for _, to := range []confedit.Endpoint{{Port: 8080}, {Addr: "127.0.0.5", Port: 8081}} {
				m.Put(s.main, []byte(before(name)+text), 0o644)
				tree, err := m.moved(t, s, confedit.Endpoint{Port: 80}, to)
				if err != nil && to.Addr == "" {
					t.Errorf("%s: %q to %v: %v", name, text, to, err)
				}
				if err != nil { // several lines to one address, and the like
					t.Logf("%s: %q to %v: %v", name, text, to, err)
					continue
				}
				if r := m.Try(s.check[0], s.check[1:]...); r.Code != 0 {
					t.Errorf("%s: %q became %q: %s", name, text, tree.Files[0].Data, r.Stderr)
				}
				if len(tree.On(to)) == 0 || len(tree.On(confedit.Endpoint{Port: 80})) > 0 {
					t.Errorf("%s: %q became %q: %+v", name, text, tree.Files[0].Data, tree.Places)
				}
				if name == "sshd" {
					sameAsSSHD(t, m, tree)
				} else {
					sameAsListens(t, m, name, tree)
				}
			}
		}
	}
}

// sameAsListens starts a server and compares the places with where it listens, which
// may be more where a note says so.
func sameAsListens(t *testing.T, m inside, name string, tree confedit.Tree) {
	t.Helper()
	m.Run("systemctl", "restart", name+".service")
	var want []string
	for _, p := range tree.Places {
		addr := p.Addr
		if addr == "" {
			addr = "0.0.0.0"
		}
		want = append(want, netip.AddrPortFrom(netip.MustParseAddr(addr), p.Port).String())
	}
	slices.Sort(want)
	testbed.Await(t, fmt.Sprintf("%s to listen on %q: %q", name, want, tree.Files[0].Data), func() bool {
		got := m.listening(name)
		if len(tree.Notes) > 0 {
			got = slices.DeleteFunc(got, func(at string) bool { return !slices.Contains(want, at) })
		}
		return slices.Equal(want, got)
	})
	m.Run("systemctl", "stop", name+".service")
	m.Run("systemctl", "reset-failed")
}

// sameAsSSHD compares the places with what sshd says that it will do.
func sameAsSSHD(t *testing.T, m inside, tree confedit.Tree) {
	t.Helper()
	var want, got []string
	for _, l := range strings.Split(m.Run("/usr/sbin/sshd", "-T"), "\n") {
		if at, ok := strings.CutPrefix(l, "listenaddress "); ok {
			want = append(want, at)
		}
	}
	for _, p := range tree.Places {
		addrs := []string{p.Addr}
		if p.Addr == "" {
			addrs = []string{"0.0.0.0", "::"}
		}
		for _, a := range addrs {
			got = append(got, netip.AddrPortFrom(netip.MustParseAddr(a), p.Port).String())
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%q: sshd and we differ: %s", tree.Files[0].Data, d)
	}
}

// TestSystemdServersMove moves the servers as Debian ships them, and looks at where
// they listen.
func TestSystemdServersMove(t *testing.T) {
	m := inside{testbed.Boot(t)}
	for _, c := range []struct {
		name, unit, program string
		port                uint16
	}{
		{"sshd", "ssh.service", "sshd", 22},
		{"lighttpd", "lighttpd.service", "lighttpd", 80},
	} {
		s := servers()[c.name]
		m.Run("systemctl", "start", c.unit)
		at := func(port int) []string {
			return []string{fmt.Sprintf("0.0.0.0:%d", port), fmt.Sprintf("[::]:%d", port)}
		}
		testbed.Await(t, c.name, func() bool { return slices.Equal(m.listening(c.program), at(int(c.port))) })
		if _, err := m.moved(t, s, confedit.Endpoint{Port: c.port}, confedit.Endpoint{Port: 8022}); err != nil {
			t.Fatal(err)
		}
		m.Run(s.check[0], s.check[1:]...)
		m.Run("systemctl", "restart", c.unit)
		testbed.Await(t, c.name+" to have moved", func() bool { return slices.Equal(m.listening(c.program), at(8022)) })
		m.Run("systemctl", "stop", c.unit)
	}
}

// TestSystemdSocketUnit moves ssh.socket with a drop-in.
func TestSystemdSocketUnit(t *testing.T) {
	m := inside{testbed.Boot(t, testbed.WithFile("/etc/systemd/system/ssh.socket.d/override.conf", "[Socket]\nListenStream=127.0.0.1:2200\n"))}
	m.Run("systemctl", "start", "ssh.socket")
	if d := cmp.Diff([]string{"127.0.0.1:2200", "[::]:22"}, m.listening("systemd")); d != "" {
		t.Fatal(d)
	}
	tree, err := unitfile.Read(m, "ssh.socket", unitfile.SearchPath())
	if err != nil {
		t.Fatal(err)
	}
	text, err := unitfile.MoveDropIn(tree, unitfile.Stream, confedit.Endpoint{Port: 22}, confedit.Endpoint{Addr: "0.0.0.0", Port: 8022})
	if err != nil {
		t.Fatal(err)
	}
	m.Put(unitfile.DropInPath("ssh.socket", unitfile.DropInName), []byte(text), 0o644)
	m.Put(unitfile.DropInPath("nginx.service", unitfile.DropInName), []byte(unitfile.OrderDropIn("apache2.service")), 0o644)
	m.Run("systemd-analyze", "verify", "--man=no", "ssh.socket", "nginx.service")
	m.Run("systemctl", "daemon-reload")
	m.Run("systemctl", "restart", "ssh.socket")
	testbed.Await(t, "ssh.socket to have moved", func() bool {
		return slices.Equal(m.listening("systemd"), []string{"0.0.0.0:8022", "127.0.0.1:2200"})
	})
	if after := m.Unit("nginx.service", "After"); !strings.Contains(after, "apache2.service") {
		t.Errorf("nginx.service is after %s", after)
	}
}

// TestSystemdCaddy starts Debian's Caddy on what was read and moved, and compares
// where it listens.
func TestSystemdCaddy(t *testing.T) {
	m := inside{testbed.Boot(t)}
	program, err := os.ReadFile(testbed.Configs(t) + "/caddy/usr/bin/caddy")
	if err != nil {
		t.Fatal(err)
	}
	m.Put("/usr/local/bin/caddy", program, 0o755)
	m.Put("/etc/caddy/sites/one", []byte(":85 {\n}\n"), 0o644)
	s := server{main: caddy.Mains("linux")[0], read: caddy.Read, move: caddy.Move}
	const globals = "{\n\tlocal_certs\n\tskip_install_trust\n}\n"
	for _, text := range []string{
		":80 {\n}\n:81 {\n}\n", globals + "localhost {\n}\n", globals + "localhost, localhost:8443 {\n}\nhttp://a, b:80 {\n}\n", ":80\nrespond hi\n",
		globals + "localhost {\n\tbind 127.0.0.1\n}\n", "(s) {\n\tbind 127.0.0.1 ::1\n}\n:80 {\n\timport s\n}\nimport sites/*\n",
		"{\n\tauto_https off\n\thttp_port 80\n}\nhttp://a {\n}\n",
	} {
		for _, to := range []confedit.Endpoint{{Port: 80}, {Port: 8088}, {Addr: "127.0.0.5", Port: 8088}} {
			m.Put(s.main, []byte(text), 0o644)
			tree, err := m.moved(t, s, confedit.Endpoint{Port: 80}, to)
			if to.Addr != "" && (errors.Is(err, caddy.ErrShared) || errors.Is(err, piece.ErrSeveral)) {
				t.Logf("%q to %v: %v", text, to, err)
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			caddyListens(t, m, tree)
		}
	}
	m.Put(s.main, []byte("http://a:443 {\n}\n"), 0o644)
	if r := m.Try("caddy", "adapt", "--config", s.main); r.Code == 0 {
		t.Error("Caddy takes HTTP on the port of HTTPS; it need not be refused")
	}
}

func caddyListens(t *testing.T, m inside, tree confedit.Tree) {
	t.Helper()
	var want []string
	for _, p := range tree.Places {
		addr := map[string]string{"": "[::]", "localhost": "127.0.0.1"}[p.Addr]
		if addr == "" {
			addr = netip.MustParseAddr(p.Addr).String()
			if strings.Contains(addr, ":") {
				addr = "[" + addr + "]"
			}
		}
		want = append(want, addr+":"+strconv.Itoa(int(p.Port)))
	}
	slices.Sort(want)
	want = slices.Compact(want)
	config := tree.Files[0]
	if r := m.Try("caddy", "start", "--config", config.Name); r.Code != 0 {
		t.Errorf("%q: %s", config.Data, r.Stderr)
		return
	}
	if d := cmp.Diff(want, m.listening("caddy")); d != "" {
		t.Errorf("%q: %s", config.Data, d)
	}
	m.Try("caddy", "stop") // which may end before it has answered
	testbed.Await(t, "caddy to end", func() bool { return len(m.listening("caddy")) == 0 })
}

// TestSystemdUnitSyntax compares what a socket unit listens on with what systemd says.
func TestSystemdUnitSyntax(t *testing.T) {
	m := inside{testbed.Boot(t)}
	for _, text := range []string{
		"[Socket]\nListenStream=8001\nListenStream=127.0.0.1:8002\nListenStream=[::1]:8003\n",
		"[Socket]\nListenStream=8001\nListenDatagram=\nListenStream=8002\n",
		"[Socket]\nX-A=a \\\n# b\nListenStream=8001\nListenStream=\\\n  8002\n",
		"[Socket]\nX-A=a\\\\\nListenStream=8001\nX-A=b\\ \nListenStream=8002\n",
		"[Socket]\r\nX-A=a\\\r\nListenStream=8001\r\nListenStream=8002\r\n",
		"[Socket]\nListenStream=8001\nX-A=\\\n\nListenStream=8002\n",
		"[Socket]\nListenStream = 8001 \n [Service]\nListenStream=8002\n[Socket]\n ListenStream=8003\n",
		"[Socket]\nListenStream=8001\nListenStream=\\",
	} {
		name := "/etc/systemd/system/odd.socket"
		m.Put(name, []byte(text), 0o644)
		m.Put("/etc/systemd/system/odd.service", []byte("[Service]\nExecStart=true\n"), 0o644)
		m.Run("systemctl", "daemon-reload")
		tree, err := unitfile.Read(m, name, unitfile.SearchPath())
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, l := range strings.Split(m.Unit("odd.socket", "Listen"), "\n") {
			if at, ok := strings.CutSuffix(l, " (Stream)"); ok {
				want = append(want, at)
			}
		}
		for _, p := range tree.Places {
			addr := p.Addr
			if addr == "" {
				addr = "::"
			}
			got = append(got, netip.AddrPortFrom(netip.MustParseAddr(addr), p.Port).String())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: systemd and we differ: %s", text, d)
		}
	}
}
