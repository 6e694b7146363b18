package freeing

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/answer/remedy"
)

// way is a remedy with its plan, or with the reason why there is none.
type way struct {
	remedy.Remedy
	plan    plan.Plan
	refusal *planning.Refusal
}

// maxConfigs bounds how often one plan may ask for a configuration.
const maxConfigs = 4

// rank plans every remedy of the answer.
func (s *session) rank(ctx context.Context) error {
	for _, r := range remedy.Suggest(s.a, s.x) {
		s.ways = append(s.ways, s.plan(ctx, r))
	}
	return ctx.Err()
}

// plan makes the plan of one remedy, reading the configurations that it asks for.
func (s *session) plan(ctx context.Context, r remedy.Remedy) way {
	wish := planning.Wish{Newcomer: s.o.For, Promised: s.o.Promised, Settle: s.o.Settle, Port: s.o.Port}
	for range maxConfigs {
		p, ref := planning.Make(s.x, s.a, r, wish)
		if ref == nil || ref.Need == nil || s.From != "" {
			return way{r, p, ref}
		}
		c, roots, err := configured(s.x, *ref.Need)
		if err != nil {
			return way{r, plan.Plan{}, &planning.Refusal{Reason: plan.Reason{ID: "config-unread", Args: map[string]string{"error": err.Error()}}, Command: ref.Command}}
		}
		wish.Configs = append(wish.Configs, c)
		wish.Roots = append(wish.Roots, roots...)
	}
	return way{r, plan.Plan{}, &planning.Refusal{Reason: plan.Reason{ID: "config-unread"}}}
}

// choose finds the way that was asked for, or asks. Nil is nobody's choice.
func (s *session) choose() (*way, error) {
	if s.o.Remedy != "" {
		return s.named(s.o.Remedy)
	}
	if s.o.Yes {
		return nil, stop(exitUsage, "name one: berth free "+s.o.Endpoint.String()+" --remedy ID --yes", "--yes needs a --remedy: berth chooses none for you")
	}
	if !s.Terminal || s.JSON || s.o.DryRun && s.From != "" {
		return nil, nil
	}
	if err := s.showWays(); err != nil {
		return nil, err
	}
	for range 3 {
		fmt.Fprintf(s.Err, "\nWhich one? [1-%d, q] ", len(s.ways))
		line, err := s.read()
		word := strings.TrimSpace(line)
		if err != nil || word == "" || word == "q" {
			fmt.Fprintln(s.Err)
			return nil, nil
		}
		if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= len(s.ways) {
			return &s.ways[n-1], nil
		}
		if w, err := s.named(word); err == nil {
			return w, nil
		}
		fmt.Fprintf(s.Err, "%q is none of them.", word)
	}
	return nil, nil
}

// named finds a way by KIND[:TARGET]; the target may be left out where one fits.
func (s *session) named(id string) (*way, error) {
	kind, target, has := strings.Cut(id, ":")
	if !slices.Contains(kinds(), kind) {
		return nil, stop(exitUsage, "one of "+strings.Join(kinds(), ", "), "%q is no kind of remedy", kind)
	}
	var fit []int
	for i, w := range s.ways {
		if w.ID() == id || !has && string(w.Kind) == kind || has && string(w.Kind) == kind && strings.EqualFold(w.Target, target) {
			fit = append(fit, i)
		}
	}
	switch len(fit) {
	case 1:
		return &s.ways[fit[0]], nil
	case 0:
		return nil, stop(exitUsage, "here there are: "+s.list(nil), "%q is no way out of this", id)
	}
	return nil, stop(exitUsage, "name one of "+s.list(fit), "%q fits %d ways", id, len(fit))
}

func (s *session) list(which []int) string {
	var out []string
	for i, w := range s.ways {
		if which == nil || slices.Contains(which, i) {
			out = append(out, w.ID())
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

func kinds() []string {
	var out []string
	for _, k := range catalog.RemedyKinds() {
		out = append(out, string(k))
	}
	return out
}
