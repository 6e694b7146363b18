package iis

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
)

// server is an IIS as its appcmd shows it.
type server struct {
	states map[string]string // by appcmd's argument
	after  int               // how many looks a change takes
	deaf   bool
	fails  *run.Result // what start and stop end with
	log    []string
	target string
}

func (s *server) driver() Driver { return Driver{s.appcmd, func(context.Context) {}} }

func (s *server) appcmd(_ context.Context, args ...string) (run.Result, error) {
	s.log = append(s.log, strings.Join(args, " "))
	what := args[2]
	state, there := s.states[what]
	if args[0] == "list" {
		if !there {
			return run.Result{Exit: 1}, nil
		}
		if s.target != "" {
			if s.after--; s.after <= 0 {
				s.states[what], s.target = s.target, ""
			}
		}
		return run.Result{Stdout: state + "\r\n"}, nil
	}
	if s.fails != nil {
		return *s.fails, nil
	}
	if !s.deaf {
		s.states[what] = map[string]string{"start": "Starting", "stop": "Stopping"}[args[0]]
		s.target = map[string]string{"start": "Started", "stop": "Stopped"}[args[0]]
	}
	return run.Result{Stdout: "\"Shop\" successfully done\r\n"}, nil
}

const site, pool = "/site.name:The Shop", "/apppool.name:Pool"

func newServer(shop, pools string) *server {
	return &server{states: map[string]string{site: shop, pool: pools}}
}

func subject(name string) plan.Subject { return plan.Subject{Kind: plan.Site, Name: name} }

func TestRead(t *testing.T) {
	for word, want := range map[string]plan.State{
		"Started":  {"exists": "yes", "running": "yes"},
		"Stopped":  {"exists": "yes", "running": "no"},
		"Starting": {"exists": "yes", "running": "starting"},
		"Stopping": {"exists": "yes", "running": "stopping"},
		"Unknown":  {"exists": "yes"},
	} {
		for _, name := range []string{"site:The Shop", "pool:Pool"} {
			s := newServer(word, word)
			got, err := s.driver().Read(t.Context(), subject(name))
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Errorf("%s %s: %v %s", word, name, err, d)
			}
		}
	}
	s := newServer("Started", "Started")
	if got, err := s.driver().Read(t.Context(), subject("site:Another")); err != nil || !cmp.Equal(got, plan.State{"exists": "no"}) {
		t.Error(got, err)
	}
	s.states[site] = `ERROR ( hresult:80070005, message:Befehl konnte nicht ausgeführt werden. )`
	if _, err := s.driver().Read(t.Context(), subject("site:The Shop")); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	s.states[site] = `ERROR ( message:Configuration error )`
	if _, err := s.driver().Read(t.Context(), subject("site:The Shop")); err == nil || errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}

func TestSet(t *testing.T) {
	s := newServer("Started", "Stopped")
	s.after = 3
	d := s.driver()
	for range 2 {
		if err := d.Set(t.Context(), subject("site:The Shop"), nil, plan.State{"running": "no"}); err != nil || s.states[site] != "Stopped" {
			t.Error(err, s.states)
		}
	}
	if err := d.Set(t.Context(), subject("pool:Pool"), nil, plan.State{"running": "yes"}); err != nil || s.states[pool] != "Started" {
		t.Error(err, s.states)
	}
	changes := slices.DeleteFunc(s.log, func(l string) bool { return strings.HasPrefix(l, "list ") })
	if d := cmp.Diff([]string{"stop site /site.name:The Shop", "start apppool /apppool.name:Pool"}, changes); d != "" {
		t.Error(d)
	}
}

func TestRefusals(t *testing.T) {
	denied := &run.Result{Exit: 5, Stdout: "ERROR ( hresult:80070005 )"}
	taken := &run.Result{Exit: 183, Stderr: "ERROR ( hresult:800700b7, message:Cannot create a file )"}
	for name, c := range map[string]struct {
		server  server
		from    string
		subject string
		to      plan.State
		words   string
	}{
		"success without a deed": {server{deaf: true}, "Started", "site:The Shop", plan.State{"running": "no"}, `reported success, and running is "yes"`},
		"no rights":              {server{fails: denied}, "Started", "site:The Shop", plan.State{"running": "no"}, "permission denied"},
		"the port is taken":      {server{fails: taken}, "Stopped", "site:The Shop", plan.State{"running": "yes"}, "exit code 183"},
		"IIS is stopped":         {server{}, "Unknown", "site:The Shop", plan.State{"running": "yes"}, "IIS does not run"},
		"no such site":           {server{}, "Started", "site:None", plan.State{"running": "no"}, "IIS has no site:None"},
		"to be deleted":          {server{}, "Started", "site:The Shop", plan.State{"exists": "no"}, "made and deleted"},
		"another word":           {server{}, "Started", "site:The Shop", plan.State{"running": "stopping"}, "cannot be made"},
		"no name":                {server{}, "Started", "The Shop", plan.State{"running": "no"}, "names no site"},
		"a quoted name":          {server{}, "Started", `site:"x`, plan.State{"running": "no"}, "names no site"},
	} {
		s := c.server
		s.states = map[string]string{site: c.from}
		err := s.driver().Set(t.Context(), subject(c.subject), nil, c.to)
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A site that never gets anywhere ends with ctx.
func TestHang(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newServer("Stopping", "")
	d := Driver{s.appcmd, func(context.Context) { cancel() }}
	err := d.Set(ctx, subject("site:The Shop"), nil, plan.State{"running": "no"})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "still stopping") {
		t.Error(err)
	}
}

// Neither the machines of the tests nor Wine have IIS.
func TestWithoutIIS(t *testing.T) {
	if _, err := New().Read(t.Context(), subject("site:The Shop")); !errors.Is(err, errAbsent) {
		t.Errorf("%s: %v", runtime.GOOS, err)
	}
	if err := New().Set(t.Context(), subject("pool:Pool"), nil, plan.State{"running": "no"}); !errors.Is(err, errAbsent) {
		t.Errorf("%s: %v", runtime.GOOS, err)
	}
}
