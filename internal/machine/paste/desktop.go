package paste

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste/gather"
	"github.com/berthd/berth/internal/machine/paste/terms"
)

// taskBlock reads an object of tasklist /fo list.
func (d *desk) taskBlock(i int) int {
	b, n := terms.TaskBlock(d.lines[i:])
	switch n {
	case 0:
	case 3:
		d.task(TasklistSvc, i, b.Image, b.PID, b.Third)
	default:
		d.task(Tasklist, i, b.Image, b.PID, "")
	}
	return n
}

// windowsVersion reads what ver prints.
func (d *desk) windowsVersion(i int) int {
	version, build, ok := terms.WindowsVersion(d.lines[i])
	if !ok {
		return 0
	}
	d.machine.On("windows").Merge(fact.Set{Machine: fact.Machine{Kernel: version, Windows: &fact.WindowsNet{Build: build}}}, 1)
	d.saw(WindowsVersion, i, i, 1)
	return 1
}

// fuser reads "80/tcp:               812   813".
func (d *desk) fuser(i int) int {
	f := d.words
	if len(f) < 2 || !strings.HasSuffix(f[0], ":") {
		return 0
	}
	number, name, ok := strings.Cut(strings.TrimSuffix(f[0], ":"), "/")
	port, err := strconv.ParseUint(number, 10, 16)
	proto, _, ok2 := protocol(name)
	if !ok || !ok2 || err != nil || port == 0 || proto != fact.TCP {
		return 0
	}
	for _, w := range f[1:] {
		if !decimal(strings.TrimRight(w, "cefmrFR")) {
			return 0
		}
	}
	d.want(want{proto: proto, port: uint16(port), sure: true, why: Filtered, evidence: d.evidence(i)})
	for _, w := range f[1:] {
		owner, _ := pid(strings.TrimRight(w, "cefmrFR"))
		d.machine.On("linux").Claim(gather.Claim{Port: uint16(port), PID: owner, Evidence: d.evidence(i)})
	}
	d.saw(Fuser, i, i, len(f)-1)
	return 1
}

// runningServices reads what net start prints: titles of services, indented alike,
// several in a row. Titles are translated; those in English that HTTP.sys's users
// have are hints that such a service runs.
func (d *desk) runningServices() {
	for i := 0; i < len(d.lines); {
		n := d.block(i)
		if n < minTitles {
			i += max(n, 1)
			continue
		}
		rows := 0
		for j := i; j < i+n; j++ {
			if d.serviceTitle(j) {
				rows++
			}
		}
		if rows > 0 {
			d.saw(NetStart, i, i+n-1, rows)
			for j := i; j < i+n; j++ {
				d.taken[j] = true
			}
		}
		i += n
	}
}

// minTitles is how many titles in a row are a list of them.
const minTitles = 3

// block is how many lines from i on are indented by three blanks and untaken.
func (d *desk) block(i int) int {
	n := 0
	for i+n < len(d.lines) && !d.taken[i+n] && strings.HasPrefix(d.lines[i+n], "   ") && len(d.lines[i+n]) > 3 && d.lines[i+n][3] != ' ' {
		n++
	}
	return n
}

func (d *desk) serviceTitle(i int) bool {
	title := strings.TrimSpace(d.lines[i])
	name := terms.ServiceNamed(title)
	if name == "" {
		return false
	}
	s := d.machine.On("windows")
	s.Merge(fact.Set{}, 1)
	s.Unit(fact.Unit{Manager: "scm", Name: name, Description: title, Active: "running", Evidence: d.evidence(i)})
	return true
}
