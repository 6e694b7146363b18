package servers

import (
	"os"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/haproxy"
	"github.com/berthd/berth/internal/change/confedit/nginx"
	"github.com/berthd/berth/internal/change/confedit/sshd"
)

func all() []server {
	return []server{
		{name: "nginx", mains: nginx.Mains, flags: []string{"-c"}, read: readNginx, move: nginx.Move, checks: true, roots: "root"},
		{name: "sshd", mains: usual("/etc/ssh/sshd_config"), flags: []string{"-f"}, read: sshd.Read, move: sshd.Move, checks: true},
		{name: "haproxy", mains: usual("/etc/haproxy/haproxy.cfg", "/usr/local/etc/haproxy/haproxy.cfg"), flags: []string{"-f"}, read: haproxy.Read, move: haproxy.Move, checks: true},
	}
}

// usual is the same list on every OS.
func usual(names ...string) func(string) []string {
	return func(string) []string { return names }
}

func readNginx(files confedit.Files, main string) (confedit.Tree, error) {
	return nginx.Read(files, main, nginx.Options{Unprivileged: os.Geteuid() > 0})
}
