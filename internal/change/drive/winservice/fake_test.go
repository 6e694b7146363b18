package winservice

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

// fake is a service manager. Its clock goes on only while somebody waits, and turn
// is what then happens.
type fake struct {
	services map[string]*service
	units    []fact.Unit
	fail     map[string]error // by "stop", "start", "setStart", "setDelayed", "status", "config", "around"
	deaf     bool             // accepts changes of the start type and makes none
	clock    time.Time
	turn     func(n int)
	turns    int
	open     bool   // somebody has every service open: none goes when it is deleted
	held     func() // while the manager is busy with a control
	log      []string
}

type service struct {
	status
	config
}

func newFake(name string, s service) *fake {
	return &fake{services: map[string]*service{name: &s}, fail: map[string]error{}, clock: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
}

func (f *fake) driver() Driver {
	return Driver{calls{f.status, f.config, f.control, f.start, f.setStart, f.setDelayed, f.create, f.describe, f.remove, f.around}, func() time.Time { return f.clock }, func(_ context.Context, d time.Duration) {
		f.clock = f.clock.Add(d)
		f.turns++
		if f.turn != nil {
			f.turn(f.turns)
		}
	}}
}

func (f *fake) find(call, name string) (*service, error) {
	if err := f.fail[call]; err != nil {
		return nil, err
	}
	for n, s := range f.services {
		if strings.EqualFold(n, name) {
			return s, nil
		}
	}
	return nil, noSuchService
}

func (f *fake) status(name string) (status, error) {
	s, err := f.find("status", name)
	if err != nil {
		return status{}, err
	}
	return s.status, nil
}

func (f *fake) config(name string) (config, error) {
	s, err := f.find("config", name)
	if err != nil {
		return config{}, err
	}
	return s.config, nil
}

func (f *fake) control(name string, code control) error {
	f.log = append(f.log, fmt.Sprint("control ", code))
	s, err := f.find("stop", name)
	if err != nil {
		return err
	}
	s.state = map[control]uint32{controlStop: stopPending, controlPause: pausePending, controlContinue: continuePending}[code]
	if f.held != nil {
		f.held()
	}
	return nil
}

func (f *fake) start(name string) error {
	f.log = append(f.log, "start")
	s, err := f.find("start", name)
	if err != nil {
		return err
	}
	if s.start == disabled {
		return serviceDisabled
	}
	s.state = startPending
	return nil
}

func (f *fake) setStart(name string, kind uint32) error {
	f.log = append(f.log, fmt.Sprint("setStart ", kind))
	s, err := f.find("setStart", name)
	if err == nil && !f.deaf {
		s.start = kind
	}
	return err
}

func (f *fake) setDelayed(name string, on bool) error {
	f.log = append(f.log, fmt.Sprint("setDelayed ", on))
	s, err := f.find("setDelayed", name)
	if err == nil && !f.deaf {
		s.delayed = on
	}
	return err
}

func (f *fake) create(name string, r recipe) error {
	f.log = append(f.log, "create")
	if err := f.fail["create"]; err != nil {
		return err
	}
	f.services[name] = &service{status{state: stopped}, config{kind: 0x10, start: r.start.start, command: r.command, display: r.display, account: r.account}}
	return nil
}

func (f *fake) describe(name, text string) error {
	f.log = append(f.log, "describe")
	s, err := f.find("describe", name)
	if err == nil && !f.deaf {
		s.description = text
	}
	return err
}

func (f *fake) remove(name string) error {
	f.log = append(f.log, "remove")
	if _, err := f.find("remove", name); err != nil {
		return err
	}
	if !f.open {
		delete(f.services, name)
	}
	return nil
}

func (f *fake) around(context.Context, string) ([]fact.Unit, error) {
	return f.units, f.fail["around"]
}

// settle ends what is pending after n turns.
func (f *fake) settle(n int) {
	f.turn = func(turn int) {
		if turn < n {
			return
		}
		for _, s := range f.services {
			s.state = map[uint32]uint32{startPending: running, stopPending: stopped, continuePending: running, pausePending: paused}[s.state]
		}
	}
}

func spooler() plan.Subject { return plan.Subject{Kind: plan.Service, Name: "Spooler"} }
