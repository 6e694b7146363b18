package cgroupfs

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// kernfsHandle is the type of a file handle that is a kernfs node's id.
const kernfsHandle = 0xfe

// Finder resolves ids. It finds the mount at the first question, keeps every
// answer, and is not safe for concurrent use. The zero Finder is ready; Close it.
type Finder struct {
	fsRoot string // "" outside tests
	mount  string
	fd     int
	err    error // why there is no mount
	opened bool
	tree   walker
	known  map[uint64]answer
}

type answer struct {
	path string
	err  error
}

// Close lets go of the mount.
func (f *Finder) Close() error {
	if !f.opened || f.err != nil {
		return nil
	}
	f.opened = false
	return unix.Close(f.fd)
}

// Path returns the path of the control group below the cgroup2 mount; the root is
// "/". With CAP_DAC_READ_SEARCH it costs one look-up, without it a walk over the
// tree, level by level, that is done once for all ids and stops at 20000 groups.
// It blocks on nothing but the file system's own memory.
func (f *Finder) Path(id uint64) (string, error) {
	if id == RootID {
		return "/", nil
	}
	if a, ok := f.known[id]; ok {
		return a.path, a.err
	}
	path, err := f.find(id)
	if f.known == nil {
		f.known = make(map[uint64]answer)
	}
	f.known[id] = answer{path, err}
	return path, err
}

func (f *Finder) find(id uint64) (string, error) {
	if err := f.open(); err != nil {
		return "", err
	}
	path, err := f.byHandle(id)
	switch {
	case errors.Is(err, unix.ESTALE), errors.Is(err, unix.ENOENT):
		return "", ErrGone
	case err != nil:
		return f.tree.find(f.mount, id)
	}
	return path, nil
}

func (f *Finder) byHandle(id uint64) (string, error) {
	h := unix.NewFileHandle(kernfsHandle, binary.NativeEndian.AppendUint64(nil, id))
	fd, err := unix.OpenByHandleAt(f.fd, h, unix.O_PATH|unix.O_CLOEXEC)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	full, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return "", err
	}
	path, ok := strings.CutPrefix(full, f.mount)
	if !ok {
		return "", ErrGone
	}
	if path == "" {
		path = "/"
	}
	return path, nil
}

// open finds the cgroup2 mount: where distributions put it first, and in the
// list of mounts only when it is at neither place.
func (f *Finder) open() error {
	if f.opened {
		return f.err
	}
	f.opened = true
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if f.tryMount(f.fsRoot + dir) {
			return nil
		}
	}
	for _, dir := range mountsOf(f.fsRoot + "/proc/self/mountinfo") {
		if f.tryMount(dir) {
			return nil
		}
	}
	f.err = ErrNoMount
	return f.err
}

func (f *Finder) tryMount(dir string) bool {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil || st.Type != unix.CGROUP2_SUPER_MAGIC {
		unix.Close(fd)
		return false
	}
	f.fd, f.mount = fd, dir
	return true
}

// mountsOf lists the mount points of cgroup2 in a mountinfo file, those that
// show the whole hierarchy first.
func mountsOf(file string) []string {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var whole, part []string
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		before, after, ok := strings.Cut(s.Text(), " - ")
		fields := strings.Fields(before)
		if !ok || len(fields) < 5 || !strings.HasPrefix(after, "cgroup2 ") {
			continue
		}
		if fields[3] == "/" {
			whole = append(whole, unescape(fields[4]))
		} else {
			part = append(part, unescape(fields[4]))
		}
	}
	return append(whole, part...)
}

// unescape undoes the octal escapes of mountinfo.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
