package launchd

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/service/launchd/plist"
)

func list(keys string) string { return "<plist><dict>" + keys + "</dict></plist>" }

func text(key, value string) string { return "<key>" + key + "</key><string>" + value + "</string>" }

func arguments(args ...string) string {
	return "<key>ProgramArguments</key><array><string>" + strings.Join(args, "</string><string>") + "</string></array>"
}

const (
	daemons = "/Library/LaunchDaemons"
	agents  = "/Library/LaunchAgents"
)

// mac has jobs of a made-up Mac.
func mac() map[string]string {
	return map[string]string{
		daemons + "/homebrew.mxcl.httpd.plist": list(text("Label", "homebrew.mxcl.httpd") + arguments("/opt/homebrew/opt/httpd/bin/httpd", "-D", "FOREGROUND") + "<key>KeepAlive</key><true/>"),
		daemons + "/org.example.a.plist":       list(text("Label", "org.example.a") + arguments("/usr/bin/node", "a.js") + text("UserName", "_web")),
		daemons + "/org.example.b.plist":       list(text("Label", "org.example.b") + arguments("/usr/bin/node", "b.js") + "<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>"),
		daemons + "/ssh.plist":                 list(text("Label", "com.openssh.sshd") + text("Program", "/usr/libexec/sshd-keygen-wrapper") + "<key>Disabled</key><true/><key>Sockets</key><dict><key>Listeners</key><dict>" + text("SockServiceName", "ssh") + "</dict></dict>"),
		agents + "/org.example.agent.plist":    list(text("Label", "org.example.agent") + text("Program", "/Applications/A.app/a")),
		daemons + "/README":                    "no list",
	}
}

func from(files map[string]string, uid uint32) source {
	return source{
		folders: []folder{{daemons, false}, {agents, true}, {"/nowhere", true}},
		list: func(folder string) ([]string, error) {
			var names []string
			for file := range files {
				if path.Dir(file) == folder {
					names = append(names, path.Base(file))
				}
			}
			if names == nil {
				return nil, fs.ErrNotExist
			}
			slices.Sort(names)
			return names, nil
		},
		read: func(file string) ([]byte, error) {
			if files[file] == "closed" {
				return nil, fs.ErrPermission
			}
			return []byte(files[file]), nil
		},
		resolve: func(p string) string { return strings.Replace(p, "/opt/homebrew/opt/", "/opt/homebrew/Cellar/", 1) },
		port:    func(_ fact.Proto, name string) uint16 { return map[string]uint16{"ssh": 22}[name] },
		uid:     uid,
	}
}

func proc(pid, ppid int, exe string, change ...func(*fact.Process)) fact.Process {
	uid := uint32(0)
	p := fact.Process{ID: fact.ProcessID(pid, 0), PID: pid, PPID: ppid, Exe: exe, Name: base(exe), UID: &uid}
	for _, fn := range change {
		fn(&p)
	}
	return p
}

func says(label string) func(*fact.Process) {
	return func(p *fact.Process) { p.Env = map[string]string{NameVariable: label} }
}

func args(a ...string) func(*fact.Process) { return func(p *fact.Process) { p.Args = a } }

func of(uid uint32) func(*fact.Process) { return func(p *fact.Process) { p.UID = &uid } }

// ties says how rows hang on units and on launchd: "500 part-of homebrew.mxcl.httpd".
func ties(set fact.Set) []string {
	var out []string
	for _, l := range set.Links {
		to := strings.TrimPrefix(string(l.To), "unit:launchd/")
		out = append(out, strings.TrimSpace(strings.TrimPrefix(string(l.From), "proc:")+" "+string(l.Kind)+" "+to+" "+l.Note))
	}
	return out
}

func ask(t *testing.T, files map[string]string, uid uint32, q Query) fact.Set {
	t.Helper()
	set, err := from(files, uid).reading(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

const cellar = "/opt/homebrew/Cellar/httpd/bin/httpd"

func TestJobsOfProcesses(t *testing.T) {
	launchd := proc(1, 0, "/sbin/launchd")
	for name, c := range map[string]struct {
		procs []fact.Process
		uid   uint32
		want  []string
		hint  string // of a gap beside those of what lists cannot say
	}{
		"it names its job":                      {procs: []fact.Process{proc(500, 1, cellar, says("homebrew.mxcl.httpd"))}, want: []string{"500 part-of homebrew.mxcl.httpd", "500 main-of homebrew.mxcl.httpd"}},
		"it names a job without a list":         {procs: []fact.Process{proc(500, 1, cellar, says("com.docker.vmnetd"))}, want: []string{"500 part-of com.docker.vmnetd", "500 main-of com.docker.vmnetd"}},
		"a worker of it":                        {procs: []fact.Process{proc(501, 500, cellar), proc(500, 1, cellar, says("homebrew.mxcl.httpd"))}, want: []string{"500 part-of homebrew.mxcl.httpd", "500 main-of homebrew.mxcl.httpd", "501 started-by homebrew.mxcl.httpd"}},
		"what a child of it left":               {procs: []fact.Process{proc(500, 1, "/bin/sleep", says("homebrew.mxcl.httpd"))}, want: []string{"500 part-of homebrew.mxcl.httpd"}},
		"by its program, through a link":        {procs: []fact.Process{proc(500, 1, cellar)}, want: []string{"500 part-of homebrew.mxcl.httpd likely", "500 main-of homebrew.mxcl.httpd likely"}},
		"by its arguments, among two":           {procs: []fact.Process{proc(500, 1, "/usr/bin/node", args("/usr/bin/node", "b.js"))}, want: []string{"500 part-of org.example.b", "500 main-of org.example.b"}},
		"two jobs with that program":            {procs: []fact.Process{proc(500, 1, "/usr/bin/node")}},
		"of another user, who does not tell":    {procs: []fact.Process{proc(500, 1, "/usr/bin/node", of(502))}, uid: 501, hint: "sudo launchctl procinfo 500"},
		"the same, asked by root":               {procs: []fact.Process{proc(500, 1, "/usr/bin/node", of(502))}},
		"an application":                        {procs: []fact.Process{proc(500, 1, cellar, says("application.com.docker.docker.1.2"))}},
		"left over by a terminal":               {procs: []fact.Process{launchd, proc(500, 1, "/usr/bin/node", says("0"))}, want: []string{"500 adopted-by proc:1"}},
		"left over, with the program of a job":  {procs: []fact.Process{proc(500, 1, cellar, says("0"))}, want: []string{"500 adopted-by proc:1"}},
		"a child of a shell":                    {procs: []fact.Process{proc(500, 400, cellar, says("homebrew.mxcl.httpd"))}},
		"an agent":                              {procs: []fact.Process{proc(500, 1, "/Applications/A.app/a", of(501))}, uid: 501, want: []string{"500 part-of org.example.agent likely", "500 main-of org.example.agent likely"}},
		"launchd":                               {procs: []fact.Process{launchd}},
		"parents in a circle":                   {procs: []fact.Process{proc(500, 501, cellar), proc(501, 500, cellar)}},
		"a program of a list that has no label": {procs: []fact.Process{proc(500, 1, "/bin/nolabel")}},
	} {
		files := mac()
		files[daemons+"/odd.plist"] = list(text("Program", "/bin/nolabel"))
		set := ask(t, files, c.uid, Query{Processes: c.procs})
		if d := cmp.Diff(c.want, ties(set)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		var hint string
		for _, g := range set.Gaps {
			if g.Kind == fact.GapPermission {
				hint = g.Hint
			} else if g.Kind != fact.GapNoCall || !slices.ContainsFunc(set.Units, func(u fact.Unit) bool { return u.ID == g.About }) {
				t.Errorf("%s: %+v", name, g)
			}
		}
		if hint != c.hint {
			t.Errorf("%s: hint %q, want %q", name, hint, c.hint)
		}
	}
}

func TestUnits(t *testing.T) {
	set := ask(t, mac(), 501, Query{Processes: []fact.Process{proc(500, 1, cellar, says("homebrew.mxcl.httpd"))}, Names: []string{"com.openssh.sshd", "org.example.agent"}})
	want := []fact.Unit{
		{ID: "unit:launchd/homebrew.mxcl.httpd", Manager: Manager, Name: "homebrew.mxcl.httpd", Active: "running", MainPID: 500, User: "root", Restart: "always",
			Fragment: daemons + "/homebrew.mxcl.httpd.plist", ExecStart: "/opt/homebrew/opt/httpd/bin/httpd -D FOREGROUND", Evidence: daemons + "/homebrew.mxcl.httpd.plist"},
		{ID: "unit:launchd/com.openssh.sshd", Manager: Manager, Name: "com.openssh.sshd", User: "root", Restart: "no", FileState: "disabled", Fragment: daemons + "/ssh.plist",
			ExecStart: "/usr/libexec/sshd-keygen-wrapper", Evidence: daemons + "/ssh.plist", Listens: []fact.ListenOn{
				{Kind: "Stream", Address: "0.0.0.0:22", Local: netip.MustParseAddrPort("0.0.0.0:22")}, {Kind: "Stream", Address: "[::]:22", Local: netip.MustParseAddrPort("[::]:22")}}},
		{ID: "unit:launchd/org.example.agent", Manager: Manager, Name: "org.example.agent", UserUID: "501", Restart: "no", Fragment: agents + "/org.example.agent.plist",
			ExecStart: "/Applications/A.app/a", Evidence: agents + "/org.example.agent.plist"},
	}
	if d := cmp.Diff(want, set.Units, cmpopts.EquateComparable(netip.AddrPort{})); d != "" {
		t.Error(d)
	}
	var hints []string
	for _, g := range set.Gaps {
		hints = append(hints, g.Hint)
	}
	if d := cmp.Diff([]string{"launchctl print system/homebrew.mxcl.httpd", "launchctl print system/com.openssh.sshd", "launchctl print gui/501/org.example.agent"}, hints); d != "" {
		t.Error(d)
	}
	if all := ask(t, mac(), 501, Query{All: true}); len(all.Units) != 5 {
		t.Errorf("all: %d", len(all.Units))
	}
}

func TestSocketsOfJobs(t *testing.T) {
	sock := func(at string, pid int, change ...func(*fact.Socket)) fact.Socket {
		s := fact.Socket{ID: fact.ID("sock:" + at), Proto: fact.TCP, Local: netip.MustParseAddrPort(at), State: fact.Listen, PID: pid}
		for _, fn := range change {
			fn(&s)
		}
		return s
	}
	launchd := proc(1, 0, "/sbin/launchd")
	sshd := proc(700, 1, "/usr/libexec/sshd-keygen-wrapper", says("com.openssh.sshd"))
	for name, c := range map[string]struct {
		s    fact.Socket
		want bool
	}{
		"of launchd":               {sock("0.0.0.0:22", 1), true},
		"of launchd, IPv6":         {sock("[::]:22", 1), true},
		"of the job's process":     {sock("0.0.0.0:22", 700), true},
		"another port":             {sock("0.0.0.0:23", 1), false},
		"another address":          {sock("127.0.0.1:22", 1), false},
		"another protocol":         {sock("0.0.0.0:22", 1, func(s *fact.Socket) { s.Proto = fact.UDP }), false},
		"a connection":             {sock("0.0.0.0:22", 1, func(s *fact.Socket) { s.State = fact.Established }), false},
		"of somebody else":         {sock("0.0.0.0:22", 500), false},
		"nobody knows whose it is": {sock("0.0.0.0:22", 0), false},
	} {
		set := ask(t, mac(), 0, Query{Processes: []fact.Process{launchd, sshd}, Sockets: []fact.Socket{c.s}})
		got := slices.ContainsFunc(set.Links, func(l fact.Link) bool {
			return l.From == c.s.ID && l.To == "unit:launchd/com.openssh.sshd" && l.Kind == fact.ListensFor
		})
		if got != c.want {
			t.Errorf("%s: %v %v", name, got, ties(set))
		}
	}
}

func TestRestart(t *testing.T) {
	for keys, want := range map[string]string{
		"":                                  "no",
		"<key>KeepAlive</key><true/>":       "always",
		"<key>KeepAlive</key><false/>":      "no",
		"<key>KeepAlive</key><dict></dict>": "no",
		"<key>OnDemand</key><false/>":       "always",
		"<key>OnDemand</key><true/>":        "no",
		"<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>": "on-failure",
		"<key>KeepAlive</key><dict><key>SuccessfulExit</key><true/></dict>":  "on-success",
		"<key>KeepAlive</key><dict><key>Crashed</key><true/></dict>":         "on-failure",
		"<key>KeepAlive</key><dict><key>Crashed</key><false/></dict>":        "on-demand",
		"<key>KeepAlive</key><dict><key>NetworkState</key><true/></dict>":    "on-demand",
	} {
		d, err := plist.Parse([]byte(list(keys)))
		if err != nil {
			t.Fatal(err)
		}
		if got := restart(d); got != want {
			t.Errorf("%s: %s, want %s", keys, got, want)
		}
	}
}

func TestSocketsOfLists(t *testing.T) {
	for keys, want := range map[string][]string{
		text("SockServiceName", "8080"):                                                                              {"Stream 0.0.0.0:8080", "Stream [::]:8080"},
		text("SockServiceName", "8080") + text("SockFamily", "IPv4"):                                                 {"Stream 0.0.0.0:8080"},
		text("SockServiceName", "8080") + text("SockFamily", "IPv6"):                                                 {"Stream [::]:8080"},
		text("SockServiceName", "8080") + text("SockFamily", "IPv4v6"):                                               {"Stream [::]:8080"},
		text("SockServiceName", "8080") + text("SockNodeName", "127.0.0.1"):                                          {"Stream 127.0.0.1:8080"},
		text("SockServiceName", "8080") + text("SockNodeName", "localhost"):                                          {"Stream 127.0.0.1:8080", "Stream [::1]:8080"},
		text("SockServiceName", "8080") + text("SockNodeName", "example.org"):                                        nil,
		text("SockServiceName", "8080") + text("SockType", "dgram") + text("SockFamily", "IPv4"):                     {"Datagram 0.0.0.0:8080"},
		"<key>SockServiceName</key><integer>53</integer>" + text("SockProtocol", "UDP") + text("SockFamily", "IPv4"): {"Datagram 0.0.0.0:53"},
		"<key>SockServiceName</key><integer>70000</integer>":                                                         nil,
		"<key>SockServiceName</key><true/>":                                                                          nil,
		text("SockServiceName", "ssh") + text("SockFamily", "IPv4"):                                                  {"Stream 0.0.0.0:22"},
		text("SockServiceName", "nobody-knows"):                                                                      nil,
		text("SockServiceName", "8080") + "<key>SockPassive</key><false/>":                                           nil,
		text("SockPathName", "/var/run/x.sock"):                                                                      {"Stream /var/run/x.sock"},
		"":                                                                                                           nil,
	} {
		d, err := plist.Parse([]byte(list("<key>Sockets</key><dict><key>L</key><array><dict>" + keys + "</dict></array></dict>")))
		if err != nil {
			t.Fatal(err)
		}
		r := reading{source: from(nil, 0)}
		var got []string
		for _, l := range r.sockets(d) {
			got = append(got, l.Kind+" "+l.Address)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", keys, diff)
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	files := mac()
	files[daemons+"/secret.plist"] = "closed"
	files[daemons+"/broken.plist"] = "<plist><dict><string>httpd</string>"
	set := ask(t, files, 501, Query{Processes: []fact.Process{proc(500, 1, cellar)}})
	kinds := map[fact.GapKind]string{}
	for _, g := range set.Gaps {
		kinds[g.Kind] = g.Subject
	}
	if kinds[fact.GapPermission] != daemons+"/secret.plist" || kinds[fact.GapShape] != daemons+"/broken.plist" {
		t.Errorf("%+v", set.Gaps)
	}
	src := from(mac(), 501)
	src.list = func(string) ([]string, error) { return nil, errors.New("too many open files") }
	set, err := src.reading(context.Background(), Query{All: true})
	if err != nil || len(set.Gaps) != 3 || set.Gaps[0].Kind != fact.GapOther {
		t.Errorf("%v %+v", err, set.Gaps)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := from(mac(), 501).reading(ctx, Query{All: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if set, err := Read(context.Background(), Query{}); err != nil || len(set.Units)+len(set.Gaps) > 0 {
		t.Errorf("nothing asked: %v %+v", err, set)
	}
}

// What is not named anywhere is not parsed: a Mac has a thousand lists.
func TestOnlyWantedListsAreParsed(t *testing.T) {
	files := mac()
	files[daemons+"/broken.plist"] = "<plist><dict>"
	set := ask(t, files, 501, Query{Processes: []fact.Process{proc(500, 1, cellar)}})
	if slices.ContainsFunc(set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapShape }) {
		t.Errorf("%+v", set.Gaps)
	}
}

func FuzzJobs(f *testing.F) {
	for _, text := range mac() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		files := map[string]string{daemons + "/x.plist": string(b)}
		set := ask(t, files, 0, Query{All: true})
		if len(set.Units) > 1 || len(set.Units) == 1 && set.Units[0].Name == "" {
			t.Errorf("%+v", set.Units)
		}
	})
}
