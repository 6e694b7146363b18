package wait_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/berthd/berth/internal/sys/wait"
)

func TestFor(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, d := range []time.Duration{-time.Second, 0, time.Hour} {
		if err := wait.For(ended, d); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, ended: %v", d, err)
		}
	}
	for _, d := range []time.Duration{-time.Second, 0, time.Nanosecond} {
		if err := wait.For(t.Context(), d); err != nil {
			t.Errorf("%v: %v", d, err)
		}
	}
}
