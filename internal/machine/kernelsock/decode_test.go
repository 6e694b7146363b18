package kernelsock

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/netlink"
)

func linkMessage(name, kind string, data []byte) []byte {
	info := netlink.AppendAttr(nil, infoKind, append([]byte(kind), 0))
	info = netlink.AppendAttr(info, infoData|netlink.Nested, data)
	b := netlink.AppendAttr(make([]byte, linkHeader), linkName, append([]byte(name), 0))
	b[4] = 1
	binary.NativeEndian.PutUint32(b[linkFlags:], linkUp)
	return netlink.AppendAttr(b, linkInfo|netlink.Nested, info)
}

func TestDecodeLink(t *testing.T) {
	port := func(attr uint16) []byte { return netlink.AppendAttr(nil, attr, []byte{0x17, 0xc1}) } // 6081
	for name, c := range map[string]struct {
		in   []byte
		port uint16
		ok   bool
	}{
		"geneve":         {linkMessage("g", "geneve", port(genevePort)), 6081, true},
		"bareudp":        {linkMessage("b", "bareudp", port(bareudpPort)), 6081, true},
		"vxlan":          {linkMessage("v", "vxlan", port(vxlanPort)), 6081, true},
		"vxlan no port":  {linkMessage("v", "vxlan", nil), 0, false},
		"gtp":            {linkMessage("g", "gtp", nil), 2152, true},
		"wireguard":      {linkMessage("w", "wireguard", nil), 0, true},
		"bridge":         {linkMessage("br", "bridge", port(vxlanPort)), 0, false},
		"not a message":  {[]byte{1, 2, 3}, 0, false},
		"nothing inside": {make([]byte, linkHeader), 0, false},
	} {
		p, ok := decodeLink(c.in)
		if ok != c.ok || ok && (p.port != c.port || p.proto != fact.UDP) {
			t.Errorf("%s: %+v %v", name, p, ok)
		}
	}
}

func TestADeviceThatIsDownHoldsNothing(t *testing.T) {
	for _, kind := range []string{"vxlan", "wireguard"} {
		b := linkMessage("x", kind, netlink.AppendAttr(nil, vxlanPort, []byte{0x12, 0xb5}))
		if _, ok := decodeLink(b); !ok {
			t.Errorf("%s is up", kind)
		}
		binary.NativeEndian.PutUint32(b[linkFlags:], 0)
		if _, ok := decodeLink(b); ok {
			t.Errorf("%s is down", kind)
		}
	}
}

func TestDecodeObject(t *testing.T) {
	wg := netlink.AppendAttr([]byte{0, 1, 0, 0}, wireguardName, []byte("wg0\x00"))
	wg = netlink.AppendAttr(wg, wireguardPort, binary.NativeEndian.AppendUint16(nil, 51820))
	fou := netlink.AppendAttr([]byte{1, 1, 0, 0}, fouPort, []byte{0x15, 0xb3})
	want := []part{
		{kind: "wireguard", name: "wg0", proto: fact.UDP, port: 51820, evidence: "generic netlink wireguard"},
		{kind: "fou", proto: fact.UDP, port: 5555, evidence: "generic netlink fou"},
	}
	a, ok1 := families[0].decodeObject(wg)
	b, ok2 := families[2].decodeObject(fou)
	if d := cmp.Diff(want, []part{a, b}, cmp.AllowUnexported(part{})); d != "" || !ok1 || !ok2 {
		t.Error(d, ok1, ok2)
	}
	if _, ok := families[0].decodeObject(netlink.AppendAttr([]byte{0, 1, 0, 0}, wireguardName, []byte("wg0\x00"))); ok {
		t.Error("a device without a port was given one")
	}
}
