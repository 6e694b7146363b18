package host

import (
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/netlink"
	"github.com/berthd/berth/internal/testbed"
)

func TestSettings(t *testing.T) {
	yes, no, start := true, false, uint16(80)
	files := map[string]string{
		"proc/sys/net/ipv6/bindv6only":                 "1\n",
		"proc/sys/net/ipv4/ip_nonlocal_bind":           "0\n",
		"proc/sys/net/ipv4/ip_unprivileged_port_start": "80\n",
		"proc/sys/net/ipv4/tcp_fin_timeout":            "60\n",
		"proc/thread-self/net/if_inet6":                "",
		"sys/fs/selinux/enforce":                       "1",
	}
	want := &fact.LinuxNet{BindV6Only: &yes, NonlocalBind4: &no, UnprivStart: &start, TCPFinTimeoutMS: 60000, SELinux: "enforcing"}
	if d := cmp.Diff(want, settings(testbed.Tree(t, files))); d != "" {
		t.Error(d)
	}
	files["sys/fs/selinux/enforce"] = "0"
	if got := settings(testbed.Tree(t, files)); got.SELinux != "permissive" {
		t.Errorf("enforce 0 is %q", got.SELinux)
	}
	files["proc/sys/net/ipv6/bindv6only"] = "many\n"
	if got := settings(testbed.Tree(t, files)); got.BindV6Only != nil {
		t.Errorf("an unreadable setting is %v, want unknown", *got.BindV6Only)
	}
	if got := settings(testbed.Tree(t, nil)); !got.NoIPv6 || got.SELinux != "" || got.UnprivStart != nil {
		t.Errorf("an empty tree: %+v", got)
	}
}

func TestAskerIsNamed(t *testing.T) {
	me := uint32(os.Geteuid())
	if me == 0 {
		if got := asker(testbed.Tree(t, map[string]string{"etc/passwd": "admin:x:0:0::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n"})); got.User != "admin" {
			t.Errorf("user %q, want the first with this uid", got.User)
		}
	}
	got := asker(testbed.Tree(t, map[string]string{"etc/passwd": "other:x:4242:1::/:/bin/sh\n"}))
	if got.UID != me || got.Netns == 0 || me != 4242 && got.User != "" {
		t.Errorf("%+v", got)
	}
}

func addrMessage(bits, flags byte, attrs ...[]byte) []byte {
	b := []byte{0, bits, flags, 0, 0, 0, 0, 0}
	binary.NativeEndian.PutUint32(b[4:], 7)
	for _, a := range attrs {
		b = append(b, a...)
	}
	return b
}

func TestDecodeAddr(t *testing.T) {
	attr := netlink.AppendAttr
	ten, peer := []byte{10, 0, 0, 1}, []byte{10, 0, 0, 2}
	flags := func(f uint32) []byte { return attr(nil, unix.IFA_FLAGS, binary.NativeEndian.AppendUint32(nil, f)) }
	for name, c := range map[string]struct {
		in   []byte
		want fact.Addr
		ok   bool
	}{
		"plain":          {addrMessage(24, 0, attr(nil, unix.IFA_ADDRESS, ten)), fact.Addr{Prefix: netip.MustParsePrefix("10.0.0.1/24")}, true},
		"point to point": {addrMessage(32, 0, attr(nil, unix.IFA_ADDRESS, peer), attr(nil, unix.IFA_LOCAL, ten)), fact.Addr{Prefix: netip.MustParsePrefix("10.0.0.1/32")}, true},
		"tentative":      {addrMessage(24, 0, attr(nil, unix.IFA_ADDRESS, ten), flags(unix.IFA_F_TENTATIVE)), fact.Addr{Prefix: netip.MustParsePrefix("10.0.0.1/24"), Tentative: true}, true},
		"optimistic":     {addrMessage(24, 0, attr(nil, unix.IFA_ADDRESS, ten), flags(unix.IFA_F_TENTATIVE|unix.IFA_F_OPTIMISTIC)), fact.Addr{Prefix: netip.MustParsePrefix("10.0.0.1/24")}, true},
		"no address":     {addrMessage(24, 0), fact.Addr{}, false},
		"odd address":    {addrMessage(24, 0, attr(nil, unix.IFA_ADDRESS, ten[:3])), fact.Addr{}, false},
		"too many bits":  {addrMessage(99, 0, attr(nil, unix.IFA_ADDRESS, ten)), fact.Addr{}, false},
		"cut short":      {[]byte{2, 24, 0}, fact.Addr{}, false},
	} {
		got, _, ok := decodeAddr(c.in)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s: %+v %v, want %+v %v", name, got, ok, c.want, c.ok)
		}
	}
}

func TestNetnsAddresses(t *testing.T) {
	testbed.Netns(t, func() {
		set, err := Read(context.Background())
		if err != nil || len(set.Gaps) > 0 {
			t.Fatal(err, set.Gaps)
		}
		want := []fact.Addr{{Prefix: netip.MustParsePrefix("127.0.0.1/8"), Device: "lo"}, {Prefix: netip.MustParsePrefix("::1/128"), Device: "lo"}}
		if d := cmp.Diff(want, set.Machine.Addrs, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); d != "" {
			t.Error(d)
		}
		for _, w := range []string{"0", "1"} {
			if err := os.WriteFile("/proc/sys/net/ipv6/bindv6only", []byte(w), 0); err != nil {
				t.Fatal(err)
			}
			set, _ := Read(context.Background())
			if l := set.Machine.Linux; l.BindV6Only == nil || *l.BindV6Only != (w == "1") || l.NoIPv6 {
				t.Errorf("bindv6only %s: %+v", w, l)
			}
		}
	})
}

func FuzzDecodeAddr(f *testing.F) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE)
	if err != nil {
		f.Fatal(err)
	}
	defer conn.Close()
	request := netlink.Message{Type: unix.RTM_GETADDR, Flags: netlink.FlagDump, Data: make([]byte, unix.SizeofIfAddrmsg)}
	if err := conn.Do(request, func(m netlink.Message) error { f.Add(append([]byte(nil), m.Data...)); return nil }); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, _, ok := decodeAddr(b); ok && !a.Prefix.IsValid() {
			t.Errorf("invalid prefix %v accepted", a.Prefix)
		}
	})
}

func TestUserNameIsFoundAnywhereInTheFile(t *testing.T) {
	root := t.TempDir() + "/"
	if err := os.Mkdir(root+"etc", 0o755); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("someone:x:7:7::/:/bin/sh\n", 20000) + "last:x:4711:7::/:/bin/sh"
	if err := os.WriteFile(root+"etc/passwd", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for uid, want := range map[uint32]string{7: "someone", 4711: "last", 8: ""} {
		if got := userName(root, uid); got != want {
			t.Errorf("uid %d: %q, want %q", uid, got, want)
		}
	}
}
