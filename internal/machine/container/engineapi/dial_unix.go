//go:build !windows

package engineapi

import (
	"context"
	"net"
)

// Dial connects to a unix socket, on Windows to a named pipe.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}
