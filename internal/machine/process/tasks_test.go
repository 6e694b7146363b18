package process

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/process/wintask"
)

// noon is a FILETIME; the processes of a case start some seconds after it.
const noon = 133_000_000_000_000_000

func at(seconds uint64) uint64 { return noon + seconds*1e7 }

func owned(pid int, created time.Time) fact.Socket {
	return fact.Socket{ID: "sock:x", PID: pid, State: fact.Listen, Evidence: "GetExtendedTcpTable", Windows: &fact.WindowsSocket{Created: created}}
}

// machine is a table with what its processes tell when they are opened.
func machine(elevated bool, details map[int]wintask.Detail, all ...wintask.Task) *tasks {
	return newTasks(all, true, func(pid int, deep bool) wintask.Detail {
		d := details[pid]
		if !deep {
			d.Folder = ""
		}
		return d
	}, elevated)
}

func hold(t *testing.T, m *tasks, socks ...fact.Socket) fact.Set {
	t.Helper()
	if err := m.hold(t.Context(), socks); err != nil {
		t.Fatal(err)
	}
	return m.done()
}

func links(s fact.Set) []string {
	var out []string
	for _, l := range s.Links {
		out = append(out, string(l.From)+" "+string(l.Kind)+" "+string(l.To))
	}
	return out
}

func TestTaskRow(t *testing.T) {
	yes := true
	m := machine(false, map[int]wintask.Detail{
		812: {Created: at(9), Exe: `C:\srv\node.exe`, Command: `"C:\srv\node.exe" app.js --port 80`, Source: "PEB", Folder: `C:\srv`,
			User: `PC\ann`, SID: "S-1-5-21-1", Elevated: &yes, Package: "pkg_1"},
	},
		wintask.Task{PID: 600, Name: "cmd.exe", Created: at(5)},
		wintask.Task{PID: 812, Parent: 600, Name: "node.exe", Created: at(9), Session: 1, Suspended: true})
	got := hold(t, m, owned(812, time.Time{}))
	one := uint32(1)
	want := fact.Process{ID: fact.ProcessID(812, at(9)), PID: 812, PPID: 600, Start: fileTime(at(9)), Name: "node.exe", Exe: `C:\srv\node.exe`,
		Args: []string{`C:\srv\node.exe`, "app.js", "--port", "80"}, User: `PC\ann`, Cwd: `C:\srv`, State: "stopped",
		Evidence: wintask.ByTable + ", PEB",
		Windows:  &fact.WindowsProcess{Created: at(9), Session: &one, SID: "S-1-5-21-1", Package: "pkg_1", Elevated: &yes}}
	if d := cmp.Diff(want, got.Processes[0], cmpopts.EquateApproxTime(time.Second)); d != "" {
		t.Error(d)
	}
	if l := got.Links[len(got.Links)-1]; l.Kind != fact.HeldBy || l.From != "sock:x" || l.To != want.ID || l.Evidence != "GetExtendedTcpTable" {
		t.Errorf("%+v", l)
	}
	if len(got.Gaps) != 0 {
		t.Errorf("%+v", got.Gaps)
	}
}

func TestParentStartedBefore(t *testing.T) {
	child := wintask.Task{PID: 812, Parent: 600, Name: "node.exe", Created: at(9)}
	for _, c := range []struct {
		parent uint64
		want   int
	}{{at(5), 600}, {at(20), 0}} { // the second got the PID of a parent that had ended
		m := machine(false, nil, child, wintask.Task{PID: 600, Name: "cmd.exe", Created: c.parent})
		got := hold(t, m, owned(812, time.Time{}))
		if p := got.Processes[0]; p.PPID != c.want || len(got.Processes) != 1+min(c.want, 1) {
			t.Errorf("parent from %d: %+v", c.parent, got.Processes)
		}
	}
}

func TestRingOfParentsEnds(t *testing.T) {
	m := machine(false, nil, wintask.Task{PID: 8, Parent: 12, Created: noon}, wintask.Task{PID: 12, Parent: 8, Created: noon})
	if got := hold(t, m, owned(8, time.Time{})); len(got.Processes) != 2 {
		t.Errorf("%+v", got.Processes)
	}
}

// The kernel is named and never opened, in a table that does not have it too.
func TestSystemIsTheKernel(t *testing.T) {
	for _, all := range [][]wintask.Task{nil, {{PID: 4, Name: "System"}, {PID: 0, Name: "Idle"}}} {
		m := newTasks(all, true, func(pid int, _ bool) wintask.Detail {
			t.Errorf("PID %d was opened", pid)
			return wintask.Detail{}
		}, true)
		got := hold(t, m, owned(4, time.Time{}), owned(0, time.Time{}))
		if len(got.Processes) != 1 || !got.Processes[0].Kernel || got.Processes[0].Name != "System" || len(got.Gaps) != 0 {
			t.Errorf("%+v", got)
		}
	}
}

func TestWhyAProcessIsClosed(t *testing.T) {
	denied := func(what string) wintask.Fault { return wintask.Fault{What: what, Code: 5, Err: "Access is denied."} }
	for _, c := range []struct {
		name     string
		elevated bool
		d        wintask.Detail
		want     fact.GapKind
		subject  string
	}{
		{"a user asks", false, wintask.Detail{Faults: []wintask.Fault{denied(wintask.Whole)}}, fact.GapPermission, "everything but its name of x.exe (PID 8)"},
		{"an administrator asks", true, wintask.Detail{Faults: []wintask.Fault{denied(wintask.Whole)}}, fact.GapProtected, "everything but its name of x.exe (PID 8)"},
		{"it says that it is protected", false, wintask.Detail{Protected: "light", Faults: []wintask.Fault{denied(wintask.Folder)}}, fact.GapProtected, "current folder of x.exe (PID 8)"},
		{"two things, one gap", false, wintask.Detail{Faults: []wintask.Fault{denied(wintask.User), denied(wintask.Folder)}}, fact.GapPermission, "current folder, user of x.exe (PID 8)"},
		{"it has ended", false, wintask.Detail{Faults: []wintask.Fault{{What: wintask.Whole, Code: 87}}}, fact.GapVanished, "everything but its name of x.exe (PID 8)"},
		{"something else", true, wintask.Detail{Faults: []wintask.Fault{{What: wintask.Folder, Code: 299}}}, fact.GapOther, "current folder of x.exe (PID 8)"},
	} {
		m := machine(c.elevated, map[int]wintask.Detail{8: c.d}, wintask.Task{PID: 8, Name: "x.exe", Created: noon})
		got := hold(t, m, owned(8, time.Time{}))
		if len(got.Gaps) != 1 || got.Gaps[0].Kind != c.want || got.Gaps[0].Subject != c.subject || got.Gaps[0].About != got.Processes[0].ID {
			t.Errorf("%s: %+v", c.name, got.Gaps)
		}
		if got.Processes[0].Windows.Protected != c.d.Protected || got.Processes[0].Name != "x.exe" {
			t.Errorf("%s: %+v", c.name, got.Processes[0])
		}
	}
}

// Of an ancestor nothing is missed, until it is asked for itself.
func TestAncestorsHaveNoGaps(t *testing.T) {
	details := map[int]wintask.Detail{8: {Folder: `C:\x`, Faults: []wintask.Fault{{What: wintask.User, Code: 5}}}}
	all := []wintask.Task{{PID: 8, Created: noon}, {PID: 12, Parent: 8, Created: at(1)}}
	got := hold(t, machine(false, details, all...), owned(12, time.Time{}))
	if len(got.Processes) != 2 || len(got.Gaps) != 0 || got.Processes[1].Cwd != "" {
		t.Errorf("%+v", got)
	}
	got = hold(t, machine(false, details, all...), owned(12, time.Time{}), owned(8, time.Time{}))
	if len(got.Processes) != 2 || len(got.Gaps) != 1 || got.Processes[1].Cwd != `C:\x` {
		t.Errorf("%+v", got)
	}
}

func TestOwnerHasEnded(t *testing.T) {
	bound := fileTime(at(100))
	all := []wintask.Task{
		{PID: 8, Parent: 412, Name: "before.exe", Created: at(50)}, // of an earlier owner of the number
		{PID: 12, Parent: 412, Name: "child.exe", Created: at(110)},
		{PID: 16, Parent: 400, Name: "other.exe", Created: at(110)},
	}
	got := hold(t, machine(false, nil, all...), owned(412, bound))
	if d := cmp.Diff([]string{"sock:x inherited-by " + string(fact.ProcessID(12, at(110)))}, links(got)); d != "" {
		t.Error(d)
	}
	if got.Links[0].Note != "likely" || len(got.Gaps) != 1 || got.Gaps[0].Kind != fact.GapOwnerEnded || got.Gaps[0].About != "sock:x" {
		t.Errorf("%+v", got)
	}
	if _, ok := find(got.Processes, 412); ok {
		t.Error("a process that is not there has a row")
	}

	// The number is another process's: that one is no holder, nor is its child.
	all = append(all, wintask.Task{PID: 412, Parent: 400, Name: "new.exe", Created: at(200)}, wintask.Task{PID: 20, Parent: 412, Created: at(210)})
	got = hold(t, machine(false, nil, all...), owned(412, bound))
	if d := cmp.Diff([]string{"sock:x inherited-by " + string(fact.ProcessID(12, at(110)))}, links(got)); d != "" {
		t.Error(d)
	}
	if got.Gaps[0].Kind != fact.GapOwnerEnded || got.Gaps[0].Err == "" {
		t.Errorf("%+v", got.Gaps)
	}

	// The twin: the process is older than the socket, and holds it.
	all[3].Created = at(99)
	got = hold(t, machine(false, nil, all...), owned(412, bound))
	if len(got.Gaps) != 0 || !slices.ContainsFunc(links(got), func(l string) bool { return strings.HasPrefix(l, "sock:x held-by proc:412@") }) {
		t.Errorf("%+v", got)
	}
}

// A clock that was ahead when Windows started is set back: a socket seems to be hours
// older than the process that bound it, and a child than its parent. Both are also
// older than the kernel, which nothing is.
func TestClockWasSetBack(t *testing.T) {
	const hours = 5 * 3600
	bound := fileTime(at(100))
	all := []wintask.Task{
		{PID: 4, Name: "System", Created: at(hours)},
		{PID: 412, Parent: 4, Name: "svc.exe", Created: at(hours + 10)},
		{PID: 900, Parent: 412, Name: "worker.exe", Created: at(200)},
	}
	got := hold(t, machine(false, nil, all...), owned(412, bound), owned(900, fileTime(at(300))))
	if len(got.Gaps) != 0 || len(got.Processes) != 3 {
		t.Errorf("%+v", got)
	}
	if p, _ := find(got.Processes, 900); p.PPID != 412 {
		t.Errorf("%+v", p)
	}

	// A child of one that has ended is found all the same.
	got = hold(t, machine(false, nil, all[0], all[2]), owned(412, bound))
	if d := cmp.Diff([]string{"sock:x inherited-by " + string(fact.ProcessID(900, at(200)))}, links(got)); d != "" {
		t.Error(d)
	}

	// The twin: nothing is older than the kernel, and the number is another's.
	all[0].Created = at(1)
	got = hold(t, machine(false, nil, all...), owned(412, bound))
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != fact.GapOwnerEnded {
		t.Errorf("%+v", got.Gaps)
	}
	// Where the kernel's start is not told, there is nothing to judge by.
	got = hold(t, machine(false, nil, all[1:]...), owned(412, bound))
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != fact.GapOwnerEnded {
		t.Errorf("%+v", got.Gaps)
	}
}

func TestTicks(t *testing.T) {
	for _, n := range []uint64{noon, noon + 1, noon + 9_999_999} {
		if got := ticks(fileTime(n)); got != n {
			t.Errorf("%d becomes %d", n, got)
		}
	}
}

func TestAnotherProcessWasOpened(t *testing.T) {
	m := machine(false, map[int]wintask.Detail{8: {Created: at(7), Exe: `C:\other.exe`}}, wintask.Task{PID: 8, Name: "x.exe", Created: noon})
	got := hold(t, m, owned(8, time.Time{}))
	if got.Processes[0].Exe != "" || len(got.Gaps) != 1 || got.Gaps[0].Kind != fact.GapPIDReused {
		t.Errorf("%+v", got)
	}
}

func TestTaskThatIsNotThere(t *testing.T) {
	m := machine(false, nil, wintask.Task{PID: 8, Created: noon})
	m.whole = false
	if err := m.describe(t.Context(), []int{8, 9}); err != nil {
		t.Fatal(err)
	}
	got := m.done()
	if len(got.Processes) != 1 || len(got.Gaps) != 2 || got.Gaps[0].Kind != fact.GapVanished || got.Gaps[1].Kind != fact.GapTruncated {
		t.Errorf("%+v", got)
	}
}

func find(all []fact.Process, pid int) (fact.Process, bool) {
	i := slices.IndexFunc(all, func(p fact.Process) bool { return p.PID == pid })
	if i < 0 {
		return fact.Process{}, false
	}
	return all[i], true
}

// big is a machine with 3,000 processes, and 50,000 sockets: of processes that a
// user may not open, and of one that has ended with children left.
func big() (all []wintask.Task, open, ended []fact.Socket) {
	for i := range 3000 {
		all = append(all, wintask.Task{PID: 8 + 4*i, Parent: 8 + 4*(i/8), Name: "x.exe", Created: at(uint64(i))})
	}
	for i := range 50_000 {
		s := owned(8+4*(i%3000), time.Time{})
		s.ID = fact.SocketID(fact.TCP, netip.AddrPort{}, netip.AddrPort{}, uint64(i))
		open = append(open, s)
		s.PID = 5
		ended = append(ended, s)
	}
	all = append(all, wintask.Task{PID: 20_000, Parent: 5, Name: "child.exe", Created: at(9)})
	return all, open, ended
}

// Gaps and links grow with the machine, and so does the time: with its square, this
// test would not end.
func TestBigMachine(t *testing.T) {
	all, open, ended := big()
	closed := func(int, bool) wintask.Detail {
		return wintask.Detail{Faults: []wintask.Fault{{What: wintask.Whole, Code: 5, Err: "denied"}}}
	}
	got := hold(t, newTasks(all, true, closed, false), append(open, ended...)...)
	held := 0
	for _, l := range got.Links {
		if l.Kind == fact.HeldBy || l.Kind == fact.InheritedBy {
			held++
		}
	}
	if held != len(open)+len(ended) || len(got.Gaps) != 3001+len(ended) {
		t.Errorf("%d sockets are linked and %d gaps told", held, len(got.Gaps))
	}
}

func BenchmarkBigMachine(b *testing.B) {
	all, open, ended := big()
	for b.Loop() {
		m := newTasks(all, true, func(int, bool) wintask.Detail { return wintask.Detail{} }, false)
		if err := m.hold(b.Context(), append(open, ended...)); err != nil {
			b.Fatal(err)
		}
		m.done()
	}
}
