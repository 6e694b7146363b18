package httpsys

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/berthd/berth/internal/machine/httpsys/shape"
)

// objectID tells whether s is the ID of a session or a URL group.
func objectID(s string) bool {
	if len(s) != 16 {
		return false
	}
	for i := range len(s) {
		if c := s[i] | 0x20; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// isVersion tells whether l is the line that says which API made the object above it.
func isVersion(l line) bool {
	major, minor, ok := strings.Cut(l.Value, ".")
	return l.Kind == shape.Pair && ok && len(l.Value) <= 5 && shape.Digits(major) && shape.Digits(minor)
}

// processOf takes "ID: 1412, image: C:\x.exe" apart; image is "" where the
// listing may not tell it ("<?>").
func processOf(l line) (pid int, image string, ok bool) {
	if l.Kind != shape.Pair {
		return 0, "", false
	}
	end := strings.IndexAny(l.Value, ",，、;")
	if end < 1 {
		return 0, "", false
	}
	pid, ok = pidOf(l.Value[:end])
	_, rest := utf8.DecodeRuneInString(l.Value[end:])
	_, image, labelled := shape.CutLabel(strings.TrimSpace(l.Value[end+rest:]))
	if image == "<?>" {
		image = ""
	}
	return pid, image, ok && labelled
}

func pidOf(s string) (int, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 31)
	return int(n), err == nil && n > 0
}
