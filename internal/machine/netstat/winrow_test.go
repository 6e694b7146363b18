package netstat

import (
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/iphlpapi"
)

// What lies in the peer's place of a listener is no peer, and a row of the table of
// bound sockets is bound, whatever state it carries.
func TestRowsThatAreNoConnections(t *testing.T) {
	row := tcp4(iphlpapi.StateListen, "0.0.0.0:80", "10.1.2.3:4000", 4)
	for tab, want := range map[table]fact.State{tcp4PID: fact.Listen, tcp4Bound: fact.Bound} {
		b := rowsOf(tab, tcp4pid(row))
		if tab == tcp4Bound {
			b = rowsOf(tab, iphlpapi.TCPRow2{TCPRowPID: tcp4pid(row)})
		}
		for r := range tab.rows(b) {
			if s := tab.socket(r); s.State != want || s.Remote.IsValid() {
				t.Errorf("table %d: %+v", tab, s)
			}
		}
	}
	row.State = iphlpapi.StateEstablished
	for r := range tcp4PID.rows(rowsOf(tcp4PID, tcp4pid(row))) {
		if s := tcp4PID.socket(r); s.Remote.String() != "10.1.2.3:4000" {
			t.Errorf("a connection: %+v", s)
		}
	}
}

// Interfaces are numbered in either byte order.
func TestScope(t *testing.T) {
	for n, want := range map[uint32]uint32{0: 0, 7: 7, 0x07000000: 7, 0x01020000: 0x201, 0xffff: 0xffff, 300: 300} {
		if got := scope(n); got != want {
			t.Errorf("%#x: %d, want %d", n, got, want)
		}
	}
}

func TestEvidenceOfTables(t *testing.T) {
	for tab, want := range map[table]string{
		tcp4Module: "GetExtendedTcpTable", tcp6PID: "GetExtendedTcpTable", udp4Module: "GetExtendedUdpTable", udp6PID: "GetExtendedUdpTable",
		tcp4Bound: "InternalGetBoundTcpEndpointTable", tcp6Bound: "InternalGetBoundTcpEndpointTable",
	} {
		if got := tab.evidence(); got != want {
			t.Errorf("table %d: %s", tab, got)
		}
	}
}
