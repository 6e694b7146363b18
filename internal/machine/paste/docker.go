package paste

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste/terms"
)

// docker reads a row of docker ps or podman ps that publishes ports: a 12-digit
// ID, the image, and somewhere "0.0.0.0:80->80/tcp". What it lists is the
// engine's book, not the host's sockets. The row says nothing of the host's
// system.
func (d *desk) docker(i int) int {
	f := d.words
	if len(f) < 5 || !containerID(f[0]) {
		return 0
	}
	c := fact.Container{ID: fact.ContainerID("docker", f[0]), Engine: "docker", Full: f[0], Name: f[len(f)-1], Image: f[1], Evidence: d.evidence(i)}
	for _, word := range f {
		c.Ports = append(c.Ports, published(strings.TrimSuffix(word, ","))...)
	}
	c.State = terms.ContainerState(f)
	if len(c.Ports) == 0 && c.State == "" {
		return 0
	}
	d.machine.On("").Container(c)
	d.saw(DockerPS, i, i, 1)
	return 1
}

func containerID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// published reads "0.0.0.0:8000-8001->80-81/tcp"; "80/tcp" alone publishes nothing.
func published(word string) []fact.PublishedPort {
	host, inner, ok := strings.Cut(word, "->")
	if !ok {
		return nil
	}
	inner, name, _ := strings.Cut(inner, "/")
	proto, _, ok := protocol(name)
	address, ports, ok2 := cutEnd(host, ':')
	addr, _, ok3 := hostAddr(address, netip.IPv4Unspecified())
	from, to, ok4 := portRange(ports)
	target, _, ok5 := portRange(inner)
	if !ok || !ok2 || !ok3 || !ok4 || !ok5 {
		return nil
	}
	var out []fact.PublishedPort
	for p := int(from); p <= int(to) && len(out) < maxPublished; p++ {
		out = append(out, fact.PublishedPort{Proto: proto, Host: netip.AddrPortFrom(addr, uint16(p)), Container: target + uint16(p) - from})
	}
	return out
}

// maxPublished bounds the ports of one published range.
const maxPublished = 256

func portRange(s string) (from, to uint16, ok bool) {
	a, b, ranged := strings.Cut(s, "-")
	if !ranged {
		b = a
	}
	x, err := strconv.ParseUint(a, 10, 16)
	y, err2 := strconv.ParseUint(b, 10, 16)
	return uint16(x), uint16(y), err == nil && err2 == nil && x > 0 && x <= y
}
