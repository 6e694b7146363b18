package report

import (
	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
)

// Holders are holders of x as api/v1 rows; the list is never nil.
func Holders(x *chain.Index, hs []chain.Holder) []v1.Holder { return converter{x}.holders(hs) }
