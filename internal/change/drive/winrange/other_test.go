//go:build !windows

package winrange

import (
	"errors"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
)

func TestNotHere(t *testing.T) {
	if _, err := New().Read(t.Context(), subject("tcp 80-80")); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if err := New().Set(t.Context(), subject("tcp 80-80"), nil, plan.State{"exists": "no"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
