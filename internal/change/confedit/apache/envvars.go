package apache

import "strings"

// Envvars reads the file that Debian's apachectl sources before it starts httpd,
// /etc/apache2/envvars, or an EnvironmentFile of systemd, for [Options].Env: lines
// NAME=VALUE, exported or not, with what was set above put in. It is no shell:
// conditions are taken to hold, so the last value counts, and commands are left out.
func Envvars(data []byte) map[string]string {
	env := map[string]string{}
	for _, l := range strings.Split(string(data), "\n") {
		l = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(l), "export "))
		name, value, ok := strings.Cut(l, "=")
		if !ok || name == "" || strings.Trim(name, nameBytes) != "" {
			continue
		}
		value, literal := unquote(value)
		if !literal {
			value = expand(value, env)
		}
		if strings.ContainsAny(value, "`") || strings.Contains(value, "$(") {
			continue
		}
		if _, has := env[name]; has || len(env) < maxDefines {
			env[name] = value
		}
	}
	return env
}

const nameBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

// unquote cuts a value at its quotes or its first blank; in single quotes nothing is
// put in.
func unquote(s string) (value string, literal bool) {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		value, _, _ = strings.Cut(s[1:], s[:1])
		return value, s[0] == '\''
	}
	if i := strings.IndexAny(s, " \t#;"); i >= 0 {
		s = s[:i]
	}
	return s, false
}

// expand puts in $NAME and ${NAME}, as far as env has them; others are empty.
func expand(s string, env map[string]string) string {
	var b strings.Builder
	put := func(name string) {
		if v := env[name]; len(v) <= maxValue-b.Len() {
			b.WriteString(v)
		}
	}
	for {
		before, rest, ok := strings.Cut(s, "$")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		if inner, after, closed := strings.Cut(strings.TrimPrefix(rest, "{"), "}"); closed && strings.HasPrefix(rest, "{") {
			put(inner)
			s = after
			continue
		}
		n := len(rest) - len(strings.TrimLeft(rest, nameBytes))
		if n == 0 { // $( and the like
			b.WriteByte('$')
		}
		put(rest[:n])
		s = rest[n:]
	}
}
