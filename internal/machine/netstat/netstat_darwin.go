package netstat

import (
	"context"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/libproc"
)

func read(ctx context.Context, q Query) (fact.Set, error) {
	return readMac(ctx, q, func(name string) ([]byte, error) { return libproc.Sysctl(name) })
}
