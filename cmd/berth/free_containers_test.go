package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/testbed"
)

// dock is an engine whose container has port 8080.
type dock struct {
	*testbed.Engine
	t *testing.T
}

// berth runs berth beside the engine and wants an exit code.
func (d *dock) berth(want int, args ...string) testbed.Result {
	d.t.Helper()
	cmd := d.Cmd(d.BerthPath(), args...)
	cmd.Env = append(os.Environ(), "BERTH_STATE_DIR=/run/state", "LC_ALL=C.UTF-8")
	r := testbed.TryCmd(d.t, cmd)
	if r.Code != want {
		d.t.Fatalf("berth %s: exit %d, not %d\n%s%s", strings.Join(args, " "), r.Code, want, r.Stdout, r.Stderr)
	}
	return r
}

// doable asks which remedies berth would do here.
func (d *dock) doable() (ids []string) {
	d.t.Helper()
	var doc v1.Free
	if err := json.Unmarshal([]byte(d.berth(1, "free", "8080", "--json").Stdout), &doc); err != nil {
		d.t.Fatal(err)
	}
	for _, w := range doc.Ways {
		if w.Doable {
			ids = append(ids, w.ID)
		}
	}
	return ids
}

// state is what has to be as before: every container with its settings, and every
// listener with its program.
func (d *dock) state() []string {
	d.t.Helper()
	var out []string
	for _, id := range strings.Fields(d.CLI("ps", "-aq", "--no-trunc")) {
		out = append(out, d.CLI("inspect", "--format", "{{.Id}} {{.Name}} {{.State.Running}}", id),
			sorted(d.t, d.CLI("inspect", "--format", "{{json .Config}}", id)), sorted(d.t, d.CLI("inspect", "--format", "{{json .HostConfig}}", id)))
	}
	pids := regexp.MustCompile(`pid=\d+,fd=\d+`)
	for line := range strings.Lines(d.Run("ss", "-Hltnp")) {
		f := append(strings.Fields(line), "", "", "", "", "", "")
		out = append(out, f[3]+" "+pids.ReplaceAllString(f[5], ""))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sorted is a JSON document with its lists in order: Docker keeps some in none.
func sorted(t testing.TB, doc string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return inOrder(v)
}

func inOrder(v any) string {
	switch v := v.(type) {
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, inOrder(e))
		}
		slices.Sort(out)
		return "[" + strings.Join(out, ",") + "]"
	case map[string]any:
		var out []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, k+":"+inOrder(v[k]))
		}
		return "{" + strings.Join(out, ",") + "}"
	}
	return fmt.Sprint(v)
}

// Every way that berth offers for a container is done and taken back, with each engine:
// the port is free in between, and afterwards its containers, their settings and the
// listeners are as before. Its twin is what is seen in between: not as before.
func TestContainersFreeEveryWayIsTakenBack(t *testing.T) {
	for _, tc := range []struct {
		name   string
		engine func(testing.TB) *testbed.Engine
		args   []string
		ways   []string
	}{
		{"docker", testbed.Docker, []string{"--restart", "always"}, []string{"port", "stop:web", "startup:web"}},
		{"docker, on its own", testbed.Docker, nil, []string{"port", "stop:web"}},
		{"podman", testbed.Podman, nil, []string{"port", "stop:web"}},
		{"podman of a user", testbed.PodmanRootless, nil, []string{"port", "stop:web"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &dock{tc.engine(t), t}
			d.Run("install", "-d", "-m", "1777", "/run/state")
			d.Container(append(append([]string{"--name", "web", "-p", "8080:80"}, tc.args...), testbed.Image, "httpd", "-f", "-p", "80", "-h", "/www")...)
			testbed.Await(t, "the container to serve", func() bool { return d.Try("curl", "-fsS", "http://127.0.0.1:8080/").Code == 0 })
			testbed.Await(t, "its runtime to be done", func() bool { return d.Try("pgrep", "-x", "crun").Code != 0 })
			if got := d.doable(); !slices.Equal(got, tc.ways) {
				t.Errorf("berth offers to do %q, not %q", got, tc.ways)
			}
			before := d.state()
			for _, way := range tc.ways[1:] {
				d.berth(0, "free", "8080", "--remedy", way, "--yes", "--settle", "300ms")
				d.berth(0, "check", "8080")
				if cmp.Equal(before, d.state()) {
					t.Errorf("%s: nothing is seen of it", way)
				}
				d.berth(0, "undo")
				testbed.Await(t, "the container to serve again", func() bool { return d.Try("curl", "-fsS", "http://127.0.0.1:8080/").Code == 0 })
				if diff := cmp.Diff(before, d.state()); diff != "" {
					t.Errorf("after %s and undo (-before +now):\n%s", way, diff)
				}
				d.berth(0, "journal")
			}
		})
	}
}
