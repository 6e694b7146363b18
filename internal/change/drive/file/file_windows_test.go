package file

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/answer/plan"
)

// The access rights are the old file's, not what the folder gives to a new one.
func TestAccessRightsAreKept(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "a.conf"), "old")
	plainly := read(t, path)["sddl"]
	me := strings.SplitN(strings.TrimPrefix(plainly, "O:"), "G:", 2)[0]
	group := strings.SplitN(strings.SplitN(plainly, "G:", 2)[1], "D:", 2)[0]
	if err := putDescriptor(path, "O:"+me+"G:"+group+"D:P(A;;FA;;;SY)(A;;FA;;;"+me+")"); err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	if before["sddl"] == plainly {
		t.Fatalf("the rights are still %q: the test shows nothing", plainly)
	}
	set(t, path, before, plan.State{"content": "new"})
	if now := read(t, path); now["sddl"] != before["sddl"] || now["content"] != "new" {
		t.Errorf("%q, was %q", now["sddl"], before["sddl"])
	}
	if err := refused(t, path, before, plan.State{"sddl": "nonsense"}); !strings.Contains(err.Error(), "sddl") {
		t.Error(err)
	}
}

// A program that has the file open and shares no deletion keeps it as it is.
func TestOpenFileIsLeftAlone(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "a.conf"), "old")
	h, err := windows.CreateFile(windows.StringToUTF16Ptr(path), windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = refused(t, path, nil, plan.State{"content": "new"})
	if !errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) || !strings.Contains(err.Error(), "another program has it open") {
		t.Error(err)
	}
	if err := windows.CloseHandle(h); err != nil {
		t.Fatal(err)
	}
	set(t, path, nil, plan.State{"content": "new"})
}

func TestHiddenStaysHidden(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "a.conf"), "old")
	name := windows.StringToUTF16Ptr(path)
	if err := windows.SetFileAttributes(name, windows.FILE_ATTRIBUTE_HIDDEN); err != nil {
		t.Fatal(err)
	}
	set(t, path, nil, plan.State{"content": "new"})
	if a, err := windows.GetFileAttributes(name); err != nil || a&windows.FILE_ATTRIBUTE_HIDDEN == 0 {
		t.Errorf("attributes %x, %v", a, err)
	}
	if err := windows.SetFileAttributes(name, windows.FILE_ATTRIBUTE_READONLY); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, path, nil, plan.State{"content": "newer"}); !strings.Contains(err.Error(), "read-only") {
		t.Error(err)
	}
	if err := errors.Join(windows.SetFileAttributes(name, windows.FILE_ATTRIBUTE_NORMAL), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
}
