package redirect

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

func read(ctx context.Context, q Query) (fact.Set, error) {
	var set fact.Set
	e := newEvaluation(kernel{}, q.Ports)
	if err := readNft(e); err != nil {
		set.AddGaps(natGap("nftables", err)...)
	}
	if e.stopped {
		set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: "NAT rules"})
	}
	set.Redirects = e.found
	return set, ctx.Err()
}

// natGap turns a refusal into a gap. A kernel without the subject has no rules.
func natGap(subject string, err error) []fact.Gap {
	if err == nil || errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return []fact.Gap{{Kind: fact.GapNoNAT, Subject: subject, Err: err.Error()}}
}
