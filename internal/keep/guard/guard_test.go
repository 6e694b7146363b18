package guard_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/berthd/berth/internal/keep/guard"
	"github.com/berthd/berth/internal/keep/ledger"
)

// port is one of 127.0.0.1 that is free.
func port(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func self(t *testing.T) string {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return "exe:" + filepath.Base(name)
}

// write makes a ledger that promises addr's port to owner, and returns how to load it.
func write(t *testing.T, name, addr, owner, more string) func() (ledger.Ledger, error) {
	t.Helper()
	_, p, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("[[promise]]\nport = %s\naddress = \"127.0.0.1\"\nowner = [%s]\n%s", p, owner, more)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() (ledger.Ledger, error) { return ledger.Load(name) }
}

// run runs a guard that acts quickly until what has told of an event says true, and
// returns the kinds of all events.
func run(t *testing.T, o guard.Options, what func(guard.Event) bool) ([]guard.Kind, error) {
	t.Helper()
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP) // the first call starts a goroutine of Go's own
	signal.Stop(c)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var kinds []guard.Kind
	o.Interval = 30 * time.Millisecond
	o.Limits = guard.Limits{Grace: time.Millisecond, Wait: time.Millisecond, Tries: 3, Calm: 200 * time.Millisecond}
	o.Tell = func(e guard.Event) {
		kinds = append(kinds, e.Kind)
		if what(e) {
			cancel()
		}
	}
	err := guard.Run(ctx, o)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("waited in vain; told: %v", kinds)
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines outlive Run", n-before)
	}
	return kinds, err
}

// A stranger on a promised port is told; the owner on it is not a word worth at first.
func TestBrokenAndKept(t *testing.T) {
	for owner, want := range map[string]guard.Kind{`"exe:no-such-program"`: guard.Broken, `"` + self(t) + `"`: guard.Kept} {
		addr := port(t)
		load := write(t, filepath.Join(t.TempDir(), "l"), addr, owner, "")
		var l net.Listener
		kinds, err := run(t, guard.Options{Load: load}, func(e guard.Event) (last bool) {
			if e.Kind == guard.Freed {
				l, _ = net.Listen("tcp", addr)
			}
			return e.Kind == guard.Broken || e.Kind == guard.Kept
		})
		if err != nil || !slices.Equal(kinds, []guard.Kind{guard.Watching, guard.Freed, want}) {
			t.Errorf("%s: %v, %v", owner, kinds, err)
		}
		if l == nil {
			t.Fatal("nobody listens")
		}
		l.Close()
	}
}

// Once ends with the first broken promise, and sends the message before.
func TestOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var sent []guard.Kind
	o := guard.Options{Once: true, Load: write(t, filepath.Join(t.TempDir(), "l"), l.Addr().String(), `"exe:no-such-program"`, ""),
		Notify: func(ctx context.Context, e guard.Event) error {
			sent = append(sent, e.Kind)
			return errors.Join(ctx.Err(), errors.New("not sent"))
		}}
	kinds, err := run(t, o, func(guard.Event) bool { return false })
	if !errors.Is(err, guard.ErrBroken) || !slices.Equal(kinds, []guard.Kind{guard.Watching, guard.Broken, guard.Untold}) || !slices.Equal(sent, []guard.Kind{guard.Broken}) {
		t.Errorf("%v, %v, sent %v", kinds, err, sent)
	}
}

// A changed ledger counts at once; one that cannot be read leaves the old one standing.
func TestReload(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	name := filepath.Join(t.TempDir(), "l")
	load := write(t, name, l.Addr().String(), `"exe:no-such-program"`, "")
	kinds, err := run(t, guard.Options{Load: load}, func(e guard.Event) bool {
		switch e.Kind {
		case guard.Broken:
			if err := os.WriteFile(name, []byte("[[promise"), 0o600); err != nil {
				t.Error(err)
			}
		case guard.Wrong:
			if !strings.HasPrefix(e.Err.Error(), name+":1: ") {
				t.Error(e.Err)
			}
			write(t, name, l.Addr().String(), `"`+self(t)+`"`, "")
		}
		return e.Kind == guard.Kept || e.Kind == guard.Watching && e.Ledger.Promises[0].Owner() == self(t)
	})
	want := []guard.Kind{guard.Watching, guard.Broken, guard.Wrong, guard.Watching}
	if err != nil || !slices.Equal(kinds, want) {
		t.Errorf("%v, %v", kinds, err)
	}
	if _, err := run(t, guard.Options{Load: func() (ledger.Ledger, error) { return ledger.Ledger{}, nil }}, nil); !errors.Is(err, guard.ErrEmpty) {
		t.Errorf("an empty one: %v", err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, guard.Options{Load: load}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
}

// A ledger that is written while it is read is read again.
func TestReloadOfWhatIsBeingWritten(t *testing.T) {
	for _, half := range []string{"[[promise", "[[promise]]\nport = 1\naddress = \"127.0.0.1\"\nowner = [\"exe:other\"]\n"} {
		name := filepath.Join(t.TempDir(), "l")
		read := write(t, name, port(t), `"exe:old"`, "")
		calls := 0
		load := func() (ledger.Ledger, error) {
			l, err := read()
			if calls++; calls == 2 {
				write(t, name, "127.0.0.1:2", `"exe:new"`, "")
			}
			return l, err
		}
		if _, err := run(t, guard.Options{Load: load}, func(e guard.Event) bool {
			if e.Kind == guard.Watching && e.Ledger.Promises[0].Owner() == "exe:old" {
				if err := os.WriteFile(name, []byte(half), 0o600); err != nil {
					t.Error(err)
				}
			}
			return e.Kind == guard.Watching && e.Ledger.Promises[0].Owner() == "exe:new"
		}); err != nil {
			t.Errorf("%q: %v", half, err)
		}
	}
}

// The owner is started again; where somebody stops it each time, no more than so often,
// and then it is said. Kept for a while by other hands, it is looked after again.
func TestRestore(t *testing.T) {
	addr := port(t)
	load := write(t, filepath.Join(t.TempDir(), "l"), addr, `"`+self(t)+`", "unit:it.service"`, `policy = "restore"`)
	var held atomic.Pointer[net.Listener]
	stop := func() {
		if l := held.Load(); l != nil {
			(*l).Close()
		}
	}
	defer stop()
	start := func(context.Context, ledger.Promise, guard.Action) error {
		l, err := net.Listen("tcp", addr)
		if err == nil {
			held.Store(&l)
		}
		return err
	}
	kinds, err := run(t, guard.Options{Load: load, Restore: start}, func(e guard.Event) bool {
		switch e.Kind {
		case guard.Restoring:
			if e.Action.Start.String() != "unit:it.service" || e.Action.Remedy != "" || !strings.HasSuffix(addr, fmt.Sprint(":", e.Action.Port)) {
				t.Errorf("%+v", e.Action)
			}
		case guard.Kept: // the fighter
			stop()
		}
		return e.Kind == guard.GaveUp
	})
	if n := count(kinds, guard.Restoring); err != nil || n != 3 || count(kinds, guard.Restored) != 3 {
		t.Errorf("%d tries: %v, %v", n, kinds, err)
	}
	failed := errors.New("it does not start")
	kinds, err = run(t, guard.Options{Load: load, Restore: func(context.Context, ledger.Promise, guard.Action) error { return failed }}, func(e guard.Event) bool {
		switch e.Kind {
		case guard.NotRestored:
			if !errors.Is(e.Err, failed) {
				t.Error(e.Err)
			}
		case guard.GaveUp:
			if err := start(context.Background(), e.Verdict.Promise, guard.Action{}); err != nil {
				t.Error(err)
			}
		}
		return e.Kind == guard.Resumed
	})
	if err != nil || count(kinds, guard.NotRestored) != 3 || count(kinds, guard.GaveUp) != 1 {
		t.Errorf("%v, %v", kinds, err)
	}
}

func count(kinds []guard.Kind, k guard.Kind) (n int) {
	for _, x := range kinds {
		if x == k {
			n++
		}
	}
	return n
}

// A message that cannot be sent is told, and stops nothing. How a promise was found
// free is not worth one; that it has become free is.
func TestUntold(t *testing.T) {
	addr := port(t)
	load := write(t, filepath.Join(t.TempDir(), "l"), addr, `"`+self(t)+`"`, "")
	var l net.Listener
	kinds, err := run(t, guard.Options{Load: load, Notify: func(context.Context, guard.Event) error { return errors.New("no") }}, func(e guard.Event) bool {
		switch e.Kind {
		case guard.Freed:
			if l == nil {
				l, _ = net.Listen("tcp", addr)
			}
		case guard.Untold:
			if err := l.Close(); err != nil {
				return true
			}
		}
		return false
	})
	want := []guard.Kind{guard.Watching, guard.Freed, guard.Kept, guard.Untold, guard.Freed, guard.Untold}
	if err != nil || !slices.Equal(kinds, want) {
		t.Errorf("%v, %v", kinds, err)
	}
}
