package macproc

import (
	"context"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/libproc"
)

// Holders links q.Sockets to the processes that hold them, and reads their rows with
// ancestors. It needs no privilege for the last user of each socket; the descriptors
// of other users' processes, their arguments and folders need root, and without it
// are [fact.GapPermission] or [fact.GapOwnersHidden]. Names of users come from
// OpenDirectory, which may ask the network that the Mac is bound to. It blocks for the
// calls: some 10 microseconds for a process, some milliseconds for a search.
func Holders(ctx context.Context, q Query) (fact.Set, error) { return holders(ctx, q, live()) }

// Describe reads the rows of pids and of their ancestors, with ChildOf links. What it
// needs and cannot tell is as with [Holders]. A PID that is not there is
// [fact.GapVanished].
func Describe(ctx context.Context, q Query, pids ...int) (fact.Set, error) {
	return describe(ctx, q, live(), pids)
}

func live() calls {
	return calls{
		table: libproc.Table, inform: libproc.Inform, path: libproc.Path, folder: libproc.Folder, args: libproc.Arguments,
		sockets: libproc.Sockets, socket: libproc.SocketOf, session: session, user: userName, device: device, uid: uint32(os.Geteuid()),
	}
}

func session(pid int) int {
	leader, err := unix.Getsid(pid)
	if err != nil {
		return 0
	}
	return leader
}

func userName(uid uint32) string {
	u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return ""
	}
	return u.Username
}

func device(path string) int32 {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return 0
	}
	return st.Rdev
}
