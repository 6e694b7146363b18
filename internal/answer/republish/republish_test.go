package republish

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

func port(proto fact.Proto, host string, inside uint16) fact.PublishedPort {
	return fact.PublishedPort{Proto: proto, Host: netip.MustParseAddrPort(host), Container: inside}
}

func web() fact.Container {
	return fact.Container{Engine: "docker", Name: "web", Full: strings.Repeat("a", 64), Image: "nginx:1.27", Network: "bridge",
		Ports: []fact.PublishedPort{port(fact.TCP, "0.0.0.0:80", 8080), port(fact.TCP, "[::]:80", 8080), port(fact.UDP, "127.0.0.1:80", 53)}}
}

func TestFor(t *testing.T) {
	run := func(words string) [][]string {
		return [][]string{{"docker", "stop", "web"}, {"docker", "rename", "web", "web-before"}, strings.Fields(words)}
	}
	for what, c := range map[string]struct {
		change func(c *fact.Container)
		to     uint16
		want   Advice
	}{
		"by hand": {to: 8081, want: Advice{Way: Run, Old: "80:8080", New: "8081:8080", Incomplete: true,
			Steps: run("docker run -d --name web -p 8081:8080 -p 127.0.0.1:80:53/udp nginx:1.27")}},
		"no port at all": {want: Advice{Way: Run, Old: "80:8080", Incomplete: true,
			Steps: run("docker run -d --name web -p 127.0.0.1:80:53/udp nginx:1.27")}},
		"with what is known": {func(c *fact.Container) { c.Restart, c.Network = "on-failure:5", "shop" }, 8081, Advice{Way: Run, Old: "80:8080", New: "8081:8080", Incomplete: true,
			Steps: run("docker run -d --name web --restart on-failure:5 --network shop -p 8081:8080 -p 127.0.0.1:80:53/udp nginx:1.27")}},
		"of one address": {func(c *fact.Container) { c.Ports = c.Ports[:1]; c.Ports[0] = port(fact.TCP, "[::1]:80", 80) }, 81, Advice{Way: Run, Old: "[::1]:80:80", New: "[::1]:81:80", Incomplete: true,
			Steps: run("docker run -d --name web -p [::1]:81:80 nginx:1.27")}},
		"removed when it stops": {func(c *fact.Container) { c.AutoRemove = true }, 8081, Advice{Way: Run, Old: "80:8080", New: "8081:8080", Incomplete: true,
			Steps: [][]string{{"docker", "stop", "web"}, strings.Fields("docker run -d --name web --rm -p 8081:8080 -p 127.0.0.1:80:53/udp nginx:1.27")}}},
		"compose": {func(c *fact.Container) { c.Project, c.Service, c.WorkDir = "shop", "front", "/srv/shop" }, 8081, Advice{Way: Compose, Old: "80:8080", New: "8081:8080",
			Folder: "/srv/shop", Service: "front", Files: []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"},
			Steps: [][]string{{"docker", "compose", "--project-directory", "/srv/shop", "-p", "shop", "up", "-d", "front"}}}},
		"podman's compose": {func(c *fact.Container) { c.Engine, c.Project, c.Service = "podman", "shop", "front" }, 8081, Advice{Way: Compose, Old: "80:8080", New: "8081:8080",
			Service: "front", Files: []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"},
			Steps: [][]string{{"podman-compose", "-p", "shop", "up", "-d", "front"}}}},
		"a pod's":            {func(c *fact.Container) { c.Pod = "b" }, 8081, Advice{Way: Pod, Old: "80:8080", New: "8081:8080"}},
		"the host's network": {func(c *fact.Container) { c.Network, c.Ports = "host", nil }, 8081, Advice{Way: Host}},
	} {
		k := web()
		if c.change != nil {
			c.change(&k)
		}
		got, ok := For(k, fact.TCP, 80, c.to)
		if diff := cmp.Diff(c.want, got); diff != "" || !ok {
			t.Errorf("%s, %v (-want +got):\n%s", what, ok, diff)
		}
	}
	k := web()
	if got, ok := For(k, fact.TCP, 81, 8081); ok {
		t.Errorf("a port that is not its: %+v", got)
	}
	if diff := cmp.Diff(web().Ports, k.Ports, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
		t.Errorf("the facts were changed: %s", diff)
	}
}
