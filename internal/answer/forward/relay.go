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

// netcat reads a listening nc or ncat; one that connects is no forwarder.
func netcat(args []string) []Forward {
	f := Forward{Kind: "netcat", Mode: "stdio", Proto: fact.TCP}
	listens := false
	var rest []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--listen":
			listens = true
		case arg == "--udp":
			f.Proto = fact.UDP
		case arg == "-p" || arg == "--source-port":
			i++
			if i < len(args) {
				rest = append(rest, args[i])
			}
		case isExec(arg):
			f.Mode = "exec"
			i++
		case strings.HasPrefix(arg, "--"):
			f.exec(arg)
		case strings.HasPrefix(arg, "-") && len(arg) > 1:
			listens = listens || strings.Contains(arg, "l")
			if strings.Contains(arg, "u") {
				f.Proto = fact.UDP
			}
			if strings.HasSuffix(arg, "p") && i+1 < len(args) {
				i++
				rest = append(rest, args[i])
			} else if strings.ContainsAny(arg[len(arg)-1:], "wiqsIOTVXxm") {
				i++
			}
		default:
			rest = append(rest, arg)
		}
	}
	return f.netcat(listens, rest)
}

func (f Forward) netcat(listens bool, rest []string) []Forward {
	if !listens || len(rest) == 0 || len(rest) > 2 {
		return nil
	}
	addr := ""
	if len(rest) == 2 {
		addr = rest[0]
		if port(addr) != 0 { // -p PORT HOST
			rest[0], rest[1] = rest[1], rest[0]
			addr = rest[0]
		}
	}
	if f, ok := f.at(addr, rest[len(rest)-1]); ok {
		return only(f)
	}
	return nil
}

func isExec(arg string) bool {
	switch arg {
	case "-e", "-c", "--exec", "--sh-exec", "--lua-exec":
		return true
	}
	return false
}

func (f *Forward) exec(arg string) {
	if name, _, ok := strings.Cut(arg, "="); ok && isExec(name) {
		f.Mode = "exec"
	}
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
