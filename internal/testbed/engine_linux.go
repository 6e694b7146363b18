package testbed

import "testing"

func docker(t testing.TB) *Engine {
	t.Helper()
	Need(t, TierContainers, "root", "the engine (not written yet)")
	return nil
}
func podman(t testing.TB) *Engine         { return docker(t) }
func podmanRootless(t testing.TB) *Engine { return docker(t) }
func wine(t testing.TB) *WinePrefix {
	t.Helper()
	Need(t, TierWine, "root", "wine (not written yet)")
	return nil
}
