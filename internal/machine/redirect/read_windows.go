package redirect

import (
	"context"
	"errors"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/redirect/filter"
)

func read(ctx context.Context, q Query) (fact.Set, error) {
	w := wintables{
		values:  func(path string) (map[string]string, error) { return textValues(registry.LOCAL_MACHINE, path) },
		running: driverRuns,
		filters: filter.Read,
	}
	return w.read(ctx, q), ctx.Err()
}

// textValues reads the text values of a key.
func textValues(root registry.Key, path string) (map[string]string, error) {
	k, err := registry.OpenKey(root, path, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer k.Close()
	names, err := k.ReadValueNames(0)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(names))
	for _, name := range names {
		if text, _, err := k.GetStringValue(name); err == nil {
			out[name] = text
		}
	}
	return out, nil
}

// driverRuns asks the service manager for a driver's state.
func driverRuns(name string) (bool, error) {
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return false, err
	}
	defer windows.CloseServiceHandle(m)
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return false, err
	}
	s, err := windows.OpenService(m, wide, windows.SERVICE_QUERY_STATUS)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer windows.CloseServiceHandle(s)
	var status windows.SERVICE_STATUS
	err = windows.QueryServiceStatus(s, &status)
	return status.CurrentState == windows.SERVICE_RUNNING, err
}
