package httpconf

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
)

// listenList is the state of the listen list; IPv4 comes before IPv6.
func listenList(set fact.Set) plan.State {
	var all []netip.Addr
	for _, a := range set.ListenList {
		all = append(all, a.Addr)
	}
	return plan.State{"addresses": spell(all)}
}

// spell is a list of addresses in its one spelling.
func spell(all []netip.Addr) string {
	slices.SortFunc(all, netip.Addr.Compare)
	var words []string
	for _, a := range slices.Compact(all) {
		words = append(words, a.String())
	}
	return strings.Join(words, " ")
}

func parseList(text string) (all []netip.Addr, err error) {
	for _, w := range strings.Fields(text) {
		a, err := netip.ParseAddr(w)
		if err != nil {
			return nil, fmt.Errorf("the listen list: %w", err)
		}
		all = append(all, a)
	}
	if spell(slices.Clone(all)) != text {
		return nil, fmt.Errorf("the listen list %q is not sorted, or not written as addresses are", text)
	}
	return all, nil
}

// setListenList adds before it deletes: an empty list is every address.
func (d Driver) setListenList(now, to plan.State) error {
	text, ok := to["addresses"]
	if !ok {
		return nil
	}
	want, err := parseList(text)
	if err != nil {
		return err
	}
	have, err := parseList(now["addresses"])
	if err != nil {
		return err
	}
	for _, a := range want {
		if slices.Contains(have, a) {
			continue
		}
		if err := d.calls.listen(a); err != nil && !errors.Is(err, httpapi.ErrExists) {
			return said("adding "+a.String()+" to the listen list", err)
		}
	}
	for _, a := range have {
		if slices.Contains(want, a) {
			continue
		}
		if err := d.calls.unlisten(a); err != nil && !errors.Is(err, httpapi.ErrNotFound) {
			return said("deleting "+a.String()+" from the listen list", err)
		}
	}
	return nil
}

// defaultTimeout is that of both timers, in seconds.
const defaultTimeout = 120

func timerKey(name string) (httpapi.TimeoutKey, error) {
	switch name {
	case "idle-connection":
		return httpapi.IdleConnection, nil
	case "header-wait":
		return httpapi.HeaderWait, nil
	}
	return 0, fmt.Errorf("HTTP.sys has no machine-wide timer %q, but idle-connection and header-wait", name)
}

func timer(t *fact.HTTPTimeouts, name string) (plan.State, error) {
	key, err := timerKey(name)
	if err != nil {
		return nil, err
	}
	seconds := t.IdleConnection
	if key == httpapi.HeaderWait {
		seconds = t.HeaderWait
	}
	return plan.State{"value": strconv.FormatUint(uint64(seconds), 10)}, nil
}

func (d Driver) setTimer(name string, now, to plan.State) error {
	key, err := timerKey(name)
	if err != nil {
		return err
	}
	text, ok := to["value"]
	if !ok || text == now["value"] {
		return nil
	}
	seconds, err := strconv.ParseUint(text, 10, 16)
	if err != nil || seconds == 0 {
		return fmt.Errorf("%q is no time for HTTP.sys's timer %s: 1 to 65535 seconds", text, name)
	}
	if err := d.calls.untime(key); err != nil && !errors.Is(err, httpapi.ErrNotFound) {
		return said("deleting HTTP.sys's timer "+name, err)
	}
	if seconds == defaultTimeout {
		return nil
	}
	if err := d.calls.time(key, uint16(seconds)); err != nil {
		return said("setting HTTP.sys's timer "+name+", which is at its default now", err)
	}
	return nil
}
