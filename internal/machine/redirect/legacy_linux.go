package redirect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/machine/redirect/flow"
	"github.com/berthd/berth/internal/machine/redirect/xt"
)

const (
	optInfo        = 64 // IPT_SO_GET_INFO, IP6T_SO_GET_INFO
	optEntries     = 65
	entriesHeader  = 40
	maxLegacyBlock = 64 << 20
	tableNameSize  = 32
)

// readLegacy follows the tables of the older iptables that are loaded. Asking for
// one that is not would make the kernel load it, so the list of loaded ones is
// read first.
func readLegacy(s *flow.Search) error {
	return errors.Join(
		readLegacyFamily(s, xt.IPv4(), "/proc/thread-self/net/ip_tables_names", unix.AF_INET, unix.SOL_IP),
		readLegacyFamily(s, xt.IPv6(), "/proc/thread-self/net/ip6_tables_names", unix.AF_INET6, unix.SOL_IPV6),
	)
}

func readLegacyFamily(s *flow.Search, layout xt.Layout, names string, domain, level int) error {
	b, err := slurp(names)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for name := range bytes.Lines(b) {
		table := string(bytes.TrimSpace(name))
		if table != "nat" && table != "mangle" {
			continue
		}
		t, err := legacyTable(layout, table, domain, level)
		if err != nil {
			return err
		}
		t.Follow(s)
	}
	return nil
}

// legacyTable fetches one table. It asks again when the table was replaced by one
// of another size in between.
func legacyTable(layout xt.Layout, table string, domain, level int) (*xt.Table, error) {
	fd, err := unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	for range 3 {
		t, err := legacyTableOnce(fd, layout, table, level)
		if err != unix.EAGAIN && err != unix.EINVAL {
			return t, err
		}
	}
	return nil, unix.EAGAIN
}

func legacyTableOnce(fd int, layout xt.Layout, table string, level int) (*xt.Table, error) {
	b := make([]byte, xt.InfoSize)
	copy(b[:tableNameSize-1], table)
	if err := getsockopt(fd, level, optInfo, b); err != nil {
		return nil, err
	}
	info, ok := xt.DecodeInfo(b)
	if !ok || info.Size > maxLegacyBlock {
		return nil, unix.EOVERFLOW
	}
	block := make([]byte, entriesHeader+info.Size)
	copy(block[:tableNameSize-1], table)
	binary.NativeEndian.PutUint32(block[tableNameSize:], uint32(info.Size))
	if err := getsockopt(fd, level, optEntries, block); err != nil {
		return nil, err
	}
	return &xt.Table{Layout: layout, Name: table, Info: info, Entries: block[entriesHeader:]}, nil
}

func getsockopt(fd, level, option int, b []byte) error {
	n := uint32(len(b))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option),
		uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&n)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}
