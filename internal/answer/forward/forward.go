// Package forward reads from a command line what a process forwards to: the far
// end of an ssh tunnel, the pod behind kubectl port-forward, the container behind
// docker-proxy. Such a process holds the port for something else, and stopping it
// is seldom what its owner meant.
//
// The package is pure. A command line is the process' own word: it may be
// anything, and what is not understood is left out.
package forward

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Forward is one thing that a process forwards. What the command line does not
// tell is empty.
type Forward struct {
	// Kind is the family: "ssh", "sshd", "tsh", "kubectl", "editor", "adb", "socat",
	// "docker", "podman", "rootless", "lima", "virtual machine", "netcat", "stunnel",
	// "systemd-socket-proxyd", "wsl", "ngrok", "cloudflared".
	Kind string
	// Mode tells apart what one family does: ssh "local", "dynamic" (a SOCKS proxy),
	// "remote", "shared" (a control master, whose forwards no command line tells);
	// editor "server", "desktop"; adb "server", "forward"; netcat "stdio", "exec";
	// wsl "relay", "debugger".
	Mode   string
	Proto  fact.Proto
	Listen string // as the command line has it: "127.0.0.1:8080", ":8080"
	Port   uint16 // of Listen; 0 where the command line names none
	To     string // "db.internal:5432", "svc/web:http", "172.17.0.2:80", "/run/x.sock"
	Host   string // the other machine, or the cluster's context, pod's namespace, virtual machine: where To is to be read
	Via    string // a jump host, a namespace, a configuration file
	// Elsewhere is true where it is not this process that listens on this machine:
	// ssh -R listens at the far end, ngrok in the cloud.
	Elsewhere bool
}

// maxForwards bounds what one command line may yield.
const maxForwards = 64

// Target is the first forward that p's command line tells of, and false where p
// is no forwarder that berth knows. A process with several is asked with [All]
// or, for one of its ports, with [For].
func Target(p fact.Process) (Forward, bool) {
	all := All(p)
	if len(all) == 0 {
		return Forward{}, false
	}
	return all[0], true
}

// For is the forward behind one port that p listens on. A forwarder whose command
// line names no ports may forward any; one that names others does not forward
// this one.
func For(p fact.Process, proto fact.Proto, port uint16) (Forward, bool) {
	all := All(p)
	for _, f := range all {
		if f.Port == port && port != 0 && !f.Elsewhere && (f.Proto == proto || f.Proto == "") {
			return f, true
		}
	}
	for _, f := range all {
		if f.Port == 0 && !f.Elsewhere {
			return f, true
		}
	}
	return Forward{}, false
}

// All lists what p's command line says that it forwards, at most 64.
func All(p fact.Process) []Forward {
	name, args := program(p), []string(nil)
	if len(p.Args) > 1 {
		args = p.Args[1:]
	}
	out := read(name, args)
	if out == nil && len(p.Args) > 0 {
		out = titled(name, p.Args[0])
	}
	if out == nil {
		out = editor(name, p.Args)
	}
	return out[:min(len(out), maxForwards)]
}

// read knows the programs by name.
func read(name string, args []string) []Forward {
	switch name {
	case "ssh", "autossh":
		return ssh(args)
	case "tsh":
		return tsh(args)
	case "kubectl", "oc", "k3s", "microk8s.kubectl", "minikube", "kubecolor":
		return kubectl(args)
	case "kubefwd", "skaffold", "telepresence":
		return only(Forward{Kind: "kubectl", Via: name})
	case "adb":
		return adb(args)
	case "socat", "socat1":
		return socat(args)
	case "nc", "ncat", "netcat", "nc.openbsd", "nc.traditional":
		return netcat(args)
	case "stunnel", "stunnel4", "stunnel3":
		return only(Forward{Kind: "stunnel", Via: firstPlain(args)})
	case "systemd-socket-proxyd":
		return socketProxy(args)
	case "wslrelay", "wslhost":
		return wsl(args)
	case "ngrok":
		return ngrok(args)
	case "cloudflared":
		return cloudflared(args)
	}
	return virtual(name, args)
}

// virtual knows the forwarders of containers and virtual machines.
func virtual(name string, args []string) []Forward {
	switch name {
	case "docker-proxy", "rootlesskit-docker-proxy", "rootlesskit-docker":
		return dockerProxy(args)
	case "com.docker.backend", "com.docker.backe", "com.docker.vpnkit", "com.docker.vpnk", "vpnkit", "OrbStack Helper":
		return only(Forward{Kind: "docker"})
	case "rootlesskit":
		return only(Forward{Kind: "rootless", Via: "docker"})
	case "rootlessport", "rootlessport-child", "rootlessport-ch":
		return only(Forward{Kind: "rootless", Via: "podman"})
	case "conmon":
		return conmon(args)
	case "slirp4netns":
		return only(Forward{Kind: "rootless", Via: name})
	case "pasta", "pasta.avx2", "passt", "passt.avx2":
		return pasta(args)
	case "gvproxy":
		return gvproxy(args)
	case "limactl":
		return limactl(args)
	case "host-switch":
		return only(Forward{Kind: "virtual machine", Via: name})
	case "VBoxHeadless", "VirtualBoxVM":
		return only(Forward{Kind: "virtual machine", Host: after(args, "--comment")})
	}
	if strings.HasPrefix(name, "qemu-system-") {
		return qemu(args)
	}
	return nil
}

func only(f Forward) []Forward { return []Forward{f} }

// program is the short name of what p runs.
func program(p fact.Process) string {
	switch {
	case p.Exe != "" && !strings.HasPrefix(p.Exe, "/proc/"):
		return base(p.Exe)
	case len(p.Args) > 0 && p.Args[0] != "" && (!strings.Contains(p.Args[0], " ") || strings.HasSuffix(p.Args[0], ".exe")):
		return base(p.Args[0])
	}
	return strings.TrimSuffix(p.Name, ".exe")
}

func base(path string) string {
	return strings.TrimSuffix(path[strings.LastIndexAny(path, `/\`)+1:], ".exe")
}

// port reads a port number; 0 is none.
func port(text string) uint16 {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// at sets where f listens.
func (f Forward) at(addr, number string) (Forward, bool) {
	f.Port = port(number)
	f.Listen = hostPort(addr, number)
	return f, f.Port != 0
}

// hostPort joins a host, bracketed or not, and a port.
func hostPort(host, number string) string {
	host = strings.Trim(host, "[]")
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + number
}

// after is the value of an option, "--name value" or "--name=value".
func after(args []string, names ...string) string {
	for i, arg := range args {
		for _, name := range names {
			if arg == name && i+1 < len(args) {
				return args[i+1]
			}
			if value, ok := strings.CutPrefix(arg, name+"="); ok {
				return value
			}
		}
	}
	return ""
}

// firstPlain is the first argument that is no option.
func firstPlain(args []string) string {
	for _, arg := range args {
		if arg != "" && !strings.HasPrefix(arg, "-") {
			return arg
		}
	}
	return ""
}

// plain splits args into options and the rest. takes tells which options have
// their value in the next argument.
func plain(args []string, takes func(name string) bool) (rest []string) {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			return append(rest, args[i+1:]...)
		case !strings.HasPrefix(arg, "-") || arg == "-":
			rest = append(rest, arg)
		case takes(arg):
			i++
		}
	}
	return rest
}
