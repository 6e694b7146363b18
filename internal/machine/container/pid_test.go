package container

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"testing"
)

func TestPIDByNameAndByID(t *testing.T) {
	h := both(t)
	a, err := list(context.Background(), h.dial, place{path: "/run/docker.sock"}, "docker")
	if err != nil {
		t.Fatal(err)
	}
	var nameA string
	for _, c := range a.rows {
		if c.Full == hexA {
			nameA = c.Name
		}
	}
	for _, ask := range []string{nameA, hexA[:12], hexA} {
		if pid, err := findPID(context.Background(), ask, newReader(Query{}, h.effects())); pid != 7 || err != nil {
			t.Errorf("%q: %d, %v", ask, pid, err)
		}
	}
}

func TestPIDFaults(t *testing.T) {
	h := both(t)
	ask := func(name string) error {
		_, err := findPID(context.Background(), name, newReader(Query{}, h.effects()))
		return err
	}
	if err := ask("no-such"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown name: %v", err)
	}
	if err := ask(bookedID[:12]); !errors.Is(err, ErrNotRunning) {
		t.Errorf("a created container: %v", err)
	}
	h.closed["/run/docker.sock"] = syscall.EACCES
	if err := ask("no-such"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a closed engine: %v", err)
	}
}
