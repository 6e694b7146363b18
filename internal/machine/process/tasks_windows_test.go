package process

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

// TestMain lets the test binary be a child that only waits.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "be-a-child") {
		os.Stdout.WriteString("up\n")
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		return
	}
	os.Exit(m.Run())
}

// child starts the test binary in a folder of its own.
func child(t *testing.T, args ...string) (pid int, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Clean(os.TempDir())
	cmd := exec.Command(self, append([]string{"be-a-child"}, args...)...)
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "up" {
		t.Fatalf("%q, %v", line, err)
	}
	return cmd.Process.Pid, dir
}

func TestDescribeAChild(t *testing.T) {
	args := []string{"--port=80", "two words", `a "quoted" one`, `C:\tail\`}
	pid, dir := child(t, args...)
	s, err := Describe(t.Context(), pid)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := find(s.Processes, pid)
	if !ok {
		t.Fatalf("%+v", s)
	}
	self, _ := os.Executable()
	if !strings.EqualFold(p.Exe, self) || !strings.EqualFold(p.Name, filepath.Base(self)) {
		t.Errorf("executable %q, name %q", p.Exe, p.Name)
	}
	if len(p.Args) != 6 || !slices.Equal(p.Args[2:], args) {
		t.Errorf("arguments %q", p.Args)
	}
	if !strings.EqualFold(p.Cwd, dir) {
		t.Errorf("folder %q, want %q", p.Cwd, dir)
	}
	if p.PPID != os.Getpid() || p.Windows.Created == 0 || p.User == "" || !strings.HasPrefix(p.Windows.SID, "S-1-") || p.Windows.Elevated == nil {
		t.Errorf("%+v %+v", p, p.Windows)
	}
	if p.ID != fact.ProcessID(pid, p.Windows.Created) {
		t.Error(p.ID)
	}
	if len(s.Gaps) != 0 {
		t.Errorf("%+v", s.Gaps)
	}
	up, ok := find(s.Processes, os.Getpid())
	if !ok || up.Start.After(p.Start) || !slices.Contains(links(s), string(p.ID)+" child-of "+string(up.ID)) {
		t.Errorf("%+v", s.Links)
	}
}

// A PID is described while it lives, and is a gap afterwards.
func TestHoldersOfAnOwner(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	live := fact.Socket{ID: "sock:live", PID: os.Getpid(), State: fact.Listen}
	gone := fact.Socket{ID: "sock:gone", PID: 0x7ffffff0, State: fact.Listen}
	s, err := Holders(t.Context(), Query{Sockets: []fact.Socket{live, gone}})
	if err != nil {
		t.Fatal(err)
	}
	p, ok := find(s.Processes, os.Getpid())
	if !ok || !slices.Contains(links(s), "sock:live held-by "+string(p.ID)) {
		t.Errorf("%+v", s)
	}
	if len(s.Gaps) != 1 || s.Gaps[0].Kind != fact.GapOwnerEnded || s.Gaps[0].About != "sock:gone" {
		t.Errorf("%+v", s.Gaps)
	}
}

func BenchmarkDescribeSelf(b *testing.B) {
	for b.Loop() {
		if _, err := Describe(b.Context(), os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}
