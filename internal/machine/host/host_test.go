package host

import (
	"context"
	"os"
	"runtime"
	"testing"
)

func TestReadNamesThisMachine(t *testing.T) {
	set, err := Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	m := set.Machine
	if m.OS != runtime.GOOS || m.Arch != runtime.GOARCH || m.Asker == nil || m.Asker.PID != os.Getpid() {
		t.Errorf("%+v", m)
	}
	if host, _ := os.Hostname(); m.Host != host {
		t.Errorf("host %q, want %q", m.Host, host)
	}
}

func TestReadStopsWhenToldTo(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if set, err := Read(ctx); err == nil || set.Machine.OS != "" {
		t.Errorf("cancelled: %+v %v", set, err)
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		if _, err := Read(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
