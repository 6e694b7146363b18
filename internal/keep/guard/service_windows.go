package guard

import (
	"context"
	"errors"

	"golang.org/x/sys/windows/svc"
)

// RunService runs the guard as the service manager expects it: this process must have
// been started as the service [ServiceName], or the error says that it was not. It
// returns when the service was stopped, the machine shuts down, or run has ended; an
// error of run is the service's exit code 1.
//
// That it is one the caller must know: what a process can find out itself (its parent
// is services.exe, in session 0) is not so under Wine.
func RunService(ctx context.Context, run func(context.Context) error) error {
	h := &handler{ctx: ctx, run: run}
	return errors.Join(svc.Run(ServiceName, h), h.err)
}

type handler struct {
	ctx context.Context
	run func(context.Context) error
	err error
}

// Execute answers the service manager; svc calls it.
func (h *handler) Execute(_ []string, orders <-chan svc.ChangeRequest, status chan<- svc.Status) (specific bool, code uint32) {
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- h.run(ctx) }()
	now := svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	status <- now
	for {
		select {
		case h.err = <-ended:
			status <- svc.Status{State: svc.StopPending}
			if h.err != nil {
				return true, 1
			}
			return false, 0
		case o := <-orders:
			switch o.Cmd {
			case svc.Interrogate:
				status <- now
			case svc.Stop, svc.Shutdown:
				now = svc.Status{State: svc.StopPending}
				status <- now
				cancel()
			}
		}
	}
}
