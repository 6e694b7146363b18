package host

import (
	"net"
	"testing"
)

func TestNetAddr(t *testing.T) {
	for name, c := range map[string]struct {
		in   net.Addr
		want string // "" = none
	}{
		"IPv4":              {&net.IPNet{IP: net.ParseIP("192.168.1.20"), Mask: net.CIDRMask(24, 32)}, "192.168.1.20/24"},
		"IPv6":              {&net.IPNet{IP: net.ParseIP("2001:db8::1"), Mask: net.CIDRMask(64, 128)}, "2001:db8::1/64"},
		"a mask with holes": {&net.IPNet{IP: net.IPv4(10, 0, 0, 1).To4(), Mask: net.IPv4Mask(255, 0, 255, 0)}, "10.0.0.1/32"},
		"the other's mask":  {&net.IPNet{IP: net.ParseIP("10.0.0.1"), Mask: net.CIDRMask(64, 128)}, "10.0.0.1/32"},
		"an odd address":    {&net.IPNet{IP: net.IP{1, 2, 3}, Mask: net.CIDRMask(24, 32)}, ""},
		"of another kind":   {&net.UnixAddr{Name: "/x"}, ""},
		"no mask":           {&net.IPNet{IP: net.ParseIP("::1")}, "::1/128"},
	} {
		got, ok := netAddr(c.in, "en0")
		if ok != (c.want != "") || ok && (got.Prefix.String() != c.want || got.Device != "en0") {
			t.Errorf("%s: %+v %v", name, got, ok)
		}
	}
}
