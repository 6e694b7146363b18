package wsl

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// side is what Windows keeps of WSL; its functions are the effects.
type side struct {
	// config returns .wslconfig and where it is.
	config func() (data []byte, path string, err error)
	// installed lists the registry's entries, and the key of the default one.
	installed func() (entries []entry, standard string, err error)
}

// entry is one installed distribution as the registry has it.
type entry struct {
	key     string // its GUID
	name    string
	version uint64 // 0 = not told
}

// maxDistributions bounds what is taken from the registry.
const maxDistributions = 256

func (s side) read() fact.Set {
	var set fact.Set
	entries, standard, err := s.installed()
	if err != nil {
		set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: "distributions of WSL", Err: err.Error()})
	}
	list := distributions(entries, standard)
	if len(list) == 0 {
		return set
	}
	w := &fact.WindowsNet{Distributions: list}
	set.Machine.Windows = w
	if !slices.ContainsFunc(list, second) {
		return set // version 1 has Windows' own sockets and network
	}
	w.WSL = "nat"
	data, path, err := s.config()
	switch {
	case err == nil:
		settle(&set, parse(data), path)
	case !errors.Is(err, fs.ErrNotExist):
		w.WSL = ""
		set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: cmp.Or(path, ".wslconfig"), Err: err.Error()})
	}
	if g, ok := inside(list); ok {
		set.AddGaps(g)
	}
	return set
}

// settle takes over what a configuration says about the network.
func settle(set *fact.Set, c config, path string) {
	switch mode := strings.ToLower(c.mode); mode {
	case "":
	case "nat", "mirrored", "virtioproxy", "consomme", "none", "bridged":
		set.Machine.Windows.WSL = mode
	default: // WSL itself takes another mode then, and says so when it starts
		set.Machine.Windows.WSL = ""
		set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: "networkingMode in " + path, Raw: c.mode})
	}
	for _, s := range c.settings {
		s.Evidence = path
		set.Machine.Settings = append(set.Machine.Settings, s)
	}
}

func second(d fact.Distribution) bool { return d.Version == 2 }

// distributions puts the registry's entries in order, the default one first.
func distributions(entries []entry, standard string) []fact.Distribution {
	var out []fact.Distribution
	for _, e := range entries {
		if e.name == "" || len(out) == maxDistributions {
			continue
		}
		d := fact.Distribution{Name: e.name, GUID: strings.ToLower(e.key), Default: standard != "" && strings.EqualFold(e.key, standard)}
		if e.version == 1 || e.version == 2 {
			d.Version = int(e.version)
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b fact.Distribution) int {
		if a.Default != b.Default {
			if a.Default {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return out
}

// inside is the gap for what listens inside. The distributions of version 2 share
// one network and have processes of their own; those that a container engine made
// for itself are the engine's to ask.
func inside(list []fact.Distribution) (fact.Gap, bool) {
	var names []string
	for _, d := range list {
		if second(d) && !engines(d.Name) {
			names = append(names, d.Name)
		}
	}
	if len(names) == 0 {
		return fact.Gap{}, false
	}
	return fact.Gap{
		Kind: fact.GapOtherSide, Subject: "listeners inside WSL (" + strings.Join(names[:min(len(names), 8)], ", ") + ")",
		Hint: "wsl -d " + quoted(names[0]) + " -u root -- ss -ltnp",
	}, true
}

func engines(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "docker-desktop") || strings.HasPrefix(name, "rancher-desktop") || strings.HasPrefix(name, "podman-")
}

func quoted(name string) string {
	if strings.ContainsAny(name, " &|<>^()") {
		return `"` + name + `"`
	}
	return name
}
