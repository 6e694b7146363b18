package diagnose

import (
	"maps"
	"slices"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
)

// Trouble is one finding of the overview and the port it is about.
type Trouble struct {
	Port uint16 // 0 = it is about the machine
	Finding
}

// Overview looks at every port of the set that somebody serves or was refused,
// and returns what is wrong, by port.
func Overview(x *chain.Index) []Trouble {
	var out []Trouble
	for _, f := range Damage(x) {
		out = append(out, Trouble{Finding: f})
	}
	for _, port := range ports(x) {
		a := Who(x, Question{Endpoint: fact.Endpoint{Port: port}})
		for _, f := range a.Findings {
			if wrong(f.Rule) && !f.planned() {
				out = append(out, Trouble{port, f})
			}
		}
	}
	return out
}

// ports are those that are served or bound, and those that a failed unit was refused.
func ports(x *chain.Index) []uint16 {
	seen := map[uint16]bool{}
	for _, s := range x.Set.Sockets {
		if s.State.Serves() || s.State == fact.Bound {
			seen[s.Local.Port()] = true
		}
	}
	for _, u := range x.Set.Units {
		for _, l := range u.Log {
			if f, ok := bindFailure(l); ok {
				seen[f.port] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// planned: a container that does not run is no trouble before somebody starts it.
func (f Finding) planned() bool {
	return f.Rule == RuleAllocated && (f.Args["state"] == "created" || f.Args["state"] == "exited")
}

// wrong tells the findings that somebody should do something about.
func wrong(r Rule) bool {
	switch r {
	case RuleConfigTwice, RuleNewcomerFailed, RuleNewcomerRefused, RuleOrphanMaster, RuleStopped, RuleLocalhostSplit, RuleReusePortShared,
		RuleStaleForwarder, RuleNATShadow, RuleExcluded, RuleBacklogFull, RuleAllocated, RuleInherited:
		return true
	}
	return false
}
