package redirect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	optInfo        = 64 // IPT_SO_GET_INFO, IP6T_SO_GET_INFO
	optEntries     = 65
	infoSize       = 84
	entriesHeader  = 40
	maxLegacyBlock = 64 << 20
	tableNameSize  = 32
)

// readLegacy follows the tables of the older iptables that are loaded. Asking for
// one that is not would make the kernel load it, so the list of loaded ones is
// read first.
func readLegacy(e *evaluation) error {
	return errors.Join(
		readLegacyFamily(e, layout4, "/proc/thread-self/net/ip_tables_names", unix.AF_INET, unix.SOL_IP),
		readLegacyFamily(e, layout6, "/proc/thread-self/net/ip6_tables_names", unix.AF_INET6, unix.SOL_IPV6),
	)
}

func readLegacyFamily(e *evaluation, layout legacyLayout, names string, domain, level int) error {
	b, err := os.ReadFile(names)
	if errors.Is(err, os.ErrNotExist) {
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
		l, err := legacyBlock(layout, table, domain, level)
		if err != nil {
			return err
		}
		e.enterLegacy(l)
	}
	return nil
}

// legacyBlock fetches one table. It asks again when the table was replaced by a
// larger one in between.
func legacyBlock(layout legacyLayout, table string, domain, level int) (*legacyTable, error) {
	fd, err := unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	for range 3 {
		info := make([]byte, infoSize)
		copy(info[:tableNameSize-1], table)
		if err := getsockopt(fd, level, optInfo, info); err != nil {
			return nil, err
		}
		hooks, size, ok := decodeLegacyInfo(info)
		if !ok || size > maxLegacyBlock {
			return nil, unix.EOVERFLOW
		}
		block := make([]byte, entriesHeader+size)
		copy(block[:tableNameSize-1], table)
		binary.NativeEndian.PutUint32(block[tableNameSize:], uint32(size))
		err := getsockopt(fd, level, optEntries, block)
		if err == nil {
			return &legacyTable{legacyLayout: layout, name: table, entries: block[entriesHeader:], hooks: hooks}, nil
		}
		if err != unix.EAGAIN && err != unix.EINVAL {
			return nil, err
		}
	}
	return nil, unix.EAGAIN
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
