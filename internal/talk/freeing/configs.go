package freeing

import (
	"cmp"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/servers"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/docroot"
)

// configured reads the configuration that a plan needs, and edits it.
func configured(x *chain.Index, n planning.NeedConfig) (planning.Config, []fact.DocRoot, error) {
	r, err := servers.Edit(confedit.Disk{}, servers.Request{
		Server: n.Server, Main: n.Path, Args: commandLine(x, n), From: confedit.Endpoint(n.From), To: confedit.Endpoint(n.To),
	})
	if err != nil {
		return planning.Config{}, nil, err
	}
	out := planning.Config{Whose: n.Whose, Server: n.Server, Path: r.Main}
	if r.Checks {
		out.Program = cmp.Or(n.Exe, "?")
	}
	for _, c := range r.Changes {
		out.Files = append(out.Files, planning.FileChange{Path: c.Name, Before: c.Before, After: c.After})
	}
	roots, _ := docroot.Read(r.Roots)
	return out, roots, nil
}

// commandLine is how the server was started, where it runs: it may name its file.
func commandLine(x *chain.Index, n planning.NeedConfig) []string {
	for i := range x.Set.Processes {
		if p := &x.Set.Processes[i]; n.Exe != "" && p.Exe == n.Exe && len(p.Args) > 1 {
			return p.Args
		}
	}
	return nil
}
