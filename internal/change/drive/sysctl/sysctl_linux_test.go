package sysctl

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

// What is set decides which ports the kernel gives out, and undoing it is exact.
func TestNetnsReservedPorts(t *testing.T) {
	testbed.Netns(t, func() {
		s := plan.Subject{Kind: plan.Sysctl, Name: "net.ipv4.ip_local_reserved_ports"}
		d := New()
		before, err := d.Read(t.Context(), s)
		if err != nil || before["value"] != "" {
			t.Fatalf("%q, %v", before, err)
		}
		narrow := plan.Subject{Kind: plan.Sysctl, Name: "net.ipv4.ip_local_port_range"}
		set(t, narrow, "40000 40003")
		set(t, s, "40000-40002")
		for range 3 {
			if got := given(t); got != 40003 {
				t.Errorf("the kernel gave %d", got)
			}
		}
		// The kernel's own way to write it.
		err = d.Set(t.Context(), s, before, plan.State{"value": "40001,40000"})
		if err == nil || !strings.Contains(err.Error(), `"40000-40001"`) {
			t.Error(err)
		}
		set(t, s, before["value"])
		if now, err := d.Read(t.Context(), s); err != nil || now["value"] != "" {
			t.Errorf("%q, %v", now, err)
		}
	})
}

func set(t *testing.T, s plan.Subject, value string) {
	t.Helper()
	if err := New().Set(t.Context(), s, nil, plan.State{"value": value}); err != nil {
		t.Fatal(err)
	}
}

// given is the port that the kernel picks.
func given(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestNetnsUnprivilegedPorts(t *testing.T) {
	testbed.Netns(t, func() {
		s := plan.Subject{Kind: plan.Sysctl, Name: "net.ipv4.ip_unprivileged_port_start"}
		set(t, s, "80")
		if now, err := New().Read(t.Context(), s); err != nil || now["value"] != "80" {
			t.Errorf("%q, %v", now, err)
		}
		err := New().Set(t.Context(), s, nil, plan.State{"value": "70000"})
		if !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), "left as it is") {
			t.Error(err)
		}
		if now, err := New().Read(t.Context(), s); err != nil || now["value"] != "80" {
			t.Errorf("%q, %v", now, err)
		}
	})
}
