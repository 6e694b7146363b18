//go:build !windows

package cli

func mindExplorer() {}
