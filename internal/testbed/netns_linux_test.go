package testbed_test

import (
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

func TestNetnsChildrenShareTheNamespace(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "ss")
	testbed.Netns(t, func() {
		if got := testbed.Run(t, "ss", "-Hltn"); got != "" {
			t.Errorf("a fresh namespace listens: %s", got)
		}
		l, err := net.Listen("tcp", "127.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if got := testbed.Run(t, "ss", "-Hltn"); !strings.Contains(got, "127.0.0.1:80") {
			t.Errorf("a child does not see the namespace's port 80: %q", got)
		}
	})
}

func TestNetnsChildEndsWithItsTest(t *testing.T) {
	var pid int
	t.Run("inner", func(t *testing.T) {
		testbed.Netns(t, func() {
			c := testbed.Start(t, "sh", "-c", "echo ready; read line; echo $line; exec sleep 1000")
			c.AwaitOutput("ready")
			c.Say("hello\n")
			c.AwaitOutput("hello")
			pid = c.PID()
		})
		if err := syscall.Kill(pid, 0); err != nil {
			t.Errorf("the child is gone before the end of its test: %v", err)
		}
	})
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("the child outlived its test: %v", err)
	}
}

func TestNetnsChildTakesASignal(t *testing.T) {
	e := testbed.Here(t).Start("sh", "-c", "trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.01; done")
	e.AwaitOutput("ready")
	e.Signal(syscall.SIGTERM)
	if code := e.Wait(); code != 7 || !strings.Contains(e.Output(), "caught") {
		t.Errorf("exit %d, %q", code, e.Output())
	}
}
