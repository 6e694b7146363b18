package kernel32

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// TestInsideConsole is run by the test below, as its child and grandchild.
func TestInsideConsole(t *testing.T) {
	if os.Getenv("BERTH_GENERATIONS") == "2" {
		t.Log(ask(t, "1", 0))
		return
	}
	n, err := ConsoleProcesses()
	fmt.Printf("console %d %v.\n", n, err != nil)
}

func ask(t *testing.T, generations string, flags uint32) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestInsideConsole$", "-test.v")
	cmd.Env = append(os.Environ(), "BERTH_GENERATIONS="+generations)
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: flags}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return regexp.MustCompile(`console [^.]*\.`).FindString(string(out))
}

func TestConsoleProcesses(t *testing.T) {
	for _, c := range []struct {
		what, generations string
		flags             uint32
		want              string
	}{
		{"a console of its own", "1", windows.CREATE_NO_WINDOW, "console 1 false."},
		{"its child, in the same", "2", windows.CREATE_NO_WINDOW, "console 2 false."},
		{"no console", "1", windows.DETACHED_PROCESS, "console 0 true."},
	} {
		if got := ask(t, c.generations, c.flags); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}
