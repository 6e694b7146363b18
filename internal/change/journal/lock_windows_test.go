package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

// Whoever plants a journal below %ProgramData% has an administrator's berth take back
// what was never done.
func TestFolderOthersMayWriteTo(t *testing.T) {
	for text, want := range map[string]error{"D:P(A;OICI;FA;;;WD)": ErrExposed, "D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;FR;;;WD)": nil} {
		dir := filepath.Join(t.TempDir(), "journal")
		sd, err := windows.SecurityDescriptorFromString(text)
		if err != nil {
			t.Fatal(err)
		}
		dacl, _, err := sd.DACL()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, dacl, nil); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", text, err)
		}
		if err != nil {
			continue
		}
		unlock, err := s.Lock()
		if err != nil {
			t.Fatal(err)
		}
		unlock()
	}
}
