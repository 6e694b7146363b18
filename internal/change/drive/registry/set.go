package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
)

// Set writes or deletes a value, makes its key where there is none, and reads back.
// What to does not say of a value, type or data, is as it is, or where there is none
// as it was before. To take a key away ("key-exists": "no") it goes upwards as far as
// before's "key-above", and refuses where a key is not empty.
func (d Driver) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	now, err := d.Read(ctx, s)
	if err != nil {
		return err
	}
	k, err := parseKey(s.Name)
	if err != nil {
		return err
	}
	if to["exists"] == "yes" && to["key-exists"] == "no" {
		return fmt.Errorf("%s: a value cannot be in a key that is not there", k)
	}
	to = whole(to, now, before)
	if len(plan.Differs(to, now)) == 0 {
		return nil
	}
	if to["exists"] == "no" {
		err = d.remove(k, s.Of["value"], now)
	} else if to["exists"] == "yes" {
		err = d.write(k, s.Of["value"], now, to)
	}
	if err == nil && to["key-exists"] == "yes" && now["key-exists"] == "no" {
		err = d.makeKey(k)
	}
	if err == nil && to["key-exists"] == "no" {
		err = d.removeKeys(k, before["key-above"])
	}
	if err != nil {
		return err
	}
	return d.check(ctx, s, to)
}

// check reads back.
func (d Driver) check(ctx context.Context, s plan.Subject, to plan.State) error {
	got, err := d.Read(ctx, s)
	if err != nil {
		return err
	}
	for _, f := range plan.Differs(to, got) {
		if f.Field != "key-above" {
			return fmt.Errorf("%s, value %q: the registry reported success, and %s is %q, not %q", s.Name, s.Of["value"], f.Field, f.Got, f.Want)
		}
	}
	return nil
}

func (d Driver) remove(k key, value string, now plan.State) error {
	if now["exists"] == "no" {
		return nil
	}
	if err := d.calls.remove(k, value); err != nil && !errors.Is(err, errAbsent) {
		return said("deleting the value "+value+" of "+k.String(), err)
	}
	return nil
}

// whole adds to a value that is to be there what is not said of it.
func whole(to, now, before plan.State) plan.State {
	_, hasType := to["type"]
	_, hasData := to["data"]
	if to["exists"] == "no" || to["exists"] == "" && !hasType && !hasData {
		return to
	}
	from := now
	if now["exists"] != "yes" {
		from = before
	}
	out := plan.State{"type": from["type"], "data": from["data"], "exists": "yes"}
	if from["exists"] != "yes" {
		out = plan.State{"exists": "yes"}
	}
	maps.Copy(out, to)
	return out
}

func (d Driver) write(k key, value string, now, to plan.State) error {
	word, okType := to["type"]
	data, okData := to["data"]
	if !okType || !okData {
		return fmt.Errorf("%s, value %q: it is not there, and a type and data are needed to write it", k, value)
	}
	kind, err := parseKind(word)
	if err != nil {
		return err
	}
	if now["key-exists"] == "no" {
		if err := d.makeKey(k); err != nil {
			return err
		}
	}
	if err := d.calls.set(k, value, kind, []byte(data)); err != nil {
		return said("writing the value "+value+" of "+k.String(), err)
	}
	return nil
}

func (d Driver) makeKey(k key) error {
	if err := d.calls.makeKey(k); err != nil {
		return said("making the key "+k.String(), err)
	}
	return nil
}

// removeKeys deletes k, and what is above it up to one that is to stay. Whoever was
// at it before, after a crash, may have deleted some of them.
func (d Driver) removeKeys(k key, stays string) error {
	for {
		if err := d.calls.removeKey(k); err != nil && !errors.Is(err, errAbsent) {
			if errors.Is(err, errInUse) {
				return fmt.Errorf("%s stays: something else is in it by now: %w", k, err)
			}
			return said("deleting the key "+k.String(), err)
		}
		up, ok := k.above()
		if !ok || stays == "" || !below(up, stays) {
			return nil
		}
		k = up
	}
}

// below tells whether k is truly below a key that is named with its root.
func below(k key, top string) bool {
	return len(k.String()) > len(top) && strings.EqualFold(k.String()[:len(top)], top) && k.String()[len(top)] == '\\'
}
