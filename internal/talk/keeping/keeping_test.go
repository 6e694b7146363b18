package keeping

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/keep/guard"
	"github.com/berthd/berth/internal/keep/ledger"
	"github.com/berthd/berth/internal/keep/ledger/judge"
)

// broken is a promise that a program of a hostile name has broken.
func broken(t *testing.T) guard.Event {
	t.Helper()
	l, err := ledger.Parse("f", []byte("[[promise]]\nport = \"80-90\"\nowner = \"unit:nginx.service\"\nreason = \"public web\"\nfor = \"apache\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort("0.0.0.0:81")
	set := fact.Set{
		Sockets:   []fact.Socket{{ID: fact.SocketID(fact.TCP, at, netip.AddrPort{}, 1), Proto: fact.TCP, Local: at, State: fact.Listen}},
		Processes: []fact.Process{{ID: "proc:7@1", PID: 7, Name: "a\x1b[2J\nkept: b"}},
	}
	set.Links = []fact.Link{{From: set.Sockets[0].ID, To: "proc:7@1", Kind: fact.HeldBy}}
	x := chain.NewIndex(&set)
	v := judge.Judge(l.Promises, x)[0]
	return guard.Event{At: time.Unix(1e9, 0), Kind: guard.Broken, Verdict: &v, Index: x, Ledger: &l, Err: errors.New("no\x1b\nwonder"),
		Action: guard.Action{Remedy: "stop:a"}, Try: 2, Wait: time.Second}
}

// Each event is one harmless line with its place, as a text and as a document.
func TestEventsAreLines(t *testing.T) {
	e := broken(t)
	said := map[string]guard.Kind{}
	for _, k := range []guard.Kind{guard.Watching, guard.Wrong, guard.Broken, guard.Kept, guard.Freed, guard.Unknown, guard.Restoring, guard.Restored, guard.NotRestored, guard.GaveUp, guard.Resumed, guard.Untold} {
		e.Kind = k
		s := event(e)
		if other, ok := said[s]; ok || s == "" || strings.ContainsAny(s, "\x1b\n") {
			t.Errorf("%s (as %s): %q", k, other, s)
		}
		said[s] = k
		b, err := line(Event(e))
		if err != nil || strings.ContainsAny(string(b), "\x1b\n") {
			t.Errorf("%s: %q, %v", k, b, err)
		}
		var doc v1.GuardEvent
		if err := json.Unmarshal(b, &doc); err != nil || doc.Event != string(k) || doc.Promise == nil || doc.Promise.Port != 80 || doc.Promise.LastPort != 90 {
			t.Errorf("%s: %+v, %v", k, doc, err)
		}
	}
	e.Kind = guard.Broken
	if got := Event(e).Promise.Command; len(got) != 1 || got[0] != "berth free 81 --for apache" {
		t.Errorf("the way out of a range is %q", got)
	}
}

// Worse is heavier.
func TestLevels(t *testing.T) {
	order := []guard.Kind{guard.GaveUp, guard.NotRestored, guard.Broken, guard.Kept, guard.Watching}
	for i := range order[1:] {
		if level(order[i]) >= level(order[i+1]) {
			t.Errorf("%s weighs as much as %s", order[i], order[i+1])
		}
	}
}

// In a service each line has its level; elsewhere its moment.
func TestLog(t *testing.T) {
	var b strings.Builder
	tell := teller{shell: Shell{JSON: func() bool { return false }, Err: &b}, out: &b, journal: true}
	tell.tell(broken(t))
	tell.journal = false
	tell.tell(broken(t))
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "<4>broken: 80-90/tcp is promised to unit:nginx.service (public web) and held by a") || !strings.Contains(lines[1][:20], ":") || lines[1][20:] != lines[0][3:] {
		t.Errorf("%q", lines)
	}
}

func TestSubject(t *testing.T) {
	for _, c := range []struct{ os, owner, want string }{
		{"linux", "unit:nginx.service", "unit nginx.service"}, {"linux", "unit:nginx", "unit nginx.service"}, {"linux", "service:nginx", "unit nginx.service"},
		{"linux", "unit:web.socket", "unit web.socket"}, {"windows", "service:W3SVC", "service W3SVC"},
		{"windows", "unit:nginx.service", ""}, {"linux", "exe:nginx", ""}, {"linux", "container:web", ""},
	} {
		kind, name, _ := strings.Cut(c.owner, ":")
		s, err := subject(ledger.Owner{Kind: ledger.OwnerKind(kind), Name: name}, c.os)
		if got := string(s.Kind) + " " + s.Name; (err == nil) != (c.want != "") || err == nil && got != c.want {
			t.Errorf("%s on %s: %s, %v", c.owner, c.os, got, err)
		}
	}
}

type changer struct{ did []string }

func (c *changer) Start(_ context.Context, s plan.Subject, e fact.Endpoint) error {
	c.did = append(c.did, "start "+s.Name+" for "+e.String())
	return nil
}

func (c *changer) Free(_ context.Context, e fact.Endpoint, remedy string) error {
	c.did = append(c.did, "free "+e.String()+" "+remedy)
	return nil
}

func TestRestoring(t *testing.T) {
	c := &changer{}
	restore := Restoring(c)
	p := ledger.Promise{From: 80, To: 80, Proto: fact.TCP, Addr: netip.MustParseAddr("::1")}
	if err := restore(context.Background(), p, guard.Action{Remedy: "stop:a"}); err != nil || c.did[0] != "free [::1]:80/tcp stop:a" {
		t.Errorf("%q, %v", c.did, err)
	}
	p.To = 90
	if err := restore(context.Background(), p, guard.Action{Remedy: "stop:a", Port: 85}); err != nil || c.did[1] != "free [::1]:85/tcp stop:a" {
		t.Errorf("of a range: %q, %v", c.did, err)
	}
	if err := restore(context.Background(), p, guard.Action{Start: ledger.Owner{Kind: ledger.Service, Name: "a"}}); err != nil || !strings.HasSuffix(c.did[2], " for [::1]:80/tcp") {
		t.Errorf("started: %q, %v", c.did, err)
	}
	if err := restore(context.Background(), p, guard.Action{Start: ledger.Owner{Kind: ledger.Exe, Name: "a"}}); err == nil || len(c.did) != 3 {
		t.Errorf("a program was started: %q", c.did)
	}
}

// A webhook gets every loud event, a program the breaks; one that fails does not keep
// the other from it.
func TestNotify(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var doc v1.GuardEvent
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Error(err)
		}
		got = append(got, doc.Event)
	}))
	defer s.Close()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := options{onBreak: "no-such-program"}
	e := broken(t)
	if err := o.notify(context.Background(), to, e); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("a program that is not there: %v", err)
	}
	e.Kind = guard.Kept
	if err := o.notify(context.Background(), to, e); err != nil {
		t.Errorf("kept is no break: %v", err)
	}
	if strings.Join(got, " ") != "broken kept" {
		t.Errorf("%q", got)
	}
}

// A folder without a ledger is told apart from a ledger that is wrong.
func TestLoading(t *testing.T) {
	s := Shell{Err: io.Discard, Fail: func(code int, err error, _ string) error { return exit{code, err} }}
	for want, err := range map[int]error{
		exitUsage: ledger.Problems{{What: "a"}, {What: "b"}}, exitNotAllowed: &os.PathError{Err: os.ErrPermission}, exitCouldNot: &os.PathError{Err: os.ErrNotExist},
	} {
		var got exit
		if !errors.As(loading(s, err), &got) || got.code != want {
			t.Errorf("%v: %d, want %d", err, got.code, want)
		}
	}
	_, absent := ledger.Load(filepath.Join(t.TempDir(), ledger.Name))
	_, none := installation(s, filepath.Join(t.TempDir(), ledger.Name), nil)
	for name, err := range map[string]error{"guard": ended(s, absent), "check": loading(s, absent), "install": none} {
		var got exit
		if !errors.As(err, &got) || got.code != exitUsage || !strings.HasPrefix(got.error.Error(), "there is no ledger ") {
			t.Errorf("%s, a ledger that is not there: %v", name, err)
		}
	}
	if loading(s, nil) != nil {
		t.Error("nothing is an error")
	}
}

type exit struct {
	code int
	error
}
