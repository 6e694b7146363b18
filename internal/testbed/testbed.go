// Package testbed lends tests real machines to look at: network namespaces, a
// booted systemd, container engines and Wine, each private to its test and ended
// with it.
//
// Only tests import it. What a tier needs and the machine lacks is said aloud and
// skipped, and fails the test where the tiers are required (see [Need]). Whatever
// is expensive to make (root file systems, the Wine prefix) is made once by
// scripts/testbed and kept in a cache outside the tree; a test never writes to it.
//
// On an OS other than Linux every lender reports its part as missing.
package testbed

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Tier names a group of tests by what they need of the machine. A test belongs to
// a tier by its name: TestNetns..., TestSystemd..., TestContainers..., TestWine....
type Tier string

// The tiers. Every test that is named for none of them is a unit test and runs
// unprivileged on any OS.
const (
	TierNetns      Tier = "netns"
	TierSystemd    Tier = "systemd"
	TierContainers Tier = "containers"
	TierWine       Tier = "wine"
)

// Need ends the test unless every one of parts is here: "root" (the effective
// user), an absolute path, or a program in PATH or an sbin folder; any other text
// is a part that is never here, for a caller that has looked already.
//
// A missing part skips the test with a line that names tier and part. Where the
// tiers are required (CI=true or BERTH_TIERS_REQUIRED=1) it fails the test.
func Need(t testing.TB, tier Tier, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !have(part) {
			missing(t, tier, part)
		}
	}
}

func missing(t testing.TB, tier Tier, part string) {
	t.Helper()
	if Required() {
		t.Fatalf("TIER %s: %s missing, and the tiers are required here", tier, part)
	}
	t.Skipf("TIER %s: %s missing, left out", tier, part)
}

// Required reports whether a missing part of a tier is a failure here.
func Required() bool {
	return os.Getenv("CI") == "true" || os.Getenv("BERTH_TIERS_REQUIRED") == "1"
}

func have(part string) bool {
	switch {
	case part == "root":
		return os.Geteuid() == 0
	case filepath.IsAbs(part):
		_, err := os.Stat(part)
		return err == nil
	case part == "" || strings.ContainsAny(part, " /"):
		return false
	}
	return program(part) != ""
}

// program finds name in PATH or in the folders of administration tools, which an
// ordinary user's PATH may leave out.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	return ""
}

// Await polls cond until it holds and fails the test when it does not within 20
// seconds. What finishes the sentence "waited in vain for ...".
func Await(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}
