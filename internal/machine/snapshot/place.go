package snapshot

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/berthd/berth/internal/fact"
)

// SaveFile is [Save] into the file name, which only the owner may read. A file that
// stands there is replaced when the new one is complete; a device or a pipe stays
// what it is. The error names the file that was asked for.
func SaveFile(name string, set *fact.Set, writer string) error {
	save := replaceFile
	if st, err := os.Stat(name); err == nil && !st.Mode().IsRegular() {
		save = writeInto
	}
	return save(name, func(w io.Writer) error { return Save(w, set, writer) })
}

func writeInto(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// replaceFile writes a new file beside name and renames it, so that name is
// never half written. Only the owner may read it.
func replaceFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".berth-*")
	if err != nil {
		return writing(name, err)
	}
	err = errors.Join(write(f), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(writing(name, err), os.Remove(f.Name()))
	}
	return nil
}

// writing is err about the file that was asked for, not the one beside it.
func writing(name string, err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &link):
		err = link.Err
	case errors.As(err, &at):
		err = at.Err
	default:
		return err
	}
	return &fs.PathError{Op: "write", Path: name, Err: err}
}
