package cgroupfs

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

const (
	maxGroups  = 20000
	direntName = 19 // offset of the name in struct linux_dirent64
)

// walker finds control groups by inode number, which on 64-bit kernels is the
// id: the way of those who may not open by handle. It goes level by level and
// keeps what it saw, so that asking for more ids goes on where it stopped.
type walker struct {
	root  string
	seen  map[uint64]string
	queue []string // directories whose children are not listed yet
	buf   []byte
}

func (w *walker) find(root string, id uint64) (string, error) {
	if w.seen == nil {
		*w = walker{root: root, seen: make(map[uint64]string), queue: []string{""}, buf: make([]byte, 32<<10)}
	}
	for {
		if path, ok := w.seen[id]; ok {
			return path, nil
		}
		if len(w.queue) == 0 {
			return "", ErrGone
		}
		if len(w.seen) > maxGroups {
			return "", ErrTooMany
		}
		dir := w.queue[0]
		w.queue = w.queue[1:]
		w.list(dir)
	}
}

// list adds the children of dir; a directory that vanished has none.
func (w *walker) list(dir string) {
	fd, err := unix.Open(w.root+dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Getdents(fd, w.buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return
		}
		w.entries(dir, w.buf[:n])
	}
}

func (w *walker) entries(dir string, b []byte) {
	for len(b) > direntName {
		size := int(binary.NativeEndian.Uint16(b[16:]))
		if size <= direntName || size > len(b) {
			return
		}
		name := unix.ByteSliceToString(b[direntName:size])
		if b[18] == unix.DT_DIR && name != "." && name != ".." {
			path := dir + "/" + name
			w.seen[binary.NativeEndian.Uint64(b)] = path
			w.queue = append(w.queue, path)
		}
		b = b[size:]
	}
}
