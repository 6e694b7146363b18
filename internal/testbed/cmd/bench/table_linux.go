package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// The load that the goals are stated for.
const (
	goalProcs   = 3000
	goalFDs     = 50
	goalSockets = 30000
)

// head names the machine, but for its name.
func (b *bench) head() {
	machine(b.out)
	if b.noBPF == nil {
		fmt.Fprintln(b.out, "BPF: permitted.")
	}
}

func machine(out io.Writer) {
	var u unix.Utsname
	_ = unix.Uname(&u)
	fmt.Fprintf(out, "Machine: %d processors (%s), Linux %s, %s.\n", runtime.NumCPU(), processor(),
		unix.ByteSliceToString(u.Release[:]), runtime.Version())
	if nice, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil {
		fmt.Fprintf(out, "Everything measured runs with nice %d.\n", 20-nice) // the system call adds 20 and turns it round
	}
}

func processor() string {
	for _, line := range strings.Split(text("/proc/cpuinfo"), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func text(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

func loadAverage() string {
	one, _, _ := strings.Cut(text("/proc/loadavg"), " ")
	return one
}

func (b *bench) loadHead(procs int) {
	entries, _ := os.ReadDir("/proc")
	all := 0
	for _, e := range entries {
		if e.Name()[0] >= '0' && e.Name()[0] <= '9' {
			all++
		}
	}
	fmt.Fprintf(b.out, "\n## %d processes x %d descriptors, %d sockets\n\n", procs, b.o.fds, b.o.sockets)
	fmt.Fprintf(b.out, "Processes on the machine in all: %d. Load average before: %s.\n", all, loadAverage())
}

// tables prints the goals and the times of one load.
func (b *bench) tables(r result, procs int) {
	small := ""
	if procs < goalProcs || b.o.fds < goalFDs || b.o.sockets < goalSockets {
		small = ", under a smaller load than the goal's"
	}
	fmt.Fprintf(b.out, "\n| ratio of whole commands, wall time, median (min...max) of the pairs | goal | measured | pairs | | by CPU time |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, g := range b.goals(r) {
		if g.rounds == 0 {
			fmt.Fprintf(b.out, "| %s | %s | - | 0 | not measured | |\n", g.what, g.goal)
			continue
		}
		verdict := "met"
		if !g.met {
			verdict = "NOT met"
		}
		fmt.Fprintf(b.out, "| %s | %s | %s | %d | %s%s | %s |\n", g.what, g.goal, g.got, g.rounds, verdict, small, g.cpu)
	}
	fmt.Fprintf(b.out, "\n| command | wall ms, median (min...max) | CPU ms | peak MB | wall / `berth who`, service |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range []*contest{r.short, r.long} {
		for _, k := range c.all {
			t := c.times[k]
			fmt.Fprintf(b.out, "| `%s` | %s | %s | %.1f | %s |\n", k.name, ms(t, wall), number(ms(t, cpu).median), peakMB(t), number(ratios(t, c.times[b.whoService], wall).median))
		}
	}
	fmt.Fprintf(b.out, "\nLoad average after: %s. A peak below %.1f MB cannot be told from the measuring program's own.\n", loadAverage(), floorMB())
}

// goal is one line of the table that people look at.
type goal struct {
	what, goal, got, cpu string
	rounds               int
	met                  bool
}

func (b *bench) goals(r result) []goal {
	atLeast := func(what string, slow, quick *contender, least float64) goal {
		g := goal{what: what, goal: fmt.Sprintf(">= %gx", least)}
		if slow != nil && r.long.has(slow) && r.long.has(quick) {
			s := ratios(r.long.times[slow], r.long.times[quick], wall)
			g.got, g.rounds, g.met = s.String(), len(r.long.times[slow]), s.median >= least
			g.cpu = number(ratios(r.long.times[slow], r.long.times[quick], cpu).median)
		}
		return g
	}
	peer := func(what string, quick *contender, least float64) goal {
		best, name := r.long.fastest(quick), "the fastest peer"
		if best != nil {
			name = "`" + best.name + "`, the fastest peer"
		}
		return atLeast(name+" / `berth who`, "+what, best, quick, least)
	}
	dump := goal{what: "`berth who`, owner in a service's cgroup / bare dump of the same states", goal: "<= 1.5x"}
	if r.short.has(b.whoService) && r.short.has(b.bare) {
		s := ratios(r.short.times[b.whoService], r.short.times[b.bare], wall)
		dump.got, dump.rounds, dump.met = s.String(), len(r.short.times[b.bare]), s.median <= 1.5
		dump.cpu = number(ratios(r.short.times[b.whoService], r.short.times[b.bare], cpu).median)
	}
	memory := goal{what: "peak memory of `berth who` and `berth ls`", goal: "< 40 MB"}
	for _, k := range []*contender{b.whoService, b.whoCrowd, b.whoCrowdWalk, b.ls} {
		memory.rounds += len(r.long.times[k])
		memory.got = fmt.Sprintf("%.1f MB", peakMB(append(r.long.times[k], sample{peakKB: int64(parsed(memory.got) * 1024)})))
	}
	memory.met = parsed(memory.got) < 40
	return []goal{
		peer("owner in a service's cgroup", b.whoService, 100),
		dump,
		peer("everything in one cgroup, BPF", b.whoCrowd, 10),
		peer("everything in one cgroup, no BPF", b.whoCrowdWalk, 2.5),
		atLeast("`ss -ltnp` / `berth ls`", b.ssAll, b.ls, 2),
		memory,
	}
}

// curve prints the medians over the loads.
func (b *bench) curve() {
	fmt.Fprintf(b.out, "\n## The curve: wall ms, median\n\n| command |")
	for _, r := range b.results {
		fmt.Fprintf(b.out, " %d processes |", r.procs)
	}
	fmt.Fprintf(b.out, "\n| --- |%s\n", strings.Repeat(" --- |", len(b.results)))
	for _, k := range append([]*contender{b.bare}, b.everybody()...) {
		fmt.Fprintf(b.out, "| `%s` |", k.name)
		for _, r := range b.results {
			t := r.long.times[k]
			if k == b.bare {
				t = r.short.times[k]
			}
			fmt.Fprintf(b.out, " %s |", number(ms(t, wall).median))
		}
		fmt.Fprintln(b.out)
	}
}

// foot says what was left out; that is an error.
func (b *bench) foot() error {
	if len(b.left) == 0 {
		return nil
	}
	fmt.Fprintf(b.out, "\nNot measured:\n\n")
	for _, l := range b.left {
		fmt.Fprintln(b.out, "-", l)
	}
	return fmt.Errorf("%d things could not be measured", len(b.left))
}

func peakMB(all []sample) float64 {
	var kb int64
	for _, s := range all {
		kb = max(kb, s.peakKB)
	}
	return float64(kb) / 1024
}

// parsed reads back "12.3 MB", 0 where there is nothing yet.
func parsed(mb string) (v float64) {
	_, _ = fmt.Sscanf(mb, "%g", &v)
	return v
}

// floorMB is this program's own peak: a child begins with it, and the kernel
// counts that as the child's.
func floorMB() float64 {
	for _, line := range strings.Split(text("/proc/self/status"), "\n") {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return parsed(strings.TrimSpace(kb)) / 1024
		}
	}
	return 0
}
