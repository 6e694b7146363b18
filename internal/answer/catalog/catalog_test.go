package catalog

import (
	"slices"
	"testing"
)

func TestByIDFindsEveryEntryAndNothingElse(t *testing.T) {
	n := 0
	for e := range All() {
		n++
		if found, ok := ByID(e.ID); !ok || found != e {
			t.Errorf("ByID(%q) = %v, %v", e.ID, found, ok)
		}
		if _, ok := ByID(e.ID + "-"); ok {
			t.Errorf("ByID(%q) found something", e.ID+"-")
		}
	}
	if n == 0 || n != len(table) {
		t.Errorf("All yields %d entries of %d", n, len(table))
	}
	if _, ok := ByID(""); ok {
		t.Error("ByID of nothing found something")
	}
}

func TestAllStopsWhenAsked(t *testing.T) {
	n := 0
	for range All() {
		n++
		break
	}
	if n != 1 {
		t.Errorf("yielded %d times after a break", n)
	}
}

func TestTableIsSortedByID(t *testing.T) {
	sorted := slices.IsSortedFunc(table[:], func(a, b Entry) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	if !sorted {
		t.Error("table is not sorted: ByID cannot find all of it")
	}
}

func TestForManager(t *testing.T) {
	for manager, want := range map[string]string{
		"systemd": "supervisor-systemd", "systemd --user": "supervisor-systemd-user", "systemd -M web": "supervisor-systemd",
		"runit": "supervisor-runit", "s6": "supervisor-s6", "supervisord": "supervisor-supervisord", "pm2": "supervisor-pm2",
		"cron": "supervisor-cron", "inetd": "supervisor-inetd", "monit": "supervisor-monit", "docker": "supervisor-docker",
		"kubernetes": "supervisor-kubernetes", "openrc": "supervisor-openrc", "launchd": "supervisor-launchd", "scm": "supervisor-scm",
		"daemontools": "supervisor-daemontools", "forever": "supervisor-keeper", "circus": "supervisor-keeper", "foreman": "supervisor-procfile",
		"nodemon": "supervisor-reloader", "tsx watch": "supervisor-reloader", "node --watch": "supervisor-reloader", "flask reloader": "supervisor-reloader",
		"uvicorn --reload": "supervisor-reloader", "npm": "supervisor-runner", "concurrently": "supervisor-runner", "tmux": "supervisor-terminal",
		"editor": "supervisor-editor",
	} {
		e, ok := ForManager(manager)
		if !ok || e.ID != want || e.Kind != Supervisor {
			t.Errorf("ForManager(%q) = %v, %v; want %s", manager, e, ok, want)
		}
	}
	for _, manager := range []string{"", "upstart", "supervisor-cron", "-", "container init"} {
		if e, ok := ForManager(manager); ok {
			t.Errorf("ForManager(%q) = %s", manager, e.ID)
		}
	}
}
