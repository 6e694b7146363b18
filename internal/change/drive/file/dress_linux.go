package file

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

const noAttribute = unix.ENODATA

// fixed tells whether chattr +i or +a stands on the file or its folder.
func fixed(path string) bool {
	for _, p := range []string{path, filepath.Dir(path)} {
		var st unix.Statx_t
		if err := unix.Statx(unix.AT_FDCWD, p, unix.AT_SYMLINK_NOFOLLOW, 0, &st); err == nil &&
			st.Attributes&(unix.STATX_ATTR_IMMUTABLE|unix.STATX_ATTR_APPEND) != 0 {
			return true
		}
	}
	return false
}

// mounted tells whether something is mounted on the file itself.
func mounted(path string) bool {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, 0, &st)
	return err == nil && st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}
