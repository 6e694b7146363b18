// Package httpsys reads what Windows' kernel HTTP listener, HTTP.sys, says of
// itself: request queues, the URLs registered behind them, the processes that
// serve them, and who may register what.
//
// There is no documented call that lists another program's live registrations,
// so the source is the text of `netsh http show servicestate`, whose every label
// is translated. [ParseState] and [ParseReservations] therefore go by shape
// alone (indentation, "label: value", URLs, 16-digit IDs, decimals, paths) and
// never by words. They are pure, work on every OS, need no privilege and do not
// block. How sure a tie between a URL and a queue is, is part of the answer:
// where two queues cannot be told apart, the URL belongs to one of them.
package httpsys

import (
	"net/netip"
	"strconv"
	"strings"
)

// The commands that would tell what a listing leaves open.
const (
	hintQueues = "netsh http show servicestate view=requestq"
)

// KernelHolder tells whether the owner that Windows names for a listening TCP
// socket is the kernel's HTTP listener rather than a program: PID 4, "System",
// or, under Wine, the host of its driver. image is the owner's image name or
// path, "" where it is not known. The same owner also holds the sockets of other
// kernel components (SMB on 445, NetBT on 139): it makes a registration
// possible, not certain.
func KernelHolder(pid int, image string) bool {
	name := baseName(image)
	if strings.EqualFold(name, "winedevice.exe") {
		return true
	}
	return pid == 4 && !strings.HasSuffix(strings.ToLower(name), ".exe")
}

// baseName is the last part of a Windows path.
func baseName(path string) string {
	return path[strings.LastIndexAny(path, `\/`)+1:]
}

// A URL is a prefix as HTTP.sys prints it, taken apart.
type URL struct {
	Scheme string     // "http" or "https"
	Host   string     // "+", "*", a name, or an IP address without brackets
	IP     netip.Addr // set where Host is an IP address
	Port   uint16
	Path   string // from the first slash on, in the case it came in
}

// ParseURL takes a prefix apart. It accepts the listing's own form with the
// address repeated after the port ("HTTP://127.0.0.1:8000:127.0.0.1/") and a
// prefix without its final slash. ok is false where there is no port.
func ParseURL(text string) (u URL, ok bool) {
	scheme, rest, ok := strings.Cut(text, "://")
	u.Scheme = strings.ToLower(scheme)
	if !ok || (u.Scheme != "http" && u.Scheme != "https") {
		return URL{}, false
	}
	authority, path, slash := strings.Cut(rest, "/")
	if slash {
		u.Path = "/" + path
	}
	host, port, ok := cutHost(authority)
	if !ok || host == "" {
		return URL{}, false
	}
	port, _, _ = strings.Cut(port, ":")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return URL{}, false
	}
	u.Host, u.Port = host, uint16(n)
	if ip, err := netip.ParseAddr(host); err == nil {
		u.IP = ip
	}
	return u, true
}

// cutHost splits "host:port[:ip]" and "[v6]:port[:[v6]]".
func cutHost(authority string) (host, port string, ok bool) {
	if inner, found := strings.CutPrefix(authority, "["); found {
		host, rest, closed := strings.Cut(inner, "]")
		port, colon := strings.CutPrefix(rest, ":")
		return host, port, closed && colon
	}
	return strings.Cut(authority, ":")
}

// TakenOn tells whether requests for u can arrive at a listening TCP socket on
// local: the ports are equal, and the socket's address carries u's host. A
// registration on an IP address listens there or on its family's wildcard; all
// others listen wherever HTTP.sys does.
func (u URL) TakenOn(local netip.AddrPort) bool {
	if u.Port == 0 || u.Port != local.Port() {
		return false
	}
	if !u.IP.IsValid() {
		return true
	}
	at := local.Addr()
	return at.WithZone("") == u.IP.WithZone("") || (at.IsUnspecified() && at.Is4() == u.IP.Is4())
}
