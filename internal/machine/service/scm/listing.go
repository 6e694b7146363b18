package scm

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Listing is one service in a text that sc query, queryex, qc or enumdepend printed.
type Listing struct {
	From, To int // its first and last line, counted from 0
	Unit     fact.Unit
	// Links are DependsOn, to services that may have no row.
	Links []fact.Link
}

// FindListings finds what sc.exe printed among lines. It goes by the shape of the
// values, which are numbers with constants that are never translated, and by the
// order of the lines; keys may be in any language. Blank lines and indentation do
// not matter. Of one service there may be several listings; see [Merge].
func FindListings(lines []string) []Listing {
	f := finder{lines: compact(lines), spelled: map[string]string{}}
	for i := 0; i < len(f.lines); {
		if l, next, ok := f.block(i); ok {
			f.found = append(f.found, l)
			i = next
			continue
		}
		f.command(f.lines[i].text)
		i++
	}
	f.spell()
	return f.found
}

// line is one line that is not blank, with its number in the text.
type line struct {
	number int
	text   string
}

func compact(lines []string) []line {
	var out []line
	for i, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, line{i, l})
		}
	}
	return out
}

type finder struct {
	lines  []line
	target string // what was given to sc enumdepend, while its answer lasts
	found  []Listing
	// spelled is how each name is written best: people type http, Windows says HTTP.
	spelled map[string]string
}

// block reads a service whose first line is at i: one or two lines with its names,
// then its type, then its state or its configuration.
func (f *finder) block(i int) (l Listing, next int, ok bool) {
	name, ok := header(f.lines[i].text)
	if !ok {
		return l, 0, false
	}
	display, at := "", i+1
	if at+1 < len(f.lines) && !typed(f.lines[at].text) {
		if display, ok = header(f.lines[at].text); !ok {
			return l, 0, false
		}
		at++
	}
	if at >= len(f.lines) || !typed(f.lines[at].text) {
		return l, 0, false
	}
	kind, _ := kindOf(value(f.lines[at].text))
	b := &body{lines: f.lines[at+1:], kind: kind, unit: fact.Unit{ID: fact.UnitID(Manager, name), Manager: Manager, Name: name, Description: display,
		Windows: &fact.WindowsService{Kind: kindWord(kind)}}}
	switch {
	case b.status():
		b.unit.Evidence = "sc query"
	case display == "" && b.configuration():
		b.unit.Evidence = "sc qc"
	default:
		return l, 0, false
	}
	next = at + 1 + b.n
	l = Listing{From: f.lines[i].number, To: f.lines[next-1].number, Unit: b.unit}
	f.keep(name)
	for _, d := range b.unit.Windows.DependsOn {
		if !strings.HasPrefix(d, "+") {
			f.keep(d)
			l.Links = append(l.Links, fact.Link{To: fact.UnitID(Manager, d), Kind: fact.DependsOn, Evidence: "sc qc"})
		}
	}
	if f.target != "" && b.unit.Evidence == "sc query" && !strings.EqualFold(f.target, name) {
		f.keep(f.target)
		l.Links = append(l.Links, fact.Link{To: fact.UnitID(Manager, f.target), Kind: fact.DependsOn, Evidence: "sc enumdepend"})
	}
	return l, next, true
}

// command notes what a line before a listing asked for: the answer of sc
// enumdepend does not say whose dependents they are.
func (f *finder) command(text string) {
	if strings.HasPrefix(text, "[SC]") {
		return
	}
	f.target = ""
	for _, w := range words(behind(text, "enumdepend ")) {
		if w = strings.Trim(w, `.,;:)`); w != "" && !strings.HasPrefix(w, `\\`) && named(w) {
			f.target = w
			return
		}
	}
}

// behind is what stands behind word, in any case, or "".
func behind(text, word string) string {
	for i := range len(text) - len(word) {
		if strings.EqualFold(text[i:i+len(word)], word) {
			return text[i+len(word):]
		}
	}
	return ""
}

// words splits text at blanks outside quotes, and takes the quotes off.
func words(text string) []string {
	var out []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		if rest, quoted := strings.CutPrefix(text, `"`); quoted {
			var w string
			w, text, _ = strings.Cut(rest, `"`)
			out = append(out, w)
			continue
		}
		n := strings.IndexAny(text, " \t")
		if n < 0 {
			n = len(text)
		}
		out, text = append(out, text[:n]), text[n:]
	}
	return out
}

// keep notes a spelling; the one with more capitals is Windows' own.
func (f *finder) keep(name string) {
	key := strings.ToLower(name)
	if key == "http" {
		name = HTTP
	}
	if capitals(name) >= capitals(f.spelled[key]) {
		f.spelled[key] = name
	}
}

func capitals(s string) (n int) {
	for _, c := range s {
		if c >= 'A' && c <= 'Z' {
			n++
		}
	}
	return n
}

// spell gives each service one name in all listings.
func (f *finder) spell() {
	best := func(name string) string { return cmp.Or(f.spelled[strings.ToLower(name)], name) }
	for i := range f.found {
		l := &f.found[i]
		l.Unit.Name = best(l.Unit.Name)
		l.Unit.ID = fact.UnitID(Manager, l.Unit.Name)
		for j := range l.Links {
			l.Links[j].From = l.Unit.ID
			l.Links[j].To = fact.UnitID(Manager, best(strings.TrimPrefix(string(l.Links[j].To), "unit:")))
		}
	}
}

// Merge joins what two listings say of one service; where they differ a counts.
func Merge(a, b fact.Unit) fact.Unit {
	w, v := fact.WindowsService{}, fact.WindowsService{}
	if a.Windows != nil {
		w = *a.Windows
	}
	if b.Windows != nil {
		v = *b.Windows
	}
	w.Kind, w.Start, w.NextStart = cmp.Or(w.Kind, v.Kind), cmp.Or(w.Start, v.Start), cmp.Or(w.NextStart, v.NextStart)
	w.Delayed, w.Triggered = w.Delayed || v.Delayed, w.Triggered || v.Triggered
	w.CanStop, w.MayChange, w.AcceptsStop = cmp.Or(w.CanStop, v.CanStop), cmp.Or(w.MayChange, v.MayChange), cmp.Or(w.AcceptsStop, v.AcceptsStop)
	if len(w.DependsOn) == 0 {
		w.DependsOn = v.DependsOn
	}
	if len(w.Dependents) == 0 {
		w.Dependents = v.Dependents
	}
	a.Windows = &w
	a.Description, a.Active, a.Load = cmp.Or(a.Description, b.Description), cmp.Or(a.Active, b.Active), cmp.Or(a.Load, b.Load)
	a.MainPID, a.ExitStatus = cmp.Or(a.MainPID, b.MainPID), cmp.Or(a.ExitStatus, b.ExitStatus)
	a.User, a.ExecStart, a.Restart = cmp.Or(a.User, b.User), cmp.Or(a.ExecStart, b.ExecStart), cmp.Or(a.Restart, b.Restart)
	if b.Evidence != "" && !strings.Contains(a.Evidence, b.Evidence) {
		a.Evidence = strings.TrimPrefix(a.Evidence+", "+b.Evidence, ", ")
	}
	return a
}

// field cuts a line at its first colon.
func field(text string) (key, value string, ok bool) {
	for _, colon := range [...]string{":", "："} {
		if k, v, cut := strings.Cut(text, colon); cut && (!ok || len(k) < len(key)) {
			key, value, ok = k, v, true
		}
	}
	return key, strings.TrimSpace(value), ok
}

func value(text string) string {
	_, v, _ := field(text)
	return v
}

// header reads a line with a name. It is no sentence, no answer of sc to a command,
// no prompt with a command, and its value no number.
func header(text string) (name string, ok bool) {
	key, name, ok := field(text)
	key = strings.TrimSpace(key)
	if !ok || len(key) < 2 || len(key) > 64 || strings.ContainsAny(key, " \t[(>") || typed(text) || !named(name) || name[0] == '\\' {
		return "", false
	}
	_, bare := whole(name)
	_, coded := coded(name)
	return name, !bare && !coded
}

// named tells whether s can be a service's name or display name.
func named(s string) bool {
	return s != "" && len(s) <= 1024 && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7F })
}

func typed(text string) bool {
	_, ok := kindOf(value(text))
	return ok
}

// kindOf reads a type: "20  WIN32_SHARE_PROCESS", in hexadecimal.
func kindOf(v string) (uint32, bool) {
	n, rest, ok := numbered(v, 16)
	if !ok {
		return 0, false
	}
	switch rest[0] {
	case "KERNEL_DRIVER", "FILE_SYSTEM_DRIVER", "ADAPTER", "RECOGNIZER_DRIVER", "WIN32", "WIN32_OWN_PROCESS", "WIN32_SHARE_PROCESS",
		"USER_OWN_PROCESS", "USER_SHARE_PROCESS":
		return n, kindWord(n) != ""
	}
	return 0, false
}

// numbered reads a number and the words behind it, at least one.
func numbered(v string, base int) (n uint32, rest []string, ok bool) {
	w := strings.Fields(v)
	if len(w) < 2 {
		return 0, nil, false
	}
	u, err := strconv.ParseUint(w[0], base, 32)
	return uint32(u), w[1:], err == nil
}

// constant reads a number with the constant that belongs to it.
func constant(v string, names []string) (n uint32, rest []string, ok bool) {
	n, rest, ok = numbered(v, 10)
	if !ok || int(n) >= len(names) || names[n] != rest[0] {
		return 0, nil, false
	}
	return n, rest[1:], true
}

// coded reads an exit code: "1077  (0x435)".
func coded(v string) (uint32, bool) {
	n, rest, ok := numbered(v, 10)
	return n, ok && len(rest) == 1 && strings.HasPrefix(rest[0], "(0x") && strings.HasSuffix(rest[0], ")")
}

// whole reads a number that stands alone.
func whole(v string) (uint32, bool) {
	n, err := strconv.ParseUint(v, 10, 32)
	return uint32(n), err == nil
}

// hex reads a checkpoint or a wait hint: "0x0".
func hex(v string) bool {
	rest, ok := strings.CutPrefix(v, "0x")
	_, err := strconv.ParseUint(rest, 16, 64)
	return ok && err == nil
}

// body is what follows a type.
type body struct {
	lines []line
	n     int // lines that were read
	kind  uint32
	unit  fact.Unit
}

// next is the value of the next line, where there is one and it fits.
func (b *body) next(fits func(key, value string) bool) bool {
	if b.n >= len(b.lines) {
		return false
	}
	k, v, ok := field(b.lines[b.n].text)
	if !ok || !fits(strings.TrimSpace(k), v) {
		return false
	}
	b.n++
	return true
}

// status reads the answer of sc query, queryex and enumdepend.
func (b *body) status() bool {
	names := []string{"", "STOPPED", "START_PENDING", "STOP_PENDING", "RUNNING", "CONTINUE_PENDING", "PAUSE_PENDING", "PAUSED"}
	var state, exit, own uint32
	if !b.next(func(_, v string) (ok bool) { state, _, ok = constant(v, names); return ok && state != 0 }) {
		return false
	}
	b.unit.Active = stateWord(state)
	if b.n < len(b.lines) && strings.HasPrefix(b.lines[b.n].text, "(") {
		accepts := slices.Contains(strings.FieldsFunc(b.lines[b.n].text, func(c rune) bool { return strings.ContainsRune("(), \t", c) }), "STOPPABLE")
		if state != stopped {
			b.unit.Windows.AcceptsStop = &accepts
		}
		b.n++
	}
	if b.next(func(_, v string) (ok bool) { exit, ok = coded(v); return ok }) {
		b.next(func(_, v string) (ok bool) { own, ok = coded(v); return ok })
	}
	if state == stopped {
		b.unit.ExitStatus = exitCode(exit, own)
	}
	for b.next(func(_, v string) bool { return hex(v) }) {
	}
	var pid uint32
	if b.next(func(_, v string) (ok bool) { pid, ok = whole(v); return ok }) {
		b.unit.MainPID = int(pid)
		b.next(func(_, v string) bool { return v == "" || v == "RUNS_IN_SYSTEM_PROCESS" }) // flags
	}
	return true
}

// configuration reads the answer of sc qc: start type, error control, path, group,
// tag, display name, dependencies with a line for each, account.
func (b *body) configuration() bool {
	starts := []string{"BOOT_START", "SYSTEM_START", "AUTO_START", "DEMAND_START", "DISABLED"}
	w, u := b.unit.Windows, &b.unit
	if !b.next(func(_, v string) bool {
		n, rest, ok := constant(v, starts)
		if ok {
			w.Start, w.Delayed = &n, len(rest) > 0 && rest[0] == "(DELAYED)"
		}
		return ok
	}) {
		return false
	}
	text := func(to *string) func(string, string) bool {
		return func(_, v string) bool { *to = v; return true }
	}
	control := func(_, v string) bool {
		_, _, ok := constant(v, []string{"IGNORE", "NORMAL", "SEVERE", "CRITICAL"})
		return ok
	}
	tag := func(_, v string) bool { _, ok := whole(v); return ok }
	depends := func(_, v string) bool { w.DependsOn = dependsOn(nil, v); return true }
	more := func(k, v string) bool {
		if k == "" {
			w.DependsOn = dependsOn(w.DependsOn, v)
		}
		return k == ""
	}
	var path, group, display, account string
	if !b.next(control) || !b.next(text(&path)) || !b.next(text(&group)) || !b.next(tag) {
		u.ExecStart = path
		return true
	}
	u.ExecStart = path
	if !b.next(text(&display)) {
		return true
	}
	u.Description = cmp.Or(display, u.Description)
	if b.next(depends) {
		for b.next(more) {
		}
		b.next(text(&account))
	}
	if !driver(b.kind) {
		u.User = account
	}
	return true
}

func dependsOn(list []string, v string) []string {
	if v == "" || !named(v) {
		return list
	}
	return append(list, v)
}
