package httpconf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
)

// reservation is the state of one prefix. The slash at the end is implied, and case
// is of no account.
func reservation(set fact.Set, prefix string) plan.State {
	for _, r := range set.Reservations {
		if strings.EqualFold(slashed(r.URL), slashed(prefix)) {
			s := plan.State{"exists": "yes"}
			if r.SDDL != "" {
				s["sddl"] = r.SDDL
			}
			return s
		}
	}
	return plan.State{"exists": "no"}
}

func slashed(prefix string) string { return strings.TrimSuffix(prefix, "/") + "/" }

func (d Driver) setReservation(prefix string, now, before, to plan.State) error {
	prefix = slashed(prefix)
	if len(plan.Differs(to, now)) == 0 {
		return nil
	}
	if to["exists"] == "no" {
		return d.unreserve(prefix)
	}
	want, ok := to["sddl"]
	if !ok { // it is to be there again
		want, ok = before["sddl"]
	}
	if !ok {
		return fmt.Errorf("%s is not reserved, and without a descriptor it cannot be", prefix)
	}
	if want != before["sddl"] {
		if err := d.spelled(want); err != nil {
			return err
		}
	}
	if now["exists"] == "yes" {
		return d.replace(prefix, now["sddl"], want)
	}
	return d.reserve(prefix, want)
}

// spelled refuses a descriptor that would come back in other words.
func (d Driver) spelled(sddl string) error {
	windows, err := d.calls.spelling(sddl)
	if err != nil {
		return said(fmt.Sprintf("the descriptor %q", sddl), err)
	}
	if windows != sddl {
		return fmt.Errorf("the descriptor %q: Windows writes it %q, and so must a plan", sddl, windows)
	}
	return nil
}

func (d Driver) reserve(prefix, sddl string) error {
	if err := d.calls.reserve(prefix, sddl); err != nil && !errors.Is(err, httpapi.ErrExists) {
		return said("reserving "+prefix, err)
	}
	return nil // one that was there all the same is seen when it is read back
}

func (d Driver) unreserve(prefix string) error {
	if err := d.calls.unreserve(prefix); err != nil && !errors.Is(err, httpapi.ErrNotFound) {
		return said("deleting the reservation of "+prefix, err)
	}
	return nil
}

// replace leaves a moment in which nobody has the prefix reserved.
func (d Driver) replace(prefix, old, sddl string) error {
	if err := d.unreserve(prefix); err != nil {
		return err
	}
	err := d.reserve(prefix, sddl)
	if err == nil {
		return nil
	}
	if old == "" {
		return fmt.Errorf("%w; the reservation that was there is gone, and what it said is not known", err)
	}
	if back := d.reserve(prefix, old); back != nil {
		return fmt.Errorf("%w; the reservation that was there, %s, is gone and did not come back: %w", err, old, back)
	}
	return fmt.Errorf("%w; the reservation that was there is back", err)
}
