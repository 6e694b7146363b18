package bpfiter

import (
	"testing"
	"time"
)

func TestX(t *testing.T) {
	a := time.Now()
	l, err := kernelLayout("/sys/kernel/btf/vmlinux")
	t.Logf("%+v %v %v", l, err, time.Since(a))
	for range 5 {
		a = time.Now()
		h, ok, err := Scan(t.Context(), []uint64{4711})
		t.Log(h, ok, err, time.Since(a))
	}
}
