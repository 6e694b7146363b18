package process

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

func TestDescribeSelf(t *testing.T) {
	p, set := describe(t, os.Getpid())
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if p.Exe != exe || p.ExeState != "" || p.Cwd != cwd || p.PPID != os.Getppid() || p.State != "running" {
		t.Errorf("got %+v", p)
	}
	if len(p.Args) != len(os.Args) || *p.UID != uint32(os.Geteuid()) || p.Linux.StartTicks == 0 || p.Linux.ThreadOf != 0 {
		t.Errorf("got %+v %+v", p, p.Linux)
	}
	if age := time.Since(p.Start); age < -2*time.Second || age > time.Hour {
		t.Errorf("started %v ago", age)
	}
	if p.ID != fact.ProcessID(p.PID, p.Linux.StartTicks) {
		t.Errorf("id %s", p.ID)
	}
	chain(t, set, p)
}

// chain follows ChildOf links to the top of this PID namespace.
func chain(t *testing.T, set fact.Set, p fact.Process) {
	t.Helper()
	for p.PPID != 0 {
		up := -1
		for i, o := range set.Processes {
			if o.PID == p.PPID && linked(set, p.ID, o.ID, fact.ChildOf) {
				up = i
			}
		}
		if up < 0 {
			t.Fatalf("no link from %s to its parent %d", p.ID, p.PPID)
		}
		p = set.Processes[up]
	}
}

func TestDescribeStoppedAndRunning(t *testing.T) {
	pid := child(t, os.Args[0], []string{"BERTH_ROLE=hold"}).Process.Pid
	if p, _ := describe(t, pid); p.State != "running" {
		t.Errorf("got %q", p.State)
	}
	kill(t, pid, syscall.SIGSTOP)
	await(t, "stop", func() bool { p, _ := describe(t, pid); return p.State == "stopped" })
	kill(t, pid, syscall.SIGCONT)
	await(t, "continue", func() bool { p, _ := describe(t, pid); return p.State == "running" })
}

func TestDescribeZombie(t *testing.T) {
	cmd := exec.Command(sleep(t), "0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	await(t, "the child's end", func() bool {
		p, set := describe(t, cmd.Process.Pid)
		return p.State == "zombie" && p.Exe == "" && !hasGap(set, fact.GapVanished, p.ID)
	})
}

func TestDescribeExeDeletedAndReplaced(t *testing.T) {
	path := program(t)
	pid := child(t, path, []string{"BERTH_ROLE=hold"}).Process.Pid
	check := func(want string) {
		t.Helper()
		if p, _ := describe(t, pid); p.Exe != path || p.ExeState != want {
			t.Errorf("got %q %q, want %q %q", p.Exe, p.ExeState, path, want)
		}
	}
	check("")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	check("deleted")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	check("replaced")
}

// A file's true name may end like the kernel's mark.
func TestDescribeExeNamedDeleted(t *testing.T) {
	path := program(t)
	named := filepath.Join(filepath.Dir(path), "tool (deleted)")
	if err := os.Rename(path, named); err != nil {
		t.Fatal(err)
	}
	pid := child(t, named, []string{"BERTH_ROLE=hold"}).Process.Pid
	if p, _ := describe(t, pid); p.Exe != named || p.ExeState != "" {
		t.Errorf("got %q %q", p.Exe, p.ExeState)
	}
}

func TestDescribeHostileNames(t *testing.T) {
	name := "\x1b[31m)\n(\xff"
	long := strings.Repeat("\x1b]0;x\a\xfe", 8<<10) // 64 KB
	cmd := exec.Command(os.Args[0], long, "", "last\n")
	cmd.Env = append(os.Environ(), "BERTH_ROLE=named", "BERTH_NAME="+name)
	start(t, cmd)
	p, set := describe(t, cmd.Process.Pid)
	if p.Name != name {
		t.Errorf("name %q, want %q", p.Name, name)
	}
	if len(p.Args) != 4 || p.Args[1] != long || p.Args[2] != "" || p.Args[3] != "last\n" {
		t.Errorf("got %d arguments", len(p.Args))
	}
	if b, err := json.Marshal(set); err != nil || !json.Valid(b) || bytes.ContainsAny(b, "\x1b\n") {
		t.Errorf("json: %v", err)
	}
}

func TestDescribeBoundsAllArgumentsTogether(t *testing.T) {
	cmd := exec.Command(os.Args[0], strings.Repeat("x", 100<<10))
	cmd.Env = append(os.Environ(), "BERTH_ROLE=hold")
	start(t, cmd)
	length := func(spent int) int {
		d := newDescriber("/proc", "/etc/passwd")
		d.args = spent
		d.process(cmd.Process.Pid)
		return len(strings.Join(d.done().Processes[0].Args, " "))
	}
	if n := length(0); n < 100<<10 {
		t.Errorf("%d bytes of the first command line", n)
	}
	if n := length(maxAllArgs + 1); n > shortArgs {
		t.Errorf("%d bytes of a command line after many", n)
	}
}

func TestDescribeBoundsArguments(t *testing.T) {
	cmd := exec.Command(os.Args[0], strings.Repeat("x", 100<<10), strings.Repeat("y", 100<<10))
	cmd.Env = append(os.Environ(), "BERTH_ROLE=hold")
	start(t, cmd)
	p, set := describe(t, cmd.Process.Pid)
	if n := len(strings.Join(p.Args, " ")); n > maxArgs || !hasGap(set, fact.GapTruncated, p.ID) {
		t.Errorf("%d bytes, gaps %+v", n, set.Gaps)
	}
}

func TestDescribeKeepsTheShortListOfEnvironment(t *testing.T) {
	cmd := child(t, os.Args[0], []string{"BERTH_ROLE=hold", "LISTEN_FDS=1", "PORT=8080", "SECRET=hunter2", "pm_id=0"})
	p, set := describe(t, cmd.Process.Pid)
	if p.Env["PORT"] != "8080" || p.Env["LISTEN_FDS"] != "1" || p.Env["pm_id"] != "0" {
		t.Errorf("got %v", p.Env)
	}
	if b, _ := json.Marshal(set); bytes.Contains(b, []byte("hunter2")) {
		t.Error("the rest of the environment was kept")
	}
}

func TestDescribeLabelsAThread(t *testing.T) {
	var n int
	onOtherThread(t, func() { n = unix.Gettid() })
	if p, _ := describe(t, n); p.Linux.ThreadOf != os.Getpid() {
		t.Errorf("got %+v", p.Linux)
	}
}

func TestDescribeNobody(t *testing.T) {
	set, err := Describe(t.Context(), 1<<22+1)
	if err != nil || len(set.Processes) != 0 || !hasGap(set, fact.GapVanished, "") {
		t.Errorf("got %+v, %v", set, err)
	}
}

func TestDescribeKernelThread(t *testing.T) {
	b, err := os.ReadFile("/proc/2/comm")
	if err != nil || string(b) != "kthreadd\n" {
		t.Skip("PID 2 is not kthreadd here: another PID namespace")
	}
	p, set := describe(t, 2)
	if !p.Kernel || p.Exe != "" || len(set.Gaps) != 0 {
		t.Errorf("got %+v, gaps %+v", p, set.Gaps)
	}
	if me, _ := describe(t, os.Getpid()); me.Kernel {
		t.Error("the test is no kernel thread")
	}
}

// A recorded tree: another init, another cgroup version, no rights.
func TestDescribeRecorded(t *testing.T) {
	proc, passwd := t.TempDir(), filepath.Join(t.TempDir(), "passwd")
	dir := filepath.Join(proc, "884")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(dir+"/stat", "884 (sshd) S 0 884 884 34819 -1 4194560 1071 4219 0 9 0 1 3 6 20 0 1 0 1322 15790080 0\n")
	write(dir+"/status", "Tgid:\t884\nUid:\t0\t33\t0\t0\nNSpid:\t884\t5\nNoNewPrivs:\t1\n")
	write(dir+"/cmdline", "sshd: /usr/sbin/sshd -D\x00\x00")
	write(dir+"/cgroup", "2:cpu:/\n1:name=systemd:/system.slice/ssh.service\n0::/\n")
	write(passwd, "root:x:0:0::/:\nwww-data:x:33:33::/:\n")
	d := newDescriber(proc, passwd)
	if _, err := d.family(884); err != nil {
		t.Fatal(err)
	}
	set := d.done()
	p := set.Processes[0]
	if p.Name != "sshd" || p.User != "www-data" || p.Terminal != "pts/3" || len(p.Args) != 1 {
		t.Errorf("got %+v", p)
	}
	if p.Linux.Cgroup != "/system.slice/ssh.service" || p.Linux.NSPID != 5 || !p.Linux.NoNewPrivs {
		t.Errorf("got %+v", p.Linux)
	}
}

// What a mere parent does not show is no gap; of a holder, and of a process that
// was asked about, it is one.
func TestGapsOfParents(t *testing.T) {
	closed := func(id fact.ID) fact.Gap {
		return fact.Gap{Kind: fact.GapPermission, Subject: string(id), About: id}
	}
	parent := []fact.Link{{From: "proc:2@2", To: "proc:1@1", Kind: fact.ChildOf}}
	for _, c := range []struct {
		name  string
		links []fact.Link
		asked fact.ID
		want  bool
	}{
		{"parent", parent, "", false},
		{"parent and holder", append(parent, fact.Link{From: "sock:x", To: "proc:1@1", Kind: fact.HeldBy}), "", true},
		{"asked about", parent, "proc:1@1", true},
	} {
		d := newDescriber("/proc", "/etc/passwd")
		d.set.Links, d.gaps = c.links, []fact.Gap{closed("proc:1@1")}
		d.asked[c.asked] = true
		if set := d.done(); hasGap(set, fact.GapPermission, "proc:1@1") != c.want {
			t.Errorf("%s: gaps %v", c.name, set.Gaps)
		}
	}
}
