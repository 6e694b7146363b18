package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	bufferSize   = 32 << 10 // the most the kernel puts into one datagram of a dump
	answerWait   = 5        // seconds; the kernel answers at once or not at all
	defaultLimit = 256 << 20
)

// Conn is one netlink socket with its reused buffer. It is not safe for
// concurrent use, and sees the network namespace of the thread that dialed it.
type Conn struct {
	// Limit bounds the bytes of one answer; 0 means 256 MiB.
	Limit int

	fd     int
	kernel unix.SockaddrNetlink
	seq    uint32
	in     []byte
	out    []byte
	broken bool
}

// Dial opens a netlink socket of the given protocol (unix.NETLINK_SOCK_DIAG,
// unix.NETLINK_NETFILTER, unix.NETLINK_GENERIC, ...). It needs no privilege.
func Dial(protocol int) (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	tv := unix.Timeval{Sec: answerWait}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	c := &Conn{fd: fd, in: make([]byte, bufferSize), out: make([]byte, 0, 128)}
	c.kernel.Family = unix.AF_NETLINK
	return c, nil
}

// Close closes the socket.
func (c *Conn) Close() error { return unix.Close(c.fd) }

// Do sends one request and calls each for every message of the answer, until the
// kernel says it is done: after the last message of a dump, after the error or
// acknowledgement otherwise. A request that is no dump gets FlagAck, so that it
// always ends. Do blocks for no longer than the kernel needs to answer, and gives
// up after five seconds of silence.
//
// A refusal is an [*Error] with the errno. [ErrInterrupted] comes after all
// messages were delivered. When each returns an error, Do returns it at once and
// the Conn is good for nothing but Close.
func (c *Conn) Do(request Message, each func(Message) error) error {
	if c.broken {
		return ErrBroken
	}
	c.seq++
	request.Flags |= FlagRequest
	if request.Flags&FlagDump != FlagDump {
		request.Flags |= FlagAck
	}
	c.out = AppendMessage(c.out[:0], c.seq, request)
	if err := c.send(); err != nil {
		return fmt.Errorf("netlink send: %w", err)
	}
	a := answer{seq: c.seq, request: request.Type, each: each}
	err := c.receive(&a)
	c.broken = !a.done
	if err == nil && a.interrupted {
		err = ErrInterrupted
	}
	return err
}

func (c *Conn) send() error {
	for {
		err := unix.Sendto(c.fd, c.out, 0, &c.kernel)
		if err != unix.EINTR {
			return err
		}
	}
}

func (c *Conn) receive(a *answer) error {
	left := c.Limit
	if left == 0 {
		left = defaultLimit
	}
	for !a.done {
		b, err := c.datagram()
		if err != nil {
			return err
		}
		if left -= len(b); left < 0 {
			return ErrTooMuch
		}
		if err := a.read(b); err != nil {
			return err
		}
	}
	return nil
}

// datagram reads one datagram of the kernel; those of others are skipped.
func (c *Conn) datagram() ([]byte, error) {
	for {
		n, from, err := unix.Recvfrom(c.fd, c.in, unix.MSG_TRUNC)
		switch sa, _ := from.(*unix.SockaddrNetlink); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return nil, fmt.Errorf("netlink receive: %w", err)
		case sa == nil || sa.Pid != 0:
		case n > len(c.in):
			return nil, fmt.Errorf("%w: datagram of %d bytes", ErrMalformed, n)
		default:
			return c.in[:n], nil
		}
	}
}

// answer is the state of one answer while it is read.
type answer struct {
	seq         uint32
	request     uint16
	each        func(Message) error
	done        bool
	interrupted bool
}

func (a *answer) read(b []byte) error {
	for len(b) > 0 && !a.done {
		m, seq, rest, ok := NextMessage(b)
		if !ok {
			return ErrMalformed
		}
		b = rest
		if seq != a.seq {
			continue
		}
		if err := a.message(m); err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) message(m Message) error {
	a.interrupted = a.interrupted || m.Flags&FlagDumpIntr != 0
	switch {
	case m.Type == typeError || m.Type == typeDone:
		a.done = true
		return a.refusal(m)
	case m.Type < typeMin:
		return nil
	}
	return a.each(m)
}

// refusal reads the errno that an error message always carries and the end of a
// dump may carry.
func (a *answer) refusal(m Message) error {
	if len(m.Data) < 4 {
		if m.Type == typeDone {
			return nil
		}
		return ErrMalformed
	}
	code := int32(binary.NativeEndian.Uint32(m.Data))
	if code >= 0 {
		return nil
	}
	return &Error{Type: a.request, Errno: syscall.Errno(-code)}
}
