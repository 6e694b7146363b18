package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
)

func brokenRemedy(id, format string, a ...any) error {
	return problem{key: "id", value: strconv.Quote(id), what: fmt.Sprintf("remedy %q: ", id) + fmt.Sprintf(format, a...)}
}

func checkRemedies(r *Row) error {
	if len(r.Remedies) == 0 && r.Kind != catalog.Blamed {
		return broken("remedies", "remedies are missing")
	}
	seen := make(map[string]bool)
	rank := 0
	for _, m := range r.Remedies {
		if err := checkRemedy(m); err != nil {
			return err
		}
		if seen[m.ID] {
			return brokenRemedy(m.ID, "stands twice")
		}
		if m.Kind().Rank() < rank {
			return brokenRemedy(m.ID, "is gentler than the one before it: gentlest first")
		}
		seen[m.ID], rank = true, m.Kind().Rank()
	}
	return nil
}

func checkRemedy(m catalog.Remedy) error {
	kind, target, colon := strings.Cut(m.ID, ":")
	switch {
	case catalog.RemedyKind(kind).Rank() < 0:
		return brokenRemedy(m.ID, "kind %q is none of %v", kind, catalog.RemedyKinds())
	case colon && target == "" || strings.ContainsAny(target, " \t"):
		return brokenRemedy(m.ID, "want KIND or KIND:TARGET")
	case !slices.Contains([]catalog.Reversal{catalog.Reversible, catalog.Restartable, catalog.Final}, m.Reversal):
		return brokenRemedy(m.ID, "reversal %q is none of reversible, restartable, final", m.Reversal)
	case m.Reversal == catalog.Final && m.Undo != "":
		return brokenRemedy(m.ID, "is final and has an undo")
	case m.Reversal != catalog.Final && m.Undo == "":
		return brokenRemedy(m.ID, "undo is missing")
	}
	if err := checkText("text", m.Text); err != nil {
		return brokenRemedy(m.ID, "%s", err)
	}
	for _, text := range []string{m.ID, m.Text, m.Effect, m.Undo} {
		if err := checkRemedyText(m.ID, text); err != nil {
			return err
		}
	}
	return nil
}

func checkRemedyText(id, text string) error {
	if err := checkOptional("text", text); err != nil {
		return brokenRemedy(id, "%s", err)
	}
	if word := unknownPlaceholder(text); word != "" {
		return brokenRemedy(id, "{%s} is none of the placeholders %v", word, catalog.Placeholders())
	}
	return nil
}

// unknownPlaceholder finds a lower-case word in braces that Fill would leave.
func unknownPlaceholder(text string) string {
	for {
		_, rest, found := strings.Cut(text, "{")
		if !found {
			return ""
		}
		word, _, closed := strings.Cut(rest, "}")
		if closed && word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" &&
			!slices.Contains(catalog.Placeholders(), word) {
			return word
		}
		text = rest
	}
}

func checkWarnings(r *Row) error {
	for _, w := range r.Warnings {
		if err := checkText("advice", w.Advice); err != nil {
			return err
		}
		if err := checkText("why", w.Why); err != nil {
			return err
		}
	}
	return nil
}

func checkExamples(r *Row) error {
	if len(r.Examples) == 0 {
		return broken("examples", "examples are missing")
	}
	if len(r.CounterExamples) == 0 {
		return broken("counterExamples", "counterExamples are missing")
	}
	for i, s := range r.Examples {
		if !r.fits(s) {
			return broken("examples", "example %d does not fit the match of %s", i+1, r.ID)
		}
	}
	for i, s := range r.CounterExamples {
		if r.fits(s) {
			return broken("counterExamples", "counter-example %d fits the match of %s", i+1, r.ID)
		}
	}
	return nil
}

func (r *Row) fits(s catalog.Subject) bool {
	return len(catalog.Among([]catalog.Entry{r.Entry}, s)) > 0
}
