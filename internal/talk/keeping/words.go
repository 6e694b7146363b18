package keeping

import (
	"fmt"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/keep/guard"
	"github.com/berthd/berth/internal/keep/ledger"
	"github.com/berthd/berth/internal/keep/ledger/judge"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// words says verdicts about the facts of one index.
type words struct{ sentence.Names }

func wordsOf(x *chain.Index) words { return words{sentence.Names{X: x}} }

// holders names holders: "a and b".
func (w words) holders(hs []chain.Holder) string {
	out := make([]string, len(hs))
	for i, h := range hs {
		out[i] = w.Holder(h)
	}
	return sentence.List(out)
}

func endpoint(p ledger.Promise) string { return p.Endpoint() }

// owed is to whom a promise was made, and why: "unit:nginx.service (public web)".
func owed(p ledger.Promise) string {
	who := sentence.Clean(p.Owner(), sentence.CommandWidth)
	if p.Module != "" {
		who = sentence.Name(p.Module)
	}
	if p.Reason != "" {
		who += " (" + sentence.Clean(p.Reason, sentence.CommandWidth) + ")"
	}
	return who
}

// verdict is how it stands with a promise, in a sentence without its full stop.
func (w words) verdict(v judge.Verdict) string {
	p := v.Promise
	switch v.Status {
	case judge.Broken:
		return fmt.Sprintf("%s is promised to %s and held by %s", endpoint(p), owed(p), w.holders(v.Strangers))
	case judge.Kept:
		return fmt.Sprintf("%s is held by %s, as promised", endpoint(p), w.holders(v.Owners))
	case judge.Free:
		if len(v.Shared) > 0 {
			return fmt.Sprintf("%s is HTTP.sys's, which %s can use as well: requests are dealt out by URL", endpoint(p), owed(p))
		}
		return fmt.Sprintf("%s is promised to %s, and nobody holds it", endpoint(p), owed(p))
	}
	s := fmt.Sprintf("%s is promised to %s, and who holds it is not known", endpoint(p), owed(p))
	if len(v.Hidden) > 0 {
		s = fmt.Sprintf("%s is promised to %s and held by %s, and whether that is the owner is not known", endpoint(p), owed(p), w.holders(v.Hidden))
	}
	if v.Gap != nil {
		s += " (" + sentence.Gap(*v.Gap) + ")"
	}
	return s
}

// action is what is done for a promise: "starting unit:nginx.service".
func action(a guard.Action) string {
	if a.Remedy != "" {
		return "applying " + sentence.Clean(a.Remedy, sentence.CommandWidth)
	}
	return "starting " + sentence.Clean(a.Start.String(), sentence.CommandWidth)
}

// event says one event in a line.
func event(e guard.Event) string {
	switch e.Kind {
	case guard.Watching:
		return fmt.Sprintf("watching %s of %s", sentence.Plural(len(e.Ledger.Promises), "promise", "promises"), sentence.List(cleaned(e.Ledger.Files)))
	case guard.Wrong:
		return "the ledger has changed and cannot be used, the old one counts on: " + problem(e.Err)
	case guard.Untold:
		return "a message was not sent: " + problem(e.Err)
	}
	p := e.Verdict.Promise
	switch e.Kind {
	case guard.Restoring:
		return fmt.Sprintf("restoring %s: %s (try %d)", endpoint(p), action(e.Action), e.Try)
	case guard.Restored:
		return fmt.Sprintf("done for %s: %s", endpoint(p), action(e.Action))
	case guard.NotRestored:
		return fmt.Sprintf("%s was not restored, %s failed, and waits for %s at least: %s", endpoint(p), action(e.Action), e.Wait.Round(time.Millisecond), problem(e.Err))
	case guard.GaveUp:
		return fmt.Sprintf("GIVING UP on %s, promised to %s: tried %s, and it is not kept. Nothing more is done for it until it has been kept for a while", endpoint(p), owed(p), times(e.Try))
	case guard.Resumed:
		return fmt.Sprintf("%s has been kept for a while: it is looked after again", endpoint(p))
	}
	kind := string(e.Kind)
	if e.Kind == guard.Freed && e.First {
		kind = "free"
	}
	return kind + ": " + wordsOf(e.Index).verdict(*e.Verdict)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return sentence.Itoa(n) + " times"
}

func cleaned(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = sentence.Clean(s, sentence.CommandWidth)
	}
	return out
}

// problem is an error in one harmless line.
func problem(err error) string {
	return sentence.Clean(strings.ReplaceAll(err.Error(), "\n", "; "), 600)
}

// conflict says that two files promise one endpoint to different owners.
func conflict(c ledger.Conflict) string {
	return sentence.Clean(fmt.Sprintf("%s promises %s to %s, and %s, which is nearer, %s to %s: the nearer one counts",
		c.Dropped.Where, c.Dropped.Endpoint(), c.Dropped.Owner(), c.Kept.Where, c.Kept.Endpoint(), c.Kept.Owner()), 600)
}

// level is an event's weight as syslog counts it: 2 critical to 6 informational.
func level(k guard.Kind) int {
	switch k {
	case guard.GaveUp:
		return 2
	case guard.NotRestored, guard.Wrong:
		return 3
	case guard.Broken, guard.Untold, guard.Unknown:
		return 4
	case guard.Freed, guard.Kept, guard.Resumed, guard.Restoring:
		return 5
	}
	return 6
}
