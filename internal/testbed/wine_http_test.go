package testbed_test

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// A registration with HTTP.sys takes the port and answers below its prefix; a
// second one below the same prefix, or a listener in the way, is refused by number.
func TestWineHolderRegistersWithHTTPSys(t *testing.T) {
	w := testbed.Wine(t)
	exe, err := testbed.Build("./internal/testbed/cmd/holder", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	w.Start(exe, "http", "http://+:8085/x/", "http://+:8085/y/").AwaitOutput("ready")
	for _, path := range []string{"/x/1", "/y/"} {
		if got := w.Linux().Run("curl", "-s", "-m", "10", "http://127.0.0.1:8085"+path); got != "holder "+path+"\n" {
			t.Errorf("%s: %q", path, got)
		}
	}
	if got := w.Linux().Run("ss", "-Hltn"); !strings.Contains(got, "0.0.0.0:8085") {
		t.Errorf("nobody listens: %s", got)
	}
	w.Start(exe, "listen", "127.0.0.1:8086").AwaitOutput("ready")
	for prefix, number := range map[string]string{
		"http://+:8085/x/": "error 183", "http://+:8086/": "error 32", "http://+:8087": "error 87",
	} {
		if r := w.Try(exe, "http", prefix); r.Code != 1 || !strings.Contains(r.Stderr, number) {
			t.Errorf("%s: %+v", prefix, r)
		}
	}
}
