package tidy

import "strings"

// minNumbered is how many lines in a row must be numbered to count as numbered.
const minNumbered = 3

// unnumber takes line numbers off the lines of each stretch that has them: one more
// a line, with a sign behind them ("12: ", "12| ", a tab), or with empty lines that
// have a number all the same.
func unnumber(lines []string) {
	for i := 0; i < len(lines); {
		n, numbered := stretch(lines[i:])
		for j := i; numbered && j < i+n; j++ {
			_, lines[j], _ = number(lines[j])
		}
		i += n
	}
}

// stretch is how many lines count up from the first, at least 1, and whether they
// are numbered.
func stretch(lines []string) (n int, numbered bool) {
	first, _, mark := number(lines[0])
	n, empty := 1, mark == '\n'
	for mark != 0 && n < len(lines) {
		at, _, m := number(lines[n])
		if m != '\n' && mark == '\n' {
			mark = m
		}
		if m == 0 || at != first+n || m != mark && m != '\n' {
			break
		}
		empty = empty || m == '\n'
		n++
	}
	return n, n >= minNumbered && mark != '\n' && (mark != ' ' || empty)
}

// number cuts a line number off a line; mark is the sign behind it: '\n' where the
// line ends there, 0 where there is no number.
func number(line string) (n int, rest string, mark byte) {
	at := strings.TrimLeft(line, " ")
	end := 0
	for end < len(at) && end < 6 && '0' <= at[end] && at[end] <= '9' {
		n = n*10 + int(at[end]-'0')
		end++
	}
	switch rest = at[end:]; {
	case end == 0:
		return 0, line, 0
	case rest == "":
		return n, "", '\n'
	case rest[0] == ' ' || rest[0] == '\t':
		return n, rest[1:], rest[0]
	case strings.IndexByte(":|.)", rest[0]) >= 0 && (len(rest) == 1 || rest[1] == ' ' || rest[1] == '\t'):
		if len(rest) == 1 {
			return n, "", '\n'
		}
		return n, rest[2:], rest[0]
	}
	return 0, line, 0
}
