package winrange

import (
	"context"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/change/run"
	"github.com/berthd/berth/internal/machine/portrange"
)

func system() calls {
	return calls{
		read: portrange.Read,
		run: func(ctx context.Context, argv []string) (run.Result, error) {
			return run.Command(ctx, argv, run.Options{})
		},
		elevated: func() bool { return windows.GetCurrentProcessToken().IsElevated() },
	}
}
