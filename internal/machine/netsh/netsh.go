// Package netsh runs the few `netsh ... show` commands for which Windows has no
// call of its own, and nothing else: the only room of berth that starts a process
// in order to read.
//
// The text of every one of them is translated and is parsed by shape, in the room
// that it belongs to. The commands change nothing, need no privilege (some tell
// more to an administrator) and end by themselves or after [Timeout]. Everywhere
// but on Windows they are a gap.
package netsh

import (
	"context"
	"time"

	"github.com/berthd/berth/internal/fact"
)

// Show is one command that may be run.
type Show int

// The commands.
const (
	ServiceState Show = iota // request queues and the URLs behind them
	CacheState               // HTTP.sys's cached responses
	ExcludedTCP4             // excluded port ranges, a list for each family and protocol
	ExcludedUDP4
	ExcludedTCP6
	ExcludedUDP6
	DynamicTCP4 // the range that outgoing connections take their ports from
	DynamicUDP4
	DynamicTCP6
	DynamicUDP6
)

// Timeout bounds one command.
const Timeout = 10 * time.Second

// Args is the command's arguments, without netsh itself.
func (s Show) Args() []string {
	switch s {
	case ServiceState:
		return []string{"http", "show", "servicestate", "view=requestq", "verbose=yes"}
	case CacheState:
		return []string{"http", "show", "cachestate"}
	case ExcludedTCP4, ExcludedUDP4, ExcludedTCP6, ExcludedUDP6:
		family, proto := familyProto(s - ExcludedTCP4)
		return []string{"interface", family, "show", "excludedportrange", "protocol=" + proto}
	case DynamicTCP4, DynamicUDP4, DynamicTCP6, DynamicUDP6:
		family, proto := familyProto(s - DynamicTCP4)
		return []string{"interface", family, "show", "dynamicport", proto}
	}
	return nil
}

func familyProto(n Show) (family, proto string) {
	return [...]string{"ipv4", "ipv4", "ipv6", "ipv6"}[n], [...]string{"tcp", "udp", "tcp", "udp"}[n]
}

// String is the command as a person types it.
func (s Show) String() string {
	line := "netsh"
	for _, a := range s.Args() {
		line += " " + a
	}
	return line
}

// Read runs the command and returns what it printed, as UTF-8 with whatever line
// ends it has. A command that fails, prints nothing, or does not exist here is a
// gap, and text is then empty or what there was.
func Read(ctx context.Context, s Show) (text string, gap *fact.Gap) { return read(ctx, s) }
