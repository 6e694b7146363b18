package journal

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// private trusts what %ProgramData% and %LocalAppData% give: the folder is made with
// the access of its parent, which only administrators and its user may write to.
func private(dir string) error {
	info, err := os.Lstat(dir)
	if err == nil && !info.IsDir() {
		return ErrExposed
	}
	return err
}

// syncDir: NTFS journals its folders, and has no call to sync one.
func syncDir(string) error { return nil }

// tryLock takes a lock far behind f's content, which others can so still read.
func tryLock(f *os.File) error {
	o := windows.Overlapped{Offset: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &o)
	if err == windows.ERROR_LOCK_VIOLATION || err == windows.ERROR_IO_PENDING {
		return fmt.Errorf("%w: it holds %s", ErrBusy, f.Name())
	}
	if err != nil {
		return &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return nil
}
