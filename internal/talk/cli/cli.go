// Package cli is the berth command: one file a command, each a constructor, an
// options struct and a run function.
//
// Rules of its output: stdout is the answer, stderr the talk. Errors are one
// line that begins "error:", what to do one that begins "hint:". Nothing is said
// by colour alone. With --json stdout is one api/v1 document, for errors too.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/talk/cli/help"
	"github.com/berthd/berth/internal/talk/freeing"
)

// Exit codes of every command.
const (
	ExitYes        = 0   // yes, done, free
	ExitNo         = 1   // no, held, refused by state
	ExitUsage      = 2   // the words of the command are off
	ExitCouldNot   = 3   // could not look
	ExitNotAllowed = 4   // not permitted
	ExitInternal   = 6   // a fault of berth
	ExitInterrupt  = 130 // Ctrl-C
)

// Env is the outside of one run: streams, arguments' meaning, version.
type Env struct {
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
	Getenv  func(string) string
	Version string
}

// Main runs berth with args (without the program's name) and returns its exit
// code.
func Main(args []string, env Env) int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	app := &app{Env: env, stop: stop}
	mindExplorer()
	root := app.root(args)
	root.SetArgs(args)
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	err := root.ExecuteContext(ctx)
	if ctx.Err() != nil && !errors.Is(err, errClosed) {
		return ExitInterrupt
	}
	return app.finish(err)
}

// app is what the commands share.
type app struct {
	Env
	stop   context.CancelFunc
	global globals
	exit   int
}

// fail is an error with its exit code and a hint.
type fail struct {
	code int
	err  error
	hint string
}

func (f *fail) Error() string { return f.err.Error() }
func (f *fail) Unwrap() error { return f.err }

func usage(hint, format string, args ...any) error {
	return &fail{ExitUsage, fmt.Errorf(format, args...), hint}
}

// errClosed: nobody reads stdout any more.
var errClosed = errors.New("stdout is closed")

// finish says err and returns the exit code.
func (a *app) finish(err error) int {
	if err == nil {
		return a.exit
	}
	if errors.Is(closed(err), errClosed) {
		return a.exit
	}
	f := &fail{ExitUsage, err, "berth --help shows the commands"}
	if at := new(fs.PathError); errors.As(err, &at) {
		f = &fail{openCode(err), err, ""} // a full disk below stdout, say
	}
	if s := new(freeing.Stop); errors.As(err, &s) {
		f = &fail{s.Code, s.Err, s.Hint}
	}
	errors.As(err, &f)
	if a.global.json {
		return a.jsonError(f)
	}
	fmt.Fprintln(a.Err, "error:", oneLine(f.Error()))
	if f.hint != "" {
		fmt.Fprintln(a.Err, "hint:", oneLine(f.hint))
	}
	return f.code
}

// interruptible makes Ctrl-C end the context in place of the process, for
// commands that wait or have something to put away. Until it is called the
// system's default holds: Ctrl-C ends berth at once, and shells report 130.
func (a *app) interruptible() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-c
		a.stop()
	}()
}

// root builds the command tree.
func (a *app) root(args []string) *cobra.Command {
	version := false
	cmd := &cobra.Command{
		Use:   "berth",
		Short: "whose port is it, and how do we all get along on it?",
		Long: `berth tells who holds a port and why, and explains why a bind fails.

Without arguments it gives an overview of this machine.`,
		Example: `  berth                    what listens here, and what is wrong with it
  berth who 80             who has port 80, why, and what can be done
  berth check 127.0.0.1:80 can I bind it, and if not, by which rule
  berth demo               a real conflict, made, explained and cleaned up`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(args[0])
			}
			if version {
				return a.sayVersion()
			}
			return a.runOverview(cmd.Context())
		},
	}
	cmd.SetHelpCommand(help.Command(unknownCommand))
	a.global.add(cmd.PersistentFlags())
	cmd.Flags().BoolVar(&version, "version", false, "which berth this is")
	cmd.PersistentPreRunE = func(*cobra.Command, []string) error { return a.global.check() }
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(c.CommandPath()+" --help shows its flags", "%w", err)
	})
	a.addCommands(cmd, args)
	if len(args) > 0 && (args[0] == "completion" || strings.HasPrefix(args[0], "__complete")) {
		help.Completions(cmd, args, func(shell string) error {
			return usage("one of bash, zsh, fish, powershell", "there is no completion for %q", shell)
		})
	}
	return cmd
}

// addCommands adds the command that args ask for, or every one where that is not
// plain: building all of them costs more than the answer to who.
func (a *app) addCommands(root *cobra.Command, args []string) {
	all := [...]struct {
		name string
		make func() *cobra.Command
	}{
		{"who", a.who}, {"check", a.check}, {"confirm", a.changes().Confirm}, {"demo", a.demo}, {"explain", a.explain}, {"free", a.changes().Free}, {"guard", a.guard}, {"http", a.http},
		{"journal", a.changes().Journal}, {"ls", a.ls}, {"undo", a.changes().Undo},
		{"schema", a.schema}, {"service", a.service}, {"snapshot", a.snapshot}, {"version", a.version},
	}
	for _, c := range all {
		if len(args) > 0 && args[0] == c.name {
			root.AddCommand(c.make())
			return
		}
	}
	for _, c := range all {
		root.AddCommand(c.make())
	}
}

func unknownCommand(word string) error {
	if n := leadingPort(word); n {
		return usage("berth who "+word, "%q is no command", word)
	}
	return usage("berth --help shows the commands", "%q is no command", word)
}

func leadingPort(s string) bool {
	return s != "" && s[0] >= '0' && s[0] <= '9' || s != "" && s[0] == '['
}

// Tree is the command tree alone, for the manual pages.
func Tree() *cobra.Command {
	cmd := (&app{}).root(nil)
	cmd.DisableAutoGenTag = true
	return cmd
}
