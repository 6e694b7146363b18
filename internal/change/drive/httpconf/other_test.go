//go:build !windows

package httpconf

import (
	"errors"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
)

func TestNotHere(t *testing.T) {
	if _, err := New().Read(t.Context(), iplisten()); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if err := New().Set(t.Context(), iplisten(), nil, plan.State{"addresses": ""}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
