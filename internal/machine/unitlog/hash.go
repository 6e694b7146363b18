package unitlog

import "math/bits"

// hash is the file's hash of a field value: SipHash-2-4 keyed with the file's id,
// or Jenkins' lookup3 in files without a key.
func (f *file) hash(data []byte) uint64 {
	if f.keyed {
		return sipHash(le64(f.id[:]), le64(f.id[8:]), data)
	}
	return lookup3(data)
}

func sipHash(k0, k1 uint64, data []byte) uint64 {
	v := [4]uint64{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
	last := uint64(len(data)) << 56
	for ; len(data) >= 8; data = data[8:] {
		m := le64(data)
		v[3] ^= m
		sipRounds(&v, 2)
		v[0] ^= m
	}
	for i, c := range data {
		last |= uint64(c) << (8 * i)
	}
	v[3] ^= last
	sipRounds(&v, 2)
	v[0] ^= last
	v[2] ^= 0xff
	sipRounds(&v, 4)
	return v[0] ^ v[1] ^ v[2] ^ v[3]
}

func sipRounds(v *[4]uint64, n int) {
	for range n {
		v[0] += v[1]
		v[1] = bits.RotateLeft64(v[1], 13) ^ v[0]
		v[0] = bits.RotateLeft64(v[0], 32)
		v[2] += v[3]
		v[3] = bits.RotateLeft64(v[3], 16) ^ v[2]
		v[0] += v[3]
		v[3] = bits.RotateLeft64(v[3], 21) ^ v[0]
		v[2] += v[1]
		v[1] = bits.RotateLeft64(v[1], 17) ^ v[2]
		v[2] = bits.RotateLeft64(v[2], 32)
	}
}

func lookup3(data []byte) uint64 {
	a := 0xdeadbeef + uint32(len(data))
	b, c := a, a
	if len(data) == 0 {
		return uint64(c)<<32 | uint64(b)
	}
	for ; len(data) > 12; data = data[12:] {
		a += le32(data)
		b += le32(data[4:])
		c += le32(data[8:])
		for i, r := range [...]int{4, 6, 8, 16, 19, 4} {
			x, y, z := [...]*uint32{&a, &b, &c}[i%3], [...]*uint32{&c, &a, &b}[i%3], [...]*uint32{&b, &c, &a}[i%3]
			*x -= *y
			*x ^= bits.RotateLeft32(*y, r)
			*y += *z
		}
	}
	var tail [12]byte
	copy(tail[:], data)
	a += le32(tail[:])
	b += le32(tail[4:])
	c += le32(tail[8:])
	for i, r := range [...]int{14, 11, 25, 16, 4, 14, 24} {
		x, y := [...]*uint32{&c, &a, &b}[i%3], [...]*uint32{&b, &c, &a}[i%3]
		*x ^= *y
		*x -= bits.RotateLeft32(*y, r)
	}
	return uint64(c)<<32 | uint64(b)
}
