//go:build !windows

package guard

import "context"

// RunService is for Windows, where a service must answer its manager; here a service is
// a program like any other, and inService is false.
func RunService(context.Context, func(context.Context) error) (inService bool, err error) {
	return false, nil
}
