package plan

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Bytes of any kind survive being written, and nothing is not the same as empty.
func TestStateJSON(t *testing.T) {
	for _, want := range []State{nil, {}, {"content": "\xff\x00\r\n", "mode": "0644"}, {"base64": "aGk="}, {"a": `{"base64":"aGk="}`}} {
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got State
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", data, d)
		}
	}
	var s State
	if json.Unmarshal([]byte(`{"a": 1}`), &s) == nil {
		t.Error("a number is no field")
	}
}

func TestDiffers(t *testing.T) {
	want := State{"active": "inactive", "enabled": ""}
	for _, c := range []struct {
		got State
		n   int
	}{{State{"active": "inactive", "enabled": "", "more": "x"}, 0}, {State{"active": "active", "enabled": ""}, 1}, {State{"active": "inactive"}, 1}, {nil, 2}, {State{"active": "failed", "enabled": ""}, 0}, {State{"active": "inactive", "enabled": "failed"}, 1}} {
		if d := Differs(want, c.got); len(d) != c.n {
			t.Errorf("%v: %v", c.got, d)
		}
	}
}

// A program may retitle itself; another program is another thing.
func TestStrays(t *testing.T) {
	before := State{"state": "running", "exe": "/usr/sbin/nginx", "command": "nginx", "cwd": "/", "user": "root"}
	s := Step{Subject: Subject{Kind: Process, Name: "7"}, Before: before}
	if d := s.Strays(State{"state": "running", "exe": "/usr/sbin/nginx", "command": "nginx: master process", "cwd": "/srv", "user": "www-data", "note": "traced"}); len(d) != 0 {
		t.Errorf("the same process: %v", d)
	}
	for _, now := range []State{{"state": "gone"}, {"state": "running", "exe": "/usr/bin/vim"}, {"state": "stopped", "exe": "/usr/sbin/nginx"}} {
		if len(s.Strays(now)) == 0 {
			t.Errorf("%v is taken for the same", now)
		}
	}
	if s.Subject.Kind = Unit; len(s.Strays(State{"state": "running", "exe": "/usr/sbin/nginx", "command": "other", "cwd": "/", "user": "root"})) != 1 {
		t.Error("only a process's command line is told alone")
	}
}

func TestBackAndBetween(t *testing.T) {
	s := Step{Before: State{"active": "active", "enabled": "enabled", "links": "a"}, After: State{"active": "inactive", "enabled": "disabled"}}
	if d := cmp.Diff(State{"active": "active", "enabled": "enabled"}, s.Back()); d != "" {
		t.Error(d)
	}
	for now, want := range map[[2]string]bool{{"inactive", "enabled"}: true, {"active", "enabled"}: true, {"inactive", "disabled"}: true, {"failed", "disabled"}: false} {
		if s.Between(State{"active": now[0], "enabled": now[1]}) != want {
			t.Errorf("%v", now)
		}
	}
}

func TestIsBack(t *testing.T) {
	deleted := Step{Before: State{"exists": "yes", "data": "1"}, After: State{"exists": "no"}}
	changed := Step{Before: State{"active": "active", "pid": "7"}, After: State{"active": "inactive"}}
	for _, c := range []struct {
		s    Step
		now  State
		want bool
	}{
		{deleted, State{"exists": "yes", "data": "1"}, true}, {deleted, State{"exists": "yes", "data": "2"}, false}, {deleted, State{"exists": "no"}, false},
		{changed, State{"active": "active", "pid": "8"}, true}, {changed, State{"active": "inactive", "pid": "7"}, false},
	} {
		if c.s.IsBack(c.now) != c.want {
			t.Errorf("%v, now %v", c.s.After, c.now)
		}
	}
}

func FuzzState(f *testing.F) {
	f.Add([]byte(`{"a":"b","c":{"base64":"/w=="}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s, again State
		if json.Unmarshal(data, &s) != nil {
			return
		}
		out, err := json.Marshal(s)
		if err != nil || json.Unmarshal(out, &again) != nil || !cmp.Equal(s, again) {
			t.Fatalf("%s became %s (%v)", data, out, err)
		}
	})
}

func TestWithin(t *testing.T) {
	p := Plan{Steps: []Step{{Limit: time.Minute}, {}}}
	for limit, want := range map[time.Duration][2]time.Duration{0: {time.Minute, 0}, time.Second: {time.Second, time.Second}} {
		if q := p.Within(limit); q.Steps[0].Limit != want[0] || q.Steps[1].Limit != want[1] || p.Steps[1].Limit != 0 {
			t.Errorf("%v: %+v, and %+v", limit, q.Steps, p.Steps)
		}
	}
}
