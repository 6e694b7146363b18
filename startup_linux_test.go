package berth_test

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// initialisers are the packages that may run something before main. Start-up is
// part of the speed of every question, so a library that is not here has to be
// cheap to start, and to be argued for.
var initialisers = strings.Fields(`
	context errors flag iter math reflect regexp regexp/syntax sync syscall time unicode
	encoding/base64 encoding/json
	internal/bytealg internal/godebug internal/poll internal/runtime/gc/scan runtime
	io/fs net net/netip os os/signal path/filepath vendor/golang.org/x/net/dns/dnsmessage
	text/template text/template/parse
	golang.org/x/sys/unix
	github.com/spf13/cobra github.com/spf13/pflag
	github.com/godbus/dbus/v5
	github.com/pelletier/go-toml/v2 github.com/pelletier/go-toml/v2/unstable
`)

// onWindows are those that only Windows has. The rooms of stubs, which name calls
// and look none up, are not listed.
var onWindows = strings.Fields(`
	internal/syscall/windows internal/syscall/windows/registry internal/syscall/windows/sysdll
	golang.org/x/sys/windows golang.org/x/sys/windows/registry
`)

func TestStartUp(t *testing.T) {
	cmd := testbed.Command(testbed.Berth(t), "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	checkInits(t, testbed.TryCmd(t, cmd), initialisers)
}

func TestWineStartUp(t *testing.T) {
	w := testbed.Wine(t)
	berth, err := testbed.Build("./cmd/berth", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	r := w.Try("cmd", "/c", "set GODEBUG=inittrace=1&& Z:"+strings.ReplaceAll(berth, "/", `\`)+" version")
	checkInits(t, r, slices.Concat(initialisers, onWindows))
}

// checkInits looks through the trace of a start.
func checkInits(t *testing.T, r testbed.Result, allowed []string) {
	t.Helper()
	if r.Code != 0 {
		t.Fatalf("berth version: exit %d\n%s", r.Code, r.Stderr)
	}
	traced := 0
	for lines := bufio.NewScanner(strings.NewReader(r.Stderr)); lines.Scan(); {
		pkg, ok := strings.CutPrefix(lines.Text(), "init ")
		if !ok {
			continue
		}
		pkg, _, _ = strings.Cut(pkg, " @")
		traced++
		stubs := strings.HasPrefix(pkg, module+"/internal/sys/winapi/") && strings.HasSuffix(lines.Text(), " 0 bytes, 0 allocs")
		if !slices.Contains(allowed, pkg) && !stubs {
			t.Errorf("%s runs an initialiser before main: %s", pkg, lines.Text())
		}
	}
	if traced == 0 {
		t.Error("no initialiser was traced, so nothing was checked")
	}
}
