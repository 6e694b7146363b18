//go:build !linux && !windows

package process

func play(string) {}
