package services

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/fact"
)

// startValue reads a start type as sc, Set-Service and the registry write it.
func startValue(s string) (value int, ok bool) {
	switch strings.ToLower(strings.Trim(s, `"'`)) {
	case "boot", "0":
		return 0, true
	case "system", "1":
		return 1, true
	case "auto", "automatic", "delayed-auto", "automaticdelayedstart", "2":
		return 2, true
	case "demand", "manual", "3":
		return 3, true
	case "disabled", "4":
		return 4, true
	}
	if n, err := strconv.ParseUint(s, 0, 32); err == nil {
		return int(min(n, 99)), true
	}
	return 0, false
}

// startWord is sc's word for a start value.
func startWord(value int) string {
	if value < 0 || value > 4 {
		return ""
	}
	return [...]string{"boot", "system", "auto", "demand", "disabled"}[value]
}

// startType judges a change of when a service starts.
func (r rule) startType(name, to string) {
	value, ok := startValue(to)
	http := strings.EqualFold(name, "http")
	if http {
		r.Become(known.HTTPStartType)
	}
	r.V.Args["service"], r.V.Args["value"] = name, ruling.Itoa(value)
	if !ok || value > 4 {
		r.Nothing(ruling.BadStartValue, "value", to)
		return
	}
	r.V.Args["type"] = startWord(value)
	u := r.Unit(name)
	if u == nil && r.Listed() {
		r.Nothing(ruling.NoSuchService, "service", name)
		return
	}
	before := -1
	if u != nil && u.Windows != nil && u.Windows.Start != nil && *u.Windows.Start <= 4 {
		before = int(*u.Windows.Start)
		r.V.Args["oldvalue"] = startWord(before)
	} else if http {
		r.V.Args["oldvalue"] = "demand"
	}
	r.Note(ruling.StartWord, "value", ruling.Itoa(value))
	if before == value {
		r.Nothing(ruling.AlreadySo)
		return
	}
	if http {
		r.httpStart(u, value, before)
	} else {
		r.otherStart(u, name, value, before)
	}
	r.blankMissing()
}

// httpStart judges the start type of the kernel's HTTP listener, whose own is 3.
func (r rule) httpStart(u *fact.Unit, value, before int) {
	switch value {
	case 4:
		r.dependentsOff(u)
		r.Note(ruling.NextBoot)
		r.OwnerInstead()
	case 3:
		r.V.Class, r.V.Instead = known.Sound, nil
		if before == 4 {
			r.Note(ruling.PutsRight, "service", "HTTP")
		} else if before < 0 {
			r.V.Class, r.V.Confidence = known.NoChange, ruling.Likely
			r.Note(ruling.AlreadySo)
		}
	case 2:
		r.V.Class = known.NoPort
		r.Note(ruling.NotTheDefault)
	default:
		r.V.Class = known.Risky
		r.Note(ruling.BootDriver)
	}
}

// dependentsOff names the services that can no longer start once u is disabled.
func (r rule) dependentsOff(u *fact.Unit) {
	if u != nil {
		if deps, told := r.Dependents(u); told && (len(deps) > 0 || r.Listed()) {
			if len(deps) == 0 {
				r.V.Class = known.Risky
				r.Note(ruling.DependentsNone, "service", u.Name)
				return
			}
			r.V.Class = known.Breaks
			r.About(ruling.DependentsOff, ruling.IDs(deps), "service", u.Name)
			r.perhapsMore()
			return
		}
	}
	if r.V.Rule == known.HTTPStartType {
		r.V.Confidence = ruling.Likely
		r.usual()
	}
}

func (r rule) otherStart(u *fact.Unit, name string, value, before int) {
	r.CatalogOf(name)
	if value != 4 && value != 3 {
		if before == 4 {
			r.Note(ruling.PutsRight, "service", name)
		}
		return
	}
	if before == 4 {
		r.Note(ruling.PutsRight, "service", name)
		return
	}
	if u == nil {
		return
	}
	if on, _ := r.Runs(u); on {
		r.Note(ruling.UntilStopped)
	}
	if value == 4 {
		if deps, _ := r.Dependents(u); len(deps) > 0 {
			r.V.Class = known.Risky
			r.About(ruling.DependentsOff, ruling.IDs(deps), "service", name)
		}
		r.Rather("startup:" + name)
	}
	r.FreesPort(u.ID)
}

// blankMissing: sc reads "start=disabled" on some versions of Windows only.
func (r rule) blankMissing() {
	if r.C.Name == "sc" && strings.Contains(strings.ToLower(r.V.Command), "start="+strings.ToLower(r.V.Args["type"])) {
		r.Note(ruling.NoBlank)
	}
}
