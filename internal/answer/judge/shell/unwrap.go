package shell

import (
	"slices"
	"strings"
)

// FromPipe stands in place of arguments that the command before prints.
const FromPipe = "%pipe%"

// unwrap makes commands of words: more than one where a wrapper is given a list.
func unwrap(words []token, depth int) []Command {
	elevated := false
	for depth < maxDepth {
		words = skipNoise(words)
		if len(words) == 0 {
			return nil
		}
		inner, script, e := wrapped(Program(words[0].text), words)
		if elevated = elevated || e; script != "" {
			return inside(script, depth+1, elevated)
		}
		if inner == nil {
			break
		}
		words, depth = inner, depth+1
	}
	c := sorted(words)
	c.Elevated = elevated
	return []Command{c}
}

// inside reads the commands of a text that a wrapper is given.
func inside(script string, depth int, elevated bool) []Command {
	var out []Command
	for _, part := range lists(lex(script)) {
		out = append(out, pipeline(part, depth).Commands...)
	}
	for i := range out {
		out[i].Elevated = out[i].Elevated || elevated
	}
	return out
}

// skipNoise takes off what may stand before a command and is none: assignments, @,
// the words of a script's structure.
func skipNoise(words []token) []token {
	for len(words) > 0 {
		w := strings.TrimPrefix(words[0].text, "@")
		switch strings.ToLower(w) {
		case "", "do", "then", "else", "call", "nohup", "exec", "command", "builtin", "time", "nice", "env", "!":
			words = words[1:]
			continue
		}
		if name, _, ok := strings.Cut(w, "="); ok && !words[0].quoted && isVariable(name) {
			words = words[1:]
			continue
		}
		words = slices.Clone(words)
		words[0].text = w
		return words
	}
	return nil
}

func isVariable(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$:") == ""
}

// Program is the name of a program as [Command] has it.
func Program(word string) string {
	word = strings.Trim(word, `"'`)
	if at := strings.LastIndexAny(word, `\/`); at >= 0 && at < len(word)-1 {
		word = word[at+1:]
	}
	word = strings.ToLower(word)
	for _, end := range [...]string{".exe", ".com", ".cmd"} {
		word = strings.TrimSuffix(word, end)
	}
	return word
}

// wrapped looks inside a command that only starts another one: what is left of its
// words, or the script it is given.
func wrapped(name string, words []token) (inner []token, script string, elevated bool) {
	switch name {
	case "sudo", "doas", "gsudo", "pkexec", "psexec", "psexec64":
		return afterOptions(words[1:], "u", "g", "p", "c", "user"), "", true
	case "start":
		return afterTitle(words[1:]), "", false
	case "xargs", "parallel":
		if inner = afterOptions(words[1:], "n", "l", "p", "i", "d"); inner != nil {
			inner = append(slices.Clone(inner), token{text: FromPipe, quoted: true})
		}
		return inner, "", false
	case "for":
		for i, w := range words {
			if strings.EqualFold(w.text, "do") {
				return words[i+1:], "", false
			}
		}
		return nil, "", false
	case "runas":
		last := words[len(words)-1]
		if strings.Contains(last.text, " ") {
			return nil, last.text, true
		}
		return afterOptions(words[1:]), "", true
	}
	return nil, scriptOf(name, words), false
}

// scriptOf is the text that a shell, or a loop over objects, is given to run.
func scriptOf(name string, words []token) string {
	switch name {
	case "cmd", "powershell", "pwsh", "bash", "sh", "zsh", "dash", "su":
		for i, w := range words {
			switch strings.ToLower(w.text) {
			case "/c", "/k", "-c", "-lc", "-ic", "-command":
				return joined(words[i+1:])
			}
		}
	case "invoke-expression", "iex":
		return joined(words[1:])
	case "foreach-object", "%", "foreach":
		for _, w := range words[1:] {
			if strings.HasPrefix(w.text, "{") {
				return strings.Trim(w.text, "{} ")
			}
		}
	case "start-process", "saps":
		return started(words[1:])
	}
	return ""
}

// started is the command line that Start-Process puts together.
func started(words []token) string {
	var line []string
	for i, w := range words {
		switch {
		case i > 0 && strings.EqualFold(words[i-1].text, "-verb"), !w.quoted && strings.HasPrefix(w.text, "-"):
		default:
			line = append(line, w.text)
		}
	}
	return strings.Join(line, " ")
}

// joined puts words together again; one quoted text is the script itself.
func joined(words []token) string {
	var line []string
	for _, w := range words {
		if w.quoted && len(words) > 1 && strings.Contains(w.text, " ") {
			line = append(line, `"`+w.text+`"`)
			continue
		}
		line = append(line, w.text)
	}
	return strings.Trim(strings.Join(line, " "), "{} ")
}

// afterOptions are the words behind a wrapper's own options, nil where nothing is left.
func afterOptions(words []token, valued ...string) []token {
	for len(words) > 0 {
		w := words[0].text
		if words[0].quoted || len(w) < 2 || w[0] != '-' && w[0] != '/' && w[0] != '\\' || strings.Contains(w[1:], "/") {
			break
		}
		words = words[1:]
		if len(words) > 0 && slices.Contains(valued, strings.ToLower(strings.TrimLeft(w, "-/"))) {
			words = words[1:]
		}
	}
	if len(words) == 0 {
		return nil
	}
	return words
}

// afterTitle are the words behind start's options and the title of its window.
func afterTitle(words []token) []token {
	if len(words) > 1 && words[0].quoted {
		words = words[1:]
	}
	return afterOptions(words, "d")
}
