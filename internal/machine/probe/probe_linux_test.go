package probe

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

func try(t *testing.T, r Request) Result {
	t.Helper()
	if r.Proto == "" {
		r.Proto = fact.TCP
	}
	return Try(context.Background(), r)
}

func at(addr string) netip.AddrPort { return netip.MustParseAddrPort(addr) }

func ptr[T any](v T) *T { return &v }

// hold binds, and listens where backlog is not 0, until the returned function is called.
func hold(t *testing.T, addr string, reuseAddr, reusePort bool, backlog int) func() {
	t.Helper()
	s, got := open(Request{Proto: fact.TCP, Addr: at(addr), ReuseAddr: reuseAddr, ReusePort: reusePort})
	if !got.OK {
		t.Fatalf("%+v", got)
	}
	if backlog > 0 {
		if err := unix.Listen(s.fd, backlog); err != nil {
			t.Fatal(err)
		}
	}
	return s.close
}

func TestNetnsEachStepCanFail(t *testing.T) {
	testbed.Netns(t, func() {
		defer hold(t, "127.0.0.1:80", false, false, 1)()
		defer hold(t, "127.0.0.1:90", true, false, 0)()
		for _, c := range []struct {
			name string
			r    Request
			at   Step
			errn string
		}{
			{"held", Request{Addr: at("0.0.0.0:80")}, AtBind, "EADDRINUSE"},
			{"the other address is free", Request{Addr: at("127.0.0.2:80")}, "", ""},
			{"dual stack meets IPv4", Request{Addr: at("[::]:80")}, AtBind, "EADDRINUSE"},
			{"IPv6 only does not", Request{Addr: at("[::]:80"), V6Only: ptr(true)}, "", ""},
			{"bound by another", Request{Addr: at("127.0.0.1:90")}, AtBind, "EADDRINUSE"},
			{"bound by another, both reuse", Request{Addr: at("127.0.0.1:90"), ReuseAddr: true, Listen: true}, "", ""},
			{"not local", Request{Addr: at("192.0.2.1:80")}, AtBind, "EADDRNOTAVAIL"},
			{"not local, freebind", Request{Addr: at("192.0.2.1:80"), Freebind: true}, "", ""},
			{"not local IPv6, freebind", Request{Addr: at("[2001:db8::1]:80"), Freebind: true}, "", ""},
			{"no such device", Request{Addr: at("0.0.0.0:81"), Device: "nosuch0"}, AtOption, "ENODEV"},
			{"a device", Request{Addr: at("0.0.0.0:81"), Device: "lo"}, "", ""},
			{"no such protocol here", Request{Proto: fact.SCTP, Addr: at("0.0.0.0:81")}, AtSocket, "EPROTONOSUPPORT"},
			{"UDP beside TCP", Request{Proto: fact.UDP, Addr: at("0.0.0.0:80"), Listen: true}, "", ""},
			{"link-local without a zone", Request{Addr: at("[fe80::1]:80")}, AtBind, "EINVAL"},
		} {
			got := try(t, c.r)
			if c.r.Proto == fact.SCTP && got.OK {
				continue // this kernel has SCTP
			}
			if got.At != c.at || got.Failure.Name != c.errn || got.OK != (c.at == "") || !got.Ran {
				t.Errorf("%s: %+v, want %q %s", c.name, got, c.at, c.errn)
			}
		}
	})
}

// The one error that only listen brings: both bound with SO_REUSEADDR, the other
// listened first. A probe meets it when the other listens between its two calls.
func TestNetnsListenCanFailAlone(t *testing.T) {
	testbed.Netns(t, func() {
		r := Request{Proto: fact.TCP, Addr: at("127.0.0.1:80"), ReuseAddr: true}
		mine, got := open(r)
		if !got.OK {
			t.Fatalf("%+v", got)
		}
		defer mine.close()
		defer hold(t, "127.0.0.1:80", true, false, 1)()
		if err := unix.Listen(mine.fd, 1); err != unix.EADDRINUSE {
			t.Errorf("listen: %v, want EADDRINUSE", err)
		}
	})
}

func TestNetnsPrivilegeIsTheCallers(t *testing.T) {
	testbed.Netns(t, func() {
		const keep, nobody = ^uintptr(0), 65534
		if got := try(t, Request{Addr: at("0.0.0.0:80")}); !got.OK {
			t.Errorf("root: %+v", got)
		}
		unix.RawSyscall(unix.SYS_SETRESUID, keep, nobody, keep)
		low, high := try(t, Request{Addr: at("0.0.0.0:80")}), try(t, Request{Addr: at("0.0.0.0:8080")})
		unix.RawSyscall(unix.SYS_SETRESUID, keep, 0, keep)
		if low.OK || low.At != AtBind || low.Failure != (Failure{13, "EACCES", "permission denied"}) {
			t.Errorf("user: %+v, want EACCES", low)
		}
		if !high.OK {
			t.Errorf("user above 1024: %+v", high)
		}
	})
}

func TestNetnsDialTellsWhoAnswers(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "nft")
	testbed.Netns(t, func() {
		all := Request{Addr: at("[::]:80"), Listen: true, Dial: true}
		by := func(r Result) string {
			var s []string
			for _, a := range r.Dials {
				s = append(s, a.By)
			}
			return strings.Join(s, " ")
		}
		if got := try(t, all); !got.OK || by(got) != "self self" {
			t.Errorf("nothing in between: %+v, want to reach itself twice", got)
		}
		defer hold(t, "127.0.0.1:8080", false, false, 4)()
		testbed.Run(t, "nft", "add table ip nat; add chain ip nat output { type nat hook output priority -100; }; add rule ip nat output tcp dport 80 redirect to :8080")
		if got := try(t, all); !got.OK || by(got) != "self other" {
			t.Errorf("redirected over IPv4: %+v, want another to answer there", got)
		}
		if got := try(t, Request{Addr: at("[::]:80"), Dial: true}); !got.OK || by(got) != " " || got.Dials[0].Answered || !got.Dials[1].Answered {
			t.Errorf("not listening: %+v, want an answer over IPv4 alone, by nobody known", got)
		}
	})
}

func TestNetnsLeavesNothing(t *testing.T) {
	testbed.Netns(t, func() {
		for range 3 {
			try(t, Request{Addr: at("[::]:80"), Listen: true, Dial: true})
			try(t, Request{Addr: at("0.0.0.0:80"), ReuseAddr: true, Listen: true})
		}
		for _, table := range []string{"tcp", "tcp6"} {
			b, err := os.ReadFile("/proc/thread-self/net/" + table)
			if err != nil {
				t.Fatal(err)
			}
			if rows := strings.Count(string(b), "\n"); rows != 1 {
				t.Errorf("%s:\n%s", table, b)
			}
		}
		if got := try(t, Request{Addr: at("0.0.0.0:80")}); !got.OK {
			t.Errorf("a plain bind afterwards: %+v", got)
		}
	})
}
