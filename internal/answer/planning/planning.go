// Package planning turns a remedy of an answer into a plan: the steps, what each
// changes, what the whole of it costs and what it is for.
//
// It is pure: a set of facts and a wish in, a plan or a refusal out. States before
// are what the facts say and no more; apply reads the rest before it begins. What is
// said to people has an ID and arguments; the sentences are report's.
package planning

import (
	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/answer/planning/move"
	"github.com/berthd/berth/internal/answer/planning/unit"
	"github.com/berthd/berth/internal/answer/planning/windows"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
)

// These are the words of the rooms below, which callers need by name.
type (
	// Wish is what the person wants besides the remedy.
	Wish = draft.Wish
	// Newcomer is who wants the endpoint.
	Newcomer = draft.Newcomer
	// Refusal says why there is no plan.
	Refusal = draft.Refusal
	// Config is a server's configuration, edited: the answer to a NeedConfig.
	Config = draft.Config
	// FileChange is one file of it.
	FileChange = draft.FileChange
	// NeedConfig asks for a configuration to be read and edited.
	NeedConfig = draft.NeedConfig
	// Place is an endpoint of a configuration.
	Place = draft.Place
	// Whose says whose configuration it is.
	Whose = draft.Whose
)

// Whose configuration it is, and how long a goal is watched where nobody says.
const (
	Holder        = draft.Holder
	New           = draft.New
	DefaultSettle = draft.DefaultSettle
)

// The forms of a newcomer that are looked for on the machine.
const (
	ForFile     = draft.ForFile
	ForPID      = draft.ForPID
	ForEndpoint = draft.ForEndpoint
)

// ParseNewcomer reads what stands behind --for. An empty text is nobody.
func ParseNewcomer(text string) (Newcomer, error) { return draft.ParseNewcomer(text) }

// UnitOf is the unit or service that wants the port of a: n, or where n is nobody, the
// unit that failed for want of it. It is nil for none.
func UnitOf(x *chain.Index, a diagnose.Answer, n Newcomer) *fact.Unit { return draft.UnitOf(x, a, n) }

// Make plans remedy r of answer a. Exactly one of plan and refusal is set. x must be
// the index that a was made from; for a new port it must hold every listener of the
// machine, not only those of one port.
func Make(x *chain.Index, a diagnose.Answer, r remedy.Remedy, w Wish) (plan.Plan, *Refusal) {
	m := maker{&draft.Draft{X: x, A: a, R: r, W: w, Proto: a.Endpoint.Protos(fact.TCP)[0]}}
	m.P = plan.Plan{Version: plan.Version, Made: x.Set.At, Remedy: r.ID(), Port: a.Endpoint.Port, Proto: string(m.Proto), For: w.Newcomer.Text}
	if ref := m.make(); ref != nil {
		return plan.Plan{}, ref
	}
	if u := m.Newcomer(); u != nil && m.P.For == "" && !m.Aimless {
		m.P.For = unitOwner(u)
	}
	m.finish()
	if ref := m.elsewhere(); ref != nil {
		return plan.Plan{}, ref
	}
	return Learned(m.P)
}

// NewcomerConfig is what has to be read to know which ports the newcomer asks for, see
// [Wish]; nil where nobody is started, or it is not known where its configuration is.
func NewcomerConfig(x *chain.Index, a diagnose.Answer, n Newcomer) *NeedConfig {
	return move.Newcomers(&draft.Draft{X: x, A: a, W: Wish{Newcomer: n}})
}

// Learned puts into a plan what reading its things told, and the facts did not: what is
// final after all, or what berth leaves to whoever keeps it. Make has done it with the
// facts; whoever has read the states before does it again.
func Learned(p plan.Plan) (plan.Plan, *Refusal) { return unit.Learned(p) }

type maker struct{ *draft.Draft }

func (m maker) make() *Refusal {
	switch m.R.Kind {
	case catalog.Wait:
		return m.wait()
	case catalog.Port:
		return move.Port(m.Draft)
	case catalog.Address:
		return move.Address(m.Draft)
	case catalog.Share:
		return m.share()
	case catalog.Move:
		return move.Move(m.Draft)
	case catalog.Stop:
		return m.stop()
	case catalog.Startup:
		return unit.Startup(m.Draft)
	case catalog.Order:
		return m.order()
	case catalog.IPListen:
		return windows.IPListen(m.Draft)
	case catalog.Split:
		return windows.Split(m.Draft)
	case catalog.Exclude:
		return m.exclude()
	case catalog.Feature:
		return m.feature()
	case catalog.Kernel:
		return windows.Kernel(m.Draft)
	case catalog.Kill:
		return m.kill()
	}
	return m.Refuse("unknown-kind", "kind", string(m.R.Kind))
}
