package source

import (
	"slices"

	"github.com/berthd/berth/internal/answer/catalog"
)

// withStandard fills the fields that r leaves open with what is usual for its ID,
// so that a row needs to say only what is special: most often the effect.
func withStandard(e *catalog.Entry, r catalog.Remedy) catalog.Remedy {
	s := standard(e, r)
	if r.Text == "" {
		r.Text = s.Text
	}
	if r.Reversal == "" {
		r.Reversal = s.Reversal
	}
	if r.Undo == "" && r.Reversal != catalog.Final {
		r.Undo = s.Undo
	}
	return r
}

func standard(e *catalog.Entry, r catalog.Remedy) catalog.Remedy {
	name := r.Target()
	switch {
	case slices.ContainsFunc(e.Services, func(s catalog.Service) bool { return s.Name == name }):
		return ofService(r.Kind(), name)
	case r.Kind() == catalog.Feature && slices.Contains(e.Features, name):
		return catalog.Remedy{
			Text:     "dism /online /disable-feature /featurename:" + name + " (as administrator; then reboot where it asks for it)",
			Undo:     "dism /online /enable-feature /all /featurename:" + name,
			Reversal: catalog.Restartable,
		}
	}
	switch r.ID {
	case "wait":
		return catalog.Remedy{Undo: "Nothing was changed.", Reversal: catalog.Reversible}
	case "stop:{unit}":
		return catalog.Remedy{Text: "sudo systemctl stop {unit}", Undo: "sudo systemctl start {unit}", Reversal: catalog.Restartable}
	case "startup:{unit}":
		return catalog.Remedy{Text: "sudo systemctl disable --now {unit}", Undo: "sudo systemctl enable --now {unit}", Reversal: catalog.Restartable}
	case "stop:{container}":
		return catalog.Remedy{Text: "Stop the container in its own engine: docker stop {container}", Undo: "docker start {container}", Reversal: catalog.Restartable}
	case "stop:{service}", "startup:{service}":
		return ofService(r.Kind(), name)
	}
	return standardOfKind(r.Kind())
}

// ofService is for one Windows service.
func ofService(k catalog.RemedyKind, name string) catalog.Remedy {
	switch k {
	case catalog.Stop:
		return catalog.Remedy{Text: "sc.exe stop " + name + " (as administrator)", Undo: "sc.exe start " + name, Reversal: catalog.Restartable}
	case catalog.Startup:
		return catalog.Remedy{
			Text: "sc.exe config " + name + " start= demand (as administrator; sc.exe qc " + name + " shows the old value first)",
			Undo: "sc.exe config " + name + " start= with the old value", Reversal: catalog.Reversible,
		}
	}
	return standardOfKind(k)
}

func standardOfKind(k catalog.RemedyKind) catalog.Remedy {
	switch k {
	case catalog.Port:
		return catalog.Remedy{Text: "Give your own server another port.", Undo: "Give it the old port again.", Reversal: catalog.Reversible}
	case catalog.Address:
		return catalog.Remedy{Undo: "Put the old address back.", Reversal: catalog.Reversible}
	case catalog.Share, catalog.Move, catalog.Split:
		return catalog.Remedy{Undo: "Put the old setting back and reload.", Reversal: catalog.Reversible}
	case catalog.Feature:
		return catalog.Remedy{Undo: "Switch it on again in the same place.", Reversal: catalog.Reversible}
	}
	return catalog.Remedy{}
}
