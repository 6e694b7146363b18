package testbed

import (
	_ "embed"
	"os"
	"strconv"
	"testing"
)

//go:embed wine.sh
var wineScript string

func wine(t testing.TB) *WinePrefix {
	t.Helper()
	Need(t, TierWine, "root", "unshare", "nsenter", "ip")
	root := part(t, TierWine, "wine-root") + "/root"
	module, err := ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	top := overlayDir(t)
	sup := isolate(t, "-n", "sh", "-c", wineScript, "wine", top, root, os.TempDir(), module)
	awaitUp(t, "wine", top, sup)
	p := inside(t, children(sup.PID())[0])
	linux := p
	p.enter = []string{"nsenter", "-t", strconv.Itoa(p.pid), "-a", "-r", "--",
		"env", "-i", "-C", "/prefix/drive_c", "HOME=/root", "PATH=/usr/bin:/bin", "WINEPREFIX=/prefix", "WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml=", "wine"}
	p.windows = true
	return &WinePrefix{Place: p, linux: linux}
}

func windowsNode(t testing.TB) string {
	t.Helper()
	return part(t, TierWine, "node-windows") + "/node.exe"
}
