// Package planning turns a remedy of an answer into a plan: the steps, what each
// changes, what the whole of it costs and what it is for.
//
// It is pure: a set of facts and a wish in, a plan or a refusal out. States before
// are what the facts say and no more; apply reads the rest before it begins. What is
// said to people has an ID and arguments; the sentences are report's.
package planning

import (
	"time"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
)

// Wish is what the person wants besides the remedy. The zero Wish is a plain bind
// on every address.
type Wish struct {
	Newcomer Newcomer
	// Promised are ports that a ledger has promised to somebody: none of them is
	// handed out.
	Promised []uint16
	// Settle is how long after the last step the goal is verified again; 0 is
	// [DefaultSettle].
	Settle time.Duration
	// Port is the new port of whoever moves; 0 is the next that is free.
	Port uint16
	// Configs are the edits that the change side has made of servers' configuration,
	// after a refusal that asked for them.
	Configs []Config
	// Roots are the document roots of the server that would move.
	Roots []fact.DocRoot
}

// DefaultSettle is long enough for a supervisor to start a holder again.
const DefaultSettle = 3 * time.Second

// kernelLimit is how long a driver may take to stop: on Windows 11 it often never does.
const kernelLimit = time.Minute

// Config is a server's configuration, edited. It answers one [NeedConfig].
type Config struct {
	Whose  Whose
	Server string
	Files  []FileChange
	// Checks tells that the server can check its configuration: Program (absolute, or
	// "" for its usual names) is asked about Path, the main file.
	Checks        bool
	Program, Path string
}

// FileChange is one file of it, whole.
type FileChange struct {
	Path          string
	Before, After []byte
}

// Whose says whose configuration it is.
type Whose string

// Of the one who has the port, or of the one who wants it.
const (
	Holder Whose = "holder"
	New    Whose = "newcomer"
)

// NeedConfig asks for a configuration to be read and edited from one endpoint to
// another. Of Server, Unit, Exe and Path as much is set as is known.
type NeedConfig struct {
	Whose    Whose
	Server   string // "nginx", "apache", ...
	Unit     string
	Exe      string
	Path     string // the newcomer's configuration file, where it was named so
	From, To Place
}

// Place is an endpoint of a configuration; an empty Addr is as in confedit.Endpoint.
type Place struct {
	Addr string
	Port uint16
}

// Refusal says why there is no plan.
type Refusal struct {
	Reason plan.Reason
	// Need is set where the caller can read what is missing and ask again.
	Need *NeedConfig
	// Text and Command are what a person may do instead, in the catalog's words and as
	// it is typed; berth runs none of it.
	Text    string
	Command [][]string
}

func (r *Refusal) Error() string { return "no plan: " + r.Reason.ID }

// Make plans remedy r of answer a. Exactly one of plan and refusal is set. x must be
// the index that a was made from; for a new port it must hold every listener of the
// machine, not only those of one port.
func Make(x *chain.Index, a diagnose.Answer, r remedy.Remedy, w Wish) (plan.Plan, *Refusal) {
	m := &maker{x: x, a: a, r: r, w: w, proto: a.Endpoint.Protos(fact.TCP)[0]}
	m.p = plan.Plan{Version: plan.Version, Made: x.Set.At, Remedy: r.ID(), Port: a.Endpoint.Port, Proto: string(m.proto), For: w.Newcomer.Text}
	if ref := m.make(); ref != nil {
		return plan.Plan{}, ref
	}
	m.finish()
	return m.p, nil
}

// maker builds one plan.
type maker struct {
	x     *chain.Index
	a     diagnose.Answer
	r     remedy.Remedy
	w     Wish
	proto fact.Proto
	p     plan.Plan
	// aimless plans put something right and free no port.
	aimless bool
}

func (m *maker) make() *Refusal {
	makers := map[remedy.Kind]func() *Refusal{
		catalog.Wait: m.wait, catalog.Port: m.port, catalog.Address: m.address, catalog.Share: m.share, catalog.Move: m.move, catalog.Stop: m.stop,
		catalog.Startup: m.startup, catalog.Order: m.order, catalog.IPListen: m.iplisten, catalog.Split: m.split, catalog.Exclude: m.exclude,
		catalog.Feature: m.feature, catalog.Kernel: m.kernel, catalog.Kill: m.kill,
	}
	if f := makers[m.r.Kind]; f != nil {
		return f()
	}
	return m.refuse("unknown-kind", "kind", string(m.r.Kind))
}

// refuse is a refusal with what a person may do instead.
func (m *maker) refuse(id string, args ...string) *Refusal {
	return &Refusal{Reason: reason(id, args...), Text: m.r.Text, Command: m.r.Command}
}

// reason pairs its arguments up: name, value, name, value.
func reason(id string, args ...string) plan.Reason {
	r := plan.Reason{ID: id}
	for i := 0; i+1 < len(args); i += 2 {
		if args[i+1] == "" {
			continue
		}
		if r.Args == nil {
			r.Args = map[string]string{}
		}
		r.Args[args[i]] = args[i+1]
	}
	return r
}

// step adds a step.
func (m *maker) step(s plan.Step) { m.p.Steps = append(m.p.Steps, s) }

func (m *maker) warn(id string, args ...string) {
	m.p.Warnings = append(m.p.Warnings, reason(id, args...))
}
