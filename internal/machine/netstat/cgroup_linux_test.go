package netstat

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// newCgroup makes a control group with a child below the unified mount.
func newCgroup(t *testing.T) (path string, dir *os.File) {
	t.Helper()
	mount := "/sys/fs/cgroup"
	if _, err := os.Stat(mount + "/unified/cgroup.procs"); err == nil {
		mount += "/unified"
	}
	testbed.Need(t, testbed.TierNetns, "root", mount+"/cgroup.procs", "socat")
	outer := fmt.Sprintf("/berth-netstat-%d", os.Getpid())
	path = outer + "/inner"
	if err := os.MkdirAll(mount+path, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		testbed.Await(t, "the control group to be empty", func() bool { return unix.Rmdir(mount+path) == nil })
		if err := unix.Rmdir(mount + outer); err != nil {
			t.Error(err)
		}
	})
	dir, err := os.Open(mount + path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return path, dir
}

func TestNetnsControlGroupOfTheCreator(t *testing.T) {
	path, dir := newCgroup(t)
	testbed.Netns(t, func() {
		cmd := testbed.Command("socat", "TCP-LISTEN:80", "-")
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd())}
		child := testbed.StartCmd(t, cmd)
		defer child.Stop()
		bindTo(t, unix.SOCK_STREAM, "127.0.0.1:81", 1)
		testbed.Await(t, "socat to listen", func() bool { return len(mustRead(t, Query{Ports: []uint16{80}}).Sockets) == 1 })
		asRoot := mustRead(t, Query{}).Sockets
		if got := asRoot[0].Linux.Cgroup; got != path {
			t.Errorf("cgroup %q, want %q", got, path)
		}
		if got := asRoot[1].Linux.Cgroup; got == path {
			t.Errorf("the twin outside has cgroup %q too", got)
		}
		var asUser []fact.Socket
		unprivileged(func() { asUser = mustRead(t, Query{}).Sockets })
		for i := range asRoot {
			asRoot[i].Linux.Mark = 0
		}
		if d := cmp.Diff(asRoot, asUser, cmpopts.EquateComparable(netip.AddrPort{})); d != "" {
			t.Errorf("without rights: %s", d)
		}
		if asUser[0].Inode() == 0 || *asUser[0].Linux.UID != 0 || asUser[0].Linux.CgroupID < 2 {
			t.Errorf("without rights: %+v, want inode, uid and cgroup", asUser[0].Linux)
		}
	})
}
