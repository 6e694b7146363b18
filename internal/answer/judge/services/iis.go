package services

import (
	"strings"

	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/fact"
)

// iis judges IIS, which is more than one service.
func (r rule) iis() bool {
	switch r.V.Rule {
	case known.IISStop:
		r.iisStop()
	case known.IISStart:
		IISThere(r.Ruling)
	case known.SiteStop:
		if IISThere(r.Ruling) {
			r.Note(ruling.SiteKeepsBinding)
		}
	case known.SiteBinding:
		IISThere(r.Ruling)
	default:
		return false
	}
	return true
}

// IISThere tells whether there can be an IIS; where there is none, nothing happens.
func IISThere(r *ruling.Ruling) bool {
	if r.Unit("W3SVC") == nil && r.Listed() {
		r.Nothing(ruling.NoSuchService, "service", "W3SVC (IIS)")
		return false
	}
	return true
}

func (r rule) iisStop() {
	if !IISThere(r.Ruling) {
		return
	}
	u := r.Unit("W3SVC")
	if u == nil {
		return
	}
	if on, told := r.Runs(u); told && !on {
		r.Nothing(ruling.NotRunning, "service", u.Name)
		return
	}
	r.takesDown(u)
	is := func(id fact.ID) bool {
		x := r.UnitRow(id)
		return x != nil && (strings.EqualFold(x.Name, "W3SVC") || strings.EqualFold(x.Name, "WAS"))
	}
	if r.Frees(is) == "no" {
		r.V.Class = known.NoPort
	}
	r.V.Undo = []string{"iisreset /start"}
	if u.Windows.StartWord() == "automatic" {
		r.Note(ruling.ComesBackAtBoot, "service", u.Name)
	}
}
