// Package file is the driver for files: it reads one whole, and writes it so that at
// any moment, power cut included, either the old bytes are there or the new ones.
//
// To write, a file beside the target gets the bytes, and of the target the owner, the
// mode and the extended attributes (SELinux label, POSIX ACL; on Windows owner, group
// and DACL); it is synced, renamed over the target, and the folder is synced. What a
// killed run left beside the target is known by its name and removed by the next Set.
// Only then is it true that a reload sees all or nothing.
//
// A symbolic link is followed to its end and stays a link: its target is written, and
// Read names it ("target"), as Debian's sites-enabled wants it. A file with several
// hard links is refused: writing it in place could leave half of it and would change
// what else bears the other names (a backup made with cp -l), and replacing it would
// part them. Devices, pipes, sockets and folders are refused as well, and all above
// [MaxSize].
//
// On macOS an access control list of the old kind (chmod +a) is not carried over,
// since that takes cgo.
package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/berthd/berth/internal/answer/plan"
)

// MaxSize bounds a file, in bytes.
const MaxSize = 16 << 20

// What a file may be refused for; the errors name the file, and nothing was changed.
var (
	ErrNotAFile  = errors.New("it is no regular file")
	ErrTooLarge  = errors.New("it is too large")
	ErrHardLinks = errors.New("it has more than one name")    // hard links
	ErrLink      = errors.New("it is a symbolic link")        // to nothing, or to be removed
	ErrMoved     = errors.New("the link leads elsewhere now") // since the plan was made
)

// Driver reads and writes files. It keeps nothing; use from several goroutines is
// safe as long as they are about different files.
type Driver struct{}

// New returns the driver. It needs the rights to read the file, and to write the
// folder it is in; root to keep the owner of a file that is another's.
func New() Driver { return Driver{} }

// Read returns what plan.File promises and, where they are of account: "target", the
// file that a symbolic link leads to, whose state all the rest is; "links", how many
// hard links it has; "parents", the nearest folder above it that exists (what undoing
// a creation goes back to); and on Windows "sddl" in place of mode, owner and label.
// "label" is absent where there is none. It blocks for the disk only.
func (Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	at, err := locate(s.Name)
	if err != nil {
		return nil, err
	}
	now, err := at.read()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.Name, err)
	}
	return now, nil
}

// Set writes or removes the file, and reads it back. Of "content", "mode", "owner",
// "label" ("sddl") those that to does not name stay as they are now or, for a file
// that is not there, as before has them. A new file is 0644 and the asker's.
//
// Creating it makes the folders that are missing above it; removing it removes the
// empty ones below the "parents" of to, or else of before. An error says whether
// anything was changed; up to the rename nothing is.
func (Driver) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	at, err := begin(ctx, s.Name, before, to)
	if err != nil {
		return err
	}
	if to["exists"] == "no" {
		err = at.remove(ctx, before, to)
	} else {
		err = at.write(ctx, before, to)
	}
	if err != nil {
		return err
	}
	return readBack(s.Name, to)
}

// Ready returns what would stop Set, as far as can be told without writing: a file
// system that is read-only or full, a lock (chattr +i), missing rights, a program that
// has the file open, and all that is refused. Nil is no promise. The errors are Set's;
// it needs no privilege and blocks for the disk only.
func (Driver) Ready(ctx context.Context, s plan.Subject, before, to plan.State) error {
	at, err := begin(ctx, s.Name, before, to)
	if err != nil {
		return err
	}
	now, err := at.read()
	if err != nil || len(plan.Differs(to, now)) == 0 {
		return err
	}
	if to["exists"] == "no" {
		if err := at.removable(); err != nil {
			return err
		}
	} else if _, err := at.want(now, before, to); err != nil {
		return unchanged(at.path, err)
	}
	if err := at.writable(now, len(to["content"])); err != nil {
		return unchanged(at.path, err)
	}
	return nil
}

// begin finds the file, if what is asked makes sense.
func begin(ctx context.Context, name string, before, to plan.State) (spot, error) {
	if err := check(to); err != nil {
		return spot{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := ctx.Err(); err != nil {
		return spot{}, err
	}
	at, err := locate(name)
	if err != nil {
		return spot{}, err
	}
	if was, known := before["target"]; known && was != at.target() {
		return spot{}, fmt.Errorf("%s: %w: %s", name, ErrMoved, at.path)
	}
	return at, nil
}

func readBack(name string, to plan.State) error {
	at, err := locate(name)
	if err != nil {
		return err
	}
	now, err := at.read()
	if err != nil {
		return fmt.Errorf("%s was written and cannot be read back: %w", name, err)
	}
	wrong := plan.Differs(to, now)
	switch {
	case len(wrong) == 0:
		return nil
	case wrong[0].Field == "content":
		return fmt.Errorf("%s was written, and has other bytes now", name)
	}
	return fmt.Errorf("%s was written, and its %s is %q in place of %q", name, wrong[0].Field, wrong[0].Got, wrong[0].Want)
}

// check refuses states that make no sense before anything is touched.
func check(to plan.State) error {
	known := append([]string{"exists", "content", "parents", "target", "links"}, dressed()...)
	for _, k := range slices.Sorted(maps.Keys(to)) {
		if !slices.Contains(known, k) {
			return fmt.Errorf("a file here has no %q", k)
		}
	}
	content, has := to["content"]
	switch {
	case to["exists"] != "" && to["exists"] != "yes" && to["exists"] != "no":
		return fmt.Errorf("exists: %q is neither yes nor no", to["exists"])
	case to["exists"] == "no" && has:
		return errors.New("a file that is not to be there has no content")
	case len(content) > MaxSize:
		return ErrTooLarge
	}
	return checkDress(to)
}

// unchanged wraps an error that stopped Set before the file was touched.
func unchanged(path string, err error) error {
	if why := because(path, err); why != "" {
		return fmt.Errorf("%s was left as it is: %w (%s)", path, err, why)
	}
	return fmt.Errorf("%s was left as it is: %w", path, err)
}

func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
