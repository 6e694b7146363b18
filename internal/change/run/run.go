// Package run starts the few programs that change cannot do without: a server that
// checks its own configuration, a supervisor that is asked by its own command. It is
// the one room below change that starts processes.
//
// A program gets an argument list and never a shell, an environment of our own making,
// no standard input, and a process group (on Windows a job) of its own, which is ended
// with all its children when the time is up. Its output is bounded.
package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// Limit bounds a command where neither ctx nor [Options] has an earlier end.
const Limit = time.Minute

// MaxOutput bounds what is kept of stdout and of stderr, in bytes.
const MaxOutput = 1 << 20

// What Command refuses with before anything is started.
var (
	ErrNotFound = errors.New("no such program")
	ErrShell    = errors.New("only a shell can run it")             // a .cmd or .bat file
	ErrUnsafe   = errors.New("someone else can write it")           // see [Trusted]
	ErrUser     = errors.New("cannot start a program as this user") // not root, or Windows
)

// Options of a command; the zero value runs it as the asker.
type Options struct {
	// Env is added to the environment, as "NAME=value"; see [Command].
	Env []string
	// Dir is the working folder; "" is the root folder, on Windows the system's.
	Dir string
	// As is the user to run it as, nil for the asker. Another than the asker needs
	// root, and is an error on Windows.
	As *User
	// Limit bounds it; 0 is [Limit].
	Limit time.Duration
}

// User is who a program runs as.
type User struct{ UID, GID uint32 }

// Result is what an ended program said. Truncated: there was more than [MaxOutput].
type Result struct {
	Exit           int
	Stdout, Stderr string
	Truncated      bool
}

// Command runs a program to its end and returns its exit code, which is no error
// whatever it is. argv[0] is an absolute path, or a name that [Look] finds.
//
// The environment is LANG and LC_ALL (both C), PATH, and what the system itself
// cannot do without, then Options.Env: nothing of the asker's. As root, a program that
// somebody else can write is refused with [ErrUnsafe], since it would get root's
// rights; Options.As runs it with its owner's.
//
// It blocks until the program has ended, or ctx, or the limit: then the program and
// its children are killed and the error wraps the context's. A program that a signal
// ended is an error. Children that a program leaves behind on purpose live on.
func Command(ctx context.Context, argv []string, o Options) (Result, error) {
	if len(argv) == 0 {
		return Result{}, fmt.Errorf("%w: no name", ErrNotFound)
	}
	path, err := Look(argv[0])
	if err != nil {
		return Result{}, err
	}
	if err := Trusted(path, o.As); err != nil {
		return Result{}, err
	}
	if o.Limit == 0 {
		o.Limit = Limit
	}
	ctx, cancel := context.WithTimeout(ctx, o.Limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, argv[1:]...)
	cmd.Env, cmd.Dir = append(environment(), o.Env...), o.Dir
	if cmd.Dir == "" {
		cmd.Dir = rootFolder()
	}
	return finish(ctx, cmd, o.As)
}

func finish(ctx context.Context, cmd *exec.Cmd, as *User) (Result, error) {
	var stdout, stderr limited
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second // for whoever else has its output open
	release, err := start(cmd, as)
	if err == nil {
		err = cmd.Wait()
		release()
	}
	r := Result{Stdout: decode(stdout.kept.Bytes()), Stderr: decode(stderr.kept.Bytes()), Truncated: stdout.more || stderr.more}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return r, nil
	case ctx.Err() != nil:
		return r, fmt.Errorf("%s did not end in time: %w", cmd.Path, ctx.Err())
	case errors.As(err, &exit) && exit.Exited():
		r.Exit = exit.ExitCode()
		return r, nil
	case errors.Is(err, exec.ErrWaitDelay):
		return r, nil
	}
	return r, fmt.Errorf("%s: %w", cmd.Path, err)
}

// limited keeps the first bytes of what is written to it and takes the rest for
// nothing, so that the writer never blocks.
type limited struct {
	kept bytes.Buffer // not embedded: io.Copy would use its ReadFrom, which has no bound
	more bool
}

func (l *limited) Write(p []byte) (int, error) {
	room := MaxOutput - l.kept.Len()
	l.kept.Write(p[:min(room, len(p))])
	l.more = l.more || len(p) > room
	return len(p), nil
}
