package diag_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// A low port without the right to it: the rule is told, and that nobody has it. The
// same program with the right listens; with a holder beside it the right still lacks.
func TestNetnsExplainLowPort(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root")
	exe := open(t)
	nobody := func(address string) string {
		cmd := exec.Command(exe)
		cmd.Dir, cmd.Env = "/", []string{"BERTH_DIAG=refused", "BERTH_DIAG_ADDR=" + address}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	testbed.Netns(t, func() {
		says(t, nobody("0.0.0.0:80"), "bind: permission denied\n\n", "Ports below 1024 need CAP_NET_BIND_SERVICE", "bind said EACCES", "!is held by")
		says(t, nobody("0.0.0.0:8080"), "<nil>")
		ln, err := net.Listen("tcp4", "0.0.0.0:80")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		says(t, nobody("0.0.0.0:80"), "Ports below 1024 need CAP_NET_BIND_SERVICE", "listens there")
	})
}

// open is a copy of the test binary that every user may run.
func open(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "diag")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	path := filepath.Join(dir, "diag.test")
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
