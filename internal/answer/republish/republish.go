// Package republish says how a container gets another host port. What an engine has
// published for a container is fixed when it is made, so it is made anew: by compose
// from its file, or by hand. Nothing here is done by berth itself.
package republish

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/fact"
)

// Way is who makes the container anew.
type Way string

// The ways. Compose: its file is edited, and its service made anew. Run: the engine's
// client makes another one. Pod: the port is the pod's, which is made anew with all in
// it. Host: nothing is published; the program inside listens on the host's network.
const (
	Compose Way = "compose"
	Run     Way = "run"
	Pod     Way = "pod"
	Host    Way = "host"
)

// Advice is how to do it.
type Advice struct {
	Way Way
	// Folder is where the compose file is, and Files its names there in the order in
	// which compose looks for them; another may have been named with -f.
	Folder string
	Files  []string
	// Service is the service of the file.
	Service string
	// Old and New are the port as compose's "ports:" and the client's -p have it.
	Old, New string
	// Steps are the commands, as argument lists, in order.
	Steps [][]string
	// Incomplete: what else it was made with (variables, volumes, its command) is not
	// known, and is to be added to the last of Steps; "docker inspect" shows it.
	Incomplete bool
}

// For tells how c can give a host port up for another, or for none where to is 0. ok is
// false where c does not publish it, nor has the host's network.
func For(c fact.Container, proto fact.Proto, from, to uint16) (a Advice, ok bool) {
	if c.Network == "host" {
		return Advice{Way: Host}, true
	}
	held := slices.DeleteFunc(slices.Clone(c.Ports), func(p fact.PublishedPort) bool { return p.Proto != proto || p.Host.Port() != from })
	if len(held) == 0 {
		return Advice{}, false
	}
	a = Advice{Way: Run, Old: Spell(held[0]), New: Spell(moved(held[0], to))}
	if to == 0 {
		a.New = ""
	}
	switch {
	case c.Project != "" && c.Service != "":
		a.compose(c)
	case c.Pod != "":
		a.Way = Pod
	default:
		a.run(c, proto, from, to)
	}
	return a, true
}

func moved(p fact.PublishedPort, to uint16) fact.PublishedPort {
	p.Host = netip.AddrPortFrom(p.Host.Addr(), to)
	return p
}

// Spell writes a published port as -p and "ports:" have it: "80:8080", or
// "127.0.0.1:53:53/udp". All addresses are none.
func Spell(p fact.PublishedPort) string {
	port := strconv.Itoa(int(p.Host.Port()))
	inside := strconv.Itoa(int(p.Container))
	if p.Proto != fact.TCP {
		inside += "/" + string(p.Proto)
	}
	if !p.Host.Addr().IsValid() || p.Host.Addr().IsUnspecified() {
		return port + ":" + inside
	}
	return p.Host.String() + ":" + inside
}

func (a *Advice) compose(c fact.Container) {
	a.Way, a.Folder, a.Service = Compose, c.WorkDir, c.Service
	argv := []string{"docker", "compose"}
	a.Files = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}
	if c.Engine == "podman" {
		argv = []string{"podman-compose"}
	} else if c.WorkDir != "" {
		argv = append(argv, "--project-directory", c.WorkDir)
	}
	a.Steps = [][]string{append(argv, "-p", c.Project, "up", "-d", c.Service)}
}

// run keeps the old container, stopped and under another name: it is the way back.
func (a *Advice) run(c fact.Container, proto fact.Proto, from, to uint16) {
	name := cmp.Or(c.Name, c.Full)
	argv := []string{c.Engine, "run", "-d", "--name", name}
	if c.Restart != "" && c.Restart != "no" {
		argv = append(argv, "--restart", c.Restart)
	}
	if c.AutoRemove {
		argv = append(argv, "--rm")
	}
	if c.Network != "" && c.Network != "bridge" {
		argv = append(argv, "--network", c.Network)
	}
	var published []string
	for _, p := range c.Ports {
		if p.Proto == proto && p.Host.Port() == from {
			p = moved(p, to)
		}
		if s := Spell(p); p.Host.Port() != 0 && !slices.Contains(published, s) {
			published = append(published, s)
			argv = append(argv, "-p", s)
		}
	}
	a.Incomplete = true
	a.Steps = [][]string{{c.Engine, "stop", name}, {c.Engine, "rename", name, name + "-before"}, append(argv, c.Image)}
	if c.AutoRemove { // it is gone when it has stopped
		a.Steps = slices.Delete(a.Steps, 1, 2)
	}
}
