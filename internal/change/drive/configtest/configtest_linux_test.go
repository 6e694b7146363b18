package configtest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

// Debian's own servers check Debian's own files, and then those with one line broken.
func TestSystemdServersCheckThemselves(t *testing.T) {
	m := testbed.Boot(t)
	r := m.Self("^TestInsideServers$")
	if r.Code != 0 || !strings.Contains(r.Stdout, "--- PASS: TestInsideServers") {
		t.Fatalf("exit %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}

func TestInsideServers(t *testing.T) {
	if !testbed.Inside() {
		t.Skip("run by TestSystemdServersCheckThemselves")
	}
	for _, c := range []struct {
		name, program, config string
		file, line, why       string // what is broken by what, and what is said of it
	}{
		{"nginx", "", "/etc/nginx/nginx.conf", "/etc/nginx/conf.d/bad.conf", "server { listen 99999; }", `invalid port in "99999" of the "listen" directive`},
		{"apache", "", "/etc/apache2/apache2.conf", "/etc/apache2/ports.conf", "Listn 80", "ports.conf: Invalid command 'Listn'"},
		{"apache", "/usr/sbin/apache2", "", "/etc/apache2/ports.conf", "Listen 80x", "Syntax error on line"},
		{"sshd", "/usr/sbin/sshd", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config", "Port 22x", "line"},
		{"haproxy", "", "/etc/haproxy/haproxy.cfg", "/etc/haproxy/haproxy.cfg", "frontend x\n bind :99999\n", "invalid port '99999'"},
		{"lighttpd", "", "/etc/lighttpd/lighttpd.conf", "/etc/lighttpd/lighttpd.conf", "server.port = 8080", "Duplicate config variable"},
		{"systemd", "", "ssh.socket", "/etc/systemd/system/ssh.socket.d/bad.conf", "[Socket]\nListenStrem=23\n", "bad.conf:3: Unknown key"},
	} {
		s := plan.Subject{Kind: plan.ConfigTest, Name: c.name, Of: map[string]string{"program": c.program, "config": c.config}}
		if err := New().Set(t.Context(), s, nil, plan.State{"valid": "yes"}); err != nil {
			t.Errorf("%s as it is: %v", c.name, err)
		}
		restore := broken(t, c.file, c.line)
		if now, err := New().Read(t.Context(), s); err != nil || now["valid"] != "no" || !strings.Contains(now["why"], c.why) {
			t.Errorf("%s, broken: %q, %v", c.name, now, err)
		}
		restore()
	}
	others(t)
}

func broken(t *testing.T, file, line string) (restore func()) {
	t.Helper()
	was, err := os.ReadFile(file)
	if err != nil {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, append(was, "\n"+line+"\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.WriteFile(file, was, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Root does not load what alice wrote, a module of hers among it, but has it checked
// with her rights.
func others(t *testing.T) {
	t.Helper()
	conf := "/home/alice/haproxy.cfg"
	if err := errors.Join(os.WriteFile(conf, []byte("defaults\n mode http\nfrontend x\n bind :8080\n"), 0o644), os.Chown(conf, 1000, 1000)); err != nil {
		t.Fatal(err)
	}
	s := plan.Subject{Kind: plan.ConfigTest, Name: "haproxy", Of: map[string]string{"config": conf}}
	if now, err := New().Read(t.Context(), s); !errors.Is(err, ErrOwner) {
		t.Errorf("%q, %v", now, err)
	}
	s.Of["uid"] = "1000"
	if now, err := New().Read(t.Context(), s); err != nil || now["valid"] != "yes" {
		t.Errorf("%q, %v", now, err)
	}
}
