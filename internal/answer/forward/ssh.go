package forward

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// sshValues are ssh's (and autossh's) one-letter options that take a value.
const sshValues = "BbcDEeFIiJLlMmOopQRSWw"

// ssh reads OpenSSH's command line: options, destination, further options, and
// then the remote command, which is none of its business.
func ssh(args []string) []Forward {
	var out []Forward
	host, jump := "", ""
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			if host != "" {
				break
			}
			host = arg
			continue
		}
		if arg == "--" {
			continue
		}
		letter, value, used := sshOption(arg, args[i+1:])
		i += used
		switch letter {
		case 'L', 'R', 'D':
			out = appendSSH(out, letter, value)
		case 'J':
			jump = value
		case 'o':
			out = sshConfig(out, value)
		}
	}
	for i := range out {
		out[i].Host, out[i].Via = destination(host), jump
	}
	return out
}

// sshOption reads one cluster of short options: the last may have a value, joined
// or in the next argument.
func sshOption(arg string, next []string) (letter byte, value string, used int) {
	for i := 1; i < len(arg); i++ {
		if strings.IndexByte(sshValues, arg[i]) < 0 {
			continue
		}
		if i+1 < len(arg) {
			return arg[i], arg[i+1:], 0
		}
		if len(next) > 0 {
			return arg[i], next[0], 1
		}
		return arg[i], "", 0
	}
	return 0, "", 0
}

// sshConfig reads -o LocalForward=8080 host:80 and its like.
func sshConfig(to []Forward, option string) []Forward {
	key, value, ok := strings.Cut(option, "=")
	if !ok {
		key, value, _ = strings.Cut(option, " ")
	}
	value = strings.Replace(strings.TrimSpace(value), " ", ":", 1)
	switch strings.ToLower(strings.TrimSpace(key)) {
	case "localforward":
		return appendSSH(to, 'L', value)
	case "remoteforward":
		return appendSSH(to, 'R', value)
	case "dynamicforward":
		return appendSSH(to, 'D', value)
	}
	return to
}

func appendSSH(to []Forward, letter byte, spec string) []Forward {
	if len(to) == maxForwards {
		return to
	}
	f := Forward{Kind: "ssh", Proto: fact.TCP}
	switch letter {
	case 'L':
		f.Mode = "local"
	case 'R':
		f.Mode, f.Elsewhere = "remote", true
	case 'D':
		f.Mode = "dynamic"
	}
	f, ok := f.spec(splitSpec(spec))
	if !ok {
		return to
	}
	return append(to, f)
}

// spec reads [bind:]port:host:hostport, [bind:]port:/socket and, for a SOCKS
// proxy, [bind:]port. A listener on a unix socket is no port.
func (f Forward) spec(parts []string) (Forward, bool) {
	n := len(parts)
	target := 2
	switch {
	case f.Mode == "dynamic", f.Mode == "remote" && (n == 1 || n == 2 && port(parts[1]) != 0):
		target = 0
	case n > 0 && strings.HasPrefix(parts[n-1], "/"):
		target = 1
		f.To = parts[n-1]
	case n >= 2:
		f.To = hostPort(parts[n-2], parts[n-1])
	}
	switch n - target {
	case 1:
		return f.at("", parts[0])
	case 2:
		return f.at(parts[0], parts[1])
	}
	return f, false
}

// splitSpec splits at colons outside brackets.
func splitSpec(spec string) []string {
	var out []string
	start, inside := 0, false
	for i := range len(spec) {
		switch spec[i] {
		case '[':
			inside = true
		case ']':
			inside = false
		case ':':
			if !inside {
				out = append(out, spec[start:i])
				start = i + 1
			}
		}
		if len(out) > 4 {
			return nil
		}
	}
	return append(out, spec[start:])
}

// destination is the machine of [user@]host or ssh://[user@]host[:port].
func destination(arg string) string {
	arg = strings.TrimPrefix(arg, "ssh://")
	return arg[strings.LastIndexByte(arg, '@')+1:]
}

// titled reads processes that replaced their arguments by a title.
func titled(name, title string) []Forward {
	switch {
	case name == "ssh" && strings.HasPrefix(title, "ssh: ") && strings.HasSuffix(title, " [mux]"):
		path := strings.TrimSuffix(strings.TrimPrefix(title, "ssh: "), " [mux]")
		if _, rest, ok := strings.Cut(path, "/_lima/"); ok {
			return only(Forward{Kind: "lima", Host: strings.TrimSuffix(rest, "/ssh.sock")})
		}
		return only(Forward{Kind: "ssh", Mode: "shared", Via: path})
	case (name == "sshd" || name == "sshd-session") && sessionTitle(title):
		_, user, _ := strings.Cut(title, ": ")
		user, _, _ = strings.Cut(user, " ")
		user, _, _ = strings.Cut(user, "@")
		return only(Forward{Kind: "sshd", Mode: "remote", Via: user})
	}
	return nil
}

// sessionTitle tells a session's process ("sshd: alice@pts/0") from the server's
// ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups").
func sessionTitle(title string) bool {
	rest, ok := strings.CutPrefix(title, "sshd: ")
	if !ok {
		rest, ok = strings.CutPrefix(title, "sshd-session: ")
	}
	return ok && rest != "" && rest[0] != '/' && rest[0] != '[' && !strings.Contains(rest, "[listener]")
}

// tsh reads Teleport's client: tsh ssh as ssh, tsh proxy KIND NAME --port N.
func tsh(args []string) []Forward {
	for i, arg := range args {
		switch arg {
		case "ssh":
			out := ssh(args[i+1:])
			for j := range out {
				out[j].Kind = "tsh"
			}
			return out
		case "proxy":
			f := Forward{Kind: "tsh", Mode: "local", Proto: fact.TCP, Via: after(args, "--proxy", "--cluster")}
			rest := plain(args[i+1:], func(name string) bool {
				return !strings.Contains(name, "=") && name != "--tunnel" && name != "--insecure" && name != "-d"
			})
			if len(rest) > 1 {
				f.To = strings.Join(rest[:2], "/")
			}
			if p, _, _ := strings.Cut(after(args, "--port", "-p"), ":"); p != "" {
				f, _ = f.at("127.0.0.1", p)
			}
			return only(f)
		}
	}
	return nil
}
