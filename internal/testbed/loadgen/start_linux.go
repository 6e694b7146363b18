package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// pairsEach is how many connections one process holds: descriptor limits are low
// on some machines, and cannot be raised on others.
const pairsEach = 250

// sleepers starts the processes, which end with loadgen, or by themselves.
func (s *starter) sleepers(l load, shared *net.TCPListener) error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	a, b := os.NewFile(uintptr(pair[0]), "a"), os.NewFile(uintptr(pair[1]), "b")
	defer a.Close()
	defer b.Close()
	listener, err := shared.File()
	if err != nil {
		return err
	}
	defer listener.Close()
	files := make([]*os.File, l.fds-3)
	for i := range files {
		files[i] = [...]*os.File{null, a, b}[i%3]
	}
	for i := range l.procs {
		if i == l.procs-1 {
			files[0] = listener
		}
		if err := s.sleep(files); err != nil {
			return err
		}
	}
	return nil
}

// sleep starts one process with descriptors.
func (s *starter) sleep(files []*os.File) error {
	runtime.LockOSThread() // a sleeper dies with the thread that started it
	cmd := exec.Command("sleep", strconv.Itoa(int(s.life/time.Second)+1))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.ExtraFiles = files
	if err := cmd.Start(); err != nil {
		return err
	}
	s.all = append(s.all, cmd)
	return nil
}

// connections makes TCP connections to a listener that is closed afterwards, and
// gives both ends of each to sleepers.
func (s *starter) connections(pairs int) error {
	if pairs == 0 {
		return nil
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer file.Close()
	fd, port := int(file.Fd()), l.Addr().(*net.TCPAddr).Port // Fd makes it block
	for left := pairs; left > 0; left -= pairsEach {
		if err := s.batch(fd, port, min(left, pairsEach)); err != nil {
			return fmt.Errorf("connection %d of %d: %w", pairs-left, pairs, err)
		}
	}
	return nil
}

func (s *starter) batch(listener, port, n int) error {
	var files []*os.File
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for range n {
		client, server, err := connect(listener, port)
		if err != nil {
			return err
		}
		files = append(files, os.NewFile(uintptr(client), "client"), os.NewFile(uintptr(server), "server"))
	}
	return s.sleep(files)
}

func connect(listener, port int) (client, server int, err error) {
	client, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, err
	}
	err = syscall.Connect(client, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	if err == nil {
		server, _, err = syscall.Accept4(listener, syscall.SOCK_CLOEXEC)
	}
	if err != nil {
		syscall.Close(client)
		return -1, -1, err
	}
	return client, server, nil
}
