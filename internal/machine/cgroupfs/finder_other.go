//go:build !linux

package cgroupfs

// Finder resolves ids; on this OS it knows none.
type Finder struct{}

// Close does nothing on this OS.
func (f *Finder) Close() error { return nil }

// Path returns [ErrNoMount] on this OS.
func (f *Finder) Path(id uint64) (string, error) { return "", ErrNoMount }
