package fact

import (
	"net/netip"
	"testing"
)

func TestSocketID(t *testing.T) {
	for _, c := range []struct {
		proto         Proto
		local, remote string
		number        uint64
		want          ID
	}{
		{TCP, "0.0.0.0:80", "", 48213, "sock:tcp:0.0.0.0:80#48213"},
		{UDP, "[fe80::1%12]:53", "", 0, "sock:udp:[fe80::1%12]:53#0"},
		{TCP, "[::ffff:127.0.0.1]:80", "[::1]:9", 1<<64 - 1, "sock:tcp:[::ffff:127.0.0.1]:80>[::1]:9#18446744073709551615"},
		{TCP, "127.0.0.1:80", "127.0.0.1:0", 7, "sock:tcp:127.0.0.1:80#7"},
		{TCP, "", "", 7, "sock:tcp:invalid AddrPort#7"},
	} {
		var local, remote netip.AddrPort
		if c.local != "" {
			local = netip.MustParseAddrPort(c.local)
		}
		if c.remote != "" {
			remote = netip.MustParseAddrPort(c.remote)
		}
		if got := SocketID(c.proto, local, remote, c.number); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// Two sockets on one address always stand in the same order.
func TestCompareSocketsToTheEnd(t *testing.T) {
	a := Socket{Proto: TCP, State: Listen, Local: netip.MustParseAddrPort("0.0.0.0:80"), PID: 900}
	b := a
	b.PID = 904
	if CompareSockets(&a, &b) >= 0 || CompareSockets(&b, &a) <= 0 || CompareSockets(&a, &a) != 0 {
		t.Error("the PID does not decide")
	}
}

func TestV6Only(t *testing.T) {
	yes, no := true, false
	for name, c := range map[string]struct {
		s           Socket
		only, known bool
	}{
		"Linux's":  {Socket{Linux: &LinuxSocket{V6Only: &yes}}, true, true},
		"macOS's":  {Socket{Darwin: &DarwinSocket{V6Only: &yes}}, true, true},
		"of both":  {Socket{Darwin: &DarwinSocket{V6Only: &no}}, false, true},
		"not told": {Socket{Darwin: &DarwinSocket{}, Linux: &LinuxSocket{}}, false, false},
		"Windows'": {Socket{Windows: &WindowsSocket{}}, false, false},
	} {
		if only, known := c.s.V6Only(); only != c.only || known != c.known {
			t.Errorf("%s: %v %v", name, only, known)
		}
	}
}
