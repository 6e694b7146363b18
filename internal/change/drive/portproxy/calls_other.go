//go:build !windows

package portproxy

import (
	"errors"
	"fmt"
	"runtime"
)

// system is one without a port proxy.
func system() calls {
	err := fmt.Errorf("there is no port proxy on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	return calls{get: func(string, string) (string, error) { return "", err }}
}
