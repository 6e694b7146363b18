//go:build !windows

package guard

import (
	"context"
	"errors"
)

// RunService is for Windows, where a service must answer its manager; elsewhere a
// service is a program like any other, and this is an error.
func RunService(context.Context, func(context.Context) error) error {
	return errors.New("only Windows' services are told that they are one")
}
