package listener

import (
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/regfile"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/fact"
)

// Change judges a change to the registry below Services\HTTP; below is the rest of the
// key in lower case.
func Change(r *ruling.Ruling, below string, c regfile.Change) { rule{r}.httpChange(below, c) }

// httpChange judges a change below Services\HTTP.
func (r rule) httpChange(below string, c regfile.Change) {
	key := strings.TrimPrefix(below, "parameters")
	r.V.Args["name"] = c.Name
	switch {
	case below == "parameters" && c.Whole:
		r.Become(known.RegistryHTTPWipe)
		r.wipedReservations()
	case strings.HasPrefix(key, `\urlaclinfo`):
		r.Become(known.RegistryUrlAcl)
		r.aclChange(c)
	case strings.HasPrefix(key, `\ssl`):
		r.Become(known.RegistryCertificate)
		r.certificatesGo()
	case strings.EqualFold(c.Name, "ListenOnlyList"):
		r.Become(known.RegistryListenList)
		r.listChange(c)
	default:
		r.Become(known.RegistryHTTPTuning)
		r.Note(ruling.ListenerWins)
	}
	r.Note(ruling.DriverRestart)
}

func (r rule) certificatesGo() {
	var all []fact.ID
	for i := range r.Set.Certificates {
		all = append(all, r.Set.Certificates[i].ID)
	}
	if len(all) > 0 {
		r.About(ruling.CertificateThere, all, "count", ruling.Itoa(len(all)))
	}
}

// aclChange judges a change to the store of reservations.
func (r rule) aclChange(c regfile.Change) {
	switch {
	case c.Whole && c.Delete:
		r.wipedReservations()
	case c.Delete:
		r.V.Args["url"] = c.Name
		r.reservationDelete(c.Name)
		r.V.Rule = known.RegistryUrlAcl
	default:
		r.V.Class = known.Risky
		r.Note(ruling.BindsNothing)
	}
}

// wipedReservations says what goes with the whole store.
func (r rule) wipedReservations() {
	n := len(r.Set.Reservations)
	if n == 0 && r.Set.Machine.Windows != nil && r.Set.Machine.Windows.Reservations {
		r.Nothing(ruling.AlreadySo)
		return
	}
	var features []string
	for i := range r.Set.Reservations {
		if e := reservationEntry(r.Set.Reservations[i].URL); e != nil {
			features = append(features, e.Name)
		}
	}
	count := ""
	if n > 0 {
		count = ruling.Itoa(n)
	}
	if len(features) == 0 {
		features = []string{"WinRM (remote management)", "network discovery and printers by WSD", "SSTP", "media sharing"}
		r.V.Confidence = ruling.Likely
	}
	r.Note(ruling.ReservationsWiped, "count", count, "features", strings.Join(unique(features), "; "))
	for i := range r.Set.Reservations {
		if x := r.Set.Reservations[i]; x.SDDL != "" {
			r.V.Reversal = known.Reversible
			r.V.Undo = append(r.V.Undo, `netsh http add urlacl url=`+x.URL+` sddl="`+x.SDDL+`"`)
		}
	}
}

// reservationEntry is the catalog's entry for a reserved URL, nil where it has none.
func reservationEntry(url string) *catalog.Entry {
	p, ok := parsePrefix(url)
	if !ok {
		return nil
	}
	for _, e := range catalog.Match(catalog.Subject{OS: "windows", Proto: fact.TCP, Port: p.Port, Kernel: "http.sys", URLPath: p.Path}) {
		if !strings.HasPrefix(e.ID, "http-sys") { // the listener itself
			return e
		}
	}
	return nil
}

func unique(words []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}
