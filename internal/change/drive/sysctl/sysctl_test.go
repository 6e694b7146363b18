package sysctl

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

func TestNames(t *testing.T) {
	d := Driver{"/root"}
	for name, want := range map[string]string{
		"net.ipv4.ip_local_reserved_ports": "/root/net/ipv4/ip_local_reserved_ports",
		"net/ipv4/ip_local_reserved_ports": "/root/net/ipv4/ip_local_reserved_ports",
		"net.ipv4.conf.eth0/100.rp_filter": "/root/net/ipv4/conf/eth0.100/rp_filter",
		"net/ipv4/conf/eth0.100/rp_filter": "/root/net/ipv4/conf/eth0.100/rp_filter",
	} {
		if got, err := d.file(name); err != nil || filepath.ToSlash(got) != want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	for _, bad := range []string{"", "kernel", ".", "..", "net..ipv4", ".net.ipv4", "/etc/passwd", "net/../../../etc/passwd", "net.//.x", "net/ipv4/", "net.ipv4.", "net/ipv4/\x00", `net/..\..\x`, "net/c:x"} {
		if got, err := d.file(bad); !errors.Is(err, ErrName) {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"net.ipv4.ip_local_port_range", "net.ipv4.conf.eth0/100.rp_filter", "net/../x", "../x.y", "a./.b"} {
		f.Add(s)
	}
	d := Driver{filepath.FromSlash("/root")}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := d.file(name)
		if err != nil {
			return
		}
		if rel, err := filepath.Rel(d.root, got); err != nil || !filepath.IsLocal(rel) || rel == "." {
			t.Errorf("%q leads to %q", name, got)
		}
	})
}

func TestReadAndSet(t *testing.T) {
	d := Driver{testbed.Tree(t, map[string]string{"net/ipv4/ip_local_port_range": "32768\t60999\n"})}
	s := plan.Subject{Kind: plan.Sysctl, Name: "net.ipv4.ip_local_port_range"}
	if now, err := d.Read(t.Context(), s); err != nil || now["value"] != "32768 60999" {
		t.Fatalf("%q, %v", now, err)
	}
	// A plain file is longer than what is written over it: what a kernel that takes
	// the value otherwise looks like.
	if err := d.Set(t.Context(), s, nil, plan.State{"value": "1 2"}); err == nil {
		t.Error("what reads otherwise is no error")
	}
	if err := os.WriteFile(filepath.Join(d.root, "net/ipv4/ip_local_port_range"), []byte("1\t2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"3 4", "3 4"} {
		if err := d.Set(t.Context(), s, nil, plan.State{"value": value}); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []plan.State{nil, {"value": "1\n2"}, {"value": "1", "other": "2"}} {
		if err := d.Set(t.Context(), s, nil, bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	none := plan.Subject{Kind: plan.Sysctl, Name: "net.ipv4.none"}
	if _, err := d.Read(t.Context(), none); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if err := d.Set(t.Context(), none, nil, plan.State{"value": "1"}); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Set(ended, s, nil, plan.State{"value": "5 6"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestOnlyLinuxHasThem(t *testing.T) {
	_, err := New().Read(t.Context(), plan.Subject{Kind: plan.Sysctl, Name: "kernel.ostype"})
	if (runtime.GOOS == "linux") != (err == nil) || err != nil && !errors.Is(err, ErrNotHere) {
		t.Error(err)
	}
}
