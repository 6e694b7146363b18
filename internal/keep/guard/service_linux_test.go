package guard_test

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/keep/guard"
	"github.com/berthd/berth/internal/testbed"
)

const promises = `[[promise]]
port = 80
owner = "unit:nginx.service"
reason = "public web"
policy = "restore"
remedy = "stop:apache2.service"

[[promise]]
port = 81
owner = "exe:nobody"
`

const nginxConf = "events {}\nhttp { server { listen 80; } }\n"

// The installed service, hardened as it is, on a booted machine: what it sees, what it
// restores, and when it stops.
func TestSystemdService(t *testing.T) {
	testbed.Need(t, testbed.TierSystemd, "root", "systemd-nspawn")
	in := guard.Installation{Program: "/usr/local/bin/berth", Ledger: "/etc/berth/berth.toml",
		Args: []string{"--grace", "700ms", "--backoff", "200ms", "--tries", "4", "--calm", "3s"}}
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"), testbed.WithFile(in.Ledger, promises), testbed.WithFile("/etc/nginx/nginx.conf", nginxConf),
		testbed.WithFile("/etc/apache2/ports.conf", "Listen 80\n"),
		testbed.WithFile("/etc/systemd/system/berth-guard.service", guard.SystemdUnit(in)))
	if got := m.BerthPath(); got != in.Program {
		t.Fatalf("berth is %s", got)
	}
	m.Run("systemd-analyze", "verify", "/etc/systemd/system/berth-guard.service")
	m.AwaitUnit("nginx.service", "active")
	m.Run("systemctl", "start", "berth-guard.service")
	said := func(what string, more ...string) func() bool {
		return func() bool {
			return strings.Contains(m.Try("journalctl", append([]string{"-u", "berth-guard.service", "-o", "cat"}, more...)...).Stdout, what)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(m.Try("journalctl", "-u", "berth-guard.service", "-u", "nginx.service", "-u", "apache2.service").Stdout)
		}
	})
	testbed.Await(t, "the guard to watch", said("watching 2 promises of /etc/berth/berth.toml"))

	m.Run("systemctl", "stop", "nginx.service")
	testbed.Await(t, "nginx to be started again", said("done for 80/tcp: starting unit:nginx.service"))
	m.AwaitUnit("nginx.service", "active")
	testbed.Await(t, "the promise to be kept", said("kept: 80/tcp is held by nginx.service (nginx, PID "))

	// A stranger, who was there first: he is told, and the remedy that the ledger names
	// ends him.
	m.Run("systemctl", "stop", "berth-guard.service", "nginx.service")
	m.Run("systemctl", "start", "apache2.service")
	m.Run("systemctl", "start", "berth-guard.service")
	testbed.Await(t, "the stranger to be told", said("broken: 80/tcp is promised to unit:nginx.service (public web) and held by apache2.service", "-p", "warning"))
	m.AwaitUnit("apache2.service", "inactive")
	m.AwaitUnit("nginx.service", "active")

	// A fighter wins, loudly. Its twin, who leaves off, does not.
	m.Run("systemctl", "reset-failed")
	m.Run("systemd-run", "--unit", "fighter", "sh", "-c", "while sleep 0.1; do systemctl stop nginx.service; done")
	testbed.Await(t, "the guard to give up", said("GIVING UP on 80/tcp", "-p", "crit"))
	tries := strings.Count(m.Run("journalctl", "-u", "berth-guard.service", "-o", "cat"), "restoring 80/tcp")
	m.Run("systemctl", "stop", "fighter.service")
	m.Run("systemctl", "reset-failed")
	if got := m.Unit("nginx.service", "ActiveState"); got != "inactive" {
		t.Errorf("given up, nginx is %s", got)
	}
	if n := strings.Count(m.Run("journalctl", "-u", "berth-guard.service", "-o", "cat"), "restoring 80/tcp"); n != tries {
		t.Errorf("given up, and %d tries became %d", tries, n)
	}
	m.Run("systemctl", "start", "nginx.service")
	testbed.Await(t, "the guard to resume", said("80/tcp has been kept for a while: it is looked after again"))
	m.Run("systemctl", "stop", "nginx.service")
	m.AwaitUnit("nginx.service", "active")

	// Policy alert: somebody on port 81 is told and left alone. A reload says so too.
	m.Run("systemd-run", "--unit", "stranger", "--socket-property=ListenStream=81", "cat")
	testbed.Await(t, "port 81 to be told", said("broken: 81/tcp is promised to exe:nobody and held by stranger.socket"))
	m.Run("systemctl", "reload", "berth-guard.service")
	testbed.Await(t, "the reload", func() bool {
		return strings.Count(m.Run("journalctl", "-u", "berth-guard.service", "-o", "cat"), "watching 2 promises") == 3
	})
	m.Run("systemctl", "stop", "berth-guard.service")
	if got := m.Unit("berth-guard.service", "Result"); got != "success" {
		t.Errorf("it ended with %s", got)
	}
}
