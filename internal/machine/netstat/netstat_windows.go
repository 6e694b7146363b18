package netstat

import (
	"context"
	"errors"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/advapi32"
	"github.com/berthd/berth/internal/sys/winapi/iphlpapi"
	"github.com/berthd/berth/internal/sys/winapi/ntdll"
)

func read(ctx context.Context, q Query) (fact.Set, error) { return readWindows(ctx, q, live()) }

func live() winCalls {
	return winCalls{
		table: readTable, module: module, tagged: advapi32.ServiceOfTag, hasBound: iphlpapi.HasBound,
		showsBound: func() bool { return ntdll.WineVersion() != "" },
		noFamily: func(err error) bool {
			return errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_NO_DATA)
		},
		denied: func(err error) bool { return errors.Is(err, windows.ERROR_ACCESS_DENIED) },
	}
}

func readTable(t table, listeners bool) ([]byte, error) {
	tcp, udp := iphlpapi.TCPAllModule, iphlpapi.UDPAllModule
	switch {
	case t >= tcp4Bound:
		return iphlpapi.BoundTable(t.family())
	case t >= tcp4PID:
		tcp, udp = iphlpapi.TCPAllPID, iphlpapi.UDPAllPID
		if listeners {
			tcp = iphlpapi.TCPListenersPID
		}
	case listeners:
		tcp = iphlpapi.TCPListenersModule
	}
	if t.proto() == fact.UDP {
		return iphlpapi.UDPTable(t.family(), udp)
	}
	return iphlpapi.TCPTable(t.family(), tcp)
}

func module(t table, row []byte) (string, error) {
	if t.proto() == fact.UDP {
		return iphlpapi.UDPModule(t.family(), row)
	}
	return iphlpapi.TCPModule(t.family(), row)
}

func (t table) family() iphlpapi.Family {
	if shapes[t].addr == 4 {
		return iphlpapi.IPv4
	}
	return iphlpapi.IPv6
}
