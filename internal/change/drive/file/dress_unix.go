//go:build !windows

package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/answer/plan"
)

const (
	nonblock = unix.O_NONBLOCK
	label    = "security.selinux"
	acl      = "system.posix_acl_access"
)

// dressed are the fields that dress returns.
func dressed() []string { return []string{"mode", "owner", "label"} }

func checkDress(to plan.State) error {
	if m, ok := to["mode"]; ok {
		if _, err := mode(m); err != nil {
			return err
		}
	}
	if o, ok := to["owner"]; ok {
		if _, _, err := owner(o); err != nil {
			return err
		}
	}
	return nil
}

// mode reads what chmod takes: octal, with the bits above the nine.
func mode(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 8, 12)
	if err != nil {
		return 0, fmt.Errorf("mode: %q is no octal number up to 7777", text)
	}
	return uint32(n), nil
}

func owner(text string) (uid, gid int, err error) {
	u, g, _ := strings.Cut(text, ":")
	a, err1 := strconv.ParseUint(u, 10, 32)
	b, err2 := strconv.ParseUint(g, 10, 32)
	if errors.Join(err1, err2) != nil {
		return 0, 0, fmt.Errorf("owner: %q is not uid:gid", text)
	}
	return int(a), int(b), nil
}

// dress is what a file has beside its bytes.
func dress(_ string, f *os.File) (plan.State, error) {
	st, err := stat(f)
	if err != nil {
		return nil, err
	}
	now := plan.State{"mode": octal(st), "owner": fmt.Sprintf("%d:%d", st.Uid, st.Gid)}
	if v, err := attribute(f, label); err == nil {
		now["label"] = strings.TrimRight(string(v), "\x00")
	}
	return now, nil
}

func octal(st *syscall.Stat_t) string { return fmt.Sprintf("%04o", uint32(st.Mode)&0o7777) }

func stat(f *os.File) (*syscall.Stat_t, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, fs.ErrInvalid
	}
	return st, nil
}

func hardLinks(f *os.File) int {
	st, err := stat(f)
	if err != nil {
		return 0
	}
	return int(st.Nlink)
}

// putOn gives the new file the owner, the attributes and the mode, in this order: a
// new owner clears bits of the mode, and an ACL has bits of it in itself.
func (s spot) putOn(f *os.File, _ string, want plan.State) error {
	if err := putOwner(f, want["owner"]); err != nil {
		return err
	}
	if s.exists {
		old, err := s.open()
		if err != nil {
			return err
		}
		defer old.Close()
		if err := copyAttributes(f, old); err != nil {
			return err
		}
	}
	if l := want["label"]; l != "" {
		if err := putAttribute(f, label, []byte(l+"\x00")); err != nil {
			return err
		}
	}
	m := uint32(0o644)
	if text := want["mode"]; text != "" {
		m, _ = mode(text) // check has read it, or stat has written it
	}
	return unix.Fchmod(int(f.Fd()), m)
}

func putOwner(f *os.File, text string) error {
	if text == "" {
		return nil
	}
	uid, gid, err := owner(text)
	if err != nil {
		return err
	}
	if st, err := stat(f); err != nil || int(st.Uid) == uid && int(st.Gid) == gid {
		return err
	}
	if err := f.Chown(uid, gid); err != nil {
		return fmt.Errorf("its owner %s cannot be kept: %w", text, err)
	}
	return nil
}

// ofTheBytes are attributes that are about the old bytes, or that the kernel makes.
var ofTheBytes = [...]string{"security.ima", "security.evm", "security.capability"}

func copyAttributes(to, from *os.File) error {
	names, err := attributes(from)
	if err != nil {
		return err
	}
	for _, n := range names {
		if slices.Contains(ofTheBytes[:], n) {
			continue
		}
		v, err := attribute(from, n)
		if err != nil {
			return fmt.Errorf("its attribute %s cannot be read: %w", n, err)
		}
		if err := putAttribute(to, n, v); err != nil {
			return err
		}
	}
	if slices.Contains(names, acl) {
		return nil
	}
	// The folder's default ACL is not the old file's.
	if err := unix.Fremovexattr(int(to.Fd()), acl); err != nil && !none(err) {
		return fmt.Errorf("an inherited ACL cannot be removed: %w", err)
	}
	return nil
}

func putAttribute(f *os.File, name string, value []byte) error {
	if now, err := attribute(f, name); err == nil && strings.TrimRight(string(now), "\x00") == strings.TrimRight(string(value), "\x00") {
		return nil
	}
	if err := unix.Fsetxattr(int(f.Fd()), name, value, 0); err != nil {
		return fmt.Errorf("its attribute %s cannot be kept: %w", name, err)
	}
	return nil
}

func attributes(f *os.File) ([]string, error) {
	data, err := grown(func(b []byte) (int, error) { return unix.Flistxattr(int(f.Fd()), b) })
	if none(err) {
		return nil, nil
	}
	return slices.DeleteFunc(strings.Split(string(data), "\x00"), func(n string) bool { return n == "" }), err
}

func attribute(f *os.File, name string) ([]byte, error) {
	return grown(func(b []byte) (int, error) { return unix.Fgetxattr(int(f.Fd()), name, b) })
}

// grown asks with more room until the answer fits; the kernel's bound is 64 KiB.
func grown(ask func([]byte) (int, error)) ([]byte, error) {
	for size := 256; ; size *= 4 {
		b := make([]byte, size)
		n, err := ask(b)
		if errors.Is(err, unix.ERANGE) && size < 1<<20 {
			continue
		}
		return b[:max(n, 0)], err
	}
}

// none tells whether there are no such attributes, here or at all.
func none(err error) bool {
	return errors.Is(err, noAttribute) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL)
}

func rename(d *os.Root, from, to string) error { return d.Rename(from, to) }

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, unix.EINVAL) { // a file system that has no such thing
		return err
	}
	return nil
}

// writable returns what keeps a file of so many bytes from being put in the place of
// this one.
func (s spot) writable(now plan.State, size int) error {
	dir := s.dir()
	if !s.exists {
		dir = s.nearest
	}
	var disk unix.Statfs_t
	switch err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK, unix.AT_EACCESS); {
	case err != nil:
		return err
	case s.exists && fixed(s.path):
		return unix.EPERM
	case s.exists && mounted(s.path):
		return unix.EBUSY
	case s.exists && os.Geteuid() > 0 && !strings.HasPrefix(now["owner"], strconv.Itoa(os.Geteuid())+":"):
		return fmt.Errorf("its owner %s cannot be kept: %w", now["owner"], unix.EPERM)
	case unix.Statfs(dir, &disk) == nil && disk.Bavail*uint64(disk.Bsize) < uint64(size):
		return unix.ENOSPC
	}
	return nil
}

// because is what stands behind an error that the kernel does not explain, or "".
func because(path string, err error) string {
	switch {
	case errors.Is(err, unix.EPERM) && fixed(path):
		return "it or its folder is marked as immutable or append-only"
	case errors.Is(err, unix.EBUSY):
		return "something is mounted there"
	case errors.Is(err, unix.EACCES):
		return "replacing a file takes the right to write its folder"
	}
	return ""
}
