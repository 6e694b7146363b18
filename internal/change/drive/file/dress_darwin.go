package file

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

const noAttribute = unix.ENOATTR

// fixed tells whether chflags has locked the file or its folder.
func fixed(path string) bool {
	for _, p := range []string{path, filepath.Dir(path)} {
		var st unix.Stat_t
		if err := unix.Lstat(p, &st); err == nil && st.Flags&(unix.UF_IMMUTABLE|unix.SF_IMMUTABLE|unix.UF_APPEND|unix.SF_APPEND) != 0 {
			return true
		}
	}
	return false
}

// mounted is about folders only on macOS.
func mounted(string) bool { return false }
