// Package fixed has buffers for calls that leave pointers into the buffer itself.
//
// Such pointers are numbers to Go. A buffer that does not escape lies on the
// goroutine's stack, and a stack that grows between the call and the reading of the
// answer moves: every pointer in the answer then leads elsewhere. The heap stays.
package fixed

// Bytes returns n zero bytes that never move. They are aligned for every layout of
// Windows where n is at least 8.
//
//go:noinline
func Bytes(n int) []byte { return make([]byte, n) }
