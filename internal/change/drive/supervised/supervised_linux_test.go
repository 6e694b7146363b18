package supervised

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
	"github.com/berthd/berth/internal/testbed"
)

const programs = `[program:web]
command=sleep 1001
[program:two]
command=sleep 1002
numprocs=2
process_name=%(program_name)s_%(process_num)d
[program:falls]
command=false
startretries=1000
[program:off]
command=sleep 1003
autostart=false
[program:fatal]
command=false
startretries=0
autostart=false
`

const runScript = "#!/bin/sh\nexec sleep 1004\n"

// Debian's supervisord and runit, each in a booted machine.
func TestSystemdSupervisors(t *testing.T) {
	m := testbed.Boot(t, testbed.WithFile("/etc/supervisor/conf.d/test.conf", programs), testbed.WithEnabled("supervisor.service"))
	m.Put("/service/web/run", []byte(runScript), 0o755)
	m.Put("/service/falls/run", []byte("#!/bin/sh\nexit 1\n"), 0o755)
	m.Put("/service/deaf/run", []byte("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n"), 0o755)
	m.Start("runsvdir", "-P", "/service")
	for _, test := range []string{"TestInsideSupervisord", "TestInsideRunit"} {
		r := m.Self("^" + test + "$")
		if r.Code != 0 || !strings.Contains(r.Stdout, "--- PASS: "+test) {
			t.Errorf("%s: exit %d\n%s%s", test, r.Code, r.Stdout, r.Stderr)
		}
	}
}

// Root does not read, with its own rights, the configuration of another's supervisord.
func TestNetnsConfigurationOfAnother(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root")
	const nobody = 65534
	conf := filepath.Join(t.TempDir(), "s.conf")
	if err := os.WriteFile(conf, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var as []*run.User
	d := Driver{func(_ context.Context, _ []string, o run.Options) (run.Result, error) {
		as = append(as, o.As)
		return exit(0, "web RUNNING\n"), nil
	}}
	s := job("supervisor", "supervisord", "config", conf)
	if now, err := d.Read(t.Context(), s); err != nil || as[0] != nil {
		t.Errorf("root's: %q, %v", now, err)
	}
	if err := os.Chown(conf, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	if now, err := d.Read(t.Context(), s); !errors.Is(err, run.ErrUnsafe) {
		t.Errorf("another's: %q, %v", now, err)
	}
	s.Of["uid"] = strconv.Itoa(nobody)
	if now, err := d.Read(t.Context(), s); err != nil || as[1].UID != nobody {
		t.Errorf("as its owner: %q, %v", now, err)
	}
}

func inside(t *testing.T) {
	t.Helper()
	if !testbed.Inside() {
		t.Skip("run by TestSystemdSupervisors")
	}
}

func of(supervisor, name string) plan.Subject {
	return plan.Subject{Kind: plan.Supervised, Name: name, Of: map[string]string{"supervisor": supervisor}}
}

// is waits until a program is as it should be at the start.
func is(t *testing.T, s plan.Subject, running, words string) {
	t.Helper()
	var now condition
	for range 400 {
		tool, err := New().tool(s)
		if err == nil {
			now, err = tool.condition(t.Context())
		}
		if err == nil && now.plan()["running"] == running && strings.Contains(words, now.word) {
			return
		}
	}
	t.Errorf("%s: %+v", s.Name, now)
}

func set(t *testing.T, s plan.Subject, to plan.State) {
	t.Helper()
	if err := New().Set(t.Context(), s, nil, to); err != nil {
		t.Error(err)
	}
	now, err := New().Read(t.Context(), s)
	if err != nil || now["running"] != to["running"] {
		t.Errorf("%s: %q, %v", s.Name, now, err)
	}
}

// processes is how many run a command line, as the kernel says.
func processes(t *testing.T, args ...string) int {
	t.Helper()
	all, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range all {
		if line, err := os.ReadFile("/proc/" + p.Name() + "/cmdline"); err == nil && string(line) == strings.Join(args, "\x00")+"\x00" {
			n++
		}
	}
	return n
}

// stopAndStart: when the supervisor says so, the process is there or is not.
func stopAndStart(t *testing.T, s plan.Subject, args ...string) {
	t.Helper()
	is(t, s, "yes", "RUNNING run")
	for _, to := range []plan.State{no, no, yes, yes} {
		set(t, s, to)
		want := map[string]int{"no": 0, "yes": 1}[to["running"]]
		if n := processes(t, args...); n != want {
			t.Errorf("%s: %d processes, asked for %v", s.Name, n, to)
		}
	}
}

func TestInsideSupervisord(t *testing.T) {
	inside(t)
	stopAndStart(t, of("supervisord", "web"), "sleep", "1001")
	is(t, of("supervisord", "two_1"), "yes", "RUNNING")
	set(t, of("supervisord", "two_1"), no)
	is(t, of("supervisord", "two:two_0"), "yes", "RUNNING")
	is(t, of("supervisord", "off"), "no", "STOPPED")
	is(t, of("supervisord", "falls"), "yes", "BACKOFF STARTING")
	set(t, of("supervisord", "falls"), no)
	if err := New().Set(t.Context(), of("supervisord", "fatal"), nil, yes); !errors.Is(err, ErrStays) || !strings.Contains(err.Error(), "FATAL") {
		t.Error(err)
	}
	for _, name := range []string{"two", "all", "two:*", "none"} {
		if err := New().Set(t.Context(), of("supervisord", name), nil, no); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	is(t, of("supervisord", "web"), "yes", "RUNNING") // nothing was meant by all
	gone := of("supervisord", "web")
	gone.Of["config"] = "/etc/supervisor/none.conf"
	if now, err := New().Read(t.Context(), gone); err == nil {
		t.Errorf("%q", now)
	}
}

func TestInsideRunit(t *testing.T) {
	inside(t)
	stopAndStart(t, of("runit", "web"), "sleep", "1004")
	is(t, of("runit", "falls"), "yes", "down run")
	set(t, of("runit", "falls"), no)
	is(t, of("runit", "falls"), "no", "down")
	is(t, of("runit", "web"), "yes", "run")
	is(t, of("runit", "deaf"), "yes", "run")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := New().Set(ctx, of("runit", "deaf"), nil, no)
	if !errors.Is(err, ErrStays) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "it is run") {
		t.Errorf("one that does not end: %v", err)
	}
	if now, err := New().Read(t.Context(), of("runit", "none")); !errors.Is(err, ErrUnknown) {
		t.Errorf("%q, %v", now, err)
	}
	unkept := of("runit", "ssh")
	unkept.Of["dir"] = "/etc/sv/ssh"
	if now, err := New().Read(t.Context(), unkept); !errors.Is(err, ErrNotRunning) {
		t.Errorf("%q, %v", now, err)
	}
}
