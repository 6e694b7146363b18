package kernel32

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

//sys getPackageFullName(process windows.Handle, length *uint32, name *uint16) (errcode error) = kernel32.GetPackageFullName?
//sys getConsoleProcessList(list *uint32, count uint32) (n uint32, err error) = kernel32.GetConsoleProcessList?

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

// ConsoleProcesses is how many processes use the console of this one, itself among
// them; without a console it is an error. It does not block.
func ConsoleProcesses() (int, error) {
	var one uint32 // the answer is the number, however little room there is
	n, err := getConsoleProcessList(&one, 1)
	return int(n), err
}
