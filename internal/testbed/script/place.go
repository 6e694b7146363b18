package script

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berthd/berth/internal/testbed"
)

// Placed is [Params] for scripts that look at a machine or an engine of their own:
//
//	boot [UNIT...]            boot a Debian machine with these units enabled; the
//	                          script's files below machine/ are there already
//	engine docker|podman|rootless
//	                          start a container engine; $IMAGE is its only image
//	wine                      a clean Windows prefix; berth.exe is its berth, the
//	                          script's folder is on drive Z:
//	holds ADDR...             a program of the prefix listens there
//	holds http PREFIX...      a program of the prefix registers there with HTTP.sys;
//	                          with "!" HTTP.sys refuses it
//	holds service NAME=ADDR [OPTION VALUE...]
//	                          a Windows service of that name listens there, its
//	                          program NAME.exe, made with these options of sc
//	                          create; with ",hangs" behind ADDR it hangs when it is
//	                          stopped, with ",proxies" it listens while netsh's
//	                          port proxy has an entry for ADDR, with ",keeps" it
//	                          takes the order to read that again and does nothing
//	holds node ADDR           node for Windows listens there
//	restart                   Windows starts again: a new kernel in the same prefix
//	container ARGS...         the engine runs a container in the background
//	inside [as USER] CMD...   run CMD there, as root or as USER
//	docker|podman ARGS...     run the engine's client
//	exits CODE inside CMD...  the same as inside, held to its exit code; docker and
//	                          podman too
//	begins CMD...             start CMD there, and do not wait for its end
//	kills CMD                 end every program of that name there by force (wine)
//	awaits [as USER] CMD...   run CMD there until it succeeds
//
// Berth is in the place's PATH. Whatever was started ends with the script.
func Placed(dir string) testscript.Params {
	p := Params(dir)
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		e.Values[lent{}] = &lent{t: e.T().(testing.TB)}
		e.Setenv("IMAGE", testbed.Image)
		return setup(e)
	}
	p.Cmds["boot"] = boot
	p.Cmds["engine"] = engine
	p.Cmds["wine"] = wine
	p.Cmds["holds"] = holds
	p.Cmds["restart"] = restart
	p.Cmds["container"] = container
	p.Cmds["inside"] = inside
	p.Cmds["docker"] = client
	p.Cmds["podman"] = client
	p.Cmds["awaits"] = awaits
	p.Cmds["begins"] = begins
	p.Cmds["kills"] = kills
	return p
}

// lent is what one script has been lent.
type lent struct {
	t      testing.TB
	place  *testbed.Place
	berth  string // what berth is called there; "" is berth
	engine *testbed.Engine
	prefix *testbed.WinePrefix
}

func of(ts *testscript.TestScript) *lent {
	l, ok := ts.Value(lent{}).(*lent)
	if !ok {
		ts.Fatalf("this folder's scripts have no place of their own")
	}
	return l
}

func (l *lent) fresh(ts *testscript.TestScript, neg bool) {
	if neg || l.place != nil {
		ts.Fatalf("one place a script")
	}
}

func boot(ts *testscript.TestScript, neg bool, args []string) {
	l := of(ts)
	l.fresh(ts, neg)
	options, err := machineFiles(ts.MkAbs("machine"))
	ts.Check(err)
	options = append(options, testbed.WithFile("/root/typed", typed), testbed.WithEnabled(args...))
	l.place = &testbed.Boot(l.t, options...).Place
	l.place.BerthPath()
}

// machineFiles reads the files that a machine boots with.
func machineFiles(dir string) ([]testbed.Option, error) {
	var options []testbed.Option
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		options = append(options, testbed.WithFile(strings.TrimPrefix(path, dir), string(data)))
		return err
	})
	if os.IsNotExist(err) {
		return nil, nil
	}
	return options, err
}

func engine(ts *testscript.TestScript, neg bool, args []string) {
	l := of(ts)
	l.fresh(ts, neg)
	switch strings.Join(args, " ") {
	case "docker":
		l.engine = testbed.Docker(l.t)
	case "podman":
		l.engine = testbed.Podman(l.t)
	case "rootless":
		l.engine = testbed.PodmanRootless(l.t)
	default:
		ts.Fatalf("usage: engine docker|podman|rootless")
	}
	l.place = &l.engine.Place
	const folder = "/run/bin"
	l.place.Run("install", "-D", "-m", "755", l.place.BerthPath(), folder+"/berth")
	l.place.Run("install", "-d", "-m", "1777", stateFolder)
}

func container(ts *testscript.TestScript, neg bool, args []string) {
	l := of(ts)
	if neg || l.engine == nil || len(args) == 0 {
		ts.Fatalf("usage: engine NAME, then container ARGS... $IMAGE CMD...")
	}
	fmt.Fprint(ts.Stdout(), l.engine.Container(args...))
}

func inside(ts *testscript.TestScript, neg bool, args []string) {
	if code := said(ts, of(ts).try(ts, args)); neg == (code == 0) {
		ts.Fatalf("inside %s ended with %d", strings.Join(args, " "), code)
	}
}

func client(ts *testscript.TestScript, neg bool, args []string) {
	if code := said(ts, of(ts).client(ts, args)); neg == (code == 0) {
		ts.Fatalf("%s ended with %d", strings.Join(args, " "), code)
	}
}

func begins(ts *testscript.TestScript, neg bool, args []string) {
	l := of(ts)
	if neg || l.place == nil || len(args) == 0 {
		ts.Fatalf("usage: begins CMD...")
	}
	l.place.Start(l.program(args[0]), args[1:]...)
}

// program is how a command is called in the place.
func (l *lent) program(name string) string {
	if name == "berth" && l.berth != "" {
		return l.berth
	}
	return name
}

func awaits(ts *testscript.TestScript, neg bool, args []string) {
	l := of(ts)
	if neg {
		ts.Fatalf("usage: awaits CMD...")
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if l.try(ts, args).Code == 0 {
			return
		}
	}
	ts.Fatalf("waited in vain for %s", strings.Join(args, " "))
}

// placed runs a command of exits in the script's place, if it is one of those.
func placed(ts *testscript.TestScript, args []string) (code int, ok bool) {
	switch args[0] {
	case "inside":
		return said(ts, of(ts).try(ts, args[1:])), true
	case "docker", "podman":
		return said(ts, of(ts).client(ts, args[1:])), true
	}
	return 0, false
}

// said makes a command's output that of the script's line.
func said(ts *testscript.TestScript, r testbed.Result) int {
	fmt.Fprint(ts.Stdout(), r.Stdout)
	fmt.Fprint(ts.Stderr(), r.Stderr)
	return r.Code
}

// stateFolder is where berth keeps its journal beside an engine; each user has his own in it.
const stateFolder = "/run/state"

const asUser = `u=$1; shift; [ -z "${BERTH_STATE_DIR-}" ] || export BERTH_STATE_DIR="$BERTH_STATE_DIR/$u"; exec setpriv --reuid "$u" --regid "$(id -g "$u")" --clear-groups --inh-caps=-all -- "$@"`

func (l *lent) try(ts *testscript.TestScript, args []string) testbed.Result {
	if l.place == nil || len(args) == 0 || args[0] == "as" && len(args) < 3 {
		ts.Fatalf("usage: boot or engine, then inside [as USER] CMD...")
	}
	if args[0] == "as" {
		args = append([]string{"sh", "-c", asUser}, args...)
	}
	cmd := l.place.Cmd(l.program(args[0]), args[1:]...)
	cmd.Env = append(os.Environ(), "PATH=/run/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "NO_COLOR=1", "HOME=/root")
	if l.engine != nil { // whose /var is everybody's
		cmd.Env = append(cmd.Env, "BERTH_STATE_DIR="+stateFolder)
	}
	return testbed.TryCmd(l.t, cmd)
}

func (l *lent) client(ts *testscript.TestScript, args []string) testbed.Result {
	if l.engine == nil {
		ts.Fatalf("usage: engine NAME, then docker|podman ARGS...")
	}
	return l.engine.TryCLI(args...)
}
