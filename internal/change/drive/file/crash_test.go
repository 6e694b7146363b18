package file

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
)

// What the child below writes; large enough that a kill hits the writing.
var (
	oneText   = strings.Repeat("Listen 80\n", 40_000)
	otherText = strings.Repeat("Listen 8081\n", 50_000)
)

// TestInsideWriter sets a file in turns until it is killed.
func TestInsideWriter(t *testing.T) {
	path, turns := os.Getenv("FILE_WRITER"), []plan.State{{"exists": "yes", "content": otherText}, {"exists": "yes", "content": oneText}}
	if path == "" {
		t.Skip("run by the tests below")
	}
	before := plan.State{"exists": "yes"}
	if os.Getenv("FILE_CREATES") != "" {
		before = read(t, path)
		turns[1] = plan.State{"exists": "no"}
	}
	os.Stdout.WriteString("ready\n")
	for i := 0; ; i++ {
		set(t, path, before, turns[i%2])
	}
}

// killed runs the writer for a random moment.
func killed(t *testing.T, env ...string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestInsideWriter$")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) != "ready" {
		t.Errorf("the writer said %q, %v", line, err)
	}
	time.Sleep(time.Duration(rand.IntN(15_000)) * time.Microsecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Errorf("the writer ended by itself: %v", err)
	}
	_ = cmd.Wait()
}

const rounds = 25

// At whatever moment the writer is killed, the file is one of the two, whole.
func TestKilledWriterLeavesOneOfTwo(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "a.conf"), oneText)
	left := 0
	for range rounds {
		killed(t, "FILE_WRITER="+path)
		if got := content(t, path); got != oneText && got != otherText {
			t.Fatalf("%d bytes of neither", len(got))
		}
		left += len(names(t, dir)) - 1
	}
	t.Logf("%d of %d kills left a file to sweep", left, rounds)
	set(t, path, nil, plan.State{"content": oneText})
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("left over: %q", got)
	}
}

// Whether it was being made or removed, taking it back ends as before.
func TestKilledCreatorIsTakenBack(t *testing.T) {
	top := t.TempDir()
	path := filepath.Join(top, "new", "er", "a.conf")
	before := read(t, path)
	for range rounds {
		killed(t, "FILE_WRITER="+path, "FILE_CREATES=1")
		if now := read(t, path); now["exists"] == "yes" && now["content"] != otherText {
			t.Fatalf("%d bytes of neither", len(now["content"]))
		}
		set(t, path, before, plan.State{"exists": "no"})
		if got := names(t, top); len(got) != 0 {
			t.Fatalf("left over: %q", got)
		}
	}
}
