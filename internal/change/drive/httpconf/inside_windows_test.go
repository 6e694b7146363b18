package httpconf

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
)

// TestInsideWineKeepsNothing is Windows' half of TestWineKeepsNothing: the real calls
// of Wine's httpapi.dll return success, and it is an error all the same.
func TestInsideWineKeepsNothing(t *testing.T) {
	idle := plan.Subject{Kind: plan.HTTPTimeout, Name: "idle-connection"}
	steps := []struct {
		what plan.Subject
		to   plan.State
		call func() error
	}{
		{urlacl("http://+:8085/x/"), plan.State{"exists": "yes", "sddl": everybody}, func() error { return reserve("http://+:8085/x/", everybody) }},
		{iplisten(), plan.State{"addresses": "127.0.0.1"}, func() error { return listen(netip.MustParseAddr("127.0.0.1"), httpapi.Set) }},
		{idle, plan.State{"value": "30"}, func() error {
			return httpapi.Set(httpapi.Timeout, &httpapi.TimeoutSet{Key: httpapi.IdleConnection, Value: 30})
		}},
	}
	for _, s := range steps {
		if err := s.call(); err != nil {
			t.Errorf("%s: the call itself: %v", s.what.Kind, err)
		}
		if err := New().Set(t.Context(), s.what, nil, s.to); err == nil || !strings.Contains(err.Error(), "could not be read: Wine answers") {
			t.Errorf("%s: %v", s.what.Kind, err)
		}
		// The same for one who believes what HttpQueryServiceConfiguration answers.
		d := New()
		d.calls.read = believing
		if err := d.Set(t.Context(), s.what, nil, s.to); err == nil || !strings.Contains(err.Error(), "HTTP.sys reported success, and") {
			t.Errorf("%s: %v", s.what.Kind, err)
		}
	}
	if got, err := spelling("D:(A;;GX;;;S-1-1-0)"); err != nil || got != everybody {
		t.Errorf("%q, %v", got, err)
	}
}

// believing takes "nothing" for an answer.
func believing(ctx context.Context) (fact.Set, error) {
	_, _, err := httpapi.Query[byte](httpapi.IPListen, nil, 4096)
	if !errors.Is(err, httpapi.ErrNotFound) {
		return fact.Set{}, err
	}
	return newStore().read(ctx)
}
