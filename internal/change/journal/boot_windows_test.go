package journal

import (
	"testing"
	"unsafe"
)

// The kernel's structure has 48 bytes, and Wine refuses any other length.
func TestBootIsToldAndStays(t *testing.T) {
	if n := unsafe.Sizeof(timeOfDay{}); n != 48 {
		t.Errorf("%d bytes", n)
	}
	if a, b := Boot(), Boot(); a == "" || a != b {
		t.Errorf("%q, then %q", a, b)
	}
}
