package container

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/machine/container"
)

// inspected is what an engine says of one container, as far as it matters here.
type inspected struct {
	ID    string `json:"Id"`
	Name  string
	State struct {
		Status          string
		Running, Paused bool
		ExitCode        int
		Error           string
	}
	HostConfig struct {
		AutoRemove    bool
		RestartPolicy policy
	}
	Config struct{ Labels map[string]string }
}

// parseInspected reads Docker's object, or the list of one that podman's program
// prints, and refuses another container's.
func parseInspected(b []byte, id string) (inspected, error) {
	var in inspected
	if trimmed := strings.TrimSpace(string(b)); strings.HasPrefix(trimmed, "[") {
		var list []inspected
		if err := json.Unmarshal(b, &list); err != nil || len(list) != 1 {
			return in, errors.New("the engine's answer is no container")
		}
		in = list[0]
	} else if err := json.Unmarshal(b, &in); err != nil {
		return in, errors.New("the engine's answer is no container")
	}
	if in.ID != id {
		return inspected{}, fmt.Errorf("the engine answered of container %.12q", in.ID)
	}
	return in, nil
}

func (in inspected) state() plan.State {
	p, keeper := in.policy(), container.Keeper(in.Config.Labels)
	s := plan.State{
		"exists": "yes", "name": strings.TrimPrefix(in.Name, "/"),
		"running": yes(in.State.Running), "paused": yes(in.State.Paused),
		"autoremove": yes(in.HostConfig.AutoRemove), "restart": p.String(), "returns": yes(p.Name == "always" || keeper != ""),
	}
	if keeper != "" {
		s["keeper"] = keeper
	}
	return s
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func (in inspected) policy() policy {
	p := in.HostConfig.RestartPolicy
	p.Name = cmp.Or(p.Name, "no")
	if p.Name != "on-failure" {
		p.Retries = 0
	}
	return p
}

// policy is when an engine starts a container again by itself.
type policy struct {
	Name    string
	Retries int `json:"MaximumRetryCount"`
}

// String writes a policy as the engines' clients take it.
func (p policy) String() string {
	if p.Retries > 0 {
		return p.Name + ":" + strconv.Itoa(p.Retries)
	}
	return p.Name
}

func parsePolicy(text string) (policy, error) {
	name, count, counted := strings.Cut(text, ":")
	p := policy{Name: name}
	switch name {
	case "no", "always", "unless-stopped":
		if !counted {
			return p, nil
		}
	case "on-failure":
		if !counted {
			return p, nil
		}
		if n, err := strconv.ParseUint(count, 10, 31); err == nil && n > 0 {
			p.Retries = int(n)
			return p, nil
		}
	}
	return policy{}, fmt.Errorf("%q is no restart policy", text)
}
