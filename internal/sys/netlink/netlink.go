// Package netlink speaks the request and dump half of Linux's netlink: one
// question, its answer as raw messages, nothing else. It knows no family.
//
// The codec ([Next], [Attrs], [AppendAttr], [NextMessage]) compiles on every OS,
// because saved answers are decoded in tests and fuzzing anywhere. The transport
// ([Dial], [Conn]) is there on Linux only. Nothing here starts a goroutine.
//
// Numbers are in the byte order of this machine, as the kernel sends them.
package netlink

import (
	"encoding/binary"
	"errors"
	"iter"
	"syscall"
)

// Flags and types of a message header that every netlink family shares.
const (
	FlagRequest  = 0x1
	FlagAck      = 0x4
	FlagDumpIntr = 0x10
	FlagDump     = 0x300

	typeNoop  = 1
	typeError = 2
	typeDone  = 3
	typeMin   = 16 // below: control messages

	// Nested marks an attribute whose payload is attributes again; OR it to the type.
	Nested = 0x8000

	attrHeader = 4
	msgHeader  = 16
	typeMask   = 0x3fff
)

// Errors of a conversation.
var (
	// ErrInterrupted says that the table changed while it was dumped: rows may
	// be missing or doubled. Every message was delivered all the same.
	ErrInterrupted = errors.New("netlink: dump interrupted by a change")
	// ErrTooMuch says that the answer was longer than [Conn.Limit].
	ErrTooMuch = errors.New("netlink: answer over the limit")
	// ErrMalformed says that the answer was no sequence of netlink messages.
	ErrMalformed = errors.New("netlink: malformed answer")
	// ErrBroken says that an earlier answer was left half read; close the Conn.
	ErrBroken = errors.New("netlink: earlier answer was not read to its end")
)

// Error is a refusal by the kernel. It unwraps to its errno.
type Error struct {
	Type  uint16 // of the request
	Errno syscall.Errno
}

// Error tells the errno in the system's words.
func (e *Error) Error() string { return "netlink: " + e.Errno.Error() }

// Unwrap makes errors.Is(err, syscall.ENOENT) work.
func (e *Error) Unwrap() error { return e.Errno }

// Message is one netlink message without its header. Data is only valid until
// the next message is asked for.
type Message struct {
	Type  uint16
	Flags uint16
	Data  []byte
}

// AppendMessage appends m to dst with a header of the given sequence number and
// with padding to four bytes.
func AppendMessage(dst []byte, seq uint32, m Message) []byte {
	dst = binary.NativeEndian.AppendUint32(dst, uint32(msgHeader+len(m.Data)))
	dst = binary.NativeEndian.AppendUint16(dst, m.Type)
	dst = binary.NativeEndian.AppendUint16(dst, m.Flags)
	dst = binary.NativeEndian.AppendUint32(dst, seq)
	dst = append(dst, 0, 0, 0, 0)
	return pad(append(dst, m.Data...))
}

// NextMessage splits the first message off b. ok is false when b does not start
// with a whole message; an empty b is simply at its end.
func NextMessage(b []byte) (m Message, seq uint32, rest []byte, ok bool) {
	if len(b) < msgHeader {
		return Message{}, 0, nil, false
	}
	n := int(binary.NativeEndian.Uint32(b))
	if n < msgHeader || n > len(b) {
		return Message{}, 0, nil, false
	}
	m.Type = binary.NativeEndian.Uint16(b[4:])
	m.Flags = binary.NativeEndian.Uint16(b[6:])
	seq = binary.NativeEndian.Uint32(b[8:])
	m.Data = b[msgHeader:n]
	return m, seq, b[min(align(n), len(b)):], true
}

// Next splits the first attribute off b. The type comes without the flag bits
// (nested, network byte order). ok is false at the end of b and where what
// follows is no whole attribute.
func Next(b []byte) (typ uint16, data, rest []byte, ok bool) {
	if len(b) < attrHeader {
		return 0, nil, nil, false
	}
	n := int(binary.NativeEndian.Uint16(b))
	if n < attrHeader || n > len(b) {
		return 0, nil, nil, false
	}
	typ = binary.NativeEndian.Uint16(b[2:]) & typeMask
	return typ, b[attrHeader:n], b[min(align(n), len(b)):], true
}

// Attrs yields type and payload of each attribute in b, in order, and stops at
// the first that is not whole. Payloads point into b.
func Attrs(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for {
			typ, data, rest, ok := Next(b)
			if !ok || !yield(typ, data) {
				return
			}
			b = rest
		}
	}
}

// AppendAttr appends one attribute, padded to four bytes. A payload that does
// not fit the format's 16-bit length is the caller's mistake and is cut.
func AppendAttr(dst []byte, typ uint16, data []byte) []byte {
	data = data[:min(len(data), 0xffff-attrHeader)]
	dst = binary.NativeEndian.AppendUint16(dst, uint16(attrHeader+len(data)))
	dst = binary.NativeEndian.AppendUint16(dst, typ)
	return pad(append(dst, data...))
}

func align(n int) int { return (n + 3) &^ 3 }

func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
