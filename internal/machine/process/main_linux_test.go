package process

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

// TestMain lets the test binary be the processes that the tests look at.
func TestMain(m *testing.M) {
	runtime.LockOSThread() // prctl names the first thread
	if role := os.Getenv("BERTH_ROLE"); role != "" {
		play(role)
		os.Exit(0)
	}
	runtime.UnlockOSThread()
	os.Exit(m.Run())
}

func play(role string) {
	switch role {
	case "hold": // and never look at it
	case "accept":
		unix.SetNonblock(3, false)
		fmt.Println("ready")
		unix.Accept4(3, 0)
	case "leave": // start a child with the listener, say its PID, and end
		child := exec.Command(os.Getenv("BERTH_CHILD"), strings.Fields(os.Getenv("BERTH_CHILD_ARGS"))...)
		child.Env = append(os.Environ(), "BERTH_ROLE=accept")
		child.ExtraFiles = []*os.File{os.NewFile(3, "listener")}
		if err := child.Start(); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(child.Process.Pid)
		return
	case "named":
		name := []byte(os.Getenv("BERTH_NAME") + "\x00")
		unix.Prctl(unix.PR_SET_NAME, uintptr(ptrOf(&name[0])), 0, 0, 0)
	case "receive": // a descriptor that was sent
		oob := make([]byte, 64)
		unix.Recvmsg(3, make([]byte, 1), oob, 0)
	case "ask":
		ask()
		return
	}
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\n')
}

// ask is the reader itself, as another user or in another namespace: sockets in,
// the set out.
func ask() {
	var q Query
	if err := before(os.Getenv("BERTH_PLACE")); err != nil {
		fmt.Println(err)
		return
	}
	if err := json.NewDecoder(os.Stdin).Decode(&q.Sockets); err != nil {
		fmt.Println(err)
		return
	}
	set, err := Holders(context.Background(), q)
	if err != nil {
		fmt.Println(err)
		return
	}
	json.NewEncoder(os.Stdout).Encode(set)
}

// child starts a program that ends with the test. A role's first line is awaited.
func child(t *testing.T, path string, env []string, files ...*os.File) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(path)
	if filepath.Base(path) == "sleep" {
		cmd.Args = append(cmd.Args, "60")
	}
	cmd.Env = append(os.Environ(), env...)
	cmd.ExtraFiles = files
	start(t, cmd)
	return cmd
}

func start(t *testing.T, cmd *exec.Cmd) (line string) {
	t.Helper()
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
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	if strings.Contains(strings.Join(cmd.Env, "\n"), "BERTH_ROLE=") {
		line, err = bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v", cmd.Path, err)
		}
	}
	return strings.TrimSpace(line)
}

// program copies the test binary, so that it is another program.
func program(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func sleep(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// listen opens a listener on a free loopback port and returns it with its row.
func listen(t *testing.T) (*os.File, fact.Socket) {
	t.Helper()
	return listenWith(t, net.ListenConfig{})
}

func listenWith(t *testing.T, c net.ListenConfig) (*os.File, fact.Socket) {
	t.Helper()
	l, err := c.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // the copy stays
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file, row(t, int(file.Fd()), l.Addr().String())
}

func row(t *testing.T, fd int, address string) fact.Socket {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	local := netip.MustParseAddrPort(address)
	uid := uint32(os.Geteuid())
	return fact.Socket{ID: fact.SocketID(fact.TCP, local, netip.AddrPort{}, st.Ino), Proto: fact.TCP, Local: local,
		State: fact.Listen, Evidence: "test", Linux: &fact.LinuxSocket{Inode: st.Ino, UID: &uid}}
}

func holders(t *testing.T, q Query) fact.Set {
	t.Helper()
	set, err := Holders(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// held returns how a socket hangs on each PID.
func held(set fact.Set, k fact.Socket) map[int]fact.LinkKind {
	got := map[int]fact.LinkKind{}
	for _, l := range set.Links {
		if l.From != k.ID {
			continue
		}
		for _, p := range set.Processes {
			if p.ID == l.To {
				got[p.PID] = l.Kind
			}
		}
	}
	return got
}

func describe(t *testing.T, pid int) (fact.Process, fact.Set) {
	t.Helper()
	set, err := Describe(t.Context(), pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Processes {
		if p.PID == pid {
			return p, set
		}
	}
	t.Fatalf("PID %d is not in %+v", pid, set)
	return fact.Process{}, set
}

func hasGap(set fact.Set, kind fact.GapKind, about fact.ID) bool {
	for _, g := range set.Gaps {
		if g.Kind == kind && (about == "" || g.About == about) {
			return true
		}
	}
	return false
}

// await waits for what another process is about to do.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 2000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("waited in vain for: %s", what)
}

func kill(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

// onOtherThread runs fn on a thread that is not the first, until the test ends.
// The thread ends with it.
func onOtherThread(t *testing.T, fn func()) {
	t.Helper()
	ran, done := make(chan bool), make(chan struct{})
	t.Cleanup(func() { close(done) })
	for range 2 { // one of two is not the first thread
		go func() {
			runtime.LockOSThread()
			if unix.Gettid() == os.Getpid() {
				defer runtime.UnlockOSThread()
				ran <- false
				<-done
				return
			}
			fn()
			ran <- true
			<-done
		}()
		if <-ran {
			return
		}
	}
	t.Fatal("no second thread")
}

func ptrOf[T any](p *T) unsafe.Pointer { return unsafe.Pointer(p) }
