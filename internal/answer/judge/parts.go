package judge

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/answer/judge/services"
	"github.com/berthd/berth/internal/fact"
)

// containers judges what is done to containers.
func (r rule) containers() bool {
	switch r.V.Rule {
	case known.ContainerRemove, known.ContainerStop:
		r.container()
	case known.EnginePrune:
		r.prune()
	case known.ComposeDown:
		r.Note(ruling.WholeProject)
		if r.C.Has("v", "volumes") {
			r.V.Class, r.V.Reversal, r.V.Undo = known.Breaks, known.Final, nil
			r.Note(ruling.DataGoes)
		}
	case known.VolumePrune:
		r.Note(ruling.DataGoes)
	default:
		return false
	}
	return true
}

func (r rule) container() {
	names := strings.Fields(r.V.Args["container"])
	r.V.Args["container"] = strings.Join(names, " ")
	if strings.HasPrefix(r.V.Args["container"], "$(") || strings.Contains(r.V.Command, "xargs") {
		r.everyContainer()
		return
	}
	if r.V.Rule == known.ContainerRemove && r.C.Has("v", "volumes", "fv", "vf") {
		r.V.Class = known.Breaks
		r.Note(ruling.DataGoes)
	}
	var found []fact.ID
	for i := range r.Set.Containers {
		c := &r.Set.Containers[i]
		if slices.Contains(names, c.Name) || c.Full != "" && slices.ContainsFunc(names, func(n string) bool { return len(n) >= 4 && strings.HasPrefix(c.Full, n) }) {
			found = append(found, c.ID)
		}
	}
	if len(found) == 0 {
		if len(r.Set.Containers) > 0 {
			r.Nothing(ruling.NoSuchContainer, "name", r.V.Args["container"])
		}
		return
	}
	r.About(ruling.ContainersStop, found, "count", ruling.Itoa(len(found)))
	r.Frees(func(id fact.ID) bool { return slices.Contains(found, id) })
	r.NoPortIfHeldByOthers()
}

// everyContainer: docker rm -f $(docker ps -aq).
func (r rule) everyContainer() {
	var all []fact.ID
	for i := range r.Set.Containers {
		all = append(all, r.Set.Containers[i].ID)
	}
	r.V.Class = known.Breaks
	r.V.Args["container"] = ""
	r.V.Instead = nil
	r.About(ruling.ContainersStop, all, "count", ruling.Itoa(len(all)))
	if r.V.Rule == known.ContainerRemove {
		r.Note(ruling.DataGoes)
	}
}

func (r rule) prune() {
	r.Note(ruling.StoppedOnly)
	if r.C.Has("volumes") {
		r.V.Class = known.Breaks
		r.Note(ruling.DataGoes)
	}
}

// parts judges what takes parts of a system away.
func (r rule) parts() bool {
	switch r.V.Rule {
	case known.FeatureOff, known.FeatureOn:
		r.feature()
	case known.HypervisorOff:
		if strings.EqualFold(r.V.Args["type"], "auto") {
			r.V.Class, r.V.Undo, r.V.Instead = known.Sound, nil, nil
		}
		r.Note(ruling.WSLGuests)
		r.Note(ruling.NeedsReboot)
	case known.WSLShutdown:
		r.Note(ruling.WSLGuests)
	case known.Uninstall:
		r.uninstall()
	case known.LookOnly, known.RebootNow, known.NotJudged:
	default:
		return false
	}
	return true
}

func (r rule) feature() {
	name := r.C.Option("featurename", "name", "packagename", "uu")
	if words := r.C.Words; name == "" && len(words) > 0 {
		name = words[0]
	}
	r.V.Args["feature"] = name
	lower := strings.ToLower(name)
	r.Note(ruling.NeedsReboot)
	switch {
	case r.V.Rule == known.FeatureOn:
	case strings.HasPrefix(lower, "iis") || strings.HasPrefix(lower, "web-"):
		services.IISThere(r.Ruling)
	case strings.Contains(lower, "hyper-v") || strings.Contains(lower, "hypervisor") || strings.Contains(lower, "virtualmachineplatform") || strings.Contains(lower, "subsystem-linux"):
		r.Note(ruling.WSLGuests)
	}
}

func (r rule) uninstall() {
	pkg, _, _ := strings.Cut(r.V.Args["package"], " ")
	r.V.Args["package"] = pkg
	if r.C.Name == "brew" || r.C.Name == "winget" || r.C.Name == "choco" || r.C.Name == "scoop" {
		r.V.Need = known.Owner
	}
	for _, name := range [...]string{pkg, pkg + "2"} {
		if u := r.Unit(name); u != nil {
			r.Rather("stop:"+u.Name, "startup:"+u.Name)
			r.FreesPort(u.ID)
		}
	}
	if len(r.C.Words) > 0 && strings.EqualFold(r.C.Words[0], "purge") {
		r.Note(ruling.ConfigurationOut, "service", pkg)
	}
}
