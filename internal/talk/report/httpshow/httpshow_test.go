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
		if diff := cmp.Diff([]fact.Gap{set.Gaps[i+1]}, s.gaps); diff != "" {
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

// A process that only its PID tells, one that the process table names, a queue that
// nobody serves, and an in-queue link that a file has twice.
func TestStateInWords(t *testing.T) {
	set := windowsSet(fact.WindowsNet{Registrations: true})
	set.Queues = []fact.Queue{
		{ID: "queue:A", Name: "A", Controller: 8},
		{ID: "queue:#12", PIDs: []int{12, 16}, Services: map[string][]string{"12": {"X", "Y"}, "16": {"Z"}}, Images: map[string]string{"16": `C:\z.exe`}},
	}
	set.Processes = []fact.Process{{ID: fact.ProcessID(8, 0), PID: 8}, {ID: fact.ProcessID(8, 5), PID: 8, Name: "svchost.exe"}}
	set.Registrations = []fact.Registration{{ID: "url:a", URL: "HTTP://+:80/"}, {ID: "url:b", URL: "HTTP://+:81/"}, {ID: "url:c", URL: "HTTP://+:82/"}}
	set.Links = []fact.Link{
		{From: "url:a", To: "queue:A", Kind: fact.InQueue}, {From: "url:a", To: "queue:A", Kind: fact.InQueue},
		{From: "url:b", To: "queue:A", Kind: fact.OneOfQueues}, {From: "url:b", To: "queue:#12", Kind: fact.OneOfQueues},
	}
	s, err := New(set, ServiceState)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := s.WriteText(&b, layout.Style{}); err != nil {
		t.Fatal(err)
	}
	const want = `Request queue "A"
  controlled by svchost.exe (PID 8)
  no process serves it now
  HTTP://+:80/

Request queue without a name
  served by PID 12, one of the services X, Y
  served by z.exe (PID 16), service Z

Registered, and in which queue is not known
  HTTP://+:81/   one of: queue "A", that of PID 12
  HTTP://+:82/
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
