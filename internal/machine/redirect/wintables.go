package redirect

import (
	"context"
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// wintables reads the redirects of Windows; its functions are the effects.
type wintables struct {
	// values lists the text values of a registry key by name; a key that is not
	// there has none.
	values func(path string) (map[string]string, error)
	// running tells whether a driver runs; one that is not there does not.
	running func(driver string) (bool, error)
	filters func(context.Context) (fact.Set, error)
}

// portProxyKey is where the IP Helper service keeps the port proxy's tables.
const portProxyKey = `SYSTEM\CurrentControlSet\Services\PortProxy`

func (w wintables) read(ctx context.Context, q Query) fact.Set {
	var set fact.Set
	for _, table := range proxyTables() {
		w.proxies(&set, table, q)
	}
	if on, err := w.running("WinNat"); on || err != nil {
		g := fact.Gap{Kind: fact.GapNoNAT, Subject: "static mappings of WinNAT", Err: "no call lists them", Hint: "Get-NetNatStaticMapping (PowerShell, as administrator)"}
		if err != nil {
			g.Err = err.Error()
		}
		set.AddGaps(g)
	}
	if filters, err := w.filters(ctx); err == nil { // else the context has ended
		set.Add(filters)
	}
	return set
}

// proxies reads one table of the port proxy.
func (w wintables) proxies(set *fact.Set, table string, q Query) {
	path := portProxyKey + `\` + table + `\tcp`
	values, err := w.values(path)
	if err != nil {
		set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: `HKLM\` + path, Err: err.Error()})
		return
	}
	for _, name := range sorted(values) {
		listen, ok1 := registryEnd(name)
		connect, ok2 := registryEnd(values[name])
		r, ok3 := portProxy(table, listen, connect)
		switch {
		case !ok1 || !ok2 || !ok3:
			set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: `HKLM\` + path, Raw: name + " = " + values[name]})
		case len(q.Ports) == 0 || slices.Contains(q.Ports, r.From):
			r.Evidence = `registry HKLM\` + path
			set.Redirects = append(set.Redirects, r)
		}
	}
}

func sorted(values map[string]string) []string {
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
