package portproxy

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
)

// proxy is the registry and the service.
type proxy struct {
	values                    map[string]string // by table, a blank and name
	told                      int
	getErr, setErr, notifyErr error
	deaf                      bool
}

func (p *proxy) driver() Driver {
	return Driver{calls{
		get: func(table, name string) (string, error) {
			text, ok := p.values[table+" "+name]
			if !ok && p.getErr == nil {
				return "", errAbsent
			}
			return text, p.getErr
		},
		set: func(table, name, text string) error {
			if p.setErr == nil && !p.deaf {
				p.values[table+" "+name] = text
			}
			return p.setErr
		},
		remove: func(table, name string) error {
			if !p.deaf {
				delete(p.values, table+" "+name)
			}
			return p.setErr
		},
		notify: func() error { p.told++; return p.notifyErr },
	}}
}

func subject(name string) plan.Subject { return plan.Subject{Kind: plan.PortProxy, Name: name} }

// Entries in every form that netsh writes go and come back byte for byte.
func TestRoundTrip(t *testing.T) {
	for name, kept := range map[string][2]string{
		"v4tov4 0.0.0.0:80":  {"v4tov4 0.0.0.0/80", "172.17.0.2/8080"},
		"v4tov4 *:80":        {"v4tov4 */80", "*/8080"},
		"v4tov6 10.0.0.1:80": {"v4tov6 10.0.0.1/80", "fe80::1%12/80"},
		"v6tov4 [::]:443":    {"v6tov4 ::/443", "backend.example/443"},
		"v6tov6 [::1]:65535": {"v6tov6 ::1/65535", "2001:db8::1/1"},
	} {
		p := &proxy{values: map[string]string{kept[0]: kept[1]}}
		d := p.driver()
		before, err := d.Read(t.Context(), subject(name))
		if err != nil || before["exists"] != "yes" {
			t.Errorf("%s: %v, %v", name, before, err)
			continue
		}
		for range 2 {
			if err := d.Set(t.Context(), subject(name), before, plan.State{"exists": "no"}); err != nil || len(p.values) > 0 {
				t.Errorf("%s: %v, %v", name, err, p.values)
			}
		}
		for range 2 {
			if err := d.Set(t.Context(), subject(name), before, plan.State{"exists": "yes"}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if diff := cmp.Diff(map[string]string{kept[0]: kept[1]}, p.values); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if p.told != 4 {
			t.Errorf("%s: the service was told %d times, not 4", name, p.told)
		}
	}
}

func TestChangeTarget(t *testing.T) {
	p := &proxy{values: map[string]string{"v4tov4 0.0.0.0/80": "172.17.0.2/80"}}
	if err := p.driver().Set(t.Context(), subject("v4tov4 0.0.0.0:80"), nil, plan.State{"to": "[::1]:80"}); err != nil || p.values["v4tov4 0.0.0.0/80"] != "::1/80" {
		t.Errorf("%v, %v", err, p.values)
	}
}

func TestNames(t *testing.T) {
	for _, bad := range []string{"", "v4tov4", "v4tov4 ", "v4tov4 80", "v4tov4 :80", "v5tov4 *:80", "v4tov4 *:0", "v4tov4 *:080", "v4tov4 *:65536",
		"v4tov4 ::1:80", "v4tov4 [1.2.3.4]:80", "v4tov4 [::1:80", "v4tov4 a/b:80", "v4tov4 a b:80", `v4tov4 ..\x:80`} {
		if e, err := parseName(bad); err == nil {
			t.Errorf("%q: %+v", bad, e)
		}
		if _, err := (&proxy{}).driver().Read(t.Context(), subject(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// An entry that could not be put back as it was is not touched.
func TestOddEntries(t *testing.T) {
	for _, odd := range []string{"", "10.0.0.1", "10.0.0.1/080", "10.0.0.1/80/90", "/80", "[::1]/80"} {
		p := &proxy{values: map[string]string{"v4tov4 */80": odd}}
		err := p.driver().Set(t.Context(), subject("v4tov4 *:80"), nil, plan.State{"exists": "no"})
		if !errors.Is(err, errShape) || len(p.values) != 1 || p.told > 0 {
			t.Errorf("%q: %v, %v", odd, err, p.values)
		}
	}
}

func TestRefusals(t *testing.T) {
	here := plan.State{"exists": "yes", "to": "10.0.0.1:80"}
	for name, c := range map[string]struct {
		proxy proxy
		to    plan.State
		words string
	}{
		"closed to read":         {proxy{getErr: errDenied}, here, "permission denied"},
		"closed to write":        {proxy{setErr: errDenied}, here, "writing the port proxy entry v4tov4 *:80: permission denied"},
		"the service is closed":  {proxy{notifyErr: errDenied}, here, "was not told: permission denied"},
		"the service is strange": {proxy{notifyErr: syscall.Errno(1052)}, here, "was not told: error 1052"},
		"nothing happens":        {proxy{deaf: true}, here, `reported success, and exists is "no"`},
		"to nowhere":             {proxy{}, plan.State{"exists": "yes"}, "cannot lead to"},
	} {
		p := c.proxy
		p.values = map[string]string{}
		err := p.driver().Set(t.Context(), subject("v4tov4 *:80"), nil, c.to)
		if err == nil || !strings.Contains(err.Error(), c.words) || errors.Is(err, fs.ErrPermission) != strings.Contains(c.words, "permission") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, n := range []error{noService, notActive} {
		p := proxy{values: map[string]string{}, notifyErr: n}
		if err := p.driver().Set(t.Context(), subject("v4tov4 *:80"), nil, here); err != nil {
			t.Error("a service that does not run:", err)
		}
	}
}

func FuzzForms(f *testing.F) {
	for _, s := range []string{"0.0.0.0:80", "[::1]:443", "*:1", "host.example:8080", "::1/80", "10.0.0.1/80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if form, ok := registryForm(s); ok {
			if back, ok := shownForm(form); !ok || back != s {
				t.Errorf("%q is kept as %q and shown as %q", s, form, back)
			}
		}
		if shown, ok := shownForm(s); ok {
			if back, ok := registryForm(shown); !ok || back != s {
				t.Errorf("%q is shown as %q and kept as %q", s, shown, back)
			}
		}
	})
}
