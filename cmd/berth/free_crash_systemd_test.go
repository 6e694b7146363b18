package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/berthd/berth/internal/testbed"
)

// kills is how often berth is killed in the middle of each plan at most, and limit how
// long that may take.
const (
	kills = 15
	limit = 10 * time.Second
)

// berth is killed at random moments of a plan with several steps, sometimes again
// while it takes the plan back. What is left ends in one of two states, by undo and by
// free --resume: as before, or done. What neither can end in is told by the seed.
func TestSystemdFreeKilledAnywhere(t *testing.T) {
	socket := []testbed.Option{testbed.WithEnabled("web.socket"), testbed.WithFile("/etc/systemd/system/web.socket", webSocket), testbed.WithFile("/etc/systemd/system/web.service", webService)}
	nginx := []testbed.Option{testbed.WithEnabled("nginx.service")}
	for _, tc := range []struct {
		options []testbed.Option
		words   string
	}{
		{nginx, "--remedy move --for unit:apache2.service"}, {nginx, "--remedy startup:nginx.service --for unit:apache2.service"}, {socket, "--remedy move:web.socket"},
	} {
		t.Run(tc.words, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			k := killing{bed: boot(t, tc.options...), rand: rand.New(rand.NewPCG(seed, 0)),
				free: append([]string{"free", "80", "--yes", "--settle", "50ms"}, strings.Fields(tc.words)...)}
			t.Logf("seed %d", seed)
			testbed.Await(t, "port 80 to be held", func() bool { return k.Run("ss", "-Hltn", "sport = :80") != "" })
			k.remember()
			k.whole()
			i := 0
			for end := time.Now().Add(limit); i < 3 || i < kills && time.Now().Before(end); i++ {
				k.once(i)
			}
			t.Logf("%d of %d kills met an open plan", k.hits, i)
		})
	}
}

type killing struct {
	*bed
	rand *rand.Rand
	free []string
	done testbed.State
	// takes and back are how long a plan, and taking it back, may be killed in.
	takes, back time.Duration
	hits        int
}

// whole runs the plan and takes it back without a kill, to know how long that takes and
// what done is.
func (k *killing) whole() {
	k.t.Helper()
	start := time.Now()
	k.berth(0, k.free...)
	k.takes = time.Since(start)
	k.done = k.state()
	start = time.Now()
	k.berth(0, "undo")
	k.back = time.Since(start)
	k.asBefore("after undo")
}

// once kills berth somewhere in the plan, and ends what it left.
func (k *killing) once(i int) {
	k.t.Helper()
	k.killed(k.takes, k.free...)
	left := k.Berth("journal")
	if left.Code == 1 {
		k.hits++
	}
	if left.Code == 1 && i%2 == 1 {
		r := k.Berth("free", "--resume")
		if r.Code == 0 {
			if diff := testbed.Diff(k.done, k.state()); len(diff) > 0 {
				k.t.Errorf("kill %d: resumed, and not done:\n%s\n%s", i, strings.Join(diff, "\n"), k.story())
			}
		} else if r.Code != 5 {
			k.t.Fatalf("kill %d: free --resume: exit %d\n%s%s\n%s", i, r.Code, r.Stdout, r.Stderr, k.story())
		}
	}
	if i%3 == 0 {
		k.killed(k.back, "undo")
	}
	if r := k.Berth("undo"); r.Code != 0 && !strings.Contains(r.Stderr, "the journal has nothing") {
		k.t.Fatalf("kill %d: undo: exit %d\n%s%s\n%s", i, r.Code, r.Stdout, r.Stderr, k.story())
	}
	k.berth(0, "journal")
	k.asBefore(fmt.Sprintf("after kill %d and undo:\n%s\n", i, k.story()))
}

// killed runs berth and kills it with -9 somewhere within a time.
func (k *killing) killed(within time.Duration, args ...string) {
	k.t.Helper()
	after := time.Duration(k.rand.Int64N(int64(within)))
	k.Run("sh", "-c", fmt.Sprintf("%s %s >/dev/null 2>&1 & p=$!; sleep %.3f; kill -9 $p 2>/dev/null; wait $p; true", k.BerthPath(), strings.Join(args, " "), after.Seconds()))
}

// story is what the newest entry of the journal has been through.
func (k *killing) story() string {
	return k.Run("sh", "-c", "ls "+journalDir+"/journal | sort -n | tail -1 | xargs -I{} cat "+journalDir+"/journal/{}/log")
}
