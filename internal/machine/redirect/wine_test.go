package redirect_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// The port proxy's table in the machine's own registry, as netsh writes it; without
// it there is no redirect.
func TestWinePortProxy(t *testing.T) {
	w := testbed.Wine(t)
	asks, err := testbed.BuildTest("./internal/machine/redirect", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	read := func() (set fact.Set) {
		out := w.Run(asks, "-test.run", "^TestInsideReads$")
		_, text, _ := strings.Cut(out, "\nSET ")
		if err := json.Unmarshal([]byte(strings.SplitN(text, "\n", 2)[0]), &set); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return set
	}
	if set := read(); len(set.Redirects) > 0 {
		t.Errorf("a fresh prefix: %+v", set.Redirects)
	}
	const key = `HKLM\SYSTEM\CurrentControlSet\Services\PortProxy\`
	w.Run("reg", "add", key+`v4tov4\tcp`, "/v", "0.0.0.0/8080", "/d", "172.17.0.2/80", "/f")
	w.Run("reg", "add", key+`v6tov4\tcp`, "/v", "*/8443", "/d", "web.local/443", "/f")
	set := read()
	if len(set.Redirects) != 2 {
		t.Fatalf("%+v", set)
	}
	a, b := set.Redirects[0], set.Redirects[1]
	if a.Kind != "portproxy" || a.From != 8080 || a.To != "172.17.0.2:80" || a.Dst.String() != "0.0.0.0/0" || !strings.Contains(a.Evidence, "PortProxy") {
		t.Errorf("%+v", a)
	}
	if b.From != 8443 || b.To != "web.local:443" || b.Dst.String() != "::/0" {
		t.Errorf("%+v", b)
	}
}
