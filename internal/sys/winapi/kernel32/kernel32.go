// Package kernel32 has the calls of kernel32.dll that golang.org/x/sys/windows
// lacks. Each is looked for before it is used; where the system has none, the
// error says so and is no [syscall.Errno].
package kernel32

//go:generate go run golang.org/x/sys/windows/mkwinsyscall -output zsyscall_windows.go kernel32_windows.go
