package unit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/machine/unitlog"
)

func (d Driver) read(ctx context.Context, s plan.Subject) (plan.State, error) {
	if s.Kind == plan.Reload {
		return plan.State{}, nil
	}
	b, err := d.dial(ctx, s.Of["manager"])
	if err != nil {
		return nil, err
	}
	defer b.close()
	return b.state(ctx, s.Name)
}

func (d Driver) set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	b, err := d.dial(ctx, s.Of["manager"])
	if err != nil {
		return err
	}
	defer b.close()
	switch {
	case s.Kind == plan.Unit:
		return b.set(ctx, s.Name, before, to)
	case s.Name == managerName:
		return b.ask(ctx, "Reload", nil)
	}
	return b.do(ctx, "reload", "ReloadOrTryRestartUnit", s.Name)
}

// loaded is what the manager has in memory of a unit.
type loaded struct {
	path        dbus.ObjectPath
	id          string
	names       []string
	load        string
	active, sub string
	triggeredBy []string
}

// load asks for a unit, and for one that is starting or stopping until it has
// settled, or for a second.
func (b *bus) load(ctx context.Context, name string) (loaded, error) {
	var u loaded
	if err := b.ask(ctx, "LoadUnit", []any{&u.path}, name); err != nil {
		return u, err
	}
	for end := time.Now().Add(settling); ; {
		props := map[string]dbus.Variant{}
		if err := b.call(ctx, u.path, ifaceProps+".GetAll", []any{&props}, ifaceUnit); err != nil {
			return u, err
		}
		for key, out := range map[string]any{"Id": &u.id, "Names": &u.names, "LoadState": &u.load, "ActiveState": &u.active,
			"SubState": &u.sub, "TriggeredBy": &u.triggeredBy} {
			if v, ok := props[key]; ok {
				if err := v.Store(out); err != nil {
					return u, fmt.Errorf("%s: %w", key, err)
				}
			}
		}
		if !passing(u.active) && !hasJob(props["Job"]) || time.Now().After(end) {
			return u, nil
		}
		select {
		case <-ctx.Done():
			return u, ctx.Err()
		case <-time.After(settling / 50):
		}
	}
}

// hasJob tells whether the manager is about to do something with the unit. The
// property is the job's number, 0 for none, and its path.
func hasJob(v dbus.Variant) bool {
	job, ok := v.Value().([]any)
	return ok && len(job) > 0 && job[0] != uint32(0)
}

func (b *bus) state(ctx context.Context, name string) (plan.State, error) {
	u, err := b.load(ctx, name)
	if err != nil {
		return nil, err
	}
	st := plan.State{"exists": "yes", "active": u.active}
	if u.load == "not-found" {
		st["exists"] = "no"
	}
	enabled, err := b.enabled(ctx, u.id)
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil // no file: a unit of the moment, or none at all
	}
	if err != nil {
		return nil, err
	}
	links, err := b.links(u)
	if err != nil {
		return nil, err
	}
	st["enabled"], st["links"] = enabled, links.String()
	return st, nil
}

func (b *bus) enabled(ctx context.Context, id string) (string, error) {
	var s string
	err := b.ask(ctx, "GetUnitFileState", []any{&s}, id)
	return s, err
}

// links are those that enable the unit itself.
func (b *bus) links(u loaded) (linkSet, error) { return b.files.scan(u.names) }

// set changes what is to be changed: what stops is stopped while its file can still
// be read, and once more if something has started it meanwhile.
func (b *bus) set(ctx context.Context, name string, before, to plan.State) error {
	u, err := b.load(ctx, name)
	if err != nil {
		return err
	}
	if exists := to["exists"]; exists != "" && (exists == "no") != (u.load == "not-found") {
		return fmt.Errorf("exists: a unit is made and removed with its file")
	}
	_, enables := to["enabled"]
	if enables {
		if err := b.refuses(u.id, to["enabled"]); err != nil {
			return err
		}
	}
	active, acts := to["active"]
	stops := acts && !runs(active)
	if stops && u.active != "inactive" {
		if err := b.do(ctx, "stop", "StopUnit", u.id); err != nil {
			return err
		}
	}
	if enables {
		if err := b.enablement(ctx, u, before, to); err != nil {
			return err
		}
	}
	if acts && !stops {
		if u.active == "failed" { // or it may have failed too often to be started again now
			_ = b.ask(ctx, "ResetFailedUnit", nil, u.id)
		}
		if err := b.do(ctx, "start", "StartUnit", u.id); err != nil {
			return err
		}
	}
	return b.verify(ctx, u, to)
}

// verify reads the unit again. What was stopped and is up once more is stopped again,
// now that it may be masked; what stopped badly is forgiven.
func (b *bus) verify(ctx context.Context, u loaded, to plan.State) error {
	want, acts := to["active"]
	is, err := b.load(ctx, u.id)
	if err == nil && acts && !runs(want) && runs(is.active) {
		if err := b.do(ctx, "stop", "StopUnit", u.id); err != nil {
			return err
		}
		is, err = b.load(ctx, u.id)
	}
	if err == nil && want == "inactive" && is.active == "failed" {
		if err := b.ask(ctx, "ResetFailedUnit", nil, u.id); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		is, err = b.load(ctx, u.id)
	}
	if err != nil {
		return err
	}
	if acts && !reached(want, is.active) {
		return b.unreached(want, is)
	}
	if want, ok := to["enabled"]; ok {
		got, err := b.enabled(ctx, u.id)
		if err != nil || got != want {
			return errors.Join(fmt.Errorf("asked to be %s, and is %s", want, got), err)
		}
	}
	return nil
}

func (b *bus) unreached(want string, is loaded) error {
	text := fmt.Sprintf("asked to be %s, and is %s (%s)", want, is.active, is.sub)
	if runs(want) {
		return errors.New(text + b.why(is.path, is.id, time.Now().Add(-10*settling)))
	}
	if len(is.triggeredBy) > 0 {
		text += "; it can be started by " + strings.Join(is.triggeredBy, ", ")
	}
	return errors.New(text)
}

// do runs one job on a unit and tells why it failed, if it did.
func (b *bus) do(ctx context.Context, verb, member, name string) error {
	begun := time.Now()
	result, err := b.job(ctx, member, name, "replace")
	if err == nil && result == "done" {
		return nil
	}
	if ctx.Err() != nil {
		return b.unfinished(ctx, verb, name)
	}
	if err != nil {
		return err
	}
	if result == "canceled" {
		return fmt.Errorf("%s: canceled, since something else started or stopped it meanwhile", verb)
	}
	return fmt.Errorf("%s: %s%s", verb, result, b.why("", name, begun))
}

// unfinished tells what goes on although nobody waits for it any more.
func (b *bus) unfinished(ctx context.Context, verb, name string) error {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*settling)
	defer cancel()
	u, err := b.load(short, name)
	if err != nil {
		return fmt.Errorf("%s: not done in time, and systemd goes on with it: %w", verb, ctx.Err())
	}
	return fmt.Errorf("%s: not done in time, and systemd goes on with it; now it is %s (%s): %w", verb, u.active, u.sub, ctx.Err())
}

// maxLines is how much of a unit's log goes into an error: what a program says last is
// often that it said more before.
const maxLines = 6

// why is what the manager and the unit's log say of a failure: "; exit-code, status
// 1: LINE / LINE".
func (b *bus) why(path dbus.ObjectPath, name string, since time.Time) string {
	ctx, cancel := context.WithTimeout(context.Background(), settling)
	defer cancel()
	if path == "" && b.ask(ctx, "GetUnit", []any{&path}, name) != nil {
		path = "" // forgotten already; its log is not
	}
	text := ""
	if path != "" {
		text = b.result(ctx, path, name)
	}
	if last := b.lastLines(ctx, name, since); last != "" {
		text += ": " + last
	}
	return text
}

// result is how the unit's own last run ended, as its type tells it.
func (b *bus) result(ctx context.Context, path dbus.ObjectPath, name string) string {
	text, result, status := "", "", int32(0)
	kind := name[strings.LastIndexByte(name, '.')+1:]
	iface := service + "." + strings.ToUpper(kind[:1]) + kind[1:]
	if b.property(ctx, path, iface, "Result", &result) == nil && result != "" && result != "success" {
		text += "; " + result
	}
	if kind == "service" && b.property(ctx, path, iface, "ExecMainStatus", &status) == nil && status != 0 {
		text += ", status " + strconv.Itoa(int(status))
	}
	return text
}

// lastLines are the newest lines of the unit's own programs since then, or else of PID
// 1 about it. The journal is a little behind, and a program may say nothing at all.
func (b *bus) lastLines(ctx context.Context, name string, since time.Time) string {
	for text := ""; ; {
		own, others := b.log(name, since)
		now := strings.Join(own, " / ")
		if now != "" && now == text {
			return now
		}
		text = now
		select {
		case <-ctx.Done():
			return cmp.Or(now, strings.Join(others, " / "))
		case <-time.After(settling / 20):
		}
	}
}

func (b *bus) log(name string, since time.Time) (own, others []string) {
	log := unitlog.Open(b.root)
	defer log.Close()
	lines, _ := log.Tail(unitlog.Unit{Name: name, User: b.user != "", UID: b.user}, 30)
	for _, l := range lines {
		switch {
		case l.At.Before(since):
		case l.PID > 1:
			own = append(own, l.Text)
		default:
			others = append(others, l.Text)
		}
	}
	// PID 1 gives its reason, then says that it failed.
	return own[max(0, len(own)-maxLines):], others[max(0, len(others)-2):]
}

// refuses tells what could not be done to a unit's enablement, before anything is.
func (b *bus) refuses(id, want string) error {
	if b.user != "" && b.user != strconv.Itoa(os.Geteuid()) { // who may have put anything there, for root to write through
		return fmt.Errorf("the enablement of this unit is files of uid %s, run berth as that user: %w", b.user, fs.ErrPermission)
	}
	if want == "masked" {
		return b.files.inTheWay(id)
	}
	if want == "disabled" {
		return b.files.forgotten(id)
	}
	return nil
}

// enablement unmasks, enables or disables, puts the links as they were when it is
// undone, and masks. The manager is told in any case, since who crashed before may not
// have.
func (b *bus) enablement(ctx context.Context, u loaded, before, to plan.State) error {
	want := to["enabled"]
	if err := b.unmask(ctx, u.id, want); err != nil {
		return err
	}
	var err error
	if text, ok := before["links"]; ok && before["enabled"] == want {
		err = b.relink(u, text)
	} else {
		err = b.enable(ctx, u, want)
	}
	if err == nil {
		err = b.mask(ctx, u.id, want)
	}
	if err != nil {
		return err
	}
	return b.ask(ctx, "Reload", nil)
}

func (b *bus) unmask(ctx context.Context, id, want string) error {
	has, hasRuntime := b.files.masked(id)
	keep, keepRuntime := masks(want)
	if has && !keep {
		if err := b.ask(ctx, "UnmaskUnitFiles", nil, []string{id}, false); err != nil {
			return err
		}
	}
	if hasRuntime && !keepRuntime && !keep {
		return b.ask(ctx, "UnmaskUnitFiles", nil, []string{id}, true)
	}
	return nil
}

func (b *bus) mask(ctx context.Context, id, want string) error {
	has, hasRuntime := b.files.masked(id)
	keep, keepRuntime := masks(want)
	if keep && !has || keepRuntime && !hasRuntime {
		return b.ask(ctx, "MaskUnitFiles", nil, []string{id}, keepRuntime, false)
	}
	return nil
}

// enable brings the unit's file to a state it was not in before. Its links alone are
// removed, and no others made: what Also= names is a thing of its own.
func (b *bus) enable(ctx context.Context, u loaded, want string) error {
	now, err := b.links(u)
	if err != nil {
		return err
	}
	switch want {
	case "enabled":
		return b.alone(ctx, u, false)
	case "enabled-runtime":
		if err := b.files.restore(now.file(u.id), now); err != nil {
			return err
		}
		return b.alone(ctx, u, true)
	case "disabled", "linked":
		return b.files.restore(now.file(u.id), now)
	}
	return nil
}

// alone has the manager enable a unit as its [Install] says, and takes back what it
// does to those that Also= names.
func (b *bus) alone(ctx context.Context, u loaded, runtime bool) error {
	others := b.files.group(u.names)[len(u.names):]
	was, err := b.files.scan(others)
	if err != nil {
		return err
	}
	if err := b.ask(ctx, "EnableUnitFiles", nil, []string{u.id}, runtime, false); err != nil {
		return err
	}
	now, err := b.files.scan(others)
	if err != nil {
		return err
	}
	return b.files.restore(was, now)
}

// relink makes the links that text says.
func (b *bus) relink(u loaded, text string) error {
	want, err := parseLinks(text, configured(b.files.unitPath))
	if err != nil {
		return err
	}
	now, err := b.links(u)
	if err != nil {
		return err
	}
	return b.files.restore(want, now)
}
