// Package script is the language of berth's txtar scripts: testscript's own
// commands and those that a port needs.
//
//	port ADDR NAME      choose a port that is free now and set $NAME to it
//	exits CODE CMD...   run CMD and hold it to its exit code
//	shows FILE          the last stdout is FILE, once what differs from run to run
//	                    (PIDs, times, the temporary folder) is written as a word in
//	                    both; with BERTH_UPDATE=1 the script's FILE becomes it
//	schema KIND         the last stdout is one document that fits the schema of KIND
//	start NAME CMD...   start CMD, wait until it says "ready", set $NAME to its PID;
//	                    it is killed when the script ends, if it still runs; its
//	                    folder is that of the script, or / until the script chose one
//	type NAME LINE [UNTIL]  write LINE to its standard input, wait until it says UNTIL
//	gone NAME           wait until it has ended by itself
//	end NAME            kill it
//	clean               the last stdout and stderr are what a terminal can show
//	hammer TIMES CMD... run CMD so often; every exit code is 0 or 1
package script

import (
	"errors"
	"maps"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berthd/berth/internal/testbed/holder"
)

// Commands adds the programs that scripts start to those of the caller.
func Commands(own map[string]func()) map[string]func() {
	all := maps.Clone(own)
	all["holder"], all["init"] = holder.Main, holder.Init
	return all
}

// Params runs the scripts of one folder.
func Params(folder string) testscript.Params {
	return testscript.Params{
		Dir: folder, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LC_ALL", "C.UTF-8")
			e.Setenv("NO_COLOR", "1")
			e.Values[dir{}] = folder
			newJobs(e)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"port": port, "exits": exits, "shows": shows, "schema": fitsSchema,
			"start": start, "type": say, "gone": gone, "end": end, "clean": clean, "hammer": hammer,
		},
	}
}

func port(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: port ADDR NAME")
	}
	l, err := net.Listen("tcp", net.JoinHostPort(args[0], "0"))
	ts.Check(err)
	ts.Setenv(args[1], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	ts.Check(l.Close())
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE CMD...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got, ok := placed(ts, args[1:])
	if !ok {
		err = ts.Exec(args[1], args[2:]...)
		got, ok = code(err)
	}
	if !ok {
		ts.Fatalf("%s: %v", args[1], err)
	} else if got != want {
		ts.Fatalf("%s ended with %d, not with %d", strings.Join(args[1:], " "), got, want)
	}
}

func code(err error) (int, bool) {
	if err == nil {
		return 0, true
	}
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode(), true
	}
	return 0, false
}

func shows(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: shows FILE")
	}
	work := ts.Getenv("WORK")
	got, want := Steady(ts.ReadFile("stdout"), work), Steady(ts.ReadFile(args[0]), work)
	same := got == want
	if same == neg && (neg || !rewrite(ts, args[0], got)) {
		ts.Fatalf("stdout against %s (-want +got):\n%s", args[0], cmp.Diff(want, got))
	}
}

// Steady writes what differs from run to run as a word: process numbers, inodes,
// moments, the script's folder.
func Steady(s, work string) string {
	if work != "" {
		s = strings.ReplaceAll(s, work, "$WORK")
	}
	for _, r := range [...]struct{ find, put string }{
		{`PID \d+(, \d+)*( and \d+ more)?`, "PID N"},
		{`(command  /usr/bin/conmon) .*`, "$1 ARGUMENTS"},
		{`pid-\d+`, "pid-N"},
		{`/tmp/berth-test-\d+`, "/tmp/berth-test"},
		{` (workers?) \([\d, …]+\)`, " $1 (N)"},
		{`\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b`, "ID"},
		{`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d`, "WHEN"},
		{`\b\d+#\d+:`, "N#N:"},
		{`([\w.:-]+) \(\d+\)`, "$1 (N)"},
		{`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, (just now|\d+ \w+( \d+ min)? ago)`, "WHEN"},
		{`kill( -\w+)? \d+`, "kill$1 N"},
		{`net:\[\d+\]`, "net:[N]"},
		{`\bpts/\d+`, "pts/N"},
		{`/tmp/testscript-main\d+/bin`, "$$BIN"},
	} {
		s = regexp.MustCompile(r.find).ReplaceAllString(s, r.put)
	}
	return s
}
