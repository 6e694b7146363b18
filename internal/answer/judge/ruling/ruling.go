package ruling

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/shell"
	"github.com/berthd/berth/internal/fact"
)

// Ruling is one command on its way to a verdict.
type Ruling struct {
	*Machine
	V      *Verdict
	C      shell.Command
	Before *shell.Command // whose output it takes; nil = nobody's
}

// New begins the ruling on a command that stands somewhere.
func New(m *Machine, text string, at Line, rule known.Rule) *Ruling {
	r := &Ruling{Machine: m, V: &Verdict{Command: text, Where: []Line{at}, Args: map[string]string{}, Confidence: Certain}}
	r.Become(rule)
	return r
}

// Become takes over what may be said of a rule anywhere.
func (r *Ruling) Become(rule known.Rule) {
	if rule == "" {
		rule = known.NotJudged
	}
	f := known.Of(rule)
	v := r.V
	v.Rule, v.Class, v.Need, v.Reversal, v.Sources = rule, f.Class, f.Need, f.Reversal, f.Sources
	v.Undo = f.Undo
	v.Instead = nil
	for _, s := range f.Instead {
		r.Instead(s)
	}
	if v.Confidence = Certain; len(f.Sources) == 0 && v.Class != known.Look && v.Class != known.Unknown {
		v.Confidence = Likely
	}
}

// Elsewhere tells whether a command is of another system than the machine.
func (r *Ruling) Elsewhere(os string) bool {
	here := r.Set.Machine.OS
	if os == "" || here == "" || os == here {
		return false
	}
	return os != "unix" || here == "windows"
}

// Finish fills in the placeholders of what takes the command back, and of what to do
// instead.
func (r *Ruling) Finish() {
	v := r.V
	undo := v.Undo
	v.Undo = nil
	for _, u := range undo {
		v.Undo = append(v.Undo, r.fill(u))
	}
	if v.Class == known.NoChange || v.Class == known.NotHere {
		v.Undo, v.Reversal = nil, known.Nothing
		v.Notes = slices.DeleteFunc(v.Notes, func(n Note) bool { return slices.Contains(whenDone(), n.ID) })
	}
	for i := range v.Instead {
		v.Instead[i].Remedy = r.target(v.Instead[i].Remedy)
		v.Instead[i].Command = r.fill(v.Instead[i].Command)
	}
	delete(v.Args, "port?")
}

// whenDone are the notes that make no sense of a command which does nothing.
func whenDone() []NoteID {
	return []NoteID{NextBoot, NotPersistent, DriverRestart, NeedsReboot, MachineWide, UntilStopped, AsksFirst, NoGoodbye}
}

// fill replaces {name} by what the command names; what is not known stands in
// capitals, as in a manual.
func (r *Ruling) fill(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{")
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !ok {
			return b.String()
		}
		if !closed {
			b.WriteString("{" + rest)
			return b.String()
		}
		if value := r.arg(name); value != "" {
			b.WriteString(value)
		} else {
			b.WriteString(strings.ToUpper(name))
		}
		s = after
	}
}

func (r *Ruling) arg(name string) string {
	if v := r.V.Args[name]; v != "" {
		return v
	}
	if name == "port" && len(r.Ports) > 0 {
		return Itoa(int(r.Ports[0]))
	}
	return ""
}

// target fills a remedy's target, and leaves it out where it is not known.
func (r *Ruling) target(id string) string {
	kind, target, ok := strings.Cut(id, ":")
	if !ok || !strings.HasPrefix(target, "{") {
		return id
	}
	if value := r.arg(strings.Trim(target, "{}")); value != "" {
		return kind + ":" + value
	}
	return kind
}

// Note adds a note that rests on nothing in particular: pairs of a name and a value.
func (r *Ruling) Note(id NoteID, pairs ...string) { r.About(id, nil, pairs...) }

// About adds a note that rests on rows. A note is said once.
func (r *Ruling) About(id NoteID, rows []fact.ID, pairs ...string) {
	if slices.ContainsFunc(r.V.Notes, func(n Note) bool { return n.ID == id }) {
		return
	}
	n := Note{ID: id, About: rows}
	for i := 0; i+1 < len(pairs); i += 2 {
		if n.Args == nil {
			n.Args = map[string]string{}
		}
		n.Args[pairs[i]] = pairs[i+1]
	}
	r.V.Notes = append(r.V.Notes, n)
}

// Instead adds a better way: "$ command", or the ID of a remedy.
func (r *Ruling) Instead(s string) {
	if cmd, ok := strings.CutPrefix(s, "$ "); ok {
		r.V.Instead = append(r.V.Instead, Instead{Command: cmd})
		return
	}
	r.V.Instead = append(r.V.Instead, Instead{Remedy: s})
}

// Rather puts better ways that this machine shows before the general ones.
func (r *Ruling) Rather(ways ...string) {
	general := r.V.Instead
	r.V.Instead = nil
	for _, w := range ways {
		r.Instead(w)
	}
	for _, g := range general {
		kind, _, _ := strings.Cut(g.Remedy, ":")
		if !slices.ContainsFunc(r.V.Instead, func(i Instead) bool {
			k, _, _ := strings.Cut(i.Remedy, ":")
			return g.Remedy != "" && k == kind
		}) {
			r.V.Instead = append(r.V.Instead, g)
		}
	}
}

// Nothing says that the command changes nothing here, and why.
func (r *Ruling) Nothing(why NoteID, pairs ...string) {
	r.V.Class, r.V.Confidence, r.V.Undo, r.V.Reversal = known.NoChange, Certain, nil, known.Nothing
	r.Note(why, pairs...)
}

// OwnerInstead puts the service that stands behind the port first among the better
// ways.
func (r *Ruling) OwnerInstead() {
	var ways []string
	for _, port := range r.Ports {
		for _, s := range r.Serving(port) {
			for _, id := range r.Ends(s) {
				if u := r.row[id]; u != nil && !strings.EqualFold(u.Name, "http") && !slices.Contains(ways, "stop:"+u.Name) {
					ways = append(ways, "stop:"+u.Name)
				}
			}
		}
	}
	r.Rather(ways...)
}

// CatalogOf says what a service is for, and what its stop costs.
func (r *Ruling) CatalogOf(service string) {
	if strings.EqualFold(service, "Spooler") {
		r.V.Class = known.Breaks
		r.Note(CostHere, "cost", "Nothing prints until it is started again; it holds no port that anybody wants.")
		return
	}
	found := catalog.Match(catalog.Subject{OS: "windows", Service: service})
	if len(found) == 0 {
		return
	}
	e := found[0]
	if e.Kind == catalog.Blamed {
		r.V.Class = known.NoPort
		r.Note(BlamedWrongly, "name", e.Name)
		return
	}
	r.Note(Purpose, "entry", e.ID)
	stops := func(m catalog.Remedy) bool { return m.Kind() == catalog.Stop && m.Effect != "" }
	if i := slices.IndexFunc(e.Remedies, stops); i >= 0 {
		r.Note(CostHere, "cost", e.Remedies[i].Effect)
	}
}

// Proxies are the entries of the port proxy.
func (r *Ruling) Proxies() []*fact.Redirect {
	var out []*fact.Redirect
	for i := range r.Set.Redirects {
		if r.Set.Redirects[i].Kind == "portproxy" {
			out = append(out, &r.Set.Redirects[i])
		}
	}
	return out
}

// ProxyEntries names what the port proxy carries today.
func (r *Ruling) ProxyEntries() {
	all := r.Proxies()
	if len(all) == 0 {
		return
	}
	var rows []fact.ID
	for _, p := range all {
		rows = append(rows, p.ID)
	}
	r.V.Class = known.Breaks
	r.About(ProxyEntries, rows, "count", Itoa(len(rows)))
}

// NoPortIfHeldByOthers turns a sound command that does not meet the holder into one
// that frees nothing.
func (r *Ruling) NoPortIfHeldByOthers() {
	for _, n := range r.V.Notes {
		if n.ID == NotTheHolder && r.V.Class == known.Sound {
			r.V.Class = known.NoPort
		}
	}
}
