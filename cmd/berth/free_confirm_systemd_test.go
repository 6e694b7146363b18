package main

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// A plan that may cut the asker off goes back by itself when nobody confirms it: the
// session that made it has ended long before. Confirmed from a new session it stays,
// and berth undo takes it back; the session that made it cannot confirm it.
func TestSystemdFreeGoesBackUnconfirmed(t *testing.T) {
	move := "berth free 22 --remedy move --yes --settle 100ms --confirm-within "
	for _, unit := range []string{"ssh.service", "ssh.socket"} {
		grounds := func(t *testing.T) *bed {
			t.Helper()
			t.Parallel()
			b := boot(t, testbed.WithEnabled(unit))
			b.AwaitUnit(unit, "active")
			testbed.Await(t, "port 22 to be held", func() bool { return b.Run("ss", "-Hltn", "sport = :22") != "" })
			b.remember()
			return b
		}
		t.Run(unit+" goes back", func(t *testing.T) {
			b := grounds(t)
			b.session(0, move+"2s")
			if r := b.berth(1, "journal"); !strings.Contains(r.Stdout, "unconfirmed") {
				t.Errorf("%s", r.Stdout)
			}
			b.berth(0, "check", "22")
			testbed.Await(t, "it to go back by itself", func() bool { return b.Berth("journal").Code == 0 })
			b.asBefore("unconfirmed")
			b.berth(1, "confirm") // too late
		})
		t.Run(unit+" goes back when berth is killed", func(t *testing.T) {
			b := grounds(t)
			b.session(0, "berth free 22 --remedy move --yes --settle 60s --confirm-within 3s >/dev/null 2>&1 & p=$!; "+
				"until grep -q done "+journalDir+"/journal/1/log; do sleep 0.05; done; kill -9 $p")
			b.berth(1, "journal")
			testbed.Await(t, "it to go back by itself", func() bool { return b.Berth("journal").Code == 0 })
			b.asBefore("killed")
		})
		t.Run(unit+" stays", func(t *testing.T) {
			b := grounds(t)
			// The same session is refused, whatever it runs in between.
			r := b.session(1, move+"60s && berth confirm")
			if !strings.Contains(r.Stdout+r.Stderr, "from another session") {
				t.Errorf("the same session was refused with\n%s%s", r.Stdout, r.Stderr)
			}
			if timers := b.Run("systemctl", "list-timers", "--all", "--no-legend", "berth*"); timers == "" {
				t.Error("no timer waits")
			}
			b.session(0, "berth confirm")
			b.berth(0, "journal")
			if timers := b.Run("systemctl", "list-timers", "--all", "--no-legend", "berth*"); timers != "" {
				t.Errorf("confirmed, and still there: %s", timers)
			}
			b.berth(0, "check", "22")
			b.Run("sh", "-c", "ss -Hltn | grep -q :2222")
			b.berth(0, "undo")
			b.asBefore("confirmed and taken back")
		})
	}
}

// session runs words in a session of their own, as a login does.
func (b *bed) session(want int, words string) testbed.Result {
	b.t.Helper()
	r := b.Try("setsid", "-w", "sh", "-c", words)
	if r.Code != want {
		b.t.Fatalf("%s: exit %d, not %d\n%s%s", words, r.Code, want, r.Stdout, r.Stderr)
	}
	return r
}

// What comes back whoever kills it: killed, it is found to be there again, by name, and
// all is as before; stopped at the layer that starts it, it stays away.
func TestSystemdFreeRespawn(t *testing.T) {
	b := boot(t, testbed.WithFile("/etc/systemd/system/again.service", again),
		testbed.WithFile("/root/keeper", "#!/bin/sh\nwhile :; do python3 -m http.server 8001; done\n"))
	b.Run("systemctl", "start", "again.service")
	b.Start("sh", "/root/keeper")
	for _, port := range []string{"8000", "8001"} {
		testbed.Await(t, "port "+port+" to be held", func() bool { return b.Run("ss", "-Hltn", "sport = :"+port) != "" })
	}
	b.remember()
	pid := strings.TrimSpace(b.Run("systemctl", "show", "--value", "-p", "MainPID", "again.service"))
	r := b.berth(2, "free", "8000", "--remedy", "kill:pid-"+pid, "--yes")
	if !strings.Contains(r.Stderr, "stop:again.service") {
		t.Errorf("a unit's process is refused with\n%s", r.Stderr)
	}
	by := strings.TrimSpace(b.Run("pgrep", "-f", "http.server 8001"))
	r = b.berth(5, "free", "8001", "--remedy", "stop:pid-"+by, "--yes", "--settle", "2s")
	if !strings.Contains(r.Stdout, "taken again") || !strings.Contains(r.Stdout, "python3") {
		t.Errorf("%s", r.Stdout)
	}
	b.asBefore("after the respawn")
}
