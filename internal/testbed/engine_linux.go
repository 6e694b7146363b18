package testbed

import (
	_ "embed"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

//go:embed engine.sh
var engineScript string

// lowLimits are what a container is given on machines without CAP_SYS_RESOURCE,
// where an engine cannot raise the limits as it would.
func lowLimits() []string {
	return []string{"--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"}
}

func docker(t testing.TB) *Engine {
	t.Helper()
	Need(t, TierContainers, "dockerd", "docker")
	e, _ := engine(t, "docker")
	e.socket = "/run/docker.sock"
	e.client = []string{"docker", "-H", "unix://" + e.socket}
	e.forgetCgroups("docker")
	return e
}

func podman(t testing.TB) *Engine {
	t.Helper()
	Need(t, TierContainers, "podman", "crun", "conmon", "/usr/lib/podman/netavark")
	e, top := engine(t, "podman")
	e.socket = "/run/podman/podman.sock"
	e.client = []string{"podman", "--root", top + "/data", "--runroot", "/run/containers", "--cgroup-manager", "cgroupfs"}
	e.limits = lowLimits()
	e.forgetCgroups("libpod_parent")
	return e
}

func podmanRootless(t testing.TB) *Engine {
	t.Helper()
	Need(t, TierContainers, "podman", "crun", "conmon", "slirp4netns", "newuidmap", "/dev/net/tun")
	e, top := engine(t, "rootless")
	e.socket = "/run/user/20001/podman/podman.sock"
	e.client = []string{"setpriv", "--reuid", "alice", "--regid", "alice", "--init-groups",
		"env", "-i", "HOME=" + top + "/data", "USER=alice", "PATH=" + os.Getenv("PATH"),
		"XDG_RUNTIME_DIR=/run/user/20001", "podman", "--cgroup-manager", "cgroupfs"}
	e.limits = append(lowLimits(), "--cgroups=disabled")
	return e
}

func engine(t testing.TB, name string) (*Engine, string) {
	t.Helper()
	Need(t, TierContainers, "root", "unshare", "nsenter", "ip")
	tar := part(t, TierContainers, "busybox-root") + "/root.tar"
	top := overlayDir(t)
	sup := isolate(t, "-n", "sh", "-c", engineScript, "engine", name, top, Image, tar)
	awaitUp(t, name, top, sup)
	return &Engine{Place: inside(t, children(sup.PID())[0])}, top
}

// awaitUp waits until the script that prepares a place says that it is ready.
func awaitUp(t testing.TB, name, top string, sup *Child) {
	t.Helper()
	Await(t, name+" to be up", func() bool {
		if sup.ended() {
			t.Fatalf("%s: exit %d\n%s", name, sup.code, sup.Output())
		}
		return have(top + "/up")
	})
}

// inside is the place of the process pid, which shares the test's file system.
func inside(t testing.TB, pid int) Place {
	return Place{t: t, pid: pid, enter: []string{"nsenter", "-t", strconv.Itoa(pid), "-a", "--"}}
}

// forgetCgroups removes the cgroups of the engine's containers after everything
// has ended. They are in the machine's own hierarchies, below parent.
func (e *Engine) forgetCgroups(parent string) {
	e.t.Cleanup(func() {
		ids := strings.Fields(e.TryCLI("ps", "-aq", "--no-trunc").Stdout)
		killAndAwait(e.pid)
		for _, id := range ids {
			dirs, _ := filepath.Glob("/sys/fs/cgroup/*/" + parent + "/*" + id + "*")
			for _, dir := range dirs {
				removeCgroup(dir)
			}
		}
	})
}
