package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// self runs TestInsideChild of this test binary, with its orders in Env.
func self(ctx context.Context, orders string, o Options) (Result, error) {
	o.Env = append(o.Env, "RUN_CHILD="+orders)
	return Command(ctx, []string{os.Args[0], "-test.run=^TestInsideChild$", "with space", `"q"`, ""}, o)
}

// TestInsideChild is the program that the tests below run.
func TestInsideChild(t *testing.T) {
	verb, arg, _ := strings.Cut(os.Getenv("RUN_CHILD"), " ")
	switch verb {
	case "":
		t.Skip("run by the tests below")
	case "say":
		in, err := io.ReadAll(os.Stdin)
		fmt.Printf("args %q\nstdin %q %v\n", os.Args[2:], in, err)
		fmt.Fprintln(os.Stderr, strings.Join(os.Environ(), "\n"))
		os.Exit(7)
	case "flood":
		for range 3 {
			fmt.Print(strings.Repeat("x", MaxOutput/2))
		}
		os.Exit(0)
	case "nest": // a child of a child, which both hold a connection open
		cmd := exec.Command(os.Args[0], "-test.run=^TestInsideChild$")
		cmd.Env = append(os.Environ(), "RUN_CHILD=hold "+arg)
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		hold(t, arg)
	case "hold":
		hold(t, arg)
	case "leave": // a child that outlives its parent and keeps its output
		cmd := exec.Command(os.Args[0], "-test.run=^TestInsideChild$")
		cmd.Env = append(os.Environ(), "RUN_CHILD=hold "+arg)
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		os.Exit(3)
	}
}

func hold(t *testing.T, addr string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, c) // until the test closes it
	os.Exit(0)
}

func TestCommandPassesArgumentsAndNothingElse(t *testing.T) {
	t.Setenv("SECRET_OF_THE_ASKER", "1")
	r, err := self(t.Context(), "say", Options{Env: []string{"MINE=2"}})
	if err != nil || r.Exit != 7 {
		t.Fatalf("%+v, %v", r, err)
	}
	if want := `args ["with space" "\"q\"" ""]` + "\nstdin \"\" <nil>\n"; r.Stdout != want {
		t.Errorf("stdout %q, want %q", r.Stdout, want)
	}
	env := strings.Fields(r.Stderr)
	for _, want := range []string{"MINE=2", "LANG=C", "LC_ALL=C"} {
		if !slices.Contains(env, want) {
			t.Errorf("no %s in %q", want, env)
		}
	}
	if strings.Contains(r.Stderr, "SECRET") {
		t.Errorf("the asker's environment went in: %q", env)
	}
}

func TestCommandBoundsOutput(t *testing.T) {
	r, err := self(t.Context(), "flood", Options{})
	if err != nil || !r.Truncated || len(r.Stdout) != MaxOutput {
		t.Errorf("%d bytes, truncated %v, %v", len(r.Stdout), r.Truncated, err)
	}
	if r, err := self(t.Context(), "say", Options{}); err != nil || r.Truncated {
		t.Errorf("little output is truncated: %v, %v", r.Truncated, err)
	}
}

// holders accepts n connections, each held by one process.
func holders(t *testing.T, l net.Listener, n int) []net.Conn {
	t.Helper()
	var all []net.Conn
	for range n {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		all = append(all, c)
	}
	return all
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// When ctx ends, the program is gone and its child is too: both connections break.
func TestCommandEndsChildrenWithItsContext(t *testing.T) {
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := self(ctx, "nest "+l.Addr().String(), Options{})
		ended <- err
	}()
	both := holders(t, l, 2)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("err %v", err)
	}
	for _, c := range both {
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		var timeout net.Error
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("a process lives on: %v", err)
		}
	}
}

func TestCommandEndsAtItsLimit(t *testing.T) {
	l := listen(t)
	_, err := self(t.Context(), "hold "+l.Addr().String(), Options{Limit: 50 * time.Millisecond})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err %v", err)
	}
}

// A child that was left behind with the output open neither holds Command up nor is
// ended by it.
func TestCommandLeavesWhatWasLeftBehind(t *testing.T) {
	l := listen(t)
	r, err := self(t.Context(), "leave "+l.Addr().String(), Options{})
	if err != nil || r.Exit != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	c := holders(t, l, 1)[0]
	if _, err := c.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	var timeout net.Error
	if _, err := c.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("the child was ended: %v", err)
	}
}

func TestLook(t *testing.T) {
	known := "sh"
	if runtime.GOOS == "windows" {
		known = "netsh"
	}
	path, err := Look(known)
	if err != nil || !filepath.IsAbs(path) {
		t.Fatalf("%s: %q, %v", known, path, err)
	}
	if again, err := Look(path); err != nil || again != path {
		t.Errorf("%s: %q, %v", path, again, err)
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	own := filepath.Join(dir, "own.exe")
	if err := os.WriteFile(own, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Look(own); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"own.exe", "own", "", ".", "..", "./own.exe", "a/b", dir, filepath.Join(dir, "none")} {
		if path, err := Look(bad); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %q, %v", bad, path, err)
		}
	}
}

func TestCommandWithoutName(t *testing.T) {
	if _, err := Command(t.Context(), nil, Options{}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// What is detached holds its connection until it is killed.
func TestDetach(t *testing.T) {
	l := listen(t)
	d, err := Detach([]string{os.Args[0], "-test.run=^TestInsideChild$"}, append(os.Environ(), "RUN_CHILD=hold "+l.Addr().String()), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := holders(t, l, 1)[0]
	select {
	case <-d.Ended():
		t.Error("it has ended")
	default:
	}
	if err := d.Kill(); err != nil {
		t.Error(err)
	}
	<-d.Ended()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	var timeout net.Error
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("it lives on: %v", err)
	}
	if _, err := Detach([]string{filepath.Join(t.TempDir(), "none")}, nil, ""); err == nil {
		t.Error("nothing was started, and no error")
	}
}
