package netstat

import (
	"context"
	"net"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

func listen(t *testing.T, network, address string) uint16 {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

func TestReadFindsAListenerByItsPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	for _, serving := range []bool{true, false} {
		set, err := Read(context.Background(), Query{Ports: []uint16{port}, Serving: serving})
		if err != nil || len(set.Sockets) != 1 || set.Sockets[0].State != fact.Listen {
			t.Errorf("serving %v: %+v, error %v; want one listener", serving, set, err)
		}
	}
	l.Close()
	set, err := Read(context.Background(), Query{Ports: []uint16{port}, Serving: true})
	if err != nil || len(set.Sockets) != 0 {
		t.Errorf("after close: %+v, error %v; want none", set.Sockets, err)
	}
}

func BenchmarkServing(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(context.Background(), Query{Ports: []uint16{80}, Serving: true}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestContextThatEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, Query{}); err == nil {
		t.Error("want the context's error")
	}
}

func BenchmarkEverything(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(context.Background(), Query{}); err != nil {
			b.Fatal(err)
		}
	}
}
