package service

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// proc is a row as the process room makes it.
func proc(pid, ppid int, exe string, args ...string) fact.Process {
	return fact.Process{ID: fact.ProcessID(pid, 0), PID: pid, PPID: ppid, Exe: exe, Name: base(exe), Args: args,
		Linux: &fact.LinuxProcess{}}
}

func with(p fact.Process, change func(*fact.Process)) fact.Process {
	change(&p)
	return p
}

// starters says how process 500 is linked upwards: "manager/name main restart".
func starters(s fact.Set) []string {
	var out []string
	for _, l := range s.Links {
		if l.From != fact.ProcessID(500, 0) || l.Kind != fact.StartedBy {
			continue
		}
		text := string(l.To) + " " + l.Note
		for _, u := range s.Units {
			if u.ID == l.To {
				text = strings.TrimSpace(u.Manager + ": " + u.Name + " " + u.Restart)
			}
		}
		out = append(out, text)
	}
	return out
}

func TestSupervisors(t *testing.T) {
	app := proc(500, 400, "/usr/bin/node", "node", "server.js")
	tty := func(p *fact.Process) { p.Terminal = "pts/3" }
	for name, tc := range map[string]struct {
		rows []fact.Process
		want []string
	}{
		"runit":               {[]fact.Process{app, proc(400, 1, "/usr/bin/runsv", "runsv", "web")}, []string{"runit: web always"}},
		"busybox runit":       {[]fact.Process{app, proc(400, 1, "/bin/busybox", "runsv", "web")}, []string{"runit: web always"}},
		"daemontools":         {[]fact.Process{app, proc(400, 1, "/usr/bin/supervise", "supervise", "web")}, []string{"daemontools: web always"}},
		"s6":                  {[]fact.Process{app, proc(400, 1, "/bin/s6-supervise", "s6-supervise", "/run/service/web")}, []string{"s6: web always"}},
		"openrc":              {[]fact.Process{app, proc(400, 1, "/sbin/supervise-daemon", "supervise-daemon", "web", "--start")}, []string{"openrc: web always"}},
		"cron":                {[]fact.Process{app, proc(400, 1, "/usr/sbin/cron", "/usr/sbin/cron", "-f")}, []string{"cron: cron"}},
		"cron as a user sees": {[]fact.Process{app, proc(400, 1, "", "/usr/sbin/cron", "-f")}, []string{"cron: cron"}},
		"inetd":               {[]fact.Process{app, proc(400, 1, "/usr/sbin/xinetd", "xinetd")}, []string{"inetd: xinetd"}},
		"supervisord": {[]fact.Process{with(app, func(p *fact.Process) { p.Env = map[string]string{"SUPERVISOR_PROCESS_NAME": "web"} }),
			proc(400, 1, "/usr/bin/python3.11", "/usr/bin/python3", "/usr/bin/supervisord", "-n")}, []string{"supervisord: web"}},
		"supervisord, environment closed": {[]fact.Process{app,
			proc(400, 1, "/usr/bin/python3.11", "/usr/bin/python3", "/usr/bin/supervisord", "-n")}, []string{"supervisord: supervisord"}},
		"supervisord by environment alone": {[]fact.Process{with(app, func(p *fact.Process) {
			p.Env = map[string]string{"SUPERVISOR_ENABLED": "1", "SUPERVISOR_PROCESS_NAME": "web"}
		})}, []string{"supervisord: web"}},
		"pm2": {[]fact.Process{with(app, func(p *fact.Process) { p.Env = map[string]string{"name": "api"} }),
			proc(400, 1, "/usr/bin/node", "PM2 v5.3.0: God Daemon (/root/.pm2)")}, []string{"pm2: api always"}},
		"nodemon":        {[]fact.Process{app, proc(400, 1, "/usr/bin/node", "node", "/app/node_modules/.bin/nodemon", "server.js")}, []string{"nodemon: nodemon on-change"}},
		"uvicorn":        {[]fact.Process{app, proc(400, 1, "/usr/bin/python3", "python3", "-m", "uvicorn", "a:app", "--reload")}, []string{"uvicorn --reload: uvicorn on-change"}},
		"flask":          {[]fact.Process{app, proc(400, 1, "/usr/bin/python3", "python3", "/usr/bin/flask", "run")}, []string{"flask reloader: flask on-change"}},
		"node --watch":   {[]fact.Process{app, proc(400, 1, "/usr/bin/node", "node", "--watch", "server.js")}, []string{"node --watch: server on-change"}},
		"foreman":        {[]fact.Process{app, proc(400, 1, "/usr/bin/ruby3.1", "ruby", "/usr/bin/foreman", "start")}, []string{"foreman: foreman"}},
		"overmind":       {[]fact.Process{app, proc(400, 1, "/usr/bin/overmind", "overmind", "s")}, []string{"overmind: overmind"}},
		"container init": {[]fact.Process{app, proc(400, 1, "/sbin/docker-init", "/sbin/docker-init", "--", "node")}, []string{"container init: docker-init"}},
		"vscode server":  {[]fact.Process{app, proc(400, 1, "/home/a/.vscode-server/bin/x/node", "node", "server-main.js")}, []string{"editor: server-main"}},
		"nearest first": {[]fact.Process{app,
			proc(400, 300, "/usr/bin/node", "npm run dev"),
			with(proc(300, 200, "/usr/bin/bash", "-bash"), tty),
			proc(200, 100, "/usr/bin/tmux", "tmux", "new"),
			proc(100, 1, "/usr/sbin/sshd", "sshd: ada@pts/0")},
			[]string{"npm: npm run dev", "proc:300 bash on pts/3", "tmux: tmux", "proc:100 ssh session of ada"}},
		"newer sshd":                {[]fact.Process{app, proc(400, 1, "/usr/lib/openssh/sshd-session", "sshd-session: ada@notty")}, []string{"proc:400 ssh session of ada"}},
		"editor's shell":            {[]fact.Process{app, with(proc(400, 1, "/usr/bin/bash", "/bin/bash", "--init-file", "/x/shellIntegration.sh"), tty)}, []string{"proc:400 bash on pts/3"}},
		"a loop of parents":         {[]fact.Process{app, proc(400, 500, "/usr/bin/runsv", "runsv", "web")}, []string{"runit: web always"}},
		"no such parent":            {[]fact.Process{app}, nil},
		"itself a supervisor":       {[]fact.Process{proc(500, 400, "/usr/bin/runsv", "runsv", "web"), proc(400, 1, "/bin/true")}, nil},
		"cron.py":                   {[]fact.Process{app, proc(400, 1, "/usr/bin/python3", "python3", "/app/cron.py")}, nil},
		"a script called cron":      {[]fact.Process{app, with(proc(400, 1, "/usr/bin/python3", "python3", "/app/cron"), func(p *fact.Process) { p.Name = "cron" })}, nil},
		"crontab":                   {[]fact.Process{app, proc(400, 1, "/usr/bin/crontab", "crontab", "-e")}, nil},
		"runsvdir is not runsv":     {[]fact.Process{app, proc(400, 1, "/usr/bin/runsvdir", "runsvdir", "/etc/service")}, nil},
		"supervisorctl":             {[]fact.Process{app, proc(400, 1, "/usr/bin/python3", "python3", "/usr/bin/supervisorctl")}, nil},
		"a program titled PM2":      {[]fact.Process{app, proc(400, 1, "/opt/pm2clone", "PM2 v1: God Daemon")}, nil},
		"uvicorn without reload":    {[]fact.Process{app, proc(400, 1, "/usr/bin/python3", "python3", "-m", "uvicorn", "a:app")}, nil},
		"flask's other command":     {[]fact.Process{app, proc(400, 1, "/usr/bin/python3", "python3", "/usr/bin/flask", "db", "upgrade")}, nil},
		"nodemon.log as argument":   {[]fact.Process{app, proc(400, 1, "/usr/bin/tail", "tail", "-f", "nodemon")}, nil},
		"shell without terminal":    {[]fact.Process{app, proc(400, 1, "/usr/bin/bash", "bash")}, nil},
		"shell that runs a script":  {[]fact.Process{app, with(proc(400, 1, "/usr/bin/bash", "bash", "run.sh"), tty)}, nil},
		"shell that runs -c":        {[]fact.Process{app, with(proc(400, 1, "/usr/bin/sh", "sh", "-c", "node x"), tty)}, nil},
		"sshd that listens":         {[]fact.Process{app, proc(400, 1, "/usr/sbin/sshd", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups")}, nil},
		"sshd before the login":     {[]fact.Process{app, proc(400, 1, "/usr/sbin/sshd", "sshd: ada [priv]")}, nil},
		"air is not airflow":        {[]fact.Process{app, proc(400, 1, "/usr/bin/python3", "python3", "/usr/bin/airflow")}, nil},
		"pm2 home without its name": {[]fact.Process{with(app, func(p *fact.Process) { p.Env = map[string]string{"PM2_HOME": "/x"} })}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, starters(supervised(tc.rows))); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestSupervisorsServiceProcessIsTheUnitsMain(t *testing.T) {
	s := supervised([]fact.Process{proc(501, 500, "/usr/sbin/nginx", "nginx: worker process"),
		proc(500, 400, "/usr/sbin/nginx", "nginx"), proc(400, 1, "/usr/bin/runsv", "runsv", "web")})
	want := fact.Unit{ID: "unit:runit/web", Manager: "runit", Name: "web", Restart: "always", MainPID: 500, Evidence: "ancestor runsv (400)"}
	if d := cmp.Diff([]fact.Unit{want}, s.Units); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	main := fact.Link{From: "proc:500", To: "unit:runit/web", Kind: fact.MainOf, Evidence: "ancestor runsv (400)"}
	if n := count(s.Links, main); n != 1 {
		t.Errorf("%d links %v among %v", n, main, s.Links)
	}
}

func count(links []fact.Link, want fact.Link) (n int) {
	for _, l := range links {
		if l == want {
			n++
		}
	}
	return n
}

func TestAdoption(t *testing.T) {
	init := proc(1, 0, "/usr/lib/systemd/systemd", "/sbin/init")
	in := func(cgroup, tty string, session int) fact.Process {
		p := proc(500, 1, "/usr/bin/python3", "python3", "-m", "http.server")
		p.Linux.Cgroup, p.Terminal, p.Session = cgroup, tty, session
		return p
	}
	user := with(proc(900, 1, "/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd", "--user"), func(p *fact.Process) {
		p.Linux.Cgroup = "/user.slice/user-1000.slice/user@1000.service/init.scope"
	})
	under := func(p fact.Process, ppid int) fact.Process { p.PPID = ppid; return p }
	for name, tc := range map[string]struct {
		rows []fact.Process
		want string // "" = started by its parent
	}{
		"nohup in a login session":       {[]fact.Process{init, in("/user.slice/user-1000.slice/session-3.scope", "", 77)}, "proc:1 session-3.scope"},
		"closed terminal, no systemd":    {[]fact.Process{init, in("/", "pts/3", 77)}, "proc:1 pts/3"},
		"session of a shell that ended":  {[]fact.Process{init, in("/", "", 77)}, "proc:1 session 77"},
		"by the user's systemd":          {[]fact.Process{init, user, under(in("/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope", "", 77), 900)}, "proc:900 vte-spawn-1.scope"},
		"a service":                      {[]fact.Process{init, in("/system.slice/web.service", "", 77)}, ""},
		"a user's service":               {[]fact.Process{init, user, under(in("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service", "", 77), 900)}, ""},
		"its own session, no systemd":    {[]fact.Process{init, in("/", "", 500)}, ""},
		"the session of PID 1":           {[]fact.Process{init, in("/", "", 1)}, ""},
		"a container":                    {[]fact.Process{init, in("/system.slice/docker-"+hex64+".scope", "", 77)}, ""},
		"the shell is still there":       {[]fact.Process{init, with(proc(77, 1, "/bin/bash", "-bash"), func(p *fact.Process) { p.Session = 77 }), under(in("/user.slice/user-1000.slice/session-3.scope", "pts/3", 77), 77)}, ""},
		"a systemd that is no subreaper": {[]fact.Process{init, proc(900, 1, "/usr/lib/systemd/systemd", "systemd", "--test"), under(in("/", "", 77), 900)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			for _, l := range supervised(tc.rows).Links {
				if l.Kind == fact.AdoptedBy && l.From == fact.ProcessID(500, 0) {
					got = string(l.To) + " " + l.Note
				}
			}
			if got != tc.want {
				t.Errorf("adopted by %q, want %q", got, tc.want)
			}
		})
	}
}

func BenchmarkSupervised(b *testing.B) {
	rows := []fact.Process{proc(500, 400, "/usr/bin/node", "node", "server.js"),
		proc(400, 300, "/usr/bin/node", "npm run dev"), proc(300, 1, "/usr/bin/bash", "-bash"), proc(1, 0, "/sbin/init")}
	for b.Loop() {
		supervised(rows)
	}
}
