package httpshow

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
	"github.com/berthd/berth/internal/talk/report/sentence/windows"
)

// WriteText writes the table for a person.
func (s Show) WriteText(out io.Writer, st layout.Style) error {
	switch s.table {
	case ServiceState:
		return s.writeState(out, st)
	case URLACL:
		return s.writeTable(out, st, "Nothing is reserved with HTTP.sys.", []string{"URL", "ACCOUNT", "MAY"}, s.reserved())
	case IPListen:
		return s.writeListenList(out)
	case SSLCert:
		return s.writeTable(out, st, "HTTP.sys has no certificate.", []string{"BINDING", "KIND", "HASH", "STORE", "APPLICATION"}, s.certificates())
	case Timeout:
		t := s.set.Machine.Windows.Timeouts
		_, err := fmt.Fprintf(out, "idle connection  %d s\nheader wait      %d s\n", t.IdleConnection, t.HeaderWait)
		return err
	}
	return s.writeTable(out, st, "HTTP.sys has no response in its cache.", []string{"URL", "STATUS", "VERB", "QUEUE", "BYTES", "HITS"}, s.cached())
}

func (s Show) writeTable(out io.Writer, st layout.Style, empty string, titles []string, rows [][]string) error {
	if len(rows) == 0 {
		_, err := io.WriteString(out, empty+"\n")
		return err
	}
	var cols []layout.Column
	for _, t := range titles {
		cols = append(cols, layout.Column{Title: t, Least: max(8, len(t))})
	}
	return layout.Table(out, st, cols, rows)
}

// word is a cell from outside; long ones are cut by the table, where at all.
func word(text string) string {
	if text == "" {
		return "-"
	}
	return sentence.Clean(text, 0)
}

func (s Show) writeListenList(out io.Writer) error {
	if len(s.set.ListenList) == 0 {
		_, err := io.WriteString(out, "The listen list is empty: HTTP.sys listens on every address.\n")
		return err
	}
	for _, a := range s.set.ListenList {
		if _, err := io.WriteString(out, word(a.Addr.String())+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// reserved are the cells of the reservations: a line for each account.
func (s Show) reserved() [][]string {
	var rows [][]string
	for _, r := range s.set.Reservations {
		url := word(r.URL)
		if len(r.Rights) == 0 {
			rows = append(rows, []string{url, "-", word(r.SDDL)})
		}
		for _, p := range r.Rights {
			rows = append(rows, []string{url, account(p), may(p)})
			url = ""
		}
	}
	return rows
}

func account(p fact.PrefixRight) string {
	name := word(p.Account)
	switch {
	case p.Gone != nil && *p.Gone:
		name = p.SID + ", no such account"
	case p.Account == "":
		if name = windows.Account(p.SID); name != p.SID {
			name += " (" + p.SID + ")"
		}
	}
	return sentence.Clean(name, 0)
}

func may(p fact.PrefixRight) string {
	var words []string
	if p.Listen {
		words = append(words, "listen")
	}
	if p.Delegate {
		words = append(words, "delegate")
	}
	text := strings.Join(words, ", ")
	if p.Deny {
		return "not " + strings.Join(words, ", nor ")
	}
	return text
}

func (s Show) certificates() [][]string {
	var rows [][]string
	for _, c := range s.set.Certificates {
		rows = append(rows, []string{word(c.Key), word(c.Kind), word(c.Hash), word(c.Store), word(c.AppID)})
	}
	return rows
}

func (s Show) cached() [][]string {
	var rows [][]string
	for _, c := range s.set.Cached {
		rows = append(rows, []string{word(c.URL), number(int64(c.Status)), word(c.Verb), word(c.Queue), number(c.Bytes), number(c.Hits)})
	}
	return rows
}

func number(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

// writeState writes each queue with those who serve it and the URLs that are
// certainly its own, then the URLs whose queue is not known.
func (s Show) writeState(out io.Writer, st layout.Style) error {
	queues, urls := s.queues(), s.registrations()
	if len(queues)+len(urls) == 0 {
		_, err := io.WriteString(out, "Nothing is registered with HTTP.sys.\n")
		return err
	}
	own := map[string][]string{}
	for _, u := range urls {
		if u.Certain {
			own[u.Queues[0]] = append(own[u.Queues[0]], u.URL)
		}
	}
	var b strings.Builder
	for i, q := range queues {
		if i > 0 {
			b.WriteByte('\n')
		}
		writeQueue(&b, st, q)
		for _, url := range own[q.ID] {
			b.WriteString("  " + word(url) + "\n")
		}
	}
	writeLoose(&b, st, queues, urls)
	_, err := io.WriteString(out, b.String())
	return err
}

func writeQueue(b *strings.Builder, st layout.Style, q v1.HTTPQueue) {
	title := "Request queue without a name"
	if q.Name != "" {
		title = "Request queue " + strconv.Quote(sentence.Name(q.Name))
	}
	b.WriteString(st.Strong(title) + "\n")
	if q.Controller != nil {
		b.WriteString("  controlled by " + process(*q.Controller) + "\n")
	}
	for _, p := range q.Processes {
		b.WriteString("  served by " + process(p) + services(p) + "\n")
	}
	if len(q.Processes) == 0 {
		b.WriteString("  no process serves it now\n")
	}
}

func process(p v1.HTTPProcess) string {
	name := p.Name
	if name == "" {
		name = p.Exe[strings.LastIndexAny(p.Exe, `\/`)+1:]
	}
	if name == "" {
		return "PID " + strconv.Itoa(p.PID)
	}
	return sentence.Name(name) + " (PID " + strconv.Itoa(p.PID) + ")"
}

func services(p v1.HTTPProcess) string {
	switch {
	case p.Tagged != "":
		return ", service " + sentence.Name(p.Tagged)
	case len(p.Services) == 1:
		return ", service " + sentence.Name(p.Services[0])
	case len(p.Services) > 1:
		var names []string
		for _, n := range p.Services {
			names = append(names, sentence.Name(n))
		}
		return ", one of the services " + strings.Join(names, ", ")
	}
	return ""
}

// writeLoose writes the URLs of which it is not known, or not sure, in which queue
// they are, each with its candidates.
func writeLoose(b *strings.Builder, st layout.Style, queues []v1.HTTPQueue, urls []v1.HTTPRegistration) {
	title := "Registered, and in which queue is not known"
	named := map[string]string{}
	for _, q := range queues {
		named[q.ID] = of(q)
	}
	for _, u := range urls {
		if u.Certain {
			continue
		}
		if title != "" {
			if len(queues) > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(st.Strong(title) + "\n")
			title = ""
		}
		b.WriteString("  " + word(u.URL) + candidates(named, u) + "\n")
	}
}

// maxCandidates bounds the queues that are named for one URL.
const maxCandidates = 8

func candidates(named map[string]string, u v1.HTTPRegistration) string {
	var names []string
	for _, q := range u.Queues {
		if name := named[q]; name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	if more := len(names) - maxCandidates; more > 0 {
		names = append(names[:maxCandidates], strconv.Itoa(more)+" more")
	}
	return "   one of: " + strings.Join(names, ", ")
}

// of names a queue by its name, or by who serves it.
func of(q v1.HTTPQueue) string {
	switch {
	case q.Name != "":
		return "queue " + strconv.Quote(sentence.Name(q.Name))
	case len(q.Processes) > 0:
		return "that of " + process(q.Processes[0])
	}
	return "one that nobody serves"
}
