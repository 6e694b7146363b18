package changes

import (
	"slices"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/plan"
)

// maxLines bounds the lines of one change that are shown.
const maxLines = 40

// Lines are the places of a file that a step changes.
func Lines(s plan.Step) []v1.LineChange {
	after, has := s.After["content"]
	if !has && s.After["exists"] != "no" {
		return nil
	}
	return lines(split(s.Before["content"]), split(after))
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n")
}

// lines compares two files. Edits keep the number of lines, as a rule, and are then
// shown place by place; else what is the same at both ends is left out.
func lines(a, b []string) []v1.LineChange {
	var out []v1.LineChange
	if len(a) == len(b) {
		for i := 0; i < len(a); i++ {
			if a[i] != b[i] {
				out = append(out, v1.LineChange{Line: i + 1, Before: a[i : i+1], After: b[i : i+1]})
			}
		}
		return bounded(out)
	}
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return bounded([]v1.LineChange{{Line: head + 1, Before: clip(a[head : len(a)-tail]), After: clip(b[head : len(b)-tail])}})
}

func bounded(all []v1.LineChange) []v1.LineChange {
	if len(all) > maxLines {
		return append(slices.Clip(all[:maxLines]), v1.LineChange{Line: all[maxLines].Line, Before: []string{}, After: []string{"…"}})
	}
	return all
}

func clip(l []string) []string {
	if len(l) > maxLines {
		return append(slices.Clip(l[:maxLines]), "…")
	}
	return append([]string{}, l...)
}
