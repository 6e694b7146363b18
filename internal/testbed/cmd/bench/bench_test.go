package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"diagnose", "--procs", "7,9", "--rounds", "13"})
	if err != nil || !slices.Equal(o.procs, []int{7, 9}) || o.rounds != 13 || o.fds != 50 || o.sockets != 30000 {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = parse([]string{"diagnose", "-quick"})
	if err != nil || o.rounds != 3 || !slices.Equal(o.procs, []int{200}) || o.nat != 0 {
		t.Errorf("quick: %+v, %v", o, err)
	}
	o, err = parse([]string{"windows"})
	if err != nil || o.rounds != 31 || o.limit != 15*time.Minute {
		t.Errorf("windows: %+v, %v", o, err)
	}
	o, err = parse([]string{"windows", "-quick"})
	if err != nil || o.rounds != 3 {
		t.Errorf("windows, quick: %+v, %v", o, err)
	}
	for _, bad := range []string{"", "mediate", "windows 80", "windows --rounds 10", "windows --rounds 1001", "windows --nat 1", "diagnose more", "diagnose --procs 0", "diagnose --procs 3000,", "diagnose --rounds 0", "diagnose --fds 3", "diagnose --nat -1"} {
		if o, err := parse(strings.Fields(bad)); err == nil {
			t.Errorf("%q is taken for %+v", bad, o)
		}
	}
}

func TestSaysWord(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{"users:((\"x\",pid=12,fd=3))", true}, {"12/x", true}, {" 12", true}, {"PID 12).", true},
		{"112", false}, {"120", false}, {"a12", false}, {"", false}, {"112 12", true},
	} {
		if got := saysWord(c.text, "12"); got != c.want {
			t.Errorf("%q: %v", c.text, got)
		}
	}
}

// fake runs nothing: it answers and takes notes.
type fake struct {
	order []string
	code  int
}

func (f *fake) run(_ context.Context, k *contender) (sample, int, error) {
	f.order = append(f.order, k.name)
	return sample{wall: time.Duration(len(k.name))}, f.code, nil
}

func (f *fake) output(_ context.Context, k *contender) (string, int, error) {
	return "PID 12", 0, nil
}

func TestContestInterleavesAndLeavesWrongAnswersOut(t *testing.T) {
	f := &fake{}
	slow, quick := &contender{name: "slow", peer: true}, &contender{name: "q", says: []string{"12"}, peer: true}
	wrong := &contender{name: "wrong", says: []string{"13"}, peer: true}
	c, err := newContest(t.Context(), f, slow, wrong, quick)
	if err != nil || len(c.failed) != 1 || !strings.HasPrefix(c.failed[0], "wrong: ") {
		t.Fatalf("%v, %v", c, err)
	}
	if err := c.rounds(t.Context(), f, 3, io.Discard); err != nil {
		t.Fatal(err)
	}
	if want := strings.Fields("slow q q slow slow q"); !slices.Equal(f.order, want) {
		t.Errorf("order %q, want %q", f.order, want)
	}
	if got := c.fastest(slow); got != quick || len(c.times[slow]) != 3 || c.has(wrong) {
		t.Errorf("fastest %v, %d times", got, len(c.times[slow]))
	}
	f.code = 1
	if err := c.rounds(t.Context(), f, 1, io.Discard); err == nil {
		t.Error("another exit code than when it was checked is accepted")
	}
}

func TestExitCodeOfCtrlC(t *testing.T) {
	if codeOf(context.Canceled) != 130 || codeOf(nil) != 0 || codeOf(io.EOF) != 1 {
		t.Error("exit codes are not 0, 1, 130")
	}
}
