// Package probe answers "can I bind this?" by trying, with the caller's own
// flags and the caller's own rights.
//
// A probe binds, listens only where it is asked to, and closes at once; it sends
// nothing and leaves nothing, no waiting connection either. What it says is true
// of the moment and of this process: another user, another flag or a later moment
// may fare differently, and a bind that works is no proof that traffic arrives
// (see [Request.Dial]).
//
// Linux, macOS and Windows; on other systems every probe says that it was not run.
package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/berthd/berth/internal/fact"
)

const dialWait = time.Second

// Step is the call that failed.
type Step string

// Steps in their order.
const (
	AtSocket Step = "socket"
	AtOption Step = "option" // setting a flag of the request; Result.Option names it
	AtBind   Step = "bind"
	AtListen Step = "listen"
)

// Request is the socket to try.
type Request struct {
	Proto     fact.Proto     // TCP, UDP, and on Linux UDP-Lite and SCTP
	Addr      netip.AddrPort // an IPv6 socket is made where the address is IPv6
	V6Only    *bool          // IPV6_V6ONLY; nil leaves the system's default
	ReuseAddr bool           // SO_REUSEADDR
	ReusePort bool           // SO_REUSEPORT; not on Windows, where it is an error of the request
	Exclusive bool           // SO_EXCLUSIVEADDRUSE; Windows only, no meaning elsewhere
	Freebind  bool           // IP_FREEBIND; Linux only
	Device    string         // SO_BINDTODEVICE; Linux only
	// Listen also listens, for the errors that only come then. For that moment
	// the port is open to others: their connections are reset.
	Listen bool
	// Dial also connects to the address (loopback where it is a wildcard), to find
	// who answers; TCP only, one second at most for each address. It sends nothing.
	Dial bool
}

// Failure is the system's refusal.
type Failure struct {
	Errno int    // 98 on Linux, 10048 on Windows
	Name  string // "EADDRINUSE", "WSAEADDRINUSE"; "" where the number has none here
	Text  string // the system's own words
}

// Result is what came of a probe.
type Result struct {
	Ran     bool   // false: nothing was tried, Why says the reason
	Why     string // "not on this system: freebind"
	OK      bool   // every step asked for worked
	At      Step   // the step that failed
	Option  string // at AtOption: the flag that could not be set
	Failure Failure
	Port    uint16   // the port that was bound: the kernel's choice where 0 was asked
	Dials   []Answer // one an address that was dialled
}

// Answer is what a connection attempt met.
type Answer struct {
	Addr     netip.AddrPort
	Answered bool
	// By is "self" when the probe's own listener took the connection, "other" when
	// somebody else did although the probe listened there (the packets are
	// redirected), and "" when the probe was not listening or could not tell.
	By      string
	Failure Failure // of a connection that was refused or timed out
}

// Try probes r with the rights of the process and in the network namespace of
// the calling thread. Without Dial it does not block; a context that ends stops
// the dialling.
func Try(ctx context.Context, r Request) Result {
	if why := unfit(r); why != "" {
		return Result{Why: why}
	}
	s, result := open(r)
	if r.Dial && r.Proto == fact.TCP {
		port := r.Addr.Port()
		if result.OK {
			port = result.Port
		}
		for _, a := range targets(r) {
			result.Dials = append(result.Dials, dial(ctx, netip.AddrPortFrom(a, port), s))
		}
	}
	s.close()
	return result
}

func unfit(r Request) string {
	switch {
	case !r.Addr.IsValid():
		return "no address"
	case r.Proto == fact.Raw:
		return "raw sockets have no port"
	}
	return notHere(r)
}

// targets are the addresses at which a socket on r.Addr would be reached from here.
func targets(r Request) []netip.Addr {
	a := r.Addr.Addr()
	v4 := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	switch {
	case !a.IsUnspecified():
		return []netip.Addr{a.Unmap()}
	case a.Is4() || a.Is4In6():
		return []netip.Addr{v4}
	case r.V6Only != nil && *r.V6Only:
		return []netip.Addr{netip.IPv6Loopback()}
	}
	return []netip.Addr{netip.IPv6Loopback(), v4}
}

// dial connects and resets: a connection that is closed politely would stay in
// TIME_WAIT on this machine.
func dial(ctx context.Context, to netip.AddrPort, s socket) Answer {
	a := Answer{Addr: to}
	d := net.Dialer{Timeout: dialWait}
	conn, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		a.Failure = failureOf(err)
		return a
	}
	a.Answered = true
	tcp := conn.(*net.TCPConn)
	a.By = s.took(tcp.LocalAddr().(*net.TCPAddr).AddrPort())
	_ = tcp.SetLinger(0)
	_ = tcp.Close()
	return a
}

func failureOf(err error) Failure {
	if number, name, text, ok := errnoOf(err); ok {
		return Failure{number, name, text}
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return Failure{Text: "no answer"}
	}
	return Failure{Text: err.Error()}
}

// scopeOf is the number of the interface that a zone names; 0 where there is none,
// which the system then refuses in its own words.
func scopeOf(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0
	}
	return uint32(i.Index)
}
