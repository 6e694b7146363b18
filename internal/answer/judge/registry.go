package judge

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/listener"
	"github.com/berthd/berth/internal/answer/judge/ranges"
	"github.com/berthd/berth/internal/answer/judge/regfile"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/answer/judge/services"
)

// registryCommand judges reg add, reg delete and what PowerShell has for them: each
// is the change that a line of a .reg file would be.
func (r rule) registryCommand() {
	c := regfile.Change{Key: regfile.Path(r.V.Args["key"]), Name: r.C.Option("v", "name", "n")}
	data := r.C.Option("d", "value")
	switch r.C.Name {
	case "reg":
		c.Delete = strings.EqualFold(r.C.Words[0], "delete")
		c.Whole = c.Delete && c.Name == "" && !r.C.Has("ve")
	default:
		c.Key = regfile.Path(r.C.Option("path", "literalpath", "p"))
		for i, at := range []*string{&c.Key, &c.Name, &data} {
			if words := r.C.Words; *at == "" && i < len(words) {
				*at = words[i]
			}
		}
		c.Key = regfile.Path(c.Key)
		c.Delete = strings.HasPrefix(r.C.Name, "remove-") || r.C.Name == "ri" || r.C.Name == "rp"
		c.Whole = r.C.Name == "remove-item" || r.C.Name == "ri"
	}
	if !strings.HasPrefix(c.Key, "HKEY_") { // an item of the file system, or of IIS
		r.Become(known.NotJudged)
		return
	}
	if n, err := strconv.ParseUint(data, 0, 64); err == nil {
		c.Number = &n
	}
	if data != "" && c.Number == nil || strings.EqualFold(c.Name, "ListenOnlyList") {
		c.Strings = strings.FieldsFunc(strings.ReplaceAll(data, `\0`, ","), func(x rune) bool { return strings.ContainsRune(", ;@()\"'", x) })
	}
	r.change(c)
}

// change judges one change to the registry.
func (r rule) change(c regfile.Change) {
	if r.Elsewhere("windows") {
		r.V.Class, r.V.Undo = known.NotHere, nil
		r.Note(ruling.OtherSystem, "os", "windows")
		return
	}
	path, ok := r.servicesKey(c.Key)
	if !ok {
		r.Become(known.RegistryOther)
		r.V.Args["key"], r.V.Args["name"] = c.Key, c.Name
		return
	}
	service, below, _ := strings.Cut(path, `\`)
	below = strings.ToLower(below)
	switch lower := strings.ToLower(service); {
	case below == "" && c.Whole:
		r.Become(known.DeleteService)
		r.V.Args["service"] = service
		services.Delete(r.Ruling, service)
	case below == "" && strings.EqualFold(c.Name, "Start"):
		r.startChange(service, c)
	case lower == "http":
		listener.Change(r.Ruling, below, c)
	case strings.HasPrefix(lower, "tcpip"):
		r.Become(known.RegistryTCP)
		r.V.Args["name"] = c.Name
		r.Note(ruling.ListenerWins)
	case lower == "portproxy":
		ranges.ProxyChange(r.Ruling, below, c)
	case lower == "hns" && strings.EqualFold(c.Name, "EnableExcludedPortRange"):
		r.Become(known.RegistryRanges)
		r.Note(ruling.Untried)
		r.Note(ruling.NeedsReboot)
	default:
		r.Become(known.RegistryOther)
		r.V.Args["key"], r.V.Args["name"] = c.Key, c.Name
	}
}

// servicesKey is what follows ...\Services\ in a key.
func (r rule) servicesKey(key string) (string, bool) {
	lower := strings.ToLower(key)
	for _, set := range [...]string{"currentcontrolset", "controlset001", "controlset002", "controlset003"} {
		prefix := `hkey_local_machine\system\` + set + `\services\`
		if strings.HasPrefix(lower, prefix) && len(key) > len(prefix) {
			if set != "currentcontrolset" {
				r.Note(ruling.OldControlSet, "set", set)
			}
			return key[len(prefix):], true
		}
	}
	return "", false
}

func (r rule) startChange(service string, c regfile.Change) {
	if c.Delete || c.Number == nil {
		r.Become(known.RegistryOther)
		r.V.Args["key"], r.V.Args["name"] = c.Key, c.Name
		return
	}
	r.Become(known.StartType)
	services.StartType(r.Ruling, service, ruling.Itoa(int(min(*c.Number, 99))))
	r.Note(ruling.NextBoot)
}
