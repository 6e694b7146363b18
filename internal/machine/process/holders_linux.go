package process

import (
	"context"
	"strconv"

	"github.com/berthd/berth/internal/fact"
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
	if len(s.inodes) == 0 {
		return fact.Set{}, nil
	}
	if err := s.wide(ctx); err != nil {
		return s.d.set, err
	}
	s.link()
	s.d.names()
	return s.d.set, nil
}

// search is one run of Holders.
type search struct {
	q      Query
	d      *describer
	inodes []uint64
	found  map[uint64][]fdscan.Hit
}

func newSearch(proc string, q Query) *search {
	s := &search{q: q, d: newDescriber(proc, "/etc/passwd"), found: map[uint64][]fdscan.Hit{}}
	seen := map[uint64]bool{}
	for _, k := range q.Sockets {
		if i := k.Inode(); i != 0 && !seen[i] {
			seen[i] = true
			s.inodes = append(s.inodes, i)
		}
	}
	return s
}

func (s *search) wide(ctx context.Context) error {
	r, err := fdscan.Scan(ctx, s.d.proc, nil, s.inodes)
	for _, h := range r.Hits {
		s.found[h.Inode] = append(s.found[h.Inode], h)
	}
	return err
}

func (s *search) link() {
	for _, k := range s.q.Sockets {
		for _, h := range s.found[k.Inode()] {
			p, err := s.d.family(h.PID)
			if err != nil {
				s.d.lost(h.PID, err)
				continue
			}
			s.d.set.Links = append(s.d.set.Links, fact.Link{From: k.ID, To: p.ID, Kind: fact.HeldBy,
				Evidence: s.d.path(h.PID, "fd/"+strconv.Itoa(h.FD)), Note: "fd " + strconv.Itoa(h.FD)})
		}
	}
}
