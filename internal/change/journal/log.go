package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
)

// A line of the log is the event in JSON, a tab, and the 32-bit FNV-1a sum of the JSON in hex.

// Note adds an event and returns when it is on disk.
func (e *Entry) Note(ev Event) error {
	name := filepath.Join(e.dir, logName)
	err := appendLine(name, ev)
	if err != nil {
		// What was kept for a full disk is given up, once.
		if os.Remove(filepath.Join(e.dir, reserveName)) == nil {
			err = appendLine(name, ev)
		}
	}
	if err != nil {
		return fmt.Errorf("journal entry %d: %w", e.ID, err)
	}
	e.Events = append(e.Events, ev)
	return nil
}

func appendLine(name string, ev Event) error {
	_, good, err := readLog(name)
	if err != nil {
		return err
	}
	body, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	line := fmt.Appendf(body, "\t%08x\n", sum(body))
	// A line that a killed berth left half written is overwritten.
	if err = f.Truncate(good); err == nil {
		_, err = f.WriteAt(line, good)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// readLog returns the events and the length of the part that is whole. A last line
// that was torn is left out; a bad line in front of good ones is damage.
func readLog(name string) ([]Event, int64, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, 0, err
	}
	events, good, err := parseLog(data)
	return events, int64(good), err
}

func parseLog(data []byte) (events []Event, good int, err error) {
	for rest := data; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte{'\n'})
		ev, ok := parseLine(line)
		if !whole || !ok {
			if whole && len(after) > 0 {
				return nil, 0, fmt.Errorf("%w: line %d of its log", ErrDamaged, len(events)+1)
			}
			return events, good, nil
		}
		events = append(events, ev)
		good += len(line) + 1
		rest = after
	}
	return events, good, nil
}

func parseLine(line []byte) (ev Event, ok bool) {
	body, written, found := bytes.Cut(line, []byte{'\t'})
	want, err := strconv.ParseUint(string(written), 16, 32)
	if !found || err != nil || uint32(want) != sum(body) {
		return ev, false
	}
	return ev, json.Unmarshal(body, &ev) == nil
}

// sum tells a line that was torn; it is no proof against anything else.
func sum(body []byte) uint32 {
	h := fnv.New32a()
	h.Write(body)
	return h.Sum32()
}
