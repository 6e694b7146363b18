package unit

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

func TestAlso(t *testing.T) {
	for text, want := range map[string][]string{
		"[Install]\nAlso=a.socket b.path\nAlso = c.timer\n":      {"a.socket", "b.path", "c.timer"},
		"[Install]\r\nAlso=a.socket \\\r\n  b.socket\r\n":        {"a.socket", "b.socket"},
		"[Unit]\nAlso=a.socket\n[Install]\n#Also=b.socket\n":     nil,
		"[Install]\nAlso=a@%i.socket ../x.service plain a b.c\n": {"b.c"},
		"": nil,
	} {
		if diff := cmp.Diff(want, also(text)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	}
}

func FuzzAlso(f *testing.F) {
	f.Add("[Install]\nWantedBy=multi-user.target\nAlso=a.socket \\\n b.socket\nAlias=x.service\n")
	f.Add("[Install\nAlso")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range also(text) {
			if !isUnit(name) || !strings.Contains(text, name) {
				t.Errorf("%q is no unit's name", name)
			}
		}
	})
}

var systemDirs = []string{"/etc/systemd/system", "/run/systemd/system"}

func FuzzParseLinks(f *testing.F) {
	f.Add("/etc/systemd/system/multi-user.target.wants/nginx.service -> /lib/systemd/system/nginx.service\n/etc/systemd/system/a.service -> b.service")
	f.Add("/etc/systemd/system/../../passwd -> x")
	f.Fuzz(func(t *testing.T, text string) {
		links, err := parseLinks(text, systemDirs)
		if err != nil {
			return
		}
		for name := range links {
			if !strings.HasPrefix(name, "/etc/systemd/system/") && !strings.HasPrefix(name, "/run/systemd/system/") || strings.Contains(name, "/../") {
				t.Errorf("a link at %q", name)
			}
		}
		again, err := parseLinks(links.String(), systemDirs)
		if diff := cmp.Diff(links, again); err != nil || diff != "" {
			t.Errorf("%v, read again (-first +second)\n%s", err, diff)
		}
	})
}

func TestParseLinksRefuses(t *testing.T) {
	for _, text := range []string{"/etc/passwd -> x", "/etc/systemd/system/../../passwd -> x", "/etc/systemd/system -> x", "/etc/systemd/system/a ->", "/etc/systemd/systemx/a -> b"} {
		if got, err := parseLinks(text, systemDirs); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestConfigured(t *testing.T) {
	system := []string{"/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator.early", "/etc/systemd/system",
		"/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/generator", "/usr/local/lib/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"}
	if diff := cmp.Diff(systemDirs, configured(system)); diff != "" {
		t.Error(diff)
	}
	user := []string{"/home/a/.config/systemd/user.control", "/run/user/1/systemd/transient", "/home/a/.config/systemd/user", "/etc/systemd/user", "/usr/lib/systemd/user"}
	if diff := cmp.Diff([]string{"/home/a/.config/systemd/user", "/etc/systemd/user"}, configured(user)); diff != "" {
		t.Error(diff)
	}
}

func TestGroup(t *testing.T) {
	f := files{root: testbed.Tree(t, map[string]string{
		"etc/systemd/system/a.service":            "", // masked
		"lib/systemd/system/a.service":            "[Install]\nAlso=a.socket\n",
		"lib/systemd/system/a.socket":             "[Install]\nAlso=a.service c.path\n",
		"etc/systemd/system/c.path.d/more.conf":   "[Install]\nAlso=d.timer\n",
		"lib/systemd/system/i@.service":           "[Install]\nAlso=i.socket\n",
		"etc/systemd/system/over.service":         "[Install]\nAlso=mine.socket\n",
		"lib/systemd/system/over.service":         "[Install]\nAlso=theirs.socket\n",
		"lib/systemd/system/unrelated.service":    "[Install]\nAlso=z.socket\n",
		"etc/systemd/system/alone.service.d/file": "[Install]\n",
	}), unitPath: []string{"/etc/systemd/system", "/lib/systemd/system"}}
	for name, want := range map[string][]string{
		"a.service":     {"a.service", "a.socket", "c.path", "d.timer"},
		"i@x.service":   {"i@x.service", "i.socket"},
		"over.service":  {"over.service", "mine.socket"},
		"alone.service": {"alone.service"},
	} {
		if diff := cmp.Diff(want, f.group([]string{name})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestReached(t *testing.T) {
	for _, tc := range []struct {
		want, is string
		ok       bool
	}{
		{"active", "active", true}, {"active", "activating", false}, {"active", "failed", false},
		{"inactive", "inactive", true}, {"inactive", "failed", false}, {"inactive", "active", false},
		{"failed", "inactive", true}, {"failed", "failed", true}, {"failed", "activating", false},
		{"activating", "active", true}, {"reloading", "active", true}, {"activating", "inactive", false}, {"deactivating", "inactive", true},
	} {
		if got := reached(tc.want, tc.is); got != tc.ok {
			t.Errorf("asked to be %s, is %s: %v", tc.want, tc.is, got)
		}
	}
}

func TestRemoteErrorsAreGos(t *testing.T) {
	for name, want := range map[string]error{
		"org.freedesktop.DBus.Error.AccessDenied":                     fs.ErrPermission,
		"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired": fs.ErrPermission,
		"org.freedesktop.PolicyKit1.Error.NotAuthorized":              fs.ErrPermission,
		"org.freedesktop.systemd1.NoSuchUnit":                         fs.ErrNotExist,
		"org.freedesktop.systemd1.UnitExists":                         fs.ErrExist,
	} {
		if err := error(remote{name, "text"}); !errors.Is(err, want) || err.Error() != "text" {
			t.Errorf("%s is %v", name, err)
		}
	}
	if err := error(remote{"org.freedesktop.systemd1.LoadFailed", ""}); errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is taken for something else", err)
	}
}

func TestWithoutSystemd(t *testing.T) {
	d, ctx := New(t.TempDir()), context.Background()
	_, read := d.Read(ctx, subject("nginx.service"))
	for name, err := range map[string]error{
		"read": read, "set": d.Set(ctx, subject("nginx.service"), nil, plan.State{"active": "inactive"}),
		"later": d.Later(ctx, "x", time.Second, []string{filepath.Join(os.TempDir(), "x")}, ""), "cancel": d.CancelLater(ctx, "x"),
	} {
		if !errors.Is(err, ErrNoSystemd) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []plan.Subject{{Kind: plan.File, Name: "/etc/hosts"}, subject("nginx"), subject("../x.service"), subject(".service"), {Kind: plan.Reload, Name: ""}} {
		if err := d.Set(ctx, s, nil, nil); err == nil || errors.Is(err, ErrNoSystemd) {
			t.Errorf("%v: %v", s, err)
		}
	}
	if d.Present() {
		t.Error("systemd runs in an empty folder")
	}
}

func subject(name string) plan.Subject { return plan.Subject{Kind: plan.Unit, Name: name} }
