package portproxy

import (
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

func system() calls {
	return calls{
		get: get, set: set, remove: remove,
		notify: func() error { return paramChange("iphlpsvc") },
	}
}

// keyOf is a table's key below HKEY_LOCAL_MACHINE.
func keyOf(table string) string {
	return `SYSTEM\CurrentControlSet\Services\PortProxy\` + table + `\tcp`
}

func get(table, name string) (string, error) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, keyOf(table), registry.QUERY_VALUE)
	if err != nil {
		return "", err
	}
	defer k.Close()
	text, kind, err := k.GetStringValue(name)
	if err == registry.ErrUnexpectedType || err == nil && kind != registry.SZ {
		return "", errShape
	}
	return text, err
}

func set(table, name, text string) error {
	k, _, err := registry.CreateKey(registry.LOCAL_MACHINE, keyOf(table), registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer k.Close()
	return k.SetStringValue(name, text)
}

func remove(table, name string) error {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, keyOf(table), registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer k.Close()
	return k.DeleteValue(name)
}

// paramChange tells a service to read its parameters again.
func paramChange(service string) error {
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return err
	}
	defer windows.CloseServiceHandle(m)
	name, err := windows.UTF16PtrFromString(service)
	if err != nil {
		return err
	}
	h, err := windows.OpenService(m, name, windows.SERVICE_PAUSE_CONTINUE)
	if err != nil {
		return err
	}
	defer windows.CloseServiceHandle(h)
	var s windows.SERVICE_STATUS
	return windows.ControlService(h, windows.SERVICE_CONTROL_PARAMCHANGE, &s)
}
