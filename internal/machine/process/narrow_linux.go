package process

import (
	"bytes"
	"context"
	"os"
	"path"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/fdscan"
)

// narrow searches only the cgroups that made the sockets. It tells whether the
// answer is accepted for every one of them; a wide search that one of them needs
// is no dearer for all.
func (s *search) narrow(ctx context.Context) bool {
	if s.q.AllHolders || s.q.OneOwner == nil {
		return false
	}
	for _, k := range s.q.Sockets {
		if k.Inode() != 0 && (k.Linux.Cgroup == "" && uidOf(k) == 0 || k.Linux.Cgroup != "" && !s.q.OneOwner(k.Linux.Cgroup)) {
			return false
		}
	}
	s.source = "cgroup.procs"
	searched := map[string]bool{}
	for _, k := range s.q.Sockets {
		if k.Inode() == 0 {
			continue
		}
		where := s.where(k)
		if !searched[where] {
			searched[where] = true
			if !s.searchIn(ctx, where) {
				return false
			}
		}
		if !s.final(k) {
			return false
		}
	}
	for _, k := range s.q.Sockets {
		if k.Inode() != 0 {
			s.d.gaps = append(s.d.gaps, fact.Gap{Kind: fact.GapCgroupsLeft, Subject: s.where(k), About: k.ID})
		}
	}
	return true
}

// where names the place that is searched for a socket: the topmost cgroup of
// the one owner, or "uid N".
func (s *search) where(k fact.Socket) string {
	if k.Linux.Cgroup == "" {
		return "uid " + strconv.Itoa(int(uidOf(k)))
	}
	top := k.Linux.Cgroup
	for up := path.Dir(top); len(up) < len(top) && s.q.OneOwner(up); up = path.Dir(up) {
		top = up
	}
	return top
}

func uidOf(k fact.Socket) uint32 {
	if k.Linux.UID == nil {
		return 0
	}
	return *k.Linux.UID
}

func (s *search) searchIn(ctx context.Context, where string) bool {
	var pids []int
	if uid, ok := bytes.CutPrefix([]byte(where), []byte("uid ")); ok {
		n, _ := strconv.ParseUint(string(uid), 10, 32)
		pids = s.ofUser(uint32(n))
	} else {
		pids = s.inCgroup(where)
	}
	if len(pids) == 0 {
		return false
	}
	r, err := fdscan.Scan(ctx, s.d.proc, pids, s.inodes)
	s.take(r.Hits)
	return err == nil && len(r.Closed) == 0
}

// final tells whether what was found for a socket is who the port is for. Found
// by uid, the holders' own cgroup must be of one owner.
func (s *search) final(k fact.Socket) bool {
	hits := s.found[k.Inode()]
	if len(hits) == 0 {
		return false
	}
	for _, h := range hits {
		if h.PID == 1 {
			return false
		}
		p, err := s.d.process(h.PID)
		if err != nil || s.q.NotFinal != nil && s.q.NotFinal(*p) {
			return false
		}
		if k.Linux.Cgroup == "" && !s.q.OneOwner(p.Linux.Cgroup) {
			return false
		}
	}
	return true
}

// inCgroup lists the processes of a cgroup and of all below it.
func (s *search) inCgroup(cgroup string) []int {
	for _, mount := range s.mounts {
		var fs unix.Statfs_t
		if unix.Statfs(mount, &fs) == nil && fs.Type == unix.CGROUP2_SUPER_MAGIC {
			return s.members(mount+cgroup, nil)
		}
	}
	return nil
}

func (s *search) members(dir string, pids []int) []int {
	b, err := s.procsOf(dir)
	if err != nil {
		return pids
	}
	for line := range bytes.Lines(b) {
		if pid, err := strconv.Atoi(string(bytes.TrimSpace(line))); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	var st unix.Stat_t
	if unix.Stat(dir, &st) == nil && st.Nlink <= 2 { // no folder below it
		return pids
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return pids
	}
	for _, e := range entries {
		if e.IsDir() {
			pids = s.members(dir+"/"+e.Name(), pids)
		}
	}
	return pids
}

// procsOf reads the list of a cgroup. A threaded one has none of its own; its
// processes are those of the domain above it, which are more.
func (s *search) procsOf(dir string) ([]byte, error) {
	fd, err := unix.Open(dir+"/cgroup.procs", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	b, _, err := readUpTo(fd, s.d.buf, 1<<20)
	if err == unix.EOPNOTSUPP && path.Dir(dir) != "/" {
		return s.procsOf(path.Dir(dir))
	}
	return bytes.Clone(b), err
}

// ofUser lists the processes of a user by the owner of their folders; those that
// gave up rights belong to root there and are not listed. More than a quarter of
// all processes is no narrow search.
func (s *search) ofUser(uid uint32) []int {
	all, err := fdscan.Processes(s.d.proc)
	if err != nil {
		return nil
	}
	var pids []int
	for _, pid := range all {
		var st unix.Stat_t
		if unix.Stat(s.d.path(pid, ""), &st) == nil && st.Uid == uid {
			pids = append(pids, pid)
		}
	}
	if len(pids)*4 > len(all) && len(all) > 64 {
		return nil
	}
	return pids
}
