package catalog

import (
	"slices"
	"strings"
)

// commMax is how much of a process name the Linux kernel keeps.
const commMax = 15

func names(want []string, have string, fold bool) int {
	if want == nil {
		return notAsked
	}
	if have == "" {
		return miss
	}
	return best(want, func(w string) bool { return glob(w, have, fold) })
}

func comms(want []string, s *Subject, fold bool) int {
	if want == nil {
		return notAsked
	}
	if s.Comm == "" {
		return miss
	}
	return best(want, func(w string) bool { return commFits(w, s, fold) })
}

func commFits(want string, s *Subject, fold bool) bool {
	if differsAtOnce(want, s.Comm, fold) {
		return false
	}
	if isGlob(want) {
		return glob(want, s.Comm, fold)
	}
	if s.Cut && len(s.Comm) < len(want) {
		want = want[:len(s.Comm)]
	}
	if s.OS == "linux" && len(want) > commMax {
		want = want[:commMax]
	}
	return glob(want, s.Comm, fold)
}

func paths(want []string, have string, fold bool) int {
	if want == nil {
		return notAsked
	}
	if have == "" {
		return miss
	}
	return best(want, func(w string) bool { return pathFits(w, have, fold) })
}

func pathFits(want, have string, windows bool) bool {
	if windows {
		have = strings.ReplaceAll(have, `\`, "/")
	}
	if !strings.Contains(want, "/") {
		have = lastPart(have)
	}
	return glob(want, have, windows)
}

func args(want, have []string, fold bool) int {
	if want == nil {
		return notAsked
	}
	return best(want, func(w string) bool {
		return slices.ContainsFunc(have, func(h string) bool { return glob(w, h, fold) || pathFits(w, h, fold) })
	})
}

func images(want []string, have string) int {
	if want == nil {
		return notAsked
	}
	if have == "" {
		return miss
	}
	have = withoutTag(have)
	return best(want, func(w string) bool { return imageFits(w, have) })
}

func imageFits(want, have string) bool {
	if !strings.Contains(want, "/") {
		return glob(want, lastPart(have), false)
	}
	return glob(want, have, false) || glob("*/"+want, have, false)
}

func withoutTag(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[:i]
	}
	return image
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

func isGlob(pattern string) bool { return strings.ContainsAny(pattern, "*?") }

// glob tells whether value fits pattern: * is any run of bytes, ? is one byte,
// anything else is itself, with fold without regard to the case of ASCII letters.
// It takes at most len(pattern)*len(value) steps.
func glob(pattern, value string, fold bool) bool {
	if differsAtOnce(pattern, value, fold) {
		return false
	}
	p, v := 0, 0
	star, from := -1, 0 // the last star, and where the value goes on after it
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || sameByte(pattern[p], value[v], fold)):
			p++
			v++
		case star >= 0:
			from++
			p, v = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// differsAtOnce tells whether the first bytes already rule pattern out, as they
// do for nearly every name in the catalog.
func differsAtOnce(pattern, value string, fold bool) bool {
	if pattern == "" || value == "" {
		return false
	}
	first := pattern[0]
	return first != '*' && first != '?' && !sameByte(first, value[0], fold)
}

func sameByte(a, b byte, fold bool) bool {
	return a == b || fold && lower(a) == lower(b)
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}
