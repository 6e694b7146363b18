package ledger

import (
	"io/fs"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/sys/winapi/acl"
)

// stranger says who may have written a file that was only come upon, where an
// administrator's rights would act on it: below %ProgramData% every user may make
// folders. Without those rights it is not asked: a new folder of a drive's root lets
// every user write, and a ledger has no rights but the asker's.
func stranger(name string, _ fs.FileInfo) string {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return ""
	}
	return Planted(name)
}

// Planted says who else than an administrator, the system and the asker may have
// written a ledger that Windows is to follow at every boot, "" for nobody. What cannot
// be read may be anybody's.
func Planted(name string) string {
	if shut, err := acl.PathShut(name); err != nil || !shut {
		return "somebody who is no administrator"
	}
	return ""
}
