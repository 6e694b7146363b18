package pasted

import (
	"io"
	"os"

	"github.com/berthd/berth/internal/machine/paste"
)

// maxPaste bounds one pasted text; what is beyond is a gap.
const maxPaste = 16 << 20

// Files reads the files of these names, or in for "-" and where there are none. The
// error is that of the first file that could not be read.
func Files(names []string, in io.Reader) ([]paste.Text, error) {
	if len(names) == 0 {
		names = []string{"-"}
	}
	var out []paste.Text
	for _, n := range names {
		if n == "-" {
			data, err := io.ReadAll(io.LimitReader(in, maxPaste+1))
			if err != nil {
				return nil, err
			}
			out = append(out, paste.Text{Data: data})
			continue
		}
		data, err := readFile(n)
		if err != nil {
			return nil, err
		}
		out = append(out, paste.Text{Name: n, Data: data})
	}
	return out, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxPaste+1))
}
