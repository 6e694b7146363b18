package cli

import (
	"context"
	"errors"
	"runtime"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report/urlcheck"
)

// checkPrefixes asks about URL prefixes: HTTP.sys is never tried, only judged.
func (a *app) checkPrefixes(ctx context.Context, texts []string, o checkOptions) error {
	if o.wait > 0 {
		return usage("leave it out", "--wait waits for a port, not for a URL prefix")
	}
	set := fact.Set{Machine: fact.Machine{OS: runtime.GOOS}}
	if a.global.from != "" || runtime.GOOS == "windows" {
		var err error
		if set, err = a.facts(ctx, snapshot.Query{Ports: urlcheck.Ports(texts), Owners: true, Context: true, AllStates: true}); err != nil {
			return err
		}
	}
	c, err := urlcheck.New(&set, texts, o.as)
	switch {
	case errors.Is(err, urlcheck.ErrNoHTTPSys):
		return &fail{ExitCouldNot, err, "--from FILE answers from a snapshot of a Windows machine"}
	case errors.Is(err, urlcheck.ErrMixed):
		return usage("berth check 80, and then berth check http://+:80/", "%w", err)
	case err != nil:
		return usage("whoami /user tells it", "--as %q: %w", o.as, err)
	}
	a.exit = c.Exit()
	if a.global.json {
		return a.document(c.Document())
	}
	return a.text(c.WriteText)
}
