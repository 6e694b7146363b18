package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/answer/plan"
)

const nonblock = 0

// parts of a security descriptor that a file keeps.
const parts = windows.OWNER_SECURITY_INFORMATION | windows.GROUP_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION

// dressed are the fields that dress returns.
func dressed() []string { return []string{"sddl"} }

func checkDress(to plan.State) error {
	if text, ok := to["sddl"]; ok {
		if _, err := windows.SecurityDescriptorFromString(text); err != nil {
			return fmt.Errorf("sddl: %q: %w", text, err)
		}
	}
	return nil
}

// dress is what a file has beside its bytes.
func dress(path string, _ *os.File) (plan.State, error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, parts)
	if err != nil {
		return nil, err
	}
	return plan.State{"sddl": sd.String()}, nil
}

func hardLinks(f *os.File) int {
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info); err != nil {
		return 0
	}
	return int(info.NumberOfLinks)
}

// putOn gives the new file the security descriptor, bit for bit (the calls that work
// out inheritance anew could make another one of it), and the old one's attributes.
func (s spot) putOn(_ *os.File, path string, want plan.State) error {
	if text := want["sddl"]; text != "" {
		if err := putDescriptor(path, text); err != nil {
			return fmt.Errorf("its owner and access rights cannot be kept: %w", err)
		}
	}
	if !s.exists {
		return nil
	}
	const kept = windows.FILE_ATTRIBUTE_HIDDEN | windows.FILE_ATTRIBUTE_SYSTEM | windows.FILE_ATTRIBUTE_ARCHIVE | windows.FILE_ATTRIBUTE_NOT_CONTENT_INDEXED
	old, err := windows.GetFileAttributes(windows.StringToUTF16Ptr(s.path))
	if err != nil {
		return err
	}
	return windows.SetFileAttributes(windows.StringToUTF16Ptr(path), orNormal(old&kept))
}

func putDescriptor(path, text string) error {
	now, err := dress(path, nil)
	if err != nil || now["sddl"] == text {
		return err
	}
	sd, err := windows.SecurityDescriptorFromString(text)
	if err != nil {
		return err
	}
	control, _, err := sd.Control()
	if err != nil {
		return err
	}
	if control&windows.SE_DACL_AUTO_INHERITED != 0 { // else the kernel drops that bit
		if err := sd.SetControl(windows.SE_DACL_AUTO_INHERIT_REQ, windows.SE_DACL_AUTO_INHERIT_REQ); err != nil {
			return err
		}
	}
	return withRestore(func() error { return putOnPath(path, sd) })
}

func putOnPath(path string, sd *windows.SECURITY_DESCRIPTOR) error {
	h, err := windows.CreateFile(windows.StringToUTF16Ptr(path), windows.WRITE_DAC|windows.WRITE_OWNER,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	return windows.SetKernelObjectSecurity(h, parts, sd)
}

// withRestore calls fn with SeRestorePrivilege on its thread where the asker may have
// it: without, an administrator cannot give a file back to SYSTEM.
func withRestore(fn func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := windows.ImpersonateSelf(windows.SecurityImpersonation); err != nil {
		return fn()
	}
	defer windows.RevertToSelf()
	var token windows.Token
	if err := windows.OpenThreadToken(windows.CurrentThread(), windows.TOKEN_ADJUST_PRIVILEGES|windows.TOKEN_QUERY, true, &token); err != nil {
		return fn()
	}
	defer token.Close()
	p := windows.Tokenprivileges{PrivilegeCount: 1}
	p.Privileges[0].Attributes = windows.SE_PRIVILEGE_ENABLED
	if err := windows.LookupPrivilegeValue(nil, windows.StringToUTF16Ptr("SeRestorePrivilege"), &p.Privileges[0].Luid); err == nil {
		_ = windows.AdjustTokenPrivileges(token, false, &p, 0, nil, nil)
	}
	return fn()
}

// rename moves the new file over the old one and returns when that is on the disk.
// For half a second it waits for a program that has just opened the old one, as virus
// scanners do.
func rename(d *os.Root, from, to string) error {
	a, b := filepath.Join(d.Name(), from), filepath.Join(d.Name(), to)
	for tries := 10; ; tries-- {
		err := windows.MoveFileEx(windows.StringToUTF16Ptr(a), windows.StringToUTF16Ptr(b), windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
		if err == nil || tries == 0 || !errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// syncFolder has nothing to do: MOVEFILE_WRITE_THROUGH has done it, and a folder made
// or a file removed is in the journal of NTFS.
func syncFolder(string) error { return nil }

// writable returns what keeps this file from being replaced: it is opened as one is
// that is to go, and closed again.
func (s spot) writable(plan.State, int) error {
	if !s.exists {
		return nil
	}
	name := windows.StringToUTF16Ptr(s.path)
	if a, err := windows.GetFileAttributes(name); err == nil && a&windows.FILE_ATTRIBUTE_READONLY != 0 {
		return windows.ERROR_ACCESS_DENIED
	}
	h, err := windows.CreateFile(name, windows.DELETE, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		return err
	}
	return windows.CloseHandle(h)
}

// because is what stands behind an error that Windows does not explain, or "".
func because(path string, err error) string {
	switch attributes, failed := windows.GetFileAttributes(windows.StringToUTF16Ptr(path)); {
	case errors.Is(err, windows.ERROR_SHARING_VIOLATION):
		return "another program has it open"
	case errors.Is(err, windows.ERROR_ACCESS_DENIED) && failed == nil && attributes&windows.FILE_ATTRIBUTE_READONLY != 0:
		return "it has the attribute read-only"
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return "no right to write there, or another program has it open"
	}
	return ""
}

func orNormal(attributes uint32) uint32 {
	if attributes == 0 {
		return windows.FILE_ATTRIBUTE_NORMAL
	}
	return attributes
}
