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
	c.markKernel()
	q := httpsys.Query{Live: c.kernelHTTP(), Config: c.q.Context, Cache: c.q.Cache}
	if !q.Live && !q.Config && !q.Cache {
		return nil
	}
	return c.httpsys(ctx, q)
}

// httpsys reads it, and the processes that serve its queues.
func (c *collector) httpsys(ctx context.Context, q httpsys.Query) error {
	s, err := httpsys.Read(ctx, q)
	c.tagged, s.Units = s.Units, nil
	if pids := httpsys.PIDs(s); len(pids) > 0 && c.q.Owners {
		if err := c.add(process.Describe(ctx, pids...)); err != nil {
			return err
		}
	}
	if err := c.add(s, err); err != nil {
		return err
	}
	httpsys.Adopt(&c.set)
	httpsys.Tie(&c.set)
	return nil
}

// markKernel marks the process that stands for the kernel: 4, and under Wine the host
// of its HTTP driver.
func (c *collector) markKernel() {
	for i := range c.set.Processes {
		p := &c.set.Processes[i]
		p.Kernel = p.Kernel || httpsys.KernelHolder(p.PID, p.Name)
	}
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

// silent: the kernel has a socket in question, and no listing says for whom. The
// services that run are the next best hint.
func (c *collector) silent() bool { return len(c.set.Registrations) == 0 && c.kernelHTTP() }
