// Package command is the commands that change the machine, and those that take it
// back: their words, flags and help. What they do is package freeing's.
package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/freeing"
)

// Shell is what the commands need of the program around them.
type Shell struct {
	// Change lends a desk, and ends with what was done there.
	Change func(do func(*freeing.Desk) (int, error)) error
	// Endpoint reads an endpoint, joined with --proto.
	Endpoint func(text, proto string) (fact.Endpoint, error)
	// From is the saved snapshot that is asked, "" for this machine.
	From func() string
	// Promised are the ports that are not to be handed out.
	Promised func() []uint16
}

// usage is an error in the words of the command.
func usage(hint, format string, args ...any) error {
	return &freeing.Stop{Code: 2, Err: fmt.Errorf(format, args...), Hint: hint}
}

// Free is berth free.
func (s Shell) Free() *cobra.Command {
	var o freeing.Options
	var proto, newcomer string
	var resume bool
	cmd := &cobra.Command{
		Use:   "free [ENDPOINT]",
		Short: "choose a way out, see the plan, apply it, verify it",
		Long: `free lists the ways to a free port, gentlest first, shows what the chosen one would
change, does it when you agree, and ends with the proof: your own bind works, and
still does some seconds later. Where it does not, everything is taken back.

What undoes it is in the journal before the first change: berth undo takes it back,
also after a crash; berth free --resume goes on. Ctrl-C and a closed terminal take back
what was begun.

A plan that may cut you off (ssh, DNS, remote desktop) is different: a closed terminal
may be its doing, so it goes on to its end, and then goes back by itself unless you
press Enter in time, or run berth confirm in a new session.

REMEDY is KIND[:TARGET], as berth who and berth free list them. NEWCOMER is who wants
the port: apache, nginx, iis, a configuration FILE, unit:NAME, service:NAME, pid:N or
ADDR:PORT; without it a plain bind on every address is the goal. Without ENDPOINT it
puts damage of the machine right, by the remedy that berth's overview names.

Exit codes: 0 done, or there is a plan (--dry-run); 1 refused, or nothing was changed;
2 the words are off; 3 could not look; 4 not permitted; 5 verification failed, and
what was done is taken back; 130 Ctrl-C, and what was done is taken back.`,
		Example: `  berth free 80
  berth free 80 --remedy stop:nginx.service --dry-run
  berth free 80 --for apache --remedy move --yes
  berth free --resume`,
		Args: func(_ *cobra.Command, args []string) error {
			if !resume && len(args) == 0 && o.Remedy != "" {
				return nil // what puts the machine right frees no port
			}
			if !resume && len(args) == 0 {
				return usage("berth free 80", "free needs an endpoint")
			}
			if !resume && len(args) != 1 || len(args) > 1 {
				return usage("berth free 80", "free takes one endpoint, and %d were given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if resume {
				w, err := which(args, false)
				if err != nil {
					return err
				}
				return s.Change(func(d *freeing.Desk) (int, error) { return d.Resume(cmd.Context(), w) })
			}
			if len(args) == 1 {
				if o.Endpoint, err = s.Endpoint(args[0], proto); err != nil {
					return err
				}
			}
			if o.For, err = planning.ParseNewcomer(newcomer); err != nil {
				return usage("apache, nginx, iis, a configuration file, unit:NAME, service:NAME, pid:N or ADDR:PORT", "--for: %w", err)
			}
			return s.runFree(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&proto, "proto", "", "tcp or udp; tcp where nothing is said")
	f.StringVar(&newcomer, "for", "", "`NEWCOMER` who wants the port")
	f.StringVar(&o.Remedy, "remedy", "", "`KIND[:TARGET]` of the way out; without it you are asked")
	f.Var((*port)(&o.Port), "port", "the new port of whoever moves (else the next that is free)")
	f.BoolVar(&o.DryRun, "dry-run", false, "show the plan, change nothing")
	f.BoolVar(&o.Yes, "yes", false, "do it without asking")
	f.DurationVar(&o.Settle, "settle", planning.DefaultSettle, "watch this long whether the port stays free")
	f.DurationVar(&o.Limit, "limit", 0, "give each step this long, to do it and to undo it (else 1m30s, and 1m to stop a driver)")
	f.DurationVar(&o.ConfirmWithin, "confirm-within", 120*time.Second, "take a plan that may cut you off back unless it is confirmed in this time")
	f.BoolVar(&resume, "resume", false, "go on with an interrupted plan (its number, or the newest)")
	return cmd
}

func (s Shell) runFree(ctx context.Context, o freeing.Options) error {
	if o.Endpoint.Proto == "" {
		o.Endpoint.Proto = fact.TCP
	}
	if o.Settle <= 0 || o.ConfirmWithin <= 0 || o.Limit < 0 {
		return usage("a duration such as 3s", "--settle, --limit and --confirm-within take positive durations")
	}
	if s.From() != "" && o.Yes {
		return usage("leave one of them out", "--yes changes this machine, and --from asks a saved one")
	}
	if err := there(&o, s.From() != ""); err != nil {
		return err
	}
	o.Promised = s.Promised()
	return s.Change(func(d *freeing.Desk) (int, error) { return d.Free(ctx, o) })
}

// which reads the number of a journal entry.
func which(args []string, all bool) (w freeing.Which, err error) {
	w.All = all
	switch {
	case len(args) == 1 && all:
		return w, usage("leave one of them out", "--all and a number exclude each other")
	case len(args) == 1:
		if w.ID, err = journal.ParseID(args[0]); err != nil {
			return w, usage("berth journal lists the entries", "%w", err)
		}
	}
	return w, nil
}

// entryArgs takes the number of an entry, or nothing.
func entryArgs(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("berth journal lists the entries", "one entry at a time, and %d were named", len(args))
	}
	return nil
}

// Undo is berth undo.
func (s Shell) Undo() *cobra.Command {
	all, helper := false, false
	cmd := &cobra.Command{
		Use:   "undo [ID]",
		Short: "take back what berth changed",
		Long: `undo takes an entry of the journal back, the newest where none is named, and verifies
that all is as before. It refuses, and shows the difference, where somebody else has
changed since what it would put back. --all goes on with the others then; run it before
berth is removed.

Exit codes: 0 taken back; 1 refused, or there is nothing; 2 the words are off; 3 could
not look; 4 not permitted; 5 not everything could be taken back, such as a process
that has ended. With --all it is the highest of them, and 0 where there is nothing.`,
		Example: "  berth undo\n  berth undo 4\n  berth undo --all",
		Args:    entryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := which(args, all)
			if err != nil {
				return err
			}
			w.Unconfirmed = helper
			return s.Change(func(d *freeing.Desk) (int, error) { return d.Undo(cmd.Context(), w) })
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every entry, the newest first")
	const waits = "unless-confirmed" // what takes a plan back that nobody confirms runs this
	cmd.Flags().BoolVar(&helper, waits, false, "wait until an entry is due, and take it back unless it was confirmed")
	cmd.Flags().Lookup(waits).Hidden = true
	return cmd
}

// Confirm is berth confirm.
func (s Shell) Confirm() *cobra.Command {
	return &cobra.Command{
		Use:   "confirm [ID]",
		Short: "keep a change that goes back by itself otherwise",
		Long: `confirm keeps a plan that may have cut you off (ssh, DNS, remote desktop). Run it in a
new session: that one can be opened is what shows that nothing is cut off. In the session
that made the change it is refused, also through sudo (not on Windows).

Exit codes: 0 kept; 1 nothing waits to be confirmed, or this is the session that made
the change; 2 the words are off; 4 not permitted.`,
		Example: "  berth confirm\n  berth confirm 4",
		Args:    entryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := which(args, false)
			if err != nil {
				return err
			}
			return s.Change(func(d *freeing.Desk) (int, error) { return d.Confirm(cmd.Context(), w) })
		},
	}
}

// Journal is berth journal.
func (s Shell) Journal() *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use:   "journal [ID]",
		Short: "what berth changed here, and how it stands",
		Long: `journal lists what berth changed: the newest 50 entries, and all that are open; with a
number it shows one entry whole. An entry that is open is never forgotten; of the others
the newest 500 are kept, and those with nothing left to undo for a year.

Exit codes: 0 nothing is open; 1 something is: interrupted, waiting for a reboot or to
be confirmed; 2 the words are off; 3 could not look; 4 the entry is not in your own
journal, and the system's is root's.`,
		Example: "  berth journal\n  berth journal 4",
		Args:    entryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := which(args, all)
			if err != nil {
				return err
			}
			return s.Change(func(d *freeing.Desk) (int, error) { return d.Journal(cmd.Context(), w) })
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "older entries too")
	return cmd
}
