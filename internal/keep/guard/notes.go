package guard

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// maxNotes bounds the messages that wait to be sent.
const maxNotes = 64

// notes sends messages beside the watch, in order, one at a time.
type notes struct {
	queue chan Event
	mu    sync.Mutex
	errs  []error
}

// Limits of sending: one message, and all that still wait when the guard ends.
const (
	noteLimit = 10 * time.Second
	lastLimit = 5 * time.Second
)

// startNotes starts sending; it ends soon after ctx, when what waits is sent, and work
// tells when. A nil send sends nothing.
func startNotes(ctx context.Context, work *sync.WaitGroup, send func(context.Context, Event) error) *notes {
	n := &notes{}
	if send == nil {
		return n
	}
	n.queue = make(chan Event, maxNotes)
	work.Go(func() {
		for {
			select {
			case <-ctx.Done():
				n.rest(ctx, send)
				return
			case e := <-n.queue: // a message on its way is not cut off by the end
				one, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteLimit)
				n.fail(send(one, e))
				cancel()
			}
		}
	})
	return n
}

// rest sends what still waits.
func (n *notes) rest(ctx context.Context, send func(context.Context, Event) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLimit)
	defer cancel()
	for {
		select {
		case e := <-n.queue:
			n.fail(send(ctx, e))
		default:
			return
		}
	}
}

func (n *notes) put(e Event) {
	if n.queue == nil {
		return
	}
	select {
	case n.queue <- e:
	default:
		n.fail(fmt.Errorf("more than %d messages wait; one about %s was dropped", maxNotes, e.Kind))
	}
}

func (n *notes) fail(err error) {
	if err == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.errs = append(n.errs, err)
}

// failed returns what went wrong since it was asked last.
func (n *notes) failed() []error {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := n.errs
	n.errs = nil
	return out
}
