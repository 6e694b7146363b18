package redirect

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

func TestReadWindows(t *testing.T) {
	keys := map[string]map[string]string{
		portProxyKey + `\v4tov4\tcp`: {"0.0.0.0/80": "172.17.0.2/8080", "*/443": "web/443", "junk": "x"},
		portProxyKey + `\v6tov4\tcp`: {"*/80": "127.0.0.1/80"},
	}
	w := wintables{
		values:  func(path string) (map[string]string, error) { return keys[path], nil },
		running: func(string) (bool, error) { return false, nil },
		filters: func(context.Context) (fact.Set, error) {
			return fact.Set{Filters: []fact.Filter{{ID: "filter:x"}}}, nil
		},
	}
	got := w.read(t.Context(), Query{})
	if n := len(got.Redirects); n != 3 || got.Redirects[0].To != "web:443" || got.Redirects[2].Evidence != `registry HKLM\`+portProxyKey+`\v6tov4\tcp` || len(got.Filters) != 1 {
		t.Errorf("%+v", got)
	}
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != fact.GapShape || got.Gaps[0].Raw != "junk = x" {
		t.Errorf("%+v", got.Gaps)
	}
	if got := w.read(t.Context(), Query{Ports: []uint16{443}}); len(got.Redirects) != 1 || got.Redirects[0].From != 443 {
		t.Errorf("of port 443: %+v", got.Redirects)
	}

	w.running = func(driver string) (bool, error) { return driver == "WinNat", nil }
	w.values = func(string) (map[string]string, error) { return nil, errors.New("access denied") }
	got = w.read(t.Context(), Query{})
	kinds := ""
	for _, g := range got.Gaps {
		kinds += fmt.Sprintf("%s(%s) ", g.Kind, g.Err)
	}
	if want := "other(access denied) other(access denied) other(access denied) other(access denied) no-nat(no call lists them) "; kinds != want {
		t.Errorf("gaps %q, want %q", kinds, want)
	}
	w.running = func(string) (bool, error) { return false, errors.New("closed") }
	if got = w.read(t.Context(), Query{}); got.Gaps[len(got.Gaps)-1].Err != "closed" {
		t.Errorf("%+v", got.Gaps)
	}
}
