package file

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

// A link, as in sites-enabled, stays one: what it leads to is written.
func TestLinkIsFollowed(t *testing.T) {
	top := t.TempDir()
	for _, d := range []string{"available", "enabled"} {
		if err := os.Mkdir(filepath.Join(top, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	target := put(t, filepath.Join(top, "available", "site"), "listen 80;\n")
	link := filepath.Join(top, "enabled", "site")
	if err := os.Symlink("../available/site", link); err != nil {
		t.Fatal(err)
	}
	before := read(t, link)
	if before["target"] != target || before["content"] != "listen 80;\n" || read(t, target)["target"] != "" {
		t.Fatalf("%q", before)
	}
	set(t, link, before, plan.State{"content": "listen 81;\n"})
	if to, err := os.Readlink(link); err != nil || to != "../available/site" || content(t, target) != "listen 81;\n" {
		t.Errorf("%q, %v, %q", to, err, content(t, target))
	}
	if err := refused(t, link, before, plan.State{"exists": "no"}); !errors.Is(err, ErrLink) {
		t.Error(err)
	}
	other := put(t, filepath.Join(top, "available", "other"), "listen 82;\n")
	replaceLink(t, other, link)
	if err := refused(t, link, before, plan.State{"content": "listen 81;\n"}); !errors.Is(err, ErrMoved) {
		t.Error(err)
	}
	replaceLink(t, filepath.Join(top, "none"), link)
	if s, err := New().Read(t.Context(), subject(link)); !errors.Is(err, ErrLink) {
		t.Errorf("%v, %v", s, err)
	}
}

func replaceLink(t *testing.T, to, link string) {
	t.Helper()
	if err := errors.Join(os.Remove(link), os.Symlink(to, link)); err != nil {
		t.Fatal(err)
	}
}

func TestModeIsKeptAndSet(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "a"), "old")
	if err := os.Chmod(path, 0o640|os.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	if before["mode"] != "2640" {
		t.Fatalf("mode %s", before["mode"])
	}
	set(t, path, before, plan.State{"content": "new"})
	if got := read(t, path)["mode"]; got != "2640" {
		t.Errorf("mode %s", got)
	}
	set(t, path, before, plan.State{"mode": "0600"})
	if now := read(t, path); now["mode"] != "0600" || now["content"] != "new" {
		t.Errorf("%q", now)
	}
	for _, bad := range []plan.State{{"mode": "8"}, {"mode": "17777"}, {"mode": ""}, {"owner": "root"}, {"owner": "0"}, {"owner": "-1:0"}} {
		if err := refused(t, path, before, bad); err == nil {
			t.Error(bad)
		}
	}
}

// A file that was removed since comes back with what it had.
func TestRemovedFileComesBackAsItWas(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "a"), "old")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	set(t, path, before, plan.State{"exists": "no"})
	set(t, path, before, plan.State{"exists": "yes", "content": "old"})
	if diff := cmp.Diff(before, read(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestDevicesAndPipesAreRefused(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/dev/null", pipe} {
		if s, err := New().Read(t.Context(), subject(path)); !errors.Is(err, ErrNotAFile) {
			t.Errorf("%s: %v, %v", path, s, err)
		}
		if err := New().Set(t.Context(), subject(path), nil, plan.State{"content": ""}); !errors.Is(err, ErrNotAFile) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// aclWith is an ACL: the owner and the group as the mode has them, and one user who
// may read.
func aclWith(uid uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range [][3]uint32{{1, 6, ^uint32(0)}, {2, 4, uid}, {4, 0, ^uint32(0)}, {16, 4, ^uint32(0)}, {32, 0, ^uint32(0)}} {
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
		b = binary.LittleEndian.AppendUint32(b, e[2])
	}
	return b
}

// xattr is an attribute, or that there is none.
func xattr(t *testing.T, path, name string) string {
	t.Helper()
	b := make([]byte, 4096)
	n, err := unix.Getxattr(path, name, b)
	if errors.Is(err, unix.ENODATA) {
		return "none"
	}
	if err != nil {
		t.Fatalf("%s of %s: %v", name, path, err)
	}
	return string(b[:n])
}

func TestNetnsOwnerLabelAndAttributesAreKept(t *testing.T) {
	alone(t, "")
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "a"), "old")
	had := map[string]string{label: "system_u:object_r:httpd_config_t:s0\x00", acl: string(aclWith(4242)), "user.note": "mine", "trusted.note": "root's"}
	for n, v := range had {
		if err := unix.Setxattr(path, n, []byte(v), 0); err != nil {
			t.Fatalf("%s: %v", n, err)
		}
	}
	if err := os.Chown(path, 1234, 2345); err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	if before["owner"] != "1234:2345" || before["label"] != "system_u:object_r:httpd_config_t:s0" {
		t.Fatalf("%q", before)
	}
	set(t, path, before, plan.State{"content": "new"})
	if now := read(t, path); now["content"] != "new" || now["owner"] != before["owner"] || now["mode"] != before["mode"] || now["label"] != before["label"] {
		t.Errorf("%q, before %q", now, before)
	}
	for n, v := range had {
		if got := xattr(t, path, n); got != v {
			t.Errorf("%s: %q, was %q", n, got, v)
		}
	}
	set(t, path, before, plan.State{"owner": "0:7", "label": "system_u:object_r:etc_t:s0"})
	if now := read(t, path); now["owner"] != "0:7" || now["label"] != "system_u:object_r:etc_t:s0" || now["content"] != "new" {
		t.Errorf("%q", now)
	}
}

// What the folder gives to new files is not what the old one had.
func TestNetnsInheritedACLIsNotAdded(t *testing.T) {
	alone(t, "")
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "a"), "old")
	if err := unix.Setxattr(dir, "system.posix_acl_default", aclWith(4242), 0); err != nil {
		t.Fatal(err)
	}
	if got := xattr(t, put(t, filepath.Join(dir, "b"), ""), acl); got == "none" {
		t.Fatal("the folder gives no ACL: the test shows nothing")
	}
	before := read(t, path)
	set(t, path, before, plan.State{"content": "new"})
	if got := xattr(t, path, acl); got != "none" || read(t, path)["mode"] != before["mode"] {
		t.Errorf("ACL %x, mode %s, was %s", got, read(t, path)["mode"], before["mode"])
	}
}

// alone gives the test mounts of its own, and where options are given a tmpfs, whose
// folder it returns. Its thread ends with it.
func alone(t *testing.T, options string) string {
	t.Helper()
	testbed.Need(t, testbed.TierNetns, "root")
	runtime.LockOSThread() // for good
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if options != "" {
		mount(t, "tmpfs", dir, "tmpfs", 0, options)
	}
	return dir
}

func mount(t *testing.T, source, dir, kind string, flags uintptr, options string) {
	t.Helper()
	if err := unix.Mount(source, dir, kind, flags, options); err != nil {
		t.Fatal(err)
	}
	if flags&unix.MS_REMOUNT == 0 {
		t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	}
}

func TestNetnsDiskFull(t *testing.T) {
	dir := alone(t, "size=64k")
	path := put(t, filepath.Join(dir, "a"), "old")
	big := plan.State{"content": strings.Repeat("x", 128<<10)}
	if err := refused(t, path, nil, big); !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "left as it is") {
		t.Error(err)
	}
	created := filepath.Join(dir, "new", "er", "b")
	if err := New().Set(t.Context(), subject(created), nil, big); !errors.Is(err, unix.ENOSPC) {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"a"}, names(t, dir)); diff != "" {
		t.Error(diff)
	}
	set(t, path, nil, plan.State{"content": strings.Repeat("x", 16<<10)})
}

func TestNetnsReadOnlyFileSystem(t *testing.T) {
	dir := alone(t, "size=1m")
	path := put(t, filepath.Join(dir, "a"), "old")
	mount(t, "", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "")
	for _, to := range []plan.State{{"content": "new"}, {"exists": "no"}} {
		if err := refused(t, path, nil, to); !errors.Is(err, unix.EROFS) || !strings.Contains(err.Error(), "left as it is") {
			t.Error(err)
		}
	}
	if err := New().Set(t.Context(), subject(filepath.Join(dir, "new", "b")), nil, plan.State{"content": ""}); !errors.Is(err, unix.EROFS) {
		t.Error(err)
	}
	mount(t, "", dir, "", unix.MS_REMOUNT, "")
	set(t, path, nil, plan.State{"content": "new"})
}

func TestNetnsImmutableFileAndFolder(t *testing.T) {
	dir := alone(t, "size=1m")
	path := put(t, filepath.Join(dir, "a"), "old")
	for _, locked := range []string{path, dir} {
		flags(t, locked, immutable)
		for _, to := range []plan.State{{"content": "new"}, {"exists": "no"}} {
			if err := refused(t, path, nil, to); !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "immutable") {
				t.Errorf("%s: %v", locked, err)
			}
		}
		flags(t, locked, 0)
	}
	set(t, path, nil, plan.State{"content": "new"})
}

const immutable = 0x10 // FS_IMMUTABLE_FL

func flags(t *testing.T, path string, to int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, to); err != nil {
		t.Fatalf("flags of %s: %v", path, err)
	}
}

// A file that is mounted by itself, as an engine mounts /etc/hosts.
func TestNetnsMountedFile(t *testing.T) {
	dir := alone(t, "size=1m")
	path, other := put(t, filepath.Join(dir, "a"), "under"), put(t, filepath.Join(dir, "b"), "over")
	mount(t, other, path, "", unix.MS_BIND, "")
	if err := refused(t, path, nil, plan.State{"content": "new"}); !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "mounted") {
		t.Error(err)
	}
	if got := content(t, path); got != "over" {
		t.Error(got)
	}
}

// Whoever may write the file and not its folder, or may not keep the owner, is told so.
func TestNetnsWithoutTheRights(t *testing.T) {
	dir := alone(t, "size=1m,mode=0755")
	ours := filepath.Join(dir, "ours")
	if err := errors.Join(os.Mkdir(ours, 0o777), os.Chmod(ours, 0o777)); err != nil {
		t.Fatal(err)
	}
	closed, open := put(t, filepath.Join(dir, "a"), "old"), put(t, filepath.Join(ours, "a"), "old")
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	actAs(t, 1234)
	defer actAs(t, 0)
	if err := refused(t, closed, nil, plan.State{"content": "new"}); !errors.Is(err, unix.EACCES) || !strings.Contains(err.Error(), "folder") {
		t.Error(err)
	}
	if err := refused(t, open, nil, plan.State{"content": "new"}); !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "owner") {
		t.Error(err)
	}
}

// actAs changes whose rights this thread has, and no other.
func actAs(t *testing.T, uid uintptr) {
	t.Helper()
	const keep = ^uintptr(0)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, keep, uid, keep); errno != 0 {
		t.Fatal(errno)
	}
}
