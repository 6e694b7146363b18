// Package user32 has the calls of user32.dll that reach the windows of another
// program. Each is looked for before it is used; where the system has none (a Windows
// without a desktop), the error says so and is no [syscall.Errno].
package user32

//go:generate go run golang.org/x/sys/windows/mkwinsyscall -output zsyscall_windows.go user32_windows.go
