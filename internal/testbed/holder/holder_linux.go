package holder

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func run(form string, words []string) error {
	runtime.LockOSThread() // children die with the thread that started them
	tcp := spec{kind: unix.SOCK_STREAM}
	var err error
	switch form {
	case "listen":
		err = each(&tcp, words, spec.server)
	case "udp":
		err = each(&spec{kind: unix.SOCK_DGRAM}, words, spec.bind)
	case "bound":
		err = each(&tcp, words, spec.bind)
	case "workers":
		err = workers(words)
	case "heir":
		err = heir(words)
	case "dial":
		_, err = connect(words[0])
	case "ended":
		err = ended(words[0])
	case "left":
		err = left(words[0])
	case "flashes":
		return flashes(words)
	case "flash":
		return flash(words[0])
	case "hostile":
		return hostile(words)
	case "share":
		serve(3) // a worker: it was given the descriptor
		return nil
	default:
		fail(2, usage)
	}
	if err == nil {
		ready()
	}
	return err
}

func each(s *spec, words []string, open func(spec, string) (int, error)) error {
	for _, addr := range s.flags(words) {
		if _, err := open(*s, addr); err != nil {
			return err
		}
	}
	return nil
}

const self = "/proc/self/exe"

// child is a process that inherits fd and is killed with this one, unless left.
func child(fd int, left bool, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	if name == self {
		cmd.Args[0] = os.Args[0] // the program is known by its name
	}
	if fd >= 0 {
		if fd, err := unix.Dup(fd); err == nil {
			cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(fd), "listener")}
		}
	}
	if !left {
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	}
	return cmd
}

func workers(words []string) error {
	n, err := strconv.Atoi(words[0])
	if err != nil {
		return err
	}
	fd, err := spec{kind: unix.SOCK_STREAM}.server(words[1])
	if err != nil {
		return err
	}
	for range n {
		if err := child(fd, false, self, "share", "3").Start(); err != nil {
			return err
		}
	}
	return nil
}

// heir leaves its child alone when it ends, as servers do.
func heir(words []string) error {
	fd, err := spec{kind: unix.SOCK_STREAM}.server(words[0])
	if err != nil {
		return err
	}
	return child(fd, true, words[1], words[2:]...).Start()
}

func connect(addr string) (int, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(family(at), unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	return fd, unix.Connect(fd, sockaddr(at))
}

// left listens, is connected to, and ends the listener: what stays is the server's
// end of the connection.
func left(addr string) error {
	l, err := spec{kind: unix.SOCK_STREAM}.listen(addr)
	if err != nil {
		return err
	}
	if _, err := connect(addr); err != nil {
		return err
	}
	if _, _, err := unix.Accept4(l, unix.SOCK_CLOEXEC); err != nil {
		return err
	}
	return unix.Close(l)
}

// ended listens, is connected to, ends the connection first and the listener
// after it: what stays is the server's end in TIME_WAIT.
func ended(addr string) error {
	l, err := spec{kind: unix.SOCK_STREAM}.listen(addr)
	if err != nil {
		return err
	}
	far, err := connect(addr)
	if err != nil {
		return err
	}
	near, _, err := unix.Accept(l)
	if err != nil {
		return err
	}
	for _, fd := range []int{near, far, l} {
		if err := unix.Close(fd); err != nil {
			return err
		}
	}
	return nil
}

// flashes keeps n processes at a time that listen for a moment and end.
func flashes(words []string) error {
	n, err := strconv.Atoi(words[0])
	if err != nil {
		return err
	}
	for range n {
		go func() {
			for {
				_ = child(-1, true, self, "flash", words[1]).Run()
			}
		}()
	}
	ready()
	return nil
}

func flash(addr string) error {
	if _, err := (spec{kind: unix.SOCK_STREAM, reusePort: true}).listen(addr); err != nil {
		return err
	}
	time.Sleep(time.Duration(os.Getpid()%8) * time.Millisecond)
	os.Exit(0)
	return nil
}

// Words that a terminal, a line or a document must never see as they are.
const (
	hostileName = "\x1b[31m\n\xff\u202eweb"
	hostileWord = "\x1b]0;owned\x07\r\n\u2028\u202e\x9b2J\xfe"
)

// hostile runs itself again under a hostile name, from a hostile folder, with a
// command line of 64 KB.
func hostile(words []string) error {
	const word = hostileWord
	addr := words[0]
	if len(words) > 1 {
		if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(unsafe.StringData(hostileName+"\x00"))), 0, 0, 0); err != nil {
			return err
		}
		_, err := spec{kind: unix.SOCK_STREAM}.server(addr)
		if err == nil {
			ready()
		}
		return err
	}
	if err := os.MkdirAll(word, 0o755); err != nil {
		return err
	}
	program, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	if err := os.Chdir(word); err != nil {
		return err
	}
	if err := os.WriteFile(word, program, 0o755); err != nil {
		return err
	}
	args := []string{os.Args[0], "hostile", addr}
	for size := 0; size < 64<<10; size += len(word) + 1 {
		args = append(args, word)
	}
	return fmt.Errorf("exec: %w", unix.Exec(word, args, os.Environ()))
}

// Init is the first process of a PID namespace: it mounts what belongs to the
// namespace, says "ready", reaps, and ends with its standard input; everything
// else in the namespace ends with it.
func Init() {
	for _, m := range [...]struct{ kind, at string }{{"proc", "/proc"}, {"tmpfs", "/run"}} {
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			fail(1, "mount "+m.at+": "+err.Error()+"\n")
		}
	}
	signal.Ignore(syscall.SIGCHLD)
	ready()
	stay()
}
