package cli

import (
	"errors"
	"os"

	"golang.org/x/term"

	"github.com/berthd/berth/internal/talk/freeing"
	"github.com/berthd/berth/internal/talk/freeing/command"
)

// desk is where changes are asked for.
func (a *app) desk() *freeing.Desk {
	in, isFile := a.In.(*os.File)
	out, toFile := a.Out.(*os.File)
	return &freeing.Desk{
		In: a.In, Out: a.Out, Err: a.Err, Style: a.style(), JSON: a.global.json, Version: a.Version, From: a.global.from, Facts: a.facts,
		Terminal: isFile && toFile && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd())),
		Write:    a.say,
	}
}

// changing runs a command that may change the machine: Ctrl-C takes back what was
// begun, in place of ending berth in the middle of it.
func (a *app) changing(do func(*freeing.Desk) (int, error)) error {
	if a.global.netns != "" {
		return usage("enter the namespace first: ip netns exec NAME berth ...", "berth changes the namespace it runs in, not --netns")
	}
	exit, err := do(a.desk().Mind(a.stop))
	a.exit = exit
	var s *freeing.Stop
	var f *fail
	if err == nil || errors.Is(err, errClosed) || errors.As(err, &s) || errors.As(err, &f) {
		return err
	}
	return &fail{exit, err, ""}
}

func (a *app) changes() command.Shell {
	return command.Shell{Change: a.changing, Endpoint: parseEndpoint, From: func() string { return a.global.from }, Promised: a.shell().Promised}
}
