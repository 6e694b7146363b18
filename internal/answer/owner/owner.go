// Package owner tells what a unit or a process is to what it holds: something to
// stop, or only where it was started. It is pure.
package owner

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Ownable tells whether stopping the unit is a sensible way to stop the holder:
// a session or a shell is where something was started, not what it is.
func Ownable(u *fact.Unit) bool {
	switch u.Type {
	case "scope", "slice", "shell", "session", "ssh", "terminal", "init", "reloader", "manager":
		return false
	}
	return u.Manager != "kernel" && u.Manager != "cron"
}

// StartedOnly tells whether the process only runs in the unit's control group, as
// logins and jobs do in that of the service that let them in. That service is no
// owner of theirs, and stopping it would be no help.
func StartedOnly(u *fact.Unit, p *fact.Process) bool {
	name, _, _ := strings.Cut(strings.TrimSuffix(u.Name, ".service"), "@")
	switch name {
	case "ssh", "sshd", "dropbear", "cron", "crond", "cronie", "atd", "anacron", "getty", "serial-getty", "console-getty", "container-getty", "autovt":
	default:
		return false
	}
	if p == nil {
		return false
	}
	switch p.Name {
	case "ssh", "sshd", "sshd-session", "dropbear", "cron", "crond", "atd", "anacron", "agetty":
		return false
	}
	return true
}

// Supervises tells whether the unit starts its program again when it ends.
func Supervises(u *fact.Unit) bool {
	switch u.Manager {
	case "runit", "supervisord", "pm2", "s6", "daemontools", "monit":
		return true
	}
	return u.Type == "reloader"
}

// SameProgram tells whether two processes run one program: the same executable,
// or, where that is unknown, the same name.
func SameProgram(a, b *fact.Process) bool {
	if a.Exe != "" && b.Exe != "" {
		return a.Exe == b.Exe
	}
	return a.Name != "" && a.Name == b.Name
}

// Script is the first argument that is no option: of `node --inspect app.js`, app.js.
func Script(args []string) string {
	for _, a := range args[min(1, len(args)):] {
		if a != "" && a[0] != '-' {
			return a
		}
	}
	return ""
}
