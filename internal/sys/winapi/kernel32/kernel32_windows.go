package kernel32

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

//sys getPackageFullName(process windows.Handle, length *uint32, name *uint16) (errcode error) = kernel32.GetPackageFullName?

// What GetPackageFullName says of a process that belongs to no package.
const noPackage = syscall.Errno(15700) // APPMODEL_ERROR_NO_PACKAGE

// maxName is PACKAGE_FULL_NAME_MAX_LENGTH with the final zero.
const maxName = 128

// PackageFullName is the full name of the store package that a process belongs to,
// or "" where it belongs to none. The handle needs the right
// PROCESS_QUERY_LIMITED_INFORMATION. It does not block.
func PackageFullName(process windows.Handle) (string, error) {
	var name [maxName]uint16
	n := uint32(len(name))
	err := getPackageFullName(process, &n, &name[0])
	if errors.Is(err, noPackage) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return windows.UTF16ToString(name[:]), nil
}
