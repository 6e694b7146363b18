package diag_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/berthd/berth/diag"
	"github.com/berthd/berth/internal/testbed/script"
)

// TestMain lets the test binary be the other program, too: see [another].
func TestMain(m *testing.M) {
	switch os.Getenv("BERTH_DIAG") {
	case "listen":
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(ln.Addr())
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "refused":
		_, err := net.Listen("tcp4", os.Getenv("BERTH_DIAG_ADDR"))
		fmt.Println(diag.Explain(err))
	default:
		os.Exit(m.Run())
	}
}

// another starts the test binary again, as a program that listens, and returns its
// address. It ends with the test.
func another(t *testing.T, folder string, args ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "BERTH_DIAG=listen")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// refusedAt is the error of a Listen on address.
func refusedAt(t *testing.T, network, address string) error {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err == nil {
		ln.Close()
		t.Fatalf("%s %s was free", network, address)
	}
	return err
}

func explained(t *testing.T, err error) *diag.Explained {
	t.Helper()
	var e *diag.Explained
	if !errors.As(diag.Explain(err), &e) {
		t.Fatalf("Explain(%v) explains nothing", err)
	}
	return e
}

// says holds a text to its parts; a part that begins with ! must be missing.
func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if rest, not := strings.CutPrefix(p, "!"); not == strings.Contains(text, rest) {
			t.Errorf("%q expected:\n%s", p, text)
		}
	}
}

// where picks what is expected where berth has run, and elsewhere.
func where(linux, elsewhere []string) []string {
	if runtime.GOOS == "linux" || runtime.GOOS == "windows" {
		return linux
	}
	return elsewhere
}

func TestExplainInUse(t *testing.T) {
	ln := listen(t, "127.0.0.1:0")
	err := refusedAt(t, "tcp", ln.Addr().String())
	e := explained(t, fmt.Errorf("start: %w", err))
	if !strings.HasPrefix(e.Error(), "start: "+err.Error()+"\n\n") {
		t.Errorf("the error itself does not come first:\n%s", e)
	}
	if !errors.Is(e, err) || runtime.GOOS != "windows" && !errors.Is(e, syscall.EADDRINUSE) {
		t.Error("the error is lost")
	}
	says(t, e.Error(), where(
		[]string{"is held by", fmt.Sprintf("PID %d", os.Getpid()), "!another copy"},
		[]string{"could not be learned", "berth explain", "!is free"})...)
	if runtime.GOOS == "linux" && (e.Who.Status != "held" || e.Check.Exit != 1) {
		t.Errorf("who %s, check %d", e.Who.Status, e.Check.Exit)
	}
}

// The twin of the above: who was in the way has gone.
func TestExplainGoneSince(t *testing.T) {
	ln := listen(t, "127.0.0.1:0")
	err := refusedAt(t, "tcp", ln.Addr().String())
	ln.Close()
	says(t, explained(t, err).Error(), where(
		[]string{"has let it go since", "is free", "!is held"},
		[]string{"could not be learned"})...)
}

func TestExplainUDP(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Wine refuses Go's UDP sockets; the TCP tests go the same way")
	}
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	_, err = net.ListenPacket("udp", pc.LocalAddr().String())
	says(t, explained(t, err).Error(), where([]string{"UDP port", "is held by"}, []string{"could not be learned"})...)

	// The TCP port of the same number is another port.
	r, err := diag.Who(context.Background(), pc.LocalAddr().String()+"/tcp")
	if err != nil || r.Status != where([]string{"free"}, []string{"unknown"})[0] {
		t.Errorf("%s, %v", r.Status, err)
	}
}

// An address of no machine: the rule is told, not who has the port elsewhere.
func TestExplainAddressNotHere(t *testing.T) {
	_, port, err := net.SplitHostPort(listen(t, "127.0.0.1:0").Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	err = refusedAt(t, "tcp", "203.0.113.9:"+port)
	says(t, explained(t, err).Error(), where(
		[]string{"203.0.113.9 is not an address of this machine", "EADDRNOTAVAIL", "!is held by"},
		[]string{"could not be learned"})...)
}

// What is no refused Listen stays what it is.
func TestExplainLeavesOthers(t *testing.T) {
	if diag.Explain(nil) != nil {
		t.Error("nil is an error")
	}
	free := listen(t, "127.0.0.1:0")
	address := free.Addr().String()
	free.Close()
	_, dial := net.Dial("tcp", address)
	_, unknown := net.Listen("tcp", "no such address:80")
	_, unix := net.Listen("unix", t.TempDir()+"/no/such/folder/s")
	for _, err := range []error{dial, unknown, unix, io.EOF, os.ErrPermission, fmt.Errorf("x: %w", dial), &net.OpError{Op: "listen", Err: io.EOF}} {
		if err == nil {
			t.Fatal("something worked that should not have")
		}
		if got := diag.Explain(err); got != err {
			t.Errorf("Explain(%v) is another error: %v", err, got)
		}
	}
}

// Another copy of a program is the most frequent holder of its port: the same
// executable, folder and script. With another script it is another program.
func TestExplainSecondCopy(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		folder string
		args   []string
		want   string
	}{
		{here, os.Args[1:], "another copy of the program"},
		{here, append([]string{"other.conf"}, os.Args[1:]...), "!another copy"},
		{t.TempDir(), os.Args[1:], "!another copy"},
	} {
		err := refusedAt(t, "tcp", another(t, c.folder, c.args...))
		says(t, explained(t, err).Error(), "is held by", c.want)
	}
}

func TestWho(t *testing.T) {
	for endpoint, part := range map[string]string{"": "empty", "http": "not a port number", "0": "port 0", "80/x": "protocol", "example.com:80": "no names"} {
		if _, err := diag.Who(context.Background(), endpoint); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v", endpoint, err)
		}
		if _, err := diag.Check(context.Background(), endpoint); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("check %q: %v", endpoint, err)
		}
	}
	if r, err := diag.Who(context.Background(), "localhost:1"); err != nil || len(r.Endpoint.Addresses) != 2 {
		t.Errorf("localhost is two addresses: %v, %v", r.Endpoint, err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r, err := diag.Who(ctx, "80"); !errors.Is(err, context.Canceled) || r.String() != "" {
		t.Errorf("who: %v, %q", err, r)
	}
	if r, err := diag.Check(ctx, "80"); !errors.Is(err, context.Canceled) || r.String() != "" {
		t.Errorf("check: %v, %q", err, r)
	}
}

func TestCheck(t *testing.T) {
	ln := listen(t, "127.0.0.1:0")
	address := ln.Addr().String()
	exit := func(endpoint string) int {
		r, err := diag.Check(context.Background(), endpoint)
		if err != nil {
			t.Fatal(err)
		}
		says(t, r.String(), where([]string{"By rule alone"}, []string{"only a try can tell", "!yes,"})...)
		return r.Exit
	}
	held, free, unknown := 1, 0, 3
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		held, free = unknown, unknown
	}
	if got := exit(address); got != held {
		t.Errorf("held: %d", got)
	}
	if got := exit(address + "/udp"); got != free {
		t.Errorf("its UDP twin: %d", got)
	}
	ln.Close()
	if got := exit(address); got != free {
		t.Errorf("closed: %d", got)
	}
}

// The flags of a check are those that Go's own Listen sets.
func TestCheckFlags(t *testing.T) {
	for endpoint, want := range map[string][]string{"127.0.0.1:1": {"SO_REUSEADDR"}, "127.0.0.1:1/udp": nil} {
		r, err := diag.Check(context.Background(), endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS == "windows" {
			want = nil
		}
		if got := r.Checks[0].Flags; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, want %v", endpoint, got, want)
		}
	}
}

// In JSON the reports are the documents of berth --json, and nothing else.
func TestDocuments(t *testing.T) {
	ln := listen(t, "127.0.0.1:0")
	w, err := diag.Who(context.Background(), ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := diag.Check(context.Background(), ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	e := explained(t, refusedAt(t, "tcp", ln.Addr().String()))
	for kind, docs := range map[string][]any{"Who": {w, e.Who}, "Check": {c, e.Check}} {
		for _, doc := range docs {
			b, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			if err := script.Fits(kind, b); err != nil {
				t.Errorf("%s: %v\n%s", kind, err, b)
			}
		}
	}
	if text := fmt.Sprint(w); text != w.String() || strings.Contains(text, "\x1b") {
		t.Errorf("printed: %q", text)
	}
}

func TestConcurrentUse(t *testing.T) {
	ln := listen(t, "127.0.0.1:0")
	failed := refusedAt(t, "tcp", ln.Addr().String())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			w, err := diag.Who(context.Background(), ln.Addr().String())
			c, cerr := diag.Check(context.Background(), ln.Addr().String())
			var e *diag.Explained
			if err != nil || cerr != nil || !errors.As(diag.Explain(failed), &e) {
				t.Errorf("%v, %v", err, cerr)
				return
			}
			if w.Status != e.Who.Status || c.Exit != e.Check.Exit && e.Check.Exit != 1 {
				t.Errorf("%s and %s, %d and %d", w.Status, e.Who.Status, c.Exit, e.Check.Exit)
			}
		})
	}
	all.Wait()
}
