package process

import (
	"bufio"
	"io"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/procfs"
)

// names fills the user names of the rows from one pass over passwd. Users that
// only a directory service knows stay unnamed: berth asks no network.
func (d *describer) names() {
	wanted := map[uint32]string{}
	for _, p := range d.set.Processes {
		if p.UID != nil && p.User == "" {
			wanted[*p.UID] = ""
		}
	}
	if len(wanted) == 0 {
		return
	}
	fd, err := unix.Open(d.passwd, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		d.gaps = append(d.gaps, fact.Gap{Kind: fact.GapOther, Subject: d.passwd, Err: err.Error()})
		return
	}
	defer unix.Close(fd)
	users := procfs.Passwd{Names: wanted}
	lines := bufio.NewScanner(plainFile(fd))
	for lines.Scan() && users.Line(lines.Bytes()) {
	}
	for i, p := range d.set.Processes {
		if p.UID != nil && p.User == "" {
			d.set.Processes[i].User = wanted[*p.UID]
		}
	}
}

// plainFile reads a descriptor as it is. An os.File would set up the poller first,
// which costs more than the file.
type plainFile int

// Read reads once.
func (f plainFile) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(f), b)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case n == 0 && len(b) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}
