// Package sysctl is the driver for kernel parameters of Linux: the files below
// /proc/sys. A value that it sets is gone with the next boot; a step for a file in
// /etc/sysctl.d beside it makes it last.
//
// Parameters below net. belong to the network namespace of the calling thread.
package sysctl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
)

// What Read and Set may refuse with.
var (
	ErrName    = errors.New("not the name of a kernel parameter")
	ErrNone    = errors.New("this kernel has no such parameter")
	ErrNotHere = errors.New("only Linux has kernel parameters of this kind")
)

const maxValue = 1 << 20

// Driver reads and sets kernel parameters. It keeps nothing.
type Driver struct{ root string }

// New returns the driver. Reading most parameters takes no privilege; setting takes
// root, or CAP_NET_ADMIN in the network namespace for those of net.
func New() Driver { return Driver{"/proc/sys"} }

// Read returns "value" with single blanks between its words. A parameter that there is
// not is [ErrNone]. It does not block.
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := d.file(s.Name)
	if err != nil {
		return nil, err
	}
	value, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.Name, err)
	}
	return plan.State{"value": value}, nil
}

// Set writes "value" and reads it back. The kernel has a way of its own to write some
// values (ports in order, "8080-8081" for two neighbours): a value that reads
// otherwise afterwards is an error that shows how, so a plan has to have it that way.
func (d Driver) Set(ctx context.Context, s plan.Subject, _, to plan.State) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	value, ok := to["value"]
	if !ok || len(to) != 1 || strings.ContainsAny(value, "\x00\n") {
		return fmt.Errorf("%s can have one line as its value, not %q", s.Name, to)
	}
	file, err := d.file(s.Name)
	if err != nil {
		return err
	}
	if now, err := read(file); err == nil && now == tidy(value) {
		return nil
	}
	if err := write(file, value); err != nil {
		return fmt.Errorf("%s was left as it is: %w", s.Name, err)
	}
	now, err := read(file)
	if err != nil {
		return fmt.Errorf("%s was written and cannot be read back: %w", s.Name, err)
	}
	if now != tidy(value) {
		return fmt.Errorf("%s reads %q after %q was written", s.Name, now, value)
	}
	return nil
}

// file is where a parameter is. A name has dots, and slashes where a part has dots in
// itself; or the other way round when its first separator is a slash, as sysctl(8) has it.
func (d Driver) file(name string) (string, error) {
	if d.root == "/proc/sys" && runtime.GOOS != "linux" {
		return "", ErrNotHere
	}
	path := name
	if i := strings.IndexAny(name, "./"); i >= 0 && name[i] == '.' {
		path = strings.NewReplacer(".", "/", "/", ".").Replace(name)
	}
	if strings.ContainsAny(name, "\x00\\:") || !strings.Contains(path, "/") || !fs.ValidPath(path) {
		return "", fmt.Errorf("%q: %w", name, ErrName)
	}
	return filepath.Join(d.root, filepath.FromSlash(path)), nil
}

func read(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", none(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxValue+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxValue {
		return "", errors.New("its value is too long")
	}
	return tidy(string(bytes.TrimRight(data, "\x00"))), nil
}

func tidy(value string) string { return strings.Join(strings.Fields(value), " ") }

// write writes in one call, as the kernel wants it.
func write(file, value string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return none(err)
	}
	_, err = f.WriteString(value + "\n")
	return errors.Join(err, f.Close())
}

func none(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrNone, err)
	}
	return err
}
