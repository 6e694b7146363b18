//go:build unix

package ledger

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// stranger says who may have written a file that was only come upon, where that is
// neither the asker nor root.
func stranger(_ string, st fs.FileInfo) string {
	sys, ok := st.Sys().(*syscall.Stat_t)
	switch {
	case st.Mode().Perm()&0o002 != 0:
		return "anybody"
	case ok && sys.Uid != 0 && int(sys.Uid) != os.Geteuid():
		return fmt.Sprintf("user %d", sys.Uid)
	}
	return ""
}
