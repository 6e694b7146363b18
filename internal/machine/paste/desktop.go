package paste

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste/gather"
	"github.com/berthd/berth/internal/machine/paste/terms"
)

// taskBlock reads an object of tasklist /fo list: lines of a translated label and a
// value, the image first, then its PID; with /svc its services are the third and
// last.
func (d *desk) taskBlock(i int) int {
	image, ok := labelled(d.lines[i])
	if !ok || i+1 >= len(d.lines) {
		return 0
	}
	number, ok := labelled(d.lines[i+1])
	owner, isPID := pid(number)
	if !ok || !isPID || !isImage(image) && !(image == "System" && owner == 4) {
		return 0
	}
	n, third := 2, ""
	for i+n < len(d.lines) && n < 9 {
		value, ok := labelled(d.lines[i+n])
		if !ok {
			break
		}
		if third == "" {
			third = value
		}
		n++
	}
	if n < 3 || n == 4 {
		return 0
	}
	kind := Tasklist
	if n == 3 {
		kind = TasklistSvc
	}
	d.task(kind, i, image, owner, third)
	return n
}

// labelled is the value of "label:   value".
func labelled(line string) (string, bool) {
	label, value, ok := strings.Cut(line, ":")
	label, value = strings.TrimSpace(label), strings.TrimSpace(value)
	return value, ok && label != "" && len(label) < 64 && value != "" && !strings.ContainsAny(label, `\/"=`)
}

// windowsVersion reads what ver prints: "Microsoft Windows [Version 10.0.19045.3693]".
func (d *desk) windowsVersion(i int) int {
	head, rest, ok := strings.Cut(strings.TrimSpace(d.lines[i]), "[")
	if !ok || !strings.HasPrefix(head, "Microsoft Windows") {
		return 0
	}
	inner, _, ok := strings.Cut(rest, "]")
	parts := strings.Split(inner[strings.LastIndexByte(inner, ' ')+1:], ".")
	if !ok || len(parts) < 3 {
		return 0
	}
	for _, p := range parts {
		if !decimal(p) {
			return 0
		}
	}
	build, _ := strconv.ParseUint(parts[2], 10, 32)
	w := d.machine.On("windows")
	w.Merge(fact.Set{Machine: fact.Machine{Kernel: strings.Join(parts, "."), Windows: &fact.WindowsNet{Build: uint32(build)}}}, 1)
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
