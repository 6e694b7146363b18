package listing

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/shape"
)

// CacheEntry is one block of `netsh http show cachestate`.
type CacheEntry struct {
	URL         string
	Status      int
	Verb        string
	Queue       string
	Bytes, Hits int64 // of the content; 0 where the block has other numbers than expected
	Line        int
}

type cacheEntry struct {
	from, to int // indexes of its first and last row
	row      CacheEntry
}

// cacheEntries finds the blocks: a "label: URL" row, and below it rows of which the
// first is an HTTP status.
func cacheEntries(ls []shape.Line) []cacheEntry {
	var out []cacheEntry
	for i := 0; i+1 < len(ls); i++ {
		l := ls[i]
		if l.Kind != shape.Pair || !shape.IsURL(l.Value) || ls[i+1].Kind != shape.Pair {
			continue
		}
		status, err := strconv.Atoi(ls[i+1].Value)
		if err != nil || len(ls[i+1].Value) != 3 || status < 100 || status > 599 {
			continue
		}
		end := i + 1
		for end+1 < len(ls) && ls[end+1].Kind == shape.Pair && ls[end+1].Indent >= ls[i+1].Indent && !shape.IsURL(ls[end+1].Value) {
			end++
		}
		e := cacheEntry{i, end, CacheEntry{URL: l.Value, Status: status, Line: l.N}}
		e.row.read(ls[i+2 : end+1])
		out = append(out, e)
		i = end
	}
	return out
}

// read understands the rows below the status. The time of creation is the one value
// with a form of its own: the verb stands before it, the queue right below it, and
// then three numbers: of the headers, of the content, of the hits.
func (e *CacheEntry) read(rows []shape.Line) {
	made := -1
	for i, l := range rows {
		if isMoment(l.Value) {
			made = i
			break
		}
		if e.Verb == "" && l.Value != "" && strings.Trim(l.Value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			e.Verb = l.Value
		}
	}
	if made < 0 || made+1 >= len(rows) {
		return
	}
	e.Queue = rows[made+1].Value
	var numbers []int64
	for _, l := range rows[made+2:] {
		if n, err := strconv.ParseInt(l.Value, 10, 64); err == nil && n >= 0 {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) == 3 {
		e.Bytes, e.Hits = numbers[1], numbers[2]
	}
}

// isMoment tells a time like 2015.5.4:23.9.11:0.
func isMoment(s string) bool {
	return strings.Count(s, ":") == 2 && strings.Count(s, ".") == 4 && strings.Trim(s, "0123456789.:") == ""
}

// FindCacheStates finds the outputs of `netsh http show cachestate` among other
// lines.
func FindCacheStates(lines []string) []Span {
	ls := classify(lines)
	var found runs
	for _, e := range cacheEntries(ls) {
		found.add(e.from, e.to, allBlank, ls)
	}
	return found.spans(ls)
}

func allBlank(ls []shape.Line) bool {
	for _, l := range ls {
		if l.Kind != shape.Blank {
			return false
		}
	}
	return true
}

// ParseCacheState reads the cached responses of text.
func ParseCacheState(text string) []CacheEntry {
	var out []CacheEntry
	for _, e := range cacheEntries(classify(splitLines(text))) {
		out = append(out, e.row)
	}
	return out
}

// CacheFacts turns cached responses into rows. evidence says where a line of the
// listing was read.
func CacheFacts(es []CacheEntry, evidence func(line int) string) fact.Set {
	var set fact.Set
	have := map[fact.ID]bool{}
	for _, e := range es {
		id := fact.CacheEntryID(e.URL)
		if have[id] {
			continue
		}
		have[id] = true
		set.Cached = append(set.Cached, fact.CacheEntry{ID: id, URL: e.URL, Port: portOf(e.URL), Status: e.Status, Verb: e.Verb,
			Queue: e.Queue, Bytes: e.Bytes, Hits: e.Hits, Evidence: evidence(e.Line)})
	}
	return set
}

// portOf is the port of a request's URL, which may leave out its scheme's own.
func portOf(url string) uint16 {
	if u, ok := shape.ParseURL(url); ok {
		return u.Port
	}
	scheme, rest, _ := strings.Cut(url, "://")
	authority, _, _ := strings.Cut(rest, "/")
	switch {
	case authority == "" || strings.Contains(authority[strings.LastIndexByte(authority, ']')+1:], ":"):
		return 0
	case strings.EqualFold(scheme, "https"):
		return 443
	}
	return 80
}
