package container

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/container/engineapi"
	"github.com/berthd/berth/internal/sys/procfs"
)

func live() effects {
	return effects{
		supported: true, self: ordinaryUser, dial: engineapi.Dial, sockets: sockets,
		dormant: func(engine, path string) bool { return dormant("", engine, path) },
		inside:  inside, monitors: func(ns uint64) []fact.Process { return monitors("/proc", ns) },
	}
}

// sockets lists the usual paths. Environment variables are the caller's own.
func sockets(engine, uid string) []place {
	var out []place
	variable, system := "DOCKER_HOST", "/run/docker.sock"
	runtime := "docker.sock"
	if engine == "podman" {
		variable, system, runtime = "CONTAINER_HOST", "/run/podman/podman.sock", "podman/podman.sock"
	}
	if path := unixPath(os.Getenv(variable)); path != "" {
		out = append(out, place{path: path, uid: ownerOf(path)})
	}
	if uid == "" {
		return append(out, place{path: system})
	}
	own := uid == ordinaryUser()
	dir := filepath.Join("/run/user", uid)
	if mine := os.Getenv("XDG_RUNTIME_DIR"); own && filepath.IsAbs(mine) {
		dir = mine
	}
	out = append(out, place{path: filepath.Join(dir, runtime), uid: uid})
	if home, err := os.UserHomeDir(); err == nil && engine == "docker" && own {
		desktop := filepath.Join(home, ".docker/desktop/docker.sock")
		if _, err := os.Stat(desktop); err == nil {
			out = append(out, place{path: desktop, uid: uid, vm: true})
		}
	}
	return out
}

// ordinaryUser is the caller's uid, "" for root.
func ordinaryUser() string {
	if uid := os.Geteuid(); uid != 0 {
		return strconv.Itoa(uid)
	}
	return ""
}

// ownerOf is the uid of the ordinary user whose socket it is.
func ownerOf(path string) string {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil || st.Uid == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(st.Uid), 10)
}

// dormant is for Docker's socket unit. Podman's service is started by its socket
// by design, answers, and ends; Docker would start its containers too.
func dormant(root, engine, path string) bool {
	if engine != "docker" || path != "/run/docker.sock" {
		return false
	}
	if _, err := os.Stat(root + "/run/systemd/system"); err != nil {
		return false
	}
	if _, err := os.Stat(root + path); err != nil {
		return false // absent is another answer
	}
	pid, err := os.ReadFile(root + "/run/docker.pid")
	if err != nil {
		return os.IsNotExist(err)
	}
	_, err = os.Stat(root + "/proc/" + strings.TrimSpace(string(pid)))
	return os.IsNotExist(err)
}

// inside looks at the process' control group and, for containers without one of
// their own, at the command line of the monitor above it.
func inside(pid int, id string) bool {
	dir := "/proc/" + strconv.Itoa(pid)
	if b, _ := os.ReadFile(dir + "/cgroup"); bytes.Contains(b, []byte(id)) {
		return true
	}
	b, _ := os.ReadFile(dir + "/stat")
	stat, ok := procfs.ParseStat(b)
	if !ok || stat.PPID <= 1 {
		return false
	}
	b, _ = os.ReadFile("/proc/" + strconv.Itoa(stat.PPID) + "/cmdline")
	return bytes.Contains(b, []byte(id))
}

// monitors walks the process table once.
func monitors(root string, netns uint64) []fact.Process {
	want := "net:[" + strconv.FormatUint(netns, 10) + "]"
	entries, _ := os.ReadDir(root)
	var out []fact.Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		dir := filepath.Join(root, e.Name())
		if comm, _ := os.ReadFile(filepath.Join(dir, "comm")); err != nil || string(comm) != "conmon\n" {
			continue
		}
		if !childIn(root, dir, want) {
			continue
		}
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		status, _ := os.ReadFile(filepath.Join(dir, "status"))
		p := fact.Process{PID: pid, Name: "conmon", Args: procfs.ParseArgs(args)}
		uid := procfs.ParseStatus(status).UID
		p.UID = &uid
		out = append(out, p)
	}
	return out
}

func childIn(root, dir, netns string) bool {
	tasks, _ := filepath.Glob(filepath.Join(dir, "task", "*", "children"))
	for _, t := range tasks {
		pids, _ := os.ReadFile(t)
		for pid := range strings.FieldsSeq(string(pids)) {
			if link, _ := os.Readlink(filepath.Join(root, pid, "ns", "net")); link == netns {
				return true
			}
		}
	}
	return false
}
