package bindrule

import (
	"net/netip"
	"strconv"

	"github.com/berthd/berth/internal/fact"
)

// firstUnprivileged is the kernel's own start of the unprivileged range.
const firstUnprivileged = 1024

// Self lists what the machine alone has against want, in the order in which the
// kernel looks: at the address before the privilege on an IPv4 socket, the other
// way round on an IPv6 one. Facts that m does not have raise no refusal.
func Self(want Want, m fact.Machine) []Verdict {
	order := [...]func(Want, fact.Machine) (Verdict, bool){
		familyOff, selinux, multicastStream, privilege, mappedOnly, noScope, address,
	}
	if want.Local.Addr().Is4() {
		order[3], order[6] = address, privilege
	}
	var all []Verdict
	for _, rule := range order {
		if v, ok := rule(want, m); ok {
			all = append(all, v)
		}
	}
	return all
}

func refuse(rule Rule, at Step, errno string, args map[string]string, needs ...Need) (Verdict, bool) {
	return Verdict{Rule: rule, At: at, Errno: errno, Confidence: Certain, Needs: needs, Args: args}, true
}

func familyOff(want Want, m fact.Machine) (Verdict, bool) {
	if want.Local.Addr().Is4() || m.Linux == nil || !m.Linux.NoIPv6 {
		return Verdict{}, false
	}
	return refuse(FamilyOff, AtSocket, "EAFNOSUPPORT", nil, NeedIPv4)
}

// selinux only ever says "possible": whether the newcomer's domain may use the
// port's type is the policy's secret.
func selinux(want Want, m fact.Machine) (Verdict, bool) {
	if want.SELinuxType == "" || m.Linux == nil || m.Linux.SELinux != "enforcing" {
		return Verdict{}, false
	}
	v, _ := refuse(SELinuxDenies, AtBind, "EACCES", map[string]string{"type": want.SELinuxType}, NeedPolicy)
	v.Confidence = Possible
	return v, true
}

func multicastStream(want Want, _ fact.Machine) (Verdict, bool) {
	a := want.Local.Addr()
	if !a.Is6() || a.Is4In6() || !a.IsMulticast() || want.Proto != fact.TCP {
		return Verdict{}, false
	}
	return refuse(MulticastStream, AtBind, "EINVAL", map[string]string{"address": a.String()})
}

func noScope(want Want, _ fact.Machine) (Verdict, bool) {
	a := want.Local.Addr()
	local := a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast()
	if !a.Is6() || a.Is4In6() || !local || a.Zone() != "" || want.Device != "" {
		return Verdict{}, false
	}
	return refuse(NoScope, AtBind, "EINVAL", nil, NeedInterface)
}

func mappedOnly(want Want, m fact.Machine) (Verdict, bool) {
	if !want.Local.Addr().Is4In6() || !want.only(m) {
		return Verdict{}, false
	}
	return refuse(MappedV6Only, AtBind, "EINVAL", nil, NeedDualOrPlain)
}

func privilege(want Want, m fact.Machine) (Verdict, bool) {
	start, setting := uint16(firstUnprivileged), ""
	if m.Linux != nil && m.Linux.UnprivStart != nil {
		start, setting = *m.Linux.UnprivStart, "net.ipv4.ip_unprivileged_port_start"
	}
	if want.Privileged || want.Local.Port() == 0 || want.Local.Port() >= start || want.Proto == fact.Raw {
		return Verdict{}, false
	}
	args := map[string]string{"value": strconv.Itoa(int(start))}
	v, _ := refuse(Privilege, AtBind, "EACCES", args, NeedCapability)
	if setting == "" {
		v.Confidence = Likely // the setting was not read; this is its default
	} else {
		args["setting"] = setting
	}
	return v, true
}

// address tells whether want's address is one of the machine's. A machine whose
// addresses are unknown refuses nothing.
func address(want Want, m fact.Machine) (Verdict, bool) {
	a := want.Local.Addr().Unmap()
	if len(m.Addrs) == 0 || everywhere(a) || want.Freebind || nonlocal(a, m) {
		return Verdict{}, false
	}
	args := map[string]string{"address": a.String()}
	switch has, tentative := owns(m, a); {
	case tentative:
		return refuse(Tentative, AtBind, "EADDRNOTAVAIL", args, NeedWait, NeedFreebind)
	case has:
		return Verdict{}, false
	}
	if a.Is6() && m.Linux != nil && isOn(m.Linux.DisableIPv6) {
		args["setting"], args["value"] = "net.ipv6.conf.all.disable_ipv6", "1"
		return refuse(NotLocal, AtBind, "EADDRNOTAVAIL", args, NeedIPv4)
	}
	return refuse(NotLocal, AtBind, "EADDRNOTAVAIL", args, NeedFreebind)
}

// everywhere tells whether any machine takes a for its own.
func everywhere(a netip.Addr) bool {
	return a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

func nonlocal(a netip.Addr, m fact.Machine) bool {
	if m.Linux == nil {
		return false
	}
	if a.Is4() {
		return isOn(m.Linux.NonlocalBind4)
	}
	return isOn(m.Linux.NonlocalBind6)
}

// owns looks a up. A loopback prefix is local as a whole, and so is the broadcast
// address of an IPv4 network.
func owns(m fact.Machine, a netip.Addr) (has, tentative bool) {
	a = a.WithZone("")
	for _, own := range m.Addrs {
		addr := own.Prefix.Addr().WithZone("")
		switch {
		case addr == a:
			if !own.Tentative {
				return true, false
			}
			tentative = true
		case a.Is4() && addr.Is4() && own.Prefix.Contains(a) && (addr.IsLoopback() || a == broadcast(own.Prefix)):
			return true, false
		}
	}
	return false, tentative
}

// broadcast is the last address of an IPv4 network, where it has one.
func broadcast(p netip.Prefix) netip.Addr {
	if p.Bits() > 30 {
		return netip.Addr{}
	}
	b := p.Masked().Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}
