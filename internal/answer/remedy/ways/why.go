package ways

import (
	"cmp"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/docroot"
	"github.com/berthd/berth/internal/answer/remedy"
)

// Why says why a way stands where [Sort] puts it, in the ID of a sentence, "" for an
// unknown kind.
func Why(a diagnose.Answer, w Wanted, r remedy.Remedy) string {
	l := &lister{a: a, w: w}
	return cmp.Or(l.apart(r), whyKind(r.Kind))
}

// apart is the reason of a way that is not as the others of its kind.
func (l *lister) apart(r remedy.Remedy) string {
	switch {
	case r.Kind == catalog.Address && r.Target != "":
		return "rank-holder-keeps-one-address"
	case r.Kind == catalog.Port && docroot.HasNetwork(l.w.Roots):
		return "rank-a-network-keeps-its-ports"
	case r.Kind == catalog.Move && r.Args["twice"] != "":
		return "rank-only-yours-changes"
	case r.Kind == catalog.Stop && l.ownCopy(r):
		return "rank-own-copy-ends"
	case r.Kind == catalog.Stop && strings.HasPrefix(r.Target, "site:"):
		return "rank-one-site-stops"
	case r.Kind == catalog.Stop && strings.HasPrefix(r.Target, "pid-"):
		return "rank-one-program-ends"
	case r.Kind == catalog.Order && r.Target == NetworkOnline:
		return "rank-only-yours-changes"
	}
	return ""
}

func whyKind(k remedy.Kind) string {
	switch k {
	case catalog.Wait:
		return "rank-nothing-changes"
	case catalog.Port, catalog.Address:
		return "rank-only-yours-changes"
	case catalog.Share:
		return "rank-both-keep-it"
	case catalog.Move:
		return "rank-holder-goes-on-elsewhere"
	case catalog.Stop:
		return "rank-one-thing-stops"
	case catalog.Startup:
		return "rank-start-at-boot-changes"
	case catalog.Order:
		return "rank-one-of-two-loses"
	case catalog.IPListen, catalog.Split:
		return "rank-everybody-behind-it-is-narrowed"
	case catalog.Exclude:
		return "rank-a-setting-of-the-machine"
	case catalog.Feature:
		return "rank-a-part-of-the-system-goes"
	case catalog.Kernel:
		return "rank-all-that-need-it-stop"
	case catalog.Kill:
		return "rank-nothing-is-saved"
	}
	return ""
}
