package portrange

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/berthd/berth/internal/fact"
)

// Listing is one output of netsh found among other lines: a list of excluded
// ranges, which may be empty, or a dynamic range.
type Listing struct {
	From, To int // indexes of its first line and of the one after its last
	Rows     []Row
}

// Row is one range of a listing, without evidence, and the line that told it.
type Row struct {
	Range fact.Range
	Line  int // from 1
}

// Facts are the ranges of the listing; at names the evidence of a line.
func (l Listing) Facts(at func(line int) string) []fact.Range {
	var out []fact.Range
	for _, r := range l.Rows {
		r.Range.Evidence = at(r.Line)
		out = append(out, r.Range)
	}
	return out
}

// Merge folds the rows that IPv4 and IPv6 have alike into rows of both, and leaves
// out what is told twice. The order and the evidence are those of the first.
func Merge(ranges []fact.Range) []fact.Range {
	var out []fact.Range
	for _, r := range ranges {
		same := slices.IndexFunc(out, func(o fact.Range) bool { return alike(o, r) })
		switch {
		case same < 0:
			out = append(out, r)
		case out[same].Family != r.Family:
			out[same].Family = ""
		}
	}
	return out
}

// alike tells whether two rows say the same of their ports, of whatever family.
func alike(a, b fact.Range) bool {
	return a.Kind == b.Kind && a.Proto == b.Proto && a.From == b.From && a.To == b.To && a.Administered == b.Administered
}

// maxRows bounds one listing: there are no more ports.
const maxRows = 1 << 16

// FindExcluded finds the outputs of `netsh interface ipv4 show excludedportrange`
// among other lines, whatever prose surrounds them and whatever language their
// titles are in. A listing is known by the two rows of dashes above it or by the
// command; its rows are two decimals each and, where a person set them, a star.
// Proto and Family are those that the title or the command names, for both keep
// the words tcp, udp, ipv4 and ipv6 in every language; they are empty where
// neither does.
func FindExcluded(lines []string) []Listing {
	var out []Listing
	from := 0
	for i := 0; i < len(lines); i++ {
		l, ok := excludedAt(lines, from, i)
		if !ok {
			continue
		}
		out = append(out, l)
		from, i = l.To, l.To-1
	}
	return out
}

// excludedAt reads the listing whose dashes are line i, or whose command stands
// right above it where the dashes were cut away. Lines before from are taken.
func excludedAt(lines []string, from, i int) (Listing, bool) {
	_, _, _, isRow := pair(lines[i])
	dashes := dashGroups(lines[i])
	if len(dashes) != 2 && !isRow {
		return Listing{}, false
	}
	h := above(lines, from, i, "excludedportrange")
	switch {
	case isRow && !h.command:
		return Listing{}, false
	case !isRow && !h.command && !netshTable(lines, from, i, dashes, h):
		return Listing{}, false
	}
	l := Listing{From: h.first, To: i}
	if !isRow {
		i++
		l.To = i
	}
	l.rows(lines, i, h)
	if len(l.Rows) == 0 && !h.named() {
		return Listing{}, false
	}
	l.To = footnote(lines, l.To)
	return l, true
}

// rows reads the rows from line i on; single blank lines may stand between them.
func (l *Listing) rows(lines []string, i int, h header) {
	for blanks := 0; i < len(lines) && blanks < 2 && len(l.Rows) < maxRows; i++ {
		if strings.TrimSpace(lines[i]) == "" {
			blanks++
			continue
		}
		from, to, star, ok := pair(lines[i])
		if !ok {
			return
		}
		blanks = 0
		l.To = i + 1
		l.Rows = append(l.Rows, Row{Line: i + 1, Range: fact.Range{
			Kind: fact.Excluded, Proto: h.proto, Family: h.family, From: from, To: to, Administered: star,
		}})
	}
}

// footnote takes the line that explains the star with its listing.
func footnote(lines []string, i int) int {
	j := i
	for j < len(lines) && j < i+3 && strings.TrimSpace(lines[j]) == "" {
		j++
	}
	if j < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[j]), "* -") {
		return j + 1
	}
	return i
}

// FindDynamic finds the outputs of `netsh interface ipv4 show dynamicport` among
// other lines: two lines "label : number" in a row, start and count, below a title
// or a command that names the protocol. The range is one of kind Ephemeral.
func FindDynamic(lines []string) []Listing {
	var out []Listing
	from := 0
	for i := 0; i+1 < len(lines); i++ {
		start, ok1 := labelled(lines[i])
		count, ok2 := labelled(lines[i+1])
		if !ok1 || !ok2 || i+2 < len(lines) && isLabelled(lines[i+2]) || i > from && isLabelled(lines[i-1]) {
			continue
		}
		h := above(lines, from, i, "dynamicport")
		last := start + count - 1
		if h.proto == "" || !h.command && !h.ruled || start < 1 || count < 1 || last > 65535 {
			continue
		}
		out = append(out, Listing{From: h.first, To: i + 2, Rows: []Row{{Line: i + 1, Range: fact.Range{
			Kind: fact.Ephemeral, Proto: h.proto, Family: h.family, From: uint16(start), To: uint16(last),
		}}}})
		from, i = i+2, i+1
	}
	return out
}

// header is what stands above the rows of a listing.
type header struct {
	first   int // index of its first line
	proto   fact.Proto
	family  string
	command bool // the command itself is there
	ruled   bool // a line of dashes is
}

func (h header) named() bool { return h.command || h.proto != "" }

// maxAbove is how far above its rows the title or the command of a listing may
// stand, blank lines not counted.
const maxAbove = 4

// above reads upwards from line i, not below line from, until it knows the
// protocol or has met the command.
func above(lines []string, from, i int, command string) header {
	h := header{first: i}
	seen := 0
	for j := i - 1; j >= from && seen < maxAbove; j-- {
		line := lines[j]
		if strings.TrimSpace(line) == "" {
			continue
		}
		if _, _, _, isRow := pair(line); isRow || isLabelled(line) {
			break
		}
		seen++
		if h.take(line, command) {
			h.first = j
		}
		if h.command {
			break
		}
	}
	return h
}

// take learns from one line and tells whether it belongs to the listing.
func (h *header) take(line, command string) bool {
	h.command = strings.Contains(strings.ToLower(line), command)
	ruled := len(dashGroups(line)) > 0
	if h.proto != "" && !h.command && !ruled {
		return false // a sentence above the title
	}
	proto, family := words(line)
	h.ruled = h.ruled || ruled
	h.proto, h.family = cmp.Or(h.proto, proto), cmp.Or(h.family, family)
	return h.command || ruled || proto != ""
}

// netshTable tells whether the dashes at line i are netsh's and no other table's,
// where no command stands above them: they have the widths that most languages
// have, or headings of several words each, and a title or wide gaps.
func netshTable(lines []string, from, i int, dashes []int, h header) bool {
	if i == from {
		return false
	}
	if slices.Equal(dashes, []int{10, 8}) {
		return true
	}
	return len(strings.Fields(lines[i-1])) > 2 && (h.proto != "" || strings.Contains(strings.TrimSpace(lines[i]), "-  "))
}

// words finds the untranslated words of a title or a command.
func words(line string) (proto fact.Proto, family string) {
	for word := range strings.FieldsFuncSeq(strings.ToLower(line), func(r rune) bool {
		return r >= utf8.RuneSelf || !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	}) {
		switch word {
		case "tcp", "udp":
			proto = fact.Proto(word)
		case "ipv4", "ipv6":
			family = word
		}
	}
	return proto, family
}

// pair reads a row: first port, last port, and perhaps a star.
func pair(line string) (from, to uint16, star, ok bool) {
	f := strings.Fields(line)
	if len(f) == 2 {
		f[1], star = strings.CutSuffix(f[1], "*")
	}
	if len(f) == 3 && strings.Trim(f[2], "*") == "" {
		star, f = true, f[:2]
	}
	if len(f) != 2 {
		return 0, 0, false, false
	}
	from, ok1 := port(f[0])
	to, ok2 := port(f[1])
	return from, to, star, ok1 && ok2 && from <= to
}

// dashGroups is how many dashes each group of a line has that is nothing else.
func dashGroups(line string) []int {
	var out []int
	for group := range strings.FieldsSeq(line) {
		if len(out) == 8 || strings.Trim(group, "-─—") != "" || len(group) < 3 {
			return nil
		}
		out = append(out, utf8.RuneCountInString(group))
	}
	return out
}

// labelled reads "label : 49152".
func labelled(line string) (int, bool) {
	i := strings.LastIndexAny(line, ":：")
	if i < 1 {
		return 0, false
	}
	_, size := utf8.DecodeRuneInString(line[i:])
	n, err := strconv.ParseUint(strings.TrimSpace(line[i+size:]), 10, 17)
	return int(n), err == nil && n <= 65536 && strings.TrimSpace(line[:i]) != ""
}

func isLabelled(line string) bool {
	_, ok := labelled(line)
	return ok
}
