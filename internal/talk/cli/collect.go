package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/container"
	"github.com/berthd/berth/internal/machine/netns"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report"
)

// facts answers a query from the machine, from another namespace of it, or from
// the file that --from names.
func (a *app) facts(ctx context.Context, q snapshot.Query) (fact.Set, error) {
	set, err := a.rawFacts(ctx, q)
	if err == nil && !a.global.noRedact {
		set.Redact()
	}
	return set, err
}

func (a *app) rawFacts(ctx context.Context, q snapshot.Query) (fact.Set, error) {
	if a.global.from != "" {
		return a.load(a.global.from)
	}
	set, err := a.collect(ctx, q)
	var f *fail
	switch {
	case errors.As(err, &f):
		return set, err
	case err != nil:
		return set, &fail{openCode(err), err, ""}
	}
	return set, nil
}

// collect reads this machine, from inside the namespace that --netns names.
func (a *app) collect(ctx context.Context, q snapshot.Query) (set fact.Set, err error) {
	err = a.within(ctx, func() (err error) {
		set, err = snapshot.Collect(ctx, q)
		return err
	})
	return set, err
}

// within runs look inside the namespace that --netns names.
func (a *app) within(ctx context.Context, look func() error) error {
	if a.global.netns == "" {
		return look()
	}
	ns, err := a.namespace(ctx, a.global.netns)
	if err != nil {
		return err
	}
	return netns.Do(ctx, ns, look)
}

// namespace resolves --netns. A container is found through its engine.
func (a *app) namespace(ctx context.Context, name string) (fact.Namespace, error) {
	if c, ok := strings.CutPrefix(name, "container:"); ok {
		pid, err := container.PID(ctx, c)
		if err != nil {
			return fact.Namespace{}, &fail{openCode(err), err, "the PID of a process in it does as well: --netns PID"}
		}
		name = strconv.Itoa(pid)
	}
	ns, err := netns.Resolve(name)
	if err != nil {
		return ns, &fail{openCode(err), err, "a PID, a name from ip netns list, the path of a namespace file, or container:NAME"}
	}
	return ns, nil
}

// load reads a snapshot file; "-" is standard input.
func (a *app) load(name string) (fact.Set, error) {
	in := a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fact.Set{}, &fail{openCode(err), err, "berth snapshot save FILE writes one"}
		}
		defer f.Close()
		in = f
	}
	set, err := snapshot.Load(in)
	if at := new(fs.PathError); errors.As(err, &at) {
		return set, &fail{openCode(err), err, "berth snapshot save FILE writes one"}
	}
	if err != nil {
		return set, &fail{ExitUsage, errors.Join(fileError{name, err}), snapshotHint(err)}
	}
	return set, nil
}

type fileError struct {
	name string
	err  error
}

func (e fileError) Error() string { return e.name + ": " + e.err.Error() }
func (e fileError) Unwrap() error { return e.err }

func openCode(err error) int {
	if errors.Is(err, fs.ErrPermission) {
		return ExitNotAllowed
	}
	return ExitCouldNot
}

func snapshotHint(err error) string {
	switch {
	case errors.Is(err, snapshot.ErrTruncated):
		return "save or copy it again: berth snapshot save FILE"
	case errors.Is(err, snapshot.ErrNewer):
		return "read it with the berth that wrote it, or a newer one"
	}
	return "berth explain reads pasted texts; --from wants a file that berth snapshot save wrote"
}

// seen refuses a list of a machine whose socket table could not be read: empty
// and unknown are two answers.
func seen(set *fact.Set) error {
	g := diagnose.Blindness(set.Gaps)
	if g == nil {
		return nil
	}
	code := ExitCouldNot
	if g.Kind == fact.GapPermission {
		code = ExitNotAllowed
	}
	said := report.Gaps([]fact.Gap{*g}, &set.Machine)[0]
	return &fail{code, errors.New(said.Text), cmp.Or(said.Hint, "berth explain reads pasted texts, --from a snapshot, on every system")}
}
