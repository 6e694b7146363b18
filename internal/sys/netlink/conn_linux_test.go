package netlink

import (
	"encoding/binary"
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func dial(t *testing.T, protocol int) *Conn {
	t.Helper()
	c, err := Dial(protocol)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func getAddrs() Message {
	return Message{Type: unix.RTM_GETADDR, Flags: FlagDump, Data: make([]byte, unix.SizeofIfAddrmsg)}
}

func TestDumpDeliversRealRows(t *testing.T) {
	c := dial(t, unix.NETLINK_ROUTE)
	for round := range 2 { // twice: the Conn stays usable
		n := 0
		err := c.Do(getAddrs(), func(m Message) error {
			if m.Type == unix.RTM_NEWADDR {
				n++
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrInterrupted) || n == 0 {
			t.Errorf("round %d: %d addresses, error %v", round, n, err)
		}
	}
}

func TestRefusalKeepsTheErrno(t *testing.T) {
	c := dial(t, unix.NETLINK_ROUTE)
	data := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(data[4:], 0x7fffffff) // an interface that is not there
	err := c.Do(Message{Type: unix.RTM_GETLINK, Data: data}, func(Message) error { return nil })
	var refused *Error
	if !errors.As(err, &refused) || !errors.Is(err, unix.ENODEV) {
		t.Errorf("error %v, want ENODEV", err)
	}
}

func TestCallersErrorBreaksTheConn(t *testing.T) {
	c := dial(t, unix.NETLINK_ROUTE)
	stop := errors.New("enough")
	if err := c.Do(getAddrs(), func(Message) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v, want the caller's", err)
	}
	if err := c.Do(getAddrs(), func(Message) error { return nil }); !errors.Is(err, ErrBroken) {
		t.Errorf("second request: %v, want ErrBroken", err)
	}
}

func TestLimit(t *testing.T) {
	c := dial(t, unix.NETLINK_ROUTE)
	c.Limit = 16
	if err := c.Do(getAddrs(), func(Message) error { return nil }); !errors.Is(err, ErrTooMuch) {
		t.Errorf("error %v, want ErrTooMuch", err)
	}
}

func TestAnswerStates(t *testing.T) {
	minus := func(e unix.Errno) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(-int32(e))) }
	row := AppendMessage(nil, 9, Message{Type: 20, Flags: FlagDumpIntr, Data: []byte{1, 2, 3, 4}})
	for _, c := range []struct {
		name       string
		in         []byte
		rows       int
		done, intr bool
		wantErr    error
	}{
		{name: "row and end", in: AppendMessage(row, 9, Message{Type: typeDone, Data: minus(0)}), rows: 1, done: true, intr: true},
		{name: "row of another request", in: AppendMessage(nil, 8, Message{Type: 20})},
		{name: "end with errno", in: AppendMessage(nil, 9, Message{Type: typeDone, Data: minus(unix.ENOENT)}), done: true, wantErr: unix.ENOENT},
		{name: "end without errno", in: AppendMessage(nil, 9, Message{Type: typeDone}), done: true},
		{name: "error cut short", in: AppendMessage(nil, 9, Message{Type: typeError}), done: true, wantErr: ErrMalformed},
		{name: "acknowledged", in: AppendMessage(nil, 9, Message{Type: typeError, Data: minus(0)}), done: true},
		{name: "cut short", in: row[:18], wantErr: ErrMalformed},
		{name: "no operation", in: AppendMessage(nil, 9, Message{Type: typeNoop})},
	} {
		rows := 0
		a := answer{seq: 9, each: func(Message) error { rows++; return nil }}
		err := a.read(c.in)
		if !errors.Is(err, c.wantErr) || rows != c.rows || a.done != c.done || a.interrupted != c.intr {
			t.Errorf("%s: rows %d done %v interrupted %v error %v", c.name, rows, a.done, a.interrupted, err)
		}
	}
}
