package servers

import (
	"os"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/apache"
	"github.com/berthd/berth/internal/change/confedit/caddy"
	"github.com/berthd/berth/internal/change/confedit/haproxy"
	"github.com/berthd/berth/internal/change/confedit/iis"
	"github.com/berthd/berth/internal/change/confedit/lighttpd"
	"github.com/berthd/berth/internal/change/confedit/nginx"
	"github.com/berthd/berth/internal/change/confedit/sshd"
	"github.com/berthd/berth/internal/change/confedit/tomcat"
)

func all() []server {
	return []server{
		{name: "nginx", mains: nginx.Mains, flags: []string{"-c"}, read: readNginx, move: nginx.Move, once: onlyOnce(nginx.Twice, nginx.Once), checks: true, roots: "root"},
		{name: "apache", mains: apache.Mains, flags: []string{"-f"}, read: readApache, move: apache.Move, once: onlyOnce(apache.Twice, apache.Once), checks: true, roots: "DocumentRoot"},
		{name: "sshd", mains: sshd.Mains, flags: []string{"-f"}, read: plain(sshd.Read), move: sshd.Move, checks: true},
		{name: "haproxy", mains: haproxy.Mains, flags: []string{"-f"}, read: plain(haproxy.Read), move: haproxy.Move, checks: true},
		{name: "lighttpd", mains: lighttpd.Mains, flags: []string{"-f"}, read: plain(lighttpd.Read), move: lighttpd.Move, checks: true},
		{name: "caddy", mains: caddy.Mains, flags: []string{"--config", "-config"}, read: plain(caddy.Read), move: caddy.Move, checks: true},
		{name: "tomcat", mains: tomcat.Mains, read: plain(tomcat.Read), move: tomcat.Move},
		{name: "iis", mains: func(string) []string { return []string{iis.Main} }, read: plain(iis.Read), move: iis.Move},
	}
}

// plain reads what needs nothing but its main file.
func plain(read func(confedit.Files, string) (confedit.Tree, error)) func(confedit.Files, string, []string) (confedit.Tree, error) {
	return func(files confedit.Files, main string, _ []string) (confedit.Tree, error) { return read(files, main) }
}

func readNginx(files confedit.Files, main string, _ []string) (confedit.Tree, error) {
	return nginx.Read(files, main, nginx.Options{Unprivileged: os.Geteuid() > 0})
}

func readApache(files confedit.Files, main string, args []string) (confedit.Tree, error) {
	o := apache.Options{Env: envvars(files, confedit.Folder(main))}
	for i, a := range args {
		if d, ok := strings.CutPrefix(a, "-D"); ok && d != "" {
			o.Defines = append(o.Defines, d)
		} else if ok && i+1 < len(args) {
			o.Defines = append(o.Defines, args[i+1])
		}
	}
	return apache.Read(files, main, o)
}

// envvars are the variables that Debian's apache2ctl sets: the plain assignments of
// the shell script beside the main file, which is not run.
func envvars(files confedit.Files, dir string) map[string]string {
	data, err := files.ReadFile(dir + "/envvars")
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if !ok || name == "" || strings.ContainsAny(name, " #$:{[") {
			continue
		}
		out[name] = strings.Trim(strings.ReplaceAll(value, "$SUFFIX", ""), `"'`)
	}
	return out
}
