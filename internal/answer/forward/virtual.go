package forward

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
)

func dockerProxy(args []string) []Forward {
	f := Forward{Kind: "docker", Proto: fact.Proto(after(args, "-proto", "--proto"))}
	ip, number := after(args, "-container-ip", "--container-ip"), after(args, "-container-port", "--container-port")
	if ip == "" || port(number) == 0 {
		return nil
	}
	f.To = hostPort(ip, number)
	f, ok := f.at(after(args, "-host-ip", "--host-ip"), after(args, "-host-port", "--host-port"))
	if !ok {
		return nil
	}
	return only(f)
}

// conmon holds the published ports of a container, and does not say which.
func conmon(args []string) []Forward {
	id := after(args, "-c", "--cid")
	if id == "" {
		return nil
	}
	f := Forward{Kind: "podman", To: after(args, "-n", "--name")}
	if f.To == "" {
		f.To = id
	}
	return only(f)
}

// pasta reads -t and -u: comma-separated [ADDRESS/]PORT[:PORT]. It says so too
// where it forwards whatever listens inside ("auto") or a whole range.
func pasta(args []string) []Forward {
	out := pastaPorts(nil, fact.TCP, after(args, "-t", "--tcp-ports"))
	out = pastaPorts(out, fact.UDP, after(args, "-u", "--udp-ports"))
	if len(out) == 0 {
		return only(Forward{Kind: "rootless", Via: "pasta"})
	}
	return out
}

func pastaPorts(to []Forward, proto fact.Proto, list string) []Forward {
	for spec := range strings.SplitSeq(list, ",") {
		if spec == "" || spec == "none" || len(to) == maxForwards {
			continue
		}
		f := Forward{Kind: "rootless", Proto: proto, Via: "pasta"}
		addr, ports, ok := strings.Cut(spec, "/")
		if !ok {
			addr, ports = "", spec
		}
		addr, _, _ = strings.Cut(addr, "%") // an interface
		host, inside, ok := strings.Cut(ports, ":")
		if !ok {
			inside = host
		}
		if g, ok := f.at(addr, host); ok {
			g.To = ":" + inside
			f = g
		}
		to = append(to, f)
	}
	return to
}

// gvproxy listens for a virtual machine's ssh, named, and its containers' ports, not named.
func gvproxy(args []string) []Forward {
	others := Forward{Kind: "virtual machine", Via: "gvproxy"}
	f := others
	f.To = ":22"
	f, ok := f.at("127.0.0.1", after(args, "-ssh-port", "--ssh-port"))
	if !ok {
		return only(others)
	}
	f.Proto = fact.TCP
	return []Forward{f, others}
}

// limactl reads the host agent of a Lima (or Colima) machine, whose name is last.
func limactl(args []string) []Forward {
	if len(args) < 2 || firstPlain(args) != "hostagent" {
		return nil
	}
	return only(Forward{Kind: "lima", Host: args[len(args)-1]})
}

// qemu reads hostfwd=tcp:[ADDR]:PORT-[GUEST]:PORT of user-mode networks.
func qemu(args []string) []Forward {
	name, _, _ := strings.Cut(after(args, "-name"), ",")
	name = strings.TrimPrefix(name, "guest=")
	var out []Forward
	for _, arg := range args {
		for part := range strings.SplitSeq(arg, ",") {
			spec, ok := strings.CutPrefix(part, "hostfwd=")
			if !ok || len(out) == maxForwards {
				continue
			}
			if f, ok := hostfwd(spec); ok {
				f.Host = name
				out = append(out, f)
			}
		}
	}
	return out
}

func hostfwd(spec string) (Forward, bool) {
	f := Forward{Kind: "virtual machine", Via: "qemu"}
	proto, rest, ok := strings.Cut(spec, ":")
	here, there, ok2 := strings.Cut(rest, "-")
	if !ok || !ok2 {
		return f, false
	}
	switch proto {
	case "tcp", "":
		f.Proto = fact.TCP
	case "udp":
		f.Proto = fact.UDP
	default:
		return f, false
	}
	f.To = there
	i := strings.LastIndexByte(here, ':')
	return f.at(here[:max(i, 0)], here[i+1:])
}
