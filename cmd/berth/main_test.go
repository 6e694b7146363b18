package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berthd/berth/internal/testbed"
	"github.com/berthd/berth/internal/testbed/script"
)

// The scripts below testdata are the executable manual: what a person types, what
// a person sees, and the exit code. Those in testdata/script run anywhere; the
// other folders are named for their tier.
func TestMain(m *testing.M) {
	testscript.Main(m, script.Commands(map[string]func(){"berth": main, "risky": risky}))
}

func TestScripts(t *testing.T) {
	testscript.Run(t, script.Params("testdata/script"))
}

// TestNetnsScripts: each script is alone on a machine of its own, so that it can
// use port 80 and see nobody else's processes.
func TestNetnsScripts(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root", "setpriv", "script", "bash", "nft", "ip", "unshare")
	testscript.Run(t, script.Alone("testdata/netns"))
}

// TestVersionIsSet: a release build may not say nothing.
func TestVersionIsSet(t *testing.T) {
	if version == "" || os.Args[0] == "" {
		t.Error("no version")
	}
}
