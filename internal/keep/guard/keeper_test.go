package guard

import (
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/keep/ledger"
	"github.com/berthd/berth/internal/keep/ledger/judge"
)

func promised(t *testing.T, more string) ledger.Promise {
	t.Helper()
	l, err := ledger.Parse("f", []byte("[[promise]]\nport = 80\nowner = \"unit:nginx.service\"\n"+more))
	if err != nil {
		t.Fatal(err)
	}
	return l.Promises[0]
}

// step is what a keeper is shown at a second, and what it makes of it.
type step struct {
	at     int
	status judge.Status
	news   bool
	want   move
}

func play(t *testing.T, name string, p ledger.Promise, steps []step) {
	t.Helper()
	k := &keeper{promise: p, limits: Limits{Tries: 3}.filled()}
	start := time.Unix(1e9, 0)
	for i, s := range steps {
		now := start.Add(time.Duration(s.at) * time.Second)
		if news := k.see(judge.Verdict{Promise: p, Status: s.status}, now); news != s.news {
			t.Errorf("%s, step %d: news %v", name, i+1, news)
		}
		m, a := k.due(now)
		if m != s.want {
			t.Errorf("%s, step %d: %v, want %v", name, i+1, m, s.want)
		}
		if m == act {
			if (a.Remedy == "") != (s.status == judge.Free) {
				t.Errorf("%s, step %d: %+v", name, i+1, a)
			}
			k.done(now)
		}
	}
}

const restore = "policy = \"restore\"\n"

func TestKeeper(t *testing.T) {
	play(t, "alert does nothing", promised(t, ""), []step{{0, judge.Free, true, rest}, {60, judge.Broken, true, rest}, {120, judge.Broken, false, rest}})
	play(t, "a restart is no break", promised(t, restore), []step{{0, judge.Kept, true, rest}, {1, judge.Free, true, rest}, {2, judge.Kept, true, rest}, {9, judge.Kept, false, rest}})
	play(t, "no remedy against a stranger", promised(t, restore), []step{{0, judge.Broken, true, rest}, {60, judge.Broken, false, rest}})
	play(t, "its remedy", promised(t, restore+`remedy = "stop:a.service"`), []step{{0, judge.Broken, true, rest}, {2, judge.Broken, false, act}, {3, judge.Free, true, rest}, {5, judge.Free, false, act}})
	play(t, "nothing unknown is restored", promised(t, restore), []step{{0, judge.Unknown, true, rest}, {60, judge.Unknown, false, rest}})
	play(t, "back-off, giving up, forgiving", promised(t, restore), []step{
		{0, judge.Free, true, rest}, {2, judge.Free, false, act}, // waits 1 s
		{3, judge.Kept, true, rest}, {4, judge.Free, true, rest}, {6, judge.Free, false, act}, // waits 2 s
		{7, judge.Free, false, rest}, {8, judge.Free, false, act}, // waits 4 s
		{11, judge.Free, false, rest}, {12, judge.Free, false, giveUp}, {13, judge.Free, false, rest}, {900, judge.Free, false, rest},
		{901, judge.Kept, true, rest}, {960, judge.Kept, false, rest}, {961, judge.Kept, false, resume}, {970, judge.Kept, false, rest},
		{971, judge.Free, true, rest}, {973, judge.Free, false, act},
	})
	play(t, "tries of long ago do not count", promised(t, restore), []step{
		{0, judge.Free, true, rest}, {2, judge.Free, false, act}, {4, judge.Free, false, act}, {700, judge.Free, false, act}, {1400, judge.Free, false, act},
	})
}

// A second stranger on the same port is news; the same one is not.
func TestAnotherStrangerIsNews(t *testing.T) {
	k := &keeper{promise: promised(t, ""), limits: Limits{}.filled()}
	broken := func(by string) bool {
		v := judge.Verdict{Status: judge.Broken, Strangers: []chain.Holder{{Owner: chain.Owner{Kind: chain.OwnerProcess}}}}
		v.Strangers[0].Owner.ID = "proc:" + v.Strangers[0].Owner.ID
		if by == "b" {
			v.Strangers[0].Owner.Kind = chain.OwnerUnit
		}
		return k.see(v, time.Unix(1e9, 0))
	}
	if !broken("a") || broken("a") || !broken("b") {
		t.Error("told wrongly")
	}
}

func TestStartable(t *testing.T) {
	l, err := ledger.Parse("f", []byte("[[promise]]\nport = 80\nowner = [\"exe:a\", \"container:web\", \"unit:b\"]\n[[promise]]\nport = 81\nowner = \"user:ann\""))
	if err != nil {
		t.Fatal(err)
	}
	if o, ok := Startable(l.Promises[0]); !ok || o.String() != "unit:b" {
		t.Errorf("%v, %v", o, ok)
	}
	if o, ok := Startable(l.Promises[1]); ok {
		t.Errorf("a user: %v", o)
	}
}
