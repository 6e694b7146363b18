package source

import "github.com/berthd/berth/internal/answer/catalog"

// withStandard fills the fields that r leaves open with what is usual for its ID,
// so that a row needs to say only what is special: most often the effect.
func withStandard(r catalog.Remedy) catalog.Remedy {
	s := standard(r)
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

func standard(r catalog.Remedy) catalog.Remedy {
	switch r.ID {
	case "wait":
		return catalog.Remedy{Undo: "Nothing was changed.", Reversal: catalog.Reversible}
	case "stop:{unit}":
		return catalog.Remedy{Text: "sudo systemctl stop {unit}", Undo: "sudo systemctl start {unit}", Reversal: catalog.Restartable}
	case "startup:{unit}":
		return catalog.Remedy{Text: "sudo systemctl disable --now {unit}", Undo: "sudo systemctl enable --now {unit}", Reversal: catalog.Restartable}
	case "stop:{container}":
		return catalog.Remedy{Text: "Stop the container in its own engine: docker stop {container}", Undo: "docker start {container}", Reversal: catalog.Restartable}
	case "stop:{service}":
		return catalog.Remedy{Text: "sc stop {service} (as administrator)", Undo: "sc start {service}", Reversal: catalog.Restartable}
	case "startup:{service}":
		return catalog.Remedy{Text: "sc config {service} start= demand (as administrator; sc qc {service} shows the old value first)", Undo: "sc config {service} start= with the old value", Reversal: catalog.Reversible}
	}
	return standardOfKind(r.Kind())
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
