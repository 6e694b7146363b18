package netstat

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/sys/netlink"
	"github.com/berthd/berth/internal/sys/sockdiag"
)

// noneBound tells, when it is true, that no TCP socket of this namespace is bound
// and inactive. The kernel has no table of them: to list them it walks over every
// socket that has a port, connections included, which takes milliseconds on a busy
// machine. Its counters can spare that: they count the sockets there are, in all
// namespaces, and those in use, listening or connected, in this one. When the two
// are equal there is no third kind.
func (r *reader) noneBound() bool {
	four, ok4 := counters(r.from.procNet+"/sockstat", "TCP:")
	six, ok6 := counters(r.from.procNet+"/sockstat6", "TCP6:")
	return ok4 && ok6 && four.alloc > 0 && four.alloc == four.inuse+six.inuse
}

type sockstat struct{ inuse, alloc uint64 }

// counters reads one line of a table of pairs; a table that is not there counts
// nothing.
func counters(file, heading string) (c sockstat, ok bool) {
	var buf [1024]byte // the tables have a few lines; an os.File would cost as much as they do
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return sockstat{}, err == unix.ENOENT
	}
	n, _ := unix.Read(fd, buf[:])
	unix.Close(fd)
	b := buf[:max(n, 0)]
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != heading {
			continue
		}
		for i := 1; i+1 < len(f); i += 2 {
			n, err := strconv.ParseUint(f[i+1], 10, 64)
			switch {
			case err != nil:
				return sockstat{}, false
			case f[i] == "inuse":
				c.inuse, ok = n, true
			case f[i] == "alloc":
				c.alloc = n
			}
		}
	}
	return c, ok
}

// showsBound tells whether the kernel lists bound sockets: since 6.8 it does. An
// older release may have it all the same (distributions carry it back), so there
// the kernel is asked for a socket that was bound for this purpose.
func (d *diag) showsBound() bool {
	if atLeast(d.from.release(), 6, 8) {
		return true
	}
	port, fd, err := bindAny()
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	request := sockdiag.Request{
		Family: sockdiag.IPv4, Protocol: sockdiag.TCP,
		States: 1 << sockdiag.BoundInactive, Filter: sockdiag.Ports([]uint16{port}),
	}
	found := false
	m := netlink.Message{Type: request.Type(), Flags: netlink.FlagDump, Data: request.Append(nil)}
	_ = d.conn.Do(m, func(netlink.Message) error {
		found = true
		return nil
	})
	return found
}

// bindAny binds a stream socket to a port of the kernel's choice. It never
// listens, so nobody can reach it.
func bindAny() (port uint16, fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, -1, err
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{}); err == nil {
		var sa unix.Sockaddr
		if sa, err = unix.Getsockname(fd); err == nil {
			return uint16(sa.(*unix.SockaddrInet4).Port), fd, nil
		}
	}
	unix.Close(fd)
	return 0, -1, err
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// atLeast compares the first two numbers of a kernel release.
func atLeast(release string, major, minor int) bool {
	first, rest, _ := strings.Cut(release, ".")
	end := strings.IndexFunc(rest, func(c rune) bool { return c < '0' || c > '9' })
	if end >= 0 {
		rest = rest[:end]
	}
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(rest)
	if errA != nil || errB != nil {
		return false
	}
	return a > major || a == major && b >= minor
}
