package testbed

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Place is somewhere a test can run commands: here, in a booted machine, beside a
// container engine. Every command runs in the place's own namespaces.
type Place struct {
	t       testing.TB
	pid     int      // a process of the place, as seen from the test; 0 is here
	enter   []string // what stands in front of every command
	own     bool     // programs of the test must be copied in
	windows bool     // programs are Windows programs
	berth   string   // path of the binary inside, once it is there
}

// Here is the test's own place: commands run in the namespace of the calling
// thread.
func Here(t testing.TB) *Place { return &Place{t: t} }

// PID is a process of the place as seen from the test, for /proc/PID/ns and
// /proc/PID/root; 0 when the place is the test's own.
func (p *Place) PID() int { return p.pid }

// Root is the path by which the test reaches path of the place.
func (p *Place) Root(path string) string {
	if p.pid == 0 {
		return path
	}
	return filepath.Join(procRoot(p.pid), path)
}

// Cmd is a command of the place that has not been started yet.
func (p *Place) Cmd(name string, args ...string) *exec.Cmd {
	argv := append(append(append([]string{}, p.enter...), name), args...)
	return Command(argv[0], argv[1:]...)
}

// Try runs a command in the place and returns what it said.
func (p *Place) Try(name string, args ...string) Result {
	p.t.Helper()
	return TryCmd(p.t, p.Cmd(name, args...))
}

// Run is [Place.Try] that fails the test unless the exit code is 0, and returns
// stdout.
func (p *Place) Run(name string, args ...string) string {
	p.t.Helper()
	r := p.Try(name, args...)
	if r.Code != 0 {
		p.t.Fatalf("%s %s: exit %d\n%s%s", name, strings.Join(args, " "), r.Code, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// Start starts a command in the place; it ends with the test.
func (p *Place) Start(name string, args ...string) *Child {
	p.t.Helper()
	return StartCmd(p.t, p.Cmd(name, args...))
}

// Put writes a file of the place, making its folders.
func (p *Place) Put(path string, data []byte, mode fs.FileMode) {
	p.t.Helper()
	if err := put(p.Root(path), data, mode); err != nil {
		p.t.Fatal(err)
	}
}

func put(path string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, data, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode) // whatever the umask says
}

// Berth runs the berth binary in the place, as root.
func (p *Place) Berth(args ...string) Result {
	p.t.Helper()
	return p.Try(p.BerthPath(), args...)
}

// BerthAs runs the berth binary in the place as another user, with that user's
// groups and without capabilities.
func (p *Place) BerthAs(user string, args ...string) Result {
	p.t.Helper()
	group := strings.TrimSpace(p.Run("id", "-g", user))
	return p.Try("setpriv", append([]string{"--reuid", user, "--regid", group, "--init-groups",
		"--inh-caps=-all", "--", p.BerthPath()}, args...)...)
}

// BerthPath brings the berth binary into the place, once, and returns its path
// there.
func (p *Place) BerthPath() string {
	p.t.Helper()
	if p.berth != "" {
		return p.berth
	}
	bin := Berth(p.t)
	if p.windows {
		bin = windowsBerth(p.t)
	}
	if p.own {
		p.berth = "/usr/local/bin/berth"
		p.copyIn(bin, p.berth)
		return p.berth
	}
	p.berth = bin
	return bin
}

func (p *Place) copyIn(from, to string) {
	p.t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Put(to, data, 0o755)
}

// Self runs one test of the running test binary inside the place, with
// BERTH_INSIDE=1 in its environment, for code that must look at the place from
// within (see [Inside]). The pattern is a -test.run pattern; flags of the inner
// test binary may follow. A test that is only ever run so is called TestInside...,
// which ./test leaves to others. The place must be a Linux one.
func (p *Place) Self(pattern string, flags ...string) Result {
	p.t.Helper()
	bin, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	if p.own {
		p.copyIn(bin, "/run/self.test")
		bin = "/run/self.test"
	}
	argv := append([]string{"BERTH_INSIDE=1", bin, "-test.v", "-test.run", pattern}, flags...)
	return p.Try("env", argv...)
}

// Inside reports whether this test binary was started by [Place.Self].
func Inside() bool { return os.Getenv("BERTH_INSIDE") == "1" }
