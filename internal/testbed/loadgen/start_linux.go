package main

import (
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// start starts the sleepers, which end with loadgen, or by themselves.
func start(procs, fds int, life time.Duration, l *net.TCPListener) ([]*exec.Cmd, error) {
	runtime.LockOSThread() // a sleeper dies with the thread that started it
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	a, b := os.NewFile(uintptr(pair[0]), "a"), os.NewFile(uintptr(pair[1]), "b")
	defer a.Close()
	defer b.Close()
	listener, err := l.File()
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	files := make([]*os.File, fds-3)
	for i := range files {
		files[i] = [...]*os.File{null, a, b}[i%3]
	}
	var all []*exec.Cmd
	for i := range procs {
		cmd := exec.Command("sleep", strconv.Itoa(int(life/time.Second)+1))
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		cmd.ExtraFiles = files
		if i == procs-1 {
			files[0] = listener
		}
		if err := cmd.Start(); err != nil {
			return all, err
		}
		all = append(all, cmd)
	}
	return all, nil
}

