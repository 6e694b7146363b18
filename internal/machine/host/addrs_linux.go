package host

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/netdev"
	"github.com/berthd/berth/internal/sys/netlink"
)

// addresses lists the addresses of this thread's network namespace.
func addresses() ([]fact.Addr, error) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	names, err := newNames()
	if err != nil {
		return nil, err
	}
	defer names.close()
	var list []fact.Addr
	request := netlink.Message{Type: unix.RTM_GETADDR, Flags: netlink.FlagDump, Data: make([]byte, unix.SizeofIfAddrmsg)}
	err = conn.Do(request, func(m netlink.Message) error {
		a, index, ok := decodeAddr(m.Data)
		if !ok {
			return nil
		}
		a.Device = names.of(index)
		list = append(list, a)
		return nil
	})
	if errors.Is(err, netlink.ErrInterrupted) {
		err = nil
	}
	return list, err
}

// names knows the interfaces asked about so far.
type names struct {
	fd    int
	known map[uint32]string
}

func newNames() (names, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	return names{fd, map[uint32]string{}}, err
}

func (n names) close() { unix.Close(n.fd) }

func (n names) of(index uint32) string {
	if _, have := n.known[index]; !have {
		n.known[index] = netdev.NameBy(n.fd, index)
	}
	return n.known[index]
}

// decodeAddr reads one address message. The address itself is the local end
// where a link is point to point.
func decodeAddr(b []byte) (a fact.Addr, index uint32, ok bool) {
	if len(b) < unix.SizeofIfAddrmsg {
		return a, 0, false
	}
	bits, flags := int(b[1]), uint32(b[2])
	index = binary.NativeEndian.Uint32(b[4:])
	var addr, local netip.Addr
	for typ, data := range netlink.Attrs(b[unix.SizeofIfAddrmsg:]) {
		switch {
		case typ == unix.IFA_ADDRESS:
			addr, _ = netip.AddrFromSlice(data)
		case typ == unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(data)
		case typ == unix.IFA_FLAGS && len(data) >= 4:
			flags = binary.NativeEndian.Uint32(data)
		}
	}
	if local.IsValid() {
		addr = local
	}
	a.Prefix = netip.PrefixFrom(addr, bits)
	a.Tentative = flags&unix.IFA_F_TENTATIVE != 0 && flags&unix.IFA_F_OPTIMISTIC == 0
	return a, index, a.Prefix.IsValid()
}
