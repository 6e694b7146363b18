package watch

import (
	"errors"
	"slices"
	"sync"

	"github.com/berthd/berth/internal/sys/sockdiag"
)

// ends tells when a socket with one of ports ended, where the kernel tells that. What
// it starts has ended when stop returns.
func ends(ports []uint16) (told <-chan struct{}, stop func()) {
	e, err := sockdiag.OpenEnds()
	if err != nil {
		return nil, func() {}
	}
	wake := make(chan struct{}, 1)
	var listening sync.WaitGroup
	listening.Go(func() {
		var row sockdiag.Row
		for {
			err := e.Next(&row)
			switch {
			case errors.Is(err, sockdiag.ErrMissed):
			case err != nil:
				return
			case !slices.Contains(ports, row.Local.Port()):
				continue
			}
			select {
			case wake <- struct{}{}:
			default:
			}
		}
	})
	return wake, func() {
		_ = e.Close()
		listening.Wait()
	}
}
