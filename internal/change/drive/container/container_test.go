package container

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
)

func TestRead(t *testing.T) {
	usual := state("exists", "yes", "name", "web", "running", "yes", "paused", "no", "autoremove", "no", "restart", "no", "returns", "no")
	for what, c := range map[string]struct {
		change func(m *made)
		field  string
		want   string
	}{
		"as usual":       {func(*made) {}, "running", "yes"},
		"stopped":        {func(m *made) { m.running = false }, "running", "no"},
		"paused":         {func(m *made) { m.paused = true }, "paused", "yes"},
		"with --rm":      {func(m *made) { m.remove = true }, "autoremove", "yes"},
		"without policy": {func(m *made) { m.policy = `{"Name":""}` }, "restart", "no"},
		"unless stopped": {func(m *made) { m.policy = `{"Name":"unless-stopped","MaximumRetryCount":0}` }, "restart", "unless-stopped"},
		"on failure":     {func(m *made) { m.policy = `{"Name":"on-failure","MaximumRetryCount":5}` }, "restart", "on-failure:5"},
	} {
		m := web()
		c.change(m)
		want := state()
		for k, v := range usual {
			want[k] = v
		}
		want[c.field] = c.want
		if diff := cmp.Diff(want, read(t, m)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	m := web()
	m.policy = `{"Name":"always"}`
	if got := read(t, m); got["restart"] != "always" || got["returns"] != "yes" {
		t.Errorf("read %v", got)
	}
	for label, keeper := range map[string]string{
		`"PODMAN_SYSTEMD_UNIT":"web.service"`:                                          "systemd:web.service",
		`"com.docker.swarm.service.id":"x","com.docker.swarm.service.name":"shop_web"`: "swarm:shop_web",
		`"io.kubernetes.pod.name":"web-1"`:                                             "kubernetes:web-1",
		`"com.docker.compose.project":"shop"`:                                          "",
	} {
		m := web()
		m.labels = label
		if got := read(t, m); got["keeper"] != keeper || got["returns"] != yes(keeper != "") {
			t.Errorf("%s: %v", label, got)
		}
	}
	m.exists = false
	if diff := cmp.Diff(state("exists", "no", "running", "no"), read(t, m)); diff != "" {
		t.Error(diff)
	}
}

func TestSet(t *testing.T) {
	for what, c := range map[string]struct {
		change func(m *made)
		of     []string
		to     plan.State
		asked  []string
		fail   string
	}{
		"stop":               {to: state("running", "no"), asked: []string{"stop?t=10"}},
		"stop with patience": {of: []string{"grace", "90500ms"}, to: state("running", "no"), asked: []string{"stop?t=91"}},
		"stopped already":    {change: func(m *made) { m.running = false }, to: state("running", "no")},
		"stop a paused one":  {change: func(m *made) { m.paused = true }, to: state("running", "no"), asked: []string{"unpause", "stop?t=10"}},
		"stop for good": {change: func(m *made) { m.policy = `{"Name":"always"}` }, to: state("running", "no", "restart", "no"),
			asked: []string{`update {"RestartPolicy":{"Name":"no","MaximumRetryCount":0}}`, "stop?t=10"}},
		"stop one with --rm": {change: func(m *made) { m.remove = true }, to: state("running", "no"), asked: []string{"stop?t=10"}},
		"gone already":       {change: func(m *made) { m.exists = false }, to: state("running", "no")},
		"start":              {change: func(m *made) { m.running = false }, to: state("running", "yes"), asked: []string{"start"}},
		"start and pause":    {change: func(m *made) { m.running = false }, to: state("running", "yes", "paused", "yes"), asked: []string{"start", "pause"}},
		"go on":              {change: func(m *made) { m.paused = true }, to: state("paused", "no"), asked: []string{"unpause"}},
		"retries":            {to: state("restart", "on-failure:3"), asked: []string{`update {"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3}}`}},
		"stopped only in words": {change: func(m *made) { m.idle["stop"] = true }, to: state("running", "no"), asked: []string{"stop?t=10"},
			fail: "has agreed, and it is not so (it is running)"},
		"ends at once": {change: func(m *made) { m.running, m.idle["start"] = false, true }, to: state("running", "yes"), asked: []string{"start"}, fail: "exit code 3"},
		"its port is taken": {change: func(m *made) {
			m.running = false
			m.answer["start"] = "HTTP/1.0 500 Internal Server Error\r\n\r\n{\"message\":\"port is already allocated\"}"
		}, to: state("running", "yes"), asked: []string{"start"}, fail: "status 500: port is already allocated"},
		"an engine that cannot": {change: func(m *made) { m.answer["update"] = "HTTP/1.0 404 Not Found\r\n\r\nNot Found" }, to: state("restart", "always"),
			asked: []string{`update {"RestartPolicy":{"Name":"always","MaximumRetryCount":0}}`}, fail: "does not know how: status 404, Not Found"},
		"said to be so":    {change: func(m *made) { m.answer["stop"] = "HTTP/1.0 304 Not Modified\r\n\r\n" }, to: state("running", "no"), asked: []string{"stop?t=10"}, fail: "not so"},
		"another field":    {to: state("name", "x"), fail: "cannot be set"},
		"nothing":          {fail: "nothing"},
		"another word":     {to: state("running", "no", "paused", "maybe"), fail: "cannot be"},
		"another policy":   {to: state("restart", "sometimes"), fail: "no restart policy"},
		"stop and pause":   {to: state("running", "no", "paused", "yes"), fail: "cannot be paused"},
		"no time":          {of: []string{"grace", "long"}, to: state("running", "no"), fail: "no time"},
		"an asleep engine": {of: []string{"socket", "/asleep"}, to: state("running", "no"), fail: "would start it"},
	} {
		m := web()
		if c.change != nil {
			c.change(m)
		}
		for range 2 { // again after a crash
			err := m.driver().Set(t.Context(), of(c.of...), nil, c.to)
			if (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
				t.Errorf("%s: %v, want %q", what, err, c.fail)
			}
			if c.fail != "" {
				break
			}
		}
		if diff := cmp.Diff(c.asked, m.asked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

func TestContainerThatWasRemoved(t *testing.T) {
	m := web()
	m.remove = true
	before := read(t, m)
	if err := m.driver().Set(t.Context(), of(), before, state("running", "no")); err != nil {
		t.Fatal(err)
	}
	err := m.driver().Set(t.Context(), of(), before, state("running", "yes"))
	if !errors.Is(err, plan.ErrFinal) || !strings.Contains(err.Error(), "container web") || !strings.Contains(err.Error(), "--rm") {
		t.Errorf("started again: %v", err)
	}
	err = m.driver().Set(t.Context(), of(), state("name", "web"), state("restart", "no"))
	if !errors.Is(err, plan.ErrFinal) || strings.Contains(err.Error(), "--rm") {
		t.Errorf("without --rm: %v", err)
	}
}

// Podman's own words about one that it is just removing.
func TestPodmanRemoving(t *testing.T) {
	m := web()
	m.answer["stop"] = "HTTP/1.0 500 Internal Server Error\r\n\r\n{\"message\":\"container " + id + " does not exist in database: no such container\"}"
	if err := m.driver().Set(t.Context(), of(), nil, state("running", "no")); err != nil {
		t.Error(err)
	}
	m.answer["stop"] = "HTTP/1.0 500 Internal Server Error\r\n\r\n{\"message\":\"container is in a bad way\"}"
	if err := m.driver().Set(t.Context(), of(), nil, state("running", "no")); err == nil {
		t.Error("a failure is no removal")
	}
}

func TestEngineAway(t *testing.T) {
	for _, c := range []struct {
		refuse error
		is     error
	}{{syscall.ENOENT, fs.ErrNotExist}, {syscall.EACCES, fs.ErrPermission}, {syscall.ECONNREFUSED, syscall.ECONNREFUSED}} {
		m := web()
		m.refuse = c.refuse
		_, err := m.driver().Read(t.Context(), of())
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), "on /s") || len(m.programs) != 0 {
			t.Errorf("%v: read %v", c.refuse, err)
		}
		if err := m.driver().Set(t.Context(), of(), nil, state("running", "no")); !errors.Is(err, c.is) {
			t.Errorf("%v: set %v", c.refuse, err)
		}
	}
}

func TestDockerOfWhichNoSocketIsKnown(t *testing.T) {
	m := web()
	m.refuse = syscall.EACCES
	if _, err := m.driver().Read(t.Context(), of("socket", "")); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "on /usual") {
		t.Errorf("error %v", err)
	}
}

func TestPodmanWithoutItsSocket(t *testing.T) {
	for what, c := range map[string]struct {
		refuse error
		of     []string
		want   []string
	}{
		"a socket":       {nil, []string{"engine", "podman"}, nil},
		"none known":     {nil, []string{"engine", "podman", "socket", ""}, []string{"podman container inspect " + id}},
		"gone":           {syscall.ENOENT, []string{"engine", "podman"}, []string{"podman container inspect " + id}},
		"left behind":    {refused, []string{"engine", "podman"}, []string{"podman container inspect " + id}},
		"of a user":      {refused, []string{"engine", "podman", "user", "1000"}, []string{"1000 podman container inspect " + id}},
		"closed":         {syscall.EACCES, []string{"engine", "podman"}, nil},
		"docker's, gone": {syscall.ENOENT, nil, nil},
	} {
		m := web()
		m.refuse, m.result.Stdout = c.refuse, "["+m.inspect()+"]\n"
		got, err := m.driver().Read(t.Context(), of(c.of...))
		if diff := cmp.Diff(c.want, m.programs); diff != "" || c.want != nil && (err != nil || got["running"] != "yes") {
			t.Errorf("%s: %v, %v (-want +got):\n%s", what, got, err, diff)
		}
	}
}

func TestPodmanByItsProgram(t *testing.T) {
	c := cli{start: func(_ context.Context, _ string, argv ...string) (run.Result, error) {
		switch argv[2] {
		case "exists":
			return run.Result{Exit: 1}, nil
		case "inspect", "update":
			return run.Result{Exit: 125, Stderr: "Error: as it is\n"}, nil
		}
		return run.Result{}, run.ErrUser
	}, uid: "1000"}
	if _, err := c.inspect(t.Context(), id); !errors.Is(err, errAbsent) {
		t.Errorf("inspect: %v", err)
	}
	if err := c.order(t.Context(), id, order{verb: "update"}); err == nil || !strings.Contains(err.Error(), "as it is") {
		t.Errorf("update: %v", err)
	}
	err := c.order(t.Context(), id, order{verb: "stop", grace: defaultGrace})
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "uid 1000's, who can type: podman container stop --time 10 "+id) {
		t.Errorf("stop: %v", err)
	}
}

func TestSubjects(t *testing.T) {
	for what, s := range map[string]plan.Subject{
		"a name":         {Kind: plan.Container, Name: "web", Of: of().Of},
		"a path":         {Kind: plan.Container, Name: "../" + id[3:], Of: of().Of},
		"another kind":   {Kind: plan.Unit, Name: id, Of: of().Of},
		"another engine": of("engine", "lxc"),
	} {
		if got, err := web().driver().Read(t.Context(), s); err == nil {
			t.Errorf("%s: %v", what, got)
		}
	}
}

func TestPolicies(t *testing.T) {
	for _, text := range []string{"no", "always", "unless-stopped", "on-failure", "on-failure:7"} {
		if p, err := parsePolicy(text); err != nil || p.String() != text {
			t.Errorf("%s: %v, %v", text, p, err)
		}
	}
	for _, text := range []string{"", "always:3", "on-failure:0", "on-failure:-1", "on-failure:x", "on-failure:99999999999"} {
		if p, err := parsePolicy(text); err == nil {
			t.Errorf("%q: %v", text, p)
		}
	}
}

func FuzzParseInspected(f *testing.F) {
	f.Add([]byte(web().inspect()))
	f.Add([]byte("[" + web().inspect() + "]"))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := parseInspected(b, id)
		if err == nil && (in.ID != id || in.state()["exists"] != "yes") {
			t.Fatalf("%+v", in)
		}
	})
}
