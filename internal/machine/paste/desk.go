package paste

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys"
	"github.com/berthd/berth/internal/machine/paste/collect"
	"github.com/berthd/berth/internal/machine/paste/gather"
	"github.com/berthd/berth/internal/machine/paste/panel"
	"github.com/berthd/berth/internal/machine/paste/record"
	"github.com/berthd/berth/internal/machine/paste/tidy"
)

// desk is where one text lies while its lines are sorted out.
type desk struct {
	reader  Reader
	machine *gather.Machine
	result  Result
	wanted  []want // ports that commands ask for

	name     string
	lines    []string
	numbers  []int    // of the lines in the text
	words    []string // of the line being read
	taken    []bool   // by a recogniser or as a command
	searched int      // bytes of prose
	unknown  int      // rows with a name that nobody knows
	table    table    // the table whose head was read last
	marks    map[int]collect.Mark
	report   struct{ from, to int } // lines of a collecting script's file
	ps       []record.Record
	// pidFromEnd is where netstat -v of macOS has the PID, from the end of a row; 0 = nowhere.
	pidFromEnd int
}

// recogniser tries to read the rows that begin at line i and returns how many
// lines it took, 0 for none.
type recogniser func(d *desk, i int) int

func (d *desk) open(t Text) {
	text := tidy.Read(t.Data)
	d.name, d.lines, d.numbers, d.table, d.ps, d.pidFromEnd = t.Name, text.Lines, text.Numbers, table{}, nil, 0
	d.taken = make([]bool, len(d.lines))
	d.marks = collect.Marks(d.lines)
	d.report.from, d.report.to = collect.Span(d.marks, len(d.lines))
}

func (d *desk) read() {
	recognisers := [...]recogniser{
		(*desk).mark, (*desk).command, (*desk).macHead, (*desk).windowsNetstat, (*desk).unixNetstat, (*desk).ss, (*desk).netTCP, (*desk).lsof, (*desk).docker,
		(*desk).tableHead, (*desk).tableRow, (*desk).tasklistCSV, (*desk).bareTask, (*desk).taskBlock,
		(*desk).windowsVersion, (*desk).fuser, (*desk).bareCommand,
	}
	seen, commands := len(d.result.Seen), len(d.result.Commands)
	d.objects()
	d.netsh()
	d.linux()
	for i := 0; i < len(d.lines); {
		if d.taken[i] {
			i++
			continue
		}
		n := 0
		if d.words = strings.Fields(d.lines[i]); len(d.words) > 0 {
			for _, try := range recognisers {
				if n = try(d, i); n > 0 {
					break
				}
			}
		}
		for j := range n {
			d.taken[i+j] = true
		}
		i += max(n, 1)
	}
	for _, r := range d.ps {
		d.processRecord(r, d.unix())
	}
	d.http()
	d.runningServices()
	d.rest()
	slices.SortStableFunc(d.result.Seen[seen:], func(a, b Seen) int { return cmp.Compare(a.FirstLine, b.FirstLine) })
	slices.SortStableFunc(d.result.Commands[commands:], func(a, b Line) int { return cmp.Compare(a.Number, b.Number) })
}

// evidence says where line i was read.
func (d *desk) evidence(i int) string {
	return fmt.Sprintf("line %d of %s", d.numbers[i], named(d.name))
}

// saw records rows of one kind on lines i to j; neighbours of one kind become one.
func (d *desk) saw(kind Kind, i, j, rows int) {
	if n := len(d.result.Seen); n > 0 {
		last := &d.result.Seen[n-1]
		if last.Kind == kind && last.Text == d.name && d.numbers[i]-last.LastLine <= 3 {
			last.LastLine, last.Rows = d.numbers[j], last.Rows+rows
			return
		}
	}
	d.result.Seen = append(d.result.Seen, Seen{Kind: kind, Text: d.name, FirstLine: d.numbers[i], LastLine: d.numbers[j], Rows: rows})
}

// http reads what netsh printed of HTTP.sys among the lines nobody took.
func (d *desk) http() {
	for from := 0; from < len(d.lines); {
		if d.taken[from] {
			from++
			continue
		}
		to := from
		for to < len(d.lines) && !d.taken[to] {
			to++
		}
		for _, s := range httpsys.FindStates(d.lines[from:to]) {
			d.state(from+s.From, from+s.To)
		}
		d.reservations(from, to)
		from = to
	}
}

// state reads lines i up to, not including, j. Lines that are not indented stay
// in the rest too: an error line may stand among them.
func (d *desk) state(i, j int) {
	at := func(line int) string { return d.evidence(i + line - 1) }
	state, gaps := httpsys.ParseState(strings.Join(d.lines[i:j], "\n"))
	set := state.Facts(at)
	set.AddGaps(gaps...)
	windows := d.machine.On("windows")
	windows.Listed()
	windows.Merge(set, len(state.Registrations)+len(state.Queues))
	d.saw(ServiceState, i, j-1, len(state.Registrations))
	for k := i; k < j; k++ {
		d.taken[k] = d.lines[k] == "" || d.lines[k][0] == ' ' || d.lines[k][0] == '\t'
	}
}

func (d *desk) reservations(from, to int) {
	rs := httpsys.ParseReservations(strings.Join(d.lines[from:to], "\n"))
	if len(rs) == 0 {
		return
	}
	at := func(line int) string { return d.evidence(from + line - 1) }
	d.machine.On("windows").Merge(httpsys.ReservationFacts(rs, at), len(rs))
	first, last := from+rs[0].Line-1, from+rs[len(rs)-1].Line-1
	d.saw(URLACL, first, last, len(rs))
	for k := first; k <= last; k++ {
		d.taken[k] = true
	}
}

func (d *desk) rest() {
	for i, line := range d.lines {
		if !d.taken[i] && strings.TrimSpace(line) != "" {
			d.result.Rest = append(d.result.Rest, Line{Text: d.name, Number: d.numbers[i], Line: line})
			d.panel(i)
			d.inSentence(i)
		}
	}
}

// panel reads what a control panel says of a port. It is an error line too.
func (d *desk) panel(i int) {
	kind, last := XAMPPLog, i
	c, ok := panel.Parse(d.lines[i])
	if !ok {
		var n int
		c, n, ok = panel.Answered(d.lines[i:])
		kind, last = WampTest, i+n-1
	}
	if !ok {
		return
	}
	d.saw(kind, i, last, 1)
	d.want(want{proto: fact.TCP, port: c.Port, sure: true, why: Refused, evidence: d.evidence(i)})
	d.machine.On("windows").Claim(gather.Claim{Port: c.Port, PID: c.PID, Program: c.Program, Kernel: c.HTTPSys, Evidence: d.evidence(i)})
}

func (d *desk) want(ws ...want) {
	if len(d.wanted)+len(ws) <= maxWanted {
		d.wanted = append(d.wanted, ws...)
	}
}

// unresolved takes a row whose address or port is a name that nobody knows: not
// to know where it listens is not the same as nothing there.
func (d *desk) unresolved(kind Kind, i int, local, hint string) int {
	d.saw(kind, i, i, 0)
	if d.unknown++; d.unknown <= maxUnknown {
		d.machine.Gap(fact.Gap{Kind: fact.GapNotInPaste, Subject: "number of " + local[:min(len(local), 256)], Hint: hint})
	}
	return 1
}

// maxUnknown bounds the gaps about names.
const maxUnknown = 16

// add puts a socket on a system and counts the row.
func (d *desk) add(os string, kind Kind, i int, k fact.Socket, inode uint64) fact.ID {
	k.Evidence = d.evidence(i)
	d.saw(kind, i, i, 1)
	return d.machine.On(os).Socket(k, inode)
}
