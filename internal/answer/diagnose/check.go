package diagnose

import (
	"slices"

	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
)

// Check is what the rules say of one wish.
type Check struct {
	Want bindrule.Want
	// Verdicts are the refusals, what the kernel would raise first at the head,
	// then the permissions that are worth a word: a port shared by flags.
	Verdicts []bindrule.Verdict
	Holders  []chain.Holder // of the sockets that refuse or share
	// NoRules is set where the rules of the machine's system are not known to berth,
	// or its sockets are unknown: only a probe can tell.
	NoRules bool
}

// CheckBind judges want by rule. It makes no call: whether the kernel agrees is for
// a probe to say.
func CheckBind(x *chain.Index, want bindrule.Want) Check {
	c := Check{Want: want}
	judge := bindrule.All
	switch os := x.Set.Machine.OS; {
	case os == "windows":
		judge = bindrule.AllWindows
	case os == "darwin":
		judge = bindrule.AllDarwin
	case os != "linux" && os != "":
		c.NoRules = true
		return c
	}
	if Blindness(x.Set.Gaps) != nil || x.Set.Machine.OS == "windows" && want.ReusePort {
		c.NoRules = true // Windows has no SO_REUSEPORT
		return c
	}
	var socks []*fact.Socket
	for _, v := range judge(want, *x.Set) {
		if v.OK && !worthAWord(v.Rule) {
			continue
		}
		c.Verdicts = append(c.Verdicts, v)
		for _, id := range v.About {
			if s := x.Socket(id); s != nil && !slices.Contains(socks, s) {
				socks = append(socks, s)
			}
		}
	}
	slices.SortStableFunc(socks, fact.CompareSockets)
	c.Holders = x.Holders(socks)
	return c
}

// worthAWord tells the permissions under which a port is shared.
func worthAWord(r bindrule.Rule) bool {
	switch r {
	case bindrule.SharedPort, bindrule.SharedAddress, bindrule.WindowsBeside, bindrule.WindowsShared,
		bindrule.DarwinBeside, bindrule.DarwinFamilies, bindrule.DarwinShared:
		return true
	}
	return false
}

// Refused returns the first refusal that is more than a possibility, and whether
// there is one.
func (c Check) Refused() (bindrule.Verdict, bool) {
	for _, v := range c.Verdicts {
		if !v.OK && v.Confidence != bindrule.Possible {
			return v, true
		}
	}
	return bindrule.Verdict{}, false
}

// Doubtful tells whether only possible refusals stand: a probe has to decide.
func (c Check) Doubtful() bool {
	_, refused := c.Refused()
	return c.NoRules || !refused && slices.ContainsFunc(c.Verdicts, func(v bindrule.Verdict) bool { return !v.OK })
}

// NeedsListen tells whether a probe must listen too: the rules say that the two
// sockets can both be bound, and that listen is where they meet.
func (c Check) NeedsListen() bool {
	return slices.ContainsFunc(c.Verdicts, func(v bindrule.Verdict) bool { return v.Race || v.At == bindrule.AtListen })
}
