package diag

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report"
)

// explainTime bounds Explain.
const explainTime = 3 * time.Second

// Explained is the error of a failed Listen and what stands behind it.
type Explained struct {
	Err   error       // as it was given to Explain
	Who   Report      // who has the port
	Check CheckReport // which rule refused the bind
	text  string
}

// Error is the original error's text and, after an empty line, the answer for
// people: several lines, in UTF-8 without colour. Words that came from outside are
// made harmless in it.
func (e *Explained) Error() string { return e.Err.Error() + "\n\n" + e.text }

// Unwrap returns the original error, so that errors.Is and errors.As see through.
func (e *Explained) Unwrap() error { return e.Err }

// Explain adds to err, the error of net.Listen, net.ListenPacket or their like, why
// the bind was refused: who has the port, or which rule stands against it (a low
// port without the right to it, an address that is not here, a family that is off).
// It knows a further copy of the calling program: one of the same executable, folder
// and first argument.
//
// It returns an [*Explained] that wraps err, or err itself where that is no failed
// Listen on a TCP or UDP port, or where the machine could not be read in time; nil
// stays nil. It blocks as [Who] does, for three seconds at most, and is meant for a
// program that is about to give up: it is no way to poll for a port.
func Explain(err error) error {
	r, ok := refused(err)
	if !ok {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), explainTime)
	defer stop()
	set, cerr := collect(ctx, everyState(r.endpoint))
	if cerr != nil {
		return err
	}
	if l := set.Machine.Linux; l != nil && l.NoIPv6 && r.addr == netip.IPv6Unspecified() {
		r.addr = netip.IPv4Unspecified() // what Go has asked for
	}
	x := &Explained{Err: err, Who: who(&set, r.endpoint, self()), Check: check(&set, r.endpoint, []netip.Addr{r.addr}, r.met)}
	x.text = x.answer(r.met)
	return x
}

// answer is the report that says more: a holder explains "in use"; for any other
// error it is beside the point.
func (e *Explained) answer(met *report.Probe) string {
	inUse := met == nil || strings.HasSuffix(met.Errno, "EADDRINUSE")
	switch e.Who.Status {
	case string(diagnose.Unknown):
		return e.Who.String()
	case string(diagnose.Held), string(diagnose.Blocked):
		if inUse {
			return e.Who.String()
		}
	default:
		if inUse {
			return "Whoever had it has let it go since: another try may work.\n\n" + e.Who.String()
		}
	}
	return e.Check.String()
}

// refusal is one failed Listen: where, and what the system said.
type refusal struct {
	endpoint fact.Endpoint
	addr     netip.Addr
	met      *report.Probe
}

// refused finds in err the failed Listen on a TCP or UDP port.
func refused(err error) (refusal, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "listen" || op.Addr == nil {
		return refusal{}, false
	}
	at, perr := netip.ParseAddrPort(fullAddr(op.Addr.String(), op.Net))
	if perr != nil || at.Port() == 0 {
		return refusal{}, false
	}
	e := fact.Endpoint{Port: at.Port(), Proto: fact.TCP}
	if strings.HasPrefix(op.Net, "udp") {
		e.Proto = fact.UDP
	}
	if a := at.Addr(); !a.IsUnspecified() {
		e.Host, e.Addrs = a.String(), []netip.Addr{a}
	}
	return refusal{e, at.Addr(), systemSaid(op.Err)}, true
}

// fullAddr completes ":80", as the net package writes a wildcard: Go listens on the
// IPv6 one, which takes IPv4 too, unless it was told to use IPv4.
func fullAddr(s, network string) string {
	switch {
	case !strings.HasPrefix(s, ":"):
		return s
	case strings.HasSuffix(network, "4"):
		return "0.0.0.0" + s
	}
	return "[::]" + s
}

// systemSaid is the call that failed and its error, or nil where err does not tell.
func systemSaid(err error) *report.Probe {
	var call *os.SyscallError
	var number syscall.Errno
	if !errors.As(err, &number) {
		return nil
	}
	p := &report.Probe{Step: "bind", Errno: errnoName(number), Code: int(number), Words: number.Error()}
	if errors.As(err, &call) {
		p.Step = call.Syscall
	}
	return p
}

// errnoName names the errors that a Listen meets; "" for any other.
func errnoName(n syscall.Errno) string {
	for _, e := range [...]struct {
		unix    syscall.Errno
		windows syscall.Errno
		name    string
	}{
		{syscall.EADDRINUSE, 10048, "EADDRINUSE"}, {syscall.EACCES, 10013, "EACCES"}, {syscall.EADDRNOTAVAIL, 10049, "EADDRNOTAVAIL"},
		{syscall.EAFNOSUPPORT, 10047, "EAFNOSUPPORT"}, {syscall.EINVAL, 10022, "EINVAL"}, {syscall.EPERM, 0, "EPERM"},
	} {
		switch n {
		case e.unix:
			return e.name
		case e.windows:
			return "WSA" + e.name
		}
	}
	return ""
}

// self is the calling program as the newcomer.
func self() *diagnose.Newcomer {
	exe, err := os.Executable()
	if err != nil {
		return nil
	}
	nc := &diagnose.Newcomer{Exe: exe, Args: os.Args, PID: os.Getpid()}
	if wd, err := os.Getwd(); err == nil {
		nc.Cwd = wd
	}
	return nc
}
