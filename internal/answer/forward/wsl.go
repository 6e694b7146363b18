package forward

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// wsl reads the relays of WSL: wslrelay shows at Windows' localhost what listens in
// the virtual machine that all distributions of version 2 share, and so its command
// line names none of them; or it waits for a kernel debugger. wslhost did the same
// before and does so for one distribution, which it names by its GUID.
func wsl(args []string) []Forward {
	f := Forward{Kind: "wsl", Mode: "relay"}
	if number := after(args, "--port"); number != "" {
		f.Mode, f.Proto = "debugger", fact.TCP
		if f, ok := f.at("0.0.0.0", number); ok {
			return only(f)
		}
	}
	f.Host = strings.ToLower(after(args, "--distro-id"))
	if len(args) > 0 && f.Host == "" && isGUID(args[0]) {
		f.Host = strings.ToLower(args[0])
	}
	return only(f)
}

func isGUID(text string) bool {
	return len(text) == 38 && text[0] == '{' && text[37] == '}' && strings.Count(text, "-") == 4
}

// Named is f with the name of the WSL distribution that it leads to, where w knows
// it by the GUID or has but one that it can be; anything else comes back as it is.
func (f Forward) Named(w *fact.WindowsNet) Forward {
	if f.Kind != "wsl" || f.Mode != "relay" || w == nil {
		return f
	}
	only := ""
	for _, d := range w.Distributions {
		if f.Host != "" && strings.EqualFold(d.GUID, f.Host) {
			f.Host = d.Name
			return f
		}
		if d.Version == 2 && only != "" {
			return f
		}
		if d.Version == 2 {
			only = d.Name
		}
	}
	if f.Host == "" {
		f.Host = only
	}
	return f
}
