package process

import (
	"net"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

// listen opens a listener on a free loopback port and returns it with its row.
func listen(t *testing.T) (*net.TCPListener, fact.Socket) {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, row(t, l)
}

func row(t *testing.T, l *net.TCPListener) fact.Socket {
	t.Helper()
	raw, err := l.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	raw.Control(func(fd uintptr) { err = unix.Fstat(int(fd), &st) })
	if err != nil {
		t.Fatal(err)
	}
	local := netip.MustParseAddrPort(l.Addr().String())
	uid := uint32(os.Geteuid())
	return fact.Socket{ID: fact.SocketID(fact.TCP, local, netip.AddrPort{}, st.Ino), Proto: fact.TCP, Local: local,
		State: fact.Listen, Evidence: "test", Linux: &fact.LinuxSocket{Inode: st.Ino, UID: &uid}}
}

func TestHoldersFindsOwnListener(t *testing.T) {
	_, k := listen(t)
	set, err := Holders(t.Context(), Query{Sockets: []fact.Socket{k}})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range set.Links {
		if l.From == k.ID && l.Kind == fact.HeldBy {
			for _, p := range set.Processes {
				if p.ID == l.To && p.PID == os.Getpid() {
					return
				}
			}
		}
	}
	t.Fatalf("no HeldBy link to this process in %+v", set)
}
