package source

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/fact"
)

// Check tests the rules across entries: IDs are unique, and each example is
// claimed first by its own entry or by one that the entry yields to. It sorts
// rows by ID. An error is always an [*Error].
func Check(rows []Row) error {
	slices.SortFunc(rows, func(a, b Row) int { return strings.Compare(a.ID, b.ID) })
	entries := make([]catalog.Entry, len(rows))
	for i := range rows {
		entries[i] = rows[i].Entry
		if i > 0 && rows[i-1].ID == rows[i].ID {
			return rows[i].err("id %q is also in %s:%d", rows[i].ID, rows[i-1].File, rows[i-1].Line)
		}
	}
	if err := checkOwners(rows); err != nil {
		return err
	}
	for i := range rows {
		if err := checkClaims(&rows[i], entries); err != nil {
			return err
		}
	}
	return nil
}

func checkClaims(row *Row, entries []catalog.Entry) error {
	for _, id := range row.YieldsTo {
		if !slices.ContainsFunc(entries, func(e catalog.Entry) bool { return e.ID == id }) {
			return row.err("yieldsTo names %q, which is no entry", id)
		}
	}
	for i, s := range row.Examples {
		first := catalog.Among(entries, s)[0]
		if first.ID != row.ID && !slices.Contains(row.YieldsTo, first.ID) {
			return row.err("example %d of %s is claimed more exactly by %s: say so in yieldsTo or match closer", i+1, row.ID, first.ID)
		}
	}
	return nil
}

func (r *Row) err(format string, a ...any) error {
	return &Error{r.File, r.Line, fmt.Sprintf(format, a...)}
}

func broken(key, format string, a ...any) error {
	return problem{key: key, what: fmt.Sprintf(format, a...)}
}

// checkRow tests the rules that concern one entry alone.
func checkRow(r *Row) error {
	for _, check := range []func(*Row) error{
		checkWords, checkSources, checkPatterns, checkProof, checkServices, checkHTTP, checkRemedies, checkWarnings, checkExamples,
	} {
		if err := check(r); err != nil {
			return err
		}
	}
	return nil
}

func checkWords(r *Row) error {
	switch {
	case !isID(r.ID):
		return broken("id", "id %q: want lower-case words joined by dashes", r.ID)
	case !slices.Contains([]catalog.Kind{catalog.Holder, catalog.Blamed, catalog.Forwarder, catalog.Interceptor, catalog.Supervisor}, r.Kind):
		return broken("kind", "kind %q is none of holder, blamed, forwarder, interceptor, supervisor", r.Kind)
	case !slices.Contains([]catalog.Basis{catalog.Read, catalog.Measured, catalog.General}, r.Basis):
		return broken("basis", "basis %q is none of read, measured, general", r.Basis)
	}
	if err := checkText("name", r.Name); err != nil {
		return err
	}
	if err := checkText("purpose", r.Purpose); err != nil {
		return err
	}
	return checkOptional("note", r.Note)
}

func isID(id string) bool {
	for word := range strings.SplitSeq(id, "-") {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return true
}

func checkOptional(key, text string) error {
	if text == "" {
		return nil
	}
	return checkText(key, text)
}

// checkText wants one line of plain text.
func checkText(key, text string) error {
	switch {
	case text == "":
		return broken(key, "%s is missing", key)
	case strings.TrimSpace(text) != text:
		return broken(key, "%s has space at its ends", key)
	case hasControl(text):
		return broken(key, "%s holds a line end or another control character", key)
	}
	return nil
}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' })
}

func checkSources(r *Row) error {
	if len(r.Sources) == 0 {
		return broken("source", "source is missing: a web address, or a thread as owner/name#number")
	}
	for _, s := range r.Sources {
		if !isSource(s) {
			return broken("source", "source %q is neither a web address nor a thread as owner/name#number", s)
		}
	}
	return nil
}

func isSource(s string) bool {
	if strings.ContainsAny(s, " \"<>") || hasControl(s) {
		return false
	}
	if rest, ok := strings.CutPrefix(s, "https://"); ok {
		return strings.Contains(rest, ".")
	}
	repo, number, ok := strings.Cut(s, "#")
	owner, name, slash := strings.Cut(repo, "/")
	return ok && slash && owner != "" && name != "" && !strings.Contains(name, "/") &&
		number != "" && strings.Trim(number, "0123456789") == ""
}

func checkPatterns(r *Row) error {
	if len(r.Match) == 0 {
		return broken("match", "match is missing")
	}
	for i := range r.Match {
		if err := checkPattern(&r.Match[i]); err != nil {
			return err
		}
	}
	return nil
}

func checkPattern(p *catalog.Pattern) error {
	for _, os := range p.OS {
		if !slices.Contains([]string{"linux", "windows", "darwin"}, os) {
			return broken("match", "os %q is none of linux, windows, darwin", os)
		}
	}
	for _, proto := range p.Proto {
		if !slices.Contains([]fact.Proto{fact.TCP, fact.UDP, fact.UDPLite, fact.SCTP, fact.Raw}, proto) {
			return broken("match", "proto %q is unknown", proto)
		}
	}
	for _, a := range p.Address {
		if !isAddress(a) {
			return broken("match", "address %q is no address, no prefix, not wildcard and not loopback", a)
		}
	}
	return checkNames(p)
}

func isAddress(a string) bool {
	if a == "wildcard" || a == "loopback" {
		return true
	}
	if _, err := netip.ParsePrefix(a); err == nil {
		return true
	}
	_, err := netip.ParseAddr(a)
	return err == nil
}

func checkNames(p *catalog.Pattern) error {
	fields := []struct {
		key    string
		values []string
	}{
		{"exe", p.Exe}, {"comm", p.Comm}, {"arg", p.Arg}, {"service", p.Service}, {"unit", p.Unit},
		{"queue", p.Queue}, {"urlPath", p.URLPath}, {"cgroup", p.Cgroup}, {"kernel", p.Kernel}, {"image", p.Image},
	}
	asked := len(p.OS) + len(p.Proto) + len(p.Port) + len(p.Address)
	for _, f := range fields {
		asked += len(f.values)
		for _, v := range f.values {
			if err := checkName(f.key, v); err != nil {
				return err
			}
		}
	}
	if asked == 0 {
		return broken("match", "a match without fields fits everything")
	}
	return nil
}

func checkName(key, v string) error {
	if err := checkText("match", v); err != nil {
		return broken("match", "%s %q: %s", key, v, err)
	}
	switch {
	case strings.Contains(v, "**"):
		return broken("match", "%s %q: two stars in a row say no more than one", key, v)
	case strings.Trim(v, "*?") == "" && key != "kernel":
		return broken("match", "%s %q fits every name", key, v)
	case strings.Contains(v, `\`):
		return broken("match", "%s %q: write paths with slashes, on Windows too", key, v)
	case key == "comm" && strings.Contains(v, "/"):
		return broken("match", "comm %q: a process name has no slash", v)
	}
	return nil
}
