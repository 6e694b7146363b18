package portrange

import (
	"context"
	"errors"

	"golang.org/x/sys/windows/registry"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netsh"
)

func read(ctx context.Context) fact.Set {
	w := windows{show: netsh.Read, names: func(path string) ([]string, error) { return valueNames(registry.LOCAL_MACHINE, path) }}
	return w.read(ctx)
}

func valueNames(root registry.Key, path string) ([]string, error) {
	k, err := registry.OpenKey(root, path, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer k.Close()
	return k.ReadValueNames(0)
}
