package lookalike

import (
	"slices"
	"strconv"
	"strings"
)

// dockerChain: iptables has lost the chain that Docker made at its start.
func dockerChain(f *finder, i int) bool {
	l := f.low[i]
	if !hasAny(l, "no chain/target/match by that name", "chain 'docker' does not exist", "chain docker does not exist") || !hasAny(l, "iptables", "nft") {
		return false
	}
	if !hasAny(l, "docker", "endpoint") && f.around(i, "docker", "external connectivity on endpoint") < 0 {
		return false
	}
	return f.say(DockerChain, "likely", nil, i)
}

// client: the end that connects was refused something, not the one that listens.
func client(f *finder, i int) bool {
	l := f.low[i]
	if !connects(l) && !(hasAny(l, "socketexception (100", "[winerror 100", "(10013)", "(10048)") && f.traceConnects(i)) {
		return false
	}
	switch {
	case hasAny(l, "10013", "eacces", "forbidden by its access permissions"):
		return f.say(ClientBlocked, "likely", target(f.lines[i].Text), i)
	case hasAny(l, "eaddrinuse", "10048", "address already in use", "only one usage of each socket address", "cannot assign requested address", "can't assign requested address", "eaddrnotavail"):
		return f.say(ClientPorts, "likely", target(f.lines[i].Text), i)
	}
	return false
}

// connects tells whether a line speaks of a connection that goes out.
func connects(low string) bool {
	return hasAny(low, "connect eaddr", "connect eacces", "connect() failed", "connect failed", "connect: cannot assign", "connect: can't assign", "connect: only one usage",
		"connect: an attempt was made", "dial tcp", "dial udp", "failed to establish a new connection", "addhttp11connectionasync", "connectasync", "couldn't connect to", "unable to connect to")
}

// traceConnects tells whether the trace below line i goes through a connect before
// any bind.
func (f *finder) traceConnects(i int) bool {
	connect := f.below(i, "socket.connect", "socket.doconnect", "addhttp11connectionasync", "connectasync", "tcpclient", "connectcallback", "httpconnectionpool")
	bind := f.below(i, "socket.bind", "socket.dobind", "tcplistener.start", "kestrel")
	return connect >= 0 && (bind < 0 || connect < bind)
}

// target is the other end, where the line names it: "(host:443)", "1.2.3.4:443".
func target(line string) map[string]string {
	for _, w := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\"'()<>,;", r) }) {
		w = strings.TrimRight(w, ":.")
		host, port, ok := strings.Cut(w, ":")
		if n, err := strconv.ParseUint(port, 10, 16); ok && err == nil && n > 0 && strings.Contains(host, ".") && !strings.ContainsAny(host, `/\`) && strings.Trim(host, "0123456789:.") != "" || ok && err == nil && n > 0 && strings.Count(host, ".") == 3 {
			return map[string]string{"target": w}
		}
	}
	return nil
}

// socketFile: where a port belongs there is the path of a file.
func socketFile(f *finder, i int) bool {
	l := f.low[i]
	if !hasAny(l, "in use", "eaddrinuse", "errno 98", "errno 48", "(98", "(48", "already exists") || !hasAny(l, "unix:", "listen unix", ".sock", `\pipe\`, "socket file", "eaddrinuse: address already in use /") {
		return false
	}
	path := pathIn(f.lines[i].Text)
	if path == "" {
		return false
	}
	return f.say(SocketFile, "likely", map[string]string{"path": path}, i)
}

// pathIn is the path of a socket or a pipe in a line.
func pathIn(line string) string {
	for _, w := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\"'()<>,;", r) }) {
		w = strings.TrimRight(w, ":.")
		w = strings.TrimPrefix(w, "unix:")
		w = strings.TrimPrefix(w, "//")
		if strings.HasPrefix(w, "/") && len(w) > 2 || strings.HasPrefix(w, `\\.\pipe\`) {
			return w
		}
	}
	return ""
}

// secondFamily: WEBrick warns that its socket for the other family found the port
// taken, by the first one of its own, and starts.
func secondFamily(f *finder, i int) bool {
	if !strings.Contains(f.low[i], "tcpserver error: address already in use") || !strings.Contains(f.low[i], "warn") {
		return false
	}
	started := f.below(i, "httpserver#start", "webrick::httpserver#start")
	if started < 0 {
		return false
	}
	args := map[string]string{}
	if _, after, ok := strings.Cut(f.low[started], "port="); ok {
		args["port"] = digits(after)
	}
	return f.say(SecondFamily, "likely", args, i)
}

func digits(s string) string {
	end := 0
	for end < len(s) && '0' <= s[end] && s[end] <= '9' {
		end++
	}
	return s[:end]
}

// malformedURL: IIS Express takes "http://localhost/:8081" for port 80.
func malformedURL(f *finder, i int) bool {
	if !hasAny(f.low[i], "port '80' is in use", `port "80" is in use`, "port 80 is in use", "port '80' is already being used", "port 80 is already in use") {
		return false
	}
	at := f.around(i, "/:")
	if at < 0 {
		return false
	}
	for _, w := range strings.FieldsFunc(f.lines[at].Text, func(r rune) bool { return strings.ContainsRune(" \t\"'()<>,;", r) }) {
		_, rest, ok := strings.Cut(w, "://")
		host, after, slash := strings.Cut(rest, "/:")
		if port := digits(after); ok && slash && host != "" && !strings.Contains(host, "/") && port != "" {
			return f.say(MalformedURL, "likely", map[string]string{"url": w, "port": port}, i)
		}
	}
	return false
}

// pidFile: Rails and its like look at a file before they bind.
func pidFile(f *finder, i int) bool {
	_, after, ok := strings.Cut(f.low[i], "a server is already running")
	if !ok || !strings.Contains(after, ".pid") {
		return false
	}
	return f.say(PIDFile, "likely", map[string]string{"path": pathIn(f.lines[i].Text)}, i)
}

// ownService: XAMPP's panel says that its own server runs already, as a service.
func ownService(f *finder, i int) bool {
	_, after, ok := strings.Cut(f.low[i], "xampp ")
	module, port, ok2 := strings.Cut(after, " is already running on port ")
	if !ok || !ok2 {
		return false
	}
	return f.say(OwnService, "likely", map[string]string{"module": strings.TrimSuffix(module, " service"), "port": digits(port)}, i)
}

// otherMachine: ssh -R asks the server to listen.
func otherMachine(f *finder, i int) bool {
	_, after, ok := strings.Cut(f.low[i], "remote port forwarding failed for listen port ")
	if !ok {
		_, after, ok = strings.Cut(f.low[i], "remote forward failure for: listen ")
	}
	if !ok {
		return false
	}
	return f.say(OtherMachine, "likely", map[string]string{"port": digits(after)}, i)
}

// wsl1: the kernel of WSL 1 is no Linux; WSL 2 says microsoft-standard.
func wsl1(f *finder, i int) bool {
	l := f.low[i]
	if !strings.Contains(l, "-microsoft") || strings.Contains(l, "microsoft-standard") || !strings.Contains(l, "4.4.0") {
		return false
	}
	if rs := f.refusals(); len(rs) > 0 {
		return f.say(WSL1, "possible", map[string]string{"port": strconv.Itoa(int(rs[0].Port))}, i)
	}
	return false
}

// wrongProbe: a connection to localhost was refused, and a bind of the same port on
// every address as well. Both are true: the one who has it listens elsewhere.
func wrongProbe(f *finder, i int) bool {
	if !hasAny(f.low[i], "connection refused", "econnrefused", "couldn't connect") || !hasAny(f.low[i], "localhost", "127.0.0.1", "::1") {
		return false
	}
	for _, r := range f.refusals() {
		port := strconv.Itoa(int(r.Port))
		if r.Port != 0 && r.Errno == "EADDRINUSE" && r.Host != "localhost" && r.Host != "127.0.0.1" && slices.Contains(numbersIn(f.low[i]), port) {
			return f.say(WrongProbe, "possible", map[string]string{"port": port}, i)
		}
	}
	return false
}

func numbersIn(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// alreadyRunning is what create-react-app says when its look at a port fails, for
// whatever reason.
const alreadyRunning = "something is already running on port "

// hostsFile: the same on one port after the other is the check's own failure.
func (f *finder) hostsFile() {
	var ports []string
	var at []int
	for i, l := range f.low {
		if _, after, ok := strings.Cut(l, alreadyRunning); ok && !f.claimed[i] {
			at = append(at, i)
			if p := digits(after); p != "" && !slices.Contains(ports, p) {
				ports = append(ports, p)
			}
		}
	}
	if len(ports) > 1 {
		f.say(HostsFile, "likely", map[string]string{"ports": strings.Join(ports, ", ")}, at...)
	}
}
