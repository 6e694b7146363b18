package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Info says what a snapshot holds.
type Info struct{ set *fact.Set }

// NewInfo describes set.
func NewInfo(set *fact.Set) Info { return Info{set} }

// Document is the description as api/v1 says it.
func (i Info) Document() v1.SnapshotInfo {
	s := i.set
	return v1.SnapshotInfo{
		Head:    head(s, "SnapshotInfo", 0),
		Sockets: len(s.Sockets), Processes: len(s.Processes), Units: len(s.Units), Containers: len(s.Containers),
		Redirects: len(s.Redirects), Namespaces: len(s.Namespaces), Gaps: Gaps(s.Gaps, &s.Machine),
	}
}

// WriteText writes the description for a person.
func (i Info) WriteText(out io.Writer, st layout.Style) error {
	s := i.set
	m := s.Machine
	system := strings.Join(strings.Fields(sentence.Name(m.OS)+" "+sentence.Name(m.Arch)+" "+sentence.Name(m.Kernel)), " ")
	fmt.Fprintf(out, "snapshot of %s, %s, taken %s\n", cmp.Or(sentence.Name(m.Host), "a machine"), cmp.Or(system, "a system unknown"),
		s.At.UTC().Format(time.DateTime+" UTC"))
	_, err := fmt.Fprintf(out, "%s, %s, %s, %s, %s, %s\n",
		sentence.Plural(len(s.Sockets), "socket", "sockets"), sentence.Plural(len(s.Processes), "process", "processes"),
		sentence.Plural(len(s.Units), "unit", "units"), sentence.Plural(len(s.Containers), "container", "containers"),
		sentence.Plural(len(s.Redirects), "redirect", "redirects"), sentence.Plural(len(s.Namespaces), "other namespace", "other namespaces"))
	for _, l := range GapLines(s.Gaps, &m) {
		_, err = fmt.Fprintln(out, "not in it: "+layout.Wrap(l, "  ", st.Width))
	}
	return err
}
