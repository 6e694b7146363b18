package httpconf

import (
	"context"
	"net/netip"
	"runtime"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys"
	"github.com/berthd/berth/internal/sys/winapi/fixed"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
)

func system() calls {
	return calls{
		open: httpapi.Initialize, close: func() { _ = httpapi.Terminate() },
		read:    func(ctx context.Context) (fact.Set, error) { return httpsys.Read(ctx, httpsys.Query{Config: true}) },
		reserve: reserve, unreserve: unreserve,
		listen:   func(a netip.Addr) error { return listen(a, httpapi.Set) },
		unlisten: func(a netip.Addr) error { return listen(a, httpapi.Delete) },
		time: func(key httpapi.TimeoutKey, seconds uint16) error {
			return httpapi.Set(httpapi.Timeout, &httpapi.TimeoutSet{Key: key, Value: seconds})
		},
		untime: func(key httpapi.TimeoutKey) error {
			return httpapi.Delete(httpapi.Timeout, &httpapi.TimeoutSet{Key: key})
		},
		spelling: spelling,
	}
}

// address is where b lies, as the layouts have it: b must be kept until the call has
// returned.
func address(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// wide is a text as the calls want it, in memory that does not move.
func wide(text string) []byte {
	units := utf16.Encode([]rune(text))
	b := fixed.Bytes(max(2*len(units)+2, 8))
	for i, u := range units {
		b[2*i], b[2*i+1] = byte(u), byte(u>>8)
	}
	return b
}

func reserve(prefix, sddl string) error {
	p, s := wide(prefix), wide(sddl)
	err := httpapi.Set(httpapi.URLACL, &httpapi.URLACLSet{Prefix: address(p), Descriptor: address(s)})
	runtime.KeepAlive(p)
	runtime.KeepAlive(s)
	return err
}

func unreserve(prefix string) error {
	p := wide(prefix)
	err := httpapi.Delete(httpapi.URLACL, &httpapi.URLACLSet{Prefix: address(p)})
	runtime.KeepAlive(p)
	return err
}

func listen(a netip.Addr, call func(httpapi.ConfigID, *httpapi.IPListenParam) error) error {
	addr := httpapi.SockaddrOf(a)
	b := fixed.Bytes(int(unsafe.Sizeof(httpapi.SockaddrStorage{})))
	copy(b, addr)
	err := call(httpapi.IPListen, &httpapi.IPListenParam{Length: uint16(len(addr)), Address: address(b)})
	runtime.KeepAlive(b)
	return err
}

func spelling(sddl string) (string, error) {
	d, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return "", err
	}
	return d.String(), nil
}
