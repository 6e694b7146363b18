package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/berthd/berth/internal/fact"
)

// Version of the file's form. A file of a higher version is refused; fields a
// version does not know are ignored.
const Version = 1

// MaxSize bounds the size of a file that Load reads, in bytes.
const MaxSize = 256 << 20

// Magic is the value of a snapshot file's "berth" field.
const Magic = "snapshot"

type file struct {
	Berth   string    `json:"berth"`
	Version int       `json:"version"`
	Writer  string    `json:"writer,omitempty"`
	Facts   *fact.Set `json:"facts"`
}

// The ways a file can be no snapshot of ours.
var (
	ErrForeign   = errors.New("not a berth snapshot")
	ErrTruncated = errors.New("the snapshot is cut off")
	ErrNewer     = errors.New("the snapshot was written by a newer berth")
	ErrTooLarge  = errors.New("the file is larger than any snapshot")
)

// Save writes set as one JSON document; writer names the program and its version.
func Save(w io.Writer, set *fact.Set, writer string) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(file{Berth: Magic, Version: Version, Writer: writer, Facts: set})
}

// Load reads what Save wrote. The error is, or wraps, one of [ErrForeign],
// [ErrTruncated], [ErrNewer], [ErrTooLarge], or is the reader's own.
func Load(r io.Reader) (fact.Set, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	switch {
	case err != nil:
		return fact.Set{}, err
	case len(data) > MaxSize:
		return fact.Set{}, ErrTooLarge
	}
	return decode(data)
}

func decode(data []byte) (fact.Set, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var head struct {
		Berth   string `json:"berth"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fact.Set{}, unreadable(data, err)
	}
	if head.Berth != Magic || head.Version < 1 {
		return fact.Set{}, ErrForeign
	}
	if head.Version > Version {
		return fact.Set{}, fmt.Errorf("%w (form %d, this one reads %d)", ErrNewer, head.Version, Version)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return fact.Set{}, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	if f.Facts == nil {
		return fact.Set{}, fmt.Errorf("%w: it has no facts", ErrForeign)
	}
	if f.Facts.Machine.Source != "paste" { // what texts left out stays left out
		f.Facts.Machine.Source = "snapshot"
	}
	return *f.Facts, nil
}

// unreadable tells a cut-off snapshot from a foreign file.
func unreadable(data []byte, err error) error {
	var syn *json.SyntaxError
	ours := bytes.Contains(data[:min(len(data), 256)], []byte(`"berth": "`+Magic+`"`)) ||
		bytes.Contains(data[:min(len(data), 256)], []byte(`"berth":"`+Magic+`"`))
	if ours && errors.As(err, &syn) && int(syn.Offset) >= len(bytes.TrimRight(data, "\r\n ")) {
		return fmt.Errorf("%w after %d bytes", ErrTruncated, len(data))
	}
	return ErrForeign
}
