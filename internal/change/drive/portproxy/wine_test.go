package portproxy

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// A real registry and a real service manager: entries go and come, and the service is
// told, which gives its port up when it is.
func TestWineEntry(t *testing.T) {
	w := testbed.Wine(t)
	holder, err := testbed.Build("./internal/testbed/cmd/holder", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	sets, err := testbed.BuildTest("./internal/change/drive/portproxy", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	const key, name = `HKLM\SYSTEM\CurrentControlSet\Services\PortProxy\v4tov4\tcp`, "TestInsideSets"
	w.Start(holder, "listen", "127.0.0.1:8080").AwaitOutput("ready")
	w.Run("reg", "add", key, "/v", "0.0.0.0/8081", "/d", "10.0.0.1/80", "/f")
	listens := func() bool { return strings.Contains(w.Linux().Run("ss", "-Hltn"), ":8081 ") }
	run := func() {
		t.Helper()
		if out := w.Run(sets, "-test.v", "-test.run", "^"+name+"$"); !strings.Contains(out, "--- PASS: "+name) {
			t.Error(out)
		}
	}
	run() // without the service
	w.Run("sc", "create", "iphlpsvc", "binPath=", `Z:`+strings.ReplaceAll(holder, "/", `\`)+" service iphlpsvc=127.0.0.1:8081,yields", "type=", "own", "start=", "demand")
	run() // with one that does not run
	w.Run("sc", "start", "iphlpsvc")
	testbed.Await(t, "iphlpsvc", listens)
	run()
	testbed.Await(t, "the service to be told", func() bool { return !listens() })
	if out := w.Run("reg", "query", key, "/v", "0.0.0.0/8081"); !strings.Contains(out, "10.0.0.1/80") || !strings.Contains(out, "REG_SZ") {
		t.Error(out)
	}
}
