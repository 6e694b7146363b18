package process

import (
	"context"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/bpfiter"
	"github.com/berthd/berth/internal/sys/fdscan"
)

// Holders finds the processes with a descriptor of q.Sockets: links from each
// socket to all of them, and their rows with ancestors. The search is narrow
// where q.OneOwner allows it (then [fact.GapCgroupsLeft] says so), else it
// covers every process.
//
// Without CAP_SYS_PTRACE only the asker's own processes can be looked into; what
// stays unknown is a gap with a name of its own. A socket that certainly no process
// holds is [fact.GapKernelOwned]. It blocks for the search: under a millisecond
// in one cgroup, up to some 100 ms over thousands of processes.
func Holders(ctx context.Context, q Query) (fact.Set, error) {
	s := newSearch("/proc", q)
	s.live()
	return s.run(ctx)
}

// search is one run of Holders.
type search struct {
	q      Query
	d      *describer
	bpf    func(context.Context, []uint64) (fdscan.Result, error)
	mounts []string // where the unified cgroup hierarchy may be mounted
	began  uint64   // in start ticks: what started later was not what was seen
	inodes []uint64
	found  map[uint64][]fdscan.Hit
	count  map[int]int // hits of each PID
	source string      // evidence of hits that /proc does not show
	doubt  *fact.Gap   // why not every process was seen
	// at is the process being looked at, and when it started.
	at      folder
	atStart uint64
}

func newSearch(proc string, q Query) *search {
	s := &search{q: q, d: newDescriber(proc, "/etc/passwd"), began: ticksNow(), found: map[uint64][]fdscan.Hit{}, count: map[int]int{}}
	seen := map[uint64]bool{}
	for _, k := range q.Sockets {
		if i := k.Inode(); i != 0 && !seen[i] {
			seen[i] = true
			s.inodes = append(s.inodes, i)
		}
	}
	return s
}

// live adds the ways of searching that only the running machine has.
func (s *search) live() {
	s.bpf = bpfiter.Scan
	s.mounts = []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}
}

func ticksNow() uint64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 1<<64 - 1
	}
	return uint64(now.Nano() / 1e7)
}

func (s *search) run(ctx context.Context) (fact.Set, error) {
	if len(s.inodes) == 0 {
		return fact.Set{}, nil
	}
	if !s.narrow(ctx) {
		if err := s.wide(ctx); err != nil {
			return s.d.done(), err
		}
	}
	s.link()
	if s.q.Flags {
		s.flags()
	}
	return s.d.done(), nil
}

func (s *search) take(hits []fdscan.Hit) {
	for _, h := range hits {
		s.found[h.Inode] = append(s.found[h.Inode], h)
		s.count[h.PID]++
	}
}

// wide searches every process: through the kernel's iterator where it is
// permitted, else by walking.
func (s *search) wide(ctx context.Context) error {
	clear(s.found)
	clear(s.count)
	s.source = "/proc/*/fd"
	if s.bpf != nil {
		if r, err := s.bpf(ctx, s.inodes); err == nil {
			s.take(r.Hits)
			s.source = "BPF iterator task_file"
			s.doubt = closedGap(r)
			return nil
		}
	}
	r, err := fdscan.Scan(ctx, s.d.proc, nil, s.inodes)
	if err != nil {
		return err
	}
	s.take(r.Hits)
	if missing := s.missing(); len(missing) > 0 {
		more, err := fdscan.Threads(ctx, s.d.proc, missing)
		if err != nil {
			return err
		}
		s.take(more.Hits)
	}
	s.doubt = s.whyIncomplete(r)
	return nil
}

func (s *search) missing() []uint64 {
	var left []uint64
	for _, i := range s.inodes {
		if len(s.found[i]) == 0 {
			left = append(left, i)
		}
	}
	return left
}
