package watch_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/keep/watch"
	"github.com/berthd/berth/internal/testbed"
)

// The kernel tells of an end: it is seen though the next question is an hour away.
func TestNetnsEndIsTold(t *testing.T) {
	testbed.Netns(t, func() {
		l, err := net.Listen("tcp", "127.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		looks := 0
		err = watch.Run(ctx, watch.Options{
			Ports: []uint16{80}, Interval: time.Hour, Recheck: time.Hour,
			Seen: func(x *chain.Index) (time.Duration, error) {
				if looks++; looks == 1 {
					return 0, l.Close()
				}
				if n := len(x.OnPort(80)); n != 0 {
					t.Errorf("%d sockets", n)
				}
				return 0, errSeen
			},
		})
		if !errors.Is(err, errSeen) {
			t.Error(err)
		}
	})
}
