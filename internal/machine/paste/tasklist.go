package paste

import (
	"strings"
	"unicode/utf8"

	"github.com/berthd/berth/internal/machine/httpsys/shape"
	"github.com/berthd/berth/internal/machine/paste/gather"
)

// table is the head of a table whose rows follow: tasklist's underlines.
type table struct {
	kind Kind
	cols [][2]int // first rune and the one after the last, of each column
	last int      // line of its last row so far
	open int      // 1 + index of the /svc row that goes on in the next line; 0 for none
}

// tableHead reads the line of equals signs under a tasklist's titles.
func (d *desk) tableHead(i int) int {
	line := d.lines[i]
	if strings.Trim(line, "= ") != "" || !strings.Contains(line, "==== ===") {
		return 0
	}
	t := table{kind: Tasklist, last: i}
	for at := 0; at < len(line); {
		from := at + len(line[at:]) - len(strings.TrimLeft(line[at:], " "))
		to := from + len(line[from:]) - len(strings.TrimLeft(line[from:], "="))
		if to > from {
			t.cols = append(t.cols, [2]int{from, to})
		}
		at = max(to, at+1)
	}
	if len(t.cols) == 3 {
		t.kind = TasklistSvc
	}
	d.table = t
	if i > 0 && strings.TrimSpace(d.lines[i-1]) != "" {
		d.taken[i-1] = true
	}
	d.saw(t.kind, i, i, 0)
	return 1
}

// tableRow reads a row below such a head.
func (d *desk) tableRow(i int) int {
	if i != d.table.last+1 {
		return 0
	}
	if n := d.continued(i); n > 0 || d.table.cols == nil {
		return n
	}
	image, owner, rest, ok := d.table.cut(d.lines[i])
	if !ok {
		return 0
	}
	d.table.last = i
	d.task(d.table.kind, i, image, owner, rest)
	return 1
}

// cut takes a row apart by the columns of its head, or, where a web page or wide
// characters moved them, by its words.
func (t table) cut(line string) (image string, owner int, rest string, ok bool) {
	runes := []rune(line)
	column := func(from, to int) string {
		from, to = min(from, len(runes)), min(to, len(runes))
		return strings.TrimSpace(string(runes[from:to]))
	}
	if n, ok := pid(column(t.cols[1][0], t.cols[1][1])); ok && column(0, t.cols[0][1]) != "" {
		return column(0, t.cols[0][1]), n, column(t.cols[1][1], len(runes)), true
	}
	f := strings.Fields(line)
	for k := 1; k < len(f)-1; k++ {
		if n, ok := pid(f[k]); ok && !decimal(f[k+1]) && (isImage(f[k-1]) || f[0] == "System" && n == 4) {
			return strings.Join(f[:k], " "), n, strings.Join(f[k+1:], " "), true
		}
	}
	return "", 0, "", false
}

// task notes a process, and the services in it where the row lists them.
func (d *desk) task(kind Kind, i int, image string, owner int, rest string) {
	d.saw(kind, i, i, 1)
	svc := kind == TasklistSvc
	row := d.machine.On("windows").Task(gather.Task{PID: owner, List: rest, Evidence: d.evidence(i)}, image, svc)
	d.table.open = 0
	if svc && strings.HasSuffix(rest, ",") {
		d.table.open = row
	}
}

// continued reads the further lines of a list of services.
func (d *desk) continued(i int) int {
	line := d.lines[i]
	if d.table.open == 0 || line == "" || line[0] != ' ' && line[0] != '\t' {
		return 0
	}
	more := strings.TrimSpace(line)
	d.machine.On("windows").MoreServices(d.table.open, more)
	if !strings.HasSuffix(more, ",") {
		d.table.open = 0
	}
	d.table.last = i
	d.saw(TasklistSvc, i, i, 0)
	return 1
}

// tasklistCSV reads a row of tasklist /fo csv: "System","4","Services","0","144 K",
// or, with /svc, "svchost.exe","936","LSM,Power".
func (d *desk) tasklistCSV(i int) int {
	line := strings.TrimSpace(d.lines[i])
	if len(line) < 5 || line[0] != '"' || line[len(line)-1] != '"' {
		return 0
	}
	f := strings.Split(line[1:len(line)-1], `","`)
	if len(f) < 3 {
		return 0
	}
	owner, ok := pid(f[1])
	if !ok || f[0] == "" {
		return 0
	}
	if len(f) == 3 {
		d.task(TasklistSvc, i, f[0], owner, strings.TrimSuffix(f[2], ","))
	} else {
		d.task(Tasklist, i, f[0], owner, "")
	}
	return 1
}

// bareTask reads a row of tasklist that findstr left without its head: an image,
// a PID, a session with its number, and memory with a unit; or, of /svc, an
// image, a PID in its column and services.
func (d *desk) bareTask(i int) int {
	f := d.words
	if k, ok := taskRow(f); ok && (isImage(f[k-1]) || strings.Contains(d.lines[i], "   ")) {
		owner, _ := pid(f[k])
		d.task(Tasklist, i, strings.Join(f[:k], " "), owner, "")
		return 1
	}
	if len(f) < 3 || !isImage(f[0]) || !strings.Contains(d.lines[i], f[0]+"  ") {
		return 0
	}
	owner, ok := pid(f[1])
	if !ok || owner == 0 {
		return 0
	}
	d.table = table{last: i}
	d.task(TasklistSvc, i, f[0], owner, strings.Join(f[2:], " "))
	return 1
}

// taskRow finds the PID among the words of a plain tasklist row.
func taskRow(f []string) (int, bool) {
	n := len(f)
	if n < 6 || utf8.RuneCountInString(f[n-1]) > 4 || decimal(f[n-1]) || !amount(f[n-2]) {
		return 0, false
	}
	for k := n - 5; k >= 1; k-- {
		if decimal(f[k]) && !decimal(f[k+1]) && decimal(f[k+2]) {
			_, ok := pid(f[k])
			return k, ok && (isImage(f[k-1]) || f[0] == "System" || k > 1)
		}
	}
	return 0, false
}

// amount tells whether s is a number with marks between its thousands.
func amount(s string) bool {
	groups := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == ',' || r == '\'' || r == '\ufffd' || shape.Unreadable(r) })
	for i, g := range groups {
		if !decimal(g) || i > 0 && len(g) != 3 {
			return false
		}
	}
	return len(groups) > 0
}

func isImage(s string) bool {
	return len(s) > 4 && strings.EqualFold(s[len(s)-4:], ".exe")
}
