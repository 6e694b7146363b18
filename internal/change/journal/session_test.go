package journal

import "testing"

// Two commands of one person, each by the session it was given in.
func TestOrigin(t *testing.T) {
	all := map[int]process{
		1:  {1, 0, 1, "systemd", "1"},
		10: {10, 1, 10, "sshd", "50"},
		20: {20, 10, 20, "sshd-session", "100"}, // a connection
		21: {21, 20, 21, "bash", "101"},
		22: {22, 21, 21, "berth", "200"},
		23: {23, 21, 21, "sudo", "210"}, // in a terminal of its own
		24: {24, 23, 24, "sudo", "211"},
		25: {25, 24, 24, "berth", "212"},
		26: {26, 21, 26, "berth", "213"},        // by setsid
		30: {30, 10, 30, "sshd-session", "300"}, // another connection
		31: {31, 30, 31, "bash", "301"},
		32: {32, 31, 31, "berth", "302"},
		40: {40, 10, 40, "sshd-session", "400"}, // ssh host berth confirm
		41: {41, 40, 41, "berth", "401"},
		50: {50, 1, 50, "berth", "500"}, // by a manager of services
		60: {60, 0, 0, "berth", "600"},  // the leader is not to be seen
		71: {71, 1, 72, "berth", "710"}, // the leader has ended
	}
	see := func(pid int) (process, bool) { p, ok := all[pid]; return p, ok }
	for pid, want := range map[int]Session{
		22: {21, "101"}, 25: {21, "101"}, 26: {21, "101"}, 32: {31, "301"}, 41: {40, "400"}, 50: {50, "500"}, 60: {}, 70: {}, 71: {72, ""},
	} {
		if got := origin(pid, see); got != want {
			t.Errorf("%d: %+v, want %+v", pid, got, want)
		}
	}
	if (Session{21, "101"}).Same(Session{21, "900"}) || (Session{}).Same(Session{}) || !(Session{21, "101"}).Same(Session{21, "101"}) {
		t.Error("sessions are mixed up")
	}
}
