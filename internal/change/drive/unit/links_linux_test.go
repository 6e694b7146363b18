package unit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/testbed"
)

// linked is a machine with these links, and a file.
func linked(t *testing.T, links linkSet) files {
	t.Helper()
	f := files{root: testbed.Tree(t, map[string]string{"etc/systemd/system/own.service": "[Service]\n"}), unitPath: append([]string{"/usr/lib/systemd/system"}, systemDirs...)}
	for name, target := range links {
		if err := os.MkdirAll(filepath.Dir(f.at(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, f.at(name)); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f files) list(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(f.root, func(path string, d fs.DirEntry, err error) error {
		name, err2 := filepath.Rel(f.root, path)
		if target, err := os.Readlink(path); err == nil {
			name += " -> " + target
		}
		out = append(out, name)
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var webLinks = linkSet{
	"/etc/systemd/system/multi-user.target.wants/web.service": "/lib/systemd/system/web.service",
	"/etc/systemd/system/www.service":                         "../../../lib/systemd/system/web.service",
	"/run/systemd/system/x.target.requires/web.service":       "/lib/systemd/system/web.service",
}

func TestScanFindsTheLinksOfAUnit(t *testing.T) {
	all := linkSet{
		"/etc/systemd/system/multi-user.target.wants/other.service": "/lib/systemd/system/other.service",
		"/etc/systemd/system/web.service":                           "/dev/null",
		"/etc/systemd/system/web.service.d/x":                       "/lib/systemd/system/web.service",
		"/usr/lib/systemd/system/y.target.wants/web.service":        "../web.service",
	}
	for name, target := range webLinks {
		all[name] = target
	}
	f := linked(t, all)
	got, err := f.scan([]string{"web.service"})
	if diff := cmp.Diff(webLinks, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if persistent, runtime := f.masked("web.service"); !persistent || runtime {
		t.Errorf("masked %v, for this boot %v", persistent, runtime)
	}
	if persistent, runtime := f.masked("www.service"); persistent || runtime {
		t.Error("an alias is taken for a mask")
	}
	if err := f.inTheWay("web.service"); err != nil {
		t.Errorf("a mask is in the way of itself: %v", err)
	}
	for _, name := range []string{"own.service", "www.service"} {
		if err := f.inTheWay(name); !errors.Is(err, fs.ErrExist) {
			t.Errorf("mask over %s: %v", name, err)
		}
	}
}

func TestRestoreMakesExactlyTheseLinks(t *testing.T) {
	f, empty := linked(t, webLinks), linked(t, nil)
	want := f.list(t)
	for _, half := range []linkSet{{}, {"/etc/systemd/system/www.service": "elsewhere/web.service"},
		{"/etc/systemd/system/a.target.wants/web.service": "x", "/etc/systemd/system/multi-user.target.wants/web.service": "/lib/systemd/system/web.service"}} {
		for _, to := range []linkSet{half, webLinks} {
			now, err := f.scan([]string{"web.service"})
			if err != nil {
				t.Fatal(err)
			}
			if err := f.restore(to, now); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, f.list(t)); diff != "" {
			t.Errorf("after %v (-want +got)\n%s", half, diff)
		}
	}
	// Without links, folders that held nothing else are gone too.
	if err := f.restore(nil, webLinks); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(f.at("/run/systemd/system")); err != nil {
		t.Fatal(err)
	}
	_, _ = os.Remove(f.at("/run/systemd")), os.Remove(f.at("/run"))
	if diff := cmp.Diff(empty.list(t), f.list(t)); diff != "" {
		t.Errorf("without links (-want +got)\n%s", diff)
	}
	// What is there already, under a name that is no longer the unit's, is no hindrance.
	for _, links := range []linkSet{webLinks, webLinks, {"/etc/systemd/system/www.service": "else.service"}, webLinks} {
		if err := f.restore(links, nil); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(want, f.list(t)); diff != "" {
		t.Errorf("made twice (-want +got)\n%s", diff)
	}
	// A file of somebody's where a link should be is not touched.
	if err := f.restore(linkSet{"/etc/systemd/system/own.service": "x"}, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a link over a file: %v", err)
	}
}
