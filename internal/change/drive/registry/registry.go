// Package registry sets values of the Windows registry, of any type, byte for byte:
// [plan.Registry].
//
// A value is its type and its bytes, as they are kept; nothing is decoded, so that
// what comes back is what was there, even where its form is not what its type
// promises. A key that is missing is made with those above it, and taken away again
// when the step is undone, unless something else is in it by then. It needs the
// rights that the key asks for, an administrator's for most of HKEY_LOCAL_MACHINE;
// a key that is closed wraps [fs.ErrPermission]. It does not block. On other systems
// than Windows every call is an error.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/berthd/berth/internal/answer/plan"
)

// Driver reads and sets values.
type Driver struct{ calls calls }

// New returns the driver of this machine.
func New() Driver { return Driver{system()} }

// calls are what is asked of the registry: Windows', or a test's. A key or a value
// that is not there is [errAbsent], one that is closed [errDenied].
type calls struct {
	get       func(k key, value string) (kind uint32, data []byte, err error)
	set       func(k key, value string, kind uint32, data []byte) error // in a key that is there
	remove    func(k key, value string) error
	hasKey    func(k key) (bool, error)
	makeKey   func(k key) error
	removeKey func(k key) error // which must have neither values nor keys
}

// Error numbers of the registry.
const (
	errAbsent syscall.Errno = 2
	errDenied syscall.Errno = 5
	errInUse  syscall.Errno = 145 // ERROR_DIR_NOT_EMPTY, said of a key
)

// key is a key below one of the roots.
type key struct{ root, path string }

func (k key) String() string { return k.root + `\` + k.path }

// above is the key that k is in; ok is false for one right below a root.
func (k key) above() (up key, ok bool) {
	i := strings.LastIndexByte(k.path, '\\')
	if i < 0 {
		return key{}, false
	}
	return key{k.root, k.path[:i]}, true
}

// roots are the names of the roots that a key may begin with, short ones first.
func roots() [][2]string {
	return [][2]string{{"HKLM", "HKEY_LOCAL_MACHINE"}, {"HKCU", "HKEY_CURRENT_USER"}, {"HKU", "HKEY_USERS"}, {"HKCR", "HKEY_CLASSES_ROOT"}}
}

// parseKey reads a key that begins with its root.
func parseKey(name string) (key, error) {
	root, path, _ := strings.Cut(name, `\`)
	for _, r := range roots() {
		if strings.EqualFold(root, r[0]) || strings.EqualFold(root, r[1]) {
			if path = strings.Trim(path, `\`); path == "" || strings.Contains(path, `\\`) || strings.ContainsRune(path, 0) {
				break
			}
			return key{r[1], path}, nil
		}
	}
	return key{}, fmt.Errorf("%q is no key of the registry below a root that is known", name)
}

// kinds are the types of values, by their number.
func kinds() []string {
	return []string{"REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK",
		"REG_MULTI_SZ", "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST", "REG_QWORD"}
}

func kindWord(n uint32) string {
	if words := kinds(); n < uint32(len(words)) {
		return words[n]
	}
	return strconv.FormatUint(uint64(n), 10) // there are values of no known type
}

func parseKind(word string) (uint32, error) {
	for n, w := range kinds() {
		if w == word {
			return uint32(n), nil
		}
	}
	n, err := strconv.ParseUint(word, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is no type of a registry value", word)
	}
	return uint32(n), nil
}

// said adds what was asked to the registry's answer.
func said(what string, err error) error {
	var n syscall.Errno
	if errors.As(err, &n) {
		if n == errDenied {
			return fmt.Errorf("%s: %w (error 5 of the registry; an administrator may)", what, fs.ErrPermission)
		}
		return fmt.Errorf("%s: error %d: %w", what, uint(n), err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Read returns "exists" and "key-exists", "type" and "data" of a value that is there,
// and "key-above" where its key is not.
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	k, err := parseKey(s.Name)
	if err != nil {
		return nil, err
	}
	there, err := d.calls.hasKey(k)
	if err != nil {
		return nil, said(k.String(), err)
	}
	if !there {
		above, err := d.nearest(k)
		return plan.State{"exists": "no", "key-exists": "no", "key-above": above}, err
	}
	kind, data, err := d.calls.get(k, s.Of["value"])
	if errors.Is(err, errAbsent) {
		return plan.State{"exists": "no", "key-exists": "yes"}, nil
	}
	if err != nil {
		return nil, said(k.String(), err)
	}
	return plan.State{"exists": "yes", "key-exists": "yes", "type": kindWord(kind), "data": string(data)}, nil
}

// nearest is the lowest key above k that is there, or its root.
func (d Driver) nearest(k key) (string, error) {
	for up, ok := k.above(); ok; up, ok = up.above() {
		there, err := d.calls.hasKey(up)
		if err != nil {
			return "", said(up.String(), err)
		}
		if there {
			return up.String(), nil
		}
	}
	return k.root, nil
}
