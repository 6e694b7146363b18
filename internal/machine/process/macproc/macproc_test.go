package macproc

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/libproc"
)

var boot = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// machine is a Mac that was made up: launchd, a login shell of ada's, a server of
// root's with a worker of _www's, and a leftover of ada's.
type machine struct {
	all  []libproc.Process
	fds  map[int]map[int]libproc.Socket // by PID and descriptor
	uid  uint32                         // of the asker
	args map[int][]string
	long map[int]string // names that are longer than the table's
	gone map[int]bool   // programs without a file
	lost map[int]bool   // ended since the table was read
}

func row(pid, parent int, name string, uid uint32) libproc.Process {
	return libproc.Process{PID: pid, Parent: parent, Name: name, UID: uid, Status: libproc.Running, Terminal: libproc.NoDevice,
		Start: boot.Add(time.Duration(pid)*time.Second + 1500*time.Microsecond)}
}

func tcp(generation uint64) libproc.Socket {
	return libproc.Socket{Kind: libproc.TCP, Protocol: 6, Generation: generation}
}

func newMachine() *machine {
	return &machine{
		all: []libproc.Process{row(0, 0, "kernel_task", 0), row(1, 0, "launchd", 0), row(400, 1, "zsh", 501), row(500, 1, "httpd", 0), row(501, 500, "httpd", 70),
			row(600, 400, "node", 501), row(601, 600, "sleep", 501)},
		fds: map[int]map[int]libproc.Socket{500: {4: tcp(80)}, 501: {4: tcp(80)}, 600: {7: tcp(3000), 8: {}, 9: {Kind: libproc.IP, Protocol: 17, Generation: 3000}}},
		uid: 501, args: map[int][]string{}, long: map[int]string{}, gone: map[int]bool{}, lost: map[int]bool{},
	}
}

func (m *machine) find(pid int) (libproc.Process, error) {
	for _, p := range m.all {
		if p.PID == pid && !m.lost[pid] {
			if m.uid != 0 && m.uid != p.UID {
				return p, syscall.EPERM
			}
			return p, nil
		}
	}
	return libproc.Process{}, syscall.ESRCH
}

func (m *machine) calls() calls {
	return calls{
		table: func() ([]libproc.Process, bool, error) { return m.all, true, nil },
		inform: func(pid int) (libproc.Info, error) {
			p, err := m.find(pid)
			return libproc.Info{PID: pid, Name: p.Name + m.long[pid], Start: p.Start}, err
		},
		path: func(pid int) (string, error) {
			p, err := m.find(pid)
			if libproc.Gone(err) {
				return "", err
			}
			if m.gone[pid] {
				return "", syscall.ENOENT
			}
			return "/usr/sbin/" + p.Name + m.long[pid], nil
		},
		folder: func(pid int) (string, error) {
			_, err := m.find(pid)
			if err != nil {
				return "", err
			}
			return "/Users/ada", nil
		},
		args: func(pid, _ int, keep func(string) bool) (string, []string, map[string]string, bool, error) {
			p, err := m.find(pid)
			if libproc.Denied(err) {
				err = syscall.EINVAL
			}
			if err != nil {
				return "", nil, nil, false, err
			}
			env := map[string]string{}
			if keep("PORT") {
				env["PORT"] = "80"
			}
			return "/opt/" + p.Name, append([]string{p.Name}, m.args[pid]...), env, true, nil
		},
		sockets: func(pid int) ([]int, error) {
			_, err := m.find(pid)
			var fds []int
			for fd := range 10 {
				if _, has := m.fds[pid][fd]; has && err == nil {
					fds = append(fds, fd)
				}
			}
			return fds, err
		},
		socket:  func(pid, fd int) (libproc.Socket, error) { return m.fds[pid][fd], nil },
		session: func(pid int) int { return 400 },
		user:    func(uid uint32) string { return map[uint32]string{0: "root", 501: "ada"}[uid] },
		device: func(path string) int32 {
			if path == "/dev/ttys003" {
				return 0x10000003
			}
			return 0
		},
		uid: m.uid,
	}
}

func keepPort(name string) bool { return name == "PORT" }

// sock is a listener on a port, which is its generation too.
func sock(port uint16, pid int, change ...func(*fact.Socket)) fact.Socket {
	at := netip.AddrPortFrom(netip.IPv4Unspecified(), port)
	s := fact.Socket{ID: fact.SocketID(fact.TCP, at, netip.AddrPort{}, uint64(port)), Proto: fact.TCP, Local: at, State: fact.Listen, PID: pid,
		Evidence: "net.inet.tcp.pcblist_n", Darwin: &fact.DarwinSocket{Generation: uint64(port)}}
	for _, fn := range change {
		fn(&s)
	}
	return s
}

// links says which processes hold a socket: "500 held-by fd 4".
func links(set fact.Set, id fact.ID) []string {
	var out []string
	for _, l := range set.Links {
		if l.From == id {
			pid := strings.TrimPrefix(strings.Split(string(l.To), "@")[0], "proc:")
			out = append(out, strings.TrimSpace(pid+" "+string(l.Kind)+" "+l.Note))
		}
	}
	return out
}

func kinds(set fact.Set) []fact.GapKind {
	var out []fact.GapKind
	for _, g := range set.Gaps {
		out = append(out, g.Kind)
	}
	return out
}

func TestHolders(t *testing.T) {
	root := func(m *machine) { m.uid = 0 }
	inherited := func(m *machine) { m.fds[601] = map[int]libproc.Socket{7: tcp(3000)} }
	kernel := func(s *fact.Socket) { s.Darwin.Kernel = true }
	waiting := func(s *fact.Socket) { s.State = fact.TimeWait }
	for name, c := range map[string]struct {
		s      fact.Socket
		all    bool
		change func(*machine)
		want   []string
		gaps   []fact.GapKind
	}{
		"one's own":                 {s: sock(3000, 600), want: []string{"600 held-by fd 7"}},
		"another user's, last used": {s: sock(80, 501), want: []string{"501 held-by"}, gaps: []fact.GapKind{fact.GapPermission}},
		"another user's, for root":  {s: sock(80, 501), change: root, want: []string{"501 held-by fd 4"}},
		"all of them":               {s: sock(80, 501), all: true, change: root, want: []string{"500 held-by fd 4", "501 held-by fd 4"}},
		"all, as far as they show":  {s: sock(80, 501), all: true, want: []string{"501 held-by"}, gaps: []fact.GapKind{fact.GapPermission, fact.GapOwnersHidden}},
		"passed on to a child":      {s: sock(3000, 600), change: func(m *machine) { delete(m.fds, 600); inherited(m) }, want: []string{"601 held-by fd 7"}},
		"a child has it too":        {s: sock(3000, 600), all: true, change: func(m *machine) { m.uid = 0; inherited(m) }, want: []string{"600 held-by fd 7", "601 inherited-by fd 7"}},
		"a child has it and uses it": {s: sock(3000, 601), all: true, change: func(m *machine) { m.uid = 0; inherited(m) },
			want: []string{"600 held-by fd 7", "601 held-by fd 7"}},
		"the last user has ended, a child has it": {s: sock(3000, 555), change: inherited, want: []string{"600 held-by fd 7", "601 held-by fd 7"}},
		"the last user has ended":                 {s: sock(81, 555), gaps: []fact.GapKind{fact.GapVanished}},
		"ended since the table":                   {s: sock(3000, 600), change: func(m *machine) { m.lost[600] = true }, gaps: []fact.GapKind{fact.GapOwnersHidden}},
		"nobody has it":                           {s: sock(81, 600), change: root, gaps: []fact.GapKind{fact.GapKernelOwned}},
		"nobody who shows it":                     {s: sock(81, 600), gaps: []fact.GapKind{fact.GapOwnersHidden}},
		"no last user":                            {s: sock(3000, 0), want: []string{"600 held-by fd 7"}},
		"the kernel's":                            {s: sock(80, 501, kernel), gaps: []fact.GapKind{fact.GapKernelOwned}},
		"a listener without descriptors":          {s: sock(80, 501, func(s *fact.Socket) { s.Darwin.NoDescriptor = true }), gaps: []fact.GapKind{fact.GapKernelOwned}},
		"a connection nobody accepted":            {s: sock(80, 501, func(s *fact.Socket) { s.Darwin.NoDescriptor, s.State = true, fact.Established })},
		"what is left of a connection":            {s: sock(80, 501, waiting)},
		"of UDP, with the same number":            {s: sock(3000, 600, func(s *fact.Socket) { s.Proto = fact.UDP }), want: []string{"600 held-by fd 9"}},
	} {
		m := newMachine()
		if c.change != nil {
			c.change(m)
		}
		set, err := holders(context.Background(), Query{Sockets: []fact.Socket{c.s}, All: c.all, KeepEnv: keepPort}, m.calls())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, links(set, c.s.ID)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(c.gaps, kinds(set)); d != "" {
			t.Errorf("%s: %s %+v", name, d, set.Gaps)
		}
	}
}

func TestDescribe(t *testing.T) {
	m := newMachine()
	m.all[5].Terminal, m.all[5].Status = 0x10000003, libproc.Stopped
	m.args[600] = []string{"server.js"}
	set, err := describe(context.Background(), Query{KeepEnv: keepPort}, m.calls(), []int{600})
	if err != nil || len(set.Gaps) > 0 {
		t.Fatal(err, set.Gaps)
	}
	uid := uint32(501)
	want := fact.Process{ID: fact.ProcessID(600, uint64(m.all[5].Start.UnixMicro())), PID: 600, PPID: 400, Name: "node", Start: boot.Add(600 * time.Second),
		Exe: "/usr/sbin/node", Args: []string{"node", "server.js"}, Env: map[string]string{"PORT": "80"}, User: "ada", UID: &uid, Cwd: "/Users/ada",
		State: "stopped", Terminal: "ttys003", Session: 400, Evidence: byTable}
	if d := cmp.Diff(want, set.Processes[0]); d != "" {
		t.Error(d)
	}
	var ancestry []string
	for _, l := range set.Links {
		ancestry = append(ancestry, string(l.Kind)+" "+strings.Split(string(l.To), "@")[0])
	}
	if d := cmp.Diff([]string{"child-of proc:400", "child-of proc:1"}, ancestry); d != "" {
		t.Error(d)
	}
}

// Each claim has its twin: one fact changed, another answer.
func TestDescribeTwins(t *testing.T) {
	ask := func(change func(*machine)) (fact.Process, []fact.GapKind) {
		m := newMachine()
		change(m)
		set, err := describe(context.Background(), Query{KeepEnv: keepPort}, m.calls(), []int{600})
		if err != nil || len(set.Processes) == 0 {
			t.Fatal(err, set.Gaps)
		}
		return set.Processes[0], kinds(set)
	}
	none := []fact.GapKind(nil)
	for name, c := range map[string]struct {
		change func(*machine)
		want   func(fact.Process) any
		is     any
		gaps   []fact.GapKind
	}{
		"another's":                {func(m *machine) { m.uid = 502 }, func(p fact.Process) any { return p.Args }, []string(nil), []fact.GapKind{fact.GapPermission}},
		"another's path":           {func(m *machine) { m.uid = 502 }, func(p fact.Process) any { return p.Exe }, "/usr/sbin/node", []fact.GapKind{fact.GapPermission}},
		"its file is there":        {func(m *machine) {}, func(p fact.Process) any { return p.ExeState }, "", none},
		"its file is gone":         {func(m *machine) { m.gone[600] = true }, func(p fact.Process) any { return p.Exe + " " + p.ExeState }, "/opt/node deleted", none},
		"a short name":             {func(m *machine) {}, func(p fact.Process) any { return p.NameCut }, false, none},
		"a long name":              {func(m *machine) { m.all[5].Name, m.long[600] = "com.docker.backe", "nd" }, func(p fact.Process) any { return p.Name }, "com.docker.backend", none},
		"a long name, by its file": {func(m *machine) { m.all[5].Name, m.long[600], m.uid = "com.docker.backe", "nd", 502 }, func(p fact.Process) any { return p.Name }, "com.docker.backend", []fact.GapKind{fact.GapPermission}},
		"a name that is as long":   {func(m *machine) { m.all[5].Name = "exactly16letters" }, func(p fact.Process) any { return p.NameCut }, false, none},
		"a zombie":                 {func(m *machine) { m.all[5].Status = libproc.Zombie }, func(p fact.Process) any { return p.State + p.Exe }, "zombie", none},
		"stopped by a debugger":    {func(m *machine) { m.all[5].Status, m.all[5].Traced = libproc.Stopped, true }, func(p fact.Process) any { return p.State }, "traced", none},
		"running under one":        {func(m *machine) { m.all[5].Traced = true }, func(p fact.Process) any { return p.State }, "running", none},
		"a parent that is younger": {func(m *machine) { m.all[2].Start = boot.Add(time.Hour) }, func(p fact.Process) any { return p.PPID }, 0, none},
		"another terminal":         {func(m *machine) { m.all[5].Terminal = 0x10000004 }, func(p fact.Process) any { return p.Terminal }, "", none},
		"without a start":          {func(m *machine) { m.all[5].Start = time.Time{} }, func(p fact.Process) any { return p.ID }, fact.ID("proc:600"), none},
		"it ended since":           {func(m *machine) { m.lost[600] = true }, func(p fact.Process) any { return p.Name }, "node", []fact.GapKind{fact.GapVanished}},
	} {
		p, gaps := ask(c.change)
		if d := cmp.Diff(c.is, c.want(p)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(c.gaps, gaps); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestAnotherProcessMeanwhile(t *testing.T) {
	m := newMachine()
	c := m.calls()
	c.inform = func(int) (libproc.Info, error) { return libproc.Info{Start: boot.Add(time.Hour)}, nil }
	set, err := describe(context.Background(), Query{KeepEnv: keepPort}, c, []int{600})
	if err != nil || len(set.Processes[0].Args) > 0 || set.Gaps[0].Kind != fact.GapPIDReused {
		t.Errorf("%v %+v", err, set)
	}
}

func TestFailures(t *testing.T) {
	m := newMachine()
	set, err := describe(context.Background(), Query{KeepEnv: keepPort}, m.calls(), []int{777})
	if err != nil || len(set.Processes) > 0 || set.Gaps[0].Kind != fact.GapVanished {
		t.Errorf("no such process: %v %+v", err, set)
	}
	c := m.calls()
	c.table = func() ([]libproc.Process, bool, error) { return m.all, false, nil }
	if set, _ := describe(context.Background(), Query{KeepEnv: keepPort}, c, []int{600}); set.Gaps[0].Kind != fact.GapTruncated {
		t.Errorf("a table that was cut: %+v", set.Gaps)
	}
	for e, want := range map[error]fact.GapKind{syscall.EPERM: fact.GapPermission, syscall.ENOSYS: fact.GapNoCall, syscall.EIO: fact.GapOther} {
		c.table = func() ([]libproc.Process, bool, error) { return nil, false, e }
		set, err := holders(context.Background(), Query{Sockets: []fact.Socket{sock(80, 501)}}, c)
		if err != nil || set.Gaps[0].Kind != want {
			t.Errorf("%v: %v %+v", e, err, set.Gaps)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, all := range []bool{false, true} {
		if _, err := holders(ctx, Query{Sockets: []fact.Socket{sock(80, 501)}, All: all}, m.calls()); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
}
