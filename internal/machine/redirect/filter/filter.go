// Package filter reads what stands between programs and the network on Windows and
// is not Windows' own: callouts of drivers in the Windows Filtering Platform, and
// the layered service providers of Winsock that came before it.
//
// Security products, VPNs and transparent proxies use them. One of them may refuse
// a bind, move it to another port, or take a connection before any listener sees
// it. Windows tells that it is there and at which layer, never for which ports.
package filter

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

// Read returns a row for each product that has callouts where binds and
// connections pass, and for each layered service provider. Whose a callout is, it
// says itself; Microsoft's own are left out by the names they have.
//
// Windows only. The callouts are an administrator's to list: for others they are a
// gap of kind GapPermission, and under Wine one of kind GapNoCall. Winsock's
// catalogue, that of 64-bit programs, needs no privilege. Sources are the calls of
// fwpuclnt.dll and ws2_32.dll; it blocks for a few round trips to the filter engine.
func Read(ctx context.Context) (fact.Set, error) {
	if err := ctx.Err(); err != nil {
		return fact.Set{}, err
	}
	return read(), nil
}
