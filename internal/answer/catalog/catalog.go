// Package catalog knows the usual holders of ports: how to recognise one, what
// it is for, what can be done about it and which popular cure breaks something.
//
// The rows are data. They stand in entries/*.toml, each with a source and with
// examples and counter-examples that are its tests; go generate turns them into
// a Go table that the linker lays out, so that nothing is parsed at start-up or
// at run time. docs/catalog.md tells how to write one.
//
// The package is pure: it reads no files, makes no calls and knows no clock.
package catalog

//go:generate go run ./gen

import (
	"iter"
	"sort"
	"strings"
)

// Kind says what an entry is of.
type Kind string

// Kinds of entry.
const (
	Holder      Kind = "holder"      // holds ports itself
	Blamed      Kind = "blamed"      // is often blamed and does not listen: fits no subject that has a port
	Forwarder   Kind = "forwarder"   // listens for something that stands elsewhere
	Interceptor Kind = "interceptor" // takes traffic without a listener of its own
	Supervisor  Kind = "supervisor"  // starts holders again when they end
)

// Basis says how well an entry is founded.
type Basis string

// Bases of an entry.
const (
	Read     Basis = "read"     // read in the sources that the entry names
	Measured Basis = "measured" // seen on a real machine; the note says which
	General  Basis = "general"  // general knowledge, to be said with care
)

// Entry is one row of the catalog. Entries are shared by all callers and must
// not be changed.
type Entry struct {
	ID      string // lower case with dashes; stays for ever, JSON carries it
	Kind    Kind
	Name    string    // what people call it
	Match   []Pattern // one is enough
	Purpose string    // what it is for, in one or two sentences
	// Remedies are what can be done about this one, gentlest first, beyond what
	// can be done about every holder (another port, sharing, stopping the unit).
	Remedies []Remedy
	Warnings []Warning
	Sources  []string // web addresses, or threads as owner/name#number
	Basis    Basis
	Note     string   // what is uncertain; "" = nothing that matters
	YieldsTo []string // entries that may claim this one's examples more exactly
	// Services are the Windows services that do it: one of them runs, or it is idle.
	Services []Service
	Features []string // Windows features that bring it, by the names that dism knows
	HTTP     []Prefix // what it registers with HTTP.sys, or may
	Proof    string   // how it is known that a [Blamed] one does not listen
}

// Service is one Windows service.
type Service struct {
	Name    string // as the service manager keys it; a glob where a product adds an instance
	Display string // as an English Windows shows it
}

// Warning is a popular cure and why not to take it.
type Warning struct {
	Advice string // the command or setting as people pass it on
	Why    string
}

// All yields every entry in the order of their IDs.
func All() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for i := range table {
			if !yield(&table[i]) {
				return
			}
		}
	}
}

// ByID finds the entry with this ID.
func ByID(id string) (*Entry, bool) {
	i := sort.Search(len(table), func(i int) bool { return table[i].ID >= id })
	if i == len(table) || table[i].ID != id {
		return nil, false
	}
	return &table[i], true
}

// ForManager finds the supervisor entry of a unit's manager, by the manager's
// name as [github.com/berthd/berth/internal/fact.Unit] carries it: "systemd",
// "systemd --user", "systemd -M web", "runit", "docker", "nodemon".
func ForManager(manager string) (*Entry, bool) {
	return ByID("supervisor-" + managerFamily(manager))
}

// managerFamily names the entry that speaks for a manager, where several that
// work alike have one together.
func managerFamily(manager string) string {
	if manager == "systemd --user" {
		return "systemd-user"
	}
	word, _, _ := strings.Cut(manager, " ")
	switch word {
	case "forever", "circus":
		return "keeper"
	case "foreman", "overmind", "hivemind", "goreman", "honcho":
		return "procfile"
	case "nodemon", "ts-node-dev", "tsx", "node", "air", "reflex", "entr", "watchexec", "cargo-watch", "uvicorn", "flask", "django":
		return "reloader"
	case "npm", "pnpm", "yarn", "bun", "turbo", "concurrently":
		return "runner"
	case "tmux", "screen":
		return "terminal"
	}
	return word
}
