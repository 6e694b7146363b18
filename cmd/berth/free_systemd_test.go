package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/testbed"
)

// journalDir holds what berth keeps; it is no part of what has to be as before.
const journalDir = "/var/lib/berth"

// bed is a booted machine on which a port is freed.
type bed struct {
	*testbed.Machine
	t   *testing.T
	was testbed.State
}

// boot boots a machine on which the network counts as up, since servers pull that in
// when they start, and nothing ever takes it back.
func boot(t *testing.T, options ...testbed.Option) *bed {
	t.Helper()
	b := &bed{Machine: testbed.Boot(t, append(slices.Clone(options), testbed.WithFile("/etc/systemd/system/up.service", up), testbed.WithEnabled("up.service"))...), t: t}
	b.BerthPath()
	return b
}

const up = `[Unit]
Wants=network-online.target nss-lookup.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
[Install]
WantedBy=multi-user.target
`

// remember keeps the machine's state as the one before.
func (b *bed) remember() { b.was = b.state() }

// state is the machine's state, in which a unit that failed is as good as one that
// does not run.
func (b *bed) state() testbed.State {
	b.t.Helper()
	s := b.State(journalDir)
	for k, v := range s.Units {
		if rest, ok := strings.CutPrefix(v, "failed (failed)"); ok {
			s.Units[k] = "inactive" + rest
		}
	}
	return s
}

// asBefore fails the test unless the machine is as it was remembered.
func (b *bed) asBefore(when string) {
	b.t.Helper()
	if diff := testbed.Diff(b.was, b.state()); len(diff) > 0 {
		b.t.Errorf("%s the machine is not as before:\n%s", when, strings.Join(diff, "\n"))
	}
}

// berth runs berth and wants an exit code.
func (b *bed) berth(want int, args ...string) testbed.Result {
	b.t.Helper()
	r := b.Berth(args...)
	if r.Code != want {
		b.t.Fatalf("berth %s: exit %d, not %d\n%s%s", strings.Join(args, " "), r.Code, want, r.Stdout, r.Stderr)
	}
	return r
}

// free does a remedy.
func (b *bed) free(args ...string) testbed.Result {
	b.t.Helper()
	return b.berth(0, append(append([]string{"free"}, args...), "--yes", "--settle", "300ms")...)
}

// open is berth journal's exit code behind what berth free said.
func open(said string) int {
	if strings.Contains(said, "stays open until") {
		return 1
	}
	return 0
}

// ways asks which remedies berth would do.
func (b *bed) ways(args ...string) (doable []string) {
	b.t.Helper()
	r := b.Berth(append([]string{"free", "--json"}, args...)...)
	var doc v1.Free
	if err := json.Unmarshal([]byte(r.Stdout), &doc); err != nil {
		b.t.Fatalf("berth free %q: exit %d: %v\n%s%s", args, r.Code, err, r.Stdout, r.Stderr)
	}
	for _, w := range doc.Ways {
		if id := w.Remedy.ID; w.Doable && !slices.Contains(doable, id) {
			doable = append(doable, id)
		}
	}
	return doable
}

// serves tells which server answers on a port of the machine.
func (b *bed) serves(port string) string {
	b.t.Helper()
	r := b.Try("curl", "-sS", "-o", "/dev/null", "-D", "-", "http://127.0.0.1:"+port+"/")
	for line := range strings.Lines(r.Stdout) {
		if name, ok := strings.CutPrefix(line, "Server: "); ok {
			return strings.ToLower(strings.TrimSpace(strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == ' ' })[0]))
		}
	}
	return ""
}

// ground is a machine on which a port is taken, and what berth offers to do there.
type ground struct {
	name    string
	options []testbed.Option
	prepare string   // a script that runs before anything is asked, when the port is held
	ask     []string // berth free ...
	ways    []string // what is offered as doable, gentlest first
	fresh   bool     // each of them on a machine of its own
	// proof shows, from the outside, that the way did what it is for.
	proof func(b *bed, way string)
}

// Every way that berth offers as doable is done and taken back: the goal holds in
// between, and afterwards the machine is as before, compared over the whole file
// system, all units and all listeners. The ways of a ground share a machine, which
// what was taken back before must not change, unless it says otherwise.
func TestSystemdFreeEveryWayIsTakenBack(t *testing.T) {
	for _, g := range grounds() {
		if !g.fresh {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				g.make(t).takeBack(g, g.ways...)
			})
			continue
		}
		for _, way := range g.ways {
			t.Run(g.name+"/"+way, func(t *testing.T) {
				t.Parallel()
				g.make(t).takeBack(g, way)
			})
		}
	}
}

func (g ground) make(t *testing.T) *bed {
	t.Helper()
	b := boot(t, g.options...)
	testbed.Await(t, "port "+g.ask[0]+" to be held", func() bool { return b.Run("ss", "-Hltn", "sport = :"+g.ask[0]) != "" })
	if g.prepare != "" {
		b.Run("sh", "-ec", g.prepare)
	}
	if offered := b.ways(g.ask...); !slices.Equal(offered, g.ways) {
		t.Errorf("berth offers to do %q, not %q", offered, g.ways)
	}
	b.remember()
	return b
}

func (b *bed) takeBack(g ground, ways ...string) {
	b.t.Helper()
	for _, way := range ways {
		said := b.free(append(slices.Clone(g.ask), "--remedy", way)...).Stdout
		b.berth(open(said), "journal")
		g.proof(b, way)
		if strings.Contains(said, "berth changed nothing") {
			continue
		}
		b.berth(0, "undo")
		b.asBefore("after " + way + " and undo")
		b.berth(0, "journal")
	}
}

func grounds() []ground {
	both := "systemctl enable -q apache2; ! systemctl start apache2"
	return []ground{
		{name: "nginx, Apache wants it", fresh: true, options: []testbed.Option{testbed.WithEnabled("nginx.service")}, prepare: both,
			ask:  []string{"80", "--for", "unit:apache2.service"},
			ways: []string{"port", "move", "stop:nginx.service", "startup:nginx.service", "startup:apache2.service", "order:nginx.service"},
			proof: func(b *bed, way string) {
				switch way {
				case "port":
					b.serve("80", "nginx")
					b.serve("8080", "apache")
				case "move":
					b.serve("80", "apache")
					b.serve("8080", "nginx")
				case "startup:apache2.service":
					b.serve("80", "nginx")
					b.enabled("apache2", "disabled")
				case "order:nginx.service": // nothing is seen of it before a reboot
					b.serve("80", "nginx")
					b.Run("grep", "-q", "Before=nginx.service", "/etc/systemd/system/apache2.service.d/berth-order.conf")
				case "startup:nginx.service":
					b.enabled("nginx", "disabled")
					fallthrough
				default:
					b.serve("80", "apache")
					b.AwaitUnit("nginx.service", "inactive")
				}
			}},
		{name: "nginx", options: []testbed.Option{testbed.WithEnabled("nginx.service")},
			ask: []string{"80"}, ways: []string{"port", "move", "stop:nginx.service", "startup:nginx.service"},
			proof: func(b *bed, way string) {
				switch way {
				case "port":
					b.serve("80", "nginx")
				case "move":
					b.serve("8080", "nginx")
					fallthrough
				default:
					b.serve("80", "")
					b.berth(0, "check", "80")
				}
			}},
		{name: "Apache, nginx wants it", options: []testbed.Option{testbed.WithEnabled("apache2.service")}, prepare: "! systemctl start nginx",
			ask: []string{"80", "--for", "nginx"}, ways: []string{"port", "move", "stop:apache2.service", "startup:apache2.service"},
			proof: func(b *bed, way string) {
				switch way {
				case "port":
					b.serve("80", "apache")
					b.serve("8080", "nginx")
				case "move":
					b.serve("8080", "apache")
					fallthrough
				default:
					b.serve("80", "nginx")
				}
			}},
		{name: "haproxy", options: []testbed.Option{testbed.WithEnabled("haproxy.service"), testbed.WithFile("/etc/haproxy/haproxy.cfg", haproxyConf)},
			ask: []string{"80"}, ways: []string{"port", "move", "stop:haproxy.service", "startup:haproxy.service"},
			proof: func(b *bed, way string) {
				if way != "port" {
					b.berth(0, "check", "80")
				}
				if way == "move" {
					b.berth(1, "check", "8080")
				}
			}},
		{name: "lighttpd", options: []testbed.Option{testbed.WithEnabled("lighttpd.service")},
			ask: []string{"80"}, ways: []string{"port", "move", "stop:lighttpd.service", "startup:lighttpd.service"},
			proof: func(b *bed, way string) {
				if way != "port" {
					b.berth(0, "check", "80")
				}
				if way == "move" {
					b.serve("8080", "lighttpd")
				}
			}},
		{name: "a socket unit", options: []testbed.Option{testbed.WithEnabled("web.socket"), testbed.WithFile("/etc/systemd/system/web.socket", webSocket),
			testbed.WithFile("/etc/systemd/system/web.service", webService)}, prepare: "systemctl start web.service",
			ask: []string{"80"}, ways: []string{"port", "move:web.socket", "stop:web.socket", "startup:web.socket"},
			proof: func(b *bed, way string) {
				switch way {
				case "move:web.socket":
					b.berth(1, "check", "8080")
					fallthrough
				case "stop:web.socket", "startup:web.socket":
					b.berth(0, "check", "80")
				}
			}},
		{name: "a unit that comes back", options: []testbed.Option{testbed.WithEnabled("again.service"), testbed.WithFile("/etc/systemd/system/again.service", again)},
			ask: []string{"8000"}, ways: []string{"port", "stop:again.service", "startup:again.service"},
			proof: func(b *bed, way string) {
				if way != "port" {
					b.berth(0, "check", "8000")
				}
			}},
		{name: "supervisord", options: []testbed.Option{testbed.WithEnabled("supervisor.service"), testbed.WithFile("/etc/supervisor/conf.d/web.conf", program)},
			ask: []string{"8000"}, ways: []string{"port", "stop:web"},
			proof: func(b *bed, way string) {
				if way != "port" {
					b.berth(0, "check", "8000")
				}
			}},
		{name: "runit", options: []testbed.Option{testbed.WithEnabled("runsvdir.service"), testbed.WithFile("/etc/systemd/system/runsvdir.service", runsvdir),
			testbed.WithProgram("/srv/service/web/run", "#!/bin/sh\nexec python3 -m http.server 8000\n")},
			ask: []string{"8000"}, ways: []string{"port", "stop:web"},
			proof: func(b *bed, way string) {
				if way != "port" {
					b.berth(0, "check", "8000")
				}
			}},
	}
}

const (
	runsvdir    = "[Service]\nRuntimeDirectory=runit\nExecStartPre=/bin/cp -r /srv/service /run/runit/service\nExecStart=/usr/bin/runsvdir -P /run/runit/service\n[Install]\nWantedBy=multi-user.target\n"
	haproxyConf = "defaults\n\tmode http\n\ttimeout client 5s\n\ttimeout server 5s\n\ttimeout connect 5s\nfrontend web\n\tbind :80\n"
	webSocket   = "[Socket]\nListenStream=80\n[Install]\nWantedBy=sockets.target\n"
	webService  = "[Service]\nExecStart=/bin/sleep inf\n"
	again       = "[Service]\nExecStart=/usr/bin/python3 -m http.server 8000\nRestart=always\nRestartSec=200ms\n[Install]\nWantedBy=multi-user.target\n"
	program     = "[program:web]\ncommand=/usr/bin/python3 -m http.server 8000\nstartsecs=0\n"
)

// serve waits until a server answers on a port, "" for none at all.
func (b *bed) serve(port, server string) {
	b.t.Helper()
	testbed.Await(b.t, server+" to answer on "+port, func() bool { return b.serves(port) == server })
}

func (b *bed) enabled(unit, want string) {
	b.t.Helper()
	if got := strings.TrimSpace(b.Try("systemctl", "is-enabled", unit).Stdout); got != want {
		b.t.Errorf("%s is %s, not %s", unit, got, want)
	}
}
