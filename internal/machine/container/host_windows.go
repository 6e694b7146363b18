package container

import (
	"os"
	"slices"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/container/engineapi"
	"github.com/berthd/berth/internal/sys/pipe"
)

func live() effects {
	return effects{
		supported: true, self: func() string { return "" }, dial: engineapi.Dial, sockets: sockets,
		dormant:  func(string, string) bool { return false },
		inside:   func(int, string) bool { return false }, // containers live in a virtual machine, or in jobs that are not looked into
		monitors: func(uint64) []fact.Process { return nil },
	}
}

// sockets lists the usual named pipes. The engine is in a virtual machine of the
// user's, but for Windows containers; either way its forwarders are anybody's.
func sockets(engine, _ string) []place {
	variable, pipes := "DOCKER_HOST", []string{"docker_engine", "dockerDesktopLinuxEngine", "dockerDesktopWindowsEngine"}
	if engine == "podman" {
		variable, pipes = "CONTAINER_HOST", []string{"podman-machine-default"}
	}
	var out []place
	if path := pipe.Path(os.Getenv(variable)); path != "" {
		out = append(out, place{path: path, vm: true})
	}
	for _, name := range pipes {
		if p := (place{path: pipe.Root + name, vm: true}); !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}
