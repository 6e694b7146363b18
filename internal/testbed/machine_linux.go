package testbed

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

//go:embed boot.sh
var bootScript string

func boot(t testing.TB, p plan) *Machine {
	t.Helper()
	Need(t, TierSystemd, "root", "systemd-nspawn", "unshare", "nsenter")
	base := part(t, TierSystemd, "systemd-root") + "/root"
	top := overlayDir(t)
	for _, f := range p.files {
		if err := put(filepath.Join(top, "upper", f.path), []byte(f.data), f.mode); err != nil {
			t.Fatal(err)
		}
	}
	m := &Machine{Place: Place{t: t}, base: base, upper: filepath.Join(top, "upper")}
	m.start(p.enable...)
	return m
}

// start boots what is on the machine's disk, with units enabled before.
func (m *Machine) start(enable ...string) {
	m.t.Helper()
	top := filepath.Dir(m.upper)
	name := fmt.Sprintf("berth-test-%d-%s", os.Getpid(), filepath.Base(top))
	m.t.Cleanup(func() { removeCgroups(name) })
	m.sup = isolate(m.t, append([]string{"sh", "-c", bootScript, "boot", name, m.base, top}, enable...)...)
	m.Place = inside(m.t, leader(m.t, m.sup))
	m.own = true
	m.awaitBoot(m.sup)
}

func (m *Machine) reboot() {
	m.t.Helper()
	m.Try("systemctl", "reboot") // which may end it before it has said so
	Await(m.t, "the machine to shut down", m.sup.ended)
	m.start()
}

// isolate starts a command as PID 1 of a PID and mount namespace of its own (flags
// of unshare in front of it add to these). All of it is gone when the child is.
func isolate(t testing.TB, args ...string) *Child {
	t.Helper()
	argv := append([]string{"-m", "-p", "--mount-proc", "--propagation", "private", "--kill-child"}, args...)
	return startApart(t, Command("unshare", argv...))
}

// leader is the machine's PID 1: the child of nspawn, which is the child of unshare.
func leader(t testing.TB, sup *Child) int {
	t.Helper()
	var pid int
	Await(t, "the machine's first process", func() bool {
		if sup.ended() {
			t.Fatalf("boot: exit %d\n%s", sup.code, sup.Output())
		}
		for _, nspawn := range children(sup.PID()) {
			for _, kid := range children(nspawn) {
				if comm(kid) == "systemd" {
					pid = kid
				}
			}
		}
		return pid != 0
	})
	return pid
}

func comm(pid int) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func (m *Machine) awaitBoot(sup *Child) {
	m.t.Helper()
	var state string
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end) && !sup.ended(); time.Sleep(20 * time.Millisecond) {
		state = strings.TrimSpace(m.Try("systemctl", "is-system-running").Stdout)
		if state == "running" || state == "degraded" {
			return
		}
	}
	m.t.Fatalf("the machine did not come up, state %q:\n%s", state, sup.Output())
}

// part returns the folder of an expensive part that a script of the same name has
// put into the cache.
func part(t testing.TB, tier Tier, name string) string {
	t.Helper()
	root, err := ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	r := Try(t, filepath.Join(root, "scripts/testbed", name), "--path")
	if r.Code != 0 {
		missing(t, tier, name+" (make it once: scripts/testbed/"+name+")")
	}
	return strings.TrimSpace(r.Stdout)
}

// overlayDir is a folder for the upper half of an overlay. It is removed after the
// namespaces that use it have ended.
func overlayDir(t testing.TB) string {
	t.Helper()
	top, err := os.MkdirTemp("", "berth-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	if err := os.Chmod(top, 0o755); err != nil { // users inside must reach it
		t.Fatal(err)
	}
	for _, dir := range []string{"upper", "work", "root"} {
		if err := os.Mkdir(filepath.Join(top, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

// removeCgroups removes the empty cgroups that a machine leaves, leaves first.
func removeCgroups(name string) {
	for _, h := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"} {
		removeCgroup(filepath.Join(h, name))
	}
}

func removeCgroup(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			removeCgroup(filepath.Join(dir, e.Name()))
		}
	}
	// The kernel may need a moment to forget processes that were killed.
	for range 200 {
		if err := os.Remove(dir); err == nil || os.IsNotExist(err) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
