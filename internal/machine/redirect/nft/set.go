package nft

import (
	"bytes"
	"sort"

	"github.com/berthd/berth/internal/machine/redirect/flow"
	"github.com/berthd/berth/internal/sys/netlink"
)

// Attributes of sets and their elements, by the kernel's numbers.
const (
	lookupSet, lookupReg, lookupDest, lookupFlags = 1, 2, 3, 5
	setTable, setName, setFlags, setKeyLen        = 1, 2, 3, 5
	listTable, listSet, listElements              = 1, 2, 3
	elemKey, elemData, elemFlags, elemKeyEnd      = 1, 2, 3, 10

	setInterval       = 0x4
	elemIntervalEnd   = 0x1
	elemCatchAll      = 0x2
	maxElements       = 65536
	maxOutside        = 1024 // each element outside of which traffic is splits it once more
	maxKey            = registerBytes
	lookupInverseFlag = 0x1
)

// SetKey names a set or map.
type SetKey struct {
	Family      byte
	Table, Name string
}

// SetInfo is what has to be known of a set before its elements make sense.
type SetInfo struct {
	flags  uint32
	keyLen int
}

// DecodeSet reads the attributes of one set message.
func DecodeSet(attrs []byte) SetInfo {
	return SetInfo{flags: number(attrs, setFlags), keyLen: int(number(attrs, setKeyLen))}
}

// Element is one member of a set: keys lo..last, and in a map what they lead to.
type Element struct {
	lo, last []byte
	value    []byte // constant data
	verdict  []byte // attributes of a verdict
	end      bool   // only marks the end of the interval before it
	any      bool   // whatever no other element has
}

// DecodeElements appends the elements of one message to list. They share memory
// with attrs.
func DecodeElements(list []Element, attrs []byte) []Element {
	for _, item := range netlink.Attrs(find(attrs, listElements)) {
		if len(list) >= maxElements {
			return list
		}
		flags := number(item, elemFlags)
		el := Element{
			lo:  find(find(item, elemKey), dataValue),
			end: flags&elemIntervalEnd != 0,
			any: flags&elemCatchAll != 0,
		}
		el.last = el.lo
		if end := find(find(item, elemKeyEnd), dataValue); len(end) == len(el.lo) {
			el.last = end
		}
		data := find(item, elemData)
		el.value, el.verdict = find(data, dataValue), find(data, dataVerdict)
		if len(el.lo) <= maxKey && (len(el.lo) > 0 || el.any) {
			list = append(list, el)
		}
	}
	return list
}

// intervals joins the starts and ends that the kernel keeps apart into whole
// elements.
func intervals(list []Element) []Element {
	sort.SliceStable(list, func(i, j int) bool {
		if c := bytes.Compare(list[i].lo, list[j].lo); c != 0 {
			return c < 0
		}
		return list[i].end && !list[j].end
	})
	var out []Element
	for i, el := range list {
		if el.end {
			continue
		}
		if !el.any && bytes.Equal(el.lo, el.last) {
			el.last = bytes.Repeat([]byte{0xff}, len(el.lo))
			if i+1 < len(list) {
				el.last = before(list[i+1].lo)
			}
		}
		out = append(out, el)
	}
	return out
}

// before returns the number just below b.
func before(b []byte) []byte {
	out := bytes.Clone(b)
	for i := len(out) - 1; i >= 0; i-- {
		out[i]--
		if out[i] != 0xff {
			break
		}
	}
	return out
}

// lookup opens one alternative for each element that t can match, and follows
// the rest of the rule with it.
func (p *passage) lookup(d, rest []byte, t flow.Traffic, r registers) {
	key := SetKey{p.key.Family, p.key.Table, text(find(d, lookupSet))}
	isMap := find(d, lookupDest) != nil
	info, err := p.w.kernel.Set(key)
	from := fields(&r, number(d, lookupReg), info.keyLen)
	if err != nil || !isMap && !anyReadable(from) {
		p.w.search.Fail(err)
		t.Unread()
		p.run(rest, t, r)
		return
	}
	list, err := p.elements(key, info)
	if err != nil || len(list) >= maxElements {
		p.w.search.Fail(err)
		t.Unread()
		p.run(rest, t, r)
		return
	}
	if number(d, lookupFlags)&lookupInverseFlag != 0 {
		p.outside(list, from, rest, t, r)
		return
	}
	p.inside(list, from, number(d, lookupDest), rest, t, r)
}

func (p *passage) elements(key SetKey, info SetInfo) ([]Element, error) {
	list, err := p.w.kernel.Elements(key)
	if err == nil && info.flags&setInterval != 0 {
		list = intervals(list)
	}
	return list, err
}

// field is one part of a set's key and where it comes from.
type field struct {
	value
	at, n int
}

// fields takes a key apart: parts stand in the registers one after the other,
// each padded to four bytes.
func fields(r *registers, register uint32, keyLen int) []field {
	i, ok := cell(register)
	if !ok {
		return nil
	}
	var out []field
	for at := 0; at < min(keyLen, maxKey) && i < len(r.cells); {
		v := r.cells[i]
		n := int(v.size)
		if n == 0 || n > keyLen-at {
			n = keyLen - at
			if v.size > 0 && v.from != inName && v.from != outName {
				v = value{}
			}
		}
		out = append(out, field{v, at, n})
		at += (n + 3) &^ 3
		i += (n + 3) / 4
	}
	return out
}

func anyReadable(list []field) bool {
	for _, f := range list {
		if f.readable() {
			return true
		}
	}
	return false
}

func (p *passage) inside(list []Element, from []field, dest uint32, rest []byte, t flow.Traffic, r registers) {
	for _, el := range list {
		in, regs := t, r
		if el.any {
			in.Unread()
		} else if !p.match(&in, from, el) {
			continue
		}
		if !p.w.search.Spend() {
			return
		}
		if el.verdict != nil {
			if !p.verdict(el.verdict, &in) {
				continue
			}
		} else if el.value != nil {
			regs.store(dest, el.value)
		}
		p.run(rest, in, regs)
	}
}

// match narrows t to one element.
func (p *passage) match(t *flow.Traffic, from []field, el Element) bool {
	if len(from) == 0 {
		t.Unread()
	}
	for _, f := range from {
		if f.at+f.n > len(el.lo) || f.at+f.n > len(el.last) {
			t.Unread()
			continue
		}
		p.w.narrow(t, f.value, el.lo[f.at:f.at+f.n], el.last[f.at:f.at+f.n], true)
	}
	return t.Wanted()
}

// outside leaves all elements out of t. With several fields that cannot be said
// in one traffic.
func (p *passage) outside(list []Element, from []field, rest []byte, t flow.Traffic, r registers) {
	if len(from) != 1 || len(list) > maxOutside {
		t.Unread()
	} else {
		for _, el := range list {
			p.w.narrow(&t, from[0].value, el.lo, el.last, false)
		}
	}
	p.run(rest, t, r)
}
