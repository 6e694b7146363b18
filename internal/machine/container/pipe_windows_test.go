package container

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/container/engineapi"
	"github.com/berthd/berth/internal/sys/pipe"
)

// servePipe answers on a named pipe until the test ends. It has several instances, so
// that one waits for a client while another is between two.
func servePipe(t *testing.T, name string, answer func(io.ReadWriter)) string {
	t.Helper()
	return serveInstances(t, name, 4, answer)
}

func serveInstances(t *testing.T, name string, instances int, answer func(io.ReadWriter)) string {
	t.Helper()
	path := pipe.Root + "berth-test-" + name
	wide, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var served sync.WaitGroup
	for range instances {
		h, err := windows.CreateNamedPipe(wide, windows.PIPE_ACCESS_DUPLEX, windows.PIPE_TYPE_BYTE|windows.PIPE_WAIT, uint32(instances), 1<<16, 1<<16, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		served.Go(func() { serveInstance(t, h, stop, answer) })
	}
	t.Cleanup(func() {
		close(stop)
		for range instances {
			c, err := patient(path) // ends one instance's wait for a client
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
		}
		served.Wait()
	})
	return path
}

func serveInstance(t *testing.T, h windows.Handle, stop <-chan struct{}, answer func(io.ReadWriter)) {
	defer windows.CloseHandle(h)
	for {
		if err := windows.ConnectNamedPipe(h, nil); err != nil && !errors.Is(err, windows.ERROR_PIPE_CONNECTED) {
			t.Error(err)
			return
		}
		select {
		case <-stop:
			return
		default:
		}
		answer(handle(h))
		windows.FlushFileBuffers(h)
		windows.DisconnectNamedPipe(h)
	}
}

// patient dials until an instance of the pipe is there: under Wine a pipe whose
// instances are all between two clients is not found.
func patient(path string) (c net.Conn, err error) {
	for range 200 {
		if c, err = pipe.Dial(context.Background(), path); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	return c, err
}

// handle reads and writes a pipe without overlapping.
type handle windows.Handle

func (h handle) Read(p []byte) (int, error)  { return windows.Read(windows.Handle(h), p) }
func (h handle) Write(p []byte) (int, error) { return windows.Write(windows.Handle(h), p) }

// recordedEngine answers with what a Docker engine answered once.
func recordedEngine(t *testing.T) func(io.ReadWriter) {
	list := recorded(t, "docker-20.10-list.http")
	return func(rw io.ReadWriter) {
		buf := make([]byte, 1024)
		n, err := rw.Read(buf)
		if err != nil {
			return
		}
		answer := []byte("HTTP/1.0 404 Not Found\r\n\r\n{}")
		if strings.HasPrefix(string(buf[:n]), "GET /containers/json?all=1 HTTP/1.0\r\n") {
			answer = list
		}
		rw.Write(answer)
	}
}

func TestGetOverAPipe(t *testing.T) {
	path := servePipe(t, "get", func(rw io.ReadWriter) {
		buf := make([]byte, 512)
		rw.Read(buf)
		io.WriteString(rw, "HTTP/1.0 200 OK\r\n\r\n[]")
	})
	for range 3 {
		r, err := engineapi.Do(t.Context(), pipe.Dial, path, engineapi.Request{Target: "/x"})
		if err != nil || string(r.Body) != "[]" {
			t.Fatalf("%q, %v", r.Body, err)
		}
	}
	c, err := pipe.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.RemoteAddr().String() != path || c.LocalAddr().Network() != "pipe" {
		t.Error(c.RemoteAddr(), c.LocalAddr().Network())
	}
}

// An engine that never answers is left at the deadline.
func TestGetOverAPipeEndsAtTheDeadline(t *testing.T) {
	path := servePipe(t, "silent", func(rw io.ReadWriter) {
		for buf := make([]byte, 512); ; {
			if n, err := rw.Read(buf); n == 0 || err != nil {
				return
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := engineapi.Do(ctx, pipe.Dial, path, engineapi.Request{Target: "/x"}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestDialPipe(t *testing.T) {
	if _, err := pipe.Dial(t.Context(), pipe.Root+"berth-test-none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no pipe: %v", err)
	}
	hold := make(chan struct{})
	path := serveInstances(t, "busy", 1, func(io.ReadWriter) { <-hold })
	first, err := pipe.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := pipe.Dial(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a busy pipe: %v", err)
	}
	first.Close()
	close(hold)
}

// Docker Desktop's backend holds a port; its engine, asked over a pipe, names the
// container that is published there. The twin holds a port that no container has.
func TestDockerDesktop(t *testing.T) {
	path := servePipe(t, "engine", recordedEngine(t))
	do := live()
	do.sockets = func(string, string) []place { return []place{{path: path, vm: true}} }
	ask := func(port uint16) fact.Set {
		at := netip.AddrPortFrom(netip.IPv4Unspecified(), port)
		s := fact.Socket{ID: fact.SocketID(fact.TCP, at, netip.AddrPort{}, 0), Proto: fact.TCP, Local: at, State: fact.Listen, PID: 77}
		p := fact.Process{ID: fact.ProcessID(77, 1), PID: 77, Name: "com.docker.backend.exe", Windows: &fact.WindowsProcess{}}
		set, err := newReader(Query{Sockets: []fact.Socket{s}, Processes: []fact.Process{p}, Links: []fact.Link{hold(s, p)}}, do).read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	published, err := list(t.Context(), pipe.Dial, place{path: path, vm: true}, "docker")
	if err != nil {
		t.Fatal(err)
	}
	var c fact.Container
	var port uint16
	for _, r := range published.rows {
		for _, p := range r.Ports {
			if p.Proto == fact.TCP {
				c, port = r, p.Host.Port()
			}
		}
	}
	if port == 0 {
		t.Fatal("the recorded engine publishes nothing")
	}
	set := ask(port)
	if len(set.Containers) != 1 || set.Containers[0].ID != c.ID || len(set.Links) == 0 || set.Links[0].Kind != fact.ForwardsTo {
		t.Errorf("%+v", set)
	}
	if len(set.Engines) != 1 || set.Engines[0].State != "answered" || set.Engines[0].Path != path {
		t.Errorf("%+v", set.Engines)
	}
	if set := ask(4711); len(set.Containers) > 0 || len(set.Links) > 0 {
		t.Errorf("nothing is published there: %+v", set)
	}
}

func TestPipesOfThisMachine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "npipe:////./pipe/mine")
	var paths []string
	for _, p := range sockets("docker", "") {
		paths = append(paths, p.path)
	}
	if got, want := strings.Join(paths, " "), `\\.\pipe\mine \\.\pipe\docker_engine \\.\pipe\dockerDesktopLinuxEngine \\.\pipe\dockerDesktopWindowsEngine`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := sockets("podman", ""); len(got) != 1 || got[0].path != `\\.\pipe\podman-machine-default` {
		t.Errorf("%v", got)
	}
}
