// Package services judges commands that start, stop, disable and delete services of
// Windows, IIS among them. It is pure.
package services

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
func Judge(r *ruling.Ruling) bool { return rule{r}.service() || rule{r}.iis() }

// StartType judges setting the start type of a service to a value of the registry's.
func StartType(r *ruling.Ruling, service, value string) { rule{r}.startType(service, value) }

// Delete judges deleting a service.
func Delete(r *ruling.Ruling, service string) { rule{r}.deleteService(service) }

// service judges what starts and stops services of Windows.
func (r rule) service() bool {
	switch r.V.Rule {
	case known.StopService:
		r.stop(r.serviceName())
	case known.StopHTTP:
		r.stop("http")
	case known.StopWinNAT:
		r.stopNAT("winnat")
	case known.StopHNS:
		r.stopNAT("hns")
	case known.StopIPHelper:
		r.stop("iphlpsvc")
	case known.StartService:
		r.start(r.serviceName())
	case known.RestartService:
		r.restart(r.serviceName())
	case known.StartType:
		r.startType(r.serviceName(), r.V.Args["type"])
	case known.DeleteService:
		r.deleteService(r.serviceName())
	case known.ServiceRights:
		r.serviceName()
	default:
		return false
	}
	r.shellTrap()
	return true
}

// serviceName is the name of the service that the command means, which may be given
// by its display name, or come through a pipe.
func (r rule) serviceName() string {
	name := strings.Trim(r.V.Args["service"], `"'`)
	if r.Before != nil && (name == "" || strings.HasPrefix(name, "$")) && (r.Before.Name == "get-service" || r.Before.Name == "gsv") {
		name = r.Before.Option("name", "n", "displayname")
		if name == "" && len(r.Before.Words) > 0 {
			name = r.Before.Words[0]
		}
	}
	if q, ok := strings.CutPrefix(strings.ToLower(name), "name="); ok { // of wmic
		name = strings.Trim(q, `"'`)
	}
	if u := r.Unit(name); u != nil {
		name = u.Name
	} else if real := byDisplayName(name); real != "" {
		name = real
	}
	r.V.Args["service"] = name
	return name
}

// byDisplayName finds the service that articles mean by its English display name,
// with or without a last "Service"; "" for none.
func byDisplayName(name string) string {
	switch strings.ToLower(name) {
	case "http service":
		return "HTTP"
	case "windows process activation service":
		return "WAS"
	}
	if real, ok := catalog.ServiceShownAs(name); ok {
		return real
	}
	real, _ := catalog.ServiceShownAs(name + " Service")
	return real
}

// stop judges stopping a service.
func (r rule) stop(name string) {
	r.V.Args["service"] = name
	switch strings.ToLower(name) {
	case "http":
		r.Become(known.StopHTTP)
	case "iphlpsvc":
		r.Become(known.StopIPHelper)
		r.ProxyEntries()
	case "winnat", "hns":
		r.stopNAT(strings.ToLower(name))
		return
	}
	u := r.Unit(name)
	if u == nil && r.Listed() {
		r.Nothing(ruling.NoSuchService, "service", name)
		return
	}
	if u != nil {
		if on, told := r.Runs(u); told && !on {
			r.Nothing(ruling.NotRunning, "service", name)
			return
		}
	}
	if r.V.Rule == known.StopHTTP {
		r.stopHTTP(u)
		return
	}
	r.CatalogOf(name)
	if u == nil && strings.EqualFold(name, "WAS") {
		r.V.Class, r.V.Confidence = known.Risky, ruling.Likely
		r.Note(ruling.DependentsUsual, "service", name, "services", "World Wide Web Publishing (W3SVC) and the Net.* listeners of .NET")
	}
	if u != nil {
		r.takesDown(u)
		r.stopFrees(u)
		if u.Windows.StartWord() == "automatic" {
			r.Note(ruling.ComesBackAtBoot, "service", name)
			r.Rather("startup:" + u.Name)
		}
	}
}

// stopFrees says whether the port is free then. A service in a process with others
// is only one that may have it.
func (r rule) stopFrees(u *fact.Unit) {
	r.FreesPort(u.ID)
	if strings.EqualFold(u.Name, "WAS") || strings.EqualFold(u.Name, "W3SVC") {
		r.iisFrees()
	}
}

// iisFrees: the queues of IIS are served by WAS and its workers, whichever name the
// command used.
func (r rule) iisFrees() {
	if slices.ContainsFunc(r.V.Notes, func(n ruling.Note) bool { return n.ID == ruling.NotTheHolder }) {
		is := func(id fact.ID) bool {
			u := r.UnitRow(id)
			return u != nil && (strings.EqualFold(u.Name, "WAS") || strings.EqualFold(u.Name, "W3SVC"))
		}
		r.V.Notes = slices.DeleteFunc(r.V.Notes, func(n ruling.Note) bool { return n.ID == ruling.NotTheHolder })
		if r.Frees(is) == "yes" && r.V.Class == known.NoPort {
			r.V.Class = known.Sound
		}
	}
}

// takesDown says which services a stop takes with it.
func (r rule) takesDown(u *fact.Unit) {
	deps, told := r.Dependents(u)
	run := r.Running(deps)
	if len(run) == 0 {
		if told && len(deps) > 0 && r.Listed() {
			r.About(ruling.DependentsNone, ruling.IDs(deps), "service", u.Name)
		}
		return
	}
	if r.V.Class == known.Sound {
		r.V.Class = known.Risky
	}
	r.About(ruling.DependentsRun, ruling.IDs(run), "service", u.Name)
	r.undoAll(u.Name, run)
	r.asksFirst()
}

// asksFirst: without its switch each command handles dependents in its own way.
func (r rule) asksFirst() {
	if !r.C.Has("y", "force") {
		r.Note(ruling.AsksFirst, "by", r.C.Name)
	}
}

// undoAll starts a service and those that ran on top of it, the ground floor first.
func (r rule) undoAll(name string, ran []*fact.Unit) {
	r.V.Undo = []string{"net start " + name}
	for _, u := range ran {
		if word := u.Name; !strings.ContainsAny(word, " \"") {
			r.V.Undo = append(r.V.Undo, "net start "+word)
		}
	}
}

// usualHTTP are services that need the HTTP service on most machines.
func usualHTTP() []string {
	return []string{"Spooler", "W3SVC", "SSDPSRV", "upnphost", "WinRM", "Wecsvc", "FDResPub", "fdPHost", "PeerDistSvc", "WMPNetworkSvc", "MsDepSvc"}
}

// stopHTTP judges stopping the kernel's HTTP listener; u is nil where the machine's
// service of that name is not known.
func (r rule) stopHTTP(u *fact.Unit) {
	told := false
	var deps []*fact.Unit
	if u != nil {
		deps, told = r.Dependents(u)
	}
	run := r.Running(deps)
	switch {
	case told && len(run) > 0:
		r.About(ruling.DependentsRun, ruling.IDs(run), "service", "HTTP")
		r.perhapsMore()
		r.undoAll("http", run)
		r.asksFirst()
	case told && r.Listed():
		r.V.Class = known.Risky
		r.Note(ruling.DependentsNone, "service", "HTTP")
	default:
		r.V.Confidence = ruling.Likely
		r.usual()
		r.asksFirst()
	}
	r.urlsGo()
	r.Note(ruling.HangsInStop)
	r.Frees(func(id fact.ID) bool { return r.isKernel(id) })
	r.OwnerInstead()
}

// perhapsMore: a few services that somebody pasted are not all of them.
func (r rule) perhapsMore() {
	if !r.Listed() {
		r.Note(ruling.DependentsMore, "service", r.V.Args["service"])
	}
}

// isKernel tells whether a row is the kernel's own end of a listener.
func (r rule) isKernel(id fact.ID) bool {
	p := r.Process(id)
	return p != nil && p.PID == 4 || strings.HasPrefix(string(id), "url:")
}

// usual names the services that depend on HTTP on most machines: those of them that
// run here, where that is known.
func (r rule) usual() {
	var here []fact.ID
	for _, name := range usualHTTP() {
		if u := r.Unit(name); u != nil {
			if on, _ := r.Runs(u); on {
				here = append(here, u.ID)
			}
		}
	}
	r.About(ruling.DependentsUsual, here, "service", "http", "services", "Print Spooler, SSDP Discovery, WinRM, World Wide Web Publishing (IIS)")
}

// urlsGo names what is registered with HTTP.sys.
func (r rule) urlsGo() {
	var urls []fact.ID
	for i := range r.Set.Registrations {
		urls = append(urls, r.Set.Registrations[i].ID)
	}
	if len(urls) > 0 {
		r.About(ruling.URLsGo, urls, "count", ruling.Itoa(len(urls)))
	}
}

// start judges starting a service.
func (r rule) start(name string) {
	u := r.Unit(name)
	switch {
	case u == nil && r.Listed():
		r.Nothing(ruling.NoSuchService, "service", name)
	case u == nil:
	case u.Windows.StartWord() == "disabled":
		r.Nothing(ruling.IsDisabled, "service", name)
		r.Rather("$ sc.exe config " + u.Name + " start= demand")
	default:
		if on, told := r.Runs(u); told && on {
			r.Nothing(ruling.AlreadySo)
		}
	}
	if strings.EqualFold(name, "winnat") {
		r.Note(ruling.NatComesBack)
	}
}

func (r rule) restart(name string) {
	u := r.Unit(name)
	if u == nil {
		if r.Listed() {
			r.Nothing(ruling.NoSuchService, "service", name)
		}
		return
	}
	r.takesDown(u)
	r.V.Undo = nil
}

func (r rule) deleteService(name string) {
	if u := r.Unit(name); u == nil && r.Listed() {
		r.Nothing(ruling.NoSuchService, "service", name)
		return
	}
	r.Note(ruling.ConfigurationOut, "service", name)
	if strings.EqualFold(name, "http") {
		r.usual()
		return
	}
	r.CatalogOf(name)
	r.V.Class = known.Breaks
}

// shellTrap: in PowerShell up to 5.1, sc is another command.
func (r rule) shellTrap() {
	if r.C.Name == "sc" && len(r.V.Where) > 0 && r.V.Where[0].Shell == "powershell" {
		r.V.Class = known.WrongTool
		r.Note(ruling.PowerShellAlias)
	}
}

// stopNAT judges stopping what translates addresses for containers and WSL.
func (r rule) stopNAT(name string) {
	if name == "winnat" && r.V.Rule != known.StopWinNAT {
		r.Become(known.StopWinNAT)
	} else if name == "hns" && r.V.Rule != known.StopHNS {
		r.Become(known.StopHNS)
	}
	r.V.Args["service"] = name
	if u := r.Unit(name); u != nil {
		if on, told := r.Runs(u); told && !on {
			r.Nothing(ruling.NotRunning, "service", name)
			return
		}
	}
	r.Note(ruling.NatStops)
	told := false
	for _, x := range r.Set.Ranges {
		told = told || x.Kind == fact.Excluded
	}
	for _, port := range r.Ports {
		if x, ok := r.excluded(port); ok {
			r.Note(ruling.RangeCovers, "port", ruling.Itoa(int(port)), "from", ruling.Itoa(int(x.From)), "to", ruling.Itoa(int(x.To)))
			return
		}
		if told {
			r.V.Class = known.NoPort
			r.Note(ruling.RangeNone, "port", ruling.Itoa(int(port)))
		}
	}
}

// excluded finds the range of Windows' own that keeps a port back.
func (r rule) excluded(port uint16) (fact.Range, bool) {
	for _, x := range r.Set.Ranges {
		if x.Kind == fact.Excluded && !x.Administered && x.Holds(fact.TCP, port) {
			return x, true
		}
	}
	return fact.Range{}, false
}
