package supervised

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
)

// What sv of runit 2.1.2 (Debian 12) said: of a service that runs, one that falls over
// and over, one that was taken down, one with a log, and of folders that are none.
func TestRunitWords(t *testing.T) {
	for line, want := range map[string]condition{
		"run: /srv/sv/web: (pid 15) 5s\n":                                                  {running: true, steady: true, word: "run"},
		"run: /srv/sv/web: (pid 15) 5s, want down, got TERM\n":                             {running: true, word: "run"},
		"run: web: (pid 1) 5s; run: log: (pid 2) 5s, want down\n":                          {running: true, steady: true, word: "run"},
		"down: /srv/sv/bad: 1s, normally up, want up\n":                                    {running: true, word: "down"},
		"down: /srv/sv/web: 0s, normally up\n":                                             {steady: true, word: "down"},
		"down: /srv/sv/web: 1s\n":                                                          {steady: true, word: "down"},
		"down: web: 1s, normally up; run: log: (pid 2) 5s, want up\n":                      {steady: true, word: "down"},
		"finish: web: (pid 7) 1s, normally up\n":                                           {running: true, word: "finish"},
		"fail: /srv/sv/none: unable to change to service directory: file does not exist\n": {},
		"warning: /etc/sv/ssh: unable to open supervise/ok: file does not exist\n":         {},
		"":                           {},
		"unheard: /srv/sv/web: 1s\n": {},
	} {
		got, err := runitWord(line)
		if (err != nil) != (want == condition{}) || err == nil && got != want {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
	if _, err := runitWord("warning: /etc/sv/ssh: unable to open supervise/ok: file does not exist\n"); !errors.Is(err, ErrNotRunning) {
		t.Error(err)
	}
}

// What supervisorctl 4.2.5 (Debian 12) said.
const listing = `bad                              BACKOFF   Exited too quickly (process log may have details)
off                              STOPPED   Not started
two:two_0                        RUNNING   pid 43, uptime 0:00:02
two:two_1                        STOPPED   Nov 21 05:18 PM
other:two_1                      RUNNING   pid 44, uptime 0:00:02
web                              RUNNING   pid 45, uptime 0:00:02
odd                              UNKNOWN
`

func TestPick(t *testing.T) {
	for name, want := range map[string]struct {
		full string
		now  condition
		err  error
	}{
		"web":         {"web", condition{running: true, steady: true, word: "RUNNING"}, nil},
		"bad":         {"bad", condition{running: true, word: "BACKOFF"}, nil},
		"off":         {"off", condition{steady: true, word: "STOPPED"}, nil},
		"two_0":       {"two:two_0", condition{running: true, steady: true, word: "RUNNING"}, nil},
		"two:two_1":   {"two:two_1", condition{steady: true, word: "STOPPED"}, nil},
		"two_1":       {err: ErrAmbiguous},
		"two":         {err: ErrUnknown},
		"all":         {err: ErrUnknown},
		"two:*":       {err: ErrUnknown},
		"none":        {err: ErrUnknown},
		"Exited":      {err: ErrUnknown},
		"BACKOFF":     {err: ErrUnknown},
		"two_0:two_0": {err: ErrUnknown},
	} {
		full, now, err := pick(listing, name)
		if full != want.full || now != want.now || !errors.Is(err, want.err) {
			t.Errorf("%s: %q, %+v, %v", name, full, now, err)
		}
	}
	if _, _, err := pick(listing, "odd"); err == nil {
		t.Error("an unknown word is believed")
	}
}

// What pm2 7.0.4 said, shortened: advice in front, an environment, two instances.
const apps = `>>>> In-memory PM2 is out-of-date, do:
>>>> $ pm2 update
[{"pid":28635,"name":"web","pm2_env":{"name":"web","env":{"SECRET":"[{"},"status":"online"},"pm_id":0,"monit":{"memory":1}},{"pid":0,"name":"api","pm2_env":{"status":"stopped"},"pm_id":1},{"pid":0,"name":"web","pm2_env":{"status":"errored"},"pm_id":2}]
`

func TestPM2List(t *testing.T) {
	mine, err := parseApps(apps, "web")
	if err != nil || len(mine) != 2 || *mine[0].ID != 0 || *mine[1].ID != 2 {
		t.Fatalf("%+v, %v", mine, err)
	}
	if now, err := together(mine); err != nil || !now.running || now.steady || !now.failed || now.word != "online, errored" {
		t.Errorf("%+v, %v", now, err)
	}
	if now, err := together(mine[:1]); err != nil || now != (condition{running: true, steady: true, word: "online"}) {
		t.Errorf("%+v, %v", now, err)
	}
	for _, text := range []string{apps, "[]\n"} {
		if _, err := parseApps(text, "all"); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
	}
	for _, text := range []string{"", "no list", "[{", `[{"name":1}]`} {
		if got, err := parseApps(text, "web"); err == nil || errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if _, err := pm2Word("confused"); err == nil {
		t.Error("an unknown word is believed")
	}
}

// What s6-svstat 2.11.3 (Debian 12) said.
func TestS6Words(t *testing.T) {
	for text, want := range map[string]condition{
		"true true\n":   {running: true, steady: true, word: "up"},
		"true false\n":  {running: true, word: "up, wanted down"},
		"false true\n":  {running: true, word: "down, wanted up"},
		"false false\n": {steady: true, word: "down"},
	} {
		if got, err := s6Word(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	if got, err := s6Word("up (pid 4252) 0 seconds"); err == nil {
		t.Error(got)
	}
}

func FuzzWords(f *testing.F) {
	f.Add(listing, "two_0")
	f.Add(apps, "web")
	f.Add("run: web: (pid 1) 5s; run: log: (pid 2) 5s\n", "")
	f.Add("true false\n", "x")
	f.Fuzz(func(t *testing.T, text, name string) {
		if full, _, err := pick(text, name); err == nil && full != name && !strings.HasSuffix(full, ":"+name) {
			t.Errorf("%q for %q", full, name)
		}
		if mine, err := parseApps(text, name); err == nil {
			if _, err := together(mine); err == nil && mine[0].Name != name {
				t.Errorf("%q for %q", mine[0].Name, name)
			}
		}
		for _, read := range []func(string) (condition, error){runitWord, s6Word, supervisordWord, pm2Word} {
			if now, err := read(text); err == nil && now.word == "" {
				t.Errorf("%q is a condition without a word", text)
			}
		}
	})
}

// machine stands for a supervisor's command: what it says in turn.
type machine struct {
	t     *testing.T
	says  []run.Result
	asked [][]string
	opts  run.Options
}

func (m *machine) run(_ context.Context, argv []string, o run.Options) (run.Result, error) {
	m.asked, m.opts = append(m.asked, argv), o
	if len(m.says) == 0 {
		m.t.Fatalf("asked once more: %q", argv)
	}
	r := m.says[0]
	m.says = m.says[1:]
	return r, nil
}

func job(of ...string) plan.Subject {
	s := plan.Subject{Kind: plan.Supervised, Name: "web", Of: map[string]string{}}
	for i := 0; i < len(of); i += 2 {
		s.Of[of[i]] = of[i+1]
	}
	return s
}

func exit(code int, out string) run.Result { return run.Result{Exit: code, Stdout: out} }

var (
	yes = plan.State{"running": "yes"}
	no  = plan.State{"running": "no"}
)

// No exit code is believed: it is asked until it is so.
func TestSetWaitsForTheSupervisorsWord(t *testing.T) {
	up, stopping, down := exit(0, "web RUNNING pid 1\n"), exit(3, "web STOPPING\n"), exit(3, "web STOPPED Nov 21\n")
	fatal, starting := exit(3, "web FATAL Exited too quickly\n"), exit(3, "web STARTING\n")
	conf := filepath.Join(t.TempDir(), "s.conf")
	if err := os.WriteFile(conf, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := job("supervisor", "supervisord", "config", conf, "program", "/usr/bin/supervisorctl")
	for what, c := range map[string]struct {
		to   plan.State
		says []run.Result
		err  error
		verb string // what it was asked to do
	}{
		"stopped":                 {no, []run.Result{up, exit(0, "web: stopped\n"), stopping, stopping, down}, nil, "stop"},
		"stopped before":          {no, []run.Result{down}, nil, ""},
		"stopped, said it failed": {no, []run.Result{up, exit(1, "web: ERROR (not running)\n"), down}, nil, "stop"},
		"not stopped":             {no, []run.Result{up, exit(1, "error: <class 'xmlrpc'>\n"), up}, ErrStays, "stop"},
		"started":                 {yes, []run.Result{down, exit(0, "web: started\n"), starting, up}, nil, "start"},
		"runs before":             {yes, []run.Result{up}, nil, ""},
		"given up":                {yes, []run.Result{down, exit(0, "web: ERROR (spawn error)\n"), starting, fatal}, ErrStays, "start"},
		"gone away in the middle": {no, []run.Result{up, exit(0, ""), exit(4, "unix:///var/run/supervisor.sock no such file\n")}, ErrNotRunning, "stop"},
		"not there":               {no, []run.Result{exit(4, "unix:///var/run/supervisor.sock no such file\n")}, ErrNotRunning, ""},
		"not known to it":         {no, []run.Result{exit(0, "other RUNNING\n")}, ErrUnknown, ""},
	} {
		m := &machine{t: t, says: c.says}
		if err := (Driver{m.run}).Set(t.Context(), s, nil, c.to); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", what, err)
		}
		if len(m.says) > 0 {
			t.Errorf("%s: not asked for %v", what, m.says)
		}
		verb := ""
		for _, argv := range m.asked {
			if !slices.Equal(argv[:3], []string{"/usr/bin/supervisorctl", "-c", conf}) {
				t.Errorf("%s: %q", what, argv)
			}
			if argv[3] != "status" {
				verb = argv[3]
			}
		}
		if verb != c.verb {
			t.Errorf("%s: asked to %q", what, verb)
		}
	}
}

func TestSetEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stuck := Driver{func(_ context.Context, argv []string, _ run.Options) (run.Result, error) {
		if argv[len(argv)-1] == "status" {
			return exit(0, "web STOPPING\n"), nil
		}
		cancel()
		return exit(0, ""), nil
	}}
	err := stuck.Set(ctx, job("supervisor", "supervisord"), nil, no)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrStays) || !strings.Contains(err.Error(), "STOPPING") {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	never := Driver{func(_ context.Context, argv []string, _ run.Options) (run.Result, error) {
		t.Errorf("asked: %q", argv)
		return run.Result{}, nil
	}}
	named := func(name string, s plan.Subject) plan.Subject { s.Name = name; return s }
	for _, s := range []plan.Subject{
		job(), job("supervisor", "monit"), job("supervisor", "runit", "dir", "etc/service/web"),
		named("", job("supervisor", "supervisord")), named("-c", job("supervisor", "supervisord")), named("../x", job("supervisor", "runit")),
		job("supervisor", "launchd"), job("supervisor", "launchd", "domain", "gui/x"), named("a/b", job("supervisor", "launchd", "domain", "system")),
		job("supervisor", "pm2", "home", t.TempDir()), // with no daemon
		job("supervisor", "pm2", "uid", "99999"),
	} {
		if now, err := never.Read(t.Context(), s); err == nil {
			t.Errorf("%+v: %v", s, now)
		}
		if err := never.Set(t.Context(), s, nil, no); err == nil {
			t.Errorf("%+v is set", s)
		}
	}
	for _, to := range []plan.State{nil, {"running": "perhaps"}, {"running": "no", "state": "x"}} {
		if err := never.Set(t.Context(), job("supervisor", "supervisord"), nil, to); err == nil {
			t.Errorf("%v is accepted", to)
		}
	}
}

// The exit codes of launchctl as its own `launchctl error` names them; never run on a
// Mac.
func TestLaunchd(t *testing.T) {
	s := job("supervisor", "launchd", "domain", "gui/501", "plist", "/Library/web.plist")
	s.Name = "org.web"
	m := &machine{t: t, says: []run.Result{exit(0, "{}"), exit(inProgress, ""), exit(0, "{}"), exit(noSuchService, "")}}
	if err := (Driver{m.run}).Set(t.Context(), s, nil, no); err != nil {
		t.Error(err)
	}
	m.says = []run.Result{exit(noSuchService, ""), exit(0, ""), exit(0, "{}")}
	if err := (Driver{m.run}).Set(t.Context(), s, nil, yes); err != nil {
		t.Error(err)
	}
	printed := []string{"/bin/launchctl", "print", "gui/501/org.web"}
	want := [][]string{printed, {"/bin/launchctl", "bootout", "gui/501/org.web"}, printed, printed, printed, {"/bin/launchctl", "bootstrap", "gui/501", "/Library/web.plist"}, printed}
	if diff := cmp.Diff(want, m.asked); diff != "" {
		t.Error(diff)
	}
	m.says = []run.Result{exit(0, "{}"), exit(150, ""), exit(0, "{}")} // System Integrity Protection
	if err := (Driver{m.run}).Set(t.Context(), s, nil, no); !errors.Is(err, ErrStays) {
		t.Error(err)
	}
	m.says = []run.Result{exit(1, "")}
	if now, err := (Driver{m.run}).Read(t.Context(), s); err == nil {
		t.Error(now)
	}
}

// pm2 is asked by numbers, and only where its daemon answers.
func TestPM2IsAskedByNumbers(t *testing.T) {
	home, err := os.MkdirTemp("", "pm2") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	l, err := net.Listen("unix", filepath.Join(home, "rpc.sock"))
	if err != nil && runtime.GOOS == "windows" {
		t.Logf("no unix sockets here: %v", err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	down := strings.NewReplacer("online", "stopped", "errored", "stopped").Replace(apps)
	m := &machine{t: t, says: []run.Result{exit(0, apps), exit(0, apps), exit(0, ""), exit(0, down)}}
	s := job("supervisor", "pm2", "home", home)
	if err := (Driver{m.run}).Set(t.Context(), s, nil, no); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([][]string{{"pm2", "jlist"}, {"pm2", "jlist"}, {"pm2", "stop", "0"}, {"pm2", "jlist"}}, m.asked); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(m.opts.Env, "PM2_HOME="+home) {
		t.Errorf("%q", m.opts.Env)
	}
	m.says = []run.Result{{Stdout: apps, Truncated: true}}
	if now, err := (Driver{m.run}).Read(t.Context(), s); err == nil {
		t.Error(now)
	}
}

func TestOfUser(t *testing.T) {
	home := t.TempDir()
	if got := ofUser("berth-none", home); got != "berth-none" {
		t.Error(got)
	}
	var want string
	for _, v := range []string{"v18.1.0", "v20.2.0"} {
		want = filepath.Join(home, ".nvm", "versions", "node", v, "bin", "berth-none")
		if err := errors.Join(os.MkdirAll(filepath.Dir(want), 0o755), os.WriteFile(want, nil, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	if got := ofUser("berth-none", home); got != want {
		t.Error(got)
	}
	known := "sh"
	if runtime.GOOS == "windows" {
		known = "netsh"
	}
	if got := ofUser(known, home); got != known {
		t.Error(got)
	}
}
