package container

import (
	"os"
	"path/filepath"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/container/engineapi"
)

func live() effects {
	return effects{
		supported: true, self: func() string { return "" }, dial: engineapi.Dial, sockets: sockets,
		dormant:  func(string, string) bool { return false },
		inside:   func(int, string) bool { return false }, // containers live in a virtual machine
		monitors: func(uint64) []fact.Process { return nil },
	}
}

// sockets lists the usual paths. The engine is in a virtual machine of the user's.
func sockets(engine, _ string) []place {
	if engine == "podman" {
		return appendHost(nil, "CONTAINER_HOST")
	}
	out := append(appendHost(nil, "DOCKER_HOST"), place{path: "/var/run/docker.sock", vm: true})
	home, err := os.UserHomeDir()
	if err != nil {
		return out
	}
	for _, path := range []string{".docker/run/docker.sock", ".orbstack/run/docker.sock", ".colima/default/docker.sock", ".rd/docker.sock"} {
		out = append(out, place{path: filepath.Join(home, path), vm: true})
	}
	return out
}

func appendHost(to []place, variable string) []place {
	if path := unixPath(os.Getenv(variable)); path != "" {
		to = append(to, place{path: path, vm: true})
	}
	return to
}
