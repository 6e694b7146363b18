package unitlog

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// TestSystemdJournal reads what a real journald wrote, in each form of the
// format, and compares it with what journalctl says.
func TestSystemdJournal(t *testing.T) {
	for name, env := range map[string]string{
		"compact, keyed":   "SYSTEMD_JOURNAL_COMPACT=1 SYSTEMD_JOURNAL_KEYED_HASH=1",
		"plain, keyed":     "SYSTEMD_JOURNAL_COMPACT=0 SYSTEMD_JOURNAL_KEYED_HASH=1",
		"plain, unkeyed":   "SYSTEMD_JOURNAL_COMPACT=0 SYSTEMD_JOURNAL_KEYED_HASH=0",
		"compact, unkeyed": "SYSTEMD_JOURNAL_COMPACT=1 SYSTEMD_JOURNAL_KEYED_HASH=0",
	} {
		t.Run(name, func(t *testing.T) {
			m := testbed.Boot(t,
				testbed.WithFile("/etc/systemd/system/systemd-journald.service.d/form.conf", "[Service]\nEnvironment="+env+"\n"),
				testbed.WithFile("/etc/systemd/system/long.service",
					"[Service]\nType=oneshot\nExecStart=sh -c 'echo short; head -c 4000 /dev/zero | tr \"\\\\0\" x; echo'\n"),
				testbed.WithFile("/etc/systemd/system/apache2.service.d/second.conf", "[Unit]\nAfter=nginx.service\n"),
				testbed.WithEnabled("nginx.service", "apache2.service"))
			m.AwaitUnit("apache2.service", "failed")
			m.Run("journalctl", "--sync")
			for range 3 { // a chain of entry arrays, not one only
				m.Try("systemctl", "reset-failed", "apache2.service")
				m.Try("systemctl", "start", "apache2.service")
			}
			m.Run("systemctl", "start", "long.service")
			m.Run("journalctl", "--sync")
			l := Open(m.Root("/"))
			defer l.Close()
			for _, unit := range []string{"apache2.service", "nginx.service", "dbus.service"} {
				lines, gaps := l.Tail(Unit{Name: unit}, 1000)
				if len(gaps) > 0 {
					t.Fatalf("gaps: %+v", gaps)
				}
				var got []string
				for _, line := range lines {
					got = append(got, line.Text)
				}
				want := journalctl(t, m, unit)
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s (-journalctl +Tail)\n%s", unit, d)
				}
				if unit == "apache2.service" && len(want) < 20 {
					t.Errorf("only %d lines of %s: too few to prove anything", len(want), unit)
				}
			}
			compressedIsAGap(t, l)
		})
	}
}

// compressedIsAGap wants the short line of a unit, and the long one said to be
// left out.
func compressedIsAGap(t *testing.T, l *Log) {
	t.Helper()
	lines, gaps := l.Tail(Unit{Name: "long.service"}, 100)
	var short, long bool
	for _, line := range lines {
		short = short || line.Text == "short"
		long = long || strings.HasPrefix(line.Text, "xxx")
	}
	if !short || long {
		t.Errorf("short line %v, long line %v in %+v", short, long, lines)
	}
	if len(gaps) != 1 || gaps[0].Kind != fact.GapNoLog || !strings.Contains(gaps[0].Subject, "long.service") {
		t.Errorf("gaps %+v, want the compressed message", gaps)
	}
}

// TestSystemdJournalClosed reads as somebody who is not in the journal's group.
func TestSystemdJournalClosed(t *testing.T) {
	if testbed.Inside() {
		l := Open("/")
		defer l.Close()
		lines, gaps := l.Tail(Unit{Name: "nginx.service"}, 10)
		closed := os.Geteuid() != 0
		if (len(lines) == 0) != closed || (len(gaps) > 0) != closed {
			t.Errorf("uid %d: %d lines, gaps %+v", os.Geteuid(), len(lines), gaps)
		}
		return
	}
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"))
	m.AwaitUnit("nginx.service", "active")
	m.Run("journalctl", "--sync")
	const self = "/run/self.test"
	if r := m.Self("^TestSystemdJournalClosed$"); r.Code != 0 {
		t.Errorf("as root:\n%s", r.Stdout)
	}
	r := m.Try("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "BERTH_INSIDE=1", self, "-test.v", "-test.run", "^TestSystemdJournalClosed$")
	if r.Code != 0 || !strings.Contains(r.Stdout, "--- PASS") {
		t.Errorf("as nobody: exit %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}

// journalctl is the messages that journalctl shows for a unit since the boot.
func journalctl(t *testing.T, m *testbed.Machine, unit string) (texts []string) {
	t.Helper()
	sc := bufio.NewScanner(strings.NewReader(m.Run("journalctl", "-b", "-u", unit, "-o", "json", "--output-fields=MESSAGE")))
	for sc.Scan() {
		var line struct{ MESSAGE string }
		if err := json.Unmarshal(sc.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, line.MESSAGE)
	}
	return texts
}
