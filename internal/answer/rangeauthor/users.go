package rangeauthor

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// What uses Windows' virtual networks.
const (
	UserHyperV  = "hyper-v"
	UserWSL     = "wsl"
	UserDocker  = "docker"
	UserSandbox = "sandbox"
	UserSharing = "ics"
	UserNetwork = "hns" // the service of the virtual networks itself, for whomever
)

// User is one thing on this machine that makes Windows set ports aside, and the
// rows that show it.
type User struct {
	What  string
	About []fact.ID
}

// users lists them in the order above, each once.
func users(set *fact.Set) []User {
	found := map[string][]fact.ID{}
	for _, u := range set.Units {
		if what := userUnit(u.Name); what != "" && u.Active == "running" {
			found[what] = append(found[what], u.ID)
		}
	}
	for _, p := range set.Processes {
		if what := userProgram(short(p.Name)); what != "" {
			found[what] = append(found[what], p.ID)
		}
	}
	if w := set.Machine.Windows; w != nil && slices.ContainsFunc(w.Distributions, func(d fact.Distribution) bool { return d.Version == 2 }) && found[UserWSL] == nil {
		found[UserWSL] = []fact.ID{}
	}
	var out []User
	for _, what := range [...]string{UserHyperV, UserWSL, UserDocker, UserSandbox, UserSharing, UserNetwork} {
		if about, ok := found[what]; ok {
			out = append(out, User{What: what, About: about})
		}
	}
	return out
}

func userUnit(name string) string {
	switch strings.ToLower(name) {
	case "vmms":
		return UserHyperV
	case "wslservice", "lxssmanager":
		return UserWSL
	case "com.docker.service", "docker":
		return UserDocker
	case "sharedaccess":
		return UserSharing
	case "hns", "winnat":
		return UserNetwork
	}
	return ""
}

func userProgram(name string) string {
	switch name {
	case "vmms", "vmwp":
		return UserHyperV
	case "wslservice", "wslrelay", "wslhost", "vmmemwsl":
		return UserWSL
	case "com.docker.backend", "dockerd":
		return UserDocker
	case "windowssandbox", "windowssandboxclient", "windowssandboxserver", "windowssandboxremotesession":
		return UserSandbox
	}
	return ""
}

// short is an image name in lower case without its ending.
func short(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".exe") }
