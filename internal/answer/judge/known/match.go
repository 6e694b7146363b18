package known

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/judge/shell"
)

// match holds the words of a pattern against a command. Words of a pattern:
//
//	stop|pause     one of these, without case; netsh's may be cut short
//	{x}            one operand, any
//	{x#}           one operand that is a number, a variable or a placeholder
//	{x...}         one operand or more
//	{x?}           one operand or none
//	...            any further operands
//	-f|force       one of these options
//	-pid={x}       an option with a value
//	start={x}      a word of the form key=value, anywhere
//
// Options that the pattern does not name are let through.
func match(words string, c shell.Command, prose bool) (map[string]string, bool) {
	m := matcher{c: c, prose: prose, args: map[string]string{}, left: c.Words}
	for _, w := range strings.Fields(words) {
		if strings.Contains(w, "=") && w[0] != '-' && w[0] != '{' && !m.pair(w) {
			return nil, false
		}
	}
	for _, w := range strings.Fields(words) {
		if !m.one(w) {
			return nil, false
		}
	}
	return m.args, len(m.left) == 0
}

type matcher struct {
	c     shell.Command
	prose bool
	args  map[string]string
	left  []string // operands that no word of the pattern has taken
}

func (m *matcher) one(w string) bool {
	switch {
	case w == "...":
		return m.rest("")
	case w[0] == '-':
		return m.option(w[1:])
	case w[0] == '{':
		return m.capture(w[1 : len(w)-1])
	case strings.Contains(w, "="):
		return true
	}
	if len(m.left) == 0 || !m.literal(w, m.left[0]) {
		return false
	}
	m.left = m.left[1:]
	return true
}

// literal compares a word; netsh lets its words be cut short.
func (m *matcher) literal(alternatives, have string) bool {
	have = strings.ToLower(have)
	if oneOf(alternatives, have) {
		return true
	}
	if m.c.Name != "netsh" || len(have) < 2 {
		return false
	}
	return slices.ContainsFunc(strings.Split(alternatives, "|"), func(a string) bool { return strings.HasPrefix(a, have) })
}

func (m *matcher) pair(w string) bool {
	key, want, _ := strings.Cut(w, "=")
	for i, have := range m.left {
		k, v, ok := strings.Cut(have, "=")
		if !ok || !oneOf(key, strings.ToLower(k)) {
			continue
		}
		if !m.value(want, v) {
			return false
		}
		m.left = slices.Delete(slices.Clone(m.left), i, i+1)
		return true
	}
	return false
}

func (m *matcher) option(w string) bool {
	name, want, valued := strings.Cut(w, "=")
	for _, o := range m.c.Options {
		if oneOf(name, o.Name) && (!valued || m.value(want, o.Value)) {
			return true
		}
	}
	return false
}

// value holds "{x}" or literals against the value of a pair or an option.
func (m *matcher) value(want, have string) bool {
	if strings.HasPrefix(want, "{") {
		name := strings.TrimSuffix(want[1:len(want)-1], "#")
		m.args[name] = have
		return have != "" && (name == want[1:len(want)-1] || number(have))
	}
	return oneOf(want, strings.ToLower(have))
}

func (m *matcher) capture(name string) bool {
	if bare, ok := strings.CutSuffix(name, "..."); ok {
		return len(m.left) > 0 && m.rest(bare)
	}
	bare, optional := strings.CutSuffix(name, "?")
	if optional && len(m.left) == 0 {
		return true
	}
	bare, numeric := strings.CutSuffix(bare, "#")
	if len(m.left) == 0 || numeric && !number(m.left[0]) || m.prose && wordy(m.left[0]) {
		return false
	}
	m.args[bare] = m.left[0]
	m.left = m.left[1:]
	return true
}

// rest takes all that is left. In prose only what cannot be a word of a sentence is
// taken, but for the first operand behind a word of the pattern.
func (m *matcher) rest(name string) bool {
	bare := name == "" && len(m.left) == len(m.c.Words)
	for i, w := range m.left {
		if m.prose && (wordy(w) || (i > 0 || bare) && !signs(w)) {
			return false
		}
	}
	if name != "" {
		m.args[name] = strings.Join(m.left, " ")
	}
	m.left = nil
	return true
}

// number tells whether an operand stands for a number: digits, a variable, what
// another command prints, a placeholder, or the word PID itself.
func number(s string) bool {
	return s != "" && (s[0] >= '0' && s[0] <= '9' || strings.ContainsAny(s[:1], "$%<-+(\"") || strings.EqualFold(s, "pid") || strings.Contains(strings.ToLower(s), "pid"))
}

// signs tells whether a word has something in it that a word of a sentence has not.
func signs(w string) bool { return strings.ContainsAny(w, `-/\=:.*%$<>_@0123456789|`) }

// wordy tells whether a word is one that sentences are made of.
func wordy(w string) bool {
	return strings.Contains(" a an and any are as at be before but by can command could did do does for from has have here i if in into is it its may me my no not of on or "+
		"our so some such than that the their them then there these they this those to too were what should must might need now please when which will with would you your all also port service services process ", " "+strings.ToLower(w)+" ")
}
