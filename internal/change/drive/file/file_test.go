package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
)

func subject(path string) plan.Subject { return plan.Subject{Kind: plan.File, Name: path} }

func read(t *testing.T, path string) plan.State {
	t.Helper()
	s, err := New().Read(t.Context(), subject(path))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func set(t *testing.T, path string, before, to plan.State) {
	t.Helper()
	if err := New().Ready(t.Context(), subject(path), before, to); err != nil {
		t.Errorf("not ready: %v", err)
	}
	if err := New().Set(t.Context(), subject(path), before, to); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// names are all files and folders below a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if path != dir {
			rel, _ := filepath.Rel(dir, path)
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// refused: Set fails, says that nothing was changed, and nothing was.
func refused(t *testing.T, path string, before, to plan.State) error {
	t.Helper()
	dir := filepath.Dir(path)
	was, had := names(t, dir), read(t, path)
	err := New().Set(t.Context(), subject(path), before, to)
	if err == nil {
		t.Fatalf("%s: %v is accepted", path, to)
	}
	if ready := New().Ready(t.Context(), subject(path), before, to); ready == nil {
		t.Errorf("%s: it is ready, and then: %v", path, err)
	}
	if diff := cmp.Diff(was, names(t, dir)) + cmp.Diff(had, read(t, path)); diff != "" {
		t.Errorf("%v, and yet something changed: %s", err, diff)
	}
	return err
}

func TestSetAndBack(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "httpd.conf"), "Listen 80\r\n")
	before := read(t, path)
	if before["exists"] != "yes" || before["content"] != "Listen 80\r\n" || before["parents"] != filepath.Dir(path) {
		t.Fatalf("%q", before)
	}
	step := plan.Step{Before: before, After: plan.State{"content": "Listen 8081\r\n\xff\x00"}}
	set(t, path, before, step.After)
	if got := content(t, path); got != "Listen 8081\r\n\xff\x00" {
		t.Errorf("%q", got)
	}
	set(t, path, before, step.After) // again, as after a crash
	set(t, path, before, step.Back())
	if diff := cmp.Diff(before, read(t, path)); diff != "" {
		t.Error(diff)
	}
	if got := names(t, filepath.Dir(path)); len(got) != 1 {
		t.Errorf("left over: %q", got)
	}
}

// A drop-in in a folder that is not there: undoing it takes the folders away as well,
// but none that was there, and none that somebody has put something into.
func TestCreateWithFoldersAndBack(t *testing.T) {
	top := t.TempDir()
	path := filepath.Join(top, "system", "web.socket.d", "90-berth.conf")
	before := read(t, path)
	if diff := cmp.Diff(plan.State{"exists": "no", "parents": top}, before); diff != "" {
		t.Fatal(diff)
	}
	step := plan.Step{Before: before, After: plan.State{"exists": "yes", "content": "[Socket]\n"}}
	set(t, path, before, step.After)
	if diff := cmp.Diff([]string{"system", "system/web.socket.d", "system/web.socket.d/90-berth.conf"}, names(t, top)); diff != "" {
		t.Fatal(diff)
	}
	foreign := put(t, filepath.Join(top, "system", "other"), "")
	set(t, path, before, step.Back())
	if diff := cmp.Diff([]string{"system", "system/other"}, names(t, top)); diff != "" {
		t.Error(diff)
	}
	if err := os.Remove(foreign); err != nil {
		t.Fatal(err)
	}
	set(t, path, before, step.Back()) // again
	if got := names(t, top); len(got) != 0 {
		t.Errorf("left over: %q", got)
	}
	if err := os.Mkdir(filepath.Join(top, "system"), 0o755); err != nil {
		t.Fatal(err)
	}
	before = read(t, path) // with one folder more
	set(t, path, before, step.After)
	set(t, path, before, plan.State{"exists": "no"})
	if diff := cmp.Diff([]string{"system"}, names(t, top)); diff != "" {
		t.Error(diff)
	}
}

// What a killed run left is removed, and nothing that only looks like it.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "a.conf"), "old")
	for _, n := range []string{".a.conf.berth-new-0123456789abcdef", ".a.conf.berth-new-0123456789abcdeX", ".a.conf.berth-new-012", ".b.conf.berth-new-0123456789abcdef", "a.conf.berth-new-0123456789abcdef"} {
		put(t, filepath.Join(dir, n), "left")
	}
	set(t, path, nil, plan.State{"content": "old"}) // as it is already
	want := []string{".a.conf.berth-new-012", ".a.conf.berth-new-0123456789abcdeX", ".b.conf.berth-new-0123456789abcdef", "a.conf", "a.conf.berth-new-0123456789abcdef"}
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestLongNames(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), strings.Repeat("n", 240)), "old")
	set(t, path, nil, plan.State{"content": "new"})
	if got := content(t, path); got != "new" {
		t.Error(got)
	}
}

func TestHardLinksAreRefused(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "a"), "old")
	if err := os.Link(path, filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path)["links"]; got != "2" {
		t.Errorf("links %q", got)
	}
	if err := refused(t, path, nil, plan.State{"content": "new"}); !errors.Is(err, ErrHardLinks) {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	set(t, path, nil, plan.State{"content": "new"})
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "a"), "old")
	for what, to := range map[string]plan.State{
		"a sum":         {"content": "x", "sha256": "y"},
		"unknown field": {"colour": "red"},
		"exists":        {"exists": "perhaps"},
		"both":          {"exists": "no", "content": ""},
		"too large":     {"content": strings.Repeat("x", MaxSize+1)},
	} {
		if err := New().Set(t.Context(), subject(path), nil, to); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
	if got := content(t, path); got != "old" {
		t.Errorf("%q", got)
	}
	if err := refused(t, filepath.Join(dir, "none"), nil, plan.State{"exists": "yes"}); err == nil {
		t.Error("a file without content is made")
	}
	for _, bad := range []string{"a", dir, dir + string(filepath.Separator), filepath.Join(dir, "a", "b"), ""} {
		if s, err := New().Read(t.Context(), subject(bad)); err == nil {
			t.Errorf("%q: %v", bad, s)
		}
		if err := New().Set(t.Context(), subject(bad), nil, plan.State{"exists": "yes", "content": ""}); err == nil {
			t.Errorf("%q is written", bad)
		}
	}
}

func TestSizeBound(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "a"), "")
	if err := os.Truncate(path, MaxSize); err != nil {
		t.Fatal(err)
	}
	if got := len(read(t, path)["content"]); got != MaxSize {
		t.Errorf("%d bytes", got)
	}
	if err := os.Truncate(path, MaxSize+1); err != nil {
		t.Fatal(err)
	}
	if _, err := New().Read(t.Context(), subject(path)); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

func TestEndedContextChangesNothing(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "a"), "old")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, to := range []plan.State{{"content": "new"}, {"exists": "no"}} {
		if err := New().Set(ctx, subject(path), nil, to); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if got := content(t, path); got != "old" {
		t.Errorf("%q", got)
	}
}

func TestLeftOver(t *testing.T) {
	d, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, base := range []string{"a.conf", strings.Repeat("n", 255)} {
		f, name, err := newFile(d, base)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if !leftOver(name, base) || leftOver(name, "b"+base) || !strings.HasPrefix(name, ".") {
			t.Errorf("%q for %q", name, base)
		}
	}
}
