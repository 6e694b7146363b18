package fact

import "strings"

// Redacted stands in place of a secret.
const Redacted = "•••"

// Redact removes what looks like a secret from every command line and log line of s: the
// values of options and variables named like one (--password, -p of the mysql
// family, API_KEY=, token:), passwords inside URLs, and Authorization headers.
// It changes s.Processes, the units' ExecStart and their Log in place.
func (s *Set) Redact() {
	for i := range s.Processes {
		s.Processes[i].Args = RedactArgs(s.Processes[i].Args)
	}
	for i := range s.Units {
		s.Units[i].ExecStart = redactText(s.Units[i].ExecStart)
		for j := range s.Units[i].Log {
			s.Units[i].Log[j].Text = redactText(s.Units[i].Log[j].Text)
		}
	}
}

// RedactArgs returns args without its secrets; args itself is not changed.
func RedactArgs(args []string) []string {
	if len(args) == 0 {
		return args
	}
	out := make([]string, len(args))
	hideNext := false
	for i, a := range args {
		switch {
		case hideNext && !strings.HasPrefix(a, "-"):
			out[i], hideNext = Redacted, scheme(a)
		default:
			out[i], hideNext = redactOne(args[0], a)
		}
	}
	return out
}

func redactOne(program, a string) (clean string, hideNext bool) {
	name, value, has := strings.Cut(a, "=")
	switch {
	case header(a):
		name, value, _ := strings.Cut(a, ":")
		if strings.TrimSpace(value) == "" {
			return a, true
		}
		return name + ": " + Redacted, false
	case !strings.ContainsAny(name, blanks) && secretName(name):
		if has && value != "" {
			return name + "=" + Redacted, false
		}
		return a, has || strings.HasPrefix(a, "-") // sc writes "password= secret"
	case strings.ContainsAny(a, blanks):
		return redactText(a), false
	case dashP(program, a):
		return "-p" + Redacted, false
	}
	return redactURL(a), false
}

const blanks = " \t\n"

// RedactText returns a command line without its secrets.
func RedactText(text string) string { return redactText(text) }

// redactText does for the words of one string, such as what sh -c is given, what
// RedactArgs does for arguments.
func redactText(text string) string {
	var out strings.Builder
	program, hideNext := "", false
	for text != "" {
		at := len(text) - len(strings.TrimLeft(text, blanks))
		out.WriteString(text[:at])
		word, rest := cutWord(text[at:])
		plain := strings.ReplaceAll(strings.ReplaceAll(word, `"`, ""), "'", "")
		if strings.Contains(plain, "mysql") || strings.Contains(plain, "mariadb") {
			program = plain
		}
		clean, hide := redactOne(program, plain)
		switch {
		case hideNext && plain != "" && plain[0] != '-':
			out.WriteString(Redacted)
			hide = scheme(plain)
		case clean == plain:
			out.WriteString(word)
		default:
			out.WriteString(clean)
		}
		text, hideNext = rest, hide
	}
	return out.String()
}

// cutWord cuts a shell's word off the start of s; blanks in quotes belong to it.
func cutWord(s string) (word, rest string) {
	quote := byte(0)
	for i := range len(s) {
		switch c := s[i]; {
		case quote == 0 && strings.IndexByte(blanks, c) >= 0:
			return s[:i], s[i:]
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	return s, ""
}

// secretName tells whether an option or variable is named like a secret.
func secretName(name string) bool {
	n := bare(name)
	if n == "" || len(n) > 64 {
		return false
	}
	for _, w := range [...]string{"password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "authtoken", "credential"} {
		if strings.Contains(n, w) && !strings.HasSuffix(n, "file") && !strings.HasSuffix(n, "path") {
			return true
		}
	}
	return n == "pass" || n == "token" || n == "pwd" || n == "pw" || strings.HasSuffix(n, "token") || strings.HasSuffix(n, "pass") && len(n) > 6
}

// bare is a name in lower case and without the signs that part its words, as most
// names are already, and without a shell's quotes.
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || r == '\'' || r == '"' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// dashP is the mysql family's -pSECRET, where the blank is missing on purpose.
func dashP(program, a string) bool {
	if i := strings.LastIndexByte(program, '/'); i >= 0 {
		program = program[i+1:]
	}
	return len(a) > 2 && strings.HasPrefix(a, "-p") && (strings.HasPrefix(program, "mysql") || strings.HasPrefix(program, "mariadb"))
}

// redactURL hides the password of scheme://user:password@host, wherever in a it stands.
func redactURL(a string) string {
	i := strings.Index(a, "://")
	if i < 0 {
		return a
	}
	rest := a[i+3:]
	end := strings.IndexAny(rest, "/?# ")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 {
		return a
	}
	user, _, ok := strings.Cut(rest[:at], ":")
	if !ok {
		return a
	}
	return a[:i+3] + user + ":" + Redacted + rest[at:]
}

// scheme tells whether a is the first word of an Authorization header's value: the
// secret is the next one.
func scheme(a string) bool {
	switch strings.ToLower(a) {
	case "basic", "bearer", "digest", "negotiate", "ntlm", "token":
		return true
	}
	return false
}

// header tells whether a is an HTTP header that carries a secret.
func header(a string) bool {
	low := strings.ToLower(a[:min(len(a), len("authorization:"))])
	return low == "authorization:" || strings.HasPrefix(low, "cookie:")
}
