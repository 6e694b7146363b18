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
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/servers"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/freeing/looking"
)

// way is a remedy with its plan, or with the reason why there is none.
type way struct {
	remedy.Remedy
	plan    plan.Plan
	refusal *planning.Refusal
	why     plan.Reason // it stands where it stands in the list
}

// maxConfigs bounds how often one plan may ask for a configuration.
const maxConfigs = 4

// rank plans every way out of the answer, and puts them in order once what their
// configurations lead to is known.
func (s *session) rank(ctx context.Context) error {
	want := ways.Wanted{Newcomer: planning.UnitOf(s.x, s.a, s.o.For)}
	if s.From == "" && s.x.Set.Machine.OS == "windows" {
		want.Sites = servers.Sites(confedit.Disk{}, s.o.Endpoint.Port)
	}
	if s.From == "" {
		s.asks = looking.Asks(s.x, planning.NewcomerConfig(s.x, s.a, s.o.For))
	}
	list := ways.List(s.x, s.a, want)
	plans := map[string]way{}
	for _, r := range list {
		w, roots := s.plan(r)
		plans[r.ID()] = w
		if r.Kind == catalog.Port { // of the newcomer's own server; others name the holder's
			want.Roots = append(want.Roots, roots...)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	for _, r := range ways.Sort(s.x, s.a, want, list) {
		w := plans[r.ID()]
		w.why.ID = ways.Why(s.a, want, r)
		s.ways = append(s.ways, w)
	}
	return nil
}

// plan makes the plan of one remedy, reading the configurations that it asks for and
// the document roots that they name.
func (s *session) plan(r remedy.Remedy) (way, []fact.DocRoot) {
	wish := planning.Wish{Newcomer: s.o.For, Promised: s.o.Promised, Settle: s.o.Settle, Port: s.o.Port, Asks: s.asks}
	for range maxConfigs {
		p, ref := planning.Make(s.x, s.a, r, wish)
		if ref != nil && ref.Need != nil && s.From != "" {
			ref.Reason.Args["why"] = "saved"
		}
		if ref == nil || ref.Need == nil || s.From != "" {
			return way{Remedy: r, plan: p, refusal: ref}, wish.Roots
		}
		c, roots, err := looking.Configured(s.x, *ref.Need)
		if err != nil {
			return way{Remedy: r, refusal: &planning.Refusal{Reason: plan.Reason{ID: "config-unread", Args: map[string]string{"error": err.Error()}}, Command: ref.Command}}, wish.Roots
		}
		wish.Configs = append(wish.Configs, c)
		wish.Roots = append(wish.Roots, roots...)
	}
	return way{Remedy: r, refusal: &planning.Refusal{Reason: plan.Reason{ID: "config-unread"}}}, wish.Roots
}

// choose finds the way that was asked for, or asks. Nil is nobody's choice.
func (s *session) choose(ctx context.Context) (*way, error) {
	if s.o.Remedy != "" {
		return s.named(s.o.Remedy)
	}
	if s.o.Yes {
		return nil, stop(exitUsage, "name one: "+s.again("ID", "--yes"), "--yes needs a --remedy: berth chooses none for you")
	}
	if !s.Terminal || s.JSON || s.o.DryRun && s.From != "" {
		return nil, nil
	}
	if err := s.showWays(); err != nil {
		return nil, err
	}
	for range 3 {
		fmt.Fprintf(s.Err, "\nWhich one? [1-%d, q] ", len(s.ways))
		line, err := s.read(ctx)
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

// unchosen is the exit code of a list of which nobody chose: a dry run asks only whether
// there is a plan.
func (s *session) unchosen() int {
	if s.o.DryRun && slices.ContainsFunc(s.ways, func(w way) bool { return w.refusal == nil }) {
		return exitDone
	}
	return exitNo
}

// needless tells that the remedy that was asked for is none here, of a known kind: on a
// free port it has nothing left to do.
func (s *session) needless() bool {
	kind, _, _ := strings.Cut(s.o.Remedy, ":")
	if !slices.Contains(kinds(), kind) {
		return false
	}
	var listed []remedy.Remedy
	for _, w := range s.ways {
		listed = append(listed, w.Remedy)
	}
	return len(ways.Asked(s.x, append(listed, ways.Repairs(s.x)...), s.o.Remedy)) == 0
}

// takesAway tells that a remedy would take the port from whoever has it, as whatever
// is chosen would where none was named.
func takesAway(id string) bool {
	kind, _, _ := strings.Cut(id, ":")
	return slices.Contains([]catalog.RemedyKind{"", catalog.Stop, catalog.Startup, catalog.Move, catalog.Kill}, catalog.RemedyKind(kind))
}

// named finds a way by KIND[:TARGET]; the target may be left out where one fits. What
// repairs the machine, and what nobody is ever advised, is found by its full name.
func (s *session) named(id string) (*way, error) {
	_, _, exact := strings.Cut(id, ":")
	if err := known(id); err != nil {
		return nil, err
	}
	var listed []remedy.Remedy
	for _, w := range s.ways {
		listed = append(listed, w.Remedy)
	}
	fit := ways.Asked(s.x, listed, id)
	if repairs := ways.Repairs(s.x); exact && len(ways.Asked(s.x, repairs, id)) > 0 {
		fit = ways.Asked(s.x, repairs, id)
	}
	switch len(fit) {
	case 1:
		return s.way(fit[0]), nil
	case 0:
		if s.hidden() {
			return nil, stop(exitNotAllowed, "sudo berth free "+s.asked()+" shows the ways", "%q is no way out that this user can see: who has the port is hidden", id)
		}
		return nil, stop(exitUsage, "the ways here: "+ids(listed), "%q is no way out of this", id)
	}
	return nil, stop(exitUsage, "name one of "+ids(fit), "%q fits %d ways", id, len(fit))
}

// way is a remedy's plan, made now where it is none of those that were listed.
func (s *session) way(r remedy.Remedy) *way {
	if i := slices.IndexFunc(s.ways, func(w way) bool { return w.ID() == r.ID() && w.Args["back"] == r.Args["back"] }); i >= 0 {
		return &s.ways[i]
	}
	w, _ := s.plan(r)
	return &w
}

func ids(rs []remedy.Remedy) string {
	var out []string
	for _, r := range rs {
		out = append(out, r.ID())
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// known refuses a remedy whose kind is none.
func known(id string) error {
	if kind, _, _ := strings.Cut(id, ":"); !slices.Contains(kinds(), kind) {
		return stop(exitUsage, "one of "+strings.Join(kinds(), ", "), "%q is no kind of remedy", kind)
	}
	return nil
}

func kinds() []string {
	var out []string
	for _, k := range catalog.RemedyKinds() {
		out = append(out, string(k))
	}
	return out
}
