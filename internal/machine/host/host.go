// Package host reads which machine this is, who asks, and the settings of the
// network that decide binds.
package host

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

// Read returns a set that holds the Machine row and nothing else: system, kernel,
// name, boot time, the asker, the addresses of the machine and, on Linux, its
// settings; addresses and settings are those of the calling thread's network
// namespace.
//
// It needs no privilege, makes on Linux some 15 small reads of /proc/sys and one
// rtnetlink dump, on Windows and macOS some 15 calls; nothing in it blocks, but that
// macOS may ask the network it is bound to for the asker's name. A setting that cannot
// be read is nil, and addresses that cannot are a gap. Whether an address is still
// being checked for duplicates macOS is not asked. Other OSes tell system,
// architecture, host name and the asker's ids. On macOS it was never run.
func Read(ctx context.Context) (fact.Set, error) {
	if err := ctx.Err(); err != nil {
		return fact.Set{}, err
	}
	return read(), nil
}
