package httpsys

import "github.com/berthd/berth/internal/fact"

// asleep is what there is to tell while the HTTP driver does not run. It has no
// registrations then and caches nothing, which needs no listing; its configuration
// is kept, but to ask for it is to start the driver, and a question changes nothing.
func asleep(q Query) fact.Set {
	var set fact.Set
	if q.Live || q.Cache {
		set.Machine.Windows = &fact.WindowsNet{Registrations: q.Live, Cached: q.Cache}
	}
	if !q.Config {
		return set
	}
	for _, t := range [...]struct{ table, noun string }{
		{tableReservations, "urlacl"}, {tableListen, "iplisten"}, {tableCertificates, "sslcert"}, {tableTimeouts, "timeout"},
	} {
		set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: t.table, Err: "HTTP does not run, and the question would start it",
			Hint: "netsh http show " + t.noun + " (which starts HTTP)"})
	}
	return set
}
