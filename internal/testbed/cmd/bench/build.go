package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// programs are the paths of what is measured and of what makes the load.
type programs struct{ berth, baredump, loadgen string }

func build(ctx context.Context, dir string) (programs, error) {
	p := programs{filepath.Join(dir, "berth"), filepath.Join(dir, "baredump"), filepath.Join(dir, "loadgen")}
	return p, buildAll(ctx, map[string]string{
		p.berth: "./cmd/berth", p.baredump: "./internal/testbed/cmd/baredump", p.loadgen: "./internal/testbed/loadgen",
	})
}

// buildAll builds files from packages: berth as it is released, and the others the
// same way, from the working folder, which is the module's.
func buildAll(ctx context.Context, pkgs map[string]string, env ...string) error {
	for out, pkg := range pkgs {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, pkg)
		cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", pkg, err, text)
		}
	}
	return nil
}

// find looks for a program in PATH and in the folders of administration tools,
// which an ordinary user's PATH may leave out.
func find(name string) string {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	return ""
}
