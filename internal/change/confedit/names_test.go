package confedit_test

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/berthd/berth/internal/change/confedit"
)

func TestAbsolute(t *testing.T) {
	for _, c := range []struct{ dir, name, want string }{
		{"/etc/nginx", "conf.d/*.conf", "/etc/nginx/conf.d/*.conf"},
		{"/etc/nginx", "../x", "/etc/x"},
		{"/etc/nginx", "/srv/x", "/srv/x"},
		{`C:\xampp\apache`, "conf/extra/x.conf", `C:\xampp\apache/conf/extra/x.conf`},
		{"C:/xampp/apache/", "conf/x", "C:/xampp/apache/conf/x"},
		{"C:/xampp/apache", "/xampp/x", "C:/xampp/x"},
		{"C:/xampp/apache", "D:/x", "D:/x"},
		{"C:/xampp/apache", `\\host\x`, `\\host\x`},
	} {
		if got := confedit.Absolute(c.dir, c.name); got != c.want {
			t.Errorf("%s in %s: %s, not %s", c.name, c.dir, got, c.want)
		}
	}
}

func TestSame(t *testing.T) {
	if confedit.Same(`C:\XAMPP\x`) != confedit.Same("c:/xampp/./x") {
		t.Error("one file of Windows is two")
	}
	if confedit.Same("/etc/X") == confedit.Same("/etc/x") {
		t.Error("two files of Linux are one")
	}
}

func TestFolderAndHidden(t *testing.T) {
	for name, want := range map[string]string{"/etc/x": "/etc", "/x": "/", `C:\a\b`: `C:\a`, `C:\a/b`: `C:\a`} {
		if got := confedit.Folder(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if !confedit.Hidden("/etc/*", "/etc/.x") || confedit.Hidden("/etc/.*", "/etc/.x") || confedit.Hidden("/etc/*", "/etc/x.y") {
		t.Error("hidden files")
	}
}

func TestKept(t *testing.T) {
	k := confedit.Kept(confedit.Tree{Files: []confedit.File{{Name: "/b/2", Data: []byte("two")}, {Name: "/b/1"}, {Name: "/c"}}})
	if data, err := k.ReadFile("/b/../b/2"); err != nil || string(data) != "two" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := k.ReadFile("/d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if names, err := k.Glob("/b/*"); err != nil || !slices.Equal(names, []string{"/b/1", "/b/2"}) {
		t.Errorf("%q, %v", names, err)
	}
	if _, err := k.Glob("["); err == nil {
		t.Error("a pattern that cannot be read")
	}
}
