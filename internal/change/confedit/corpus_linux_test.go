package confedit_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/change/confedit/apache"
	"github.com/berthd/berth/internal/change/confedit/caddy"
	"github.com/berthd/berth/internal/change/confedit/haproxy"
	"github.com/berthd/berth/internal/change/confedit/lighttpd"
	"github.com/berthd/berth/internal/change/confedit/nginx"
	"github.com/berthd/berth/internal/change/confedit/sshd"
	"github.com/berthd/berth/internal/change/confedit/tomcat"
	"github.com/berthd/berth/internal/change/confedit/unitfile"
	"github.com/berthd/berth/internal/testbed"
)

// grammars are the ways to read and print a file.
func grammars() map[string]func([]byte) ([]byte, error) {
	return map[string]func([]byte) ([]byte, error){
		"apache":   apache.RoundTrip,
		"nginx":    nginx.RoundTrip,
		"caddy":    caddy.RoundTrip,
		"sshd":     sshd.RoundTrip,
		"unitfile": unitfile.RoundTrip,
		"tomcat":   tomcat.RoundTrip,
		"lighttpd": lighttpd.RoundTrip,
		"haproxy":  haproxy.RoundTrip,
	}
}

// leastOf is how many files of each grammar Debian's packages surely have.
func leastOf() map[string]int {
	return map[string]int{"apache": 180, "nginx": 30, "sshd": 1, "caddy": 1, "unitfile": 150, "tomcat": 10, "lighttpd": 20, "haproxy": 7}
}

// TestSystemdCorpus reads and prints every configuration that Debian's packages of
// these servers, and of what runs under them, ship.
func TestSystemdCorpus(t *testing.T) {
	root := testbed.Configs(t)
	counts := map[string]int{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel := strings.TrimPrefix(name, root+"/")
		g := grammarOf(rel)
		if g == "" {
			return nil
		}
		counts[g]++
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		got, err := grammars()[g](data)
		if err != nil {
			t.Errorf("%s, as %s: %v", rel, g, err)
		} else if !bytes.Equal(got, data) {
			t.Errorf("%s, as %s: %d bytes became %d others", rel, g, len(data), len(got))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	servers := 0
	for _, g := range slices.Sorted(maps.Keys(grammars())) {
		if t.Logf("%s: %d files", g, counts[g]); counts[g] < leastOf()[g] {
			t.Errorf("%d files of %s, fewer than %d", counts[g], g, leastOf()[g])
		}
		if g != "unitfile" {
			servers += counts[g]
		}
	}
	if servers < 200 {
		t.Errorf("only %d files of servers", servers)
	}
}

// grammarOf says by its path, which begins with its package, what a file is.
func grammarOf(rel string) string {
	base, ext := path.Base(rel), path.Ext(rel)
	in := func(dir string) bool { return strings.Contains(rel, dir) }
	switch {
	case in("/tmpfiles.d/"), in("/rsyslog.d/"), in("/apparmor.d/"):
		return ""
	case base == "Caddyfile":
		return "caddy"
	case base == "sshd_config":
		return "sshd"
	case slices.Contains([]string{".socket", ".service", ".timer", ".target", ".path", ".mount", ".slice"}, ext):
		return "unitfile"
	case in("haproxy/") && ext == ".cfg":
		return "haproxy"
	case in("tomcat") && ext == ".xml":
		return "tomcat"
	case in("lighttpd") && ext == ".conf":
		return "lighttpd"
	case in("nginx-doc/usr/share/doc/nginx/examples/") && base != "nginx_modsite", in("/etc/nginx/"),
		in("/usr/share/nginx/") && ext == ".conf", strings.Contains(base, "nginx") && ext == ".conf":
		return "nginx"
	case in("/etc/apache2/") && (ext == ".conf" || ext == ".load"), strings.Contains(base, "apache") && ext == ".conf", in("apache2/") && in("examples/") && ext == ".conf":
		return "apache"
	}
	return ""
}
