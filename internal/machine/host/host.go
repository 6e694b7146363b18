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
// rtnetlink dump, on Windows some 15 calls; nothing in it blocks. A setting that
// cannot be read is nil, and addresses that cannot are a gap. Other OSes tell
// system, architecture, host name and the asker's ids.
func Read(ctx context.Context) (fact.Set, error) {
	if err := ctx.Err(); err != nil {
		return fact.Set{}, err
	}
	return read(), nil
}
