package fixed

import (
	"testing"
	"unsafe"
)

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }

// deep makes the stack grow.
//
//go:noinline
func deep(n int) byte {
	var frame [4 << 10]byte
	frame[n] = byte(n)
	if n == 0 {
		return frame[0]
	}
	return frame[n] + deep(n-1)
}

// The answer of a call is read at the address that the call was given, whatever the
// stack does meanwhile. What is made in the function itself has no such promise.
func TestBytesStayWhereTheyAre(t *testing.T) {
	stays, moves := make(chan bool), make(chan bool)
	go func() {
		b := Bytes(1 << 10)
		before := address(b)
		deep(64)
		stays <- address(b) == before
	}()
	go func() {
		b := make([]byte, 1<<10)
		before := address(b)
		deep(64)
		moves <- address(b) != before
	}()
	if !<-stays {
		t.Error("a buffer moved with the stack")
	}
	if !<-moves {
		t.Error("the twin stays too: this test tells nothing")
	}
}

func TestBytesAreAligned(t *testing.T) {
	for _, n := range []int{8, 9, 56, 1 << 10, 16<<10 + 1} {
		if b := Bytes(n); len(b) != n || address(b)%8 != 0 {
			t.Errorf("%d bytes at %#x", len(b), address(b))
		}
	}
}
