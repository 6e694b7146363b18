// Package ntdll has the calls of ntdll.dll that golang.org/x/sys/windows lacks. Each
// is looked for before it is used; where the system has none, the error is a
// [windows.DLLError].
package ntdll

//go:generate go run golang.org/x/sys/windows/mkwinsyscall -output zsyscall_windows.go ntdll_windows.go
