package units

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/answer/judge/shell"
	"github.com/berthd/berth/internal/fact"
)

// setting judges rights and settings of Linux.
func (r rule) setting() bool {
	switch r.V.Rule {
	case known.Sysctl:
		r.sysctl(r.settingOf())
	case known.LookOnly:
		return r.written()
	case known.SetCap:
		r.setCap()
	case known.FilterFlush:
		r.filterFlush()
	case known.FilterRule:
		r.Note(ruling.ListenerWins)
	case known.FilterRedirect:
		r.Note(ruling.BypassesServer)
		r.Note(ruling.NotPersistent)
		r.V.Undo = []string{strings.NewReplacer(" -A ", " -D ", " -I ", " -D ").Replace(r.V.Command)}
	case known.SELinuxOff:
		r.seLinux()
	case known.PortTypeAdd, known.PortTypeModify:
		r.portType()
	case known.ModeWide, known.OwnerChange:
		r.Note(ruling.ListenerWins)
	case known.AuthBind:
		r.Note(ruling.NotForGo)
	case known.RemoveTree:
		r.removal()
	default:
		return false
	}
	return true
}

// settingOf is the name and value that a sysctl command sets.
func (r rule) settingOf() (name, value string) {
	for _, w := range append(slices.Clone(r.C.Words), r.C.Option("w", "write")) {
		if name, value, ok := strings.Cut(w, "="); ok {
			return strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return "", ""
}

// written judges what echo writes into a file: a setting, or the resolver's list.
func (r rule) written() bool {
	into := r.C.Into
	if r.Before != nil && r.C.Name == "tee" && len(r.C.Words) > 0 {
		into = r.C.Words[0]
	}
	name, isSetting := strings.CutPrefix(into, "/proc/sys/")
	switch {
	case isSetting:
		value := strings.Join(r.C.Words, " ")
		if r.Before != nil && r.C.Name == "tee" {
			value = strings.Join(r.Before.Words, " ")
		}
		r.Become(known.Sysctl)
		r.sysctl(strings.ReplaceAll(name, "/", "."), value)
	case into == "/etc/resolv.conf":
		r.Become(known.ResolvConf)
	default:
		return false
	}
	return true
}

func (r rule) sysctl(name, value string) {
	r.V.Args["setting"], r.V.Args["value"] = name, value
	if name == "" { // a name alone is only read
		r.Become(known.LookOnly)
		return
	}
	for _, s := range r.Set.Machine.Settings {
		if s.Name == name {
			r.V.Args["oldvalue"] = s.Value
		}
	}
	switch strings.TrimPrefix(name, "net.ipv4.") {
	case "ip_unprivileged_port_start":
		r.unprivStart(value)
	case "tcp_tw_recycle":
		r.Become(known.TWRecycle)
		r.recycle()
	case "tcp_tw_reuse":
		r.Become(known.TWReuse)
		r.Note(ruling.OutgoingOnly)
	case "tcp_fin_timeout":
		r.Become(known.FinTimeout)
		r.Note(ruling.OtherState)
	case "ip_nonlocal_bind":
		r.Become(known.NonlocalBind)
	case "ip_local_port_range":
		r.Become(known.PortRange)
		r.rangeBefore(fact.Ephemeral)
	case "ip_local_reserved_ports":
		r.Become(known.ReservedPorts)
		r.rangeBefore(fact.Reserved)
	default:
		r.Become(known.Sysctl)
		return
	}
	if r.V.Args["oldvalue"] != "" && r.V.Args["oldvalue"] == value {
		r.Nothing(ruling.AlreadySo)
		return
	}
	r.Note(ruling.NotPersistent)
}

// rangeBefore is the present value of a setting that is a range.
func (r rule) rangeBefore(kind fact.RangeKind) {
	for _, x := range r.Set.Ranges {
		if x.Kind == kind && r.V.Args["oldvalue"] == "" {
			sep := "-"
			if kind == fact.Ephemeral {
				sep = " "
			}
			r.V.Args["oldvalue"] = ruling.Itoa(int(x.From)) + sep + ruling.Itoa(int(x.To))
		}
	}
}

func (r rule) unprivStart(value string) {
	r.Become(known.UnprivStart)
	r.V.Args["oldvalue"] = "1024"
	if l := r.Set.Machine.Linux; l != nil && l.UnprivStart != nil {
		r.V.Args["oldvalue"] = ruling.Itoa(int(*l.UnprivStart))
	}
	r.Note(ruling.ForEveryUser, "value", value)
	for _, port := range r.Ports {
		if socks := r.Serving(port); len(socks) > 0 {
			_, others := r.Held(socks, func(fact.ID) bool { return false })
			r.V.Class = known.NoPort
			r.About(ruling.NotTheHolder, others, "port", ruling.Itoa(int(port)))
		}
	}
}

// recycle: the setting went with Linux 4.12, and before that broke callers behind NAT.
func (r rule) recycle() {
	kernel := r.Set.Machine.Kernel
	if major, minor, ok := version(kernel); ok && (major < 4 || major == 4 && minor < 12) {
		r.V.Class = known.Breaks
		r.Note(ruling.StillThere, "kernel", kernel)
		return
	}
	r.V.Undo, r.V.Reversal = nil, known.Nothing
	if kernel == "" {
		r.V.Confidence = ruling.Likely
	}
	r.Note(ruling.GoneSince, "since", "4.12", "kernel", kernel)
}

// version reads the first two numbers of a kernel's release.
func version(release string) (major, minor int, ok bool) {
	a, rest, _ := strings.Cut(release, ".")
	b := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	major, err1 := strconv.Atoi(a)
	minor, err2 := strconv.Atoi(b)
	return major, minor, err1 == nil && err2 == nil
}

func (r rule) setCap() {
	if r.C.Has("r") {
		r.V.Class, r.V.Undo = known.Sound, nil
		return
	}
	file := r.V.Args["file"]
	if name := shell.Program(strings.Trim(file, "$() ")); isInterpreter(name) || strings.Contains(file, "which node") || strings.Contains(file, "which python") {
		r.Note(ruling.ForEveryProgram, "file", file)
	}
	r.Note(ruling.LostByUpgrade)
}

func isInterpreter(name string) bool {
	for _, p := range [...]string{"node", "python", "ruby", "java", "perl", "php", "deno", "bun"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

func (r rule) filterFlush() {
	r.Note(ruling.ListenerWins)
	r.Note(ruling.OpensMachine)
	var rows []fact.ID
	for i := range r.Set.Redirects {
		if x := &r.Set.Redirects[i]; strings.Contains(x.Chain, "DOCKER") || x.Kind == "dnat" {
			rows = append(rows, x.ID)
		}
	}
	if len(rows) > 0 || len(r.Set.Containers) > 0 {
		r.V.Class = known.Breaks
		r.About(ruling.DockerRules, rows, "count", ruling.Itoa(len(rows)))
		r.V.Undo, r.V.Reversal = []string{"systemctl restart docker"}, known.Restartable
	}
}

func (r rule) seLinux() {
	l := r.Set.Machine.Linux
	switch {
	case l == nil:
		r.V.Confidence = ruling.Likely
	case l.SELinux != "enforcing":
		r.Nothing(ruling.SELinuxIs, "state", l.SELinux)
		return
	default:
		r.Note(ruling.SELinuxIs, "state", l.SELinux)
	}
	r.Note(ruling.ListenerWins)
}

func (r rule) portType() {
	port := ""
	for _, w := range r.C.Operands(1) {
		if strings.Trim(w, "0123456789-") == "" {
			port = w
		}
	}
	proto := r.C.Option("p", "proto")
	r.V.Args["port"], r.V.Args["proto"], r.V.Args["type"] = port, proto, r.C.Option("t", "type")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return
	}
	for _, x := range r.Set.Ranges {
		// A type that covers a wide range does not stand in the way of a port's own.
		if x.Kind != fact.SELinux || !x.Holds(fact.Proto(proto), uint16(n)) || x.To-x.From > 64 {
			continue
		}
		if x.Name == r.V.Args["type"] {
			r.Nothing(ruling.AlreadySo)
		} else if r.V.Rule == known.PortTypeAdd {
			r.Nothing(ruling.PortTypeHas, "type", x.Name)
			r.Rather("$ " + strings.Replace(r.V.Command, " -a ", " -m ", 1))
		}
		return
	}
}

// removal tells a left-over file from a tree of data.
func (r rule) removal() {
	file := r.V.Args["file"]
	switch {
	case strings.HasSuffix(file, ".pid") || strings.HasSuffix(file, ".sock") || strings.HasSuffix(file, ".lock"):
		r.Become(known.RemovePIDFile)
		r.Note(ruling.StaleFile)
	case strings.HasSuffix(file, "resolv.conf"):
		r.Become(known.ResolvConf)
	case !r.C.Has("rf", "fr", "r", "R"):
		r.V.Class = known.Risky
	}
}
