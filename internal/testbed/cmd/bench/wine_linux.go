package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// post is the text that berth explain is given: what a person pastes of a port that
// the kernel has.
const post = `Apache does not start any more, what is this?

10:12:41  [Apache]  Problem detected!
10:12:41  [Apache]  Port 80 in use by "system"!
10:12:41  [Apache]  Apache WILL NOT start without the configured ports free!

C:\>netstat -ano | findstr :80
  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING       4
  TCP    [::]:80                [::]:0                 LISTENING       4
`

// wineBench is one measurement in a prefix.
type wineBench struct {
	prefix    *prefix
	dir       string
	rounds    int
	out, talk io.Writer
	left      []string
}

// windows measures berth.exe under Wine, beside the least that a Go program does.
func windows(ctx context.Context, o options, out io.Writer) error {
	if os.Geteuid() != 0 {
		return errors.New("needs root: namespaces and their mounts")
	}
	dir, err := os.MkdirTemp("", "berth-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &wineBench{dir: dir, rounds: o.rounds, out: out, talk: os.Stderr}
	fmt.Fprintln(b.talk, "building")
	if err := b.build(ctx); err != nil {
		return err
	}
	fmt.Fprintln(b.talk, "preparing Wine")
	if b.prefix, err = newPrefix(ctx); err != nil {
		return err
	}
	defer b.prefix.end()
	return b.measure(ctx)
}

func (b *wineBench) build(ctx context.Context) error {
	if err := os.WriteFile(b.path("post.txt"), []byte(post), 0o644); err != nil {
		return err
	}
	return buildAll(ctx, map[string]string{
		b.path("berth.exe"): "./cmd/berth", b.path("hello.exe"): "./internal/testbed/cmd/hello",
		b.path("holder.exe"): "./internal/testbed/cmd/holder",
	}, "GOOS=windows", "GOARCH=amd64")
}

func (b *wineBench) path(name string) string { return filepath.Join(b.dir, name) }

// measure runs the two comparisons. A program that only waits keeps Wine's server
// and services running from the first command to the last.
func (b *wineBench) measure(ctx context.Context) error {
	waits, err := b.hold(ctx, "listen", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer waits.end()
	machine(b.out)
	fmt.Fprintf(b.out, "Load average before: %s.\n", loadAverage())
	hello := b.command([]string{"hello"}, "hello.exe")
	http := b.command([]string{"HTTP", "sys"}, "berth.exe", "who", "80")
	holder := []string{"80", "holder.exe"}
	if err := b.compare(ctx, []string{"listen", "0.0.0.0:80"}, hello, b.command([]string{"berth"}, "berth.exe", "version"),
		b.command(holder, "berth.exe", "who", "80"), b.command(holder, "berth.exe", "ls"),
		b.command([]string{"HTTP", "sys"}, "berth.exe", "explain", b.drive("post.txt"))); err != nil {
		return err
	}
	if err := b.compare(ctx, []string{"http", "http://+:80/x/"}, hello, http, b.command(holder[:1], "berth.exe", "ls")); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\nLoad average after: %s.\n", loadAverage())
	return (&bench{out: b.out, left: b.left}).foot()
}

// drive is the path of a file as Windows programs see it.
func (b *wineBench) drive(name string) string {
	return "Z:" + strings.ReplaceAll(b.path(name), "/", `\`)
}

// command is one of the programs, and words that its answer must have in it.
func (b *wineBench) command(says []string, name string, args ...string) *contender {
	return &contender{name: strings.ReplaceAll(strings.Join(append([]string{name}, args...), " "), b.drive("")+`\`, ""),
		argv: append([]string{loader, b.path(name)}, args...), says: says}
}

func (b *wineBench) hold(ctx context.Context, form ...string) (*child, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	c, line, err := b.prefix.start(ctx, attr, append([]string{loader, b.path("holder.exe")}, form...)...)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(line) != "ready" {
		c.end()
		return nil, errors.Join(ctx.Err(), fmt.Errorf("holder %s did not start: %q", strings.Join(form, " "), line))
	}
	return c, nil
}

// compare runs the commands in turn while the holder has its port; the first one is
// what the others are measured by.
func (b *wineBench) compare(ctx context.Context, form []string, all ...*contender) error {
	fmt.Fprintf(b.talk, "holder %s\n", strings.Join(form, " "))
	held, err := b.hold(ctx, form...)
	if err != nil {
		return err
	}
	defer held.end()
	c, err := newContest(ctx, b.prefix, all...)
	if err != nil {
		return err
	}
	for _, f := range c.failed {
		fmt.Fprintln(b.talk, "LEFT OUT:", f)
	}
	b.left = append(b.left, c.failed...)
	if !slices.Contains(c.all, all[0]) {
		return fmt.Errorf("%s: nothing to measure by", all[0].name)
	}
	if err := c.rounds(ctx, b.prefix, b.rounds, b.talk); err != nil {
		return err
	}
	b.table(c, all[0], strings.Join(form, " "))
	return nil
}

func (b *wineBench) table(c *contest, unit *contender, held string) {
	fmt.Fprintf(b.out, "\n| beside `holder %s` | wall ms, median (min...max) | / `%s`, median (min...max) of %d pairs |\n| --- | --- | --- |\n", held, unit.name, b.rounds)
	for _, k := range c.all {
		ratio := "1"
		if k != unit {
			ratio = ratios(c.times[k], c.times[unit], wall).String()
		}
		fmt.Fprintf(b.out, "| `%s` | %s | %s |\n", k.name, ms(c.times[k], wall), ratio)
	}
}
