package terms

import (
	"strconv"
	"strings"
)

// Task is an object of tasklist /fo list.
type Task struct {
	Image string
	PID   int
	Third string // with /svc: its services, or the phrase for none
}

// TaskBlock reads the object that lines begin with: lines of a translated label and
// a value, the image first, then its PID; with /svc there are three, else five or
// more. n is how many lines it takes, 0 for none.
func TaskBlock(lines []string) (t Task, n int) {
	var values []string
	for _, l := range lines[:min(len(lines), maxTask)] {
		v, ok := labelled(l)
		if !ok {
			break
		}
		values = append(values, v)
	}
	if n = len(values); n != 3 && n < 5 {
		return Task{}, 0
	}
	pid, err := strconv.ParseUint(values[1], 10, 31)
	exe := len(values[0]) > 4 && strings.EqualFold(values[0][len(values[0])-4:], ".exe")
	if err != nil || !exe && !(values[0] == "System" && pid == 4) {
		return Task{}, 0
	}
	return Task{values[0], int(pid), values[2]}, n
}

// maxTask is the number of lines of the longest object, /v.
const maxTask = 9

// labelled is the value of "label:   value".
func labelled(line string) (string, bool) {
	label, value, ok := strings.Cut(line, ":")
	label, value = strings.TrimSpace(label), strings.TrimSpace(value)
	return value, ok && label != "" && len(label) < 64 && value != "" && !strings.ContainsAny(label, `\/"=`)
}

// WindowsVersion reads what ver prints, "Microsoft Windows [Version 10.0.19045.3693]",
// in any language.
func WindowsVersion(line string) (version string, build uint32, ok bool) {
	head, rest, ok := strings.Cut(strings.TrimSpace(line), "[")
	inner, _, closed := strings.Cut(rest, "]")
	if !ok || !closed || !strings.HasPrefix(head, "Microsoft Windows") {
		return "", 0, false
	}
	version = inner[strings.LastIndexByte(inner, ' ')+1:]
	parts := strings.Split(version, ".")
	if len(parts) < 3 || strings.Trim(version, "0123456789.") != "" {
		return "", 0, false
	}
	n, err := strconv.ParseUint(parts[2], 10, 32)
	return version, uint32(n), err == nil
}
