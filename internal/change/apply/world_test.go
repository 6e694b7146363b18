package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
)

// world is a machine of things whose state is a file each, so that it outlives a
// process that is killed. Setting a thing takes two writes, field by field: a kill
// may fall between them.
type world struct {
	dir      string
	crossing func(string)
	deny     string // a thing that cannot be set
	lie      string // a thing that says yes and stays
	respawn  string // a thing that is running again right after it was stopped
	hang     string // a thing that begins to stop, and gets no further by itself
}

func (w world) file(s plan.Subject) string { return filepath.Join(w.dir, at(s)) }

// at is how a thing is called in the world.
func at(s plan.Subject) string { return strings.ReplaceAll(string(s.Kind)+"="+s.Name, "/", "_") }

func (w world) Read(_ context.Context, s plan.Subject) (plan.State, error) {
	data, err := os.ReadFile(w.file(s))
	if errors.Is(err, fs.ErrNotExist) {
		return plan.State{"exists": "no"}, nil
	}
	if err != nil {
		return nil, err
	}
	var st plan.State
	err = json.Unmarshal(data, &st)
	return st, err
}

func (w world) Set(ctx context.Context, s plan.Subject, _, to plan.State) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch s.Name {
	case w.deny:
		return fs.ErrPermission
	case w.lie:
		return nil
	}
	now, err := w.Read(ctx, s)
	if err != nil {
		return err
	}
	if s.Name == w.hang && now["active"] != "inactive" {
		return errors.Join(context.DeadlineExceeded, w.write(at(s), plan.State{"active": "deactivating"}))
	}
	for k, v := range to {
		now[k] = v
		if err := w.write(at(s), now); err != nil {
			return err
		}
		if w.crossing != nil {
			w.crossing("wrote " + s.Name + " " + k)
		}
	}
	if s.Name == w.respawn {
		maps.Copy(now, plan.State{"active": "inactive"})
	}
	return w.write(at(s), now)
}

func (w world) write(s string, st plan.State) error {
	data, err := json.Marshal(st)
	if err != nil {
		return err
	}
	file := filepath.Join(w.dir, s)
	tmp := file + ".tmp"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

// all is every thing and its state.
func (w world) all() map[string]string {
	out := map[string]string{}
	list, _ := os.ReadDir(w.dir)
	for _, d := range list {
		if strings.HasSuffix(d.Name(), ".tmp") {
			continue
		}
		data, _ := os.ReadFile(filepath.Join(w.dir, d.Name()))
		out[d.Name()] = string(data)
	}
	return out
}

func thing(kind plan.Kind, name string) plan.Subject { return plan.Subject{Kind: kind, Name: name} }
