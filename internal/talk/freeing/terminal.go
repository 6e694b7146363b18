package freeing

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Mind makes Ctrl-C and SIGTERM call stop in place of ending the program, and says to a
// second one that what was done is being taken back, which nothing but SIGKILL ends
// half-way. A closed terminal, and writing where nobody reads any more, ends nothing
// either: see HungUp. It returns d.
func (d *Desk) Mind(stop func()) *Desk {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	end, hup, gone := make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as below nohup
		signal.Notify(hup, syscall.SIGHUP)
	}
	go func() {
		<-hup
		close(gone)
	}()
	go func() {
		<-end
		stop()
		for range end {
			fmt.Fprintln(d.Err, "ending, please wait: what was begun is taken back, or stays open in the journal")
		}
	}()
	d.HungUp = gone
	return d
}

// hearing is a context that ends when the terminal is closed, but while the plan that
// is done may be what has closed it: that one goes on to its end, and then waits to be
// confirmed in a new session.
func (s *session) hearing(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.HungUp:
			if !s.steadfast.Load() {
				cancel()
			}
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// agree asks a yes-or-no question, whose default is no.
func (s *session) agree(ctx context.Context, question string) bool {
	fmt.Fprint(s.Err, question)
	line, err := s.read(ctx)
	if err != nil {
		fmt.Fprintln(s.Err)
		return false
	}
	line = strings.ToLower(strings.TrimSpace(line))
	return line == "y" || line == "yes"
}

// read returns the next line, or an error when ctx ends. A reader that still waits
// then is left to end with the process.
func (s *session) read(ctx context.Context) (string, error) {
	if s.lines == nil {
		s.lines = bufio.NewReader(s.In)
	}
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := s.lines.ReadString('\n')
		if line != "" {
			err = nil
		}
		got <- answer{line, err}
	}()
	select {
	case a := <-got:
		return a.line, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// typedAhead is how soon after a question a line may come that was not meant for it.
const typedAhead = 300 * time.Millisecond

// enter waits for the Enter key until the deadline. Lines that were typed before the
// question could be read keep nothing.
func (s *session) enter(ctx context.Context, until time.Time) bool {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for asked := time.Now(); ; {
		_, err := s.read(ctx)
		if err != nil || time.Since(asked) > typedAhead {
			return err == nil
		}
	}
}
