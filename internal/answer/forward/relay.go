package forward

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// socat reads its two addresses. Options stand before them.
func socat(args []string) []Forward {
	rest := plain(args, func(name string) bool {
		switch name {
		case "-b", "-t", "-T", "-L", "-W", "-r", "-R", "-lf", "-lp", "-S":
			return true
		}
		return false
	})
	if len(rest) != 2 {
		return nil
	}
	for i := range 2 {
		if f, ok := socatListen(rest[i]); ok {
			f.To = socatTarget(rest[1-i])
			return only(f)
		}
	}
	return nil
}

// socatListen reads TCP-LISTEN:80,bind=127.0.0.1,fork and the other listeners.
func socatListen(address string) (Forward, bool) {
	address, options, _ := strings.Cut(address, ",")
	kind, number, ok := strings.Cut(address, ":")
	if !ok {
		return Forward{}, false
	}
	family, verb, _ := strings.Cut(strings.ToUpper(kind), "-")
	f := Forward{Kind: "socat"}
	switch strings.TrimRight(family, "46") {
	case "TCP", "OPENSSL", "SSL":
		f.Proto = fact.TCP
	case "UDP", "OPENSSL-DTLS", "DTLS":
		f.Proto = fact.UDP
	case "SCTP":
		f.Proto = fact.SCTP
	default:
		return f, false
	}
	switch verb {
	case "LISTEN", "L", "RECVFROM", "RECV", "SERVER":
	default:
		return f, false
	}
	bind := ""
	for option := range strings.SplitSeq(options, ",") {
		if value, ok := strings.CutPrefix(option, "bind="); ok {
			bind = value
		}
	}
	return f.at(bind, number)
}

// socatTarget is host:port of a socket address, the path of a unix socket, and
// otherwise the address' kind and first word: what follows may hold secrets.
func socatTarget(address string) string {
	address, _, _ = strings.Cut(address, ",")
	kind, rest, ok := strings.Cut(address, ":")
	if !ok {
		return address
	}
	switch kind = strings.ToUpper(kind); {
	case strings.HasPrefix(kind, "TCP"), strings.HasPrefix(kind, "UDP"), strings.HasPrefix(kind, "SCTP"),
		strings.HasPrefix(kind, "OPENSSL"), strings.HasPrefix(kind, "SSL"), strings.HasPrefix(kind, "UNIX"):
		return rest
	}
	word, _, _ := strings.Cut(rest, " ")
	return kind + ":" + word
}

// nc is netcat's command line as it is read: implementations differ in whether
// -p or a plain argument names the port to listen on.
type nc struct {
	f       Forward
	listens bool
	port    string
	rest    []string
}

// netcat reads a listening nc or ncat; one that connects is no forwarder.
func netcat(args []string) []Forward {
	n := nc{f: Forward{Kind: "netcat", Mode: "stdio", Proto: fact.TCP}}
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case strings.HasPrefix(arg, "--"):
			i += n.word(arg)
		case strings.HasPrefix(arg, "-") && len(arg) > 1:
			i += n.letters(arg[1:], args[i+1:])
		default:
			n.rest = append(n.rest, arg)
		}
	}
	return n.forward()
}

// word reads a long option of ncat's and returns how many further arguments it took.
func (n *nc) word(arg string) int {
	name, _, joined := strings.Cut(arg, "=")
	switch name {
	case "--listen":
		n.listens = true
		return 0
	case "--udp":
		n.f.Proto = fact.UDP
		return 0
	case "--exec", "--sh-exec", "--lua-exec":
		n.f.Mode = "exec"
	case "--idle-timeout", "--wait", "--delay", "--max-conns", "--output", "--hex-dump", "--ssl-cert", "--ssl-key",
		"--allow", "--allowfile", "--deny", "--denyfile", "--proxy-type", "--proxy-auth", "--source":
	default:
		return 0
	}
	if joined {
		return 0
	}
	return 1
}

// letters reads one cluster of short options and returns how many further
// arguments it took.
func (n *nc) letters(cluster string, next []string) int {
	for i := range len(cluster) {
		switch cluster[i] {
		case 'l':
			n.listens = true
		case 'u':
			n.f.Proto = fact.UDP
		case 'e', 'c':
			n.f.Mode = "exec"
		}
		if strings.IndexByte("pecwiqsIOTVXxmMP", cluster[i]) < 0 {
			continue
		}
		value, used := cluster[i+1:], 0
		if value == "" && len(next) > 0 {
			value, used = next[0], 1
		}
		if cluster[i] == 'p' {
			n.port = value
		}
		return used
	}
	return 0
}

func (n *nc) forward() []Forward {
	addr, number := "", n.port
	switch {
	case !n.listens:
		return nil
	case number == "" && len(n.rest) > 0: // [ADDRESS] PORT
		last := len(n.rest) - 1
		number, n.rest = n.rest[last], n.rest[:last]
	}
	if len(n.rest) > 0 {
		addr = n.rest[0]
	}
	if f, ok := n.f.at(addr, number); ok {
		return only(f)
	}
	return nil
}

// socketProxy reads systemd-socket-proxyd: it was given its listener by the
// socket unit, so no port is named.
func socketProxy(args []string) []Forward {
	rest := plain(args, func(name string) bool {
		return name == "-c" || name == "--connections-max" || name == "--exit-idle-time"
	})
	if len(rest) != 1 {
		return nil
	}
	return only(Forward{Kind: "systemd-socket-proxyd", To: rest[0]})
}

// adb reads the server of the Android debug bridge. Its forwards are asked for
// later, by other adb processes.
func adb(args []string) []Forward {
	server := false
	for _, arg := range args {
		server = server || arg == "fork-server" || arg == "server" || arg == "nodaemon"
	}
	if !server {
		return nil
	}
	f := Forward{Kind: "adb", Mode: "server", Proto: fact.TCP}
	address, number := "127.0.0.1", "5037"
	if spec, ok := strings.CutPrefix(after(args, "-L"), "tcp:"); ok {
		number = spec[strings.LastIndexByte(spec, ':')+1:]
		if host, _, ok := strings.Cut(spec, ":"); ok {
			address = host
		}
	} else if p := after(args, "-P"); p != "" {
		number = p
	}
	f, ok := f.at(address, number)
	if !ok {
		return nil
	}
	return []Forward{f, {Kind: "adb", Mode: "forward", Proto: fact.TCP}}
}

// ngrok reads ngrok http 80: it connects to the port and never listens on it.
func ngrok(args []string) []Forward {
	rest := plain(args, func(name string) bool { return !strings.Contains(name, "=") })
	if len(rest) < 2 || rest[0] != "http" && rest[0] != "tcp" && rest[0] != "tls" {
		return nil
	}
	return only(Forward{Kind: "ngrok", Proto: fact.TCP, To: localTarget(rest[1]), Elsewhere: true})
}

// cloudflared reads a tunnel's --url; with access it is the client's listener.
func cloudflared(args []string) []Forward {
	url := after(args, "--url")
	if url == "" {
		return nil
	}
	f := Forward{Kind: "cloudflared", Proto: fact.TCP}
	if firstPlain(args) != "access" {
		f.To, f.Elsewhere = localTarget(url), true
		return only(f)
	}
	f.To = after(args, "--hostname", "-T")
	listen := localTarget(url)
	i := strings.LastIndexByte(listen, ':')
	if i < 0 {
		return nil
	}
	f, ok := f.at(listen[:i], listen[i+1:])
	if !ok {
		return nil
	}
	return only(f)
}

// localTarget turns 80, :80, localhost:80 and http://localhost:80/x into host:port.
func localTarget(arg string) string {
	if _, rest, ok := strings.Cut(arg, "://"); ok {
		arg = rest
	}
	arg, _, _ = strings.Cut(arg, "/")
	if port(arg) != 0 {
		return "localhost:" + arg
	}
	if strings.HasPrefix(arg, ":") {
		return "localhost" + arg
	}
	return arg
}
