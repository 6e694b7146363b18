//go:build !windows

package httpconf

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/berthd/berth/internal/fact"
)

// system is one without HTTP.sys.
func system() calls {
	err := fmt.Errorf("there is no HTTP.sys on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	return calls{
		open: func() error { return err },
		read: func(context.Context) (fact.Set, error) { return fact.Set{}, err },
	}
}
