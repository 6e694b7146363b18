package changes

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/talk/report/clean"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// WriteJournal lists entries, the oldest first, and what is open.
func WriteJournal(out io.Writer, st layout.Style, list []*journal.Entry, damaged []string) error {
	if len(list) == 0 && len(damaged) == 0 {
		_, err := fmt.Fprintln(out, "Nothing was done here by berth.")
		return err
	}
	cols := []layout.Column{{Title: "ID", Right: true}, {Title: "WHEN"}, {Title: "BY", Least: 8}, {Title: "PORT"}, {Title: "REMEDY", Least: 16}, {Title: "STATUS"}}
	var rows [][]string
	open := 0
	for _, en := range list {
		status := string(en.Status())
		if u := Until(en); u != nil {
			will := ", goes back at "
			if en.Overdue(time.Now()) {
				will = ", should have gone back at "
			}
			status += will + u.Local().Format("15:04:05")
		}
		if en.Status().Open() {
			open++
		}
		port := ""
		if en.Plan.Port != 0 {
			port = strconv.Itoa(int(en.Plan.Port)) + "/" + name(en.Plan.Proto)
		}
		rows = append(rows, []string{strconv.Itoa(en.ID), en.Plan.Made.Local().Format("2006-01-02 15:04"), name(en.By.User), port, name(en.Plan.Remedy), status})
	}
	if len(rows) > 0 {
		if err := layout.Table(out, st, cols, rows); err != nil {
			return err
		}
	}
	var b strings.Builder
	for _, d := range damaged {
		fmt.Fprintln(&b, "cannot be read:", clean.Text(d, 300))
	}
	if open > 0 {
		fmt.Fprintf(&b, "\n%d open: berth undo ID takes an entry back, berth free --resume ID goes on with it, berth confirm ID keeps one that goes back by itself.\n", open)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// happened is an event of an entry's life as people say it.
func happened(k journal.Kind) string {
	switch k {
	case journal.Reached:
		return "the goal is reached"
	case journal.Closed:
		return "the goal was still reached some time later: nothing is open"
	case journal.Rebooting:
		return "waits for a reboot"
	case journal.Armed:
		return "goes back by itself unless it ends well"
	case journal.Awaiting:
		return "goes back by itself unless it is confirmed"
	case journal.Back:
		return "taken back"
	case journal.Lost:
		return "cannot be taken back"
	case journal.Stuck:
		return "could not be taken back"
	case journal.Undoing:
		return "taking back begins"
	case journal.Undone:
		return "all that can be is as before"
	}
	return string(k)
}

// WriteEntry writes one entry whole: what it changed, and what became of it.
func WriteEntry(out io.Writer, st layout.Style, en *journal.Entry) error {
	var b strings.Builder
	by := name(en.By.User)
	if by != "" {
		by = " by " + by
	}
	fmt.Fprintf(&b, "Entry %d: %s%s, %s: %s\n\n", en.ID, name(en.Plan.Remedy), by, en.Plan.Made.Local().Format("2006-01-02 15:04:05"), en.Status())
	WriteSteps(&b, st, en.Plan)
	b.WriteByte('\n')
	for _, ev := range en.Events {
		what := ""
		if ev.Step >= 0 && ev.Step < len(en.Plan.Steps) {
			what = ": " + Step(en.Plan.Steps[ev.Step])
		}
		if ev.Text != "" {
			what += ": " + clean.Text(ev.Text, 300)
		}
		fmt.Fprintf(&b, "  %s  %s%s\n", ev.At.Local().Format("15:04:05.000"), happened(ev.Kind), what)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
