package service

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/godbus/dbus/v5"
)

// maxMessage bounds one reply. A unit with every property is about 20 KB, the
// list of all units of a large machine about 1 MB.
const maxMessage = 16 << 20

// maxPipelined is how many calls are under way at once: a bus daemon refuses
// more than 128 pending replies of one connection.
const maxPipelined = 100

// call is one method call and, after [bus.do], its reply.
type call struct {
	path   string
	iface  string
	member string
	args   []any

	reply []any
	err   error
}

// refusal is an error reply by its D-Bus name.
type refusal struct{ name, text string }

func (r refusal) Error() string { return r.name + ": " + r.text }

// bus is one conversation with a service manager. It is made of plain writes and
// reads on the caller's goroutine: handshake and calls leave in a single write,
// which a client library that negotiates step by step cannot do.
type bus struct {
	conn   net.Conn
	in     *bufio.Reader
	dest   string // "" on a manager's private socket
	out    bytes.Buffer
	serial uint32
}

// dialBus connects to a unix socket. The handshake is only queued; it leaves with
// the first calls.
func dialBus(ctx context.Context, path string, private bool, uid int, end time.Time) (*bus, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(end); err != nil {
		conn.Close()
		return nil, err
	}
	b := &bus{conn: conn, in: bufio.NewReaderSize(conn, 32<<10)}
	fmt.Fprintf(&b.out, "\x00AUTH EXTERNAL %x\r\nBEGIN\r\n", strconv.Itoa(uid))
	if private {
		return b, b.greet()
	}
	b.dest = "org.freedesktop.systemd1"
	b.serial++
	hello := &call{path: "/org/freedesktop/DBus", iface: "org.freedesktop.DBus", member: "Hello"}
	return b, b.queue("org.freedesktop.DBus", b.serial, hello)
}

// greet waits for the handshake's answer: a manager's private socket forgets the
// calls that came with it.
func (b *bus) greet() error {
	if _, err := b.out.WriteTo(b.conn); err != nil {
		return err
	}
	return b.accepted()
}

func (b *bus) close() { b.conn.Close() }

// do makes all calls, in batches, and waits for every reply. An error is one of
// the connection; what the manager refused is in each call.
func (b *bus) do(calls []*call) error {
	for len(calls) > 0 {
		n := min(len(calls), maxPipelined)
		if err := b.batch(calls[:n]); err != nil {
			return err
		}
		calls = calls[n:]
	}
	return nil
}

func (b *bus) batch(calls []*call) error {
	first := b.out.Len() > 0
	base := b.serial + 1
	for _, c := range calls {
		b.serial++
		if err := b.queue(b.dest, b.serial, c); err != nil {
			return err
		}
	}
	if _, err := b.out.WriteTo(b.conn); err != nil {
		return err
	}
	if first {
		if err := b.accepted(); err != nil {
			return err
		}
	}
	for left := len(calls); left > 0; {
		serial, m, err := b.receive()
		if err != nil {
			return err
		}
		if i := serial - base; serial >= base && int(i) < len(calls) {
			calls[i].settle(m)
			left--
		}
	}
	return nil
}

// accepted reads the server's line of the handshake.
func (b *bus) accepted() error {
	line, err := b.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("OK ")) {
		return fmt.Errorf("bus refused the handshake: %q", bytes.TrimSpace(line))
	}
	return nil
}

// queue encodes one call. The library keeps serial numbers to itself, so the
// number is put where every message has it: bytes 8 to 11.
func (b *bus) queue(dest string, serial uint32, c *call) error {
	m := dbus.Message{Type: dbus.TypeMethodCall, Flags: dbus.FlagNoAutoStart, Body: c.args}
	m.Headers = map[dbus.HeaderField]dbus.Variant{
		dbus.FieldPath:      dbus.MakeVariant(dbus.ObjectPath(c.path)),
		dbus.FieldInterface: dbus.MakeVariant(c.iface),
		dbus.FieldMember:    dbus.MakeVariant(c.member),
	}
	if dest != "" {
		m.Headers[dbus.FieldDestination] = dbus.MakeVariant(dest)
	}
	if len(c.args) > 0 {
		m.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(c.args...))
	}
	at := b.out.Len()
	if err := m.EncodeTo(&b.out, binary.LittleEndian); err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(b.out.Bytes()[at+8:], serial)
	return nil
}

// receive reads one message and returns it with the serial it answers; signals
// answer 0.
func (b *bus) receive() (uint32, *dbus.Message, error) {
	frame, err := b.frame()
	if err != nil {
		return 0, nil, err
	}
	m, err := dbus.DecodeMessage(bytes.NewReader(frame))
	if err != nil {
		return 0, nil, err
	}
	if m.Type != dbus.TypeMethodReply && m.Type != dbus.TypeError {
		return 0, m, nil
	}
	serial, _ := m.Headers[dbus.FieldReplySerial].Value().(uint32)
	return serial, m, nil
}

var errFrame = errors.New("message of impossible size")

// frame reads the bytes of one message: 16 fixed ones, the header fields padded
// to 8, the body.
func (b *bus) frame() ([]byte, error) {
	var fixed [16]byte
	if _, err := io.ReadFull(b.in, fixed[:]); err != nil {
		return nil, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if fixed[0] == 'B' {
		order = binary.BigEndian
	}
	body, fields := uint64(order.Uint32(fixed[4:])), uint64(order.Uint32(fixed[12:]))
	size := 16 + (fields+7)&^7 + body
	if size > maxMessage {
		return nil, errFrame
	}
	frame := make([]byte, size)
	copy(frame, fixed[:])
	_, err := io.ReadFull(b.in, frame[16:])
	return frame, err
}

func (c *call) settle(m *dbus.Message) {
	if m.Type == dbus.TypeMethodReply {
		c.reply = m.Body
		return
	}
	r := refusal{}
	r.name, _ = m.Headers[dbus.FieldErrorName].Value().(string)
	if len(m.Body) > 0 {
		r.text, _ = m.Body[0].(string)
	}
	c.err = r
}
