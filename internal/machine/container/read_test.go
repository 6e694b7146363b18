package container

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

func TestReadDockerProxy(t *testing.T) {
	p, s := proxy(4, "80", "172.17.0.2", "80"), listener(fact.TCP, "0.0.0.0:80", 9)
	set := both(t).read(Query{Processes: []fact.Process{p}, Sockets: []fact.Socket{s}, Links: []fact.Link{hold(s, p)}, Ports: []uint16{80}})
	wantLinks(t, set, "proc:4@1 forwards-to web", "sock:tcp:0.0.0.0:80#9 published-by web")
	if c := set.Containers[0]; len(set.Containers) != 1 || c.Restart != "always" || c.PID != 7 || c.Network != "bridge" {
		t.Errorf("containers %+v", set.Containers)
	}
	if e := set.Engines; len(e) != 1 || e[0].State != "answered" || e[0].Containers != 3 {
		t.Errorf("engines %+v", e)
	}
}

// A docker-proxy that no container stands behind is a left-over, whichever of its
// two ends is wrong. The engine has answered, so that is certain.
func TestReadStaleDockerProxy(t *testing.T) {
	for name, p := range map[string]fact.Process{
		"address": proxy(4, "80", "172.17.0.9", "80"),
		"port":    proxy(4, "8089", "172.17.0.2", "80"),
		"inside":  proxy(4, "80", "172.17.0.2", "81"),
	} {
		t.Run(name, func(t *testing.T) {
			set := both(t).read(Query{Processes: []fact.Process{p}})
			wantLinks(t, set)
			if len(set.Containers) != 0 || len(set.Gaps) != 0 || set.Engines[0].State != "answered" {
				t.Errorf("set %+v", set)
			}
		})
	}
}

// A UDP proxy of the same port is another entry of the book.
func TestReadDockerProxyProtocol(t *testing.T) {
	p := proxy(4, "8443", "172.17.0.2", "443")
	wantLinks(t, both(t).read(Query{Processes: []fact.Process{p}}))
	p.Args[2] = "udp"
	wantLinks(t, both(t).read(Query{Processes: []fact.Process{p}}), "proc:4@1 forwards-to web")
}

// Without the proxies the engine listens itself (userland-proxy=false).
func TestReadDockerdListens(t *testing.T) {
	d, s, other := command(4, "/usr/bin/dockerd"), listener(fact.TCP, "0.0.0.0:80", 9), listener(fact.TCP, "0.0.0.0:2375", 10)
	q := Query{Processes: []fact.Process{d}, Sockets: []fact.Socket{s, other}, Links: []fact.Link{hold(s, d), hold(other, d)}}
	wantLinks(t, both(t).read(q), "proc:4@1 forwards-to web", "sock:tcp:0.0.0.0:80#9 published-by web")
}

func TestReadHostNetwork(t *testing.T) {
	p := grouped("/docker/"+hostnetID, command(5, "/bin/httpd"))
	set := both(t).read(Query{Processes: []fact.Process{p}})
	wantLinks(t, set, "proc:5@1 part-of hostnet")
	twin := grouped("/system.slice/httpd.service", command(5, "/bin/httpd"))
	wantLinks(t, both(t).read(Query{Processes: []fact.Process{twin}}))
}

// The socket's own control group names the container when its holder is hidden.
func TestReadSocketCreatedInContainer(t *testing.T) {
	s := listener(fact.TCP, "0.0.0.0:8090", 9)
	s.Linux.Cgroup = "/system.slice/docker-" + hostnetID + ".scope"
	wantLinks(t, both(t).read(Query{Sockets: []fact.Socket{s}}), "sock:tcp:0.0.0.0:8090#9 created-in hostnet")
	s.Linux.Cgroup = "/system.slice/nginx.service"
	wantLinks(t, both(t).read(Query{Sockets: []fact.Socket{s}}))
}

func conmon(pid int, id, name string) fact.Process {
	return command(pid, "/usr/bin/conmon", "--api-version", "1", "-c", id, "-u", id, "-n", name, "--exit-dir", "/run/libpod/exits",
		"--exit-command", "/usr/bin/podman", "--exit-command-arg", "container")
}

func TestReadConmon(t *testing.T) {
	p := conmon(6, hexB, "c1")
	set := both(t).read(Query{Processes: []fact.Process{p}})
	wantLinks(t, set, "proc:6@1 forwards-to c1")
	if c := set.Containers[0]; c.Project != "shop" || c.State != "running" {
		t.Errorf("container %+v", c)
	}
	h := both(t)
	delete(h.answers, "/run/podman/podman.sock")
	set = h.read(Query{Processes: []fact.Process{p}})
	wantLinks(t, set, "proc:6@1 forwards-to c1")
	if c := set.Containers[0]; c.State != "" || c.Evidence != "command line of conmon" || c.Engine != "podman" {
		t.Errorf("container %+v", c)
	}
	if set.Engines[0].State != "absent" || len(set.Gaps) != 0 {
		t.Errorf("engines %+v, gaps %+v: podman needs no service", set.Engines, set.Gaps)
	}
}

// conmon above a process that listens itself forwards nothing.
func TestReadConmonAsAncestor(t *testing.T) {
	child := command(7, "/bin/httpd")
	child.PPID = 6
	q := Query{Processes: []fact.Process{child, conmon(6, hexB, "c1")}}
	wantLinks(t, both(t).read(q), "proc:7@1 part-of c1")
	child.PPID = 1
	q.Processes[0] = child
	q.Processes[1] = command(6, "/usr/sbin/init")
	wantLinks(t, both(t).read(q))
}

func TestReadShimAsAncestor(t *testing.T) {
	child := command(7, "/bin/httpd")
	child.PPID = 6
	shim := command(6, "/usr/bin/containerd-shim-runc-v2", "-namespace", "moby", "-id", hostnetID, "-address", "/run/c.sock")
	wantLinks(t, both(t).read(Query{Processes: []fact.Process{child, shim}}), "proc:7@1 part-of hostnet")
	shim.Args[2] = "default"
	set := both(t).read(Query{Processes: []fact.Process{child, shim}})
	if c := set.Containers; len(c) != 1 || c[0].Engine != "containerd" || len(set.Engines) != 0 {
		t.Errorf("set %+v", set)
	}
}

func TestReadRootlessport(t *testing.T) {
	p, s := as(1001, command(8, "/usr/lib/podman/rootlessport")), listener(fact.TCP, "[::]:8080", 9)
	q := Query{Processes: []fact.Process{p}, Sockets: []fact.Socket{s}, Links: []fact.Link{hold(s, p)}}
	h := both(t)
	wantLinks(t, h.read(q)) // the system's Podman publishes 8080 too, and does not speak for this user

	h = both(t)
	h.answers["/run/user/1001/podman/podman.sock"] = h.answers["/run/podman/podman.sock"]
	wantLinks(t, h.read(q), "proc:8@1 forwards-to c1", "sock:tcp:[::]:8080#9 published-by c1")

	h = both(t)
	h.conmons = []fact.Process{as(1002, conmon(5, hexA, "other")), as(1001, conmon(6, hexB, "mine"))}
	p.Linux.Netns = 4026532625
	q.Processes[0] = p
	set := h.read(q)
	wantLinks(t, set, "proc:8@1 forwards-to mine")
	if set.Containers[0].User != "1001" {
		t.Errorf("container %+v", set.Containers[0])
	}
}

func TestReadRedirects(t *testing.T) {
	for _, c := range []struct {
		name string
		r    fact.Redirect
		want []string
	}{
		{"docker", fact.Redirect{To: "172.17.0.2:80", Chain: "ip nat DOCKER"}, []string{"r forwards-to web"}},
		{"unnamed chain", fact.Redirect{To: "172.17.0.2:80"}, []string{"r forwards-to web"}},
		{"address only", fact.Redirect{To: "172.17.0.2"}, []string{"r forwards-to web"}},
		{"podman", fact.Redirect{To: "10.88.0.2:80", Chain: "ip nat NETAVARK-DN-1D8721804F16F"}, []string{"r forwards-to c1"}},
		{"comment", fact.Redirect{Comment: "dnat name: podman id: " + hexB}, []string{"r forwards-to c1"}},
		{"another address", fact.Redirect{To: "172.17.0.3:80", Chain: "ip nat DOCKER"}, nil},
		{"public address", fact.Redirect{To: "203.0.113.7:80"}, nil},
		{"local port", fact.Redirect{To: ":8080"}, nil},
		{"comment of another", fact.Redirect{Comment: "podman id: none"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.r.ID, c.r.Kind = "r", "dnat"
			wantLinks(t, both(t).read(Query{Redirects: []fact.Redirect{c.r}}), c.want...)
		})
	}
}

// A container that was made and never ran has its port in the engine's book only.
func TestReadBook(t *testing.T) {
	set := both(t).read(Query{Ports: []uint16{8081}})
	wantLinks(t, set)
	if c := set.Containers; len(c) != 1 || c[0].Name != "booked" || c[0].State != "created" || c[0].Ports[0].Host.Port() != 8081 {
		t.Errorf("containers %+v", c)
	}
	if c := both(t).read(Query{Ports: []uint16{8082}}).Containers; len(c) != 0 {
		t.Errorf("containers %+v", c)
	}
}

// Nothing is done to the machine unless something points at an engine.
func TestReadIsLazy(t *testing.T) {
	nginx, s := grouped("/system.slice/nginx.service", command(3, "/usr/sbin/nginx")), listener(fact.TCP, "0.0.0.0:80", 9)
	for name, q := range map[string]Query{
		"empty":       {},
		"a server":    {Processes: []fact.Process{nginx}, Sockets: []fact.Socket{s}, Links: []fact.Link{hold(s, nginx)}, Ports: []uint16{80}},
		"no links":    {Processes: []fact.Process{nginx}, Sockets: []fact.Socket{s}, Ports: []uint16{80}},
		"known group": {Sockets: []fact.Socket{grouping(s, "/system.slice/nginx.service")}, Ports: []uint16{80}},
		"elsewhere":   {Redirects: []fact.Redirect{{To: "203.0.113.7:80"}}},
		"in lxc":      {Processes: []fact.Process{grouped("/lxc.payload.web", command(3, "/usr/sbin/nginx"))}},
	} {
		t.Run(name, func(t *testing.T) {
			h := both(t)
			set := h.read(q)
			if len(h.calls) != 0 || len(set.Engines) != 0 {
				t.Errorf("did %q", h.calls)
			}
		})
	}
	h := both(t)
	h.read(Query{Processes: []fact.Process{proxy(4, "80", "172.17.0.2", "80")}})
	if want := []string{"sockets docker ", "dial /run/docker.sock", "dial /run/docker.sock"}; !slices.Equal(h.calls, want) {
		t.Errorf("did %q, want %q", h.calls, want)
	}
}

func grouping(s fact.Socket, path string) fact.Socket {
	linux := *s.Linux
	linux.Cgroup = path
	s.Linux = &linux
	return s
}

// Rows of the asker's own session do not hide that the holder is hidden; a holder
// that is seen does.
func TestReadHiddenHolderBesideOthers(t *testing.T) {
	s, shell := listener(fact.TCP, "0.0.0.0:80", 9), as(1000, command(3, "/bin/bash"))
	q := Query{Sockets: []fact.Socket{s}, Processes: []fact.Process{shell}, Ports: []uint16{80},
		Links: []fact.Link{{From: shell.ID, To: "proc:1", Kind: fact.ChildOf}}}
	wantLinks(t, both(t).read(q), "sock:tcp:0.0.0.0:80#9 published-by web")
	q.Links = append(q.Links, hold(s, shell))
	wantLinks(t, both(t).read(q))
}

// Where nobody asked about an engine, one that is not there or does not run is no news.
func TestReadBookWithoutEngine(t *testing.T) {
	h := both(t)
	h.asleep = "/run/docker.sock"
	if set := h.read(Query{Ports: []uint16{8081}}); len(set.Gaps) != 0 || len(set.Containers) != 0 {
		t.Errorf("dormant: %+v", set)
	}
	h = both(t)
	delete(h.answers, "/run/docker.sock")
	if set := h.read(Query{Ports: []uint16{8081}}); len(set.Gaps) != 0 || len(set.Engines) != 0 {
		t.Errorf("absent: %+v", set)
	}
	h = both(t)
	h.closed["/run/docker.sock"] = fs.ErrPermission
	if set := h.read(Query{Ports: []uint16{8081}}); len(set.Gaps) != 1 {
		t.Errorf("closed: %+v", set)
	}
}

// One's own rootless engine has a book too.
func TestReadOwnBook(t *testing.T) {
	h := both(t)
	h.self = "1000"
	h.answers["/run/user/1000/docker.sock"] = h.answers["/run/docker.sock"]
	delete(h.answers, "/run/docker.sock")
	if c := h.read(Query{Ports: []uint16{8081}}).Containers; len(c) != 1 || c[0].Name != "booked" || c[0].User != "1000" {
		t.Errorf("containers %+v", c)
	}
	h.self = ""
	if c := h.read(Query{Ports: []uint16{8081}}).Containers; len(c) != 0 {
		t.Errorf("containers %+v", c)
	}
}

// A listener of another namespace is in no book of this one.
func TestReadHiddenHolderElsewhere(t *testing.T) {
	s := listener(fact.TCP, "0.0.0.0:80", 9)
	s.Netns = "netns:1"
	wantLinks(t, both(t).read(Query{Sockets: []fact.Socket{s}, Ports: []uint16{80}}))
}

// A listener whose holder is hidden from the asker may be docker-proxy's.
func TestReadHiddenHolder(t *testing.T) {
	q := Query{Sockets: []fact.Socket{listener(fact.TCP, "0.0.0.0:80", 9)}, Ports: []uint16{80}}
	wantLinks(t, both(t).read(q), "sock:tcp:0.0.0.0:80#9 published-by web")
	q = Query{Sockets: []fact.Socket{listener(fact.TCP, "0.0.0.0:8000", 9)}, Ports: []uint16{8000}}
	wantLinks(t, both(t).read(q))
}

// A container list is not trusted where somebody else holds the port.
func TestReadBookAgainstHolder(t *testing.T) {
	nginx, s := command(3, "/usr/sbin/nginx"), listener(fact.TCP, "0.0.0.0:80", 9)
	p, s2 := proxy(4, "8443", "172.17.0.2", "443"), listener(fact.UDP, "0.0.0.0:8443", 10)
	p.Args[2] = "udp"
	q := Query{Processes: []fact.Process{nginx, p}, Sockets: []fact.Socket{s, s2}, Links: []fact.Link{hold(s, nginx), hold(s2, p)}}
	wantLinks(t, both(t).read(q), "proc:4@1 forwards-to web", "sock:udp:0.0.0.0:8443#10 published-by web")
}

func TestReadEngineStates(t *testing.T) {
	q := Query{Processes: []fact.Process{grouped("/docker/"+hexA, command(5, "/bin/httpd"))}}
	for _, c := range []struct {
		name, state, gap string
		change           func(*host)
	}{
		{"answered", "answered", "", func(*host) {}},
		{"closed", "closed", "permission denied", func(h *host) { h.closed["/run/docker.sock"] = fs.ErrPermission }},
		{"refused", "silent", "refused", func(h *host) { h.closed["/run/docker.sock"] = syscall.Errno(syscall.ECONNREFUSED) }},
		{"absent", "absent", "", func(h *host) { delete(h.answers, "/run/docker.sock") }},
		{"dormant", "dormant", "would start it", func(h *host) { h.asleep = "/run/docker.sock" }},
		{"error", "silent", "status 404", func(h *host) { delete(h.answers["/run/docker.sock"], "/containers/json?all=1") }},
		{"no HTTP", "silent", "no HTTP", func(h *host) { h.answers["/run/docker.sock"]["/containers/json?all=1"] = []byte("hello\r\n\r\n") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := both(t)
			c.change(h)
			set := h.read(q)
			if len(set.Engines) != 1 || set.Engines[0].State != c.state {
				t.Errorf("engines %+v", set.Engines)
			}
			if c.gap == "" && len(set.Gaps) != 0 || c.gap != "" && (len(set.Gaps) != 1 || !strings.Contains(set.Gaps[0].Err, c.gap) || set.Gaps[0].Kind != fact.GapNoEngine) {
				t.Errorf("gaps %+v, want %q", set.Gaps, c.gap)
			}
			if len(set.Containers) != 1 || len(set.Links) != 1 || set.Containers[0].ID != fact.ContainerID("docker", hexA) {
				t.Errorf("the control group names it anyway: %+v", set)
			}
			if named := set.Containers[0].Name == "web"; named != (c.state == "answered") {
				t.Errorf("name %q", set.Containers[0].Name)
			}
		})
	}
}

// A dockerd that was told of another socket is asked there.
func TestReadEngineSocketFromCommandLine(t *testing.T) {
	for _, args := range [][]string{{"-H", "unix:///srv/d.sock"}, {"--host=unix:///srv/d.sock"}, {"-H", "tcp://0.0.0.0:2375", "-H", "unix:///srv/d.sock"}} {
		h := both(t)
		h.answers["/srv/d.sock"] = h.answers["/run/docker.sock"]
		delete(h.answers, "/run/docker.sock")
		p := proxy(4, "80", "172.17.0.2", "80")
		p.PPID = 2
		engine := command(2, append([]string{"/usr/bin/dockerd"}, args...)...)
		wantLinks(t, h.read(Query{Processes: []fact.Process{p, engine}}), "proc:4@1 forwards-to web")
		wantLinks(t, h.read(Query{Processes: []fact.Process{p, as(1000, engine)}}))
	}
}

// A forwarder inside a container forwards to that container's own containers.
func TestReadNestedForwarder(t *testing.T) {
	p := grouped("/docker/"+hostnetID, proxy(4, "80", "172.17.0.2", "80"))
	wantLinks(t, both(t).read(Query{Processes: []fact.Process{p}}), "proc:4@1 part-of hostnet")
}

func TestReadUnsupportedOS(t *testing.T) {
	h := both(t)
	do := h.effects()
	do.supported = false
	q := Query{Processes: []fact.Process{command(4, `C:\Program Files\Docker\com.docker.backend.exe`)}}
	set, err := newReader(q, do).read(context.Background())
	if err != nil || len(set.Gaps) != 1 || set.Gaps[0].Kind != fact.GapNotThisOS || len(h.calls) != 0 {
		t.Errorf("set %+v, %v, did %q", set, err, h.calls)
	}
}

func TestReadCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	q := Query{Processes: []fact.Process{proxy(4, "80", "172.17.0.2", "80")}}
	if _, err := newReader(q, both(t).effects()).read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
