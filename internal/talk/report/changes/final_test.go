package changes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
)

// ended is an entry that has ended a process, with what its events say.
func ended(of map[string]string, why map[string]string, events ...journal.Kind) *journal.Entry {
	s := plan.Step{Subject: plan.Subject{Kind: plan.Process, Name: "7", Of: of}, Class: plan.Final, Why: plan.Reason{ID: "end-process", Args: why},
		Before: plan.State{"state": "running", "exe": "/srv/web", "command": "web --port\x1b 80", "cwd": "/srv", "user": "joe"}, After: plan.State{"state": "gone"}}
	en := &journal.Entry{ID: 3, Plan: plan.Plan{Remedy: "stop:pid-7", Port: 80, Proto: "tcp", Steps: []plan.Step{s}, Cost: plan.Cost{Class: plan.Final}}}
	for _, k := range events {
		en.Events = append(en.Events, journal.Event{Kind: k})
	}
	return en
}

// What has ended is told so that it can be started again, and nobody claims it is back.
func TestFinalIsNotBack(t *testing.T) {
	const was = "\n  its command line: web --port\\x1b 80\n  its folder: /srv\n  its user: joe"
	lost, kept := ended(nil, nil, journal.Lost), ended(nil, nil, journal.Back)
	missed := &apply.Failure{Entry: 3, Step: -1, Err: &apply.Missed{Why: "no", Again: true, Starters: []string{"sh (PID 5): sh loop"}}, Undone: true}
	for name, c := range map[string]struct{ got, want, never string }{
		"undo":    {Undone(lost), "cannot be taken back.\nweb (PID 7) has ended, and nobody but you can start it again:" + was, "is taken back"},
		"kept":    {Undone(kept), "is taken back", "has ended"},
		"failure": {Failure(missed, lost), "started again by: sh (PID 5): sh loop", "the machine is as before"},
		"nothing": {Failure(missed, kept), "the machine is as before", "has ended"},
		"proof":   {Proof(lost), "cannot be taken back; berth journal 3 says what it was", "berth undo"},
	} {
		if !strings.Contains(c.got, c.want) || strings.Contains(c.got, c.never) {
			t.Errorf("%s: %s", name, c.got)
		}
	}
}

// A process that does not hear is ended by force only where that was not tried.
func TestDeafProcess(t *testing.T) {
	for force, want := range map[string]bool{"": true, "yes": false} {
		en := ended(map[string]string{"force": force}, nil, journal.Back)
		got := Failure(&apply.Failure{Entry: 3, Step: 0, Err: fmt.Errorf("process 7: PID 7 (web) %w", plan.ErrAlive), Undone: true}, en)
		if strings.Contains(got, "berth free 80 --remedy kill:pid-7") != want || strings.Contains(got, "process 7: PID") {
			t.Errorf("force %q: %s", force, got)
		}
	}
}

// Who ends with a process is named with it.
func TestTakenAlong(t *testing.T) {
	for want, why := range map[string]map[string]string{
		"ask web (PID 7) to end":                                                      nil,
		"ask web (PID 7) with its worker (8) to end":                                  {"workers": "8"},
		"ask web (PID 7) with its workers (8, 9) to end":                              {"workers": "8, 9"},
		"ask web (PID 7) and sleep (PID 8), which it handed the port, to end":         {"heirs": "sleep (PID 8)"},
		"ask web (PID 7) with its worker (9) and x, which it handed the port, to end": {"workers": "9", "heirs": "x"},
	} {
		if got := Step(ended(nil, why).Plan.Steps[0]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A container that vanishes is told with what makes it again.
func TestVanished(t *testing.T) {
	en := ended(nil, map[string]string{"again": "docker run -d web", "container": "web"}, journal.Lost)
	s := &en.Plan.Steps[0]
	s.Subject = plan.Subject{Kind: plan.Container, Name: strings.Repeat("c", 64)}
	s.Before, s.After = plan.State{"running": "yes", "autoremove": "yes"}, plan.State{"running": "no"}
	if got := Undone(en); !strings.Contains(got, "The container web was run with --rm and is gone") || !strings.Contains(got, "docker run -d web") {
		t.Error(got)
	}
	if s.Class = plan.Restartable; strings.Contains(strings.Join(ends(*s), ""), "docker run") {
		t.Error("what comes back needs no making again")
	}
}

// What the person has ended has not failed.
func TestGivesUp(t *testing.T) {
	for text, want := range map[string]string{"goal: context canceled": "interrupted;", "exit status 1": "that failed;"} {
		if got := Progress(apply.Progress{Stage: apply.GivesUp, Text: text}); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// A thing is named once, whoever put its name in front.
func TestSaid(t *testing.T) {
	for text, want := range map[string]string{
		"unit a.service: set a.service: start: failed": "unit a.service: start: failed",
		"unit a.service: set b.service: start: failed": "unit a.service: set b.service: start: failed",
		"process 7: process 7 still runs":              "process 7 still runs",
		"no colon":                                     "no colon",
	} {
		if got := said(errors.New(text)); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// Whoever took the port meanwhile is named before what that led to; the twin has nobody.
func TestTakenMeanwhile(t *testing.T) {
	en := ended(nil, nil, journal.Undoing)
	why := errors.New("unit nginx.service: start: bind() failed")
	by := []plan.Listener{{Proto: "udp", Addr: "0.0.0.0", Port: 80, Owner: "process:nc"}}
	for name, got := range map[string]string{
		"undo":    Failure(&apply.Taken{Err: why, By: by}, en),
		"give up": Failure(&apply.Failure{Entry: 3, Step: -1, Err: errors.New("x"), Undo: &apply.Taken{Err: why, By: by}}, en),
	} {
		who, what := strings.Index(got, "nc"), strings.Index(got, "bind() failed")
		if who < 0 || what < who || !strings.Contains(got, "\nberth who 80/udp names who has it now.\n") || strings.Contains(got, "meanwhile") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := Failure(why, en); strings.Contains(got, "berth who") {
		t.Error(got)
	}
}

// A signal that was sent is no machine as before, whether time or patience ended; where
// nothing was sent it is one.
func TestSentIsSent(t *testing.T) {
	en := ended(nil, nil, journal.Back)
	fail := func(err error) string {
		return Failure(&apply.Failure{Entry: 3, Step: 0, Err: fmt.Errorf("process 7: %w", err), Undone: true}, en)
	}
	for want, err := range map[string]error{
		"PID 7 (web) still runs 10s after it was asked to end, and may end yet":   fmt.Errorf("PID 7 (web) %w 10s after it was asked to end, and %w", plan.ErrAlive, plan.ErrMayEnd),
		"Interrupted: PID 7 (web) was asked to end and may end yet.\nWhat":        fmt.Errorf("PID 7 (web) was asked to end and %w: %w", plan.ErrMayEnd, context.Canceled),
		"Out of time: process 7: PID 7 (web) was asked to end and may end yet.\n": fmt.Errorf("PID 7 (web) was asked to end and %w: %w", plan.ErrMayEnd, context.DeadlineExceeded),
	} {
		if got := fail(err); !strings.Contains(got, want) || !strings.Contains(got, "What was sent to it cannot be taken back") || strings.Contains(got, "as before") {
			t.Errorf("%s", got)
		}
	}
	for _, err := range []error{context.Canceled, errors.New("no such thing")} {
		if got := fail(err); !strings.HasSuffix(got, "the machine is as before.") {
			t.Errorf("%s", got)
		}
	}
}
