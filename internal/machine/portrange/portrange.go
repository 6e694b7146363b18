// Package portrange tells which ports are set aside: for outgoing connections,
// for programs with privilege, by the administrator, by a security policy, by
// Windows' virtual networks.
//
// On Linux it reads the settings of the asker's network namespace. On Windows it
// reads the excluded and the dynamic ranges, TCP's and UDP's, from netsh, whose
// titles are translated and whose rows are not, and from the registry those that a
// reboot keeps. [FindExcluded] and [FindDynamic] read the same texts from a paste.
// On macOS it reads the kernel's settings, and was never run; which ports need root
// there hangs on the address, so that they are no range.
//
// Who set a range aside, and whether it is in anybody's way, no list tells: that
// is judged elsewhere.
package portrange

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

// Read returns the ranges of the network namespace that the calling thread is
// in, or those of Windows or macOS. It needs no privilege. On Linux and macOS it does
// not block; on Windows it waits for eight netsh commands that run beside each other (some
// 100 ms together, at most ten seconds). What could not be read is a gap; the
// error is for a context that ended. On other OSes the answer is one gap.
func Read(ctx context.Context) (fact.Set, error) {
	if err := ctx.Err(); err != nil {
		return fact.Set{}, err
	}
	return read(ctx), ctx.Err()
}
