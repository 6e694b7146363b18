package fwpuclnt

import (
	"testing"
	"unsafe"
)

// What fwpmtypes.h makes of these for 64-bit Windows. A wrong size or place does
// not compile, on any system.
var (
	_ [88]byte = [unsafe.Sizeof(callout{})]byte{}
	_ [16]byte = [unsafe.Offsetof(callout{}.display)]byte{}
	_ [32]byte = [unsafe.Offsetof(callout{}.flags)]byte{}
	_ [40]byte = [unsafe.Offsetof(callout{}.provider)]byte{}
	_ [48]byte = [unsafe.Offsetof(callout{}.data)]byte{}
	_ [64]byte = [unsafe.Offsetof(callout{}.layer)]byte{}
	_ [80]byte = [unsafe.Offsetof(callout{}.id)]byte{}
	_ [64]byte = [unsafe.Sizeof(provider{})]byte{}
	_ [40]byte = [unsafe.Offsetof(provider{}.data)]byte{}
	_ [56]byte = [unsafe.Offsetof(provider{}.service)]byte{}
)

func TestGUIDString(t *testing.T) {
	g := GUID{0x6d, 0xd6, 0x47, 0x12, 0x60, 0x0b, 0x15, 0x4a, 0x8d, 0x44, 0x71, 0x55, 0xd0, 0xf5, 0x3a, 0x0c}
	if got, want := g.String(), "{1247d66d-0b60-4a15-8d44-7155d0f53a0c}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
