package kernelsock

import (
	"context"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/netlink"
	"github.com/berthd/berth/internal/testbed"
)

func run(t *testing.T, line string) {
	t.Helper()
	args := strings.Fields(line)
	testbed.Need(t, testbed.TierNetns, args[0])
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
}

func udp(port uint16) fact.Socket {
	local := netip.AddrPortFrom(netip.IPv4Unspecified(), port)
	return fact.Socket{ID: fact.SocketID(fact.UDP, local, netip.AddrPort{}, 7), Proto: fact.UDP, Local: local, State: fact.Unconnected}
}

func names(set fact.Set) []string {
	list := []string{}
	for _, u := range set.Units {
		list = append(list, u.Name)
	}
	return list
}

func TestNetnsVXLAN(t *testing.T) {
	testbed.Netns(t, func() {
		read := func(port uint16) []string {
			t.Helper()
			set, err := Read(context.Background(), []fact.Socket{udp(port)})
			if err != nil || len(set.Gaps) > 0 || len(set.Links) != len(set.Units) {
				t.Errorf("%v %+v", err, set)
			}
			return names(set)
		}
		run(t, "ip link add vxlan0 type vxlan id 42 dstport 4789 dev lo local 127.0.0.1")
		if got := read(4789); len(got) != 0 {
			t.Errorf("the device is down and holds no socket, but it is told as %v", got)
		}
		run(t, "ip link set vxlan0 up")
		if _, err := net.ListenPacket("udp4", ":4789"); err == nil {
			t.Error("the device does not hold the port")
		}
		if d := cmp.Diff([]string{"vxlan vxlan0"}, read(4789)); d != "" {
			t.Error(d)
		}
		if got := read(4790); len(got) != 0 {
			t.Errorf("another port: %v", got)
		}
		run(t, "ip link set vxlan0 down")
		c, err := net.ListenPacket("udp4", ":4789")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := read(4789); len(got) != 0 {
			t.Errorf("a process on the port: %v", got)
		}
	})
}

func TestNetnsTwoDevicesShareOneSocket(t *testing.T) {
	testbed.Netns(t, func() {
		for _, dev := range []string{"a", "b"} {
			run(t, "ip link add vx"+dev+" type vxlan id "+string(dev[0]-'a'+'1')+" dstport 8472 dev lo")
			run(t, "ip link set vx"+dev+" up")
		}
		set, err := Read(context.Background(), []fact.Socket{udp(8472)})
		if err != nil || len(set.Units) != 1 || set.Units[0].Description != "vxa vxb" || set.Units[0].Manager != "kernel" {
			t.Errorf("%v %+v", err, set)
		}
	})
}

func tcp(port uint16) fact.Socket {
	s := udp(port)
	s.ID, s.Proto, s.State = fact.SocketID(fact.TCP, s.Local, netip.AddrPort{}, 8), fact.TCP, fact.Listen
	return s
}

func TestServers(t *testing.T) {
	all := []fact.Socket{tcp(2049), udp(2049), tcp(3260), tcp(4420), tcp(445), udp(4045), tcp(4046)}
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
		gaps  int
	}{
		"nothing":         {nil, []string{}, 0},
		"nfsd over TCP":   {map[string]string{"proc/fs/nfsd/portlist": "tcp 2049\ntcp 2049\n"}, []string{"nfsd"}, 0},
		"nfsd elsewhere":  {map[string]string{"proc/fs/nfsd/portlist": "tcp 2050\nrdma 2049\n", "sys/module/nfsd/x": ""}, []string{}, 0},
		"nfsd unlisted":   {map[string]string{"sys/module/nfsd/x": ""}, []string{"nfsd"}, 0},
		"iscsi":           {map[string]string{"sys/kernel/config/target/iscsi/iqn.x/tpgt_1/np/[::]:3260/x": ""}, []string{"iscsi"}, 0},
		"iscsi elsewhere": {map[string]string{"sys/kernel/config/target/iscsi/iqn.x/tpgt_1/np/10.0.0.1:3261/x": ""}, []string{}, 0},
		"nvme":            {map[string]string{"sys/kernel/config/nvmet/ports/1/addr_trtype": "tcp\n", "sys/kernel/config/nvmet/ports/1/addr_trsvcid": "4420\n"}, []string{"nvmet"}, 0},
		"nvme over rdma":  {map[string]string{"sys/kernel/config/nvmet/ports/1/addr_trtype": "rdma\n", "sys/kernel/config/nvmet/ports/1/addr_trsvcid": "4420\n"}, []string{}, 0},
		"ksmbd":           {map[string]string{"sys/module/ksmbd/x": ""}, []string{"ksmbd"}, 0},
		"lockd":           {map[string]string{"proc/sys/fs/nfs/nlm_udpport": "4045\n", "proc/sys/fs/nfs/nlm_tcpport": "0\n"}, []string{"lockd"}, 0},
		"nfs callback":    {map[string]string{"sys/module/nfs/parameters/callback_tcpport": "4046\n"}, []string{"nfs-callback"}, 0},
	} {
		r := reader{root: testbed.Tree(t, c.files)}
		r.servers()
		if d := cmp.Diff(c.want, names(join(all, r.parts))); d != "" || len(r.gaps) != c.gaps {
			t.Errorf("%s: %s %v", name, d, r.gaps)
		}
	}
}

func TestNothingAskedReadsNothing(t *testing.T) {
	set, err := Read(context.Background(), nil)
	if d := cmp.Diff(fact.Set{}, set); d != "" || err != nil {
		t.Error(d, err)
	}
}

// links records the real link messages of this machine.
func links(t testing.TB) (list [][]byte) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Do(netlink.Message{Type: unix.RTM_GETLINK, Flags: netlink.FlagDump, Data: make([]byte, linkHeader)}, func(m netlink.Message) error {
		list = append(list, append([]byte(nil), m.Data...))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func FuzzDecode(f *testing.F) {
	for _, b := range links(f) {
		f.Add(b)
	}
	f.Add(linkMessage("vx", "vxlan", netlink.AppendAttr(nil, vxlanPort, []byte{0x12, 0xb5})))
	f.Add([]byte("tcp 2049\nudp 2049\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := decodeLink(b); ok && p.port == 0 && p.kind != "wireguard" {
			t.Errorf("a device without port: %+v", p)
		}
		decodeFamily(b)
		for _, fam := range families {
			if p, ok := fam.decodeObject(b); ok && p.port == 0 {
				t.Errorf("an object without port: %+v", p)
			}
		}
		for _, p := range decodePortlist(b, "x") {
			if p.port == 0 {
				t.Errorf("nfsd without port: %+v", p)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	sockets := []fact.Socket{udp(4789)}
	for b.Loop() {
		if _, err := Read(context.Background(), sockets); err != nil {
			b.Fatal(err)
		}
	}
}
