package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// dieWithParent has the kernel kill the child when the test process is gone, so
// that an interrupted run leaves nothing behind. The kernel goes by the thread that
// starts the child: one that ends early takes the child with it.
func dieWithParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

func procRoot(pid int) string { return fmt.Sprintf("/proc/%d/root", pid) }

// Inner is the command's PID as seen from the test: the first child of the nsenter
// that a [Place] puts in front of it, else [Child.PID].
func (c *Child) Inner() int {
	if filepath.Base(c.cmd.Args[0]) != "nsenter" {
		return c.PID()
	}
	if kids := children(c.PID()); len(kids) > 0 {
		return kids[0]
	}
	return c.PID()
}

// children are the child processes that the main thread of pid has started.
func children(pid int) []int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, f := range strings.Fields(string(data)) {
		if n, err := strconv.Atoi(f); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

// killAndAwait kills the first process of a PID namespace and waits until it is
// gone, and with it all others.
func killAndAwait(pid int) {
	_ = syscall.Kill(pid, syscall.SIGKILL)
	for range 1000 {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d/ns", pid)); err != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
