package changes

import (
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/talk/report/clean"
)

// Reason says why a step, a warning or a refusal is there.
func Reason(r plan.Reason) string {
	arg := func(k string) string { return clean.Text(r.Args[k], 200) }
	_ = arg
	return strings.ReplaceAll(clean.Text(r.ID, 80), "-", " ")
}
