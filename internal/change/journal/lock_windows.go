package journal

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/sys/winapi/acl"
)

// private refuses a folder that another user owns or may write to: below %ProgramData%
// every user may make folders, and write to those that inherit its rights.
func private(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	shut, err := acl.PathShut(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || !shut {
		return ErrExposed
	}
	return nil
}

// makePrivate makes a folder, and those above it, that only administrators, the system
// and, without an administrator's rights, the asker may look into. What is there stays.
func makePrivate(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	text := "D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"
	if !windows.GetCurrentProcessToken().IsElevated() {
		me, err := acl.Self()
		if err != nil {
			return err
		}
		text += "(A;OICI;FA;;;" + me + ")"
	}
	sd, err := windows.SecurityDescriptorFromString(text)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	sa := windows.SecurityAttributes{SecurityDescriptor: sd}
	sa.Length = uint32(unsafe.Sizeof(sa))
	if err := windows.CreateDirectory(name, &sa); err != nil && err != windows.ERROR_ALREADY_EXISTS {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: err}
	}
	return nil
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
