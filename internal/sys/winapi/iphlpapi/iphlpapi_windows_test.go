package iphlpapi

import (
	"encoding/binary"
	"errors"
	"testing"

	"golang.org/x/sys/windows"
)

// Every table that this system has can be read, and says how many rows it has.
func TestTables(t *testing.T) {
	for name, read := range map[string]func() ([]byte, error){
		"TCP over IPv4":         func() ([]byte, error) { return TCPTable(IPv4, TCPAllModule) },
		"listeners over IPv6":   func() ([]byte, error) { return TCPTable(IPv6, TCPListenersModule) },
		"TCP with process IDs":  func() ([]byte, error) { return TCPTable(IPv4, TCPAllPID) },
		"UDP over IPv4":         func() ([]byte, error) { return UDPTable(IPv4, UDPAllModule) },
		"UDP with process IDs":  func() ([]byte, error) { return UDPTable(IPv6, UDPAllPID) },
		"addresses of the host": AddrTable,
	} {
		buf, err := read()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if n := binary.LittleEndian.Uint32(buf); int(n)*12 > len(buf) {
			t.Errorf("%s: %d rows in %d bytes", name, n, len(buf))
		}
	}
	if _, err := TCPTable(99, TCPAllModule); err == nil {
		t.Error("a family that is none has a table")
	}
}

// A call that is missing says so and does not panic.
func TestCallsThatMayBeMissing(t *testing.T) {
	var missing *windows.DLLError
	_, err4 := BoundTable(IPv4)
	_, err6 := BoundTable(IPv6)
	if known := HasBound() == nil; known == errors.As(errors.Join(err4, err6), &missing) {
		t.Errorf("bound sockets: %v, %v, although the calls are there: %v", err4, err6, known)
	}
	if _, err := TCPModule(IPv4, make([]byte, 160)); err == nil {
		t.Error("an empty row has an owner")
	}
	if _, err := UDPModule(IPv6, make([]byte, 160)); err == nil {
		t.Error("a short row has an owner")
	}
}
