package watch_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/keep/watch"
)

var errSeen = errors.New("seen")

// What listens is seen at once, what comes later when it comes, what ends when it
// ends; and nothing is seen where nothing changes.
func TestRun(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var seen []int
	quiet := 0
	err = watch.Run(ctx, watch.Options{
		Ports: []uint16{port}, Protos: []fact.Proto{fact.TCP}, Interval: 50 * time.Millisecond, Recheck: time.Hour,
		Seen: func(x *chain.Index) (time.Duration, error) {
			seen, quiet = append(seen, len(x.OnPort(port))), 0
			switch len(seen) {
			case 1:
				return 0, l.Close()
			case 2:
				l, err = net.Listen("tcp", addr)
				return 0, err
			case 3:
				return time.Millisecond, nil // once more, though nothing changes
			}
			return 0, nil
		},
		Tick: func(time.Time) error {
			if quiet++; len(seen) >= 4 && quiet > 5 {
				return errSeen
			}
			return nil
		},
	})
	if !errors.Is(err, errSeen) || len(seen) != 4 || seen[0] != 1 || seen[1] != 0 || seen[2] != 1 || seen[3] != 1 {
		t.Errorf("%v, %v", seen, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	err := watch.Run(ctx, watch.Options{Ports: []uint16{1}, Seen: func(*chain.Index) (time.Duration, error) { cancel(); return 0, nil }})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
