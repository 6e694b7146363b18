package engineapi

import (
	"context"
	"net"

	"github.com/berthd/berth/internal/sys/pipe"
)

// Dial connects to a named pipe, elsewhere to a unix socket.
func Dial(ctx context.Context, path string) (net.Conn, error) { return pipe.Dial(ctx, path) }
