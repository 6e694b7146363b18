package host

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
)

const (
	addrTries  = 4
	firstAddrs = 16 << 10
	maxAddrs   = 1 << 14 // adapters, and addresses of each
)

// addresses lists the addresses of this machine, with the names that people gave
// its interfaces.
func addresses() ([]fact.Addr, error) {
	const leaveOut = windows.GAA_FLAG_SKIP_ANYCAST | windows.GAA_FLAG_SKIP_MULTICAST | windows.GAA_FLAG_SKIP_DNS_SERVER
	size := uint32(firstAddrs)
	var err error
	for range addrTries {
		buf := make([]uint64, (size+7)/8) // the list has pointers
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buf[0]))
		err = windows.GetAdaptersAddresses(windows.AF_UNSPEC, leaveOut, 0, first, &size)
		switch err {
		case nil:
			list := listed(first)
			runtime.KeepAlive(buf)
			return list, nil
		case windows.ERROR_NO_DATA:
			return nil, nil
		case windows.ERROR_BUFFER_OVERFLOW:
		default:
			return nil, err
		}
	}
	return nil, err
}

func listed(a *windows.IpAdapterAddresses) []fact.Addr {
	var list []fact.Addr
	for range maxAddrs {
		if a == nil {
			break
		}
		device := windows.UTF16PtrToString(a.FriendlyName)
		u := a.FirstUnicastAddress
		for range maxAddrs {
			if u == nil {
				break
			}
			if own, ok := ownAddr(u.Address.IP(), int(u.OnLinkPrefixLength), u.DadState, device); ok {
				list = append(list, own)
			}
			u = u.Next
		}
		a = a.Next
	}
	return list
}
