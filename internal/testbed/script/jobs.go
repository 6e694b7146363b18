package script

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// jobs are the programs that one script has started.
type jobs map[string]*job

type jobsKey struct{}

func newJobs(e *testscript.Env) {
	all := jobs{}
	e.Values[jobsKey{}] = all
	e.Defer(func() {
		for _, j := range all {
			_ = j.cmd.Process.Kill()
			_ = j.wait()
		}
	})
}

// job is one started program. What it says is kept.
type job struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	once sync.Once
	mu   sync.Mutex
	said strings.Builder
}

// Write keeps what the program says.
func (j *job) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.said.Write(p)
}

func (j *job) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.said.String()
}

// wait waits for the program alone: what it has left behind may keep its output.
func (j *job) wait() (err error) {
	j.once.Do(func() { _, err = j.cmd.Process.Wait() })
	return err
}

// until waits until the program has said words that match, after what it had said
// at offset from.
func (j *job) until(ts *testscript.TestScript, from int, words *regexp.Regexp) {
	for range 4000 {
		if words.MatchString(j.text()[from:]) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	ts.Fatalf("%s did not say %s:\n%s", j.cmd.Args, words, j.text())
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	all, _ := ts.Value(jobsKey{}).(jobs)
	if neg || len(args) < 2 || all[args[0]] != nil {
		ts.Fatalf("usage: start NAME CMD..., a NAME that is new")
	}
	j := &job{cmd: exec.Command(args[1], args[2:]...)}
	if j.cmd.Dir = ts.MkAbs("."); j.cmd.Dir == ts.Getenv("WORK") {
		j.cmd.Dir = "/" // not the folder that the question is asked from
	}
	j.cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=dumb", "WORK="+ts.Getenv("WORK"), "PWD="+j.cmd.Dir)
	var err error
	j.in, err = j.cmd.StdinPipe()
	ts.Check(err)
	ts.Check(j.run())
	all[args[0]] = j
	ts.Setenv(args[0], strconv.Itoa(j.cmd.Process.Pid))
	j.until(ts, 0, regexp.MustCompile(`(?m)^ready\b`))
	ts.Setenv(args[0], strconv.Itoa(pidInside(j.cmd.Process.Pid)))
}

// run starts the program with a pipe for its output that outlives it.
func (j *job) run() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	j.cmd.Stdout, j.cmd.Stderr = w, w
	err = j.cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return err
	}
	go func() {
		_, _ = io.Copy(j, r)
		r.Close()
	}()
	return nil
}

func find(ts *testscript.TestScript, name string) *job {
	all, _ := ts.Value(jobsKey{}).(jobs)
	if all[name] == nil {
		ts.Fatalf("nothing was started as %s", name)
	}
	return all[name]
}

func say(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: type NAME LINE [UNTIL]")
	}
	j := find(ts, args[0])
	from := len(j.text())
	line, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	_, err = io.WriteString(j.in, line)
	ts.Check(err)
	if len(args) == 3 {
		j.until(ts, from, regexp.MustCompile(args[2]))
	}
}

func gone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gone NAME")
	}
	ts.Check(find(ts, args[0]).wait())
}

func end(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: end NAME")
	}
	j := find(ts, args[0])
	ts.Check(j.cmd.Process.Signal(syscall.SIGKILL))
	ts.Check(j.wait())
}

// pidInside is pid as the script's own programs see it.
func pidInside(pid int) int {
	inner := make(chan int)
	go func() { // on a thread that has stayed where the test is, see [Alone]
		inner <- innermost(pid)
	}()
	return <-inner
}

func innermost(pid int) int {
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	for line := range strings.Lines(string(status)) {
		if all, ok := strings.CutPrefix(line, "NSpid:"); ok {
			f := strings.Fields(all)
			if n, err := strconv.Atoi(f[len(f)-1]); err == nil {
				return n
			}
		}
	}
	return pid
}
