// Package unitlog reads what a systemd unit said last, from the journal's files.
//
// It follows systemd's published file format: plain and compact files, keyed and
// unkeyed hashes. It finds a unit's entries by the file's own index and walks them
// from the newest backwards, in bounded work, without a lock and without mapping
// the file: journald goes on writing meanwhile, and whatever does not fit together
// is left out. Compressed fields (of 512 bytes and more) are not read; a message
// that is one is a gap.
//
// It compiles everywhere; there is a journal on Linux only.
package unitlog

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/berthd/berth/internal/fact"
)

// maxFiles bounds how many files of one log are looked into: the newest.
const maxFiles = 8

// Unit names whose lines are wanted.
type Unit struct {
	Name string
	User bool   // of the per-user manager of UID
	UID  string // decimal
}

// Log is the journal files of this machine that the asker may read. Close it.
type Log struct {
	files []*file // newest first
	shut  []*os.File
	boot  [16]byte
	gaps  []fact.Gap
}

// Open opens the journal below root ("/" but in tests): the files of this machine
// in /run/log/journal and /var/log/journal, the newest ones. Reading them needs
// root or the group systemd-journal (of one's own user units, nothing); what is
// closed becomes a gap of every [Log.Tail]. It never fails and does not block but
// for the reads of files.
func Open(root string) *Log {
	l := &Log{}
	boot, err := readID(filepath.Join(root, "proc/sys/kernel/random/boot_id"))
	if err != nil {
		l.noLog("boot id", err)
		return l
	}
	l.boot = boot
	machine, err := os.ReadFile(filepath.Join(root, "etc/machine-id"))
	if err != nil {
		l.noLog("machine id", err)
		return l
	}
	l.open(candidates(root, strings.TrimSpace(string(machine))))
	if len(l.files) == 0 && len(l.gaps) == 0 {
		l.noLog("journal", errors.New("no readable file in /run/log/journal and /var/log/journal"))
	}
	return l
}

// Close closes the files.
func (l *Log) Close() {
	for _, f := range l.shut {
		f.Close()
	}
}

// Tail returns at most limit lines that a unit's processes, or PID 1 about the
// unit, wrote since this boot, oldest first: the newest there are. Gaps say what
// was closed or left out; no lines and no gap means that it said nothing.
func (l *Log) Tail(u Unit, limit int) ([]fact.LogLine, []fact.Gap) {
	gaps := slices.Clone(l.gaps)
	var all []entry
	for _, f := range l.files {
		if len(all) >= limit {
			break
		}
		found, skipped := f.tail(u, l.boot, limit)
		all = append(all, found...)
		if skipped > 0 {
			gaps = append(gaps, fact.Gap{Kind: fact.GapNoLog, Subject: "compressed messages of " + u.Name, Err: f.name})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.seq, b.seq)) })
	lines := make([]fact.LogLine, 0, min(len(all), limit))
	for _, e := range all[max(0, len(all)-limit):] {
		lines = append(lines, fact.LogLine{At: e.at, PID: e.pid, Text: e.text, Evidence: "journal"})
	}
	return lines, gaps
}

func (l *Log) noLog(subject string, err error) {
	l.gaps = append(l.gaps, fact.Gap{Kind: fact.GapNoLog, Subject: subject, Err: err.Error()})
}

// candidate is a journal file that may be worth opening.
type candidate struct {
	path    string
	changed time.Time
}

// candidates are the newest files of the machine, newest first.
func candidates(root, machine string) []candidate {
	var all []candidate
	for _, dir := range [...]string{"run/log/journal", "var/log/journal"} {
		dir = filepath.Join(root, dir, machine)
		entries, _ := os.ReadDir(dir) // absent, or closed: then the files are not there either
		for _, e := range entries {
			if i, err := e.Info(); err == nil && e.Type().IsRegular() && isJournal(e.Name()) {
				all = append(all, candidate{filepath.Join(dir, e.Name()), i.ModTime()})
			}
		}
	}
	slices.SortFunc(all, func(a, b candidate) int { return b.changed.Compare(a.changed) })
	return all[:min(len(all), maxFiles)]
}

func isJournal(name string) bool {
	return strings.HasSuffix(name, ".journal") || strings.HasSuffix(name, ".journal~")
}

func (l *Log) open(all []candidate) {
	for _, c := range all {
		f, err := os.Open(c.path)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				l.noLog(c.path, errors.Unwrap(err))
			}
			continue
		}
		i, err := f.Stat()
		if err == nil {
			var j *file
			if j, err = parse(f, i.Size()); err == nil {
				j.name = c.path
				l.files, l.shut = append(l.files, j), append(l.shut, f)
				continue
			}
		}
		f.Close()
		l.noLog(c.path, err)
	}
}

// readID reads 32 hex digits, with or without dashes.
func readID(path string) (id [16]byte, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return id, err
	}
	return parseID(strings.TrimSpace(string(text)))
}
