package file

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
)

// mark stands in the name of each file that is being written, behind the name of the
// one that it is for. A leading dot keeps it out of every include with a star.
const mark = ".berth-new-"

func prefix(base string) string {
	const room = 200 // of the 255 bytes of a name
	if len(base) > room {
		base = base[:room]
	}
	return "." + base + mark
}

func (s spot) write(ctx context.Context, before, to plan.State) (err error) {
	defer func() {
		if err != nil && !s.exists {
			err = errors.Join(err, s.withdraw())
		}
	}()
	if err := s.folders(); err != nil {
		return unchanged(s.path, err)
	}
	d, err := os.OpenRoot(s.dir())
	if err != nil {
		return unchanged(s.path, err)
	}
	defer d.Close()
	s.folder = d
	if err := sweep(d, s.base()); err != nil {
		return unchanged(s.path, err)
	}
	now, err := s.read()
	if err != nil {
		return unchanged(s.path, err)
	}
	if len(plan.Differs(to, now)) == 0 {
		return nil
	}
	want, err := s.want(now, before, to)
	if err != nil {
		return unchanged(s.path, err)
	}
	return s.replace(ctx, want)
}

// want is all that the new file is to be.
func (s spot) want(now, before, to plan.State) (plan.State, error) {
	want := plan.State{}
	if now["exists"] == "no" {
		maps.Copy(want, before)
	}
	maps.Copy(want, now)
	maps.Copy(want, to)
	switch _, ok := want["content"]; {
	case now["links"] != "":
		return nil, fmt.Errorf("%w: %s hard links", ErrHardLinks, now["links"])
	case !ok:
		return nil, errors.New("it is not there, and nothing says what is to be in it")
	}
	return want, nil
}

// withdraw removes the folders that were made for a file that could not be.
func (s spot) withdraw() error {
	dir, err := nearest(s.dir())
	if err != nil {
		return err
	}
	return prune(dir, s.nearest)
}

// folders makes the missing folders above the file.
func (s spot) folders() error {
	var missing []string
	for dir := s.dir(); dir != s.nearest && len(dir) > len(s.nearest); dir = filepath.Dir(dir) {
		missing = append(missing, dir)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := os.Mkdir(missing[i], 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		if err := syncFolder(filepath.Dir(missing[i])); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes what killed runs left of a file.
func sweep(d *os.Root, base string) error {
	f, err := d.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, n := range names {
		if !leftOver(n, base) {
			continue
		}
		if err := d.Remove(n); err != nil && !absent(err) {
			return err
		}
	}
	return nil
}

// leftOver tells whether a name is one that newFile gave for base.
func leftOver(name, base string) bool {
	end, ok := strings.CutPrefix(name, prefix(base))
	return ok && len(end) == 16 && strings.Trim(end, "0123456789abcdef") == ""
}

func newFile(d *os.Root, base string) (*os.File, string, error) {
	name := fmt.Sprintf("%s%016x", prefix(base), rand.Uint64())
	f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	return f, name, err
}

// replace puts a new file in the place of the old one.
func (s spot) replace(ctx context.Context, want plan.State) error {
	d := s.folder
	f, name, err := newFile(d, s.base())
	if err != nil {
		return unchanged(s.path, err)
	}
	err = s.fill(f, filepath.Join(s.dir(), name), want)
	if err = errors.Join(err, f.Close()); err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = rename(d, name, s.base())
	}
	if err != nil {
		return unchanged(s.path, errors.Join(err, gone(d, name)))
	}
	if err := syncFolder(s.dir()); err != nil {
		return fmt.Errorf("%s was replaced, but may be the old one again after a power cut: %w", s.path, err)
	}
	return nil
}

func gone(d *os.Root, name string) error {
	if err := d.Remove(name); !absent(err) {
		return err
	}
	return nil
}

// fill writes the new file and makes it like the old one but for what want says.
func (s spot) fill(f *os.File, path string, want plan.State) error {
	if _, err := f.WriteString(want["content"]); err != nil {
		return err
	}
	if err := s.putOn(f, path, want); err != nil {
		return err
	}
	return f.Sync()
}

// remove removes the file and the folders that creating it made.
func (s spot) remove(ctx context.Context, before, to plan.State) error {
	if err := s.removable(); err != nil {
		return err
	}
	if err := s.removeFile(ctx); err != nil {
		return err
	}
	floor := before["parents"]
	if p := to["parents"]; p != "" {
		floor = p
	}
	if floor == "" {
		return nil
	}
	dir, err := nearest(s.dir())
	if err != nil {
		return err
	}
	if err := prune(dir, floor); err != nil {
		return fmt.Errorf("%s is gone; the folders made for it are not: %w", s.path, err)
	}
	return nil
}

func (s spot) removable() error {
	if s.target() != "" {
		return fmt.Errorf("%s is to be removed: %w to %s", s.name, ErrLink, s.path)
	}
	return nil
}

func (s spot) removeFile(ctx context.Context) error {
	d, err := os.OpenRoot(s.dir())
	if absent(err) {
		return nil
	}
	if err != nil {
		return unchanged(s.path, err)
	}
	defer d.Close()
	if err := sweep(d, s.base()); err != nil {
		return unchanged(s.path, err)
	}
	if !s.exists {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.Remove(s.base()); err != nil && !absent(err) {
		return unchanged(s.path, err)
	}
	if err := syncFolder(s.dir()); err != nil {
		return fmt.Errorf("%s was removed, but may be back after a power cut: %w", s.path, err)
	}
	return nil
}

// prune removes dir and the folders above it as long as they are empty and below
// floor. A folder that something is in is somebody's.
func prune(dir, floor string) error {
	for ; below(dir, floor); dir = filepath.Dir(dir) {
		if full, err := inUse(dir); full || err != nil {
			return err
		}
		if err := os.Remove(dir); err != nil && !absent(err) {
			return err
		}
		if err := syncFolder(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}

func below(dir, floor string) bool {
	rel, err := filepath.Rel(floor, dir)
	return err == nil && rel != "." && filepath.IsLocal(rel)
}

func inUse(dir string) (bool, error) {
	f, err := os.Open(dir)
	if err != nil {
		return false, err
	}
	defer f.Close()
	names, _ := f.Readdirnames(1)
	return len(names) > 0, nil
}
