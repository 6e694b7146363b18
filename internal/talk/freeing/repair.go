package freeing

import (
	"context"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// repair puts the damage right that a popular cure did, and that the overview shows.
// No port is freed by it.
func (s *session) repair(ctx context.Context) (int, error) {
	s.doc = s.document()
	s.doc.Endpoint, s.doc.Status = nil, ""
	s.doc.Answer = "Nothing of that is damaged here."
	if err := known(s.o.Remedy); err != nil {
		return exitUsage, err
	}
	repairs := ways.Repairs(s.x)
	fit := ways.Asked(s.x, repairs, s.o.Remedy)
	if len(fit) != 1 || len(repairs) == 0 {
		if len(repairs) == 0 {
			return s.end(exitNo, "refused", "")
		}
		return exitUsage, stop(exitUsage, "what can be put right here: "+ids(repairs), "%q is none of it", s.o.Remedy)
	}
	n := sentence.Names{X: s.x}
	for _, f := range diagnose.Damage(s.x) {
		if r, ok := ways.Repair(f); ok && r.ID() == fit[0].ID() {
			s.doc.Answer = n.Told(f)
			break
		}
	}
	s.ways = []way{}
	w, _ := s.plan(fit[0])
	s.ways = append(s.ways, w)
	return s.take(ctx, &w)
}

// PutsRight is the command that puts a finding of the overview right, "" where berth
// has none.
func PutsRight(f diagnose.Finding, from string) []string {
	r, ok := ways.Repair(f)
	if !ok {
		return nil
	}
	line := []string{"berth", "free", "--remedy", r.ID()}
	if from != "" {
		line = append(line, "--from", from)
	}
	return line
}
