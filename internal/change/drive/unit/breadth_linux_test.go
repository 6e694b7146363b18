package unit

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

const units = "/etc/systemd/system/"

func sleeper(more string) string { return "[Service]\nExecStart=/bin/sleep infinity\n" + more }

// The socket unit holds the port; the service's Also= names it, and does not reach it.
func TestSystemdSocketUnitThereAndBack(t *testing.T) {
	m := testbed.Boot(t,
		testbed.WithFile("/usr/lib/systemd/system/web.socket", "[Socket]\nListenStream=8081\n[Install]\nWantedBy=sockets.target\n"),
		testbed.WithFile("/usr/lib/systemd/system/web.service", sleeper("[Install]\nWantedBy=multi-user.target\nAlias=www.service\nAlso=web.socket\n")),
		testbed.WithFile("/usr/lib/systemd/system/lone.service", sleeper("[Install]\nWantedBy=multi-user.target\nAlso=lone.socket\n")),
		testbed.WithFile("/usr/lib/systemd/system/lone.socket", "[Socket]\nListenStream=8082\n[Install]\nWantedBy=sockets.target\n"),
		testbed.WithEnabled("web.service"))
	m.AwaitUnit("web.socket", "active")
	m.AwaitUnit("web.service", "active")
	d := New(m.Root("/"))
	if links := read(t, d, "web.service")["links"]; strings.Contains(links, "web.socket") || !strings.Contains(links, units+"www.service -> ") {
		t.Errorf("links of web.service: %s", links)
	}
	if links := read(t, d, "web.socket")["links"]; strings.Contains(links, "web.service") {
		t.Errorf("links of web.socket: %s", links)
	}
	off := plan.State{"active": "inactive", "enabled": "disabled"}
	thereAndBack(t, m, "web.service", off)
	thereAndBack(t, m, "web.service", plan.State{"active": "inactive", "enabled": "masked"})

	before := read(t, d, "web.service")
	set(t, d, "web.service", before, plan.State{"enabled": "disabled"})
	if got := read(t, d, "web.socket"); got["active"] != "active" || got["enabled"] != "enabled" {
		t.Errorf("disabling reached the unit of Also=: %v", got)
	}
	set(t, d, "web.service", before, plan.State{"enabled": "enabled"})

	// A link that no [Install] asks for is put back too, and one that was not there is
	// not made although [Install] asks for it.
	m.Run("systemctl", "--quiet", "add-wants", "basic.target", "web.service")
	m.Run("rm", "-r", units+"sockets.target.wants")
	m.Run("systemctl", "daemon-reload")
	thereAndBack(t, m, "web.service", off)
	lone := plan.State{"active": "active", "enabled": "enabled"}
	thereAndBack(t, m, "lone.service", lone)
	set(t, d, "lone.service", nil, lone)
	if got := read(t, d, "lone.socket"); got["enabled"] != "disabled" {
		t.Errorf("enabling reached the unit of Also=: %v", got)
	}

	// As a plan does it: the socket unit first, in both directions, and everything read
	// before anything is done.
	was := m.State()
	socket, web := read(t, d, "web.socket"), read(t, d, "web.service")
	set(t, d, "web.socket", socket, plan.State{"active": "inactive", "enabled": "masked"})
	set(t, d, "web.service", web, off)
	set(t, d, "web.socket", socket, socket)
	set(t, d, "web.service", web, web)
	if diff := testbed.Diff(was, m.State()); len(diff) > 0 {
		t.Errorf("both, undone:\n%s", strings.Join(diff, "\n"))
	}
	// The other way round systemd refuses.
	set(t, d, "web.socket", socket, plan.State{"active": "inactive"})
	if err := d.Set(patient(t), subject("web.socket"), socket, socket); err == nil || !strings.Contains(err.Error(), "already active, refusing") {
		t.Errorf("a socket unit started while its service runs: %v", err)
	}
}

func TestSystemdOtherUnitsThereAndBack(t *testing.T) {
	m := testbed.Boot(t, testbed.WithEnabled("ssh.socket", "again.service", "apache2.service", "shown.service"),
		testbed.WithFile(units+"again.service", sleeper("Restart=always\n[Install]\nWantedBy=multi-user.target\n")),
		testbed.WithFile(units+"dies143.service", "[Service]\nExecStart=/bin/sh -c 'trap \"exit 143\" TERM; sleep infinity & wait'\n"),
		testbed.WithFile("/usr/lib/systemd/system/hidden.service", sleeper("[Install]\nWantedBy=multi-user.target\nAlso=shown.service\n")),
		testbed.WithFile("/usr/lib/systemd/system/shown.service", sleeper("[Install]\nWantedBy=multi-user.target\n")),
		testbed.WithFile("/opt/linked.service", sleeper("[Install]\nWantedBy=multi-user.target\n")))
	m.AwaitUnit("apache2.service", "active")
	m.AwaitUnit("again.service", "active")
	m.Run("systemctl", "--quiet", "mask", "hidden.service")
	m.Run("systemctl", "--quiet", "enable", "--now", "/opt/linked.service")
	m.Run("systemctl", "start", "dies143")
	off := plan.State{"active": "inactive", "enabled": "disabled"}
	for _, tc := range []struct {
		unit string
		to   plan.State
	}{
		{"apache2.service", off},
		{"again.service", off},
		{"ssh.socket", off},
		{"ssh.socket", plan.State{"active": "inactive", "enabled": "masked"}},
		{"ssh.service", plan.State{"active": "active", "enabled": "enabled"}},
		{"hidden.service", plan.State{"active": "active", "enabled": "enabled"}},
		{"dies143.service", plan.State{"active": "inactive"}},
	} {
		thereAndBack(t, m, tc.unit, tc.to)
	}
	// Disabling a unit whose file is but linked would take it away altogether.
	d, was := New(m.Root("/")), m.State()
	linked := read(t, d, "linked.service")
	if err := d.Set(patient(t), subject("linked.service"), linked, off); err == nil || !strings.Contains(err.Error(), "/opt/linked.service") {
		t.Errorf("disabled a linked unit: %v", err)
	}
	set(t, d, "linked.service", linked, plan.State{"active": "active", "enabled": "enabled"})
	if diff := testbed.Diff(was, m.State()); len(diff) > 0 {
		t.Errorf("linked.service after the refusal:\n%s", strings.Join(diff, "\n"))
	}
	thereAndBack(t, m, "linked.service", plan.State{"active": "inactive", "enabled": "linked"})
}

// What a crash may leave is finished or taken back by the same calls.
func TestSystemdSetAfterACrash(t *testing.T) {
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"))
	m.AwaitUnit("nginx.service", "active")
	d := New(m.Root("/"))
	was, before := m.State(), read(t, d, "nginx.service")
	off := plan.State{"active": "inactive", "enabled": "masked"}
	bus := func(words ...string) {
		m.Run("busctl", append([]string{"--quiet", "call", "org.freedesktop.systemd1", "/org/freedesktop/systemd1", ifaceManager}, words...)...)
	}
	for name, crash := range map[string]func(){
		"stopped": func() { bus("StopUnit", "ss", "nginx.service", "replace") },
		"stopped, masked, not told": func() {
			bus("StopUnit", "ss", "nginx.service", "replace")
			bus("MaskUnitFiles", "asbb", "1", "nginx.service", "false", "false")
		},
		"unmasked, link gone": func() {
			bus("DisableUnitFiles", "asb", "1", "nginx.service", "false")
			bus("Reload")
		},
	} {
		crash()
		set(t, d, "nginx.service", before, off)
		if got := read(t, d, "nginx.service"); got["active"] != "inactive" || got["enabled"] != "masked" {
			t.Errorf("%s, then done: %v", name, got)
		}
		set(t, d, "nginx.service", before, plan.State{"active": "active", "enabled": "enabled"})
		crash()
		set(t, d, "nginx.service", before, plan.State{"active": "active", "enabled": "enabled"})
		if diff := testbed.Diff(was, m.State()); len(diff) > 0 {
			t.Errorf("%s, then undone:\n%s", name, strings.Join(diff, "\n"))
		}
	}
}

func TestSystemdSetSaysWhatFailed(t *testing.T) {
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"),
		testbed.WithFile(units+"deaf.service", "[Service]\nExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'\nTimeoutStopSec=300\n"),
		testbed.WithFile(units+"back.service", sleeper("")),
		testbed.WithFile(units+"back.path", "[Path]\nPathExists=/etc/fstab\n"),
		testbed.WithFile(units+"tired.service", "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=1\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'test -e /opt/go'\n"),
		testbed.WithFile(units+"quits.service", "[Service]\nExecStart=/bin/false\nType=oneshot\n"))
	m.AwaitUnit("nginx.service", "active")
	m.Run("systemctl", "start", "deaf", "back.path")
	d := New(m.Root("/"))
	short := func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		t.Cleanup(cancel)
		return ctx
	}
	for _, tc := range []struct {
		name string
		ctx  func(*testing.T) context.Context
		unit string
		to   plan.State
		is   error
		want []string
	}{
		{"port taken", patient, "apache2.service", plan.State{"active": "active"}, nil, []string{"start: failed", "exit-code", "Address already in use"}},
		{"oneshot that fails", patient, "quits.service", plan.State{"active": "active"}, nil, []string{"start: failed", "exit-code, status 1"}},
		{"deaf to TERM", short, "deaf.service", plan.State{"active": "inactive"}, context.DeadlineExceeded, []string{"stop: not done in time", "deactivating (stop-sigterm)"}},
		{"comes back", patient, "back.service", plan.State{"active": "inactive"}, nil, []string{"asked to be inactive, and is active (running)", "started by back.path"}},
		{"no such unit", patient, "nothing.service", plan.State{"active": "active"}, fs.ErrNotExist, []string{"nothing.service"}},
		{"file in the way", patient, "deaf.service", plan.State{"enabled": "masked"}, fs.ErrExist, []string{units + "deaf.service is where", "can only be disabled"}},
		{"static", patient, "deaf.service", plan.State{"enabled": "enabled"}, nil, []string{"asked to be enabled, and is static"}},
		{"made", patient, "nothing.service", plan.State{"exists": "yes"}, nil, []string{"made and removed with its file"}},
		{"no manager", patient, "nginx.service", plan.State{"active": "active"}, fs.ErrNotExist, []string{"uid 4711 has no manager"}},
	} {
		s := subject(tc.unit)
		if tc.name == "no manager" {
			s.Of = map[string]string{"manager": "4711"}
		}
		err := d.Set(tc.ctx(t), s, plan.State{}, tc.to)
		if err == nil {
			t.Errorf("%s: no error", tc.name)
			continue
		}
		if tc.is != nil && !errors.Is(err, tc.is) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.is)
		}
		for _, want := range tc.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q, want %q", tc.name, err, want)
			}
		}
	}
	if st := read(t, d, "nothing.service"); st["exists"] != "no" || st["active"] != "inactive" {
		t.Errorf("a unit that is not there: %v", st)
	}
	if st := read(t, d, "deaf.service"); st["active"] != "deactivating" || st["enabled"] != "static" {
		t.Errorf("a unit that is stopping: %v", st)
	}
	if st := read(t, d, "apache2.service"); st["active"] != "failed" {
		t.Errorf("a unit that failed: %v", st)
	}
	// What failed too often is started all the same when it can be.
	fails, works := d.Set(patient(t), subject("tired.service"), nil, plan.State{"active": "active"}), plan.State{"active": "active"}
	if fails == nil || m.Unit("tired.service", "ActiveState") != "failed" {
		t.Errorf("tired.service started: %v", fails)
	}
	m.Put("/opt/go", nil, 0o644)
	if r := m.Try("systemctl", "start", "tired"); r.Code == 0 {
		t.Error("tired.service has no limit, and this test shows nothing")
	}
	set(t, d, "tired.service", nil, works)

	// A newcomer that had failed, then was started: undone, it is down.
	set(t, d, "nginx.service", nil, plan.State{"active": "inactive"})
	set(t, d, "apache2.service", plan.State{"active": "failed"}, plan.State{"active": "active"})
	set(t, d, "apache2.service", plan.State{"active": "failed"}, plan.State{"active": "failed"})
	if st := read(t, d, "apache2.service"); st["active"] != "inactive" {
		t.Errorf("undone: %v", st)
	}
}

func TestSystemdReload(t *testing.T) {
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"))
	m.AwaitUnit("nginx.service", "active")
	d := New(m.Root("/"))
	reload := func(name string) error {
		return d.Set(patient(t), plan.Subject{Kind: plan.Reload, Name: name}, plan.State{}, plan.State{})
	}
	m.Put("/etc/nginx/conf.d/more.conf", []byte("server { listen 8083; }\n"), 0o644)
	if err := reload("nginx.service"); err != nil {
		t.Fatal(err)
	}
	testbed.Await(t, "nginx on 8083", func() bool { return strings.Contains(m.Run("ss", "-Hltn"), ":8083") })
	if err := reload("apache2.service"); err != nil || m.Unit("apache2.service", "ActiveState") != "inactive" {
		t.Errorf("reload of what does not run: %v", err)
	}
	m.Put(units+"nginx.service.d/x.conf", []byte("[Unit]\nDescription=mine\n"), 0o644)
	if got := m.Unit("nginx.service", "Description"); got == "mine" {
		t.Error("the manager reads by itself, and this test shows nothing")
	}
	if err := reload("systemd"); err != nil || m.Unit("nginx.service", "Description") != "mine" {
		t.Errorf("reload of the manager: %v", err)
	}
	if st, err := d.Read(patient(t), plan.Subject{Kind: plan.Reload, Name: "nginx.service"}); err != nil || len(st) > 0 {
		t.Errorf("state of a reload: %v, %v", st, err)
	}
}
