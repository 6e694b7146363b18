package container

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// program is the short name of what p runs: that of its executable, else of its
// first argument, else the system's short name.
func program(p fact.Process) string {
	switch {
	case p.Exe != "" && !strings.HasPrefix(p.Exe, "/proc/"):
		return base(p.Exe)
	case len(p.Args) > 0 && p.Args[0] != "":
		return base(p.Args[0])
	}
	return strings.TrimSuffix(p.Name, ".exe")
}

func base(path string) string {
	return strings.TrimSuffix(path[strings.LastIndexAny(path, `/\`)+1:], ".exe")
}

// forwards tells whether a program of this name listens on behalf of containers,
// and of which engine's; "" means that it serves several.
func forwards(name string) (engine string, ok bool) {
	switch name {
	case "docker-proxy", "rootlesskit-docker-proxy", "rootlesskit-docker", "dockerd", "rootlesskit",
		"com.docker.backend", "com.docker.backe", "com.docker.vpnkit", "com.docker.vpnk", "vpnkit", "OrbStack Helper":
		return "docker", true
	case "conmon", "rootlessport", "rootlessport-child", "rootlessport-ch", "pasta", "pasta.avx2", "gvproxy":
		return "podman", true
	case "slirp4netns", "wslrelay", "wslhost": // WSL's show what listens inside: an engine's forwarder, maybe
		return "", true
	}
	return "", false
}

// proxied is what docker-proxy's command line says.
type proxied struct {
	proto fact.Proto
	host  netip.AddrPort
	to    netip.AddrPort
}

func parseDockerProxy(args []string) (proxied, bool) {
	flags := map[string]string{}
	for i := 1; i < len(args) && i < 64; i++ {
		name, value, joined := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !joined && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++
			value = args[i]
		}
		flags[name] = value
	}
	p := proxied{proto: fact.Proto(flags["proto"])}
	var ok1, ok2 bool
	p.host, ok1 = addrPort(flags["host-ip"], flags["host-port"])
	p.to, ok2 = addrPort(flags["container-ip"], flags["container-port"])
	return p, ok1 && ok2 && (p.proto == fact.TCP || p.proto == fact.UDP || p.proto == fact.SCTP)
}

func addrPort(ip, port string) (netip.AddrPort, bool) {
	addr, err := netip.ParseAddr(ip)
	n, err2 := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)), err == nil && err2 == nil && n != 0
}

// parseConmon reads the container that a conmon watches from its command line.
// conmon serves Podman and CRI-O; only Podman has it call podman at the end.
func parseConmon(args []string) (fact.Container, bool) {
	var c fact.Container
	exit, exitDir := "", ""
	for i := 1; i+1 < len(args) && i < 512; i++ {
		switch args[i] {
		case "-c", "--cid":
			c.Full = args[i+1]
		case "-n", "--name":
			c.Name = args[i+1]
		case "--exit-command":
			exit = base(args[i+1])
		case "--exit-dir":
			exitDir = args[i+1]
		default:
			continue
		}
		i++
	}
	if !isID(c.Full) {
		return c, false
	}
	c.Engine = "cri-o"
	if strings.HasPrefix(exit, "podman") || strings.Contains(exitDir, "libpod") {
		c.Engine = "podman"
	}
	return c, true
}

// parseShim reads the container that a containerd-shim watches.
func parseShim(args []string) (fact.Container, bool) {
	var c fact.Container
	namespace := ""
	for i := 1; i+1 < len(args) && i < 64; i++ {
		switch args[i] {
		case "-namespace", "--namespace":
			namespace = args[i+1]
		case "-id", "--id":
			c.Full = args[i+1]
		}
	}
	c.Engine = "containerd"
	if namespace == "moby" {
		c.Engine = "docker"
	}
	return c, isID(c.Full) // ids of containerd's own clients may be any word, and are no evidence
}
