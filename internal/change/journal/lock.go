package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Lock keeps other berths from changing the machine until unlock is called or the
// process ends. It makes the store's folder. It does not wait: the error is, or
// wraps, ErrBusy where another one has it.
func (s *Store) Lock() (unlock func(), err error) {
	if err := makePrivate(s.dir); err != nil {
		return nil, err
	}
	if err := private(s.dir); err != nil {
		return nil, fmt.Errorf("%s: %w", s.dir, err)
	}
	f, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		f.Close()
		return nil, err
	}
	sign(f)
	return func() { f.Close() }, nil
}

// sign leaves the PID of who has the lock, for whoever wonders.
func sign(f *os.File) {
	if err := f.Truncate(0); err == nil {
		fmt.Fprintln(f, os.Getpid())
	}
}

// Watch makes this process the one that watches over an entry, until release is called
// or it ends. The error is, or wraps, ErrBusy where another one does. It does not wait.
func (s *Store) Watch(id int) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(s.dir, strconv.Itoa(id), "watch"), os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%d: %w", id, ErrNone)
	}
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		f.Close()
		return nil, err
	}
	sign(f)
	return func() { f.Close() }, nil
}

// Watched tells whether some process watches over an entry.
func (s *Store) Watched(id int) bool {
	release, err := s.Watch(id)
	if err == nil {
		release()
	}
	return errors.Is(err, ErrBusy)
}
