//go:build !windows

package winservice

import (
	"errors"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
)

func TestNotHere(t *testing.T) {
	if _, err := New().Read(t.Context(), spooler()); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if err := New().Set(t.Context(), spooler(), nil, plan.State{"state": "stopped"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
