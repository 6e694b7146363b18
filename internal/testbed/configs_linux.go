package testbed

import "testing"

// Configs is a folder of real configurations: what scripts/testbed/configs kept of
// Debian's packages, in a folder for each package. It is not to be written to.
func Configs(t testing.TB) string {
	t.Helper()
	return part(t, TierSystemd, "configs") + "/root"
}
