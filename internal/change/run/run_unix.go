//go:build !windows

package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// folders are the system's folders for programs; for root without those that a user
// can write, as Homebrew's are.
func folders() []string {
	all := []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/homebrew/sbin", "/opt/homebrew/bin"}
	return slices.DeleteFunc(all, func(dir string) bool { return errors.Is(Trusted(dir, nil), ErrUnsafe) })
}

func suffix(string) string { return "" }

func needsInterpreter(string) bool { return false } // the kernel starts a script's interpreter

func executable(info fs.FileInfo) bool { return info.Mode().Perm()&0o111 != 0 }

func rootFolder() string { return "/" }

func environment() []string {
	return []string{"LANG=C", "LC_ALL=C", "PATH=" + strings.Join(folders(), ":")}
}

func decode(out []byte) string { return string(out) }

// start starts cmd as the head of a process group of its own.
func start(cmd *exec.Cmd, as *User) (release func(), err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if as != nil && int(as.UID) != os.Geteuid() {
		if os.Geteuid() != 0 {
			return nil, fmt.Errorf("%w: uid %d needs root", ErrUser, as.UID)
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: as.UID, Gid: as.GID}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return func() {}, cmd.Start()
}

// Trusted refuses, with [ErrUnsafe], a file that someone else than root and as could
// have written, or put another one in the place of: by the owner and mode of the file,
// of each folder on the way to it, and of each link on that way and what it leads
// through. Asked by anybody but root it is nil: there are no rights to be had. On
// Windows it is always nil; the folders of popular servers there are open to every
// user, and the services that run from them are as well.
func Trusted(path string, as *User) error {
	if os.Geteuid() != 0 {
		return nil
	}
	at, todo := "/", strings.Split(path, "/")
	for steps := 0; len(todo) > 0; steps++ {
		name := todo[0]
		todo = todo[1:]
		at = filepath.Join(at, name)
		info, err := os.Lstat(at)
		if err != nil {
			return err
		}
		if !guarded(info, as) {
			return fmt.Errorf("%s: %w: %s is %s, owner %d", path, ErrUnsafe, at, info.Mode(), owner(info))
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		if steps > 255 {
			return fmt.Errorf("%s: %w", path, syscall.ELOOP)
		}
		target, err := os.Readlink(at)
		if err != nil {
			return err
		}
		if at = filepath.Dir(at); filepath.IsAbs(target) {
			at = "/"
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	return nil
}

// staff is Debian's group for /usr/local, which gives root's rights by design.
const staff = 50

// guarded: in a sticky folder nobody can replace what is not theirs.
func guarded(info fs.FileInfo, as *User) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	if st.Uid != 0 && (as == nil || st.Uid != as.UID) {
		return false
	}
	if info.IsDir() && info.Mode()&fs.ModeSticky != 0 || info.Mode()&fs.ModeSymlink != 0 { // a link's mode says nothing
		return true
	}
	perm := info.Mode().Perm()
	return perm&0o002 == 0 && (perm&0o020 == 0 || st.Gid == 0 || st.Gid == staff || as != nil && st.Gid == as.GID)
}

func owner(info fs.FileInfo) uint32 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Uid
	}
	return 0
}

func detach(argv, env []string, dir string) (*Detached, error) {
	cmd := detached(argv, env, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return &Detached{cmd, make(chan struct{})}, cmd.Start()
}
