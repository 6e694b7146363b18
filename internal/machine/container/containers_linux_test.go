package container

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// lookAt is what the inner run of this binary is to look at: see look.
var lookAt = flag.String("look.query", "", "the inner run's query, as JSON")

// TestMain lets this binary look at an engine's namespaces from within.
func TestMain(m *testing.M) {
	flag.Parse()
	if testbed.Inside() {
		if err := inner(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// looked is one port looked at inside an engine's namespaces.
type looked struct {
	Query Query
	Set   fact.Set
}

// look reads one port inside e, as root: the sockets and their holders first, by
// the kernel's own files, then the containers.
func look(t *testing.T, e *testbed.Engine, q Query) looked {
	t.Helper()
	return lookAs(t, e, q)
}

// lookAs is look by way of another program that changes who asks.
func lookAs(t *testing.T, e *testbed.Engine, q Query, by ...string) looked {
	t.Helper()
	text, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	const binary = "/run/look.test"
	if e.Try("test", "-x", binary).Code != 0 {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		e.Run("install", "-m", "755", self, binary)
	}
	argv := append(by, "env", "BERTH_INSIDE=1", binary, "-look.query", string(text))
	out := e.Run(argv[0], argv[1:]...)
	var l looked
	if err := json.Unmarshal([]byte(out), &l); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return l
}

func inner() error {
	var l looked
	if err := json.Unmarshal([]byte(*lookAt), &l.Query); err != nil {
		return err
	}
	for _, port := range l.Query.Ports {
		addHolders(&l.Query, port)
	}
	var err error
	if l.Set, err = Read(context.Background(), l.Query); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(l)
}

// addHolders adds the TCP listeners on port, the processes with a descriptor of
// them, and those processes' ancestors.
func addHolders(q *Query, port uint16) {
	sockets := map[string]fact.Socket{}
	for _, family := range []string{"tcp", "tcp6"} {
		b, _ := os.ReadFile("/proc/net/" + family)
		for line := range strings.Lines(string(b)) {
			if s, ok := listening(strings.Fields(line), port); ok {
				sockets[fmt.Sprintf("socket:[%d]", s.Inode())] = s
				q.Sockets = append(q.Sockets, s)
			}
		}
	}
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		target, _ := os.Readlink(fd)
		s, ok := sockets[target]
		if !ok {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(fd, "/")[2])
		p, err := liveProcess(pid)
		if err != nil {
			continue
		}
		q.Links = append(q.Links, fact.Link{From: s.ID, To: p.ID, Kind: fact.HeldBy})
		addChain(q, p)
	}
}

func addChain(q *Query, p fact.Process) {
	for !slices.ContainsFunc(q.Processes, func(o fact.Process) bool { return o.ID == p.ID }) {
		q.Processes = append(q.Processes, p)
		var err error
		if p, err = liveProcess(p.PPID); err != nil {
			return
		}
	}
}

// listening reads a line of /proc/net/tcp; only wildcard addresses are used here.
func listening(f []string, port uint16) (fact.Socket, bool) {
	if len(f) < 10 || f[3] != "0A" || !strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
		return fact.Socket{}, false
	}
	inode, _ := strconv.ParseUint(f[9], 10, 64)
	uid, _ := strconv.ParseUint(f[7], 10, 32)
	addr := netip.IPv4Unspecified()
	if len(f[1]) > 16 {
		addr = netip.IPv6Unspecified()
	}
	s := listener(fact.TCP, netip.AddrPortFrom(addr, port).String(), inode)
	*s.Linux.UID = uint32(uid)
	return s, true
}

// said renders the links by name, each kind of line once: "docker-proxy forwards-to web".
func (l looked) said() []string {
	names := map[fact.ID]string{}
	for _, p := range l.Query.Processes {
		names[p.ID] = program(p)
	}
	for _, s := range l.Query.Sockets {
		names[s.ID] = s.Local.String()
	}
	for _, r := range l.Query.Redirects {
		names[r.ID] = "redirect"
	}
	for _, c := range l.Set.Containers {
		names[c.ID] = c.Name
	}
	var out []string
	for _, k := range l.Set.Links {
		out = append(out, names[k.From]+" "+string(k.Kind)+" "+names[k.To])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (l looked) want(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := l.said(); !slices.Equal(got, want) {
		t.Errorf("links %q, want %q\nset %+v", got, want, l.Set)
	}
}

func (l looked) container(t *testing.T) fact.Container {
	t.Helper()
	if len(l.Set.Containers) != 1 {
		t.Fatalf("containers %+v, want one", l.Set.Containers)
	}
	return l.Set.Containers[0]
}

func httpd(port string) []string {
	return []string{testbed.Image, "/bin/httpd", "-f", "-p", port, "-h", "/www"}
}

func run(e *testbed.Engine, args ...string) string { return strings.TrimSpace(e.Container(args...)) }

func tcp(port uint16) Query { return Query{Ports: []uint16{port}} }

func TestContainersDocker(t *testing.T) {
	e := testbed.Docker(t)
	id := run(e, append([]string{"--name", "web", "-p", "80:80", "--restart", "on-failure", "--label", "com.docker.compose.project=shop",
		"--label", "com.docker.compose.service=front", "--label", "com.docker.compose.project.working_dir=/srv/shop"}, httpd("80")...)...)
	run(e, append([]string{"--name", "hostnet", "--network", "host"}, httpd("8090")...)...)
	e.CLI(append([]string{"create", "--name", "booked", "-p", "8081:80"}, httpd("80")...)...)

	t.Run("published", func(t *testing.T) {
		l := look(t, e, tcp(80))
		l.want(t, "docker-proxy forwards-to web", "0.0.0.0:80 published-by web", "[::]:80 published-by web")
		c := l.container(t)
		if c.Full != id || c.Project != "shop" || c.Service != "front" || c.WorkDir != "/srv/shop" || c.Restart != "on-failure" ||
			c.State != "running" || c.Network != "bridge" || c.PID == 0 || len(c.IPs) != 1 || len(c.Ports) != 2 {
			t.Errorf("container %+v", c)
		}
		if p, err := os.ReadFile(e.Root(fmt.Sprintf("/proc/%d/cgroup", c.PID))); err != nil || !strings.Contains(string(p), id) {
			t.Errorf("process %d of the container: %s, %v", c.PID, p, err)
		}
	})
	t.Run("host network", func(t *testing.T) {
		l := look(t, e, tcp(8090))
		l.want(t, "busybox part-of hostnet")
		if c := l.container(t); c.Network != "host" || len(c.Ports) != 0 {
			t.Errorf("container %+v", c)
		}
	})
	t.Run("no container", func(t *testing.T) {
		e.Start("busybox", "httpd", "-f", "-p", "8091")
		testbed.Await(t, "port 8091", func() bool { return e.Run("ss", "-Hltn", "sport = :8091") != "" })
		l := look(t, e, tcp(8091))
		l.want(t)
		if len(l.Query.Processes) == 0 || len(l.Set.Engines) != 0 {
			t.Errorf("query %+v, engines %+v", l.Query, l.Set.Engines)
		}
	})
	t.Run("booked", func(t *testing.T) {
		l := look(t, e, tcp(8081))
		l.want(t)
		if c := l.container(t); c.Name != "booked" || c.State != "created" || len(c.Ports) != 1 {
			t.Errorf("container %+v", c)
		}
		if l = look(t, e, tcp(8082)); len(l.Set.Containers) != 0 || len(l.Set.Engines) != 1 {
			t.Errorf("nobody's port: %+v", l.Set)
		}
	})
	t.Run("stale forwarder", func(t *testing.T) {
		// The engine's proxies die with it, so one is started as it would start it: it reports on descriptor 3.
		e.Start("sh", "-c", "exec docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8083 -container-ip 172.17.0.99 -container-port 80 3>/dev/null")
		testbed.Await(t, "port 8083", func() bool { return e.Run("ss", "-Hltn", "sport = :8083") != "" })
		l := look(t, e, tcp(8083))
		l.want(t)
		if len(l.Set.Containers) != 0 || len(l.Set.Gaps) != 0 || l.Set.Engines[0].State != "answered" {
			t.Errorf("set %+v", l.Set)
		}
	})
	t.Run("redirect", func(t *testing.T) {
		ip := strings.TrimSpace(e.CLI("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "web"))
		rule := fact.Redirect{ID: "r", Kind: "dnat", Proto: fact.TCP, From: 80, Last: 80, To: ip + ":80", Chain: "ip nat DOCKER"}
		look(t, e, Query{Redirects: []fact.Redirect{rule}}).want(t, "redirect forwards-to web")
		rule.To = "172.17.0.99:80"
		look(t, e, Query{Redirects: []fact.Redirect{rule}}).want(t)
	})
	t.Run("unprivileged", func(t *testing.T) { unprivileged(t, e) })
	t.Run("without proxies", func(t *testing.T) { withoutProxies(t, e) })
	t.Run("engine killed", func(t *testing.T) { engineKilled(t, e) })
}

// unprivileged cannot see who holds the port: the engine's answer is all there
// is, for those it answers.
func unprivileged(t *testing.T, e *testbed.Engine) {
	nobody := []string{"setpriv", "--reuid", "65534", "--regid", "65534", "--inh-caps=-all"}
	l := lookAs(t, e, tcp(80), append(nobody, "--clear-groups")...)
	l.want(t)
	if len(l.Set.Gaps) != 1 || l.Set.Gaps[0].Kind != fact.GapNoEngine || l.Set.Engines[0].State != "closed" || len(l.Query.Sockets) != 2 {
		t.Errorf("looked %+v", l)
	}
	l = lookAs(t, e, tcp(80), append(nobody, "--groups", "docker")...)
	l.want(t, "0.0.0.0:80 published-by web", "[::]:80 published-by web")
}

// withoutProxies starts the engine again with userland-proxy off: it then holds
// the published ports itself.
func withoutProxies(t *testing.T, e *testbed.Engine) {
	e.CLI("rm", "-f", "hostnet")
	e.CLI("kill", "web")
	args := engineArgs(t, e)
	e.Run("sh", "-c", "kill $(cat /run/docker.pid); while [ -e /run/docker.pid ]; do sleep 0.05; done")
	e.Start(args[0], append(args[1:], "--userland-proxy=false")...)
	testbed.Await(t, "dockerd", func() bool { return e.TryCLI("version").Code == 0 })
	e.CLI("start", "web")
	look(t, e, tcp(80)).want(t, "dockerd forwards-to web", "0.0.0.0:80 published-by web")
	e.CLI("rm", "-f", "web")
	look(t, e, tcp(80)).want(t)
	run(e, append([]string{"--name", "last", "--network", "host"}, httpd("8092")...)...)
}

func engineArgs(t *testing.T, e *testbed.Engine) []string {
	t.Helper()
	pid := strings.TrimSpace(e.Run("cat", "/run/docker.pid"))
	return strings.Split(strings.TrimRight(e.Run("cat", "/proc/"+pid+"/cmdline"), "\x00"), "\x00")
}

// engineKilled leaves a container running without its engine: the control group
// still names it, and the dead socket is a gap.
func engineKilled(t *testing.T, e *testbed.Engine) {
	testbed.Await(t, "the container to listen", func() bool { return e.Try("sh", "-c", "ss -Hltn sport = 8092 | grep -q .").Code == 0 })
	l := look(t, e, tcp(8092))
	l.want(t, "busybox part-of last")
	id, pid := l.container(t).Full, l.container(t).PID
	e.Run("sh", "-c", "kill -9 $(cat /run/docker.pid)")
	t.Cleanup(func() { // nobody else is left to do it
		e.Run("kill", "-9", strconv.Itoa(pid))
		testbed.Await(t, "the container's cgroups to go", func() bool {
			return e.Try("find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path", "*/docker/"+id+"*", "-exec", "rmdir", "{}", "+").Code == 0
		})
	})
	l = look(t, e, tcp(8092))
	l.want(t, "busybox part-of ") // without a name
	if c := l.container(t); c.Full != id || c.Evidence != "control group path" {
		t.Errorf("container %+v", c)
	}
	if len(l.Set.Gaps) != 1 || l.Set.Gaps[0].Kind != fact.GapNoEngine || l.Set.Engines[0].State != "silent" {
		t.Errorf("gaps %+v, engines %+v", l.Set.Gaps, l.Set.Engines)
	}
}

func TestContainersPodman(t *testing.T) {
	e := testbed.Podman(t)
	id := run(e, append([]string{"--name", "web", "-p", "80:80", "--label", "io.podman.compose.project=shop"}, httpd("80")...)...)
	run(e, append([]string{"--name", "hostnet", "--network", "host"}, httpd("8090")...)...)
	api := awaitAPI(t, e)

	t.Run("published", func(t *testing.T) {
		l := look(t, e, tcp(80))
		l.want(t, "conmon forwards-to web", "0.0.0.0:80 published-by web")
		if c := l.container(t); c.Full != id || c.Project != "shop" || c.PID == 0 || c.State != "running" || len(c.IPs) != 1 {
			t.Errorf("container %+v", c)
		}
	})
	t.Run("host network", func(t *testing.T) {
		l := look(t, e, tcp(8090))
		l.want(t, "busybox part-of hostnet")
		if c := l.container(t); c.Network != "host" {
			t.Errorf("container %+v", c)
		}
	})
	t.Run("redirect", func(t *testing.T) {
		rules := e.Run("iptables-save", "-t", "nat")
		comment := regexp.MustCompile(`--comment "(dnat name: [^"]*)"`).FindStringSubmatch(rules)
		if comment == nil {
			t.Fatalf("no rule of podman's in\n%s", rules)
		}
		rule := fact.Redirect{ID: "r", Kind: "dnat", From: 80, Last: 80, Comment: comment[1]}
		look(t, e, Query{Redirects: []fact.Redirect{rule}}).want(t, "redirect forwards-to web")
	})
	t.Run("without a service", func(t *testing.T) {
		e.Run("kill", api)
		e.Run("rm", "-f", e.Socket())
		l := look(t, e, tcp(80))
		l.want(t, "conmon forwards-to web")
		if c := l.container(t); c.Full != id || c.Evidence != "command line of conmon" || len(l.Set.Gaps) != 0 {
			t.Errorf("container %+v, gaps %+v", c, l.Set.Gaps)
		}
		look(t, e, tcp(8090)).want(t, "busybox part-of ")
	})
}

func TestContainersRootless(t *testing.T) {
	e := testbed.PodmanRootless(t)
	id := run(e, append([]string{"--name", "web", "-p", "8080:80"}, httpd("80")...)...)
	run(e, append([]string{"--name", "hostnet", "--network", "host"}, httpd("8090")...)...)
	api := awaitAPI(t, e)

	t.Run("published", func(t *testing.T) {
		l := look(t, e, tcp(8080))
		l.want(t, "rootlessport forwards-to web", "[::]:8080 published-by web")
		if c := l.container(t); c.Full != id || c.User != "20001" || c.PID == 0 {
			t.Errorf("container %+v", c)
		}
	})
	t.Run("host network", func(t *testing.T) { // no cgroup of its own here: its monitor names it
		l := look(t, e, tcp(8090))
		l.want(t, "busybox part-of hostnet")
	})
	t.Run("without a service", func(t *testing.T) {
		e.Run("kill", api)
		e.Run("rm", "-f", e.Socket())
		l := look(t, e, tcp(8080))
		l.want(t, "rootlessport forwards-to web")
		if c := l.container(t); c.Full != id || c.User != "20001" || c.State != "" {
			t.Errorf("container %+v", c)
		}
	})
}

// awaitAPI waits for the engine's API socket and returns the PID that serves it,
// as seen inside.
func awaitAPI(t *testing.T, e *testbed.Engine) string {
	t.Helper()
	testbed.Await(t, "the API", func() bool { return e.Try("test", "-S", e.Socket()).Code == 0 })
	out := e.Run("sh", "-c", `for p in /proc/[0-9]*; do tr '\0' ' ' <$p/cmdline | grep -q '^podman.* system service' && echo ${p#/proc/}; done; true`)
	pids := strings.Fields(out)
	if len(pids) == 0 {
		t.Fatal("no API service runs")
	}
	return pids[len(pids)-1]
}
