package snapshot

import (
	"context"
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// socket binds port 80 of an address, and listens where it is told to.
func socket(t *testing.T, last byte, listen bool) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: 80, Addr: [4]byte{127, 0, 0, last}}); err != nil {
		t.Fatal(err)
	}
	if listen {
		if err := unix.Listen(fd, 5); err != nil {
			t.Fatal(err)
		}
	}
}

// Beside a listener, or without one, a socket that is bound has its holder.
func TestNetnsBoundSocketsAreJoined(t *testing.T) {
	for _, c := range []struct {
		name   string
		listen bool // whether the second socket does
		first  bool // whether there is a first one, which listens
		want   []string
	}{
		{"bound beside a listener", false, true, []string{"127.0.0.1:80 listen", "127.0.0.2:80 bound"}},
		{"two listeners", true, true, []string{"127.0.0.1:80 listen", "127.0.0.2:80 listen"}},
		{"bound alone", false, false, []string{"127.0.0.2:80 bound"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			testbed.Netns(t, func() {
				socket(t, 2, c.listen)
				if c.first {
					socket(t, 1, true)
				}
				set, err := Collect(context.Background(), Query{Ports: []uint16{80}, Owners: true})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, s := range set.Sockets {
					got = append(got, s.Local.String()+" "+string(s.State))
					if !slices.ContainsFunc(set.Links, func(l fact.Link) bool { return l.From == s.ID && l.Kind == fact.HeldBy }) {
						t.Errorf("%s has no holder: %+v", s.ID, set.Gaps)
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		})
	}
}

// bindV6Only binds [::]:80, IPv6 alone, and does not listen.
func bindV6Only(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet6{Port: 80}); err != nil {
		t.Fatal(err)
	}
}

// Beside a listener at the wildcard a bound socket is left out, and that is said;
// whoever asks for all holders is told of it.
func TestNetnsBoundSocketsBesideAWildcardListener(t *testing.T) {
	for _, all := range []bool{false, true} {
		testbed.Netns(t, func() {
			bindV6Only(t)
			l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(l)
			if err := errors.Join(unix.Bind(l, &unix.SockaddrInet4{Port: 80}), unix.Listen(l, 5)); err != nil {
				t.Fatal(err)
			}
			set, err := Collect(context.Background(), Query{Ports: []uint16{80}, AllHolders: all})
			if err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(set.Sockets, func(s fact.Socket) bool { return s.State == fact.Bound })
			said := slices.ContainsFunc(set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapBoundLeft })
			if found != all || said == all {
				t.Errorf("all holders %v: bound socket found %v, limit said %v", all, found, said)
			}
		})
	}
}
