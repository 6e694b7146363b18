package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// owner is a process that has a port.
type owner struct {
	pid  string
	port string
	c    *child
	gone func() // removes its cgroup
}

// newOwner starts one in a control group, below the cgroup2 mount, that is made
// for it where it is not there. The first process is its parent.
func (p *place) newOwner(ctx context.Context, port, cgroup string) (*owner, error) {
	mount, err := unifiedMount()
	if err != nil {
		return nil, err
	}
	made, err := makeGroup(mount, cgroup)
	gone := func() {
		for _, dir := range made {
			_ = os.Remove(dir)
		}
	}
	if err != nil {
		gone()
		return nil, err
	}
	dir, err := os.Open(filepath.Join(mount, cgroup))
	if err != nil {
		gone()
		return nil, err
	}
	defer dir.Close()
	self, err := os.Executable()
	if err != nil {
		gone()
		return nil, err
	}
	attr := &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd())}
	c, line, err := p.start(ctx, attr, self, "orphan", port)
	if err != nil {
		gone()
		return nil, fmt.Errorf("owner of port %s: %w", port, err)
	}
	o := &owner{pid: line, port: port, c: c, gone: gone}
	if _, err := strconv.Atoi(line); err != nil {
		o.end()
		return nil, fmt.Errorf("owner of port %s did not start: %q", port, line)
	}
	return o, c.cmd.Wait()
}

// end has the owner end and removes what was made for it.
func (o *owner) end() {
	o.c.end()
	for range 500 {
		if _, err := os.Stat("/proc/" + o.pid); o.pid == "" || err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	o.gone()
}

// unifiedMount finds the cgroup2 mount, beside version 1 or alone.
func unifiedMount() (string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	for _, line := range strings.Split(string(text), "\n") {
		before, after, _ := strings.Cut(line, " - ")
		if f := strings.Fields(before); len(f) > 4 && f[3] == "/" && strings.HasPrefix(after, "cgroup2 ") {
			return f[4], nil
		}
	}
	return "", errors.New("no cgroup2 mount that shows the whole hierarchy")
}

// makeGroup makes the folders of a group and returns those that were not there,
// innermost first. The last one is the measurement's own, also when an earlier run
// has left it.
func makeGroup(mount, cgroup string) (made []string, err error) {
	dir := mount
	words := strings.FieldsFunc(cgroup, func(r rune) bool { return r == '/' })
	for i, name := range words {
		dir = filepath.Join(dir, name)
		err := unix.Mkdir(dir, 0o755)
		if err != nil && err != unix.EEXIST {
			return made, fmt.Errorf("make %s: %w", dir, err)
		}
		if err == nil || i == len(words)-1 {
			made = append([]string{dir}, made...)
		}
	}
	return made, nil
}
