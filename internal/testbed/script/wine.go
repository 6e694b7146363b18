package script

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berthd/berth/internal/testbed"
)

func wine(ts *testscript.TestScript, neg bool, args []string) {
	l := of(ts)
	l.fresh(ts, neg || len(args) > 0)
	l.prefix = testbed.Wine(l.t)
	l.place = &l.prefix.Place
	l.berth = l.place.BerthPath()
}

func holds(ts *testscript.TestScript, neg bool, args []string) {
	l := of(ts)
	if l.prefix == nil || len(args) == 0 || neg && args[0] != "http" {
		ts.Fatalf("usage: wine, then holds ADDR...|http PREFIX...|service NAME=ADDR|node ADDR")
	}
	exe, err := testbed.Build("./internal/testbed/cmd/holder", "GOOS=windows", "GOARCH=amd64")
	ts.Check(err)
	switch args[0] {
	case "service":
		l.holdsService(ts, exe, args[1], args[2:])
	case "node":
		l.holdsNode(ts, args[1])
	case "http":
		if neg {
			if said(ts, l.place.Try(exe, args...)) == 0 {
				ts.Fatalf("HTTP.sys took %s", strings.Join(args[1:], " "))
			}
			return
		}
		l.place.Start(exe, args...).AwaitOutput("ready")
	default:
		l.place.Start(exe, append([]string{"listen"}, args...)...).AwaitOutput("ready")
	}
}

// restart ends Wine's kernel with all that runs in it; the next program starts it anew.
func restart(ts *testscript.TestScript, neg bool, args []string) {
	l := of(ts)
	if neg || l.prefix == nil || len(args) > 0 {
		ts.Fatalf("usage: wine, then restart")
	}
	l.prefix.Restart()
}

func kills(ts *testscript.TestScript, neg bool, args []string) {
	l := of(ts)
	if neg || l.prefix == nil || len(args) != 1 {
		ts.Fatalf("usage: wine, then kills CMD")
	}
	l.place.Run("taskkill", "/F", "/IM", filepath.Base(l.program(args[0])))
}

// holdsService installs and starts a service that runs the holder as NAME.exe. Wine ends its
// services with the last other program: one that only waits stays beside it.
func (l *lent) holdsService(ts *testscript.TestScript, exe, word string, more []string) {
	name, addr, _ := strings.Cut(word, "=")
	addr, _, _ = strings.Cut(addr, ",")
	_, port, err := net.SplitHostPort(addr)
	ts.Check(err)
	l.place.Start(exe, "listen", "127.0.0.1:0").AwaitOutput("ready")
	own := ts.MkAbs(name + ".exe") // a name of its own, by which a script can end it
	data, err := os.ReadFile(exe)
	ts.Check(err)
	ts.Check(os.WriteFile(own, data, 0o755))
	image := `Z:` + strings.ReplaceAll(own, "/", `\`)
	l.place.Run("sc", append([]string{"create", name, "binPath=", image + " service " + word, "type=", "own", "start=", "auto"}, more...)...)
	l.place.Run("sc", "start", name)
	l.awaitListener(ts, port)
}

// holdsNode runs node for Windows from a folder that the prefix can see.
func (l *lent) holdsNode(ts *testscript.TestScript, addr string) {
	host, port, err := net.SplitHostPort(addr)
	ts.Check(err)
	exe := ts.MkAbs("node.exe")
	data, err := os.ReadFile(testbed.WindowsNode(l.t))
	ts.Check(err)
	ts.Check(os.WriteFile(exe, data, 0o755))
	server := ts.MkAbs("server.js")
	ts.Check(os.WriteFile(server, []byte("require('http').createServer((q, s) => s.end('node')).listen("+port+", '"+host+"')\n"), 0o644))
	l.place.Start(exe, `Z:`+strings.ReplaceAll(server, "/", `\`)) // which cannot write to a pipe under Wine
	l.awaitListener(ts, port)
}

func (l *lent) awaitListener(ts *testscript.TestScript, port string) {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(l.prefix.Linux().Run("ss", "-Hltn"), ":"+port+" ") {
			return
		}
	}
	ts.Fatalf("nobody listens on port %s", port)
}
