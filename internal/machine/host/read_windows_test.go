package host

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
)

func mustRead(t *testing.T) fact.Set {
	t.Helper()
	set, err := Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestWindowsIsNamed(t *testing.T) {
	m := mustRead(t).Machine
	w := m.Windows
	if w == nil || w.Build < 10240 || w.Server == nil || m.Kernel != "10.0."+strconv.Itoa(int(w.Build)) {
		t.Errorf("kernel %q, %+v", m.Kernel, w)
	}
	// Only Wine has this key.
	wine, err := windows.UTF16PtrFromString(`Software\Wine`)
	if err != nil {
		t.Fatal(err)
	}
	var key windows.Handle
	known := windows.RegOpenKeyEx(windows.HKEY_CURRENT_USER, wine, 0, windows.KEY_READ, &key) == nil
	if known != (w.Wine != "") {
		t.Errorf("Wine %q, its key is there: %v", w.Wine, known)
	}
	if up := time.Since(m.Boot); up <= 0 || up > 50*365*24*time.Hour {
		t.Errorf("boot %v", m.Boot)
	}
}

func TestAskerIsNamedOnWindows(t *testing.T) {
	a := mustRead(t).Machine.Asker
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(a.SID, "S-1-5-") || a.User == "" || a.Cwd != wd || a.UID != 0 || a.Elevated == nil {
		t.Errorf("%+v", a)
	}
	if (a.Elevate == "administrator") == *a.Elevated {
		t.Errorf("elevated %v, and to get more rights: %q", *a.Elevated, a.Elevate)
	}
}

// The quick way to a name gives the same one, and none for what is no account of the
// machine's own.
func TestOwnAccount(t *testing.T) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	name := userName()
	computer, _, _ := strings.Cut(name, `\`)
	host, err := windows.ComputerName()
	if err != nil {
		t.Fatal(err)
	}
	own := ownAccount(user.User.Sid)
	if local := strings.EqualFold(computer, host); local && own != name || !local && own != "" {
		t.Errorf("%q, and by the SID %q", name, own)
	}
	system, err := windows.CreateWellKnownSid(windows.WinLocalSystemSid)
	if err != nil {
		t.Fatal(err)
	}
	if got := ownAccount(system); got != "" {
		t.Errorf("LocalSystem is %q", got)
	}
}

// The loopback address is this machine's; where the rest cannot be read, the gap
// says so.
func TestAddressesOnWindows(t *testing.T) {
	set := mustRead(t)
	loopback := func(want string) bool {
		return slices.ContainsFunc(set.Machine.Addrs, func(a fact.Addr) bool { return a.Prefix.Addr() == netip.MustParseAddr(want) && a.Device != "" })
	}
	if !loopback("127.0.0.1") {
		t.Errorf("no 127.0.0.1 in %+v", set.Machine.Addrs)
	}
	told := len(set.Gaps) == 1 && strings.HasPrefix(set.Gaps[0].Subject, "IPv6 addresses")
	if loopback("::1") == told {
		t.Errorf("%+v, gaps %+v", set.Machine.Addrs, set.Gaps)
	}
}

// TestInsideAncestors is run by the test below, as its child.
func TestInsideAncestors(t *testing.T) {
	parent, above := ancestors()
	fmt.Printf("ancestors %d %d\n", parent, above)
}

func TestAncestors(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run", "^TestInsideAncestors$", "-test.v")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("ancestors %d %d\n", os.Getpid(), os.Getppid())
	if parent, _ := ancestors(); parent == 0 { // whoever started the test has ended
		want = fmt.Sprintf("ancestors %d 0\n", os.Getpid())
	}
	if !bytes.Contains(out, []byte(want)) {
		t.Errorf("%s, want %s", out, want)
	}
}
