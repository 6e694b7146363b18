package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
)

func store(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := s.Lock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unlock)
	return s
}

func TestEntry(t *testing.T) {
	s := store(t)
	p := plan.Plan{Remedy: "stop:nginx.service", Steps: []plan.Step{{Subject: plan.Subject{Kind: plan.File, Name: "/etc/x"}, Before: plan.State{"content": "\xff\x00 a"}}}}
	e, err := s.Begin(p, By{User: "root"})
	if err != nil || e.ID != 1 {
		t.Fatal(err, e)
	}
	for _, k := range []Kind{Doing, Done, Closed} {
		if err := e.Note(Event{Kind: k, At: time.Unix(1, 0).UTC()}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Get(1)
	if err != nil || got.Status() != IsDone || got.By.User != "root" {
		t.Fatal(err, got)
	}
	if d := cmp.Diff(p, got.Plan); d != "" {
		t.Error(d)
	}
	if second, err := s.Begin(p, By{}); err != nil || second.ID != 2 || second.Status() != Interrupted {
		t.Error(second, err)
	}
	if _, err := s.Get(3); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
}

func TestStatus(t *testing.T) {
	for want, kinds := range map[Status][]Kind{
		Interrupted: {Doing, Failed}, Reverting: {Doing, Undoing, Back}, IsUndone: {Doing, Undoing, Undone}, PendingReboot: {Doing, Done, Rebooting},
		Unconfirmed: {Doing, Reached, Awaiting}, IsDone: {Doing, Reached, Awaiting, Confirmed, Closed},
	} {
		e := &Entry{}
		for _, k := range kinds {
			e.Events = append(e.Events, Event{Kind: k})
		}
		if e.Status() != want || want.Open() == (want == IsDone || want == IsUndone) {
			t.Errorf("%v: %s, want %s", kinds, e.Status(), want)
		}
	}
}

// What berth gave up by itself and tries again is being taken back until it has ended;
// what a person asked for is never done instead.
func TestGaveUp(t *testing.T) {
	for name, c := range map[string]struct {
		events []Event
		gaveUp bool
		want   Status
	}{
		"a step failed":                  {[]Event{{Kind: Doing}, {Kind: Failed}, {Kind: Undoing}}, true, Reverting},
		"and is tried again":             {[]Event{{Kind: Doing}, {Kind: Failed}, {Kind: Undoing}, {Kind: Stuck}, {Kind: Doing, Step: 1}}, true, Reverting},
		"and was asked for then":         {[]Event{{Kind: Doing}, {Kind: Failed}, {Kind: Undoing}, {Kind: Undoing, Text: "asked for"}}, false, Reverting},
		"asked for":                      {[]Event{{Kind: Doing}, {Kind: Closed}, {Kind: Undoing}}, false, Reverting},
		"asked for right behind it":      {[]Event{{Kind: Doing}, {Kind: Failed}, {Kind: Undoing, Text: "asked for"}}, false, Reverting},
		"killed before it could give up": {[]Event{{Kind: Doing}, {Kind: Failed}}, false, Interrupted},
	} {
		if e := (&Entry{Events: c.events}); e.GaveUp() != c.gaveUp || e.Status() != c.want {
			t.Errorf("%s: %v, %s", name, e.GaveUp(), e.Status())
		}
	}
}

// Drafts that a killed berth left are gone with the next beginning.
func TestDraftsAreSwept(t *testing.T) {
	s := store(t)
	left := filepath.Join(s.Dir(), draft+"7")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(plan.Plan{}, By{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// An event that finds no room has what was kept for it.
func TestReserve(t *testing.T) {
	s := store(t)
	e, err := s.Begin(plan.Plan{}, By{})
	if err != nil {
		t.Fatal(err)
	}
	log, kept := filepath.Join(e.dir, logName), filepath.Join(e.dir, reserveName)
	if info, err := os.Stat(kept); err != nil || info.Size() != reserve {
		t.Fatal(info, err)
	}
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	if e.Note(Event{Kind: Doing}) == nil || len(e.Events) != 0 {
		t.Error("noted nowhere")
	}
	if _, err := os.Stat(kept); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is kept still: %v", err)
	}
}

// A last line that a killed berth left half written is dropped, and the next event
// takes its place; a bad line in front of good ones is damage.
func TestTornLog(t *testing.T) {
	s := store(t)
	e, err := s.Begin(plan.Plan{}, By{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := e.Note(Event{Kind: Doing}); err != nil {
			t.Fatal(err)
		}
	}
	log := filepath.Join(s.Dir(), "1", logName)
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	line := len(whole) / 3
	for cut := range len(whole) {
		if err := os.WriteFile(log, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(1)
		if err != nil || len(got.Events) != cut/line {
			t.Fatalf("cut at %d: %v, %d events", cut, err, len(got.Events))
		}
	}
	if err := os.WriteFile(log, whole[:len(whole)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Note(Event{Kind: Closed}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(1); err != nil || len(got.Events) != 3 || got.Status() != IsDone {
		t.Error(got, err)
	}
	whole[line/2] ^= 1
	if err := os.WriteFile(log, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(1); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

func TestNewerAndDamaged(t *testing.T) {
	s := store(t)
	if _, err := s.Begin(plan.Plan{}, By{}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.Dir(), "1", headName)
	for text, want := range map[string]error{`{"version": 99, "plan": {"steps": "of a form to come"}}`: ErrNewer, `{"version": 1, "plan": `: ErrDamaged, `{}`: ErrDamaged} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(1); !errors.Is(err, want) {
			t.Errorf("%s: %v", text, err)
		}
		if list, err := s.List(); len(list) != 0 || err == nil {
			t.Errorf("%s: %d entries, %v", text, len(list), err)
		}
		if _, err := s.Begin(plan.Plan{}, By{}); errors.Is(err, ErrNewer) != (want == ErrNewer) {
			t.Errorf("%s: another is begun behind it: %v", text, err)
		}
		if err := os.RemoveAll(filepath.Join(s.Dir(), "2")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExposedFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		dir := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); !errors.Is(err, ErrExposed) {
			t.Error(err)
		}
		return
	}
	for mode, want := range map[os.FileMode]error{0o700: nil, 0o755: nil, 0o777: ErrExposed, 0o720: ErrExposed} {
		dir := filepath.Join(t.TempDir(), "j")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); !errors.Is(err, want) {
			t.Errorf("%o: %v", mode, err)
		}
		if _, err := (&Store{dir}).Lock(); !errors.Is(err, want) { // it was not there when it was opened
			t.Errorf("%o, locked: %v", mode, err)
		}
	}
}

func TestForget(t *testing.T) {
	s := store(t)
	e, err := s.Begin(plan.Plan{}, By{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Forget(e) == nil {
		t.Error("an open entry was forgotten")
	}
	if err := e.Note(Event{Kind: Closed}); err != nil {
		t.Fatal(err)
	}
	if err := s.Forget(e); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(e.ID); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
}

// Whatever stands in a log, reading ends, and what it gives back is whole lines.
func FuzzParseLog(f *testing.F) {
	f.Add([]byte("{\"kind\":\"doing\"}\t00000000\n"))
	f.Add([]byte("\t\n\n"))
	var b bytes.Buffer
	body, _ := json.Marshal(Event{Kind: Doing})
	b.Write(body)
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		events, good, err := parseLog(data)
		if err != nil {
			return
		}
		if good > len(data) || bytes.Count(data[:good], []byte{'\n'}) != len(events) {
			t.Fatalf("%d events in %d bytes", len(events), good)
		}
	})
}

// Overdue: what should have gone back by itself, and did not.
func TestOverdue(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	armed := Event{Kind: Armed, Until: at}
	for name, c := range map[string]struct {
		events []Event
		want   bool
	}{
		"killed while it was done":     {[]Event{armed, {Kind: Doing}}, true},
		"not confirmed":                {[]Event{armed, {Kind: Doing}, {Kind: Awaiting, Until: at}}, true},
		"may still be confirmed":       {[]Event{armed, {Kind: Doing}, {Kind: Awaiting, Until: at.Add(2 * time.Minute)}}, false},
		"confirmed, and then killed":   {[]Event{armed, {Kind: Doing}, {Kind: Awaiting, Until: at}, {Kind: Confirmed}}, false},
		"taken back":                   {[]Event{armed, {Kind: Doing}, {Kind: Undoing}, {Kind: Undone}}, false},
		"killed while it was put back": {[]Event{armed, {Kind: Doing}, {Kind: Undoing}}, true},
		"it could not be":              {[]Event{armed, {Kind: Doing}, {Kind: Undoing}, {Kind: Stuck}}, false},
		"a plan without a deadline":    {[]Event{{Kind: Doing}}, false},
	} {
		e := Entry{Events: c.events}
		if got := e.Overdue(at.Add(time.Minute)); got != c.want || e.Overdue(at) {
			t.Errorf("%s: %v, and at its time %v", name, got, e.Overdue(at))
		}
	}
}

// One process watches over an entry, which ends with it.
func TestWatch(t *testing.T) {
	s := store(t)
	if _, err := s.Watch(1); !errors.Is(err, ErrNone) {
		t.Errorf("no entry: %v", err)
	}
	if _, err := s.Begin(plan.Plan{}, By{}); err != nil {
		t.Fatal(err)
	}
	release, err := s.Watch(1)
	if err != nil || !s.Watched(1) {
		t.Fatal(err)
	}
	_, err = s.Watch(1)
	if !errors.Is(err, ErrBusy) || runtime.GOOS != "windows" && !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Error(err)
	}
	if release(); s.Watched(1) {
		t.Error("watched by nobody")
	}
}

// Old entries go at the next beginning, but none that is open or can be taken back.
func TestPrune(t *testing.T) {
	s := store(t)
	file := plan.Plan{Steps: []plan.Step{{Subject: plan.Subject{Kind: plan.File, Name: "/etc/x"}, Class: plan.Reversible}}}
	final := plan.Plan{Steps: []plan.Step{{Subject: plan.Subject{Kind: plan.Process, Name: "7"}, Class: plan.Final}}}
	old, now := time.Now().Add(-2*maxAge), time.Now()
	for i, c := range []struct {
		plan plan.Plan
		at   time.Time
		last Kind
	}{{file, old, Undone}, {file, old, Closed}, {final, old, Closed}, {file, old, Awaiting}, {file, now, Undone}, {file, now, Closed}, {final, old, Awaiting}} {
		e, err := s.Begin(file, By{})
		if err != nil || e.ID != i+1 {
			t.Fatal(e, err)
		}
		e.Plan = c.plan
		rewrite(t, e)
		if err := e.Note(Event{Kind: c.last, At: c.at}); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := s.Begin(file, By{}); err != nil || e.ID != 8 {
		t.Fatal(e, err)
	}
	ids, err := s.ids()
	if d := cmp.Diff([]int{2, 4, 5, 6, 7, 8}, ids); d != "" || err != nil {
		t.Error(d, err)
	}
}

// rewrite puts another plan into an entry.
func rewrite(t *testing.T, e *Entry) {
	t.Helper()
	data, err := json.Marshal(head{plan.Version, e.By, e.Plan})
	if err == nil {
		err = os.WriteFile(filepath.Join(e.dir, headName), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Too many are too many, also where they could be taken back.
func TestPruneByNumber(t *testing.T) {
	s := store(t)
	for range 3 {
		e, err := s.Begin(plan.Plan{}, By{})
		if err == nil {
			err = e.Note(Event{Kind: Closed, At: time.Now()})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	many := []int{1, 2, 3}
	for n := range maxKept - 2 { // as many again that cannot be read
		many = append(many, 100+n)
	}
	s.prune(many, time.Now())
	if ids, err := s.ids(); err != nil || len(ids) != 1 || ids[0] != 3 {
		t.Error(ids, err)
	}
}

// Who has the lock is told, but on Windows.
func TestLockTells(t *testing.T) {
	s := store(t)
	unlock, err := s.Lock()
	if err == nil {
		unlock()
	}
	if !errors.Is(err, ErrBusy) || runtime.GOOS != "windows" && !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Error(err)
	}
}
