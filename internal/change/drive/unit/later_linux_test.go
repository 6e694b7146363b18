package unit

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

// inSession runs a case of the calling test in the machine as a user: a process of
// its own that is gone when it has returned.
func inSession(t *testing.T, m *testbed.Machine, user, which string) {
	t.Helper()
	bin, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	const self = "/opt/self.test"
	m.Put(self, bin, 0o755)
	argv := []string{"env", "BERTH_INSIDE=1", "BERTH_CASE=" + which, self, "-test.v", "-test.run", "^" + t.Name() + "$"}
	if user != "root" {
		argv = append([]string{"setpriv", "--reuid", user, "--regid", user, "--init-groups", "--inh-caps=-all"}, argv...)
	}
	if r := m.Try(argv[0], argv[1:]...); r.Code != 0 || !strings.Contains(r.Stdout, "--- PASS: "+t.Name()) {
		t.Fatalf("%s as %s: exit %d\n%s%s", which, user, r.Code, r.Stdout, r.Stderr)
	}
}

func TestSystemdLaterOutlivesTheSession(t *testing.T) {
	const name = "berth-revert-7"
	argv := []string{"/bin/sh", "-c", "echo \"$1 $(id -u)\" >/var/tmp/fired", "sh", "gone; ${HOME} $HOME %n"}
	if testbed.Inside() {
		d := New("/")
		if err := d.Later(patient(t), name, 2*time.Second, []string{"/bin/false"}, "never runs"); err != nil {
			t.Fatal(err)
		}
		if err := d.Later(patient(t), name, time.Second, argv, "berth takes a change back"); err != nil { // takes its place
			t.Fatal(err)
		}
		return
	}
	m := testbed.Boot(t)
	d, was := New(m.Root("/")), m.State()
	inSession(t, m, "root", "later")
	if got := m.Unit(name+".timer", "ActiveState") + " " + m.Unit(name+".timer", "Description"); got != "active berth takes a change back" {
		t.Errorf("the timer is %q", got)
	}
	testbed.Await(t, "the timer", func() bool { return m.Try("cat", "/var/tmp/fired").Stdout == "gone; ${HOME} $HOME %n 0\n" })
	testbed.Await(t, "the units to be gone", func() bool { return !strings.Contains(m.Run("systemctl", "list-units", "--all"), name) })
	if diff := testbed.Diff(was, m.State()); len(diff) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(diff, "\n"))
	}

	// The twin: cancelled.
	m.Run("rm", "/var/tmp/fired")
	if err := d.Later(patient(t), name, time.Hour, argv, "later"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.CancelLater(patient(t), name); err != nil {
			t.Errorf("cancel: %v", err)
		}
	}
	if diff := testbed.Diff(was, m.State()); len(diff) > 0 || m.Try("cat", "/var/tmp/fired").Code == 0 {
		t.Errorf("cancelled, left behind:\n%s", strings.Join(diff, "\n"))
	}

	// Too late, and a program that fails leaves as little.
	if err := d.Later(patient(t), name, time.Millisecond, []string{"/bin/sh", "-c", "while [ ! -e /var/tmp/end ]; do sleep 0.1; done; exit 1"}, "slow"); err != nil {
		t.Fatal(err)
	}
	testbed.Await(t, "the program", func() bool { return m.Unit(name+".service", "ActiveState") == "activating" })
	if err := d.CancelLater(patient(t), name); !errors.Is(err, ErrFired) {
		t.Errorf("cancelled too late: %v", err)
	}
	if err := d.Later(patient(t), name, time.Hour, argv, "later"); !errors.Is(err, ErrFired) {
		t.Errorf("a timer in place of one that fired: %v", err)
	}
	m.Put("/var/tmp/end", nil, 0o644)
	testbed.Await(t, "the units to be gone", func() bool { return !strings.Contains(m.Run("systemctl", "list-units", "--all"), name) })
	if diff := testbed.Diff(was, m.State()); len(diff) > 0 {
		t.Errorf("failed, left behind:\n%s", strings.Join(diff, "\n"))
	}
}

func TestSystemdNotPermitted(t *testing.T) {
	if testbed.Inside() {
		d := New("/")
		if st := read(t, d, "nginx.service"); st["active"] != "active" || st["enabled"] != "enabled" {
			t.Errorf("read as a user: %v", st)
		}
		for _, to := range []plan.State{{"active": "inactive"}, {"enabled": "disabled"}, {"enabled": "masked"}} {
			if err := d.Set(patient(t), subject("nginx.service"), nil, to); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("to %v as a user: %v", to, err)
			}
		}
		for _, name := range []string{"nginx.service", "systemd"} {
			if err := d.Set(patient(t), plan.Subject{Kind: plan.Reload, Name: name}, nil, nil); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("reload of %s as a user: %v", name, err)
			}
		}
		if err := d.Later(patient(t), "x", time.Second, []string{"/bin/true"}, "x"); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("later as a user: %v", err)
		}
		return
	}
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"))
	m.AwaitUnit("nginx.service", "active")
	was := m.State()
	inSession(t, m, "alice", "user")
	if diff := testbed.Diff(was, m.State()); len(diff) > 0 {
		t.Errorf("a user changed:\n%s", strings.Join(diff, "\n"))
	}
}

func TestSystemdUserManager(t *testing.T) {
	of := func(name string) plan.Subject {
		return plan.Subject{Kind: plan.Unit, Name: name, Of: map[string]string{"manager": "1000"}}
	}
	off := plan.State{"active": "inactive", "enabled": "disabled"}
	if testbed.Inside() {
		if os.Getenv("BERTH_CASE") == "root" {
			insideRoot(t, of("mine.service"))
			return
		}
		d := New("/")
		before, err := d.Read(patient(t), of("mine.service"))
		if err != nil || before["active"] != "active" || before["enabled"] != "enabled" || !strings.Contains(before["links"], "/.config/") {
			t.Fatalf("read: %v, %v", before, err)
		}
		for _, to := range []plan.State{off, {"active": "active", "enabled": "enabled"}} {
			if err := d.Set(patient(t), of("mine.service"), before, to); err != nil {
				t.Errorf("to %v: %v", to, err)
			}
			if now, err := d.Read(patient(t), of("mine.service")); err != nil || len(plan.Differs(to, now)) > 0 {
				t.Errorf("to %v: %v, %v", to, now, err)
			}
		}
		return
	}
	m := testbed.Boot(t, testbed.WithFile("/etc/systemd/user/mine.service", sleeper("[Install]\nWantedBy=default.target\n")),
		testbed.WithFile("/etc/systemd/system/user@.service.d/no-pam.conf", "[Service]\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i\n"))
	if r := m.Try("systemctl", "start", "user@1000.service"); r.Code != 0 {
		t.Fatalf("%+v\n%s", r, m.Run("journalctl", "-b", "-u", "user@1000.service", "-u", "user-runtime-dir@1000.service"))
	}
	user := func(args ...string) {
		m.Run("setpriv", append([]string{"--reuid=alice", "--regid=alice", "--init-groups", "env", "XDG_RUNTIME_DIR=/run/user/1000", "HOME=/home/alice", "systemctl", "--user", "--quiet"}, args...)...)
	}
	user("enable", "--now", "mine.service")
	was := m.State()
	inSession(t, m, "alice", "user")
	if diff := testbed.Diff(was, m.State()); len(diff) > 0 {
		t.Errorf("undone:\n%s", strings.Join(diff, "\n"))
	}
	inSession(t, m, "root", "root")
}

// insideRoot is root with a user's manager: it may stop a unit, and does not write into
// the folders of another.
func insideRoot(t *testing.T, s plan.Subject) {
	t.Helper()
	d := New("/")
	before, err := d.Read(patient(t), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Set(patient(t), s, before, plan.State{"active": "inactive", "enabled": "disabled"}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("root disables a user's unit: %v", err)
	}
	if now, err := d.Read(patient(t), s); err != nil || now["active"] != "active" {
		t.Errorf("refused, and yet: %v, %v", now, err)
	}
	for _, active := range []string{"inactive", "active"} {
		if err := d.Set(patient(t), s, before, plan.State{"active": active}); err != nil {
			t.Error(err)
		}
	}
	if os.Geteuid() != 0 {
		t.Error("root is root no more")
	}
}

// The bus daemon itself may be what is down; root still reaches the manager.
func TestSystemdWithoutABus(t *testing.T) {
	if testbed.Inside() {
		d, off := New("/"), plan.State{"active": "inactive", "enabled": "masked"}
		before := read(t, d, "nginx.service")
		set(t, d, "nginx.service", before, off)
		if diff := plan.Differs(off, read(t, d, "nginx.service")); len(diff) > 0 {
			t.Errorf("done: %+v", diff)
		}
		set(t, d, "nginx.service", before, before)
		return
	}
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"))
	m.AwaitUnit("nginx.service", "active")
	m.Run("systemctl", "stop", "dbus.socket", "dbus.service")
	if r := m.Try("busctl", "status"); r.Code == 0 {
		t.Error("the bus is there, and this test shows nothing")
	}
	was := m.State()
	inSession(t, m, "root", "root") // the private socket serves nobody from outside
	if diff := testbed.Diff(was, m.State()); len(diff) > 0 {
		t.Errorf("undone:\n%s", strings.Join(diff, "\n"))
	}
}

func TestSystemdNotBooted(t *testing.T) {
	d := New(t.TempDir())
	_, err := d.Read(context.Background(), subject("nginx.service"))
	if d.Present() || !errors.Is(err, ErrNoSystemd) {
		t.Errorf("no systemd: %v", err)
	}
	m := testbed.Boot(t)
	if !New(m.Root("/")).Present() {
		t.Error("a booted machine has no systemd")
	}
}
