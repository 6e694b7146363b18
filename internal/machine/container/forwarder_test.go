package container

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

func TestParseDockerProxy(t *testing.T) {
	for _, c := range []struct {
		args string
		want string // proto host to; "" = none
	}{
		{"-proto tcp -host-ip 0.0.0.0 -host-port 80 -container-ip 172.17.0.2 -container-port 8080", "tcp 0.0.0.0:80 172.17.0.2:8080"},
		{"-proto udp -host-ip :: -host-port 53 -container-ip 172.17.0.2 -container-port 53 -use-listen-fd", "udp [::]:53 172.17.0.2:53"},
		{"-use-listen-fd -proto=sctp -host-ip=::1 -host-port=9 -container-ip=fd00::2 -container-port=9", "sctp [::1]:9 [fd00::2]:9"},
		{"-proto tcp -host-ip 0.0.0.0 -host-port 80 -container-ip 172.17.0.2", ""},
		{"-proto icmp -host-ip 0.0.0.0 -host-port 80 -container-ip 172.17.0.2 -container-port 80", ""},
		{"-proto tcp -host-ip 0.0.0.0 -host-port 65536 -container-ip 172.17.0.2 -container-port 80", ""},
		{"-proto tcp -host-ip localhost -host-port 80 -container-ip web -container-port 80", ""},
		{"", ""},
	} {
		p, ok := parseDockerProxy(strings.Fields("docker-proxy " + c.args))
		got := ""
		if ok {
			got = string(p.proto) + " " + p.host.String() + " " + p.to.String()
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.args, got, c.want)
		}
	}
}

func TestParseConmon(t *testing.T) {
	for _, c := range []struct{ args, engine, name string }{
		{"-c " + hexB + " -n web --exit-command /usr/bin/podman", "podman", "web"},
		{"-c " + hexB + " -n web --exit-dir /run/libpod/exits", "podman", "web"},
		{"--cid " + hexB + " --name k8s_web --exit-dir /var/run/crio/exits", "cri-o", "k8s_web"},
		{"-c web -n " + hexB, "", ""},
		{"-n web -c", "", ""},
		{"", "", ""},
	} {
		got, ok := parseConmon(strings.Fields("conmon " + c.args))
		if ok != (c.engine != "") || ok && (got.Engine != c.engine || got.Name != c.name || got.Full != hexB) {
			t.Errorf("%q: %+v, %v", c.args, got, ok)
		}
	}
}

func TestProgram(t *testing.T) {
	for _, c := range []struct {
		p    fact.Process
		want string
	}{
		{fact.Process{Exe: "/usr/bin/docker-proxy", Args: []string{"x"}, Name: "y"}, "docker-proxy"},
		{fact.Process{Args: []string{"/usr/bin/conmon"}, Name: "y"}, "conmon"},
		{fact.Process{Exe: "/proc/self/exe", Args: []string{"rootlessport-child"}, Name: "exe"}, "rootlessport-child"},
		{fact.Process{Exe: `C:\x\com.docker.backend.exe`}, "com.docker.backend"},
		{fact.Process{Name: "docker-proxy"}, "docker-proxy"},
		{fact.Process{Args: []string{""}, Name: "comm"}, "comm"},
		{fact.Process{}, ""},
	} {
		if got := program(c.p); got != c.want {
			t.Errorf("program(%+v) = %q, want %q", c.p, got, c.want)
		}
	}
}

func FuzzCommandLines(f *testing.F) {
	f.Add("docker-proxy\x00-proto\x00tcp\x00-host-ip\x000.0.0.0\x00-host-port\x0080\x00-container-ip\x00172.17.0.2\x00-container-port\x0080")
	f.Add("conmon\x00-c\x00" + hexB + "\x00-n\x00web\x00--exit-command\x00/usr/bin/podman")
	f.Add("containerd-shim-runc-v2\x00-namespace\x00moby\x00-id\x00" + hexA)
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, "\x00")
		if p, ok := parseDockerProxy(args); ok && (p.host.Port() == 0 || !p.to.Addr().IsValid()) {
			t.Fatalf("docker-proxy %q: %+v", args, p)
		}
		if c, ok := parseConmon(args); ok && !isID(c.Full) {
			t.Fatalf("conmon %q: %+v", args, c)
		}
		if c, ok := parseShim(args); ok && !isID(c.Full) {
			t.Fatalf("shim %q: %+v", args, c)
		}
		v := newView(Query{Processes: []fact.Process{{ID: "p", PID: 1, PPID: 1, Args: args}, {ID: "q", PID: 2, PPID: 1, Args: args}}})
		v.clues()
	})
}
