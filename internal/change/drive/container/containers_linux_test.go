package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/machine/container"
	"github.com/berthd/berth/internal/testbed"
)

// real is an engine, and a driver that reaches its socket from outside.
type real struct {
	*testbed.Engine
	Driver
	t      *testing.T
	engine string
}

func newReal(t *testing.T, e *testbed.Engine, engine string) real {
	d := Driver{dormant: container.Dormant, command: startProgram, settled: 5 * time.Second}
	d.dial = func(ctx context.Context, path string) (net.Conn, error) {
		var n net.Dialer
		return n.DialContext(ctx, "unix", e.Root(path))
	}
	testbed.Await(t, "the API", func() bool { return e.Try("test", "-S", e.Socket()).Code == 0 })
	return real{e, d, t, engine}
}

// runs starts a container that serves port 80 inside.
func (r real) runs(args ...string) plan.Subject {
	r.t.Helper()
	id := strings.TrimSpace(r.Container(append(args, testbed.Image, "/bin/httpd", "-f", "-p", "80", "-h", "/www")...))
	return plan.Subject{Kind: plan.Container, Name: id, Of: map[string]string{"engine": r.engine, "socket": r.Socket(), "grace": "1s"}}
}

func (r real) read(s plan.Subject) plan.State {
	r.t.Helper()
	got, err := r.Read(r.t.Context(), s)
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// set fails the test unless the state is reached, twice over.
func (r real) set(s plan.Subject, before, to plan.State) {
	r.t.Helper()
	for range 2 {
		if err := r.Set(r.t.Context(), s, before, to); err != nil {
			r.t.Fatal(err)
		}
	}
	if diff := plan.Differs(to, r.read(s)); len(diff) > 0 {
		r.t.Errorf("set %v: %v", to, diff)
	}
}

// listeners are the endpoints on a port with the names of their holders.
func (r real) listeners(port string) []string {
	r.t.Helper()
	names := regexp.MustCompile(`\("([^"]*)",`)
	var out []string
	for line := range strings.Lines(r.Run("ss", "-Hltnp", "sport = :"+port)) {
		f := strings.Fields(line)
		out = append(out, fmt.Sprint(f[3], " ", names.FindStringSubmatch(line)[1:]))
	}
	return out
}

// thereAndBack stops a container and starts it again: its port is free meanwhile, and
// everything is as it was behind.
func (r real) thereAndBack(s plan.Subject, port string) {
	r.t.Helper()
	testbed.Await(r.t, "port "+port, func() bool { return r.serves(port) })
	before, holders := r.read(s), r.listeners(port)
	if len(holders) == 0 || before["running"] != "yes" {
		r.t.Fatalf("holders %q, state %v", holders, before)
	}
	r.set(s, before, plan.State{"running": "no"})
	if got := r.listeners(port); len(got) != 0 {
		r.t.Errorf("stopped, and %q listen", got)
	}
	r.set(s, before, plan.State{"running": "yes"})
	testbed.Await(r.t, "port "+port+" again", func() bool { return r.serves(port) })
	if diff := cmp.Diff(before, r.read(s)); diff != "" {
		r.t.Error(diff)
	}
	if diff := cmp.Diff(holders, r.listeners(port)); diff != "" {
		r.t.Error(diff)
	}
}

func (r real) serves(port string) bool {
	return r.Try("curl", "-sf", "-m", "5", "http://127.0.0.1:"+port+"/").Code == 0
}

func TestContainersDocker(t *testing.T) {
	r := newReal(t, testbed.Docker(t), "docker")
	web := r.runs("--name", "web", "-p", "80:80")
	r.thereAndBack(web, "80")
	t.Run("restart policies", func(t *testing.T) {
		for _, policy := range []string{"always", "unless-stopped", "on-failure:5", "no"} {
			r.set(web, nil, plan.State{"restart": policy})
		}
		always := r.runs("--name", "always", "--restart", "always", "-p", "8081:80")
		before := r.read(always)
		if before["restart"] != "always" || before["returns"] != "yes" {
			t.Errorf("read %v", before)
		}
		r.thereAndBack(always, "8081")
		r.set(always, before, plan.State{"running": "no", "restart": "no"})
		r.set(always, before, plan.State{"running": "yes", "restart": "always"})
		if diff := cmp.Diff(before, r.read(always)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("paused", func(t *testing.T) {
		before := r.read(web)
		r.set(web, before, plan.State{"paused": "yes"})
		r.set(web, before, plan.State{"running": "no", "paused": "no"})
		r.set(web, before, plan.State{"running": "yes", "paused": "yes"})
		r.set(web, before, plan.State{"paused": "no"})
	})
	t.Run("a port that is taken", func(t *testing.T) {
		r.set(web, nil, plan.State{"running": "no"})
		other := r.runs("--name", "other", "-p", "80:80")
		if err := r.Set(t.Context(), web, nil, plan.State{"running": "yes"}); err == nil || !strings.Contains(err.Error(), "port is already allocated") {
			t.Errorf("error %v", err)
		}
		r.set(other, nil, plan.State{"running": "no"})
		r.set(web, nil, plan.State{"running": "yes"})
	})
	t.Run("removed when it stops", func(t *testing.T) { r.removed(r.runs("--name", "once", "--rm", "-p", "8082:80")) })
	t.Run("who may", r.dockerFor(web))
	t.Run("the daemon anew", func(t *testing.T) { r.anew(web) })
}

// removed: what was run with --rm is gone with its port, and does not come back.
func (r real) removed(s plan.Subject) {
	r.t.Helper()
	before := r.read(s)
	if before["autoremove"] != "yes" {
		r.t.Errorf("read %v", before)
	}
	r.set(s, before, plan.State{"running": "no"})
	if got := r.read(s); got["exists"] != "no" || len(r.listeners("8082")) != 0 {
		r.t.Errorf("read %v", got)
	}
	if err := r.Set(r.t.Context(), s, before, plan.State{"running": "yes"}); !errors.Is(err, plan.ErrFinal) {
		r.t.Errorf("started again: %v", err)
	}
}

// dockerFor asks as a user without and with the engine's group.
func (r real) dockerFor(s plan.Subject) func(t *testing.T) {
	return func(t *testing.T) {
		nobody := []string{"setpriv", "--reuid", "65534", "--regid", "65534", "--inh-caps=-all"}
		a := r.inside(s, nil, append(nobody, "--clear-groups")...)
		if !a.Denied || !strings.Contains(a.Err, r.Socket()) {
			t.Errorf("without the group: %+v", a)
		}
		if a = r.inside(s, nil, append(nobody, "--groups", "docker")...); a.Err != "" || a.State["running"] != "yes" {
			t.Errorf("with the group: %+v", a)
		}
		s.Of = maps.Clone(s.Of)
		delete(s.Of, "socket")
		if a = r.inside(s, nil); a.State["running"] != "yes" {
			t.Errorf("without a socket in the plan: %+v", a)
		}
	}
}

// anew ends the daemon: that is an error. Once it is started again, a container that
// was stopped is there only where its "returns" said so.
func (r real) anew(web plan.Subject) {
	r.t.Helper()
	stays := r.runs("--name", "stays", "--restart", "unless-stopped")
	returns := r.runs("--name", "returns", "--restart", "always")
	for _, s := range []plan.Subject{stays, returns, web} {
		r.set(s, nil, plan.State{"running": "no"})
	}
	pid := strings.TrimSpace(r.Run("cat", "/run/docker.pid"))
	argv := strings.Split(strings.TrimRight(r.Run("cat", "/proc/"+pid+"/cmdline"), "\x00"), "\x00")
	r.Run("sh", "-c", "kill $(cat /run/docker.pid); while [ -e /run/docker.pid ]; do sleep 0.05; done")
	if got, err := r.Read(r.t.Context(), web); err == nil || !strings.Contains(err.Error(), "docker does not run: on "+r.Socket()) {
		r.t.Errorf("without an engine: %v, %v", got, err)
	}
	if err := r.Set(r.t.Context(), web, nil, plan.State{"running": "no"}); err == nil {
		r.t.Error("set without an engine")
	}
	r.Start(argv[0], argv[1:]...)
	testbed.Await(r.t, "dockerd", func() bool { return r.TryCLI("version").Code == 0 })
	testbed.Await(r.t, "the container that returns", func() bool { return r.read(returns)["running"] == "yes" })
	for _, s := range []plan.Subject{stays, returns, web} {
		if got := r.read(s); got["running"] != got["returns"] {
			r.t.Errorf("read %v", got)
		}
	}
}

func TestContainersPodman(t *testing.T) {
	r := newReal(t, testbed.Podman(t), "podman")
	web := r.runs("--name", "web", "-p", "80:80")
	r.thereAndBack(web, "80")
	r.removed(r.runs("--name", "once", "--rm", "-p", "8082:80"))
	if err := r.Set(t.Context(), web, nil, plan.State{"restart": "always"}); err == nil { // podman 4 cannot
		if got := r.read(web)["restart"]; got != "always" {
			t.Errorf("restart %s", got)
		}
	}
	t.Run("without its service", func(t *testing.T) {
		// The engine of this test has its containers elsewhere than podman by itself.
		r.Put("/etc/containers/storage.conf", []byte("[storage]\ndriver = \"overlay\"\nrunroot = \"/run/containers\"\ngraphroot = \""+r.graphRoot()+"\"\n"), 0o644)
		r.Put("/etc/containers/containers.conf", []byte("[engine]\ncgroup_manager = \"cgroupfs\"\n"), 0o644)
		r.endService()
		r.byProgram(web)
	})
}

func TestContainersRootless(t *testing.T) {
	r := newReal(t, testbed.PodmanRootless(t), "podman")
	web := r.runs("--name", "web", "-p", "8080:80")
	web.Of["user"] = "20001"
	r.thereAndBack(web, "8080")
	t.Run("without its service", func(t *testing.T) {
		r.Put("/etc/containers/containers.conf", []byte("[engine]\ncgroup_manager = \"cgroupfs\"\n"), 0o644)
		r.endService()
		r.byProgram(web)
		a := r.inside(web, nil, "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all")
		if !a.Denied || !strings.Contains(a.Err, "uid 20001's, who can type: podman container") {
			t.Errorf("as another user: %+v", a)
		}
	})
}

// byProgram stops and starts a container of an engine that has no service.
func (r real) byProgram(s plan.Subject) {
	r.t.Helper()
	want := plan.State{"running": "yes"}
	for _, to := range []string{"no", "no", "yes", "yes"} {
		want["running"] = to
		a := r.inside(s, want)
		if a.Err != "" || a.State["running"] != to || a.State["name"] != "web" {
			r.t.Errorf("%s: %+v", to, a)
		}
	}
	s.Name = strings.Repeat("0", 64)
	if a := r.inside(s, nil); a.State["exists"] != "no" {
		r.t.Errorf("one that is not there: %+v", a)
	}
}

func (r real) graphRoot() string {
	r.t.Helper()
	return strings.TrimSpace(r.CLI("info", "--format", "{{.Store.GraphRoot}}"))
}

func (r real) endService() {
	r.t.Helper()
	r.Run("sh", "-c", `for p in /proc/[0-9]*; do tr '\0' ' ' <$p/cmdline | grep -q '^podman.* system service' && kill ${p#/proc/}; done; true`)
	testbed.Await(r.t, "the service to end", func() bool {
		var n net.Dialer
		c, err := n.DialContext(r.t.Context(), "unix", r.Root(r.Socket()))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

// answer is what the driver says from within.
type answer struct {
	State  plan.State
	Err    string
	Denied bool
}

type question struct {
	Subject plan.Subject
	To      plan.State
}

// inside sets and reads a container within the engine's namespaces, by way of another
// program that changes who asks.
func (r real) inside(s plan.Subject, to plan.State, by ...string) answer {
	r.t.Helper()
	const binary = "/run/drive.test"
	if r.Try("test", "-x", binary).Code != 0 {
		self, err := os.Executable()
		if err != nil {
			r.t.Fatal(err)
		}
		r.Run("install", "-m", "755", self, binary)
	}
	text, err := json.Marshal(question{s, to})
	if err != nil {
		r.t.Fatal(err)
	}
	argv := append(by, "env", "BERTH_QUESTION="+string(text), binary, "-test.run", "^TestInsideAnswers$", "-test.v")
	out := r.Run(argv[0], argv[1:]...)
	_, out, _ = strings.Cut(out, "ANSWER ")
	var a answer
	if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &a); err != nil {
		r.t.Fatalf("%v in %s", err, out)
	}
	return a
}

// TestInsideAnswers is run by the tests above, in an engine's namespaces.
func TestInsideAnswers(t *testing.T) {
	var q question
	if os.Getenv("BERTH_QUESTION") == "" {
		return // nobody asks
	}
	if err := json.Unmarshal([]byte(os.Getenv("BERTH_QUESTION")), &q); err != nil {
		t.Fatal(err)
	}
	var a answer
	err := error(nil)
	if q.To != nil {
		err = New().Set(t.Context(), q.Subject, nil, q.To)
	}
	if err == nil {
		a.State, err = New().Read(t.Context(), q.Subject)
	}
	if err != nil {
		a.Err, a.Denied = err.Error(), errors.Is(err, fs.ErrPermission)
	}
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("ANSWER %s\n", b)
}
