package changes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/clean"
)

// Proof ends a plan that was done.
func Proof(en *journal.Entry) string {
	g := en.Plan.Goal
	if len(g.Binds) == 0 {
		return "Done. " + back(en)
	}
	return "Done: " + Goal(g) + ". " + back(en)
}

// HasIt ends what is asked for a newcomer that has the port already.
func HasIt(newcomer string) string {
	return name(newcomer) + " has the port already: nothing is to be freed for it."
}

// Advised ends a plan that has no steps: what it proposes was tried.
func Advised(p plan.Plan) string {
	return "Tried: " + binds(p.Goal) + " can be bound. berth changed nothing; give that to your server."
}

// NotYet ends a plan that has no steps, and whose proposal does not work now.
func NotYet(m *apply.Missed, p plan.Plan) string {
	text := "Tried: " + clean.Text(m.Why, 300) + ". berth changed nothing."
	for _, l := range m.By {
		text += "\n  it has: " + Listener(l)
	}
	if kind, _, _ := strings.Cut(p.Remedy, ":"); kind == "wait" {
		text += fmt.Sprintf("\nberth check %d%s --wait 60s waits until it can be bound.", p.Port, protoSuffix(fact.Proto(p.Proto)))
	}
	return text
}

func back(en *journal.Entry) string {
	if final(en.Plan) {
		return fmt.Sprintf("What has ended cannot be taken back; berth journal %d says what it was.", en.ID)
	}
	return fmt.Sprintf("It is entry %d of the journal; berth undo %d takes it back.", en.ID, en.ID)
}

// AfterReboot ends a plan that waits for a reboot.
func AfterReboot(en *journal.Entry) string {
	text := "The steps are done, and take effect when the machine is started again."
	if slices.ContainsFunc(en.Plan.Steps, onWindows) {
		text += " Choose Restart for that: with fast startup, Shut down leaves the drivers as they are."
	}
	return text + fmt.Sprintf(" Entry %d stays open until then: after the reboot, berth free --resume verifies it; berth undo %d takes it back.", en.ID, en.ID)
}

// onWindows tells that a step needs a reboot of Windows.
func onWindows(s plan.Step) bool {
	return s.Reboot && (s.Subject.Kind == plan.Service || s.Subject.Kind == plan.IPListen || s.Subject.Kind == plan.Registry)
}

// Awaits asks for the Enter key that keeps a risky plan.
func Awaits(en *journal.Entry) string {
	ev := en.Has(journal.Awaiting)
	return fmt.Sprintf("It works. It may have cut off %s: unless you press Enter here, or run berth confirm %d in a new session, all goes back at %s.",
		name(en.Plan.Cost.CutsOff), en.ID, ev.Until.Local().Format("15:04:05"))
}

// Unconfirmed ends a risky plan that nobody has confirmed yet.
func Unconfirmed(en *journal.Entry) string {
	ev := en.Has(journal.Awaiting)
	return fmt.Sprintf("The steps are done, and go back by themselves at %s unless you run berth confirm %d in a new session.", ev.Until.Local().Format("15:04:05"), en.ID)
}

// Undone ends an undo.
func Undone(en *journal.Entry) string {
	text := fmt.Sprintf("Entry %d (%s) is taken back.", en.ID, name(en.Plan.Remedy))
	switch {
	case allLost(en):
		text = fmt.Sprintf("Entry %d (%s) cannot be taken back.", en.ID, name(en.Plan.Remedy))
	case en.Has(journal.Lost) != nil:
		text = fmt.Sprintf("Entry %d (%s) is taken back as far as it can be.", en.ID, name(en.Plan.Remedy))
	}
	if len(en.Plan.Was) > 0 && en.Has(journal.Lost) == nil {
		var who []string
		for _, l := range en.Plan.Was {
			who = append(who, Listener(l))
		}
		text += " As before: " + strings.Join(who, ", ") + "."
	}
	return text + lost(en)
}

// Resumed ends a plan that was gone on with.
func Resumed(en *journal.Entry) string {
	switch en.Status() {
	case journal.IsUndone:
		return Undone(en)
	case journal.PendingReboot:
		return AfterReboot(en)
	case journal.Unconfirmed:
		return Unconfirmed(en)
	}
	return Proof(en)
}

// Confirmed ends a confirmation.
func Confirmed(en *journal.Entry) string {
	return fmt.Sprintf("Kept. Entry %d (%s) no longer goes back by itself; berth undo %d takes it back.", en.ID, name(en.Plan.Remedy), en.ID)
}

// Refused says why a trial bind did not work, "" where it did.
func Refused(b plan.Bind, step, errno, words string) string {
	if errno == "" && words == "" {
		return ""
	}
	if errno == "" {
		errno = words
	}
	return fmt.Sprintf("%s of %s %s fails (%s)", step, b.Proto, host(b.Addr, b.Port), errno)
}

// Failure says what stopped a plan, an undo or a confirmation, and where things stand.
func Failure(err error, en *journal.Entry) string {
	var b strings.Builder
	b.WriteString(cause(err, en))
	var f *apply.Failure
	var foreign *apply.Foreign
	switch {
	case errors.As(err, &foreign) && en != nil:
		fmt.Fprintf(&b, "\nPut that back and run berth undo %d again, or take the rest back by hand: berth journal %d shows it.", en.ID, en.ID)
	case !errors.As(err, &f):
		if en != nil && en.Status() == journal.Reverting && !errors.Is(err, journal.ErrBusy) {
			fmt.Fprintf(&b, "\nEntry %d stays open: berth undo %d tries again.", en.ID, en.ID)
		}
	case f.Undone && en != nil && en.Has(journal.Lost) != nil:
		if !allLost(en) {
			b.WriteString("\nEverything else that was done is taken back.")
		}
		b.WriteString(lost(en))
	case f.Undone && errors.Is(err, plan.ErrMayEnd):
		b.WriteString("\nWhat was sent to it cannot be taken back; everything else that was done is.")
	case f.Undone:
		b.WriteString("\nEverything that was done is taken back: the machine is as before.")
	case f.Undo != nil:
		fmt.Fprintf(&b, "\nNot everything could be taken back. %s\nEntry %d stays open: berth undo %d tries again to take it back, berth free --resume %d goes on with the plan.", cause(f.Undo, en), f.Entry, f.Entry, f.Entry)
	default:
		fmt.Fprintf(&b, "\nEntry %d stays open: berth undo %d takes it back.", f.Entry, f.Entry)
	}
	return b.String()
}

// Later names a newer entry about the same port, which may be why en could not be taken
// back; "" for none. newest finds the newest entry for which its argument is true.
func Later(newest func(func(*journal.Entry) bool) (*journal.Entry, error), counts func(*journal.Entry) bool, en *journal.Entry, err error) string {
	var foreign *apply.Foreign
	if en == nil || en.Status() != journal.Reverting && !errors.As(err, &foreign) {
		return ""
	}
	n, err := newest(func(o *journal.Entry) bool {
		return o.ID > en.ID && o.Plan.Port == en.Plan.Port && o.Plan.Proto == en.Plan.Proto && counts(o)
	})
	if err != nil {
		return ""
	}
	return fmt.Sprintf("\nEntry %d (%s) came later and is about the same port: berth undo %d before.", n.ID, name(n.Plan.Remedy), n.ID)
}

func cause(err error, en *journal.Entry) string {
	var changed *apply.Changed
	var foreign *apply.Foreign
	var missed *apply.Missed
	var f *apply.Failure
	var unready *apply.Unready
	var taken *apply.Taken
	switch {
	case errors.As(err, &taken):
		return takenBy(taken) + cause(taken.Err, en)
	case errors.As(err, &unready):
		return "Nothing was changed, because a step cannot be done: " + Step(unready.Step) + "\n  " + said(unready.Err)
	case errors.As(err, &changed) && errors.As(err, &f):
		return "The machine has changed since the plan was made, so the plan was not gone on with.\n" + different(changed.Step, changed.Diffs, "the plan has", "now")
	case errors.As(err, &changed):
		return "The machine has changed since the plan was made, so nothing was done.\n" + different(changed.Step, changed.Diffs, "the plan has", "now")
	case errors.As(err, &foreign):
		return "Somebody else has changed this since, so nothing was taken back.\n" + different(foreign.Step, foreign.Diffs, "berth left", "now")
	case errors.As(err, &missed):
		return goalMissed(missed)
	case errors.Is(err, apply.ErrEnded):
		return strings.TrimSuffix(said(err), ": "+apply.ErrEnded.Error()) + "."
	case errors.Is(err, context.Canceled) && errors.Is(err, plan.ErrMayEnd):
		return "Interrupted: " + strings.TrimSuffix(of(err, en), ": "+context.Canceled.Error()) + "."
	case errors.Is(err, context.Canceled):
		return "Interrupted."
	case errors.Is(err, context.DeadlineExceeded):
		return "Out of time: " + said(err) + "."
	case errors.As(err, &f) && en != nil && f.Step >= 0 && f.Step < len(en.Plan.Steps):
		return "Step failed: " + Step(en.Plan.Steps[f.Step]) + "\n  " + detail(f.Err, en.Plan.Steps[f.Step]) + byForce(f.Err, en, f.Step)
	}
	return said(err)
}

// takenBy names those who have come into the way, before what their being there led to.
func takenBy(t *apply.Taken) string {
	text := "Somebody else has come to listen there:"
	for _, l := range t.By {
		text += "\n  it has: " + Listener(l)
	}
	l := t.By[0]
	return text + fmt.Sprintf("\nberth who %d%s names who has it now.\n", l.Port, protoSuffix(l.Proto))
}

// byForce is what is left to do about a process that was asked to end and did not.
func byForce(err error, en *journal.Entry, step int) string {
	s := en.Plan.Steps[step]
	if !errors.Is(err, plan.ErrAlive) || s.Subject.Of["force"] == "yes" {
		return ""
	}
	return fmt.Sprintf("\nWait for it, or end it by force, which saves nothing: berth free %d%s --remedy kill:pid-%s", en.Plan.Port, protoSuffix(fact.Proto(en.Plan.Proto)), name(s.Subject.Name))
}

// detail is why a step failed, without its name where that is said already.
func detail(err error, s plan.Step) string {
	return strings.TrimPrefix(said(err), fmt.Sprintf("%s %s: ", s.Subject.Kind, s.Subject.Name))
}

// of is why something failed, without the name of its step where there is one.
func of(err error, en *journal.Entry) string {
	var f *apply.Failure
	if errors.As(err, &f) && en != nil && f.Step >= 0 && f.Step < len(en.Plan.Steps) {
		return detail(f.Err, en.Plan.Steps[f.Step])
	}
	return said(err)
}

// said is an error as the rooms below wrapped it: what each of them put in front may
// say the same, and that the time was over is said already.
func said(err error) string {
	text := strings.ReplaceAll(err.Error(), ": "+context.DeadlineExceeded.Error(), "")
	if thing, rest, ok := strings.Cut(text, ": "); ok && strings.HasPrefix(rest, thing+" ") {
		text = rest
	} else if _, what, named := strings.Cut(thing, " "); ok && named {
		text = thing + ": " + strings.TrimPrefix(rest, "set "+what+": ")
	}
	text = clean.Text(text, 900)
	if errors.Is(err, fs.ErrPermission) && !strings.Contains(text, "permi") {
		text += " (not permitted)"
	}
	return text
}

// different shows what somebody else has changed.
func different(s plan.Step, diffs []plan.Difference, was, is string) string {
	var out []string
	for _, d := range diffs {
		switch {
		case d.Field == "content":
			out = append(out, "  "+name(s.Subject.Name)+" ("+was+": -, "+is+": +)")
			for _, l := range lines(split(d.Want), split(d.Got)) {
				out = append(out, marked(l.Line, "-", l.Before)...)
				out = append(out, marked(l.Line, "+", l.After)...)
			}
		case !d.Known:
			out = append(out, fmt.Sprintf("  %s %s, %s: %s %s, %s nothing", s.Subject.Kind, name(s.Subject.Name), name(d.Field), was, value(d.Want), is))
		default:
			out = append(out, fmt.Sprintf("  %s %s, %s: %s %s, %s %s", s.Subject.Kind, name(s.Subject.Name), name(d.Field), was, value(d.Want), is, value(d.Got)))
		}
	}
	return strings.Join(out, "\n")
}

func marked(line int, sign string, texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, fmt.Sprintf("    %4d %s %s", line, sign, codeLine(t)))
	}
	return out
}

func goalMissed(m *apply.Missed) string {
	text := "The steps worked, but the port is not free: "
	if m.Again {
		text = "The port was free and was taken again: "
	}
	text += clean.Text(m.Why, 300) + "."
	for _, l := range m.By {
		text += "\n  it has: " + Listener(l)
	}
	for _, by := range m.Starters {
		text += "\n  started again by: " + clean.Text(by, 300)
	}
	switch {
	case m.Again && len(m.Starters) > 0:
		text += "\nEnd or stop that first; what it starts is started again as long as it runs."
	case m.Again && len(m.By) > 0:
		text += "\nSomething starts it again; berth who " + fmt.Sprint(m.Bind.Port) + protoSuffix(m.Bind.Proto) + " names what."
	}
	return text
}

func protoSuffix(p fact.Proto) string {
	if p == fact.TCP || p == "" {
		return ""
	}
	return "/" + string(p)
}

// Progress is a line of what happens, "" for what is not worth one.
func Progress(p apply.Progress) string {
	switch p.Stage {
	case apply.Begins:
		return Step(p.What) + " …"
	case apply.Skipped:
		return "  it is so already"
	case apply.GivesUp:
		if strings.HasSuffix(p.Text, context.Canceled.Error()) {
			return "interrupted; taking back what was done …"
		}
		return "that failed; taking back what was done …"
	case apply.TakenBack:
		return "taken back: " + Step(p.What)
	case apply.Settling:
		return "watching for " + p.Text + " whether it stays so …"
	}
	return ""
}
