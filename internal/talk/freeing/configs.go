package freeing

import (
	"context"
	"errors"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/fact"
)

// configured reads the configuration that a plan needs, and edits it.
func configured(_ context.Context, _ *chain.Index, _ planning.NeedConfig) (planning.Config, []fact.DocRoot, error) {
	return planning.Config{}, nil, errors.New("no reader for this server")
}
