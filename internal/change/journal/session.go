package journal

import (
	"cmp"
	"os"
	"slices"
)

// Session is a session of processes: the shell of a terminal, or what else leads it.
// Its leader's start tells it from a later one whose leader has the same PID. It is
// the zero Session where that is unknown, and on Windows, whose sessions outlive a
// connection that was cut.
type Session struct {
	Leader int    `json:"leader,omitempty"`
	Start  string `json:"start,omitempty"`
}

// process is what tells which session a process belongs to.
type process struct {
	pid, parent, session int
	name, start          string
}

// wrappers give what they start a session of its own, which is no new one of the
// person's.
func wrappers() []string {
	return []string{"sudo", "su", "doas", "pkexec", "runuser", "script", "setsid", "unbuffer"}
}

// Here is the session in which the asker gave the command: that of berth, but where
// berth leads it itself, or a program such as sudo has made it, that of whoever
// started those.
func Here() Session { return origin(os.Getpid(), look) }

func origin(self int, look func(pid int) (process, bool)) Session {
	p, ok := look(self)
	for range 16 {
		leader, known := look(p.session)
		switch {
		case !ok || p.session <= 0:
			return Session{}
		case !known: // it has ended; nobody else has its PID while the session lives
			return Session{Leader: p.session}
		}
		above, has := look(leader.parent)
		made := leader.pid == self || slices.Contains(wrappers(), leader.name) || slices.Contains(wrappers(), above.name)
		if !has || above.pid <= 1 || above.session <= 0 || above.session == leader.session || !made {
			return Session{leader.pid, leader.start}
		}
		p = above
	}
	return Session{}
}

// Same tells that a and b are one session, as far as both are known.
func (a Session) Same(b Session) bool {
	return cmp.Or(a.Leader, b.Leader) != 0 && a == b
}
