// Package iis starts and stops sites and application pools of IIS: [plan.Site].
//
// It asks appcmd.exe, which comes with IIS and is the documented way to the state of
// a site; what it prints of a state is a word of the configuration's schema and is not
// translated, what it says of failures is translated and only passed on. It needs an
// administrator, for reading as well; a refusal wraps [fs.ErrPermission]. Where
// appcmd.exe is missing, as everywhere but on a Windows with IIS, every call is an
// error that says so.
package iis

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
)

// Driver reads and sets sites and pools.
type Driver struct {
	appcmd func(ctx context.Context, args ...string) (run.Result, error)
	pause  func(ctx context.Context)
}

// New returns the driver of this machine.
func New() Driver { return Driver{appcmd, pause} }

// program is looked for in the system's folders, inetsrv among them.
const program = "appcmd.exe"

// errAbsent says that there is no IIS to ask.
var errAbsent = errors.New("appcmd.exe is not here: IIS is not installed")

func appcmd(ctx context.Context, args ...string) (run.Result, error) {
	r, err := run.Command(ctx, append([]string{program}, args...), run.Options{})
	if errors.Is(err, run.ErrNotFound) {
		return r, fmt.Errorf("%w: %w", errAbsent, err)
	}
	return r, err
}

func pause(ctx context.Context) {
	t := time.NewTimer(200 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// thing is a site or a pool.
type thing struct{ kind, name string } // kind as appcmd calls it

func parseThing(name string) (thing, error) {
	kind, rest, _ := strings.Cut(name, ":")
	word := map[string]string{"site": "site", "pool": "apppool"}[kind]
	if word == "" || rest == "" || strings.ContainsAny(rest, "\"\x00\r\n") {
		return thing{}, fmt.Errorf("%q names no site or application pool of IIS, as %q does", name, "site:Default Web Site")
	}
	return thing{word, rest}, nil
}

// args are a command on the thing. It is named by its attribute: a name on its own
// could be read as a URL or a number.
func (t thing) args(verb string, more ...string) []string {
	return append([]string{verb, t.kind, "/" + t.kind + ".name:" + t.name}, more...)
}

// Read returns "exists" and, where IIS runs and so knows it, "running". It blocks for
// the time that appcmd takes, some 100 ms.
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	t, err := parseThing(s.Name)
	if err != nil {
		return nil, err
	}
	r, err := d.appcmd(ctx, t.args("list", "/text:state")...)
	if err != nil {
		return nil, fmt.Errorf("the state of %s: %w", s.Name, err)
	}
	out := plan.State{"exists": "yes"}
	switch word := strings.TrimSpace(r.Stdout); word {
	case "Started":
		out["running"] = "yes"
	case "Stopped":
		out["running"] = "no"
	case "Starting", "Stopping":
		out["running"] = strings.ToLower(word)
	case "Unknown": // the service that would know is stopped
	case "":
		if strings.TrimSpace(r.Stderr) != "" {
			return nil, failure("the state of "+s.Name, r)
		}
		return plan.State{"exists": "no"}, nil
	default:
		return nil, failure("the state of "+s.Name, r)
	}
	return out, nil
}

// failure is what appcmd said. It gives its errors as HRESULT, in every language.
func failure(what string, r run.Result) error {
	said := strings.Join(strings.Fields(r.Stdout+" "+r.Stderr), " ")
	if r.Exit == 5 || strings.Contains(strings.ToLower(said), "80070005") {
		return fmt.Errorf("%s: %w: appcmd, exit code %d: %q", what, fs.ErrPermission, r.Exit, said)
	}
	return fmt.Errorf("%s: appcmd, exit code %d: %q", what, r.Exit, said)
}

// Set starts or stops, and waits until it is so or ctx ends. What is so already is
// left alone, since appcmd takes that for an error.
func (d Driver) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	t, err := parseThing(s.Name)
	if err != nil {
		return err
	}
	now, err := d.settled(ctx, s)
	if err != nil {
		return err
	}
	if want, ok := to["exists"]; ok && want != now["exists"] {
		return fmt.Errorf("%s: exists is %q; sites and pools are made and deleted in IIS's configuration", s.Name, now["exists"])
	}
	want, ok := to["running"]
	if !ok || want == now["running"] {
		return nil
	}
	verb := map[string]string{"yes": "start", "no": "stop"}[want]
	switch {
	case verb == "":
		return fmt.Errorf("%s: running cannot be made %q", s.Name, want)
	case now["exists"] == "no":
		return fmt.Errorf("IIS has no %s: %w", s.Name, fs.ErrNotExist)
	case now["running"] == "":
		return fmt.Errorf("%s: IIS does not run (services W3SVC and WAS), and so nothing of it can be started or stopped", s.Name)
	}
	r, err := d.appcmd(ctx, t.args(verb)...)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", verb, s.Name, err)
	}
	got, err := d.settled(ctx, s)
	if err != nil {
		return fmt.Errorf("%s of %s was begun: %w", verb, s.Name, err)
	}
	if got["running"] == want {
		return nil
	}
	if r.Exit != 0 {
		return failure(verb+" of "+s.Name, r)
	}
	return fmt.Errorf("%s of %s: appcmd reported success, and running is %q, not %q", verb, s.Name, got["running"], want)
}

// settled reads until it is neither starting nor stopping.
func (d Driver) settled(ctx context.Context, s plan.Subject) (plan.State, error) {
	for {
		now, err := d.Read(ctx, s)
		if err != nil || now["running"] != "starting" && now["running"] != "stopping" {
			return now, err
		}
		if d.pause(ctx); ctx.Err() != nil {
			return now, fmt.Errorf("%s is still %s: %w", s.Name, now["running"], ctx.Err())
		}
	}
}
