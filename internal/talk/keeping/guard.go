package keeping

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/keep/guard"
	"github.com/berthd/berth/internal/keep/ledger"
	"github.com/berthd/berth/internal/keep/watch"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Restorer does what a promise allows, and returns when it is done or with why not.
type Restorer func(ctx context.Context, p ledger.Promise, a guard.Action) error

type options struct {
	files    []string
	once     bool
	interval time.Duration
	recheck  time.Duration
	onBreak  string
	args     []string
	webhook  string
	log      string
	service  bool
	limits   guard.Limits
}

// Guard is the command `berth guard`.
func Guard(s Shell) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "guard [flags] [-- ARGUMENT…]",
		Short: "keep promised ports as promised, and tell when they are not",
		Long: `guard watches the ports that a ledger promises. A broken promise is told within a
second, in the log and to whom else you say; where its policy is "restore", the owner
is started again, or the remedy that it names is applied. guard never kills, and it
never fights in a loop: it waits longer after each try, gives up loudly after some,
and goes on when the promise has been kept for a while.

The ledger is berth.toml: --file, else each one from the working folder upwards (of
two that promise one port, the nearer counts), else that of the config folder. It is
read again when it changes, and on SIGHUP. One entry:

  [[promise]]
  port = 80                      # or "8000-8099"
  proto = "tcp"                  # or "udp"
  address = "*"                  # or one IP address
  owner = "unit:nginx.service"   # unit: service: exe: container: compose: user: prefix:
  reason = "public web"          #   or a list, any one of them
  policy = "restore"             # or "alert", the default
  remedy = "stop:apache2.service"  # may be applied to a stranger

The log is standard error; in a systemd service each line carries its level. A webhook
gets one JSON document by POST when a promise is broken, freed or kept again, cannot be
restored, is given up or resumed, and when the ledger has become wrong; over http alone,
and redirects are not followed. The program of --on-break gets the arguments behind -- and then the event,
the endpoint, the owner and the sentence; BERTH_EVENT is the document. It is started
when a promise is broken, cannot be restored, or is given up.

Exit codes: 1 --once, and a promise is broken; 2 the words or the ledger are off; 3
could not look; 4 not permitted; 130 ended by a signal.`,
		Example: `  berth guard
  berth guard --file /etc/berth/berth.toml --webhook http://127.0.0.1:9000/berth
  berth guard --on-break /usr/bin/logger -- -t berth
  berth guard --once && echo never`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			return runGuard(cmd.Context(), s, o)
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *options) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.files, "file", nil, "the ledger; repeatable, the first counts most")
	f.BoolVar(&o.once, "once", false, "end with exit code 1 at the first broken promise, and restore nothing")
	f.DurationVar(&o.interval, "interval", watch.Interval, "pause between two questions for new listeners")
	f.DurationVar(&o.recheck, "recheck", watch.Recheck, "longest time between two looks at owners")
	f.StringVar(&o.onBreak, "on-break", "", "start `PROGRAM` when a promise is broken")
	f.StringVar(&o.webhook, "webhook", "", "send events to `URL`, http alone")
	f.StringVar(&o.log, "log", "", "append the log to `FILE` instead of standard error")
	f.BoolVar(&o.service, "service", false, "answer the service manager that started it (Windows)")
	f.DurationVar(&o.limits.Grace, "grace", 2*time.Second, "restore nothing that is not kept for less than this")
	f.DurationVar(&o.limits.Wait, "backoff", time.Second, "pause after the first try to restore; it doubles")
	f.IntVar(&o.limits.Tries, "tries", 5, "give up after so many tries within --window")
	f.DurationVar(&o.limits.Window, "window", 10*time.Minute, "how long a try counts")
	f.DurationVar(&o.limits.Calm, "calm", time.Minute, "forget tries when a promise has been kept for so long")
}

func runGuard(ctx context.Context, s Shell, o options) error {
	hook, err := o.check(s)
	if err != nil {
		return err
	}
	t := teller{shell: s, out: s.Err, journal: s.Getenv("JOURNAL_STREAM") != ""}
	if o.log != "" {
		f, err := os.OpenFile(o.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
		if err != nil {
			return s.Fail(exitCouldNot, err, "choose a file that may be written")
		}
		defer f.Close()
		t.out, t.journal = f, false
	}
	run := func(ctx context.Context) error {
		if s.Begin != nil {
			s.Begin(ctx)
		}
		return guard.Run(ctx, o.guard(s, &t, hook))
	}
	if o.service {
		return ended(s, guard.RunService(ctx, run))
	}
	s.Interruptible()
	return ended(s, run(ctx))
}

// check tests the words, and returns where to send events, nil for nowhere.
func (o options) check(s Shell) (*url.URL, error) {
	switch {
	case s.From() != "":
		return nil, s.Fail(exitUsage, errors.New("guard watches this machine, and a snapshot does not change"), "berth check --profile FILE --from answers from a snapshot")
	case s.Netns() != "":
		return nil, s.Fail(exitUsage, errors.New("guard watches the namespace it runs in, not --netns"), "enter it first: ip netns exec NAME berth guard")
	case o.interval <= 0 || o.recheck <= 0 || o.limits.Grace <= 0 || o.limits.Wait <= 0 || o.limits.Tries <= 0 || o.limits.Window <= 0 || o.limits.Calm <= 0:
		return nil, s.Fail(exitUsage, errors.New("pauses and numbers of tries are positive"), "a duration such as 250ms")
	case slices.Contains(o.files, ""):
		return nil, s.Fail(exitUsage, errors.New("--file names no file"), "berth guard --help shows what a ledger looks like")
	case len(o.args) > 0 && o.onBreak == "":
		return nil, s.Fail(exitUsage, fmt.Errorf("guard takes no argument, and %q was given", o.args[0]), "arguments behind -- are those of --on-break PROGRAM")
	case o.webhook == "":
		return nil, nil
	}
	u, err := guard.Webhook(o.webhook)
	if errors.Is(err, guard.ErrTLS) {
		return nil, s.Fail(exitUsage, err, "--on-break with curl sends it: BERTH_EVENT is the document")
	}
	if err != nil {
		return nil, s.Fail(exitUsage, err, "an address such as http://127.0.0.1:9000/berth")
	}
	return u, nil
}

func (o options) guard(s Shell, t *teller, hook *url.URL) guard.Options {
	g := guard.Options{
		Load: func() (ledger.Ledger, error) { return o.load(s.Getenv) }, Interval: o.interval, Recheck: o.recheck, Once: o.once, Limits: o.limits,
		Restore: s.Restore, Tell: t.tell,
	}
	if hook != nil || o.onBreak != "" {
		g.Notify = func(ctx context.Context, e guard.Event) error { return o.notify(ctx, hook, e) }
	}
	return g
}

// load reads the ledgers that were named, or those that are found.
func (o options) load(getenv func(string) string) (ledger.Ledger, error) {
	files := o.files
	if len(files) == 0 {
		dir, err := os.Getwd()
		if err != nil {
			return ledger.Ledger{}, err
		}
		if files, err = ledger.Find(dir, ledger.ConfigFolders(getenv)); err != nil {
			return ledger.Ledger{}, err
		}
	}
	if len(files) == 0 {
		return ledger.Ledger{}, errNone
	}
	l, err := ledger.Load(files...)
	return l.Here(), err
}

// Promised are the ports that the ledgers of the working folder promise to somebody,
// none where there is no ledger. One that cannot be read is said on stderr.
func (s Shell) Promised() []uint16 {
	l, err := options{}.load(s.Getenv)
	if err != nil && !errors.Is(err, errNone) {
		fmt.Fprintln(s.Err, "note: promises are not known:", sentence.Clean(err.Error(), 300))
	}
	return l.Ports()
}

var errNone = errors.New("there is no " + ledger.Name + " here, above, or in the config folder")

// notify sends an event to the webhook and, if it is a break, to the program.
func (o options) notify(ctx context.Context, hook *url.URL, e guard.Event) error {
	doc, err := line(Event(e))
	if err != nil {
		return err
	}
	if hook != nil {
		err = guard.Post(ctx, hook, doc)
	}
	if o.onBreak == "" || e.Kind != guard.Broken && e.Kind != guard.NotRestored && e.Kind != guard.GaveUp {
		return err
	}
	p := e.Verdict.Promise
	args := append(append([]string(nil), o.args...), string(e.Kind), p.Endpoint(), p.Owner(), event(e))
	return errors.Join(err, guard.Hook(ctx, []string{o.onBreak}, args, doc))
}

// line is a document in one line.
func line(doc any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(doc)
	return sentence.JSON(bytes.TrimSpace(b.Bytes())), err
}

func ended(s Shell, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, guard.ErrBroken):
		s.Exit(exitNo)
		return nil
	case errors.Is(err, guard.ErrEmpty), errors.Is(err, errNone):
		return s.Fail(exitUsage, err, "berth guard --help shows what a ledger looks like")
	}
	return loading(s, err)
}

// teller writes events to the log, and with --json to standard output.
type teller struct {
	shell   Shell
	out     io.Writer
	journal bool
}

func (t *teller) tell(e guard.Event) {
	if t.shell.JSON() {
		_ = t.shell.Line(Event(e))
		if t.out == t.shell.Err && !t.journal {
			return
		}
	}
	t.write(e.At, level(e.Kind), event(e))
	if e.Kind == guard.Watching {
		for _, c := range e.Ledger.Conflicts {
			t.write(e.At, 4, "conflict: "+conflict(c))
		}
		if t.shell.Restore == nil && restores(*e.Ledger) {
			t.write(e.At, 4, "this berth restores nothing: promises of policy restore are told alone")
		}
	}
}

func restores(l ledger.Ledger) bool {
	for _, p := range l.Promises {
		if p.Policy == ledger.Restore {
			return true
		}
	}
	return false
}

func (t *teller) write(at time.Time, level int, text string) {
	if t.journal {
		fmt.Fprintf(t.out, "<%d>%s\n", level, text)
		return
	}
	fmt.Fprintf(t.out, "%s %s\n", at.Format(time.DateTime), text)
}
