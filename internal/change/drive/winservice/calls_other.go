//go:build !windows

package winservice

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/berthd/berth/internal/fact"
)

// system is one without a service control manager.
func system() calls {
	err := fmt.Errorf("there are no Windows services on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	return calls{
		status: func(string) (status, error) { return status{}, err },
		config: func(string) (config, error) { return config{}, err },
		around: func(context.Context, string) ([]fact.Unit, error) { return nil, err },
	}
}
