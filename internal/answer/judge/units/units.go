// Package units judges commands on units of Linux and jobs of macOS, and on the rights
// and settings of Linux. It is pure.
package units

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/fact"
)

type rule struct{ *ruling.Ruling }

// Judge settles what the command does here, where it is one of this room's.
func Judge(r *ruling.Ruling) bool { return rule{r}.unit() || rule{r}.setting() }

// unit judges what is done to units of Linux and jobs of macOS.
func (r rule) unit() bool {
	switch r.V.Rule {
	case known.UnitStop, known.UnitDisable, known.UnitMask, known.UnitStart, known.UnitRestart, known.UnitEnable, known.StopRemote, known.StopNetwork:
		r.unitCommand()
	case known.StopResolved:
		r.stopResolved()
	case known.RestartEngine:
		r.engineDown()
	case known.ResolvConf:
		r.linkResolver()
	case known.ServerStop, known.AppStop, known.BrewStop:
		r.ownStop()
	case known.JobUnload, known.JobLoad:
		if strings.Contains(r.V.Args["job"], "com.apple") {
			r.V.Class = known.Risky
			r.Note(ruling.SystemJob)
		}
	default:
		return false
	}
	return true
}

// unitName is the first unit that a command names.
func (r rule) unitName() string {
	name := r.V.Args["unit"]
	if name == "" {
		if words := r.C.Operands(1); len(words) > 0 {
			name = words[0]
		}
	}
	name, _, _ = strings.Cut(name, " ")
	if u := r.Unit(name); u != nil {
		name = u.Name
	}
	r.V.Args["unit"] = name
	return name
}

func (r rule) unitCommand() {
	name := r.unitName()
	if isEngine(name) && r.V.Rule != known.UnitStart && r.V.Rule != known.UnitEnable {
		r.engineDown()
	}
	u := r.Unit(name)
	switch r.V.Rule {
	case known.UnitStop:
		r.unitStop(u, name)
	case known.UnitDisable, known.UnitMask:
		r.unitOff(u, name)
	case known.UnitStart:
		if u != nil && u.Active == "active" {
			r.Nothing(ruling.AlreadySo)
		}
	case known.UnitEnable:
		if u != nil && u.FileState == "enabled" && strings.EqualFold(r.C.Words[0], "enable") {
			r.Nothing(ruling.AlreadySo)
		}
	}
}

func isEngine(unit string) bool {
	switch strings.TrimSuffix(unit, ".service") {
	case "docker", "containerd", "crio", "docker.socket":
		return true
	}
	return false
}

// engineDown names the containers that go down with an engine.
func (r rule) engineDown() {
	var run []fact.ID
	for i := range r.Set.Containers {
		if c := &r.Set.Containers[i]; c.State == "running" {
			run = append(run, c.ID)
		}
	}
	if r.V.Class == known.Sound {
		r.V.Class = known.Risky
	}
	r.About(ruling.ContainersStop, run, "count", ruling.Itoa(len(run)))
}

func (r rule) unitStop(u *fact.Unit, name string) {
	r.unitPurpose(name)
	if u == nil {
		return
	}
	if on, told := r.Runs(u); told && !on {
		if r.orphanOf(u) {
			return
		}
		r.Nothing(ruling.NotRunning, "service", u.Name)
		return
	}
	if u.FileState == "enabled" {
		r.Note(ruling.StillEnabled)
	}
	var sockets []string
	for _, s := range u.TriggeredBy {
		if t := r.Unit(s); t == nil || t.Active != "inactive" {
			sockets = append(sockets, s)
		}
	}
	if len(sockets) > 0 && !strings.Contains(r.V.Command, sockets[0]) {
		r.V.Class = known.Risky
		r.Note(ruling.SocketStarts, "sockets", strings.Join(sockets, " "))
		r.Rather("$ systemctl stop " + u.Name + " " + strings.Join(sockets, " "))
	}
	r.FreesPort(u.ID)
}

// orphanOf tells, of a unit that does not run, whether the port is held by a process
// outside it: then the stop meets nobody.
func (r rule) orphanOf(u *fact.Unit) bool {
	for _, port := range r.Ports {
		if _, others := r.Held(r.Serving(port), func(id fact.ID) bool { return id == u.ID }); len(others) > 0 {
			r.Nothing(ruling.NotRunning, "service", u.Name)
			r.About(ruling.NotTheHolder, others, "port", ruling.Itoa(int(port)))
			return true
		}
	}
	return false
}

func (r rule) unitPurpose(name string) {
	for _, e := range catalog.Match(catalog.Subject{OS: "linux", Unit: strings.TrimSuffix(name, ".service") + ".service"}) {
		r.Note(ruling.Purpose, "entry", e.ID)
		return
	}
}

// unitOff judges disable and mask, which leave what runs alone without --now.
func (r rule) unitOff(u *fact.Unit, name string) {
	now := r.C.Has("now")
	if u == nil {
		if now && r.V.Rule == known.UnitDisable {
			r.V.Class = known.Sound
		}
		if !now {
			r.Note(ruling.StillRunning)
		}
		return
	}
	on, _ := r.Runs(u)
	if r.V.Rule == known.UnitDisable && u.FileState == "disabled" && (!now || !on) || r.V.Rule == known.UnitMask && u.FileState == "masked" {
		r.Nothing(ruling.AlreadySo)
		return
	}
	if on && !now {
		r.Note(ruling.StillRunning)
	}
	if now {
		if r.V.Rule == known.UnitDisable {
			r.V.Class = known.Sound
			r.V.Undo = []string{"systemctl enable --now {unit}"}
		}
		r.FreesPort(u.ID)
	}
}

// stopResolved: half a cure leaves the machine without name look-ups.
func (r rule) stopResolved() {
	r.V.Args["unit"] = "systemd-resolved"
	if u := r.Unit("systemd-resolved"); u != nil {
		if on, told := r.Runs(u); told && !on {
			r.Nothing(ruling.NotRunning, "service", u.Name)
			return
		}
	}
	r.Note(ruling.ResolverGone)
	if len(r.C.Words) > 0 && strings.EqualFold(r.C.Words[0], "disable") && !r.C.Has("now") {
		r.Note(ruling.StillRunning)
	}
	for _, port := range r.Ports {
		socks := r.Serving(port)
		if len(socks) > 0 && !slices.ContainsFunc(socks, func(s *fact.Socket) bool { return s.Wildcard() }) {
			r.Rather("address")
		}
	}
}

func (r rule) linkResolver() {
	if !strings.Contains(r.V.Command, "resolv.conf") {
		r.Become(known.NotJudged)
		return
	}
	if strings.Contains(r.V.Command, "systemd/resolve/resolv.conf") {
		r.V.Class = known.Sound
	}
}

// ownStop judges a server's own stop command: it meets only the server that its own
// files know of.
func (r rule) ownStop() {
	name := r.C.Name
	if f := r.V.Args["formula"]; f != "" {
		name = f
	}
	for i := range r.Set.Units {
		u := &r.Set.Units[i]
		if on, _ := r.Runs(u); on && (u.Name == name+".service" || u.Name == "apache2.service" && strings.HasPrefix(name, "apache")) {
			r.Rather("stop:" + u.Name)
			if r.V.Rule == known.ServerStop {
				r.About(ruling.Restarts, []fact.ID{u.ID})
			}
		}
	}
}
