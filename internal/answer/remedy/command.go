package remedy

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
)

// StopCommand is what a person types to stop a unit or a container so that it
// stays down, nil where berth knows no command. A socket unit and the services it
// starts are stopped in one go, or the next connection starts them again.
func StopCommand(x *chain.Index, id fact.ID) []string {
	if c := x.Container(id); c != nil {
		return stopContainer(c, x.Set.Machine.Asker)
	}
	u := x.Unit(id)
	if u == nil {
		return nil
	}
	switch u.Manager {
	case "systemd", "systemd --user":
		return systemctl(u, "stop", together(u)...)
	case "supervisord":
		return []string{"supervisorctl", "stop", u.Name}
	case "runit":
		return []string{"sv", "stop", u.Name}
	case "pm2":
		return []string{"pm2", "stop", u.Name}
	case "launchd":
		return []string{"launchctl", "bootout", launchDomain(u) + "/" + u.Name}
	}
	return nil
}

// launchDomain is where a launchd job lives: a user's session, or the system.
func launchDomain(u *fact.Unit) string {
	if u.UserUID != "" {
		return "gui/" + u.UserUID
	}
	return "system"
}

// StartCommand is what a person types to start a unit, nil where berth knows no
// command.
func StartCommand(x *chain.Index, id fact.ID) []string {
	if u := x.Unit(id); u != nil && (u.Manager == "systemd" || u.Manager == "systemd --user") {
		return systemctl(u, "start", u.Name)
	}
	return nil
}

func systemctl(u *fact.Unit, verb string, names ...string) []string {
	argv := []string{"systemctl"}
	if u.Manager == "systemd --user" {
		argv = append(argv, "--user")
	}
	return append(append(argv, verb), names...)
}

func together(u *fact.Unit) []string {
	names := []string{u.Name}
	for _, n := range slices.Concat(u.Triggers, u.TriggeredBy) {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// stopContainer: another user's engine does not know the container to the asker's.
func stopContainer(c *fact.Container, asker *fact.Asker) []string {
	name := cmp.Or(c.Name, c.Full)
	switch {
	case name == "":
	case c.User != "" && c.User != "0" && (asker == nil || c.User != strconv.Itoa(int(asker.UID))):
	case c.Engine == "docker" || c.Engine == "podman":
		return []string{c.Engine, "stop", name}
	case c.Engine == "nspawn":
		return []string{"machinectl", "poweroff", name}
	}
	return nil
}
