package scm

import (
	"errors"
	"fmt"
	"testing"
)

// parts is a manager that gives its list in parts of so many rows, and may end
// with an error.
func parts(rows []int, end error) (enum, *[]int) {
	sizes, part, name := new([]int), 0, 0
	return func(b []byte) (int, uint32, error) {
		*sizes = append(*sizes, len(b))
		if part == len(rows) {
			return 0, 0, end
		}
		w := built{b: b}
		for i := range rows[part] {
			w.num(i*statusSize+statusStatus, kernelDriver)
			w.at(i*statusSize, 8<<10+32*i, fmt.Sprintf("s%d", name))
			name++
		}
		part++
		rest := uint32(0)
		if part < len(rows) || end != nil {
			rest = 40 << 10
		}
		return rows[part-1], rest, nil
	}, sizes
}

// at lets the name pointer of a row lead to text at a place in the buffer.
func (w *built) at(row, place int, text string) {
	pointer := uint64(base + place)
	for i := range 8 {
		w.b[row+i] = byte(pointer >> (8 * i))
	}
	for i, c := range text {
		w.b[place+2*i], w.b[place+2*i+1] = byte(c), 0
	}
}

func TestListAllFollowsEveryPart(t *testing.T) {
	refused := errors.New("refused")
	for _, c := range []struct {
		name  string
		rows  []int
		end   error
		want  int
		err   error
		sizes []int
	}{
		{"one part", []int{3}, nil, 3, nil, []int{firstList}},
		{"three parts", []int{5, 4, 2}, nil, 11, nil, []int{firstList, 40 << 10, 40 << 10}},
		{"none", []int{0}, nil, 0, nil, []int{firstList}},
		{"a row that needs more room", []int{0, 7}, nil, 7, nil, []int{firstList, mostList}},
		{"a row that no room suffices for", []int{4, 0, 0}, nil, 4, errMore, []int{firstList, 40 << 10, mostList}},
		{"broken off", []int{5}, refused, 5, refused, []int{firstList, 40 << 10}},
	} {
		next, sizes := parts(c.rows, c.end)
		if c.err == errMore {
			inner := next
			next = func(b []byte) (int, uint32, error) { n, _, err := inner(b); return n, 40 << 10, err }
		}
		got, err := listAll(func(n int) []byte { return make([]byte, n) }, func(b []byte) block { return block{b, base} }, next)
		if len(got) != c.want || !errors.Is(err, c.err) || fmt.Sprint(*sizes) != fmt.Sprint(c.sizes) {
			t.Errorf("%s: %d services, %v, buffers of %d, want %d", c.name, len(got), err, *sizes, c.sizes)
		}
		for i, s := range got {
			if want := fmt.Sprintf("s%d", i); s.name != want {
				t.Errorf("%s: service %d is %q", c.name, i, s.name)
			}
		}
	}
}
