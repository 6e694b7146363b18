package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/testbed"
)

// berth is stopped before and behind each of its system calls, from the one that begins
// the journal's entry to its end, and killed at one of these stops: at as many of them
// as there is time for, spread evenly.
func TestSystemdFreeKilledAtSystemCalls(t *testing.T) {
	t.Parallel()
	b := boot(t, testbed.WithEnabled("nginx.service"))
	b.AwaitUnit("nginx.service", "active")
	b.remember()
	all := b.killedAt(0)
	done := b.state()
	b.berth(0, "undo")
	if all < 500 {
		t.Fatalf("a whole plan had %d stops", all)
	}
	n, left := 0, 0
	// The golden ratio spreads them evenly, however many there are.
	for end, at := time.Now().Add(limit), 0.5; n < 4 || n < 40 && time.Now().Before(end); n++ {
		at += 0.618034
		at -= float64(int(at))
		stop := 1 + int(at*float64(all))
		b.killedAt(stop)
		if b.Berth("journal").Code == 1 {
			left++
		}
		if n%2 == 0 && b.Berth("free", "--resume").Code == 0 {
			if diff := testbed.Diff(done, b.state()); len(diff) > 0 {
				t.Errorf("killed at stop %d of %d and resumed, it is not done:\n%s", stop, all, strings.Join(diff, "\n"))
			}
		}
		if r := b.Berth("undo"); r.Code != 0 && !strings.Contains(r.Stderr, "the journal has nothing") {
			t.Fatalf("killed at stop %d of %d: undo: exit %d\n%s%s", stop, all, r.Code, r.Stdout, r.Stderr)
		}
		b.berth(0, "journal")
		b.asBefore(fmt.Sprintf("killed at stop %d of %d, and taken back,", stop, all))
	}
	t.Logf("%d kills at one of %d stops, of which %d left an open plan", n, all, left)
}

// killedAt runs a plan and kills it at the nth stop, 0 for never. It returns how many
// stops there were.
func (b *bed) killedAt(n int) int {
	b.t.Helper()
	b.Put("/run/killed-at", []byte(strconv.Itoa(n)), 0o644)
	r := b.Self("^TestInsideKilledAt$")
	for line := range strings.Lines(r.Stdout) {
		if _, text, ok := strings.Cut(line, "stops: "); ok {
			if stops, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
				return stops
			}
		}
	}
	b.t.Fatalf("%s%s", r.Stdout, r.Stderr)
	return 0
}

// TestInsideKilledAt runs in the machine.
func TestInsideKilledAt(t *testing.T) {
	if !testbed.Inside() {
		t.Skip("run by TestSystemdFreeKilledAtSystemCalls")
	}
	text, err := os.ReadFile("/run/killed-at")
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	stops, err := traced(n, "/usr/local/bin/berth", "free", "80", "--remedy", "move", "--yes", "--settle", "20ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("stops: %d", stops)
}

// traced runs a program and stops each of its threads before and behind each system
// call. Stops count once the journal has another entry; at the nth it is killed.
func traced(n int, name string, args ...string) (stops int, err error) {
	runtime.LockOSThread() // who traces is a thread
	defer runtime.UnlockOSThread()
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	pid := cmd.Process.Pid
	var st unix.WaitStatus
	if _, err := unix.Wait4(pid, &st, 0, nil); err != nil {
		return 0, err
	}
	entries, err := filepath.Glob(journalDir + "/journal/[0-9]*")
	if err != nil {
		return 0, err
	}
	begun, next := false, journalDir+"/journal/"+strconv.Itoa(len(entries)+1)
	// Threads are followed, other programs that it starts are not.
	if err := unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_EXITKILL); err != nil {
		return 0, err
	}
	for who, signal := pid, 0; ; {
		if err := unix.PtraceSyscall(who, signal); err != nil && err != unix.ESRCH {
			return stops, err
		}
		who, err = unix.Wait4(-1, &st, unix.WALL, nil)
		switch {
		case err != nil:
			return stops, err
		case (st.Exited() || st.Signaled()) && who == pid:
			return stops, nil
		case !st.Stopped():
			signal = 0
			continue
		}
		signal = 0
		switch sig := st.StopSignal(); {
		case sig == unix.SIGTRAP|0x80:
			if !begun {
				_, err := os.Stat(next)
				begun = err == nil
			}
			if begun {
				stops++
			}
			if begun && stops == n {
				if err := unix.Kill(pid, unix.SIGKILL); err != nil {
					return stops, err
				}
			}
		case sig != unix.SIGTRAP && sig != unix.SIGSTOP: // events, and threads that begin
			signal = int(sig)
		}
	}
}
