package known

import (
	"strings"

	"github.com/berthd/berth/internal/answer/judge/shell"
)

// Bounds of a line of prose: the commands it may hold, the places where one may begin,
// the words of one, and its length.
const (
	maxSpots  = 8
	maxStarts = 16
	maxWords  = 18
	maxProse  = 2000
)

// Spot finds the commands in a line that has no prompt: in quotes, behind a step's
// number, in the middle of a sentence. whole tells that the line is one command line
// and nothing else.
func (t *Table) Spot(line string) (commands []string, whole bool) {
	if len(line) > maxProse {
		return nil, false
	}
	if line = shell.Plain(line); !t.mentions(line) {
		return nil, false
	}
	bare := unmarked(line)
	if all, ok := t.commandLine(bare, true); ok {
		return all, true
	}
	spans, rest := t.spans(line)
	commands = append(spans, t.inProse(rest)...)
	return commands[:min(len(commands), maxSpots)], false
}

// mentions tells whether a line has the name of any program of the table: most
// lines of a paste have none, and need no closer look.
func (t *Table) mentions(line string) bool {
	for line != "" {
		var word string
		word, line, _ = strings.Cut(strings.TrimLeft(line, " "), " ")
		if t.isProgram(word) {
			return true
		}
	}
	return false
}

// isProgram tells whether a word is a program of the table, or one that starts others.
func (t *Table) isProgram(word string) bool {
	word = strings.Trim(word, "\"'`()*_,;:.@&")
	if strings.Contains(word, "/init.d/") {
		return true
	}
	name := shell.Program(word)
	return t.by[name] != nil || oneOf("doas|runas|for|start-process", name)
}

// commandLine takes text for a command line if every command of it is known. A shy
// pattern will do: nothing else stands there. Where the text is a line of its own it
// must not read like a sentence.
func (t *Table) commandLine(text string, line bool) ([]string, bool) {
	ps := shell.Parse(text)
	if len(ps) == 0 {
		return nil, false
	}
	for _, p := range ps {
		for i, c := range p.Commands {
			m, ok := t.find(c, false)
			if !ok && i == 0 || line && ok && talks(m, c) {
				return nil, false
			}
		}
	}
	return []string{strings.TrimSpace(text)}, true
}

// talks tells whether a line that could be a command is rather a sentence: "find the
// service", "kill it".
func talks(m Match, c shell.Command) bool {
	for _, w := range c.Words {
		if wordy(strings.Trim(w, ".,;:!?")) {
			return true
		}
	}
	return m.bare && len(c.Options) == 0 && len(c.Words) > 0 && !signs(c.Words[0])
}

// unmarked takes off what lists and posts put before a command.
func unmarked(line string) string {
	line = strings.TrimSpace(line)
	for range 4 {
		before := line
		line = strings.TrimSpace(strings.TrimLeft(line, "*•·▪➤→>-+"))
		if at := strings.IndexAny(line, ".):"); at > 0 && at < 8 && at+1 < len(line) && line[at+1] == ' ' && isStep(line[:at]) {
			line = strings.TrimSpace(line[at+1:])
		}
		if len(line) > 2 && (line[0] == '`' || line[0] == '"' && strings.Count(line, `"`) == 2) && line[len(line)-1] == line[0] {
			line = strings.Trim(line, "`\"")
		}
		if line == before {
			break
		}
	}
	return strings.TrimSpace(strings.TrimSuffix(line, "`"))
}

// isStep tells whether s numbers a step: "3", "b", "Step 2", "Run".
func isStep(s string) bool {
	s = strings.ToLower(s)
	if rest, ok := strings.CutPrefix(s, "step "); ok {
		s = rest
	}
	return len(s) == 1 || strings.Trim(s, "0123456789") == "" || oneOf("run|type|then|e.g|example|cmd", s)
}

// spans are the commands in quotes of a line, and the line without them.
func (t *Table) spans(line string) (inside []string, rest string) {
	var b strings.Builder
	for tries := 0; line != "" && tries < maxStarts; {
		at := strings.IndexAny(line, "`\"'")
		if at < 0 {
			break
		}
		mark := line[at]
		end := strings.IndexByte(line[at+1:], mark)
		word := mark == '\'' && at > 0 && line[at-1] != ' ' && line[at-1] != '('
		if end < 1 || word || !strings.Contains(line[at+1:at+1+end], " ") && !t.isProgram(line[at+1:at+1+end]) {
			b.WriteString(line[:at+1])
			line = line[at+1:]
			continue
		}
		tries++
		if _, ok := t.commandLine(line[at+1:at+1+end], false); ok {
			inside = append(inside, line[at+1:at+1+end])
			b.WriteString(line[:at] + " ; ")
		} else {
			b.WriteString(line[:at+end+2])
		}
		line = line[at+end+2:]
	}
	b.WriteString(line)
	return inside, b.String()
}

// piece is a word of a sentence.
type piece struct {
	text     string
	from, to int
}

// split cuts a sentence at blanks; a quoted text is one word.
func split(line string) []piece {
	var out []piece
	for i := 0; i < len(line); {
		if line[i] == ' ' {
			i++
			continue
		}
		from := i
		for i < len(line) && line[i] != ' ' {
			if end := strings.IndexByte(line[i+1:], '"'); line[i] == '"' && end > 0 {
				i += end + 1
			}
			i++
		}
		out = append(out, piece{line[from:i], from, i})
	}
	return out
}

// inProse finds commands between the words of a sentence: from the name of a known
// program as far as its words can be a command's and not the sentence's.
func (t *Table) inProse(line string) []string {
	var out []string
	words := split(line)
	for i, starts := 0, 0; i < len(words) && starts < maxStarts; i++ {
		if !t.isProgram(words[i].text) {
			continue
		}
		starts++
		if text, n := t.longest(line, words[i:]); n > 0 {
			out = append(out, text)
			i += n - 1
		}
	}
	return out
}

// longest is the longest run of words that is a known command, and their number.
func (t *Table) longest(line string, words []piece) (string, int) {
	best, n := "", 0
	from := words[0].from + len(words[0].text) - len(strings.TrimLeft(words[0].text, "\"'`(*_"))
	for i, w := range words[:min(len(words), maxWords)] {
		if w.text == ";" || i > 0 && strings.HasPrefix(w.text, "(") {
			break
		}
		to := w.from + len(ended(w.text))
		if to < from {
			to = w.to
		}
		for to < w.to && line[to] == ')' && strings.Count(line[from:to], "(") > strings.Count(line[from:to], ")") {
			to++
		}
		if text := line[min(from, to):to]; t.oneCommand(text) {
			best, n = text, i+1
		}
		if i > 0 && to < w.to && strings.ContainsAny(line[to:w.to], ".,;:!?)") {
			break
		}
	}
	return best, n
}

// ended takes the sentence's own signs off the end of a word; a bracket that the word
// itself opened stays.
func ended(w string) string {
	for w != "" {
		last := w[len(w)-1]
		pairs := last == ')' && strings.Count(w, "(") >= strings.Count(w, ")") || last == '"' && strings.Count(w, `"`)%2 == 0
		if pairs || !strings.ContainsRune(".,;:!?)\"'`*_", rune(last)) {
			break
		}
		w = w[:len(w)-1]
	}
	return w
}

// oneCommand tells whether text is a command line that a sentence may hold.
func (t *Table) oneCommand(text string) bool {
	ps := shell.Parse(text)
	if len(ps) != 1 || len(ps[0].Commands) == 0 {
		return false
	}
	for i, c := range ps[0].Commands {
		m, ok := t.find(c, i == 0)
		if !ok || m.Rule == LookOnly && len(c.Words)+len(c.Options) == 0 {
			return false
		}
	}
	return true
}
