package journal

import (
	"fmt"
	"os"
	"path/filepath"
)

// Lock keeps other berths from changing the machine until unlock is called or the
// process ends. It makes the store's folder. It does not wait: the error is, or
// wraps, ErrBusy where another one has it.
func (s *Store) Lock() (unlock func(), err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
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
	if err := f.Truncate(0); err == nil {
		fmt.Fprintln(f, os.Getpid())
	}
	return func() { f.Close() }, nil
}
