// Package keeping says what a ledger promises and how it stands: `berth guard` and
// `berth check --profile`, their words, their documents, and the command of guard.
package keeping

import (
	"context"
	"io"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// Shell is what the command line lends to its commands here.
type Shell struct {
	Out, Err io.Writer
	Getenv   func(string) string
	JSON     func() bool
	From     func() string // the snapshot that is asked, "" for this machine
	Netns    func() string // the network namespace that is asked, "" for one's own
	Facts    func(context.Context, snapshot.Query) (fact.Set, error)
	// Say writes an answer as a text, or as its document.
	Say func(text func(io.Writer, layout.Style) error, doc any) error
	// Line writes one document of a stream.
	Line func(doc any) error
	// Fail makes an error with an exit code and a hint.
	Fail func(code int, err error, hint string) error
	// Exit sets the exit code of an answer that is no error.
	Exit func(code int)
	// Interruptible makes Ctrl-C end the context.
	Interruptible func()
	// Restore does what a promise allows; nil where this berth cannot.
	Restore Restorer
	// Begin ends what earlier changes have left open, as after a reboot, before a guard
	// watches; nil does nothing.
	Begin func(context.Context)
}

// Exit codes, see talk/cli.
const (
	exitNo         = 1
	exitUsage      = 2
	exitCouldNot   = 3
	exitNotAllowed = 4
)
