// Package ws2 has the calls of ws2_32.dll that golang.org/x/sys/windows lacks: the
// whole catalogue of Winsock, layered service providers included.
package ws2

//go:generate go run golang.org/x/sys/windows/mkwinsyscall -output zsyscall_windows.go ws2_windows.go
