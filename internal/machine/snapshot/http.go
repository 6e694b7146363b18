package snapshot

import (
	"context"
	"slices"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys"
	"github.com/berthd/berth/internal/machine/process"
)

// http asks what stands behind Windows' kernel HTTP listener: its registrations
// where the kernel has one of the sockets, its configuration where that is part of
// the question.
func (c *collector) http(ctx context.Context) error {
	if c.set.Machine.OS != "windows" {
		return nil
	}
	q := httpsys.Query{Live: c.kernelHTTP(), Config: c.q.Context, Cache: c.q.Cache}
	if !q.Live && !q.Config && !q.Cache {
		return nil
	}
	s, err := httpsys.Read(ctx, q)
	named := s.Processes
	s.Processes, c.tagged, s.Units = nil, s.Units, nil
	if err := c.add(s, err); err != nil {
		return err
	}
	if pids := httpsys.PIDs(s); len(pids) > 0 && c.q.Owners {
		if err := c.add(process.Describe(ctx, pids...)); err != nil {
			return err
		}
	}
	c.set.Add(fact.Set{Processes: c.unknown(named)})
	httpsys.Tie(&c.set)
	return nil
}

// kernelHTTP tells whether the kernel's HTTP listener may have one of the sockets.
func (c *collector) kernelHTTP() bool {
	names := map[int]string{}
	for _, p := range c.set.Processes {
		names[p.PID] = p.Name
	}
	return slices.ContainsFunc(c.set.Sockets, func(s fact.Socket) bool {
		return s.Proto == fact.TCP && s.State == fact.Listen && s.PID != 0 && httpsys.KernelHolder(s.PID, names[s.PID])
	})
}

// unknown returns the processes of a listing that the process table does not have.
// Links to the others are turned to the table's rows, which know more.
func (c *collector) unknown(named []fact.Process) []fact.Process {
	row := map[int]fact.ID{}
	for _, p := range c.set.Processes {
		row[p.PID] = p.ID
	}
	same := map[fact.ID]fact.ID{}
	var left []fact.Process
	for _, p := range named {
		if id, ok := row[p.PID]; ok {
			same[p.ID] = id
			continue
		}
		left = append(left, p)
	}
	for i, l := range c.set.Links {
		if id, ok := same[l.To]; ok {
			c.set.Links[i].To = id
		}
		if id, ok := same[l.From]; ok {
			c.set.Links[i].From = id
		}
	}
	return left
}
