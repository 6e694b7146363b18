package process

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/fdscan"
)

func TestHoldersFindsOwnListenerAndNoOther(t *testing.T) {
	file, mine := listen(t)
	_, other := listen(t)
	set := holders(t, Query{Sockets: []fact.Socket{mine}})
	if diff := cmp.Diff(map[int]fact.LinkKind{os.Getpid(): fact.HeldBy}, held(set, mine)); diff != "" {
		t.Error(diff)
	}
	if got := held(set, other); len(got) != 0 {
		t.Errorf("a socket that was not asked for: %v", got)
	}
	for _, l := range set.Links {
		if l.From == mine.ID && l.Note != fmt.Sprintf("fd %d", file.Fd()) {
			t.Errorf("note %q, descriptor %d", l.Note, file.Fd())
		}
	}
}

func TestHoldersOfASocketWithoutInodeIsEmpty(t *testing.T) {
	set := holders(t, Query{Sockets: []fact.Socket{{ID: "sock:tcp:x#0", State: fact.TimeWait}}})
	if len(set.Links)+len(set.Gaps)+len(set.Processes) != 0 {
		t.Errorf("got %+v", set)
	}
}

func TestHoldersFindsAllWorkersOfOneProgram(t *testing.T) {
	file, k := listen(t)
	a := child(t, os.Args[0], []string{"BERTH_ROLE=hold"}, file).Process.Pid
	b := child(t, os.Args[0], []string{"BERTH_ROLE=hold"}, file).Process.Pid
	set := holders(t, Query{Sockets: []fact.Socket{k}})
	want := map[int]fact.LinkKind{os.Getpid(): fact.HeldBy, a: fact.HeldBy, b: fact.HeldBy}
	if diff := cmp.Diff(want, held(set, k)); diff != "" {
		t.Error(diff)
	}
	me, _ := describe(t, os.Getpid())
	for _, p := range set.Processes {
		if (p.PID == a || p.PID == b) && !linked(set, p.ID, me.ID, fact.ChildOf) {
			t.Errorf("no ChildOf link from %s", p.ID)
		}
	}
}

func linked(set fact.Set, from, to fact.ID, kind fact.LinkKind) bool {
	for _, l := range set.Links {
		if l.From == from && l.To == to && l.Kind == kind {
			return true
		}
	}
	return false
}

// Another program that waits on the descriptor is a holder, one that sleeps is an heir.
func TestHoldersTellsAnHeirFromAWorker(t *testing.T) {
	file, k := listen(t)
	heir := child(t, sleep(t), nil, file).Process.Pid
	worker := child(t, program(t), []string{"BERTH_ROLE=accept"}, file).Process.Pid
	want := map[int]fact.LinkKind{os.Getpid(): fact.HeldBy, heir: fact.InheritedBy, worker: fact.HeldBy}
	await(t, "the worker's accept and the heir's sleep", func() bool {
		return cmp.Equal(want, held(holders(t, Query{Sockets: []fact.Socket{k}}), k))
	})
}

// The only holder's creator is gone: the kernel does not say so, its sleep does.
func TestHoldersTellsALeftOverHeir(t *testing.T) {
	for _, c := range []struct {
		program, args string
		want          fact.LinkKind
	}{
		{sleep(t), "60", fact.InheritedBy},
		{program(t), "", fact.HeldBy},
	} {
		file, k := listen(t)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "BERTH_ROLE=leave", "BERTH_CHILD="+c.program, "BERTH_CHILD_ARGS="+c.args)
		cmd.ExtraFiles = []*os.File{file}
		pid, err := strconv.Atoi(start(t, cmd))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
		file.Close()
		cmd.Wait()
		await(t, "the orphan "+c.program, func() bool {
			return cmp.Equal(map[int]fact.LinkKind{pid: c.want}, held(holders(t, Query{Sockets: []fact.Socket{k}}), k))
		})
	}
}

func TestHoldersOfAPassedDescriptor(t *testing.T) {
	file, k := listen(t)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	mine, its := os.NewFile(uintptr(pair[0]), "mine"), os.NewFile(uintptr(pair[1]), "its")
	defer mine.Close()
	defer its.Close()
	if err := unix.Sendmsg(pair[0], []byte{0}, unix.UnixRights(int(file.Fd())), nil, 0); err != nil {
		t.Fatal(err)
	}
	pid := child(t, program(t), []string{"BERTH_ROLE=receive"}, its).Process.Pid
	got := held(holders(t, Query{Sockets: []fact.Socket{k}}), k)
	if got[os.Getpid()] != fact.HeldBy || got[pid] == "" {
		t.Errorf("got %v, want %d and %d", got, os.Getpid(), pid)
	}
}

// A thread may have a table of its own, which /proc/PID/fd does not show.
func TestHoldersFindsAThreadsOwnTable(t *testing.T) {
	var st unix.Stat_t
	var err error
	onOtherThread(t, func() {
		if err = unix.Unshare(unix.CLONE_FILES); err != nil {
			return
		}
		var fd int
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err == nil {
			err = unix.Fstat(fd, &st)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	k := fact.Socket{ID: "sock:tcp:thread", Linux: &fact.LinuxSocket{Inode: st.Ino}}
	for _, q := range searches(Query{Sockets: []fact.Socket{k}}) {
		set, err := q.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[int]fact.LinkKind{os.Getpid(): fact.HeldBy}, held(set, k)); diff != "" {
			t.Errorf("bpf %v: %s", q.bpf != nil, diff)
		}
	}
}

// searches is the query by walking, and as Holders does it.
func searches(q Query) []*search {
	walk, live := newSearch("/proc", q), newSearch("/proc", q)
	live.live()
	return []*search{walk, live}
}

func TestHoldersSeesAReusedPID(t *testing.T) {
	_, k := listen(t)
	stale := []fdscan.Hit{{PID: os.Getpid(), FD: 0, Inode: k.Inode()}}
	for _, young := range []bool{true, false} {
		s := newSearch("/proc", Query{Sockets: []fact.Socket{k}})
		if young {
			s.began = 0 // everybody was born after the search
		}
		s.take(stale)
		s.link()
		set := s.d.done()
		if hasGap(set, fact.GapPIDReused, "") != young || hasGap(set, fact.GapVanished, "") == young || len(held(set, k)) != 0 {
			t.Errorf("young %v: got %+v", young, set)
		}
	}
}

// A worker that was born while the search ran is a holder, not a reused PID.
func TestHoldersFindsTheNewborn(t *testing.T) {
	_, k := listen(t)
	s := newSearch("/proc", Query{Sockets: []fact.Socket{k}})
	s.began = 0
	set, err := s.run(t.Context())
	if err != nil || held(set, k)[os.Getpid()] != fact.HeldBy || hasGap(set, fact.GapPIDReused, "") {
		t.Errorf("got %+v, %v", set, err)
	}
}

// A row that was read before the PID went to another process is not that process.
func TestHoldersComparesStartTimes(t *testing.T) {
	_, k := listen(t)
	s := newSearch("/proc", Query{Sockets: []fact.Socket{k}})
	p, err := s.d.process(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	p.Linux.StartTicks--
	set, err := s.run(t.Context())
	if err != nil || !hasGap(set, fact.GapPIDReused, "") || len(held(set, k)) != 0 {
		t.Errorf("got %+v, %v", set, err)
	}
}

func TestHoldersThatVanish(t *testing.T) {
	_, k := listen(t)
	ended := exec.Command(sleep(t), "0")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	for _, stale := range []fdscan.Hit{
		{PID: ended.Process.Pid, FD: 3, Inode: k.Inode()}, // ended since
		{PID: os.Getpid(), FD: 0, Inode: k.Inode()},       // closed it since
	} {
		s := newSearch("/proc", Query{Sockets: []fact.Socket{k}})
		s.take([]fdscan.Hit{stale})
		s.link()
		set := s.d.done()
		if !hasGap(set, fact.GapVanished, "") || len(set.Links) != 0 || hasGap(set, fact.GapKernelOwned, "") {
			t.Errorf("%+v: got %+v", stale, set)
		}
	}
}

func TestHoldersCancelled(t *testing.T) {
	_, k := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Holders(ctx, Query{Sockets: []fact.Socket{k}}); err == nil {
		t.Error("no error")
	}
}

func TestHoldersAsksWhetherASocketIsStillThere(t *testing.T) {
	k := fact.Socket{ID: "sock:tcp:gone", Linux: &fact.LinuxSocket{Inode: 1<<62 + 7}}
	for _, alive := range []bool{true, false} {
		s := newSearch("/proc", Query{Sockets: []fact.Socket{k}, Alive: func(fact.Socket) bool { return alive }})
		s.link()
		set := s.d.done()
		if hasGap(set, fact.GapKernelOwned, k.ID) != alive || hasGap(set, fact.GapVanished, k.ID) == alive {
			t.Errorf("alive %v: got %+v", alive, set.Gaps)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, reuse := range []int{0, 1} {
		_, k := listenWith(t, net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) {
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, reuse)
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1-reuse)
			})
		}})
		holders(t, Query{Sockets: []fact.Socket{k}, Flags: true})
		if k.Linux.ReusePort == nil || *k.Linux.ReusePort != (reuse == 1) || *k.Linux.ReuseAddr != (reuse == 0) {
			t.Errorf("reuseport %d: got %+v", reuse, k.Linux)
		}
	}
	_, k := listen(t)
	holders(t, Query{Sockets: []fact.Socket{k}})
	if k.Linux.ReusePort != nil {
		t.Error("flags were read unasked")
	}
	k.Linux.Cookie = 1 // of another socket
	holders(t, Query{Sockets: []fact.Socket{k}, Flags: true})
	if k.Linux.ReusePort != nil {
		t.Error("flags of another socket were taken")
	}
}

func BenchmarkHoldersWalk(b *testing.B) {
	k := fact.Socket{ID: "sock:tcp:none", Linux: &fact.LinuxSocket{Inode: 1<<62 + 7}}
	for b.Loop() {
		if _, err := newSearch("/proc", Query{Sockets: []fact.Socket{k}}).run(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
