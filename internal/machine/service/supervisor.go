package service

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// recogniser is one kind of supervisor or starter that shows as an ancestor. A
// process is one when every column that is set holds.
type recogniser struct {
	manager string
	is      string // program is one of these names, exactly
	script  string // an interpreter runs one of these scripts or modules
	title   string // the process calls itself something that begins so
	within  string // its executable or script lies below such a folder
	args    string // it has this argument, or these in a row
	// named tells where the name of the service is: "argv" the supervisor's first
	// argument, "env:X" a variable of the process, "" the supervisor's own name.
	named   string
	restart string // what it does when its process ends, where that is fixed
}

// recognisers is a closed set; what is not in it is not guessed.
var recognisers = [...]recogniser{
	{manager: "runit", is: "runsv", named: "argv", restart: "always"},
	{manager: "daemontools", is: "supervise", named: "argv", restart: "always"},
	{manager: "s6", is: "s6-supervise", named: "argv", restart: "always"},
	{manager: "openrc", is: "supervise-daemon", named: "argv", restart: "always"},
	{manager: "supervisord", is: "supervisord", named: "env:SUPERVISOR_PROCESS_NAME"},
	{manager: "supervisord", script: "supervisord", named: "env:SUPERVISOR_PROCESS_NAME"},
	{manager: "pm2", title: "PM2 v", named: "env:name", restart: "always"},
	{manager: "forever", script: "forever monitor", within: "/forever", restart: "always"},
	{manager: "circus", script: "circusd"},
	{manager: "monit", is: "monit"},
	{manager: "cron", is: "cron crond fcron anacron atd"},
	{manager: "inetd", is: "inetd xinetd openbsd-inetd inetutils-inetd tcpserver"},
	{manager: "foreman", script: "foreman"},
	{manager: "foreman", title: "foreman: "},
	{manager: "overmind", is: "overmind"},
	{manager: "hivemind", is: "hivemind"},
	{manager: "goreman", is: "goreman"},
	{manager: "honcho", script: "honcho"},
	{manager: "nodemon", script: "nodemon", restart: "on-change"},
	{manager: "ts-node-dev", script: "ts-node-dev tsnd", restart: "on-change"},
	{manager: "tsx watch", script: "tsx cli", args: "watch", restart: "on-change"},
	{manager: "node --watch", is: "node nodejs", args: "--watch", restart: "on-change"},
	{manager: "air", is: "air", restart: "on-change"},
	{manager: "reflex", is: "reflex", restart: "on-change"},
	{manager: "entr", is: "entr", restart: "on-change"},
	{manager: "watchexec", is: "watchexec", restart: "on-change"},
	{manager: "cargo-watch", is: "cargo-watch", restart: "on-change"},
	{manager: "uvicorn --reload", script: "uvicorn", args: "--reload", restart: "on-change"},
	{manager: "flask reloader", script: "flask", args: "run", restart: "on-change"},
	{manager: "django reloader", script: "manage django-admin", args: "runserver", restart: "on-change"},
	{manager: "npm", title: "npm "},
	{manager: "npm", script: "npm npm-cli npx npx-cli"},
	{manager: "pnpm", script: "pnpm"},
	{manager: "yarn", script: "yarn"},
	{manager: "bun", is: "bun", args: "run"},
	{manager: "turbo", is: "turbo"},
	{manager: "turbo", script: "turbo"},
	{manager: "concurrently", script: "concurrently"},
	{manager: "tmux", is: "tmux"},
	{manager: "screen", is: "screen"},
	{manager: "container init", is: "docker-init tini tini-static dumb-init catatonit"},
	{manager: "editor", is: "code code-insiders codium cursor code-server idea idea64 pycharm goland webstorm zed zed-editor sublime_text emacs nvim vim"},
	{manager: "editor", within: "/.vscode-server/"},
	{manager: "editor", within: "/.cursor-server/"},
	{manager: "editor", within: "/jbr/bin/"},
}

// ancestry looks for supervisors among processes by their rows alone.
type ancestry struct {
	byPID map[int]*fact.Process
	known map[int]starter // what each ancestor was recognised as
	units map[fact.ID]bool
	set   fact.Set
}

// starter is what one ancestor is to the processes below it.
type starter struct {
	rule    *recogniser // nil = no supervisor
	session string      // a shell or login, said in words; "" = none
}

// supervised finds the supervisors, shells and sessions above processes. Links of
// one process are nearest first.
func supervised(processes []fact.Process) fact.Set {
	a := ancestry{byPID: make(map[int]*fact.Process, len(processes)), known: map[int]starter{}, units: map[fact.ID]bool{}}
	for i := range processes {
		a.byPID[processes[i].PID] = &processes[i]
	}
	for i := range processes {
		p := &processes[i]
		if p.Kernel || p.PID <= 1 {
			continue
		}
		if !a.climb(p) {
			a.environment(p)
		}
		a.adoption(p)
	}
	return a.set
}

// climb links p to every ancestor that is recognised. It tells whether one was a
// supervisor that names its services by environment.
func (a *ancestry) climb(p *fact.Process) (named bool) {
	child := p
	for range len(a.byPID) {
		up := a.byPID[child.PPID]
		if up == nil || up == child {
			break
		}
		what := a.recognised(up)
		if r := what.rule; r != nil {
			a.start(r.unit(up, p, child), p, r.mainOf(up, child))
			named = named || strings.HasPrefix(r.named, "env:")
		} else if what.session != "" {
			a.link(fact.Link{From: p.ID, To: up.ID, Kind: fact.StartedBy, Evidence: ancestor(up), Note: what.session})
		}
		child = up
	}
	return named
}

func (a *ancestry) recognised(p *fact.Process) starter {
	s, have := a.known[p.PID]
	if !have {
		if s.rule = recognise(p); s.rule == nil {
			s.session = session(p)
		}
		a.known[p.PID] = s
	}
	return s
}

// start adds the unit of a supervisor that started p and, once, the link of its
// main process.
func (a *ancestry) start(u fact.Unit, p, main *fact.Process) {
	if !a.units[u.ID] {
		a.units[u.ID] = true
		a.set.Units = append(a.set.Units, u)
		if main != nil {
			a.link(fact.Link{From: main.ID, To: u.ID, Kind: fact.MainOf, Evidence: u.Evidence})
		}
	}
	a.link(fact.Link{From: p.ID, To: u.ID, Kind: fact.StartedBy, Evidence: u.Evidence})
}

func (a *ancestry) link(l fact.Link) { a.set.Links = append(a.set.Links, l) }

// mainOf is the process that the rule's unit stands for: the service's, where the
// supervisor names its services, and else the supervisor's own.
func (r *recogniser) mainOf(up, child *fact.Process) *fact.Process {
	if r.named == "" {
		return up
	}
	return child
}

func (r *recogniser) unit(up, p, child *fact.Process) fact.Unit {
	u := fact.Unit{Manager: r.manager, Restart: r.restart, MainPID: r.mainOf(up, child).PID, Evidence: ancestor(up)}
	if r.named == "argv" && len(up.Args) > 1 {
		u.Name = firstWord(up.Args[1:])
	} else if variable, ok := strings.CutPrefix(r.named, "env:"); ok {
		u.Name = p.Env[variable]
	}
	u.ID = fact.UnitID(u.Manager, u.Name)
	if u.Name == "" {
		u.Name, u.ID = ownName(up), fact.UnitID(u.Manager, strconv.Itoa(up.PID))
	}
	return u
}

// environment believes what a supervisor left in a process's environment, where
// no ancestor tells.
func (a *ancestry) environment(p *fact.Process) {
	for _, e := range [...]struct{ manager, has, name string }{
		{"supervisord", "SUPERVISOR_ENABLED", "SUPERVISOR_PROCESS_NAME"},
		{"pm2", "PM2_HOME", "name"},
	} {
		if name := p.Env[e.name]; p.Env[e.has] != "" && name != "" {
			a.start(fact.Unit{ID: fact.UnitID(e.manager, name), Manager: e.manager, Name: name, Evidence: "environment: " + e.has}, p, nil)
		}
	}
}

// adoption finds processes whose parent is not the one that started them: they
// hang below PID 1 or a user's systemd, outside any service of it, and still
// belong to a terminal, a login session or the session of another process.
func (a *ancestry) adoption(p *fact.Process) {
	up := a.byPID[p.PPID]
	if up == nil || up.PID != 1 && !isUserSystemd(up) || p.Linux == nil {
		return
	}
	place, ok := FromCgroup(p.Linux.Cgroup)
	var why string
	switch {
	case ok && !strings.HasSuffix(place.Unit, ".scope"), place.Engine != "", place.Unit == "init.scope":
		return
	case ok:
		why = place.Unit
	case p.Terminal != "":
		why = p.Terminal
	case p.Session > 1 && p.Session != p.PID:
		why = "session " + strconv.Itoa(p.Session)
	default:
		return
	}
	a.link(fact.Link{From: p.ID, To: up.ID, Kind: fact.AdoptedBy, Evidence: "parent process and session", Note: why})
}

func isUserSystemd(p *fact.Process) bool {
	return p.PID > 1 && program(p) == "systemd" && slices.Contains(p.Args, "--user")
}

func recognise(p *fact.Process) *recogniser {
	prog := program(p)
	renames := interpreter(prog) || p.Exe == ""
	var file, script string
	if interpreter(prog) {
		file, script = scriptOf(p.Args)
	}
	for i := range recognisers {
		switch r := &recognisers[i]; {
		case r.is != "" && !hasWord(r.is, prog),
			r.script != "" && !hasWord(r.script, script),
			r.title != "" && !(renames && strings.HasPrefix(title(p), r.title)),
			r.within != "" && !strings.Contains(p.Exe, r.within) && !strings.Contains(file, r.within),
			r.args != "" && !slices.Contains(p.Args, r.args):
		default:
			return r
		}
	}
	return nil
}

// session recognises a shell that a person types into, and the process of one
// SSH login.
func session(p *fact.Process) string {
	prog := program(p)
	if who := sshUser(title(p)); who != "" && (p.Exe == "" || prog == "sshd" || prog == "sshd-session") {
		return "ssh session of " + who
	}
	if p.Terminal != "" && hasWord("bash zsh fish dash sh ash ksh mksh tcsh csh elvish nu pwsh xonsh", prog) && interactive(p.Args) {
		return prog + " on " + p.Terminal
	}
	return ""
}

// sshUser is the user in the title of a login's sshd: "sshd: ada@pts/0".
func sshUser(title string) string {
	for _, prefix := range [...]string{"sshd-session: ", "sshd: "} {
		if rest, ok := strings.CutPrefix(title, prefix); ok {
			if who, _, ok := strings.Cut(rest, "@"); ok && !strings.ContainsAny(who, " /") {
				return who
			}
		}
	}
	return ""
}

// interactive tells whether a shell was started to be typed into: it runs no
// script and no -c text.
func interactive(args []string) bool {
	for i := 1; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--init-file" || a == "--rcfile" || a == "-o":
			i++
		case !strings.HasPrefix(a, "-"), !strings.HasPrefix(a, "--") && strings.Contains(a, "c"):
			return false
		}
	}
	return true
}

// program is the name of the file that p runs: by its executable, or as far as
// argv and the short name tell where that is closed to the asker.
func program(p *fact.Process) string {
	name := p.Exe
	if name == "" && len(p.Args) > 0 {
		name = strings.TrimPrefix(p.Args[0], "-")
	}
	if name == "" {
		name = p.Name
	}
	name = base(name)
	if name == "busybox" && len(p.Args) > 0 {
		if name = base(strings.TrimPrefix(p.Args[0], "-")); name == "busybox" && len(p.Args) > 1 {
			name = base(p.Args[1])
		}
	}
	return name
}

func base(file string) string {
	if file == "" {
		return ""
	}
	return strings.TrimSuffix(path.Base(strings.ReplaceAll(file, `\`, "/")), ".exe")
}

func interpreter(prog string) bool {
	for _, name := range [...]string{"node", "nodejs", "python", "ruby", "perl", "php", "bash", "sh", "dash"} {
		if rest, ok := strings.CutPrefix(prog, name); ok && strings.Trim(rest, "0123456789.") == "" {
			return true
		}
	}
	return false
}

// scriptOf is the file that an interpreter runs and that file's name without its
// ending; of python -m it is the module.
func scriptOf(args []string) (file, name string) {
	for i := 1; i < len(args); i++ {
		if args[i] == "-m" && i+1 < len(args) {
			return "", args[i+1]
		}
		if !strings.HasPrefix(args[i], "-") {
			name = base(args[i])
			for _, ending := range [...]string{".js", ".cjs", ".mjs", ".py", ".rb"} {
				name = strings.TrimSuffix(name, ending)
			}
			return args[i], name
		}
	}
	return "", ""
}

// title is what p calls itself.
func title(p *fact.Process) string {
	if len(p.Args) > 0 {
		return p.Args[0]
	}
	return p.Name
}

// ownName is a short name for a supervisor that names no services.
func ownName(p *fact.Process) string {
	name := p.Name
	if interpreter(program(p)) {
		if _, script := scriptOf(p.Args); script != "" {
			name = script
		}
	}
	if t := title(p); strings.HasPrefix(t, "npm ") {
		name = t
	}
	if name == "" {
		name = program(p)
	}
	return name
}

// firstWord is the base name of the first argument that is no option.
func firstWord(args []string) string {
	for _, a := range args {
		if a != "" && !strings.HasPrefix(a, "-") {
			return base(a)
		}
	}
	return ""
}

func ancestor(p *fact.Process) string { return fmt.Sprintf("ancestor %s (%d)", program(p), p.PID) }

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, " ") {
		if w == word {
			return word != ""
		}
	}
	return false
}
