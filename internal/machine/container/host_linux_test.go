package container

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDormant(t *testing.T) {
	systemd, socket, pid, alive := "/run/systemd/system/x", "/run/docker.sock", "/run/docker.pid", "/proc/42/stat"
	for _, c := range []struct {
		name  string
		files []string
		want  bool
	}{
		{"socket unit, engine stopped", []string{systemd, socket}, true},
		{"engine killed", []string{systemd, socket, pid}, true},
		{"engine runs", []string{systemd, socket, pid, alive}, false},
		{"no systemd", []string{socket}, false},
		{"no socket", []string{systemd}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for _, f := range c.files {
				if err := os.MkdirAll(filepath.Dir(root+f), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(root+f, []byte("42\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got := dormant(root, "docker", "/run/docker.sock"); got != c.want {
				t.Errorf("dormant: %v", got)
			}
			if dormant(root, "podman", "/run/podman/podman.sock") || dormant(root, "docker", "/srv/d.sock") {
				t.Error("only Docker's own socket is started by systemd with consequences")
			}
		})
	}
}

func TestSockets(t *testing.T) {
	for _, v := range []string{"DOCKER_HOST", "CONTAINER_HOST", "XDG_RUNTIME_DIR"} {
		t.Setenv(v, "")
	}
	t.Setenv("HOME", t.TempDir())
	check := func(engine, uid string, want ...place) {
		t.Helper()
		if diff := cmp.Diff(want, sockets(engine, uid), cmp.AllowUnexported(place{})); diff != "" {
			t.Errorf("%s of %q (-want +got):\n%s", engine, uid, diff)
		}
	}
	check("docker", "", place{path: "/run/docker.sock"})
	check("podman", "", place{path: "/run/podman/podman.sock"})
	check("docker", "4711", place{path: "/run/user/4711/docker.sock", uid: "4711"})
	check("podman", "4711", place{path: "/run/user/4711/podman/podman.sock", uid: "4711"})

	for _, elsewhere := range []string{"tcp://10.0.0.5:2375", "ssh://alice@gate", "unix://relative", "unix://"} {
		t.Setenv("DOCKER_HOST", elsewhere)
		check("docker", "", place{path: "/run/docker.sock"})
	}
	t.Setenv("DOCKER_HOST", "unix:///srv/d.sock")
	t.Setenv("CONTAINER_HOST", "unix:///srv/p.sock")
	check("docker", "", place{path: "/srv/d.sock"}, place{path: "/run/docker.sock"})
	check("podman", "", place{path: "/srv/p.sock"}, place{path: "/run/podman/podman.sock"})
}

// A socket of an ordinary user's is an engine of that user's.
func TestOwnerOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := ownerOf(path), ordinaryUser(); got != want {
		t.Errorf("own file: %q, want %q", got, want)
	}
	if got := ownerOf("/proc/1/stat"); got != "" {
		t.Errorf("root's file: %q", got)
	}
	if got := ownerOf(path + "x"); got != "" {
		t.Errorf("no file: %q", got)
	}
}

func TestInside(t *testing.T) {
	if pid := os.Getpid(); inside(pid, hexA) || inside(-1, hexA) {
		t.Errorf("process %s is in no container", strconv.Itoa(pid))
	}
}
