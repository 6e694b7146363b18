package process

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

func proc(pid int, exe string) *fact.Process {
	return &fact.Process{PID: pid, Exe: exe, Name: exe, Session: pid}
}

func TestRoles(t *testing.T) {
	const held, heir = fact.HeldBy, fact.InheritedBy
	activated := proc(20, "nginx")
	activated.Env = map[string]string{"LISTEN_FDS": "1", "LISTEN_PID": "20"}
	copied := proc(21, "sleep") // the variables of its parent
	copied.Env = map[string]string{"LISTEN_FDS": "1", "LISTEN_PID": "20"}
	bySession := proc(22, "sleep")
	bySession.Session = 7
	for what, c := range map[string]struct {
		holders []holder
		waits   []int // PIDs that wait on the descriptor
		want    []fact.LinkKind
	}{
		"alone":               {[]holder{{p: proc(9, "a"), ancestors: []int{5, 1}}}, nil, []fact.LinkKind{held}},
		"a daemon that waits": {[]holder{{p: proc(9, "a"), ancestors: []int{1}}}, []int{9}, []fact.LinkKind{held}},
		"left over":           {[]holder{{p: proc(9, "a"), ancestors: []int{1}}}, nil, []fact.LinkKind{heir}},
		"left to a subreaper": {[]holder{{p: bySession, ancestors: []int{6, 1}}}, nil, []fact.LinkKind{heir}},
		"its session lives":   {[]holder{{p: bySession, ancestors: []int{7, 1}}}, nil, []fact.LinkKind{held}},
		"two left of one program": {
			[]holder{{p: proc(8, "a"), ancestors: []int{1}}, {p: proc(9, "a"), ancestors: []int{1}}}, nil, []fact.LinkKind{held, held}},
		"master and idle workers": {
			[]holder{{p: proc(8, "a"), ancestors: []int{1}}, {p: proc(9, "a"), ancestors: []int{8, 1}}}, nil, []fact.LinkKind{held, held}},
		"server and its sleep": {
			[]holder{{p: proc(8, "a"), ancestors: []int{1}}, {p: proc(9, "sleep"), ancestors: []int{8, 1}}}, nil, []fact.LinkKind{held, heir}},
		"a shell between them": {
			[]holder{{p: proc(8, "a"), ancestors: []int{1}}, {p: proc(10, "sleep"), ancestors: []int{9, 8, 1}}}, nil, []fact.LinkKind{held, heir}},
		"master and workers of another program, one of them busy elsewhere": {
			[]holder{{p: proc(8, "master"), ancestors: []int{1}}, {p: proc(9, "smtpd"), ancestors: []int{8, 1}}, {p: proc(10, "smtpd"), ancestors: []int{8, 1}}},
			[]int{9}, []fact.LinkKind{held, held, held}},
		"unrelated, by a passed descriptor": {
			[]holder{{p: proc(8, "a"), ancestors: []int{1}}, {p: proc(9, "b"), ancestors: []int{1}}}, nil, []fact.LinkKind{held, held}},
		"PID 1 and its service": {
			[]holder{{p: proc(1, "systemd")}, {p: proc(20, "nginx"), ancestors: []int{1}}}, nil, []fact.LinkKind{held, held}},
		"a manager, an activated service and its child": {
			[]holder{{p: proc(8, "systemd"), ancestors: []int{1}}, {p: activated, ancestors: []int{8, 1}}, {p: copied, ancestors: []int{20, 8, 1}}},
			nil, []fact.LinkKind{held, held, heir}},
	} {
		idle := func(h holder) bool {
			for _, pid := range c.waits {
				if pid == h.p.PID {
					return false
				}
			}
			return true
		}
		var got []fact.LinkKind
		for _, r := range roles(c.holders, idle) {
			got = append(got, r.kind)
			if (r.kind == heir) != (r.evidence != "") {
				t.Errorf("%s: %s for the reason %q", what, r.kind, r.evidence)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

func TestKeepEnvIsTheShortList(t *testing.T) {
	for name, want := range map[string]bool{"LISTEN_FDS": true, "PORT": true, "SSH_CONNECTION": true, "PATH": false, "DATABASE_URL": false, "PORTS": false, "": false} {
		if keepEnv(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestRolesAskAboutEachHolderOnce(t *testing.T) {
	holders := []holder{{p: &fact.Process{PID: 10, Name: "server"}, ancestors: []int{1}}}
	for pid := range 20 {
		holders = append(holders, holder{p: &fact.Process{PID: 100 + pid, PPID: 10, Name: "sleep"}, ancestors: []int{10, 1}})
	}
	asked := map[int]int{}
	idle := once(func(h holder) bool { asked[h.p.PID]++; return true })
	for i, r := range roles(holders, idle)[1:] {
		if r.kind != fact.InheritedBy || asked[100+i] != 1 {
			t.Errorf("PID %d: %s, asked %d times", 100+i, r.kind, asked[100+i])
		}
	}
}
