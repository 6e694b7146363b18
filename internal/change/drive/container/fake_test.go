package container

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
)

const id = "867482e681e0d2b34553c8307e6e273d93036532651fd03179433b0ce4970af5"

// made is an engine with one container that a test makes up.
type made struct {
	exists, running, paused, remove bool
	policy                          string
	labels                          string
	asked                           []string // orders that came in
	answer                          map[string]string
	idle                            map[string]bool // orders that are confirmed and not done
	refuse                          error           // what a connection says
	programs                        []string        // that were started
	result                          run.Result
	startErr                        error
}

func web() *made {
	return &made{exists: true, running: true, policy: `{"Name":"no"}`, answer: map[string]string{}, idle: map[string]bool{}}
}

func (m *made) driver() Driver {
	return Driver{
		dial: m.dial, dormant: func(_, path string) bool { return path == "/asleep" }, usual: func(string, string) string { return "/usual" }, settled: 60 * time.Millisecond,
		command: func(_ context.Context, uid string, argv ...string) (run.Result, error) {
			m.programs = append(m.programs, strings.TrimSpace(uid+" "+strings.Join(argv, " ")))
			return m.result, m.startErr
		},
	}
}

func (m *made) dial(context.Context, string) (net.Conn, error) {
	if m.refuse != nil {
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", m.refuse)}
	}
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		in := bufio.NewReader(theirs)
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		size := 0
		for field := ""; field != "\r\n" && err == nil; field, err = in.ReadString('\n') {
			fmt.Sscanf(field, "Content-Length: %d", &size)
		}
		body := make([]byte, size)
		io.ReadFull(in, body)
		words := strings.Fields(line)
		io.WriteString(theirs, m.reply(words[0], words[1], string(body)))
	}()
	return ours, nil
}

func (m *made) reply(method, target, body string) string {
	const prefix = "/containers/" + id + "/"
	verb, ok := strings.CutPrefix(target, prefix)
	if !ok || !m.exists {
		return "HTTP/1.0 404 Not Found\r\n\r\n{\"message\":\"No such container: " + id + "\"}"
	}
	if method == "GET" {
		return "HTTP/1.0 200 OK\r\n\r\n" + m.inspect()
	}
	m.asked = append(m.asked, strings.TrimSpace(verb+" "+body))
	verb, _, _ = strings.Cut(verb, "?")
	if a, ok := m.answer[verb]; ok {
		return a
	}
	if !m.idle[verb] {
		m.do(verb, body)
	}
	return "HTTP/1.0 204 No Content\r\n\r\n"
}

func (m *made) do(verb, body string) {
	switch verb {
	case "start":
		m.running = true
	case "stop":
		m.running = false
		m.exists = !m.remove
	case "pause", "unpause":
		m.paused = verb == "pause"
	case "update":
		m.policy = strings.TrimSuffix(strings.TrimPrefix(body, `{"RestartPolicy":`), "}")
	}
}

func (m *made) inspect() string {
	status := "exited"
	if m.running {
		status = "running"
	}
	return fmt.Sprintf(`{"Id":%q,"Name":"/web","State":{"Status":%q,"Running":%v,"Paused":%v,"ExitCode":3,"Error":""},"HostConfig":{"AutoRemove":%v,"RestartPolicy":%s},"Config":{"Labels":{%s}}}`,
		id, status, m.running, m.paused, m.remove, m.policy, m.labels)
}

// of is the container as a plan names it, with pairs for Of.
func of(pairs ...string) plan.Subject {
	s := plan.Subject{Kind: plan.Container, Name: id, Of: map[string]string{"engine": "docker", "socket": "/s"}}
	for i := 0; i < len(pairs); i += 2 {
		s.Of[pairs[i]] = pairs[i+1]
	}
	return s
}

// state is a state of pairs.
func state(pairs ...string) plan.State {
	s := plan.State{}
	for i := 0; i < len(pairs); i += 2 {
		s[pairs[i]] = pairs[i+1]
	}
	return s
}

func read(t *testing.T, m *made) plan.State {
	t.Helper()
	got, err := m.driver().Read(t.Context(), of())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var refused = syscall.ECONNREFUSED
