// Package winrange sets administered excluded port ranges of Windows, the starred ones
// of netsh: [plan.ExcludedRange]. Such a range keeps its ports out of what the system
// gives away by itself, and leaves them to whoever asks for one by number.
//
// Windows' calls (CreatePersistentTcpPortReservation) are not used: a reservation of
// theirs belongs to those who show its token when they bind, which a server that was
// never written for it does not. netsh is the documented way to a range with a star.
// It is started through change/run, its text is translated and only passed on, and
// what counts is what machine/portrange reads afterwards, by shape and from the
// registry. It needs an administrator; without, errors wrap [fs.ErrPermission]. netsh
// refuses while anybody uses one of the ports, or another range has them: a plan
// stops winnat first where that is who. On other systems than Windows every call is
// an error.
package winrange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netsh"
)

// Driver reads and sets ranges.
type Driver struct{ calls calls }

// New returns the driver of this machine.
func New() Driver { return Driver{system()} }

// calls are what the driver asks for: Windows', or a test's.
type calls struct {
	read     func(context.Context) (fact.Set, error)
	run      func(ctx context.Context, argv []string) (run.Result, error)
	elevated func() bool
}

// span is a range of ports of one protocol.
type span struct {
	proto    fact.Proto
	from, to uint16
}

func parseSpan(name string) (span, error) {
	proto, ports, _ := strings.Cut(name, " ")
	first, last, _ := strings.Cut(ports, "-")
	from, err1 := strconv.ParseUint(first, 10, 16)
	to, err2 := strconv.ParseUint(last, 10, 16)
	s := span{fact.Proto(proto), uint16(from), uint16(to)}
	if err := errors.Join(err1, err2); err != nil || from == 0 || from > to || s.String() != name || s.proto != fact.TCP && s.proto != fact.UDP {
		return span{}, fmt.Errorf("%q names no range of ports, as %q does", name, "tcp 50000-50059")
	}
	return s, nil
}

func (s span) String() string { return fmt.Sprintf("%s %d-%d", s.proto, s.from, s.to) }

// list is the command whose output must have been read.
func (s span) list() netsh.Show {
	if s.proto == fact.UDP {
		return netsh.ExcludedUDP4
	}
	return netsh.ExcludedTCP4
}

// command is netsh's argument list. store is "active" or "persistent", which is
// active at once too.
func (s span) command(verb, store string) []string {
	return []string{"netsh", "interface", "ipv4", verb, "excludedportrange", "protocol=" + string(s.proto),
		fmt.Sprint("startport=", s.from), fmt.Sprint("numberofports=", int(s.to)-int(s.from)+1), "store=" + store}
}

// Read returns "exists" (in the list of now) and "kept" (in that of the next boot). It
// needs no privilege and starts netsh to list the ranges, some 100 ms.
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	r, err := parseSpan(s.Name)
	if err != nil {
		return nil, err
	}
	set, err := d.calls.read(ctx)
	if err != nil {
		return nil, err
	}
	return state(set, r)
}

func state(set fact.Set, s span) (plan.State, error) {
	for _, g := range set.Gaps {
		if g.Subject == s.list().String() || strings.HasPrefix(g.Subject, `HKLM\`) {
			return nil, fmt.Errorf("the excluded port ranges could not be read: %s: %s%s", g.Subject, g.Err, g.Raw)
		}
	}
	out := plan.State{"exists": "no", "kept": "no"}
	for _, r := range set.Ranges {
		if r.Kind != fact.Excluded || !r.Administered || r.Proto != s.proto || r.From != s.from || r.To != s.to {
			continue
		}
		if r.Name != fact.RangeNextBoot {
			out["exists"] = "yes"
		}
		if r.Name != "" {
			out["kept"] = "yes"
		}
	}
	return out, nil
}

// Set adds a range or deletes it, and reads back. One that is to be there outlives a
// reboot unless "kept" says no, or said so before it was deleted.
func (d Driver) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	now, err := d.Read(ctx, s)
	if err != nil {
		return err
	}
	r, err := parseSpan(s.Name)
	if err != nil {
		return err
	}
	if kept, ok := before["kept"]; ok && to["kept"] == "" && to["exists"] == "yes" && before["exists"] == "yes" {
		to = plan.State{"exists": "yes", "kept": kept}
	}
	for _, argv := range steps(r, now, to) {
		if err := d.netsh(ctx, argv); err != nil {
			return err
		}
	}
	got, err := d.Read(ctx, s)
	if err != nil {
		return err
	}
	for _, f := range plan.Differs(to, got) {
		return fmt.Errorf("the excluded range %s: netsh reported success, and %s is %q, not %q", s.Name, f.Field, f.Got, f.Want)
	}
	return nil
}

// steps are the commands that lead from now to to.
func steps(s span, now, to plan.State) (all [][]string) {
	if len(plan.Differs(to, now)) == 0 {
		return nil
	}
	had := "active"
	if now["kept"] == "yes" {
		had = "persistent"
	}
	if now["exists"] == "yes" || now["kept"] == "yes" {
		all = append(all, s.command("delete", had))
	}
	if to["exists"] == "no" {
		return all
	}
	store := "persistent"
	if to["kept"] == "no" {
		store = "active"
	}
	return append(all, s.command("add", store))
}

func (d Driver) netsh(ctx context.Context, argv []string) error {
	line := strings.Join(argv, " ")
	r, err := d.calls.run(ctx, argv)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", line, err)
	case r.Exit == 0:
		return nil
	}
	said := strings.Join(strings.Fields(r.Stdout+" "+r.Stderr), " ")
	if !d.calls.elevated() {
		return fmt.Errorf("%s: %w (not run as administrator): %q", line, fs.ErrPermission, said)
	}
	return fmt.Errorf("%s: exit code %d: %q", line, r.Exit, said)
}
