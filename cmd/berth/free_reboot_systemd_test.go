package main

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// An order of start counts from the next boot: the plan is open until then, and the
// first berth after it verifies and closes it. The twins: somebody has taken it back
// before the boot, which is told; and no reboot has been.
func TestSystemdFreeAfterReboot(t *testing.T) {
	for _, tc := range []struct {
		name, meanwhile string
		first           []string // the first berth after the reboot
		told            string
		open            int
	}{
		{"verified by the overview", "", []string{}, "After the reboot: Done: apache2.service listens on tcp 0.0.0.0:80", 0},
		{"verified by the journal", "", []string{"journal"}, "After the reboot: Done", 0},
		{"taken away meanwhile", "rm -r /etc/systemd/system/apache2.service.d", []string{"journal"}, "is not as planned", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := boot(t, testbed.WithEnabled("nginx.service"))
			b.AwaitUnit("nginx.service", "active")
			b.Run("sh", "-ec", "systemctl enable -q apache2; ! systemctl start apache2")
			b.remember()
			said := b.free("80", "--for", "unit:apache2.service", "--remedy", "order").Stdout
			if !strings.Contains(said, "berth undo 1 takes it back") || open(said) != 1 {
				t.Errorf("an end that waits for a reboot says so:\n%s", said)
			}
			if r := b.berth(1, "journal"); !strings.Contains(r.Stdout, "pending-reboot") {
				t.Errorf("%s", r.Stdout)
			}
			b.berth(1, "free", "--resume") // there was none yet
			if tc.meanwhile != "" {
				b.Run("sh", "-ec", tc.meanwhile)
			}
			b.Reboot()
			b.BerthPath()
			r := b.Berth(tc.first...)
			if !strings.Contains(r.Stdout+r.Stderr, tc.told) {
				t.Errorf("berth %q said\n%s%s", tc.first, r.Stdout, r.Stderr)
			}
			b.berth(tc.open, "journal")
			if tc.open == 0 {
				b.serve("80", "apache")
			}
			b.berth(0, "undo")
			b.serve("80", "nginx")
			b.asBefore("after the reboot and undo")
			b.berth(0, "journal")
		})
	}
}

// The machine goes down in the middle of a plan: after the boot berth says that
// something is open, and both ways on are there.
func TestSystemdFreeInterruptedByReboot(t *testing.T) {
	for _, on := range []string{"undo", "resume"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			b := boot(t, testbed.WithEnabled("nginx.service"))
			b.AwaitUnit("nginx.service", "active")
			b.remember()
			b.Run("sh", "-c", b.BerthPath()+" free 80 --remedy startup:nginx.service --yes --settle 2s >/dev/null 2>&1 & p=$!; "+
				"until grep -q done "+journalDir+"/journal/1/log; do sleep 0.05; done; kill -9 $p")
			b.Reboot()
			b.BerthPath()
			if r := b.Berth(); !strings.Contains(r.Stdout+r.Stderr, "entry 1 (startup:nginx.service) is interrupted") {
				t.Errorf("%s%s", r.Stdout, r.Stderr)
			}
			b.berth(1, "journal")
			if on == "resume" {
				b.berth(0, "free", "--resume")
			}
			b.berth(0, "undo")
			b.asBefore("after the reboot and undo")
		})
	}
}
