//go:build !linux

package testbed

import (
	"errors"
	"os/exec"
	"testing"
)

const onlyLinux = "a Linux machine"

// Netns needs Linux.
func Netns(t testing.TB, fn func()) {
	t.Helper()
	missing(t, TierNetns, onlyLinux)
}

// Configs needs Linux.
func Configs(t testing.TB) string {
	t.Helper()
	missing(t, TierSystemd, onlyLinux)
	return ""
}

// Isolate needs Linux.
func Isolate(string) (func(), error) { return nil, errors.ErrUnsupported }

// Inner is [Child.PID] here.
func (c *Child) Inner() int { return c.PID() }

func dieWithParent(*exec.Cmd) {}

func procRoot(int) string { return "" }

func boot(t testing.TB, _ plan) *Machine {
	t.Helper()
	missing(t, TierSystemd, onlyLinux)
	return nil
}

func (m *Machine) reboot() {}

// files is never asked: there is no machine.
func (m *Machine) files([]string) map[string]string { return nil }

func docker(t testing.TB) *Engine {
	t.Helper()
	missing(t, TierContainers, onlyLinux)
	return nil
}

func podman(t testing.TB) *Engine { return docker(t) }

func podmanRootless(t testing.TB) *Engine { return docker(t) }

func wine(t testing.TB) *WinePrefix {
	t.Helper()
	missing(t, TierWine, onlyLinux)
	return nil
}

func windowsNode(t testing.TB) string {
	t.Helper()
	missing(t, TierWine, onlyLinux)
	return ""
}
