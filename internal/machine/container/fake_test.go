package container

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// host is a machine with the engines a test gives it. It counts what is done to it.
type host struct {
	t       testing.TB
	answers map[string]map[string][]byte // socket → target → whole HTTP answer
	closed  map[string]error             // socket → what a connect says
	self    string
	asleep  string // socket of a dormant engine
	conmons []fact.Process
	calls   []string
}

// both is a host with the recorded Docker and Podman on their usual sockets.
func both(t testing.TB) *host {
	docker := map[string][]byte{"/containers/json?all=1": recorded(t, "docker-20.10-list.http")}
	for _, id := range []string{hexA, hostnetID} {
		docker["/containers/"+id+"/json"] = []byte("HTTP/1.0 200 OK\r\n\r\n{\"State\":{\"Pid\":7},\"HostConfig\":{\"NetworkMode\":\"default\",\"RestartPolicy\":{\"Name\":\"always\"}}}")
	}
	docker["/containers/"+bookedID+"/json"] = recorded(t, "docker-20.10-created.http")
	return &host{t: t, closed: map[string]error{}, answers: map[string]map[string][]byte{
		"/run/docker.sock": docker,
		"/run/podman/podman.sock": {
			"/containers/json?all=1":        recorded(t, "podman-4.3-list.http"),
			"/containers/" + hexB + "/json": recorded(t, "podman-4.3-inspect.http"),
		},
	}}
}

const (
	hostnetID = "fdf7246e1be68c9fa948936427bb7a78e6ee1a28278978a1ee1397488941ca9f"
	bookedID  = "293f77871373e17dc11c43e3557e35033437516b6348a596a9de67e66f1ea91d"
)

func (h *host) dial(_ context.Context, path string) (net.Conn, error) {
	h.calls = append(h.calls, "dial "+path)
	if err := h.closed[path]; err != nil {
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", err)}
	}
	targets, ok := h.answers[path]
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", syscall.ENOENT)}
	}
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		buf := make([]byte, 1024)
		n, err := theirs.Read(buf)
		if err != nil {
			return
		}
		target := strings.Fields(string(buf[:n]))[1]
		answer, ok := targets[target]
		if !ok {
			answer = []byte("HTTP/1.0 404 Not Found\r\n\r\n{}")
		}
		io.Copy(theirs, bytes.NewReader(answer))
	}()
	return ours, nil
}

func (h *host) effects() effects {
	return effects{
		supported: true, self: func() string { return h.self }, dial: h.dial,
		sockets: func(engine, uid string) []place {
			h.calls = append(h.calls, "sockets "+engine+" "+uid)
			dir := "/run/"
			if uid != "" {
				dir = "/run/user/" + uid + "/"
			}
			if engine == "podman" {
				dir += "podman/"
			}
			return []place{{path: dir + engine + ".sock", uid: uid}}
		},
		dormant:  func(_, path string) bool { return path == h.asleep },
		inside:   func(pid int, id string) bool { return pid == 7 && id == hexA },
		monitors: func(uint64) []fact.Process { h.calls = append(h.calls, "monitors"); return h.conmons },
	}
}

func (h *host) read(q Query) fact.Set {
	h.t.Helper()
	set, err := newReader(q, h.effects()).read(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	return set
}

func listener(proto fact.Proto, addr string, inode uint64) fact.Socket {
	at := netip.MustParseAddrPort(addr)
	s := fact.Socket{ID: fact.SocketID(proto, at, netip.AddrPort{}, inode), Proto: proto, Local: at, State: fact.Listen,
		Linux: &fact.LinuxSocket{Inode: inode, UID: new(uint32)}}
	if proto == fact.UDP {
		s.State = fact.Unconnected
	}
	return s
}

func command(pid int, args ...string) fact.Process {
	return fact.Process{ID: fact.ProcessID(pid, 1), PID: pid, Name: base(args[0]), Exe: args[0], Args: args, UID: new(uint32), Linux: &fact.LinuxProcess{}}
}

func proxy(pid int, hostPort, containerIP, containerPort string) fact.Process {
	return command(pid, "/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", hostPort,
		"-container-ip", containerIP, "-container-port", containerPort)
}

func as(uid uint32, p fact.Process) fact.Process { p.UID = &uid; return p }

func grouped(path string, p fact.Process) fact.Process { p.Linux.Cgroup = path; return p }

func hold(s fact.Socket, p fact.Process) fact.Link {
	return fact.Link{From: s.ID, To: p.ID, Kind: fact.HeldBy}
}

// linked renders what the links say: "from kind name".
func linked(s fact.Set) []string {
	names := map[fact.ID]string{}
	for _, c := range s.Containers {
		names[c.ID] = c.Name
	}
	var out []string
	for _, l := range s.Links {
		out = append(out, string(l.From)+" "+string(l.Kind)+" "+names[l.To])
	}
	return out
}

func wantLinks(t *testing.T, s fact.Set, want ...string) {
	t.Helper()
	if got := linked(s); !slices.Equal(got, want) {
		t.Errorf("links %q, want %q", got, want)
	}
}
