package wintask

import (
	"os"
	"strings"
	"testing"
)

func TestTableHasSelf(t *testing.T) {
	r := Open()
	defer r.Close()
	all, whole, err := r.Table()
	if err != nil || !whole {
		t.Fatal(whole, err)
	}
	self, _ := os.Executable()
	for _, k := range all {
		if k.PID != os.Getpid() {
			continue
		}
		if !strings.HasSuffix(strings.ToLower(self), strings.ToLower(k.Name)) || k.Parent != os.Getppid() || k.Created == 0 || k.Suspended {
			t.Errorf("%+v", k)
		}
		d := r.Look(k.PID, true)
		if d.Created != k.Created || d.Ended || len(d.Faults) != 0 {
			t.Errorf("%+v", d)
		}
		if args := Args(d.Command); len(args) != len(os.Args) {
			t.Errorf("%q, want %q", args, os.Args)
		}
		return
	}
	t.Errorf("no PID %d among %d", os.Getpid(), len(all))
}

func TestLookAtNobody(t *testing.T) {
	r := Open()
	defer r.Close()
	d := r.Look(0x7ffffff0, true)
	if len(d.Faults) != 1 || !d.Faults[0].Gone() || d.Exe != "" {
		t.Errorf("%+v", d)
	}
}

// The kernel names the image of a process that is not opened.
func TestImageByPID(t *testing.T) {
	r := Open()
	defer r.Close()
	self, _ := os.Executable()
	got := r.imageByPID(os.Getpid())
	t.Logf("%s", got)
	if got != "" && !strings.EqualFold(got, self) {
		t.Errorf("%s, want %s", got, self)
	}
}

func BenchmarkTable(b *testing.B) {
	r := Open()
	defer r.Close()
	for b.Loop() {
		if _, _, err := r.Table(); err != nil {
			b.Fatal(err)
		}
	}
}
