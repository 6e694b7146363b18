package registry

import (
	"errors"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/berthd/berth/internal/sys/winapi/advapi32"
)

// mostData bounds one value, in bytes; Windows advises a megabyte.
const mostData = 16 << 20

func system() calls {
	return calls{get, set, remove, hasKey, makeKey, removeKey}
}

func open(k key, right uint32) (registry.Key, error) {
	return registry.OpenKey(root(k), k.path, right)
}

func root(k key) registry.Key {
	switch k.root {
	case "HKEY_CURRENT_USER":
		return registry.CURRENT_USER
	case "HKEY_USERS":
		return registry.USERS
	case "HKEY_CLASSES_ROOT":
		return registry.CLASSES_ROOT
	}
	return registry.LOCAL_MACHINE
}

func get(k key, value string) (uint32, []byte, error) {
	h, err := open(k, registry.QUERY_VALUE)
	if err != nil {
		return 0, nil, err
	}
	defer h.Close()
	for data := make([]byte, 1<<10); ; {
		n, kind, err := h.GetValue(value, data)
		if errors.Is(err, registry.ErrShortBuffer) && n > len(data) && n <= mostData {
			data = make([]byte, n)
			continue
		}
		if err != nil {
			return 0, nil, err
		}
		return kind, data[:min(n, len(data))], nil
	}
}

func set(k key, value string, kind uint32, data []byte) error {
	h, err := open(k, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer h.Close()
	return advapi32.SetValue(windows.Handle(h), value, kind, data)
}

func remove(k key, value string) error {
	h, err := open(k, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer h.Close()
	return h.DeleteValue(value)
}

func hasKey(k key) (bool, error) {
	h, err := open(k, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, h.Close()
}

func makeKey(k key) error {
	h, _, err := registry.CreateKey(root(k), k.path, registry.QUERY_VALUE)
	if err != nil {
		return err
	}
	return h.Close()
}

// removeKey looks first: Windows deletes a key with all its values.
func removeKey(k key) error {
	h, err := open(k, registry.QUERY_VALUE|registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return err
	}
	info, err := h.Stat()
	h.Close()
	if err != nil {
		return err
	}
	if info.SubKeyCount > 0 || info.ValueCount > 0 {
		return errInUse
	}
	return registry.DeleteKey(root(k), k.path)
}
