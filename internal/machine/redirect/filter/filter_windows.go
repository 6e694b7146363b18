package filter

import (
	"errors"
	"io/fs"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/fwpuclnt"
	"github.com/berthd/berth/internal/sys/winapi/ws2"
)

func read() fact.Set {
	var set fact.Set
	addCallouts(&set)
	addLayered(&set)
	return set
}

const calloutsSubject = fact.FilterDrivers + " (Windows Filtering Platform)"

func addCallouts(set *fact.Set) {
	if wine() {
		set.AddGaps(fact.Gap{Kind: fact.GapNoCall, Subject: calloutsSubject, Err: "Wine has no filter engine"})
		return
	}
	list, providers, err := engine()
	if err != nil {
		set.AddGaps(gap(err))
		return
	}
	rows, cut := callouts(list, providers)
	set.Filters = append(set.Filters, rows...)
	if cut {
		set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: calloutsSubject})
	}
}

// wine tells Wine, which ends a process that calls what it does not have.
func wine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

func engine() ([]fwpuclnt.Callout, []fwpuclnt.Provider, error) {
	e, err := fwpuclnt.Open()
	if err != nil {
		return nil, nil, err
	}
	defer e.Close()
	list, err := e.Callouts()
	if err != nil {
		return nil, nil, err
	}
	providers, err := e.Providers()
	return list, providers, err
}

func gap(err error) fact.Gap {
	g := fact.Gap{Kind: fact.GapNoCall, Subject: calloutsSubject, Err: err.Error(), Hint: "netsh wfp show state (as administrator)"}
	var code syscall.Errno
	switch {
	case errors.Is(err, fs.ErrPermission):
		g.Kind = fact.GapPermission
	case errors.As(err, &code):
		g.Kind = fact.GapOther
	}
	return g
}

func addLayered(set *fact.Set) {
	const subject = "layered service providers (Winsock)"
	catalogue, err := ws2.Catalogue()
	if err != nil {
		g := fact.Gap{Kind: fact.GapOther, Subject: subject, Err: err.Error()}
		var code syscall.Errno
		if !errors.As(err, &code) {
			g.Kind = fact.GapNoCall
		}
		set.AddGaps(g)
		return
	}
	var list []entry
	for i := range catalogue {
		c := &catalogue[i]
		e := entry{name: windows.UTF16ToString(c.ProtocolName[:]), family: c.AddressFamily, chain: c.ProtocolChain.ChainLen}
		if e.chain != 1 {
			e.path, _ = ws2.ProviderPath(c.ProviderId) // a layer whose library is not told stays one
		}
		list = append(list, e)
	}
	set.Filters = append(set.Filters, layered(list)...)
}
