package service

import (
	"context"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/service/launchd"
)

func managed(ctx context.Context, q Query) fact.Set {
	s, _ := launchd.Read(ctx, launchd.Query{Processes: q.Processes, Sockets: q.Sockets, Names: q.Names, All: q.All}) // Read returns ctx's error
	return s
}
