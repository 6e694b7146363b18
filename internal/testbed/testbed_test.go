package testbed_test

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

func TestNetnsHasPortEightyOfItsOwn(t *testing.T) {
	hold := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	testbed.Netns(t, func() {
		defer hold().Close()
		testbed.Netns(t, func() { // a second namespace does not see the first one's port
			defer hold().Close()
			if _, err := net.Listen("tcp", "127.0.0.1:80"); err == nil {
				t.Error("port 80 could be bound twice in one namespace")
			}
		})
	})
}

// What is on the disk outlives a reboot; processes, /run and PID 1 do not.
func TestSystemdReboot(t *testing.T) {
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"))
	m.Put("/etc/kept", []byte("x"), 0o644)
	m.Put("/run/lost", []byte("x"), 0o644)
	m.Run("systemctl", "disable", "-q", "nginx")
	m.AwaitUnit("nginx.service", "active")
	was := m.Leader()
	m.Reboot()
	if m.Run("cat", "/etc/kept") != "x" || m.Try("cat", "/run/lost").Code == 0 || m.Unit("nginx.service", "ActiveState") != "inactive" || m.Leader() == was {
		t.Error("not as a machine is after a reboot")
	}
}

func TestSystemdBootsCleanMachines(t *testing.T) {
	m := testbed.Boot(t)
	if got := m.Run("ss", "-Hltn"); got != "" {
		t.Errorf("a machine with nothing enabled listens: %s", got)
	}
	m.Put("/etc/mark", []byte("first"), 0o644)
	if got := m.Run("cat", "/etc/mark"); got != "first" {
		t.Errorf("put: got %q", got)
	}
	m.Run("systemctl", "start", "nginx")
	m.AwaitUnit("nginx.service", "active")

	second := testbed.Boot(t) // beside the first, which keeps its port 80
	if r := second.Try("cat", "/etc/mark"); r.Code == 0 {
		t.Error("the second machine has the first one's file")
	}
	second.Run("systemctl", "start", "apache2")
	if m.Unit("nginx.service", "ActiveState") != "active" {
		t.Error("the first machine lost its nginx")
	}
}

// Two servers are enabled for one port: one of them wins at boot.
func TestSystemdBootsWithUnitsEnabled(t *testing.T) {
	m := testbed.Boot(t, testbed.WithEnabled("nginx", "apache2"))
	nginx, apache := m.Unit("nginx", "ActiveState"), m.Unit("apache2", "ActiveState")
	if (nginx == "active") == (apache == "active") {
		t.Errorf("nginx %s, apache2 %s: want one active", nginx, apache)
	}
}

func TestSystemdMachineRunsAsAnotherUser(t *testing.T) {
	m := testbed.Boot(t, testbed.WithFile("/etc/mark", "x"))
	if got := m.Run("setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups", "id", "-un"); got != "alice\n" {
		t.Errorf("user: %q", got)
	}
	for name, r := range map[string]testbed.Result{"root": m.Berth("version"), "alice": m.BerthAs("alice", "version")} {
		if r.Code != 0 || !strings.Contains(r.Stdout, "berth") {
			t.Errorf("berth version as %s: %+v", name, r)
		}
	}
	if got := m.Run("cat", "/etc/mark"); got != "x" {
		t.Errorf("file put before the boot: %q", got)
	}
}

func TestSystemdCommandsAreSignalledAndStoppedInside(t *testing.T) {
	m := testbed.Boot(t)
	c := m.Start("sleep", "1000")
	testbed.Await(t, "sleep to run", func() bool { return m.Try("pgrep", "-x", "sleep").Code == 0 })
	if c.Inner() == c.PID() {
		t.Error("the command's own process is not told from nsenter")
	}
	c.Stop()
	testbed.Await(t, "sleep to be gone", func() bool { return m.Try("pgrep", "-x", "sleep").Code == 1 })
	r := m.Self("^TestInsideIsSystemdsMachine$")
	if r.Code != 0 || !strings.Contains(r.Stdout, "PASS: TestInsideIsSystemdsMachine") {
		t.Errorf("test inside: %+v", r)
	}
}

func TestInsideIsSystemdsMachine(t *testing.T) {
	if !testbed.Inside() {
		t.Skip("runs inside a booted machine only")
	}
	if name, err := os.ReadFile("/proc/1/comm"); err != nil || string(name) != "systemd\n" {
		t.Errorf("PID 1 is %q, %v", name, err)
	}
}
