package run

import (
	"os"
	"os/exec"
)

// Detached is a program that [Detach] started.
type Detached struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// Detach starts a program that outlives the caller, its terminal and its session. It
// has nothing on stdin, stdout and stderr. On Linux and macOS it leads a session of its
// own, so that neither Ctrl-C nor a closed terminal reaches it; what ends every process
// of a cgroup, as systemd does at logout where it is told so, still ends it. On Windows
// it has no console and leaves the caller's job where that allows it; logging off ends
// it. A reboot ends it everywhere.
//
// argv[0] is an absolute path, which is not checked by [Trusted]: the caller's own
// program is what is meant to go on. env is all of its environment, dir its folder.
// Detach does not wait for it.
func Detach(argv, env []string, dir string) (*Detached, error) {
	d, err := detach(argv, env, dir)
	if err != nil {
		return nil, err
	}
	go func() {
		_ = d.cmd.Wait() // so that it is no zombie where the caller lives longer
		close(d.ended)
	}()
	return d, nil
}

// Ended is closed when the program has ended.
func (d *Detached) Ended() <-chan struct{} { return d.ended }

// Kill ends it at once.
func (d *Detached) Kill() error { return d.cmd.Process.Kill() }

func detached(argv, env []string, dir string) *exec.Cmd {
	cmd := &exec.Cmd{Path: argv[0], Args: argv, Env: env, Dir: dir}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	return cmd
}
