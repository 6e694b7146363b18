package process

import (
	"bufio"
	"os"

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
	f, err := os.Open(d.passwd)
	if err != nil {
		d.gaps = append(d.gaps, fact.Gap{Kind: fact.GapOther, Subject: d.passwd, Err: err.Error()})
		return
	}
	defer f.Close()
	users := procfs.Passwd{Names: wanted}
	lines := bufio.NewScanner(f)
	for lines.Scan() && users.Line(lines.Bytes()) {
	}
	for i, p := range d.set.Processes {
		if p.UID != nil && p.User == "" {
			d.set.Processes[i].User = wanted[*p.UID]
		}
	}
}
