package changes

import (
	"cmp"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/talk/report/clean"
)

// Reason says why a step, a warning, a refusal or a rank is there. One that has no
// sentence is said by its ID.
func Reason(r plan.Reason) string {
	text := ""
	for _, variant := range [...]string{r.Args["way"], r.Args["why"], r.Args["where"]} {
		if variant != "" {
			text = cmp.Or(text, sentenceOf(r.ID+"/"+variant))
		}
	}
	text = cmp.Or(text, sentenceOf(r.ID))
	if text == "" {
		return strings.ReplaceAll(clean.Text(r.ID, 80), "-", " ")
	}
	return fill(text, r.Args)
}

// fill puts arguments in for {words}. What stands in brackets is said only where all
// its words have a value.
func fill(text string, args map[string]string) string {
	var b strings.Builder
	for text != "" {
		head, rest, opened := strings.Cut(text, "[")
		b.WriteString(words(head, args))
		if !opened {
			break
		}
		inner, after, _ := strings.Cut(rest, "]")
		if complete(inner, args) {
			b.WriteString(words(inner, args))
		}
		text = after
	}
	return b.String()
}

func words(text string, args map[string]string) string {
	var b strings.Builder
	for {
		head, rest, ok := strings.Cut(text, "{")
		b.WriteString(head)
		if !ok {
			return b.String()
		}
		word, after, _ := strings.Cut(rest, "}")
		b.WriteString(cmp.Or(clean.Text(args[word], 300), "(unknown)"))
		text = after
	}
}

func complete(text string, args map[string]string) bool {
	for {
		_, rest, ok := strings.Cut(text, "{")
		if !ok {
			return true
		}
		word, after, _ := strings.Cut(rest, "}")
		if args[word] == "" {
			return false
		}
		text = after
	}
}
