//go:build amd64 || arm64

package fdwait

import (
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets the test binary be the process that is looked at: it holds a
// listener as descriptor 3 and sleeps as it is told.
func TestMain(m *testing.M) {
	if how := os.Getenv("BERTH_SLEEP_IN"); how != "" {
		sleepIn(how)
	}
	os.Exit(m.Run())
}

func sleepIn(how string) {
	const fd = 3
	unix.SetNonblock(fd, false)
	switch how {
	case "accept":
		unix.Accept4(fd, 0)
	case "poll":
		unix.Poll([]unix.PollFd{{Fd: 0, Events: unix.POLLPRI}, {Fd: fd, Events: unix.POLLIN}}, -1)
	case "select":
		var set unix.FdSet
		set.Set(fd)
		unix.Select(fd+1, &set, nil, nil, nil)
	case "epoll":
		e, _ := unix.EpollCreate1(0)
		unix.EpollCtl(e, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: fd})
		unix.EpollWait(e, make([]unix.EpollEvent, 1), -1)
	case "poll of another":
		unix.Poll([]unix.PollFd{{Fd: 0, Events: unix.POLLPRI}}, -1)
	case "select of another":
		var set unix.FdSet
		set.Set(0)
		unix.Select(1, &set, nil, nil, nil)
	case "read of a pipe":
		unix.Read(0, make([]byte, 1))
	case "read of a socket":
		pair, _ := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		unix.Read(pair[0], make([]byte, 1))
	}
	os.Exit(0)
}

func TestOn(t *testing.T) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for how, want := range map[string]Answer{
		"accept": Waits, "poll": Waits, "select": Waits, "epoll": Waits,
		"poll of another": Idle, "select of another": Idle, "read of a pipe": Idle,
		"read of a socket": Unknown,
	} {
		t.Run(how, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "BERTH_SLEEP_IN="+how)
			cmd.ExtraFiles = []*os.File{file}
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			defer cmd.Process.Kill()
			await(t, cmd.Process.Pid, want)
		})
	}
}

// await asks until the process has come to its sleep; a wrong answer stays wrong.
func await(t *testing.T, pid int, want Answer) {
	t.Helper()
	var got Answer
	settled := 0
	for range 1000 {
		if got = On("/proc", pid, []int{3}); got == want {
			settled++
		} else {
			settled = 0
		}
		if settled == 5 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("got %v, want %v", got, want)
}

func TestOnNobody(t *testing.T) {
	if got := On("/proc", 1<<22+1, []int{3}); got != Unknown {
		t.Errorf("got %v, want Unknown", got)
	}
}
