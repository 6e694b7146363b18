// Package wsl reads the border between Windows and the Linux inside it (WSL): on
// Windows which distributions there are and how their network hangs together with
// Windows', on Linux whether it is one of them. What listens on the other side
// cannot be asked from either: that is a gap, with the command that would tell.
package wsl

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

// Read returns, on Windows, the asker's distributions and the networking mode in
// Machine.Windows, the settings of .wslconfig that decide about ports in
// Machine.Settings, and a gap of kind GapOtherSide where a distribution of version 2
// has listeners of its own. Inside WSL it returns that gap the other way round and
// the mode as a setting. Where there is no WSL, and on other OSes, the set is empty.
//
// It needs no privilege and does not block: the sources are the asker's part of the
// registry and .wslconfig in the asker's profile, or /proc/sys/kernel/osrelease. No
// distribution is started. The error is for a context that ended.
func Read(ctx context.Context) (fact.Set, error) {
	if err := ctx.Err(); err != nil {
		return fact.Set{}, err
	}
	return read(), nil
}
