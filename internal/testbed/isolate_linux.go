package testbed

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Isolate puts the calling goroutine alone on a thread in network, PID, mount and
// cgroup namespaces of its own, which hold nothing but a loopback interface that
// is up and the program init, and returns what ends them. It needs root.
//
// Commands that the goroutine starts from now on live there: port 80 is free, no
// other process is seen, /run is empty, and whatever they leave behind ends with
// init. The goroutine stays on its thread, and the thread ends with it.
//
// init is started as the first process of the PID namespace. It must mount /proc
// and say "ready", and end when its standard input does.
func Isolate(init string) (end func(), err error) {
	runtime.LockOSThread()
	// The first use of a process tries a child out; it must not become init.
	if _, err := os.FindProcess(os.Getpid()); err != nil {
		return nil, err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP); err != nil {
		return nil, fmt.Errorf("new namespaces: %w", err)
	}
	if err := linkUp("lo"); err != nil {
		return nil, fmt.Errorf("loopback up: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil, fmt.Errorf("private mounts: %w", err)
	}
	return startInit(init)
}

func startInit(init string) (end func(), err error) {
	path, err := exec.LookPath(init)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path)
	cmd.Args[0] = filepath.Base(init)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end = func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); strings.TrimSpace(line) != "ready" {
		end()
		return nil, fmt.Errorf("%s did not start: %q, %w", init, line, err)
	}
	return end, nil
}
