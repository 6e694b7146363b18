package command

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/talk/freeing"
)

// there refuses a newcomer that is not on this machine, which is not asked where the
// facts are saved ones. A file is known by its whole path from here on: undo may be
// asked for in another folder.
func there(o *freeing.Options, saved bool) error {
	const hint = "without --for a plain bind is the goal"
	switch n := &o.For; {
	case n.Kind == planning.ForEndpoint && o.Endpoint.Port != 0 && n.Endpoint.Port != o.Endpoint.Port:
		return usage(hint, "--for: port %d is not the one that is to be freed, %d", n.Endpoint.Port, o.Endpoint.Port)
	case saved:
	case n.Kind == planning.ForPID && !runs(n.PID):
		return usage(hint, "--for: no process %d runs here", n.PID)
	case n.Kind == planning.ForFile:
		return file(n, hint)
	}
	return nil
}

func file(n *planning.Newcomer, hint string) error {
	info, err := os.Stat(n.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usage(hint, "--for: no file %s is here", n.Name)
	case err == nil && !info.Mode().IsRegular():
		return usage(hint, "--for: %s is no file of a configuration", n.Name)
	}
	if whole, err := filepath.Abs(n.Name); err == nil {
		n.Name = whole
	}
	return nil
}

// runs tells whether a process is there, anybody's.
func runs(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	return !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// port is the value of --port.
type port uint16

// Set reads a port that somebody can listen on.
func (p *port) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return errors.New("a port is a number from 1 to 65535")
	}
	*p = port(n)
	return nil
}

// String is the port in digits, "0" for none.
func (p *port) String() string { return strconv.Itoa(int(*p)) }

// Type is the word that help has for the value.
func (*port) Type() string { return "uint16" }
