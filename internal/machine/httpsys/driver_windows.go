package httpsys

import (
	"errors"

	"golang.org/x/sys/windows"
)

// stopped tells whether the HTTP driver surely does not run, as the service manager
// knows it. A manager that does not answer makes it unknown, which is false.
func stopped() bool {
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return false
	}
	defer windows.CloseServiceHandle(m)
	name, err := windows.UTF16PtrFromString("HTTP")
	if err != nil {
		return false
	}
	s, err := windows.OpenService(m, name, windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST)
	}
	defer windows.CloseServiceHandle(s)
	var status windows.SERVICE_STATUS
	return windows.QueryServiceStatus(s, &status) == nil && status.CurrentState == windows.SERVICE_STOPPED
}
