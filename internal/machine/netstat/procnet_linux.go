package netstat

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strconv"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/sockdiag"
)

const (
	maxLine    = 4 << 10
	msPerTick  = 10 // the kernel prints times in hundredths of a second
	lineFields = 10 // up to the inode
)

// texts reads protocols from /proc/net, because sock_diag failed with cause. A
// protocol that has no table there either does not exist in this kernel; for TCP
// and UDP that cannot be, and is an error.
func (r *reader) texts(ctx context.Context, protos []fact.Proto, cause error) error {
	if r.q.Part == BoundTCP {
		return nil // no text shows these
	}
	for _, p := range protos {
		if err := ctx.Err(); err != nil {
			return err
		}
		found, err := r.text(p)
		switch {
		case err != nil:
			return err
		case found:
			r.set.AddGaps(fact.Gap{Kind: fact.GapNoSockDiag, Subject: hidden(p), Err: cause.Error()})
		case p == fact.TCP || p == fact.UDP:
			return fmt.Errorf("sockets of %s: %w", p, cause)
		}
	}
	return nil
}

// hidden names what the text tables of a protocol do not show.
func hidden(p fact.Proto) string {
	switch p {
	case fact.SCTP:
		return "sctp sockets"
	case fact.TCP:
		return "bound sockets, IPv6-only flags and control groups of tcp"
	}
	return "IPv6-only flags and control groups of " + string(p)
}

// text reads the tables of one protocol; found is false when there are none.
func (r *reader) text(p fact.Proto) (found bool, err error) {
	if p == fact.SCTP { // a directory of tables of another shape, which are not read
		_, err := os.Stat(r.from.procNet + "/sctp")
		return err == nil, nil
	}
	for _, suffix := range []string{"", "6"} {
		name := string(p) + suffix
		f, err := os.Open(r.from.procNet + "/" + name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return found, err
		}
		err = r.lines(p, "/proc/net/"+name, f)
		f.Close()
		if err != nil {
			return found, fmt.Errorf("/proc/net/%s: %w", name, err)
		}
		found = true
	}
	return found, nil
}

func (r *reader) lines(p fact.Proto, evidence string, from io.Reader) error {
	s := bufio.NewScanner(from)
	s.Buffer(nil, maxLine)
	s.Scan() // the heading
	for s.Scan() {
		sock, ok := parseLine(p, s.Bytes())
		if ok && r.q.wants(sock) {
			sock.ID = fact.SocketID(p, sock.Local, sock.Remote, sock.Inode())
			sock.Evidence = evidence
			r.set.Sockets = append(r.set.Sockets, sock)
		}
	}
	return s.Err()
}

// parseLine reads one line of a table: slot, local, remote, state, queues, timer,
// retransmits, uid, timeout, inode. ok is false for a line of another shape.
func parseLine(p fact.Proto, line []byte) (s fact.Socket, ok bool) {
	var f [lineFields][]byte
	for i := range f {
		line = bytes.TrimLeft(line, " ")
		end := bytes.IndexByte(line, ' ')
		if end < 0 {
			end = len(line)
		}
		f[i], line = line[:end], line[end:]
	}
	local, ok1 := parseEndpoint(f[1])
	remote, ok2 := parseEndpoint(f[2])
	number, err3 := strconv.ParseUint(string(f[3]), 16, 8)
	uid, err4 := strconv.ParseUint(string(f[7]), 10, 32)
	inode, err5 := strconv.ParseUint(string(f[9]), 10, 64)
	if !ok1 || !ok2 || err3 != nil || err4 != nil || err5 != nil {
		return fact.Socket{}, false
	}
	s = fact.Socket{Proto: p, Local: local, State: state(p, uint8(number)), Linux: &fact.LinuxSocket{Inode: inode}}
	if remote.Port() != 0 {
		s.Remote = remote
	}
	addTextDetail(&s, uint32(uid), f[4], f[5])
	return s, true
}

func addTextDetail(s *fact.Socket, uid uint32, queues, timer []byte) {
	kind, ticks, ok := hexPair(timer)
	waits := s.State == fact.TimeWait || ok && kind == sockdiag.TimerTimeWait && s.Linux.Inode == 0
	if waits && ok {
		s.Linux.ExpiresMS = ticks * msPerTick
	}
	if !waits && (s.State != fact.SynRecv || s.Linux.Inode != 0) {
		s.Linux.UID = &uid
	}
	if _, waiting, ok := hexPair(queues); ok && s.State == fact.Listen {
		s.Linux.Backlog = &waiting
	}
}

// hexPair reads "00000000:0000001A".
func hexPair(b []byte) (first, second uint32, ok bool) {
	x, y, ok := bytes.Cut(b, []byte(":"))
	a, err1 := strconv.ParseUint(string(x), 16, 32)
	c, err2 := strconv.ParseUint(string(y), 16, 32)
	return uint32(a), uint32(c), ok && err1 == nil && err2 == nil
}

// parseEndpoint reads "0100007F:0050": words of the address as numbers of this
// machine's byte order, and the port as a plain number.
func parseEndpoint(b []byte) (netip.AddrPort, bool) {
	words, portText, ok := bytes.Cut(b, []byte(":"))
	port, err := strconv.ParseUint(string(portText), 16, 16)
	if !ok || err != nil || len(words) != 8 && len(words) != 32 {
		return netip.AddrPort{}, false
	}
	var raw [16]byte
	if _, err := hex.Decode(raw[:], words); err != nil {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	if len(words) == 8 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(raw[:4])), uint16(port)), true
	}
	return netip.AddrPortFrom(netip.AddrFrom16(raw), uint16(port)), true
}
