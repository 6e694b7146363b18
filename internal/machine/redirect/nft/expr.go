package nft

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/berthd/berth/internal/machine/redirect/flow"
	"github.com/berthd/berth/internal/machine/redirect/xt"
)

// Attributes of expressions, by the kernel's numbers.
const (
	immediateReg, immediateData                                                           = 1, 2
	cmpReg, cmpOp, cmpData                                                                = 1, 2, 3
	rangeReg, rangeOp, rangeFrom, rangeTo                                                 = 1, 2, 3, 4
	payloadReg, payloadBase, payloadOffset, payloadLen                                    = 1, 2, 3, 4
	metaReg, metaKey                                                                      = 1, 2
	fibReg, fibResult, fibFlags                                                           = 1, 2, 3
	bitwiseFrom, bitwiseTo, bitwiseMask, bitwiseXor, bitwiseOp                            = 1, 2, 4, 5, 6
	natType, natAddrMin, natAddrMax, natPortMin, natPortMax, natFlags                     = 1, 3, 4, 5, 6, 7
	redirPortMin, redirPortMax                                                            = 1, 2
	tproxyAddr, tproxyPort                                                                = 2, 3
	xtName, xtRev, xtInfo                                                                 = 1, 2, 3
	objectType                                                                            = 1
	metaProtocol, metaInIndex, metaOutIndex, metaInName, metaOutName, metaNFProto, metaL4 = 1, 4, 5, 6, 7, 15, 16
)

// step applies one expression; more tells whether the rule goes on.
func (p *passage) step(name, d []byte, t *flow.Traffic, r *registers) (more bool) {
	switch string(name) {
	case "immediate":
		return p.immediate(d, t, r)
	case "nat", "redir", "tproxy", "target":
		return p.send(string(name), d, t, r)
	case "reject", "queue", "masq", "synproxy":
		p.f.End(t)
		return false
	case "counter", "log", "last", "notrack", "dynset":
	case "cmp":
		p.w.compare(d, t, r)
	case "range":
		from, to := find(find(d, rangeFrom), dataValue), find(find(d, rangeTo), dataValue)
		p.w.narrow(t, r.at(number(d, rangeReg)), from, to, number(d, rangeOp) == 0)
	case "match":
		xt.Match(bytes.TrimRight(find(d, xtName), "\x00"), number(d, xtRev), find(d, xtInfo), t)
	case "objref":
		if number(d, objectType) != 1 { // 1: a counter
			t.Unread()
		}
	default:
		if !load(string(name), d, r) {
			t.Unread()
			*r = registers{}
		}
	}
	return true
}

func (p *passage) immediate(d []byte, t *flow.Traffic, r *registers) (more bool) {
	data := find(d, immediateData)
	if v := find(data, dataVerdict); v != nil {
		return p.verdict(v, t)
	}
	r.store(number(d, immediateReg), find(data, dataValue))
	return true
}

// compare applies a comparison. Orders are understood on ports only.
func (w *walk) compare(d []byte, t *flow.Traffic, r *registers) {
	v, data := r.at(number(d, cmpReg)), find(find(d, cmpData), dataValue)
	op := number(d, cmpOp)
	if op <= 1 {
		w.narrow(t, v, data, data, op == 0)
		return
	}
	if v.from != transportBytes || v.offset != 2 || v.size != 2 || len(data) < 2 {
		t.Unread()
		return
	}
	port := binary.BigEndian.Uint16(data)
	switch op {
	case 2: // less
		t.Port(port, 65535, false)
	case 3: // or equal
		t.Port(0, port, true)
	case 4: // greater
		t.Port(0, port, false)
	case 5: // or equal
		t.Port(port, 65535, true)
	default:
		t.Unread()
	}
}

// load notes what an expression puts into a register. ok is false for one that
// is not known.
func load(name string, d []byte, r *registers) (ok bool) {
	switch name {
	case "payload":
		r.load(number(d, payloadReg), payload(d))
	case "meta":
		r.load(number(d, metaReg), meta(number(d, metaKey)))
	case "fib":
		v := value{}
		if number(d, fibResult) == 3 && number(d, fibFlags)&^0x18 == 2 { // the kind of the destination address
			v = value{from: dstKind, size: 4}
		}
		r.load(number(d, fibReg), v)
	case "bitwise":
		r.load(number(d, bitwiseTo), masked(r.at(number(d, bitwiseFrom)), d))
	case "numgen":
		r.load(number(d, 1), value{from: byChance, size: 4})
	case "hash":
		r.load(number(d, 2), value{from: byChance, size: 4})
	case "ct", "rt", "osf", "xfrm", "exthdr":
		r.load(number(d, 1), value{size: 4})
	case "socket", "tunnel", "byteorder":
		r.load(number(d, 2), value{size: 4})
	default:
		return false
	}
	return true
}

func payload(d []byte) value {
	v := value{offset: clip(number(d, payloadOffset)), size: clip(number(d, payloadLen))}
	switch number(d, payloadBase) {
	case 1:
		v.from = networkBytes
	case 2:
		v.from = transportBytes
	}
	return v
}

func clip(n uint32) uint16 { return uint16(min(n, 4096)) }

func meta(key uint32) value {
	switch key {
	case metaProtocol:
		return value{from: ethertype, size: 2}
	case metaInIndex:
		return value{from: inIndex, size: 4}
	case metaOutIndex:
		return value{from: outIndex, size: 4}
	case metaInName:
		return value{from: inName, size: 16}
	case metaOutName:
		return value{from: outName, size: 16}
	case metaNFProto:
		return value{from: nfproto, size: 1}
	case metaL4:
		return value{from: l4proto, size: 1}
	}
	return value{size: 4}
}

// masked reads a mask on an address as the length of a prefix.
func masked(v value, d []byte) value {
	mask, xor := find(find(d, bitwiseMask), dataValue), find(find(d, bitwiseXor), dataValue)
	bits := prefixBits(mask)
	plain := number(d, bitwiseOp) == 0 && prefixBits(xor) == 0
	if v.from != networkBytes || !plain || bits <= 0 || bits > 128 {
		return value{size: v.size}
	}
	v.bits = uint8(bits)
	return v
}

// prefixBits is the number of leading ones of a mask, or -1 where ones follow.
func prefixBits(mask []byte) int {
	bits, ended := 0, false
	for _, b := range mask {
		for m := byte(0x80); m != 0; m >>= 1 {
			switch {
			case b&m == 0:
				ended = true
			case ended:
				return -1
			default:
				bits++
			}
		}
	}
	return bits
}

// send reads the expressions that take traffic away.
func (p *passage) send(name string, d []byte, t *flow.Traffic, r *registers) (more bool) {
	g := flow.Target{Kind: "dnat"}
	switch name {
	case "nat":
		if number(d, natType) != 1 { // source NAT
			p.f.End(t)
			return false
		}
		v6 := t.IPv6()
		if find(d, 2) != nil {
			v6 = number(d, 2) == familyIP6
		}
		g.Addr = addressRange(r, number(d, natAddrMin), number(d, natAddrMax), v6)
		g.From, g.Last = portRange(r, number(d, natPortMin), number(d, natPortMax))
	case "redir":
		g.Kind = "redirect"
		g.From, g.Last = portRange(r, number(d, redirPortMin), number(d, redirPortMax))
	case "tproxy":
		g.Kind = "tproxy"
		v6 := number(d, 1) == familyIP6
		g.Addr = addressRange(r, number(d, tproxyAddr), 0, v6)
		g.From, g.Last = portRange(r, number(d, tproxyPort), 0)
	case "target":
		var ok bool
		if g, ok = xt.TargetOf(text(find(d, xtName)), number(d, xtRev), find(d, xtInfo)); !ok {
			return true
		}
	}
	p.f.Take(t, p.named(g))
	return false
}

func portRange(r *registers, low, high uint32) (from, last uint16) {
	if b := r.constantAt(low, 2); b != nil {
		from = binary.BigEndian.Uint16(b)
	}
	last = from
	if b := r.constantAt(high, 2); b != nil {
		last = binary.BigEndian.Uint16(b)
	}
	return from, last
}

func addressRange(r *registers, low, high uint32, v6 bool) string {
	n := 4
	if v6 {
		n = 16
	}
	first, ok := netip.AddrFromSlice(r.constantAt(low, n))
	if !ok {
		return ""
	}
	if last, ok := netip.AddrFromSlice(r.constantAt(high, n)); ok && last != first {
		return first.String() + "-" + last.String()
	}
	return first.String()
}
