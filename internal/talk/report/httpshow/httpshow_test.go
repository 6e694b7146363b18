package httpshow

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
)

func windowsSet(w fact.WindowsNet) *fact.Set {
	return &fact.Set{Machine: fact.Machine{OS: "windows", Windows: &w}}
}

// Read and empty, and not read, are two answers for every table.
func TestEmptyIsNotUnread(t *testing.T) {
	all := fact.WindowsNet{ListenList: true, Reservations: true, Registrations: true, Certificates: true, Cached: true, Timeouts: &fact.HTTPTimeouts{}}
	for _, table := range Tables() {
		s, err := New(windowsSet(all), table)
		if err != nil || !s.Document().Whole || len(s.Notes()) > 0 {
			t.Errorf("%s, read: %v, %v", table, err, s.Notes())
		}
		var b strings.Builder
		if err := s.WriteText(&b, layout.Style{}); err != nil || b.Len() == 0 {
			t.Errorf("%s: %v, %q", table, err, b.String())
		}
		if _, err := New(windowsSet(fact.WindowsNet{}), table); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s, not read: %v", table, err)
		}
		if _, err := New(&fact.Set{Machine: fact.Machine{OS: "linux"}}, table); !errors.Is(err, ErrNoHTTPSys) {
			t.Errorf("%s, Linux: %v", table, err)
		}
	}
	if _, err := New(windowsSet(all), "setting"); !errors.Is(err, ErrTable) {
		t.Errorf("another word: %v", err)
	}
}

// A table's gaps are its own, and the first of them is the reason.
func TestGapsOfOneTable(t *testing.T) {
	set := windowsSet(fact.WindowsNet{})
	set.Gaps = []fact.Gap{
		{Kind: fact.GapOther, Subject: "processes of uid 33", Err: "x"},
		{Kind: fact.GapCommand, Subject: "netsh http show servicestate view=requestq verbose=yes", Err: "it printed nothing"},
		{Kind: fact.GapPermission, Subject: "HTTP.sys's reservations"},
		{Kind: fact.GapNoCall, Subject: "HTTP.sys's listen list"},
		{Kind: fact.GapNoCall, Subject: "HTTP.sys's certificates"},
		{Kind: fact.GapNoCall, Subject: "HTTP.sys's timers"},
		{Kind: fact.GapCommand, Subject: "netsh http show cachestate", Err: "it printed nothing"},
	}
	for i, table := range []string{ServiceState, URLACL, IPListen, SSLCert, Timeout, CacheState} {
		s, err := New(set, table)
		if diff := cmp.Diff([]fact.Gap{set.Gaps[i+1]}, s.Gaps()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", table, diff)
		}
		if err == nil || !strings.Contains(err.Error(), " was not read: ") {
			t.Errorf("%s: %v", table, err)
		}
	}
}

func TestRightsInWords(t *testing.T) {
	gone, there := true, false
	for _, c := range []struct {
		right        fact.PrefixRight
		account, may string
	}{
		{fact.PrefixRight{SID: "S-1-1-0", Listen: true}, "Everyone (S-1-1-0)", "listen"},
		{fact.PrefixRight{SID: "S-1-1-0", Account: "Jeder", Gone: &there, Listen: true, Delegate: true}, "Jeder", "listen, delegate"},
		{fact.PrefixRight{SID: "S-1-5-21-1-2-3-9", Gone: &gone, Delegate: true}, "S-1-5-21-1-2-3-9, no such account", "delegate"},
		{fact.PrefixRight{SID: "S-1-5-21-1-2-3-9", Listen: true, Delegate: true, Deny: true}, "S-1-5-21-1-2-3-9", "not listen, nor delegate"},
		{fact.PrefixRight{Account: "LA", Listen: true}, "LA", "listen"},
	} {
		if a, m := account(c.right), may(c.right); a != c.account || m != c.may {
			t.Errorf("%+v: %q %q, want %q %q", c.right, a, m, c.account, c.may)
		}
	}
}
