package ledger

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

// A ledger that everybody may write to speaks for no administrator; its twin, that all
// may read, does.
func TestFindRefusesStrangersOfWindows(t *testing.T) {
	elevated := windows.GetCurrentProcessToken().IsElevated()
	for text, open := range map[string]bool{"D:P(A;;FA;;;WD)": true, "D:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;FR;;;WD)": false} {
		dir := t.TempDir()
		name := filepath.Join(dir, Name)
		if err := os.WriteFile(name, []byte(good), 0o600); err != nil {
			t.Fatal(err)
		}
		sd, err := windows.SecurityDescriptorFromString(text)
		if err != nil {
			t.Fatal(err)
		}
		dacl, _, err := sd.DACL()
		if err != nil {
			t.Fatal(err)
		}
		if err := windows.SetNamedSecurityInfo(name, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, dacl, nil); err != nil {
			t.Fatal(err)
		}
		if files, err := Find(dir, nil); (err != nil) != (open && elevated) {
			t.Errorf("%s: %v, %v", text, files, err)
		}
		if who := Planted(name); (who != "") != open {
			t.Errorf("%s: planted by %q", text, who)
		}
	}
}
