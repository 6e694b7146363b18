package redirect

import (
	"context"
	"io"
	"os"

	"github.com/berthd/berth/internal/fact"
)

func read(ctx context.Context, q Query) (fact.Set, error) {
	return pfTables{files: fileNames, read: content}.set(q), ctx.Err()
}

func fileNames(folder string) []string {
	f, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(maxPFFiles) // what is left of an error is no hint
	return names
}

// content reads a configuration; what is no plain file is none.
func content(path string) []byte {
	const most = 256 << 10
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, most))
	return b
}
