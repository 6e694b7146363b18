package bindrule

import (
	"net/netip"

	"github.com/berthd/berth/internal/fact"
)

// form is the shape of a local address, as far as conflicts go.
type form int

const (
	v4Any form = iota
	v4One
	v6Dual // "::" that takes IPv4 too
	v6Only // "::" with IPV6_V6ONLY
	v6One
	forms
)

// meet says whether two addresses overlap.
type meet int

const (
	never  meet = iota
	always      // whatever the addresses are
	same        // only when they are one and the same
)

// overlap is the table of Linux: may two sockets with these addresses take the
// same packet. IPv4 addresses inside IPv6 (::ffff:a.b.c.d) count as IPv4.
var overlap = [forms][forms]meet{
	v4Any:  {v4Any: always, v4One: always, v6Dual: always, v6Only: never, v6One: never},
	v4One:  {v4Any: always, v4One: same, v6Dual: always, v6Only: never, v6One: never},
	v6Dual: {v4Any: always, v4One: always, v6Dual: always, v6Only: always, v6One: always},
	v6Only: {v4Any: never, v4One: never, v6Dual: always, v6Only: always, v6One: always},
	v6One:  {v4Any: never, v4One: never, v6Dual: always, v6Only: always, v6One: same},
}

func formOf(a netip.Addr, only bool) form {
	a = a.Unmap()
	switch {
	case a.Is4() && a.IsUnspecified():
		return v4Any
	case a.Is4():
		return v4One
	case a.IsUnspecified() && only:
		return v6Only
	case a.IsUnspecified():
		return v6Dual
	}
	return v6One
}

// meets tells whether the two addresses overlap, each with its IPV6_V6ONLY.
func meets(a netip.Addr, aOnly bool, b netip.Addr, bOnly bool) bool {
	switch overlap[formOf(a, aOnly)][formOf(b, bOnly)] {
	case always:
		return true
	case same:
		return a.Unmap().WithZone("") == b.Unmap().WithZone("")
	}
	return false
}

// only is the newcomer's IPV6_V6ONLY.
func (w Want) only(m fact.Machine) bool {
	if w.V6Only != nil {
		return *w.V6Only
	}
	return bindV6Only(m)
}

func bindV6Only(m fact.Machine) bool {
	return m.Linux != nil && m.Linux.BindV6Only != nil && *m.Linux.BindV6Only
}

// apart tells whether the addresses differ because one is IPv4 and one is IPv6.
func apart(a, b netip.Addr) bool { return a.Unmap().Is4() != b.Unmap().Is4() }
