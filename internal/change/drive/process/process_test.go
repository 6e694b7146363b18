package process

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

// made is a machine with one process, number 412, that a test makes up.
type made struct {
	row   fact.Process
	gaps  []fact.Gap
	alive bool // its handle says so
	sent  []act
	// looked is called whenever the row is read.
	looked func(m *made)
	// after is what becomes of the row when something was sent.
	after func(m *made, a act)
}

func (m *made) driver() Driver {
	return Driver{machine{
		describe: func(_ context.Context, pids ...int) (fact.Set, error) {
			if pids[0] != 412 {
				return fact.Set{}, nil
			}
			if m.looked != nil {
				m.looked(m)
			}
			set := fact.Set{Gaps: m.gaps}
			if m.row.PID != 0 {
				set.Processes = []fact.Process{m.row}
			}
			return set, nil
		},
		open:     func(int) (handle, error) { return m, nil },
		sharers:  func(context.Context, int) []int { return nil },
		critical: func(pid int) bool { return pid == 412 && m.row.Name == "csrss.exe" },
		reserved: []int{0, 1}, self: 7,
	}}
}

func (m *made) send(a act) error {
	m.sent = append(m.sent, a)
	if m.after != nil {
		m.after(m, a)
	}
	return nil
}

func (m *made) await(ctx context.Context, _ time.Duration) (bool, error) {
	return !m.alive, ctx.Err()
}

func (m *made) close() {}

func node() *made {
	return &made{alive: true, row: fact.Process{ID: fact.ProcessID(412, 99), PID: 412, Name: "node", State: "running",
		Exe: "/usr/bin/node", Args: []string{"node", "--token=abc", "app.js"}, Cwd: "/srv", User: "web"}}
}

func of(pairs ...string) plan.Subject {
	s := plan.Subject{Kind: plan.Process, Name: "412", Of: map[string]string{"start": "99"}}
	for i := 0; i < len(pairs); i += 2 {
		s.Of[pairs[i]] = pairs[i+1]
	}
	return s
}

func TestReadOfARow(t *testing.T) {
	whole := plan.State{"state": Running, "exe": "/usr/bin/node", "command": "node --token=" + fact.Redacted + " app.js", "cwd": "/srv", "user": "web"}
	with := func(pairs ...string) plan.State {
		s := plan.State{}
		for k, v := range whole {
			s[k] = v
		}
		for i := 0; i < len(pairs); i += 2 {
			s[pairs[i]] = pairs[i+1]
		}
		return s
	}
	for what, c := range map[string]struct {
		change func(m *made)
		want   plan.State
	}{
		"running":                  {func(*made) {}, whole},
		"stopped":                  {func(m *made) { m.row.State = "stopped" }, with("state", Stopped)},
		"traced":                   {func(m *made) { m.row.State = "traced" }, with("state", Stopped, "note", "traced")},
		"a zombie":                 {func(m *made) { m.row.State, m.alive = "zombie", false }, plan.State{"state": Gone, "note": "zombie"}},
		"its main thread ended":    {func(m *made) { m.row.State = "zombie" }, with("note", "main thread ended")},
		"not there":                {func(m *made) { m.row.PID = 0; m.gaps = []fact.Gap{{Kind: fact.GapVanished}} }, plan.State{"state": Gone}},
		"another has its number":   {func(m *made) { m.row.ID = fact.ProcessID(412, 100) }, plan.State{"state": Gone, "note": "reused"}},
		"another user of a number": {func(m *made) { m.row.User = ""; m.row.UID = new(uint32) }, with("user", "0")},
	} {
		m := node()
		c.change(m)
		got, err := m.driver().Read(t.Context(), of())
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
		}
	}
}

func TestWhatCannotBeLookedAt(t *testing.T) {
	for kind, want := range map[fact.GapKind]error{
		fact.GapHidepid: fs.ErrPermission, fact.GapPermission: fs.ErrPermission, fact.GapNotThisOS: errors.ErrUnsupported, fact.GapOther: nil,
	} {
		m := &made{gaps: []fact.Gap{{Kind: kind, Err: "because"}}}
		got, err := m.driver().Read(t.Context(), of())
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, %v", kind, got, err)
		}
	}
	m := node()
	m.row.Linux = &fact.LinuxProcess{ThreadOf: 400}
	if _, err := m.driver().Read(t.Context(), of()); err == nil {
		t.Error("a thread is read as a process")
	}
}

func TestOrders(t *testing.T) {
	exits := func(m *made, _ act) { m.alive = false }
	for what, c := range map[string]struct {
		change func(m *made)
		of     []string
		before plan.State
		to     plan.State
		sent   []act
		fail   error
	}{
		"asked":                  {change: func(m *made) { m.after = exits }, to: plan.State{"state": Gone}, sent: []act{ask}},
		"deaf":                   {to: plan.State{"state": Gone}, sent: []act{ask}, fail: plan.ErrAlive},
		"deaf, and killed":       {of: []string{"force", "yes"}, change: func(m *made) { m.after = func(m *made, a act) { m.alive = a != kill } }, to: plan.State{"state": Gone}, sent: []act{ask, kill}},
		"killed in vain":         {of: []string{"force", "yes"}, to: plan.State{"state": Gone}, sent: []act{ask, kill}, fail: plan.ErrAlive},
		"a stopped job":          {change: func(m *made) { m.row.State, m.after = "stopped", exits }, to: plan.State{"state": Gone}, sent: []act{ask, resume}},
		"the same program":       {before: plan.State{"exe": "/usr/bin/node"}, change: func(m *made) { m.after = exits }, to: plan.State{"state": Gone}, sent: []act{ask}},
		"another program":        {before: plan.State{"exe": "/usr/bin/php"}, to: plan.State{"state": Gone}, fail: ErrOther},
		"another after the ask":  {of: []string{"force", "yes"}, before: plan.State{"exe": "/usr/bin/node"}, change: func(m *made) { m.after = func(m *made, _ act) { m.row.Exe = "/bin/x" } }, to: plan.State{"state": Gone}, sent: []act{ask}, fail: ErrOther},
		"ended and reused":       {of: []string{"force", "yes"}, change: func(m *made) { m.after = func(m *made, _ act) { m.row.ID = fact.ProcessID(412, 100) } }, to: plan.State{"state": Gone}, sent: []act{ask}},
		"a kernel thread":        {change: func(m *made) { m.row.Kernel = true }, to: plan.State{"state": Gone}, fail: ErrNever},
		"a protected process":    {change: func(m *made) { m.row.Windows = &fact.WindowsProcess{Protected: "light"} }, to: plan.State{"state": Gone}, fail: ErrNever},
		"an ordinary of Windows": {change: func(m *made) { m.row.Windows, m.after = &fact.WindowsProcess{}, exits }, to: plan.State{"state": Gone}, sent: []act{ask}},
		"a critical process":     {change: func(m *made) { m.row.Name = "csrss.exe" }, to: plan.State{"state": Gone}, fail: ErrNever},
		"stopped":                {change: func(m *made) { m.after = func(m *made, _ act) { m.row.State = "stopped" } }, to: plan.State{"state": Stopped}, sent: []act{pause}},
		"running already":        {to: plan.State{"state": Running}},
		"another field":          {to: plan.State{"exe": "/bin/x"}, fail: errAny},
		"nothing":                {fail: errAny},
		"another word":           {to: plan.State{"state": "asleep"}, fail: errAny},
		"no time":                {of: []string{"grace", "long"}, to: plan.State{"state": Gone}, fail: errAny},
		"no start":               {of: []string{"start", ""}, to: plan.State{"state": Gone}, fail: errAny},
	} {
		m := node()
		if c.change != nil {
			c.change(m)
		}
		err := m.driver().Set(t.Context(), of(c.of...), c.before, c.to)
		if (err == nil) != (c.fail == nil) || c.fail != nil && c.fail != errAny && !errors.Is(err, c.fail) {
			t.Errorf("%s: %v, want %v", what, err, c.fail)
		}
		if diff := cmp.Diff(c.sent, m.sent); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// Whoever was sent something and not seen to end may end yet; the twin was sent nothing.
func TestMayEndYet(t *testing.T) {
	for name, c := range map[string]struct {
		of   []string
		done act // with which the asker goes away
		want bool
	}{"asked": {want: true}, "asked, and interrupted": {done: ask, want: true}, "killed": {of: []string{"force", "yes"}, want: true}, "never to be ended": {of: []string{"start", "98"}}} {
		ctx, cancel := context.WithCancel(t.Context())
		m := node()
		m.after = func(_ *made, a act) {
			if name == "asked, and interrupted" && a == c.done {
				cancel()
			}
		}
		err := m.driver().Set(ctx, of(c.of...), nil, plan.State{"state": Gone})
		if errors.Is(err, plan.ErrMayEnd) != c.want || errors.Is(err, context.Canceled) != (ctx.Err() != nil) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	m := node()
	m.row.Kernel = true
	if err := m.driver().Set(t.Context(), of(), nil, plan.State{"state": Gone}); err == nil || errors.Is(err, plan.ErrMayEnd) {
		t.Errorf("a kernel thread: %v", err)
	}
}

// errAny stands for an error that has no name.
var errAny = errors.New("any")

// A process that is just ending has no program for a moment; another program is another
// program at the first look.
func TestNoProgramForAMoment(t *testing.T) {
	for _, c := range []struct {
		then string
		fail error
	}{{"/usr/bin/node", nil}, {"/bin/other", ErrOther}} {
		m, looks := node(), 0
		m.after = func(m *made, _ act) { m.alive = false }
		m.looked = func(m *made) {
			if looks++; looks < 3 {
				m.row.Exe = ""
			} else {
				m.row.Exe = c.then
			}
		}
		err := m.driver().Set(t.Context(), of(), plan.State{"exe": "/usr/bin/node"}, plan.State{"state": Gone})
		if !errors.Is(err, c.fail) || (len(m.sent) == 0) != (c.fail != nil) || c.fail != nil && looks != 3 {
			t.Errorf("%s: %v, sent %v after %d looks", c.then, err, m.sent, looks)
		}
	}
}

func TestSubjects(t *testing.T) {
	for _, s := range []plan.Subject{{Kind: plan.Process, Name: "-4"}, {Kind: plan.Process, Name: "nginx"}, {Kind: plan.Process, Name: "4294967296"}, {Kind: plan.Unit, Name: "412"}} {
		if state, err := node().driver().Read(t.Context(), s); err == nil {
			t.Errorf("%v: %v", s, state)
		}
	}
}

func TestWaiting(t *testing.T) {
	table := "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 x\n" +
		"   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 x\n" +
		"  10: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 4713 2 x\n" +
		"   2: 0100007F:1F90 0100007F:9C40 06 00000000:00000000 03:00000000 00000000     0        0 0 3 x\n" +
		"garbage 0A\n"
	if diff := cmp.Diff([]uint64{4711, 4713}, waiting([]byte(table))); diff != "" {
		t.Error(diff)
	}
}

func FuzzWaiting(f *testing.F) {
	f.Add([]byte("   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 x\n"))
	f.Fuzz(func(t *testing.T, table []byte) {
		for _, inode := range waiting(table) {
			if inode == 0 {
				t.Fatal("an inode 0")
			}
		}
	})
}
