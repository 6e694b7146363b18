// Package process tells which processes hold a socket, and what a process is.
//
// It reads Linux's /proc, and the process tables of Windows and macOS (see the rooms
// wintask and macproc); elsewhere it answers with a gap. Rows are processes, links are
// socket → holder ([fact.HeldBy], [fact.InheritedBy]) and process → parent
// ([fact.ChildOf]). Units, containers and what a program is for are other rooms'
// business.
//
// A process is PID and start time. On Linux everything of one row is read below one
// open folder /proc/PID, which stays with that process when its number is given to
// another. On Windows the start times of the table, of the process that was opened
// and of the socket are compared.
package process

import "github.com/berthd/berth/internal/fact"

// Query says whose holders are wanted, and how hard to look.
type Query struct {
	// Sockets are rows of the reader of sockets. Those without an inode, or on
	// Windows without an owner (TIME_WAIT), have no holder and are passed over.
	// Windows looks at nothing else of the query, macOS at AllHolders too.
	Sockets []fact.Socket
	// AllHolders looks into every process, even where the socket's cgroup gave
	// an answer.
	AllHolders bool
	// Flags also fills ReuseAddr and ReusePort of Sockets[i].Linux, in place,
	// from a copy of a holder's descriptor that is closed at once. It needs the
	// right to trace the holder (its own user, or CAP_SYS_PTRACE) and Linux 5.6.
	Flags bool
	// OneOwner tells whether a cgroup path belongs to one service or one
	// container, so that its processes are likely all the holders there are.
	// With nil no cgroup does, and every search is a wide one.
	OneOwner func(cgroup string) bool
	// NotFinal tells that a holder is not who the port is for: a forwarder, a
	// mediator, a port keeper of a container engine. Where one is found in a
	// socket's cgroup the search goes on. nil means none is.
	NotFinal func(fact.Process) bool
	// Alive tells whether a socket is still there. It is asked for sockets that
	// no process holds, before they are said to be the kernel's own: a server
	// may have ended between two reads. nil means all are.
	Alive func(fact.Socket) bool
}

// keepEnv is the short list of design section 4: what supervisors set, and what
// decides a port. Nothing else of an environment is kept or shown.
func keepEnv(name string) bool {
	switch name {
	case "LISTEN_FDS", "LISTEN_PID", // socket activation
		"INVOCATION_ID",                                 // systemd's run of a unit
		"XPC_SERVICE_NAME",                              // launchd's job
		"PORT",                                          // the convention of application hosts
		"SUPERVISOR_PROCESS_NAME", "SUPERVISOR_ENABLED", // supervisord
		"PM2_HOME", "pm_id", "name", // pm2; name is the app's
		"SSH_CONNECTION",          // the session that started it
		"KUBERNETES_SERVICE_HOST": // it runs in a pod
		return true
	}
	return false
}
