//go:build !windows

package registry

import (
	"errors"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
)

func TestNotHere(t *testing.T) {
	if _, err := New().Read(t.Context(), subject(http, "x")); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if err := New().Set(t.Context(), subject(http, "x"), nil, plan.State{"exists": "no"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
