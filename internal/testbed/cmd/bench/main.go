// Command bench compares berth's speed with that of the tools people use today. It
// measures and prints a table; it judges nothing. scripts/bench starts it, and
// docs/bench.md says what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const diagnoseText = `usage: scripts/bench diagnose [FLAG...]

Measures berth who and berth ls against ss, lsof, fuser, netstat and a bare
sock_diag dump, as whole commands, under load in a network namespace of its own,
and prints the table as Markdown. Needs root on Linux. Exit 0 when everything was
measured, goals met or not; 1 when something could not be; 130 on Ctrl-C, or when
nobody reads the output any more.

`

const windowsText = `usage: scripts/bench windows [FLAG...]

Measures berth.exe against the start of a Go program that only says hello, as whole
commands in one Wine prefix with namespaces of its own, and prints the table as
Markdown. Needs root on Linux, and what scripts/testbed/wine-root makes. Exits as
diagnose does.

`

func main() {
	if len(os.Args) == 3 && (os.Args[1] == "hold" || os.Args[1] == "orphan") {
		exit(own(os.Args[1], os.Args[2]))
	}
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\nhint: scripts/bench -h\n", err)
		os.Exit(2)
	}
	exit(bounded(o))
}

// bounded measures until it is done, its time is over, or a signal ends it.
func bounded(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	limited, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	err := o.measure(limited, o, os.Stdout)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("not done within %v; --limit allows more", o.limit)
	}
	return err
}

func exit(err error) {
	code := codeOf(err)
	if code == 1 {
		fmt.Fprintln(os.Stderr, "error:", err)
	}
	os.Exit(code)
}

func codeOf(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return 130
	}
	return 1
}

// options are the words of the command line.
type options struct {
	measure func(context.Context, options, io.Writer) error
	rounds  int
	pairs   int
	procs   []int
	fds     int
	sockets int
	nat     int
	limit   time.Duration
}

func parse(args []string) (options, error) {
	word := ""
	if len(args) > 0 {
		word = args[0]
	}
	switch word {
	case "diagnose":
		return parseDiagnose(args[1:])
	case "windows":
		return parseWindows(args[1:])
	case "-h", "--help":
		fmt.Fprint(os.Stderr, diagnoseText, windowsText)
		return options{}, flag.ErrHelp
	}
	return options{}, errors.New("diagnose and windows are what can be measured")
}

// flags is an empty set of flags that explains itself with text.
func flags(name, text string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprint(f.Output(), text)
		f.PrintDefaults()
	}
	return f
}

func parseDiagnose(args []string) (options, error) {
	o := options{measure: diagnose}
	var procs string
	var quick bool
	f := flags("diagnose", diagnoseText)
	f.BoolVar(&quick, "quick", false, "a small load, 3 rounds, no NAT rules: does it work here?")
	f.IntVar(&o.rounds, "rounds", 11, "interleaved `rounds` of each comparison")
	f.IntVar(&o.pairs, "pairs", 101, "`rounds` of the comparisons in which every command is short")
	f.StringVar(&procs, "procs", "500,3000,10000", "`processes` of each load, one after the other")
	f.IntVar(&o.fds, "fds", 50, "`descriptors` of each process")
	f.IntVar(&o.sockets, "sockets", 30000, "TCP `sockets`, in processes beside these")
	f.IntVar(&o.nat, "nat", 200, "NAT `rules` to measure once more with; 0 = none")
	f.DurationVar(&o.limit, "limit", 45*time.Minute, "the longest `time` to run")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if quick {
		o.rounds, o.pairs, procs, o.sockets, o.nat = 3, 11, "200", 2000, 0
	}
	err := o.check(f, procs)
	return o, err
}

func parseWindows(args []string) (options, error) {
	o := options{measure: windows}
	var quick bool
	f := flags("windows", windowsText)
	f.BoolVar(&quick, "quick", false, "3 rounds: does it work here?")
	f.IntVar(&o.rounds, "rounds", 31, "interleaved `rounds` of each comparison, 11 to 1000")
	f.DurationVar(&o.limit, "limit", 15*time.Minute, "the longest `time` to run")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("%q is one word too many", f.Arg(0))
	case o.rounds < 11 || o.rounds > 1000:
		return o, errors.New("--rounds is 11 to 1000")
	}
	if quick {
		o.rounds = 3
	}
	return o, nil
}

func (o *options) check(f *flag.FlagSet, procs string) error {
	for _, word := range strings.Split(procs, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > 20000 {
			return fmt.Errorf("--procs %s: numbers from 1 to 20000, with commas between", procs)
		}
		o.procs = append(o.procs, n)
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("%q is one word too many", f.Arg(0))
	case o.rounds < 1 || o.rounds > 1000 || o.pairs < 1 || o.pairs > 10000:
		return errors.New("--rounds is 1 to 1000, --pairs 1 to 10000")
	case o.fds < 4 || o.fds > 500 || o.sockets < 0 || o.sockets > 50000 || o.nat < 0 || o.nat > 2000:
		return errors.New("--fds is 4 to 500, --sockets at most 50000, --nat at most 2000")
	}
	return nil
}
