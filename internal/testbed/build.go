package testbed

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Berth builds the berth binary, once in a test process, and returns its path. It
// is built without cgo, so it runs in every [Place]. BERTH_BIN names one that is
// built already.
func Berth(t testing.TB) string {
	t.Helper()
	path, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var buildOnce = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv("BERTH_BIN"); bin != "" {
		return bin, nil
	}
	return Build("./cmd/berth")
})

var buildWindowsOnce = sync.OnceValues(func() (string, error) {
	return Build("./cmd/berth", "GOOS=windows", "GOARCH=amd64")
})

func windowsBerth(t testing.TB) string {
	t.Helper()
	path, err := buildWindowsOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Build compiles a main package of this module, named from the module root, and
// returns the binary's path, in a folder for temporary files that every user can
// read. Extra are variables such as GOOS=windows. The file is named by its content
// and is never written again, so it may run while another test builds.
func Build(pkg string, extra ...string) (string, error) {
	return compile(pkg, extra, "build")
}

// BuildTest compiles the tests of a package of this module as [Build] does a main
// package, for a test that has to run some of them in a [Place].
func BuildTest(pkg string, extra ...string) (string, error) {
	return compile(pkg, extra, "test", "-c")
}

func compile(pkg string, extra []string, how ...string) (string, error) {
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("berth-test-bin-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(dir, "build")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	out := filepath.Join(tmp, "out")
	cmd := exec.Command("go", append(how, "-o", out, pkg)...)
	cmd.Dir = root
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), extra...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, text)
	}
	return keep(out, dir, filepath.Base(pkg), extra)
}

func keep(out, dir, name string, extra []string) (string, error) {
	data, err := os.ReadFile(out)
	if err != nil {
		return "", err
	}
	forgetOld(dir)
	sum := sha256.Sum256(data)
	path := filepath.Join(dir, name+"-"+hex.EncodeToString(sum[:8]))
	if strings.Contains(strings.Join(extra, " "), "GOOS=windows") {
		path += ".exe"
	}
	return path, os.Rename(out, path)
}

// forgetOld removes the binaries of yesterday.
func forgetOld(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}

// ModuleRoot is the folder of go.mod above the working folder.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod above the working folder")
		}
		dir = up
	}
}
