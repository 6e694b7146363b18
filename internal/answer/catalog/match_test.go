package catalog

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

func one(p Pattern) []Entry { return []Entry{{ID: "x", Match: []Pattern{p}}} }

func TestEveryFieldMustHold(t *testing.T) {
	full := Pattern{
		OS: []string{"linux"}, Proto: []fact.Proto{"tcp"}, Port: []PortRange{{80, 90}}, Address: []string{"10.0.0.0/8"},
		Exe: []string{"/usr/*/nginx"}, Comm: []string{"nginx"}, Arg: []string{"-c"}, Service: []string{"svc"}, Unit: []string{"nginx*.service"},
		Queue: []string{"q"}, URLPath: []string{"/a*"}, Cgroup: []string{"*/x.scope"}, Kernel: []string{"*"}, Image: []string{"nginx"},
	}
	fits := Subject{
		OS: "linux", Proto: "tcp", Port: 85, Addr: netip.MustParseAddr("10.1.2.3"),
		Exe: "/usr/sbin/nginx", Comm: "nginx", Args: []string{"nginx", "-c", "/x"}, Service: "svc", Unit: "nginx@1.service",
		Queue: "q", URLPath: "/Abc/", Cgroup: "/y/x.scope", Kernel: "socket", Image: "docker.io/library/nginx:1.27@sha256:00",
	}
	if len(Among(one(full), fits)) != 1 {
		t.Fatal("the subject that has everything does not fit")
	}
	twins := map[string]func(*Subject){
		"os": func(s *Subject) { s.OS = "darwin" }, "proto": func(s *Subject) { s.Proto = "udp" }, "port low": func(s *Subject) { s.Port = 79 },
		"port high": func(s *Subject) { s.Port = 91 }, "address": func(s *Subject) { s.Addr = netip.MustParseAddr("11.1.2.3") },
		"exe": func(s *Subject) { s.Exe = "/opt/nginx" }, "comm": func(s *Subject) { s.Comm = "nginx2" }, "arg": func(s *Subject) { s.Args = []string{"-cc"} },
		"service": func(s *Subject) { s.Service = "svc2" }, "unit": func(s *Subject) { s.Unit = "nginx.socket" }, "queue": func(s *Subject) { s.Queue = "Q" },
		"urlPath": func(s *Subject) { s.URLPath = "/b" }, "cgroup": func(s *Subject) { s.Cgroup = "/x.scope/y" }, "kernel": func(s *Subject) { s.Kernel = "" },
		"image": func(s *Subject) { s.Image = "nginx-exporter" },
	}
	for field, change := range twins {
		s := fits
		change(&s)
		if len(Among(one(full), s)) != 0 {
			t.Errorf("%s differs and it still fits", field)
		}
	}
	if len(Among(one(full), Subject{})) != 0 {
		t.Error("the unknown fits")
	}
}

func TestMoreSpecificFirst(t *testing.T) {
	entries := []Entry{
		{ID: "a", Match: []Pattern{{Comm: []string{"x"}}}},
		{ID: "b", Match: []Pattern{{Comm: []string{"x"}, Port: []PortRange{{80, 80}}}}},
		{ID: "c", Match: []Pattern{{Comm: []string{"x"}}, {Comm: []string{"x"}, Port: []PortRange{{80, 80}}, OS: []string{"linux"}}}},
		{ID: "d", Match: []Pattern{{Comm: []string{"x"}}}},
		{ID: "aa", Match: []Pattern{{Comm: []string{"*"}}}},
	}
	order := func(s Subject) string {
		var b strings.Builder
		for _, e := range Among(entries, s) {
			b.WriteString(e.ID)
		}
		return b.String()
	}
	if got := order(Subject{OS: "linux", Comm: "x", Port: 80}); got != "cbadaa" {
		t.Errorf("on port 80: %s", got)
	}
	if got := order(Subject{OS: "linux", Comm: "x", Port: 81}); got != "acdaa" {
		t.Errorf("on port 81: %s", got)
	}
}

func TestNumbersAloneAreAGuess(t *testing.T) {
	guess := one(Pattern{Port: []PortRange{{3306, 3306}}})
	if len(Among(guess, Subject{Port: 3306})) != 1 {
		t.Error("an unnamed holder is not guessed by its port")
	}
	if len(Among(guess, Subject{Port: 3306, Comm: "nginx"})) != 0 {
		t.Error("a named holder is guessed by its port")
	}
}

func TestTheBlamedHaveNoPort(t *testing.T) {
	blamed := one(Pattern{Service: []string{"BITS"}})
	blamed[0].Kind = Blamed
	if len(Among(blamed, Subject{OS: "windows", Service: "BITS"})) != 1 {
		t.Error("the service itself is not known")
	}
	if len(Among(blamed, Subject{OS: "windows", Service: "BITS", Port: 80})) != 0 {
		t.Error("one that does not listen fits a listener")
	}
}

func TestNamesOfProcesses(t *testing.T) {
	for _, c := range []struct {
		name    string
		pattern Pattern
		subject Subject
		fits    bool
	}{
		{"the kernel keeps 15 bytes", Pattern{Comm: []string{"systemd-resolved"}}, Subject{OS: "linux", Comm: "systemd-resolve"}, true},
		{"other systems keep more", Pattern{Comm: []string{"systemd-resolved"}}, Subject{OS: "darwin", Comm: "systemd-resolve"}, false},
		{"lsof cuts", Pattern{Comm: []string{"com.docker.backend"}}, Subject{OS: "darwin", Comm: "com.docke", Cut: true}, true},
		{"not cut", Pattern{Comm: []string{"com.docker.backend"}}, Subject{OS: "darwin", Comm: "com.docke"}, false},
		{"Windows has no case", Pattern{Comm: []string{"nginx.exe"}}, Subject{OS: "windows", Comm: "Nginx.EXE"}, true},
		{"Linux has", Pattern{Comm: []string{"nginx"}}, Subject{OS: "linux", Comm: "Nginx"}, false},
		{"Windows path", Pattern{Exe: []string{"*/bin/httpd.exe"}}, Subject{OS: "windows", Exe: `C:\xampp\apache\bin\httpd.exe`}, true},
		{"last part of a path", Pattern{Exe: []string{"nginx"}}, Subject{OS: "linux", Exe: "/usr/sbin/nginx"}, true},
		{"whole path", Pattern{Exe: []string{"/usr/sbin/nginx"}}, Subject{OS: "linux", Exe: "/opt/usr/sbin/nginx"}, false},
		{"last part of an argument", Pattern{Arg: []string{"vite"}}, Subject{Comm: "node", Args: []string{"node", "/a/node_modules/.bin/vite"}}, true},
		{"not a part of a part", Pattern{Arg: []string{"vite"}}, Subject{Comm: "node", Args: []string{"node", "/a/invite"}}, false},
		{"image with a port in its host", Pattern{Image: []string{"nginx"}}, Subject{Image: "example.com:5000/nginx"}, true},
		{"image by its end", Pattern{Image: []string{"grafana/grafana"}}, Subject{Image: "docker.io/grafana/grafana:11"}, true},
		{"image by its end, not inside a word", Pattern{Image: []string{"grafana/grafana"}}, Subject{Image: "mygrafana/grafana"}, false},
		{"mapped loopback", Pattern{Address: []string{"loopback"}, Comm: []string{"a"}}, Subject{Comm: "a", Addr: netip.MustParseAddr("::ffff:127.0.0.1")}, true},
		{"wildcard of IPv6", Pattern{Address: []string{"wildcard"}, Comm: []string{"a"}}, Subject{Comm: "a", Addr: netip.MustParseAddr("::")}, true},
		{"unknown address", Pattern{Address: []string{"wildcard", "loopback", "0.0.0.0/0"}, Comm: []string{"a"}}, Subject{Comm: "a"}, false},
	} {
		if fits := len(Among(one(c.pattern), c.subject)) == 1; fits != c.fits {
			t.Errorf("%s: fits = %v", c.name, fits)
		}
	}
}

func FuzzGlob(f *testing.F) {
	for _, s := range [][2]string{{"a*b?c", "axxbyc"}, {"*", ""}, {"**a", "bca"}, {"?*?", "a"}, {"a*a*a", "aaaa"}, {"*.service", "nginx.service"}} {
		f.Add(s[0], s[1], true)
	}
	f.Fuzz(func(t *testing.T, pattern, value string, fold bool) {
		if len(pattern) > 30 || len(value) > 200 {
			return
		}
		if isASCII(pattern) && isASCII(value) {
			if got, want := glob(pattern, value, fold), reference(pattern, fold).MatchString(value); got != want {
				t.Errorf("glob(%q, %q, %v) = %v", pattern, value, fold, got)
			}
		} else {
			_ = glob(pattern, value, fold) // ends, whatever it says
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

func reference(pattern string, fold bool) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("(?s)")
	if fold {
		b.WriteString("(?i)")
	}
	b.WriteString(`\A`)
	for _, r := range pattern {
		switch r {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return regexp.MustCompile(b.String() + `\z`)
}

func FuzzMatch(f *testing.F) {
	f.Add("linux", "nginx", "/usr/sbin/nginx", "-c", "nginx:1", uint16(80))
	f.Add("windows", "System", `C:\x`, "", "@:", uint16(445))
	f.Fuzz(func(t *testing.T, os, comm, exe, arg, image string, port uint16) {
		s := Subject{OS: os, Comm: comm, Exe: exe, Args: []string{arg}, Image: image, Port: port, Proto: fact.TCP, Unit: comm, Service: comm, URLPath: exe, Cgroup: exe, Kernel: comm, Queue: arg}
		for _, e := range Match(s) {
			if e.fits(&s, false) == 0 && e.fits(&s, true) == 0 {
				t.Errorf("%s found and does not fit", e.ID)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	b.ReportAllocs()
	s := Subject{OS: "linux", Proto: fact.TCP, Port: 8000, Addr: netip.MustParseAddr("0.0.0.0"), Exe: "/usr/bin/python3.12", Comm: "python3",
		Args: []string{"/app/venv/bin/python3", "/app/venv/bin/uvicorn", "main:app"}, Unit: "app.service", Cgroup: "/system.slice/app.service"}
	for b.Loop() {
		Match(s)
	}
}
