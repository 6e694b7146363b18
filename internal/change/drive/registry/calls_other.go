//go:build !windows

package registry

import (
	"errors"
	"fmt"
	"runtime"
)

// system is one without a registry.
func system() calls {
	err := fmt.Errorf("there is no registry on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	return calls{hasKey: func(key) (bool, error) { return false, err }}
}
