package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/testbed"
)

func TestFileThatCannotBeExecutedIsNoProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Look(path); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Look(path); err != nil {
		t.Error(err)
	}
}

func TestSignalIsAnError(t *testing.T) {
	sh, err := Look("sh")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Command(t.Context(), []string{sh, "-c", "kill -TERM $$"}, Options{}); err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := Command(t.Context(), []string{sh, "-c", "exit 143"}, Options{}); err != nil || r.Exit != 143 {
		t.Errorf("%+v, %v", r, err)
	}
}

type info struct {
	fs.FileInfo
	mode     fs.FileMode
	uid, gid uint32
}

func (i info) Mode() fs.FileMode { return i.mode }
func (i info) IsDir() bool       { return i.mode.IsDir() }
func (i info) Sys() any          { return &syscall.Stat_t{Uid: i.uid, Gid: i.gid} }

func TestGuarded(t *testing.T) {
	ada := &User{UID: 1000, GID: 1000}
	for _, c := range []struct {
		what string
		file info
		as   *User
		want bool
	}{
		{"root's", info{mode: 0o755}, nil, true},
		{"root's, for ada", info{mode: 0o755}, ada, true},
		{"everybody's", info{mode: 0o757}, nil, false},
		{"everybody's folder", info{mode: fs.ModeDir | 0o777}, nil, false},
		{"a sticky folder", info{mode: fs.ModeDir | fs.ModeSticky | 0o777}, nil, true},
		{"a sticky file", info{mode: fs.ModeSticky | 0o777}, nil, false},
		{"ada's", info{mode: 0o755, uid: 1000, gid: 1000}, nil, false},
		{"ada's, for ada", info{mode: 0o775, uid: 1000, gid: 1000}, ada, true},
		{"bob's, for ada", info{mode: 0o755, uid: 1001}, ada, false},
		{"root's group's", info{mode: 0o775}, nil, true},
		{"a link", info{mode: fs.ModeSymlink | 0o777}, nil, true},
		{"ada's link", info{mode: fs.ModeSymlink | 0o777, uid: 1000}, nil, false},
		{"staff's", info{mode: 0o775, gid: 50}, nil, true},
		{"ada's group's", info{mode: 0o775, gid: 1000}, nil, false},
	} {
		if got := guarded(c.file, c.as); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

// Root does not run what another user could have written, and runs it as that user.
func TestNetnsRootRunsNoProgramOfOthers(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root")
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "whoami.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nid -u; id -G\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if r, err := Command(t.Context(), []string{path}, Options{}); err != nil || !strings.HasPrefix(r.Stdout, "0\n") {
		t.Errorf("root's own: %+v, %v", r, err)
	}
	if err := os.Chown(path, 1234, 1234); err != nil {
		t.Fatal(err)
	}
	if r, err := Command(t.Context(), []string{path}, Options{}); !errors.Is(err, ErrUnsafe) || r.Stdout != "" {
		t.Errorf("another's: %+v, %v", r, err)
	}
	if r, err := Command(t.Context(), []string{path}, Options{As: &User{1234, 1234}}); err != nil || r.Stdout != "1234\n1234\n" {
		t.Errorf("as its owner: %+v, %v", r, err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Command(t.Context(), []string{link}, Options{}); !errors.Is(err, ErrUnsafe) {
		t.Errorf("by a link: %v", err)
	}
	// A link of another's leads wherever they like, also when it leads to a good place.
	if err := errors.Join(os.Chown(path, 0, 0), os.Lchown(link, 1234, 1234)); err != nil {
		t.Fatal(err)
	}
	if err := Trusted(path, nil); err != nil {
		t.Error(err)
	}
	if err := Trusted(link, nil); !errors.Is(err, ErrUnsafe) {
		t.Errorf("another's link: %v", err)
	}
	theirs := filepath.Join(dir, "theirs")
	if err := errors.Join(os.Mkdir(theirs, 0o755), os.Symlink("../whoami.sh", filepath.Join(theirs, "x")), os.Lchown(link, 0, 0),
		os.Remove(link), os.Symlink("theirs/x", link)); err != nil {
		t.Fatal(err)
	}
	if err := Trusted(link, nil); err != nil {
		t.Errorf("by root's folder: %v", err)
	}
	if err := os.Chown(theirs, 1234, 1234); err != nil {
		t.Fatal(err)
	}
	if err := Trusted(link, nil); !errors.Is(err, ErrUnsafe) {
		t.Errorf("by another's folder: %v", err)
	}
	if err := errors.Join(os.Remove(link), os.Symlink("link", link)); err != nil {
		t.Fatal(err)
	}
	if err := Trusted(link, nil); err == nil {
		t.Error("a link to itself")
	}
}

// A terminal that is closed, or Ctrl-C in it, reaches the session of the caller only.
func TestDetachLeadsASession(t *testing.T) {
	l := listen(t)
	d, err := Detach([]string{os.Args[0], "-test.run=^TestInsideChild$"}, append(os.Environ(), "RUN_CHILD=hold "+l.Addr().String()), "/")
	if err != nil {
		t.Fatal(err)
	}
	holders(t, l, 1)
	pid := d.cmd.Process.Pid
	if sid, err := unix.Getsid(pid); err != nil || sid != pid {
		t.Errorf("session %d of PID %d, %v", sid, pid, err)
	}
	for fd := range 3 {
		if to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); err != nil || to != os.DevNull {
			t.Errorf("descriptor %d is %q, %v", fd, to, err)
		}
	}
	if err := d.Kill(); err != nil {
		t.Error(err)
	}
	<-d.Ended()
}
