package demo

import (
	"embed"
	"strings"

	"github.com/berthd/berth/internal/machine/paste"
)

// Explainer answers from pasted texts, as `berth explain` does.
type Explainer interface {
	Explain(texts ...paste.Text) (Answer, error)
	// Judge says only what is to be said of the commands in them.
	Judge(texts ...paste.Text) (Answer, error)
}

// recorded are the texts of the story. The listing of HTTP.sys was published by the
// person who met it; the lines around it are in the form that the tools give them.
//
//go:embed pid4
var recorded embed.FS

// PID4 tells the recorded Windows story that berth was born from: port 80 belongs
// to PID 4, and there every tool ends. It reads and changes nothing, on any system.
func PID4(e Explainer, p *Page) error {
	s := story{Page: p, Explainer: e}
	s.Say("The story of port 80 and PID 4, as recorded on a Windows machine. Nothing of it is read from\nthis machine, and nothing is changed: the answers are what berth makes of the recorded texts.\n\n")
	s.Say("1. A web server does not start any more. Its log says:\n\n")
	s.quote("error.txt")
	s.Say("\n2. Who has the port? The tools at hand say PID 4, System, and there they end:\n\n")
	s.quote("netstat.txt")
	s.Say("\n3. berth explain, with no more than these lines:\n\n")
	s.show(s.Explain, "error.txt", "netstat.txt")
	s.Say("\n4. The one command that it asks for prints %d lines, in the language of the machine. With\n   them, and with tasklist /svc, berth explain again:\n\n", s.lines("servicestate.txt"))
	s.show(s.Explain, "netstat.txt", "tasklist.txt", "servicestate.txt")
	s.Say("\n5. Now the cures that go round for this conflict. berth explain judges each:\n")
	s.show(s.Judge, "netstat.txt", "tasklist.txt", "servicestate.txt", "advice.txt")
	s.Say("\nOn the machine itself berth who 80 says all of it at once, and berth free 80 leads out of it\nstep by step. Where berth cannot run,\nberth explain --collect windows prints a short script, and berth explain reads its file.\n")
	if s.err != nil {
		return s.err
	}
	return p.Err()
}

// story is one telling; after the first error it stays silent.
type story struct {
	*Page
	Explainer
	err error
}

func (s *story) text(name string) string {
	data, err := recorded.ReadFile("pid4/" + name)
	if err != nil && s.err == nil {
		s.err = err
	}
	return string(data)
}

func (s *story) quote(name string) {
	for line := range strings.Lines(s.text(name)) {
		s.Say("%s", indented(line))
	}
}

func (s *story) lines(name string) int { return strings.Count(s.text(name), "\n") }

func (s *story) show(ask func(...paste.Text) (Answer, error), names ...string) {
	var texts []paste.Text
	for _, n := range names {
		texts = append(texts, paste.Text{Name: n, Data: []byte(s.text(n))})
	}
	a, err := ask(texts...)
	if err == nil {
		err = s.Page.Show(a)
	}
	if err != nil && s.err == nil {
		s.err = err
	}
}
