package logline

import (
	"strconv"
	"strings"
)

const (
	inUse       = "EADDRINUSE"
	access      = "EACCES"
	notHere     = "EADDRNOTAVAIL"
	noFamily    = "EAFNOSUPPORT"
	badArgument = "EINVAL"
	// HTTP.sys answers with errors of Win32.
	sharingViolation = "ERROR_SHARING_VIOLATION"
	alreadyExists    = "ERROR_ALREADY_EXISTS"
	accessDenied     = "ERROR_ACCESS_DENIED"
)

// number is an error by number, and the only OS that has it.
type number struct {
	code  int
	errno string
	os    string
}

var numbers = [...]number{
	{10048, inUse, "windows"}, {10013, access, "windows"}, {10049, notHere, "windows"}, {10047, noFamily, "windows"}, {10022, badArgument, "windows"},
	{4091, inUse, "windows"}, {4092, access, "windows"}, {4090, notHere, "windows"}, {4089, noFamily, "windows"}, // libuv's
	{98, inUse, "linux"}, {99, notHere, "linux"}, {97, noFamily, "linux"},
	{48, inUse, "darwin"}, {49, notHere, "darwin"}, {47, noFamily, "darwin"},
	{13, access, ""}, {22, badArgument, ""},
}

// kernelNumbers are what HTTP.sys answers, as Win32 codes and in hexadecimal.
var kernelNumbers = [...]struct {
	code  int
	hex   string
	errno string
}{
	{32, "0x80070020", sharingViolation}, {183, "0x800700b7", alreadyExists},
	{5, "0x80070005", accessDenied}, {5, "0xc0000022", accessDenied}, {87, "0x80070057", "ERROR_INVALID_PARAMETER"},
}

// numberOf finds an error number where programs put one. A number elsewhere may
// be a port, a PID or a line of source.
func numberOf(low, program string) (number, bool) {
	for _, k := range kernelNumbers {
		if strings.Contains(low, k.hex) || program == ".net" && strings.Contains(low, "httplistenerexception ("+strconv.Itoa(k.code)+")") {
			return number{k.code, k.errno, "windows"}, true
		}
	}
	return ownNumber(low)
}

// ownNumber is the surest number that stands, whole, where an error number does.
func ownNumber(low string) (best number, ok bool) {
	rank := len(numbers)
	for i := 0; i < len(low); i++ {
		if !digit(low[i]) {
			continue
		}
		end := i
		for end < len(low) && digit(low[end]) {
			end++
		}
		if n := known(low[i:end]); n < rank && marked(low[:i], low[end:], numbers[n].code < 1000) {
			rank = n
		}
		i = end
	}
	if rank == len(numbers) {
		return number{}, false
	}
	return numbers[rank], true
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// known is the index of an error number, or more than there are.
func known(digits string) int {
	if len(digits) <= 5 {
		code, _ := strconv.Atoi(digits)
		for i, n := range numbers {
			if n.code == code {
				return i
			}
		}
	}
	return len(numbers)
}

// marked tells whether a number between two texts is called an error. "error 48"
// may be anything; "error -48" and "error 10048" are not.
func marked(before, after string, small bool) bool {
	if after != "" && !strings.ContainsRune(":)] ,.;", rune(after[0])) {
		return false
	}
	if strings.HasSuffix(before, "[") && after == "]" {
		return true
	}
	for _, m := range [...]string{"errno ", "errno: ", "errno: -", "errno=", "os error ", "winerror ", "(", "(os ", "error -", "error: -", "(error ", "os { code: "} {
		if strings.HasSuffix(before, m) {
			return true
		}
	}
	return !small && (strings.HasSuffix(before, "error ") || strings.HasSuffix(before, "error #"))
}

// spellings are names and words of errors, names first.
var spellings = [...]struct{ text, errno, by string }{
	{"eaddrinuse", inUse, "code"},
	{"addrinuse", inUse, "code"},
	{"eaddrnotavail", notHere, "code"},
	{"eafnosupport", noFamily, "code"},
	{"eacces", access, "code"},
	{"address already in use", inUse, "words"},
	{"address in use", inUse, "words"}, // musl
	{"only one usage of each socket address", inUse, "words"},
	{"port is already allocated", inUse, "words"},
	{"cannot assign requested address", notHere, "words"},
	{"can't assign requested address", notHere, "words"},
	{"requested address is not valid in its context", notHere, "words"},
	{"address not available", notHere, "words"}, // musl
	{"address family not supported", noFamily, "words"},
	{"forbidden by its access permissions", access, "words"},
	{"conflicts with an existing registration", alreadyExists, "words"},
	{"already registered this url", alreadyExists, "words"},
	{"access rights to this namespace", accessDenied, "words"},
	{"is being used by another application", sharingViolation, "words"},
	{"permission denied", access, "words"},
	{"invalid argument", badArgument, "words"},
}

// own are spellings that one system alone has.
var own = [...]struct{ text, os string }{
	{"only one usage of each", "windows"}, {"forbidden by its access", "windows"},
	{"conflicts with an existing registration", "windows"}, {"is not valid in its context", "windows"},
	{"already registered this url", "windows"}, {"access rights to this namespace", "windows"},
	{"could not register url", "windows"}, {"underlying transport", "windows"}, {"httpaddurl", "windows"},
	{": jvm_bind", "windows"}, {"already in use: bind", "windows"}, {"requested address: bind", "windows"},
	{"bind on tcp/ip port: no such file", "windows"}, {"bind on tcp/ip port: no error", "windows"}, // MySQL prints the wrong number's words there
	{"can't assign requested", "darwin"},
	{"cannot assign requested", "linux"}, {"address in use", "linux"}, {".socket: failed to", "linux"},
}

func spellingOS(low, program string) string {
	for _, o := range own {
		if strings.Contains(low, o.text) {
			return o.os
		}
	}
	if program == "xampp" {
		return "windows"
	}
	return ""
}

// phrases are programs' own ways to say it, and what they mean; "" where they do
// not tell why. All parts must come in this order.
var phrases = [...]struct{ first, then, errno string }{
	{"port", " is already in use", inUse},
	{"port", " was already in use", inUse},
	{"port", " is in use", inUse},
	{"port", " already in use", inUse},
	{"port", " in use by ", inUse},
	{"is port ", " in use?", inUse},
	{"server running on port: ", "", ""},
	{"port(s) already bound", "", inUse},
	{"already running on port ", "", inUse},
	{"connection in use: (", "", inUse},
	{"didn't have free ports", "", inUse},
	{"permission to listen on port ", " denied", access},
	{"cannot expose privileged port ", "", access},
	{"can't connect to ('", "", ""}, // gunicorn, of its own socket
	{"bind on tcp/ip port", "", ""},
	{"bind to port", " failed", ""},
	{"cannot bind any address", "", ""},
	{"failed to bind", "", ""},
	{"unable to bind", "", ""},
	{"could not bind", "", ""},
	{"cannot bind ", "", ""},
	{"can't bind ", "", ""},
	{"failed to listen on", "", ""},
	{"unable to listen on", "", ""},
	{"cannot listen to port", "", ""},
	{"could not request local forwarding", "", ""},
	{"failed to create listening socket", "", ""},
	{"server tcp listening socket", ": ", ""},
	{"failed to register url ", "", ""},
	{"could not register url ", "", ""},
	{"httpaddurl", " failed", ""},
	{"listen tcp", ": bind: ", ""},
	{"listen udp", ": bind: ", ""},
	{"no listening sockets available", "", ""},
	{"ports are not available", "", ""},
}

func phraseOf(low string) (errno string, ok bool) {
	for _, p := range phrases {
		if _, rest, found := strings.Cut(low, p.first); found && strings.Contains(rest, p.then) {
			return p.errno, true
		}
	}
	return "", false
}

// programs are shapes by which a program or its runtime is known, the narrower
// first.
var programs = [...]struct{ part, name string }{
	{"ah00072", "apache"}, {"make_sock:", "apache"}, {"no listening sockets available", "apache"},
	{"[emerg]", "nginx"}, {"bind() to ", "nginx"}, {"still could not bind()", "nginx"}, {"socket() [", "nginx"},
	{".socket: failed to", "systemd"},
	{"rootlessport", "podman"},
	{"userland proxy", "docker"}, {"port is already allocated", "docker"}, {"ports are not available", "docker"}, {"failed programming external connectivity", "docker"},
	{"unable to create listener", "kubectl"}, {"unable to listen on any of the requested ports", "kubectl"},
	{"[error port-", "kubeadm"}, {"didn't have free ports", "kubernetes"},
	{"listen tcp", "go"}, {"listen udp", "go"},
	{"listen eaddrinuse", "node"}, {"listen eacces", "node"}, {"listen eaddrnotavail", "node"}, {"listen eafnosupport", "node"},
	{"connection in use: (", "gunicorn"}, {"can't connect to ('", "gunicorn"},
	{"bind(2)", "ruby"}, {"errno::e", "ruby"},
	{"bindexception", "java"}, {"jvm_bind", "java"}, {"web server failed to start", "java"}, {"failed to bind to port!", "java"}, {"bind(..) failed", "java"}, {"failed to bind to /", "java"},
	{"httplistenerexception", ".net"}, {"socketexception", ".net"}, {"failed to bind to address http", ".net"}, {"unable to bind to http", ".net"}, {"failed to listen on prefix", ".net"},
	{"failed to register url", "iis express"}, {"could not register url", "wcf"}, {"underlying transport", "http.sys"}, {"httpaddurl", "http.sys"},
	{"] error: port ", "xampp"}, {" in use by \"", "xampp"},
	{"another postmaster", "postgresql"}, {"could not bind ipv", "postgresql"},
	{"bind on tcp/ip port", "mysql"},
	{"server tcp listening socket", "redis"},
	{"dnsmasq", "dnsmasq"}, {"failed to create listening socket for", "dnsmasq"},
	{"can't bind to socket: ", "lighttpd"}, {"can't bind socket: ", "unbound"},
	{"channel_setup_fwd_listener", "ssh"}, {"could not request local forwarding", "ssh"}, {"bind [", "ssh"},
	{"bind to port", "sshd"}, {"cannot bind any address", "sshd"},
	{"cannot bind listener: ", "adb"}, {"forwarded port to", "vagrant"},
	{"something is already running on port", "create-react-app"}, {"is in use by another program", "flask"}, {"that port is already in use", "django"},
	{"os error ", "rust"}, {"addrinuse", "rust"},
	{"[errno ", "python"}, {"[winerror ", "python"}, {"oserror:", "python"},
}

func program(low string) string {
	for _, p := range programs {
		if strings.Contains(low, p.part) {
			if p.part == "addrinuse" && strings.Contains(low, "eaddrinuse") {
				continue
			}
			return p.name
		}
	}
	return ""
}
