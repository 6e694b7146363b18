// Package configtest is the driver that has a server check its own configuration, with
// the server's own command. It changes nothing: a step of this kind is a question whose
// answer must be yes before the next step is taken.
//
// What the checks do beside reading: nginx opens its logs (makes them where they are
// missing) and binds its ports for a moment, without listening; Apache and nginx load
// their modules. So as root a configuration that somebody else can write is checked
// only with that user's rights, see [Driver.Read].
package configtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
)

// Limit bounds one check. Servers look up names in their configuration, each of which
// may take the resolver's time-out.
const Limit = 30 * time.Second

// What Read and Set may answer with.
var (
	ErrServer = errors.New("no check is known for this server")
	ErrOwner  = errors.New("somebody else can write it, and as root it is checked only as its user") // Of "uid" is missing
	ErrSays   = errors.New("the server says otherwise of its configuration")
)

// Driver has servers check themselves. It keeps nothing.
type Driver struct{}

// New returns the driver.
func New() Driver { return Driver{} }

// Read runs the server's check: "valid" is yes or no, and "why" the first line of
// what it complains about, harmless to print. It blocks until the server has ended,
// at most for [Limit].
//
// Subject.Of has "program" (absolute path; else the server's usual names are looked
// for in the system's folders), "config" (else the server's default; for systemd the
// unit or its file), and "uid", whose server it is: the check runs as that user, which
// takes root. A server that could not be asked, or that lacks the rights to read its
// configuration, is an error and no answer.
func (Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	c, ok := find(s.Name)
	if !ok {
		return nil, fmt.Errorf("%s: %w", s.Name, ErrServer)
	}
	as, home, err := run.Lookup(s.Of["uid"])
	if err != nil {
		return nil, err
	}
	if err := guard(s.Of["config"], as); err != nil {
		return nil, err
	}
	program, err := c.find(s.Of["program"])
	if err != nil {
		return nil, fmt.Errorf("check the configuration of %s: %w", s.Name, err)
	}
	r, err := c.ask(ctx, program, s.Of["config"], run.Options{As: as, Env: homeOf(home), Limit: Limit})
	if err != nil {
		return nil, fmt.Errorf("check the configuration of %s: %w", s.Name, err)
	}
	return c.judge(r)
}

// Set changes nothing. It is nil when Read says what to wants, and else an error that
// wraps [ErrSays] and has the server's own words.
func (d Driver) Set(ctx context.Context, s plan.Subject, _, to plan.State) error {
	now, err := d.Read(ctx, s)
	if err != nil {
		return err
	}
	if len(plan.Differs(to, now)) > 0 {
		return fmt.Errorf("%s: %w: valid: %s: %s", s.Name, ErrSays, now["valid"], now["why"])
	}
	return nil
}

// Ready is Set: what is no now is no reason to begin.
func (d Driver) Ready(ctx context.Context, s plan.Subject, before, to plan.State) error {
	return d.Set(ctx, s, before, to)
}

func homeOf(dir string) []string {
	if dir == "" {
		return nil
	}
	return []string{"HOME=" + dir}
}

// guard refuses to load, with root's rights, what somebody else wrote.
func guard(config string, as *run.User) error {
	if !filepath.IsAbs(config) {
		return nil
	}
	err := run.Trusted(config, as)
	if errors.Is(err, run.ErrUnsafe) {
		return fmt.Errorf("%s: %w: %w", config, ErrOwner, err)
	}
	return err
}

// judge reads the answer.
func (c check) judge(r run.Result) (plan.State, error) {
	if r.Exit == 0 {
		return plan.State{"valid": "yes"}, nil
	}
	why := c.why(r.Stderr + "\n" + r.Stdout)
	if c.passed != "" && strings.Contains(why, c.passed) {
		return plan.State{"valid": "yes"}, nil
	}
	if r.Exit == 126 || r.Exit == 127 { // a script that found no program
		return nil, fmt.Errorf("exit %d: %s", r.Exit, why)
	}
	if os.Geteuid() > 0 && strings.Contains(why, "ermission denied") {
		return nil, fmt.Errorf("%w: %s", fs.ErrPermission, why)
	}
	if why == "" {
		why = "exit " + strconv.Itoa(r.Exit)
	}
	return plan.State{"valid": "no", "why": why}, nil
}
