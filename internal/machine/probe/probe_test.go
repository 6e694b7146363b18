package probe

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

func listen(t *testing.T, addr string) (net.Listener, netip.AddrPort) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, l.Addr().(*net.TCPAddr).AddrPort()
}

func TestHeldAndFree(t *testing.T) {
	l, addr := listen(t, "127.0.0.1:0")
	r := Request{Proto: fact.TCP, Addr: addr, Listen: true, Dial: true}
	held := Try(context.Background(), r)
	if !held.Ran || held.OK || held.At != AtBind || held.Failure.Errno == 0 || held.Failure.Text == "" {
		t.Errorf("held: %+v, want a failing bind", held)
	}
	if len(held.Dials) != 1 || !held.Dials[0].Answered || held.Dials[0].By != "" {
		t.Errorf("held: %+v, want an answer by its listener", held.Dials)
	}
	l.Close()
	free := Try(context.Background(), r)
	if !free.OK || free.Port != addr.Port() {
		t.Errorf("free: %+v", free)
	}
	again, err := net.Listen("tcp", addr.String())
	if err != nil {
		t.Fatalf("the probe left something behind: %v", err)
	}
	again.Close()
}

func TestNobodyAnswers(t *testing.T) {
	l, addr := listen(t, "127.0.0.1:0")
	l.Close()
	got := Try(context.Background(), Request{Proto: fact.TCP, Addr: addr, Dial: true})
	if !got.OK || len(got.Dials) != 1 || got.Dials[0].Answered || got.Dials[0].Failure == (Failure{}) {
		t.Errorf("%+v, want a free port that nobody answers on", got)
	}
}

func TestKernelsChoice(t *testing.T) {
	got := Try(context.Background(), Request{Proto: fact.UDP, Addr: netip.MustParseAddrPort("127.0.0.1:0")})
	if !got.OK || got.Port == 0 {
		t.Errorf("%+v, want a port", got)
	}
}

func TestUnfitRequestsAreNotRun(t *testing.T) {
	for _, r := range []Request{
		{Proto: fact.TCP},
		{Proto: fact.Raw, Addr: netip.MustParseAddrPort("127.0.0.1:6")},
	} {
		if got := Try(context.Background(), r); got.Ran || got.OK || got.Why == "" {
			t.Errorf("%+v: %+v, want nothing done and a reason", r, got)
		}
	}
}

func TestTargets(t *testing.T) {
	yes := true
	for _, c := range []struct {
		r    Request
		want int
	}{
		{Request{Addr: netip.MustParseAddrPort("0.0.0.0:1")}, 1},
		{Request{Addr: netip.MustParseAddrPort("[::]:1")}, 2},
		{Request{Addr: netip.MustParseAddrPort("[::]:1"), V6Only: &yes}, 1},
		{Request{Addr: netip.MustParseAddrPort("192.0.2.1:1")}, 1},
	} {
		if got := targets(c.r); len(got) != c.want || got[0].IsUnspecified() {
			t.Errorf("%v: %v", c.r.Addr, got)
		}
	}
}
