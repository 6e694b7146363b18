package keeping

import (
	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/keep/guard"
	"github.com/berthd/berth/internal/keep/ledger/judge"
	"github.com/berthd/berth/internal/talk/report"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

func machine(m fact.Machine) *v1.Machine {
	return &v1.Machine{OS: m.OS, Arch: m.Arch, Kernel: m.Kernel, Host: m.Host}
}

// promised is a verdict as api/v1 says it.
func promised(v judge.Verdict, x *chain.Index) v1.Promised {
	p := v.Promise
	out := v1.Promised{
		Module: p.Module, Port: p.From, Proto: string(p.Proto), Reason: p.Reason, Policy: string(p.Policy), Remedy: p.Remedy, Where: p.Where.String(),
		Status: string(v.Status), Text: sentence.Full(wordsOf(x).verdict(v)), Command: wayOut(v, x),
		Holders: report.Holders(x, v.Owners), Strangers: report.Holders(x, v.Strangers), Shared: report.Holders(x, v.Shared), Hidden: report.Holders(x, v.Hidden),
	}
	if p.To != p.From {
		out.LastPort = p.To
	}
	if p.Addr.IsValid() {
		out.Address = p.Addr.String()
	}
	for _, o := range p.Owners {
		out.Owners = append(out.Owners, o.String())
	}
	return out
}

// wayOut is the command that leads out of a broken promise: berth free with its port.
func wayOut(v judge.Verdict, x *chain.Index) []string {
	if v.Status != judge.Broken {
		return nil
	}
	e := fact.Endpoint{Port: v.Port(x)}
	if v.Promise.Proto != fact.TCP {
		e.Proto = v.Promise.Proto
	}
	line := "berth free " + e.String()
	if n := v.Promise.Newcomer; n != "" {
		line += " --for " + sentence.CommandLine([]string{n})
	}
	return []string{line}
}

// Event is a guard's event as api/v1 says it.
func Event(e guard.Event) v1.GuardEvent {
	out := v1.GuardEvent{API: v1.API, Kind: "GuardEvent", At: e.At, Event: string(e.Kind), Text: sentence.Full(event(e)), Try: e.Try, WaitSeconds: e.Wait.Seconds()}
	if e.Ledger != nil {
		out.Files = e.Ledger.Files
	}
	if e.Index != nil && e.Verdict != nil {
		m := machine(e.Index.Set.Machine)
		p := promised(*e.Verdict, e.Index)
		out.Machine, out.Promise = m, &p
	}
	switch {
	case e.Action.Remedy != "":
		out.Action = e.Action.Remedy
	case e.Action.Start.Kind != "":
		out.Action = "start:" + e.Action.Start.String()
	}
	if e.Err != nil {
		out.Err = problem(e.Err)
	}
	return out
}
