package keeping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
	"github.com/berthd/berth/internal/keep/guard"
	"github.com/berthd/berth/internal/keep/ledger"
	"github.com/berthd/berth/internal/talk/report/changes"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// Doer does a plan through the journal. entry is 0 where nothing was done.
type Doer func(ctx context.Context, p plan.Plan, dry bool) (done plan.Plan, entry int, err error)

// Service is the command `berth service`.
func Service(s Shell, do Doer) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "service",
		Short:   "berth guard at boot",
		Example: "  sudo berth service install guard",
		Args: func(_ *cobra.Command, args []string) error {
			return s.Fail(exitUsage, errors.New("service has one verb: install"), "berth service install guard")
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	var file string
	var dry bool
	install := &cobra.Command{
		Use:   "install guard [-- FLAG…]",
		Short: "run berth guard as a service, now and at every boot",
		Long: `install makes berth guard a service of systemd, hardened, or of Windows, and starts
it. The ledger is --file, else that of the system's config folder; flags behind -- are
those of berth guard. It is a change like any other, with its entry in the journal:
berth undo takes it back, and leaves nothing but the log. The log is journald's, and
%ProgramData%\berth\guard.log on Windows. On macOS launchd reads what is written at the
next boot.

Exit codes: 0 done; 1 refused: it is there already, or others may change what would run
as root; 2 the words or the ledger are off;
3 could not look; 4 not permitted; 5 it did not start, and all is taken back.`,
		Example: `  sudo berth service install guard
  sudo berth service install guard --file /etc/berth/berth.toml -- --tries 3
  berth service install guard --dry-run`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] != "guard" {
				return s.Fail(exitUsage, errors.New("install takes the name of a service of berth's"), "berth service install guard")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return installGuard(cmd.Context(), s, do, file, args[1:], dry)
		},
	}
	install.Flags().StringVar(&file, "file", "", "the ledger")
	install.Flags().BoolVar(&dry, "dry-run", false, "show what would be done")
	cmd.AddCommand(install)
	return cmd
}

func installGuard(ctx context.Context, s Shell, do Doer, file string, args []string, dry bool) error {
	in, err := installation(s, file, args)
	if err != nil {
		return err
	}
	p, err := guard.Install(runtime.GOOS, in)
	if err != nil {
		return s.Fail(exitCouldNot, err, "berth guard runs under any supervisor")
	}
	if os.Geteuid() > 0 && !dry {
		return s.Fail(exitNotAllowed, errors.New("this needs root, and nothing was changed"), "sudo berth service install guard --file "+in.Ledger)
	}
	if err := trusted(s, in); err != nil {
		return err
	}
	s.Interruptible()
	p, entry, err := do(ctx, p, dry)
	if err != nil {
		return err
	}
	doc := v1.Installed{Head: v1.Head{API: v1.API, Kind: "Installed", At: time.Now(), Machine: &v1.Machine{OS: runtime.GOOS}}, Service: guard.ServiceName, Plan: changes.Document(p), Entry: entry}
	return s.Say(func(out io.Writer, st layout.Style) error {
		var b strings.Builder
		changes.Write(&b, st, p, "")
		if entry != 0 {
			fmt.Fprintf(&b, "\nDone: %s is installed. berth undo %d takes it back.\n", guard.ServiceName, entry)
		}
		_, err := io.WriteString(out, b.String())
		return err
	}, doc)
}

// installation is what the service will run. The ledger must be a good one now.
func installation(s Shell, file string, args []string) (guard.Installation, error) {
	in := guard.Installation{Args: args}
	if file == "" {
		file = filepath.Join(ledger.SystemFolder(s.Getenv), ledger.Name)
	}
	l, err := ledger.Load(file)
	if err == nil && len(l.Promises) == 0 {
		err = guard.ErrEmpty
	}
	if err != nil {
		return in, ended(s, err)
	}
	if in.Ledger, err = filepath.Abs(file); err == nil {
		in.Program, err = os.Executable()
	}
	switch runtime.GOOS {
	case "darwin":
		in.LogFile = "/Library/Logs/berth-guard.log"
	case "windows":
		in.LogFile = filepath.Join(ledger.SystemFolder(s.Getenv), "guard.log")
	}
	return in, err
}

// trusted refuses to have root run, at every boot, what somebody else may put another
// thing in the place of. The ledger says what is stopped and started.
func trusted(s Shell, in guard.Installation) error {
	for _, name := range []string{in.Program, in.Ledger} {
		if err := run.Trusted(name, nil); errors.Is(err, run.ErrUnsafe) {
			return s.Fail(exitNo, fmt.Errorf("%w, and a service runs as root; nothing was changed", err), "in /usr/local/bin and /etc/berth, both root's, they are safe")
		}
	}
	if who := ledger.Planted(in.Ledger); who != "" {
		return s.Fail(exitNo, fmt.Errorf("%s may have been written by %s, and a service runs as the system; nothing was changed", in.Ledger, who),
			"read it, then: takeown /a /f FILE, and icacls FILE /inheritance:r /grant *S-1-5-32-544:F *S-1-5-18:F")
	}
	return nil
}
