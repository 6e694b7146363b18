// Package looking asks the machine what a plan still has to know: the configuration that
// would be edited, whether a bind works now, who listens, and who starts a program again.
// It changes nothing.
package looking

import (
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/servers"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/docroot"
)

// Configured reads the configuration that a plan needs, and edits it.
func Configured(x *chain.Index, n planning.NeedConfig) (planning.Config, []fact.DocRoot, error) {
	r, err := servers.Edit(confedit.Disk{}, request(x, n))
	if err != nil {
		return planning.Config{}, nil, err
	}
	out := planning.Config{Whose: n.Whose, Server: r.Server, Path: r.Main, Checks: r.Checks, Program: n.Exe}
	for _, c := range r.Changes {
		out.Files = append(out.Files, planning.FileChange{Path: c.Name, Before: c.Before, After: c.After})
	}
	roots, _ := docroot.Read(r.Roots)
	return out, roots, nil
}

func request(x *chain.Index, n planning.NeedConfig) servers.Request {
	return servers.Request{
		Server: n.Server, Main: n.Path, Args: commandLine(x, n), From: confedit.Endpoint(n.From), To: confedit.Endpoint(n.To), Once: n.Once,
	}
}

// Asks are the ports that a configuration listens on; none where that cannot be told.
func Asks(x *chain.Index, n *planning.NeedConfig) []uint16 {
	if n == nil {
		return nil
	}
	ports, err := servers.Listens(confedit.Disk{}, request(x, *n))
	if err != nil {
		return nil
	}
	return ports
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
