package service

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

const (
	maxLines  = 64 // read of one unit's log
	lastLines = 5  // kept whatever they say
	portLines = 12 // kept because they are about a port
)

// pick keeps the lines about a bind that failed or one of the ports, and the last
// few of all.
func pick(lines []fact.LogLine, ports []uint16) []fact.LogLine {
	keep := make([]bool, len(lines))
	for i, left := len(lines)-1, portLines; i >= 0; i-- {
		if i >= len(lines)-lastLines {
			keep[i] = true
		} else if left > 0 && concerns(lines[i].Text, ports) {
			keep[i] = true
			left--
		}
	}
	var out []fact.LogLine
	for i, l := range lines {
		if keep[i] {
			out = append(out, l)
		}
	}
	return out
}

// concerns tells whether a line speaks of one of the ports, or of a failing bind
// without any port.
func concerns(text string, ports []uint16) bool {
	low := strings.ToLower(text)
	if slices.ContainsFunc(ports, func(p uint16) bool { return names(low, strconv.Itoa(int(p))) }) {
		return true
	}
	for _, w := range [...]string{"address already in use", "address in use", "eaddrinuse", "failed to listen", "could not bind",
		"cannot assign requested address", "no listening sockets"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// names tells whether a text has the number behind a colon or the word port.
func names(low, number string) bool {
	for rest, at := low, 0; ; {
		i := strings.Index(rest, number)
		if i < 0 {
			return false
		}
		before, after := low[:at+i], rest[i+len(number):]
		word := strings.TrimRight(before, ` "'=-`)
		if (strings.HasSuffix(before, ":") || strings.HasSuffix(word, "port") || strings.HasSuffix(word, ",")) &&
			(after == "" || after[0] < '0' || after[0] > '9') {
			return true
		}
		rest, at = after, at+i+len(number)
	}
}
