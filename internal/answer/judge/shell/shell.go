// Package shell reads command lines as people paste them: of cmd.exe, PowerShell and
// POSIX shells, in one reading, because a forum post does not say which it is.
//
// It takes apart pipes and lists, takes quotes off, looks inside what only starts
// another command (sudo, cmd /c, for /f, xargs), and sorts a command's words into
// operands and options by the habits of the program. It runs nothing, expands
// nothing and knows no program's meaning. The package is pure.
package shell

import (
	"slices"
	"strings"
)

// Option is one switch of a command: /F, -Name HTTP, --now, /featurename:X.
type Option struct {
	Name  string // without dashes and slash; lower case where the program does not mind
	Value string // "" where it has none
}

// Command is one program and what it is given.
type Command struct {
	// Name is the program in lower case, without folder, quotes and .exe.
	Name     string
	Words    []string // operands in order; "start= disabled" is one word, "start=disabled"
	Options  []Option
	Elevated bool   // behind sudo, runas or their like
	Piped    bool   // takes what the command before it prints, as input or as arguments
	Into     string // file that its output is written to
}

// Pipeline is commands that hang together by pipes.
type Pipeline struct {
	Text     string // as it stands in the line, prompts and typographic signs aside
	Commands []Command
}

// Bounds on one line; what is beyond is left out.
const (
	maxLine   = 2 << 10
	maxTokens = 512
	maxDepth  = 4
	maxParts  = 64
)

// Parse reads one line. A line without any word has no pipelines.
func Parse(line string) []Pipeline {
	line = Plain(line)
	var out []Pipeline
	for _, part := range lists(lex(line)) {
		p := pipeline(part, 0)
		if len(p.Commands) == 0 {
			continue
		}
		p.Text = strings.TrimSpace(line[part[0].from:part[len(part)-1].to])
		if out = append(out, p); len(out) == maxParts {
			break
		}
	}
	return out
}

// Has tells whether c has one of these options, whatever its value.
func (c Command) Has(names ...string) bool {
	return slices.ContainsFunc(c.Options, func(o Option) bool { return slices.Contains(names, o.Name) })
}

// Option returns the value of the first of these options that has one.
func (c Command) Option(names ...string) string {
	for _, o := range c.Options {
		if o.Value != "" && slices.Contains(names, o.Name) {
			return o.Value
		}
	}
	return ""
}

// Pair returns the value of the first word key=value with one of these keys, which
// compare without case.
func (c Command) Pair(keys ...string) (string, bool) {
	for _, w := range c.Words {
		key, value, ok := strings.Cut(w, "=")
		if ok && slices.Contains(keys, strings.ToLower(key)) {
			return value, true
		}
	}
	return "", false
}

// Operands are the words from the i-th on that are no key=value.
func (c Command) Operands(i int) []string {
	var out []string
	for _, w := range c.Words[min(i, len(c.Words)):] {
		if !strings.Contains(w, "=") {
			out = append(out, w)
		}
	}
	return out
}

// lists cuts tokens where one command line ends and the next begins.
func lists(tokens []token) [][]token {
	var out [][]token
	from := 0
	for i, t := range tokens {
		if t.op == "&&" || t.op == "||" || t.op == ";" || t.op == "&" {
			if i > from {
				out = append(out, tokens[from:i])
			}
			from = i + 1
		}
	}
	if from < len(tokens) {
		out = append(out, tokens[from:])
	}
	return out
}

func pipeline(tokens []token, depth int) Pipeline {
	var p Pipeline
	var words []token
	into := ""
	flush := func() {
		cmds := unwrap(words, depth)
		for i := range cmds {
			cmds[i].Piped = cmds[i].Piped || len(p.Commands) > 0 && i == 0
		}
		if len(cmds) > 0 && into != "" {
			cmds[len(cmds)-1].Into = into
		}
		p.Commands = append(p.Commands, cmds...)
		words, into = nil, ""
	}
	for i := 0; i < len(tokens) && len(p.Commands) < maxParts; i++ {
		switch t := tokens[i]; {
		case t.op == "|":
			flush()
		case t.op == ">" || t.op == "<":
			if i++; i < len(tokens) && tokens[i].op == "" && t.op == ">" && t.text == "" {
				into = tokens[i].text
			}
		case t.op == "":
			words = append(words, t)
		}
	}
	flush()
	return p
}
