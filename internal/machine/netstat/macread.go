package netstat

import (
	"context"
	"fmt"
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// readMac reads macOS' lists of sockets; list is sysctl, or a test's.
func readMac(ctx context.Context, q Query, list func(name string) ([]byte, error)) (fact.Set, error) {
	var set fact.Set
	var failed error
	read := 0
	for _, p := range q.protos() {
		if err := ctx.Err(); err != nil {
			return fact.Set{}, err
		}
		switch p {
		case fact.TCP, fact.UDP:
		case fact.Raw:
			set.AddGaps(fact.Gap{Kind: fact.GapNoCall, Subject: "raw sockets"})
			continue
		default: // macOS has no UDP-Lite and no SCTP
			continue
		}
		name := fmt.Sprintf("net.inet.%s.pcblist_n", p)
		b, err := list(name)
		if err != nil {
			set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: string(p) + " sockets", Err: err.Error()})
			failed = err
			continue
		}
		read++
		q.macList(&set, p, name, b)
	}
	if read == 0 && failed != nil {
		return fact.Set{}, failed
	}
	Sort(set.Sockets)
	return set, ctx.Err()
}

// macList adds the sockets of a list that are asked for.
func (q Query) macList(set *fact.Set, p fact.Proto, name string, b []byte) {
	whole, odd := false, 0
	for k := range pcbs(b, &whole) {
		if port, ok := k.port(); ok && (port == 0 || len(q.Ports) > 0 && !slices.Contains(q.Ports, port)) {
			continue
		}
		s, ok := k.fact(p, name)
		switch {
		case !ok:
			odd++
		case q.Part == BoundTCP && s.State != fact.Bound, q.Part == Tabled && s.State == fact.Bound:
		case q.wants(s):
			set.Sockets = append(set.Sockets, s)
		}
	}
	if !whole {
		set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: name})
	}
	if odd > 0 {
		set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: fmt.Sprintf("%d rows of %s", odd, name)})
	}
}
