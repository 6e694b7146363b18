package freeing

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
)

// beyond tells that the system has a journal, and the asker has another.
func beyond(m *fact.Machine) bool {
	own, err := journal.Place(administers(m))
	if err != nil {
		return false
	}
	systems, err := journal.Place(true)
	if err != nil || systems == own {
		return false
	}
	_, err = os.Stat(systems)
	return err == nil || errors.Is(err, fs.ErrPermission)
}

// commandOf is what is typed to do what a verb says.
func commandOf(verb string) string {
	switch verb {
	case "take back":
		return "undo"
	case "go on with":
		return "free --resume"
	}
	return verb
}

// others is err, or where err says that the asker's own journal has no such entry and
// the system has a journal too, that those are its administrator's.
func others(m *fact.Machine, command string, w Which, err error) error {
	var none *Stop
	if !errors.Is(err, journal.ErrNone) && !errors.As(err, &none) || !beyond(m) {
		return err
	}
	line := "berth " + command
	if w.ID > 0 {
		line += fmt.Sprintf(" %d", w.ID)
	}
	if m.OS == "windows" {
		return stop(exitNotAllowed, "in a terminal opened with \"Run as administrator\": "+line, "%w; the system's journal is the administrators'", err)
	}
	return stop(exitNotAllowed, "sudo "+line, "%w; the system's journal is root's", err)
}

// besides says on Err that the system has a journal too, where that is another one.
func (d *Desk) besides(m *fact.Machine, line string) {
	switch {
	case d.JSON || !beyond(m):
	case m.OS == "windows":
		fmt.Fprintf(d.Err, "This is your own journal; %s as administrator is about the system's.\n", line)
	default:
		fmt.Fprintf(d.Err, "This is your own journal; sudo %s is about the system's.\n", line)
	}
}
