package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berthd/berth/internal/testbed"
	"github.com/berthd/berth/internal/testbed/script"
)

// Scripts that boot a Debian machine each: see [script.Placed] for their words.
func TestSystemdScripts(t *testing.T) {
	testbed.Need(t, testbed.TierSystemd, "root", "systemd-nspawn")
	testscript.Run(t, script.Placed("testdata/systemd"))
}

// Scripts that start a container engine each.
func TestContainersScripts(t *testing.T) {
	testbed.Need(t, testbed.TierContainers, "root", "docker", "podman")
	testscript.Run(t, script.Placed("testdata/containers"))
}
