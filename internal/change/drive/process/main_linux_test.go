package process

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/answer/plan"
)

func play(role string) {
	switch role {
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		ready()
	case "parent": // of a child that ends with it
		bequeath("polite")
	case "parent of stay", "parent of deaf stay":
		bequeath(strings.TrimPrefix(role, "parent of "))
	case "headless":
		headless()
	case "deny": // of another user
		s := plan.Subject{Kind: plan.Process, Name: os.Args[1], Of: map[string]string{"start": os.Args[2], "force": "yes"}}
		err := set(s, nil, Gone)
		fmt.Println(errors.Is(err, fs.ErrPermission), err)
	case "reuse":
		if err := reuse(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("as it should")
	case "deaf stay":
		signal.Ignore(syscall.SIGTERM)
		stay()
	case "stay":
		stay()
	case "exec":
		ready()
		syscall.Exec("/bin/sleep", []string{"sleep", "60"}, nil)
	}
}

// headless ends its first thread; the others go on.
func headless() {
	if unix.Gettid() != os.Getpid() {
		fmt.Println("not the first thread")
		return
	}
	go ready()
	unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
}

// stay does so whatever becomes of the parent.
func stay() {
	fmt.Println("ready")
	time.Sleep(time.Minute)
}

// bequeath starts a child that has the listener of this process, says its PID, and
// stays.
func bequeath(role string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		fmt.Println(err)
		return
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "BERTH_ROLE="+role)
	c.ExtraFiles = []*os.File{f}
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err := c.Start(); err != nil || err1 != nil || err2 != nil {
		fmt.Println(err, err1, err2)
		return
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	fmt.Println("child", c.Process.Pid, strings.TrimSpace(line))
	bufio.NewReader(os.Stdin).ReadString('\n')
	in.Close()
}
