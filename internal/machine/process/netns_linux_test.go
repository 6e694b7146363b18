package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// before makes the place that a role asks from.
func before(place string) error {
	switch place {
	case "hidepid":
		if err := unix.Mount("proc", "/proc", "proc", 0, "hidepid=2"); err != nil {
			return err
		}
		return nobody()
	case "user":
		return nobody()
	case "bare root":
		return bareRoot()
	case "pid namespace":
		return unix.Mount("proc", "/proc", "proc", 0, "")
	}
	return nil
}

func nobody() error {
	const id = 65534
	return errors.Join(syscall.Setgroups(nil), syscall.Setresgid(id, id, id), syscall.Setresuid(id, id, id))
}

// bareRoot starts this program anew as uid 0 without any capability.
func bareRoot() error {
	for c := range unix.CAP_LAST_CAP + 1 {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil {
			return err
		}
	}
	os.Setenv("BERTH_PLACE", "here")
	return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
}

// askFrom has another process ask for the holders of sockets.
func askFrom(t *testing.T, place string, sockets ...fact.Socket) fact.Set {
	t.Helper()
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: []string{"ask"}, Env: append(os.Environ(), "BERTH_ROLE=ask", "BERTH_PLACE="+place)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if place == "pid namespace" {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	}
	question, err := json.Marshal(sockets)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = bytes.NewReader(question)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var set fact.Set
	if err := json.Unmarshal(out, &set); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return set
}

// Whoever may not look says so, each with the right name; who may, answers.
func TestNetnsGapsHaveNamesOfTheirOwn(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root")
	_, k := listen(t)
	for place, want := range map[string]fact.GapKind{
		"user": fact.GapOwnersHidden, "hidepid": fact.GapHidepid,
		"bare root": fact.GapNoPtrace, "pid namespace": fact.GapForeignPIDNS,
	} {
		set := askFrom(t, place, k)
		if !hasGap(set, want, k.ID) || len(held(set, k)) != 0 || hasGap(set, fact.GapKernelOwned, "") {
			t.Errorf("%s: got %+v", place, set)
		}
	}
	set := askFrom(t, "here", k)
	if held(set, k)[os.Getpid()] != fact.HeldBy || slices.ContainsFunc(set.Gaps, func(g fact.Gap) bool { return g.About == k.ID }) {
		t.Errorf("root: got %+v", set)
	}
}

// The kernel's own socket has no descriptor anywhere.
func TestNetnsKernelSocket(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root", "ip")
	testbed.Netns(t, func() {
		testbed.Run(t, "ip", "link", "add", "vx0", "type", "vxlan", "id", "1", "dstport", "4789")
		testbed.Run(t, "ip", "link", "set", "vx0", "up")
		k := udpRow(t, 4789)
		for _, s := range searches(Query{Sockets: []fact.Socket{k}}) {
			set, err := s.run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			kernel, certain := hasGap(set, fact.GapKernelOwned, k.ID), s.doubt == nil
			if len(held(set, k)) != 0 || kernel != certain || len(set.Gaps) == 0 {
				t.Errorf("certain %v: got %+v", certain, set)
			}
		}
	})
}

// udpRow finds the socket of a port in this thread's namespace.
func udpRow(t *testing.T, port int) fact.Socket {
	t.Helper()
	b, err := os.ReadFile("/proc/thread-self/net/udp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) > 9 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
			inode, err := strconv.ParseUint(f[9], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return fact.Socket{ID: "sock:udp:kernel", Proto: fact.UDP, Linux: &fact.LinuxSocket{Inode: inode}}
		}
	}
	t.Fatalf("no UDP socket on port %d:\n%s", port, b)
	return fact.Socket{}
}

// cgroup makes a control group below the unified mount and returns its path there.
func cgroup(t *testing.T, name string) (mount, path string) {
	t.Helper()
	for _, mount = range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var fs unix.Statfs_t
		if unix.Statfs(mount, &fs) == nil && fs.Type == unix.CGROUP2_SUPER_MAGIC {
			break
		}
	}
	path = fmt.Sprintf("/berth-test-%d-%s", os.Getpid(), name)
	if err := os.Mkdir(mount+path, 0o755); err != nil {
		testbed.Need(t, testbed.TierNetns, "a writable cgroup2 mount: "+err.Error())
	}
	t.Cleanup(func() {
		await(t, "an empty control group", func() bool { return os.Remove(mount+path) == nil })
	})
	return mount, path
}

func enter(t *testing.T, dir string, pid int) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil {
		t.Fatal(err)
	}
}

func TestNetnsNarrowSearch(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root")
	mount, top := cgroup(t, "a.service")
	file, k := listen(t)
	pid := child(t, program(t), []string{"BERTH_ROLE=accept"}, file).Process.Pid
	enter(t, mount+top, pid)
	k.Linux.Cgroup = top
	yes := func(path string) bool { return path == top || strings.HasPrefix(path, top+"/") }
	narrow := map[int]fact.LinkKind{pid: fact.HeldBy}
	wide := map[int]fact.LinkKind{pid: fact.HeldBy, os.Getpid(): fact.HeldBy}
	ask := func(what string, q Query, want map[int]fact.LinkKind) {
		t.Helper()
		q.Sockets = []fact.Socket{k}
		set := holders(t, q)
		if diff := cmp.Diff(want, held(set, k)); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
		if hasGap(set, fact.GapCgroupsLeft, k.ID) != (len(want) == 1) {
			t.Errorf("%s: gaps %+v", what, set.Gaps)
		}
	}
	ask("one owner", Query{OneOwner: yes}, narrow)
	ask("all holders", Query{OneOwner: yes, AllHolders: true}, wide)
	ask("shared cgroup", Query{OneOwner: func(string) bool { return false }}, wide)
	ask("nobody to say", Query{}, wide)
	ask("a forwarder", Query{OneOwner: yes, NotFinal: func(p fact.Process) bool { return p.PID == pid }}, wide)
	ask("no forwarder", Query{OneOwner: yes, NotFinal: func(p fact.Process) bool { return p.PID != pid }}, narrow)

	below := mount + top + "/below"
	if err := os.Mkdir(below, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { await(t, "an empty control group", func() bool { return os.Remove(below) == nil }) })
	enter(t, below, pid)
	ask("a child cgroup", Query{OneOwner: yes}, narrow)
	k.Linux.Cgroup = top + "/below"
	ask("made in a child cgroup", Query{OneOwner: yes}, narrow)

	enter(t, mount, pid)
	other := child(t, sleep(t), nil).Process.Pid
	enter(t, below, other)
	ask("the holder has moved out", Query{OneOwner: yes}, wide)
	kill(t, other, syscall.SIGKILL)
	kill(t, pid, syscall.SIGKILL)
}

func TestNetnsNarrowSearchInAThreadedCgroup(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root")
	mount, top := cgroup(t, "b.service")
	threaded := mount + top + "/threads"
	if err := os.Mkdir(threaded, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { await(t, "an empty control group", func() bool { return os.Remove(threaded) == nil }) })
	if err := os.WriteFile(threaded+"/cgroup.type", []byte("threaded"), 0); err != nil {
		t.Fatal(err)
	}
	file, k := listen(t)
	pid := child(t, program(t), []string{"BERTH_ROLE=accept"}, file).Process.Pid
	enter(t, mount+top, pid)
	k.Linux.Cgroup = top + "/threads"
	one := func(path string) bool { return path == k.Linux.Cgroup }
	got := held(holders(t, Query{Sockets: []fact.Socket{k}, OneOwner: one}), k)
	if diff := cmp.Diff(map[int]fact.LinkKind{pid: fact.HeldBy}, got); diff != "" {
		t.Error(diff)
	}
	kill(t, pid, syscall.SIGKILL)
}

// Where the kernel does not tell the cgroup, the socket's user narrows the search.
func TestNetnsNarrowSearchByUser(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root")
	const uid = 64123
	file, k := listen(t)
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: []string{"hold"}, Env: append(os.Environ(), "BERTH_ROLE=accept")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	cmd.ExtraFiles = []*os.File{file}
	start(t, cmd)
	k.Linux.UID = new(uint32(uid))
	for own, want := range map[bool]int{true: 1, false: 2} {
		set := holders(t, Query{Sockets: []fact.Socket{k}, OneOwner: func(string) bool { return own }})
		if got := held(set, k); len(got) != want || got[cmd.Process.Pid] != fact.HeldBy {
			t.Errorf("one owner %v: got %v", own, got)
		}
		if hasGap(set, fact.GapCgroupsLeft, k.ID) != own {
			t.Errorf("one owner %v: gaps %+v", own, set.Gaps)
		}
	}
}

func BenchmarkHoldersNarrow(b *testing.B) {
	// The whole work beside the socket dump: a cgroup of one process.
	mount := "/sys/fs/cgroup/unified"
	path := fmt.Sprintf("/berth-bench-%d", os.Getpid())
	if err := os.Mkdir(mount+path, 0o755); err != nil {
		b.Skip(err)
	}
	defer os.Remove(mount + path)
	defer os.WriteFile(mount+"/cgroup.procs", []byte(strconv.Itoa(os.Getpid())), 0)
	if err := os.WriteFile(mount+path+"/cgroup.procs", []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		b.Skip(err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	unix.Fstat(fd, &st)
	k := fact.Socket{ID: "sock:tcp:bench", Linux: &fact.LinuxSocket{Inode: st.Ino, Cgroup: path}}
	q := Query{Sockets: []fact.Socket{k}, OneOwner: func(p string) bool { return p == path }}
	for b.Loop() {
		if set, err := Holders(b.Context(), q); err != nil || len(held(set, k)) != 1 {
			b.Fatal(set, err)
		}
	}
}
