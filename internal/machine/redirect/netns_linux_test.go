package redirect

import (
	"context"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

// inNetns runs f in a network namespace of its own.
func inNetns(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread dies with its namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		defer func() { done <- err }()
		if err == nil {
			f()
		}
	}()
	if err := <-done; err != nil {
		t.Skipf("no network namespace: %v", err)
	}
}

func run(t *testing.T, line string) {
	t.Helper()
	args := strings.Fields(line)
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
}

func TestNetnsIptablesNftRedirect(t *testing.T) {
	inNetns(t, func() {
		run(t, "iptables-nft -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080")
		set, err := Read(context.Background(), Query{Ports: []uint16{80}})
		if err != nil || len(set.Gaps) > 0 || len(set.Redirects) != 1 {
			t.Errorf("%+v %v", set, err)
			return
		}
		if r := set.Redirects[0]; !r.Takes(fact.TCP, 80) || r.To != ":8080" || r.Hook != "prerouting" || r.Partial {
			t.Errorf("%+v", r)
		}
		if set, _ = Read(context.Background(), Query{Ports: []uint16{8080}}); len(set.Redirects) != 0 {
			t.Errorf("8080: %+v", set)
		}
	})
}
