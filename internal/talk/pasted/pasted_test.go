package pasted

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/machine/paste"
	"github.com/berthd/berth/internal/talk/report/layout"
)

func explain(t *testing.T, text string) v1.Explain {
	t.Helper()
	e, err := Explain(Question{Texts: []paste.Text{{Data: []byte(text)}}})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var out bytes.Buffer
	if err := e.WriteText(&out, layout.Style{}); err != nil || out.Len() == 0 {
		t.Fatalf("%s: %v, %d bytes", text, err, out.Len())
	}
	return e.Document()
}

// confidences are those of everything that a document says.
func confidences(d v1.Explain) []string {
	var out []string
	for _, f := range d.Findings {
		out = append(out, f.Confidence)
	}
	for _, a := range d.Answers {
		for _, f := range a.Findings {
			if f.Rule != "unknown" { // that nothing could be learned is certain
				out = append(out, f.Confidence)
			}
		}
	}
	for _, l := range d.LookAlikes {
		out = append(out, l.Confidence)
	}
	return out
}

// On every shape in which people paste a refused bind the answer names the class of
// the cause, the port and the one command to run next, and none of it is certain.
func TestEveryShape(t *testing.T) {
	data, err := os.ReadFile("../../answer/refusal/testdata/survey.txt")
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		want, ends := strings.CutPrefix(line, "=> ")
		if !ends {
			if !strings.HasPrefix(line, "## ") {
				text = append(text, line)
			}
			continue
		}
		shape(t, strings.Join(text, "\n"), want)
		text = nil
	}
}

func shape(t *testing.T, text, want string) {
	t.Helper()
	d := explain(t, text)
	cause, rest, _ := strings.Cut(want, " ")
	number, _, _ := strings.Cut(rest, " ")
	findings := d.Findings
	if number != "0" {
		if len(d.Answers) != 1 || strconv.Itoa(int(d.Answers[0].Endpoint.Port)) != number {
			t.Errorf("%s: %d answers, want one for port %s", text, len(d.Answers), number)
			return
		}
		findings = d.Answers[0].Findings
	}
	said := false
	for _, f := range findings {
		said = said || f.Rule == "error-line" && f.Args["cause"] == cause
	}
	if !said {
		t.Errorf("%s: no finding of cause %s: %+v", text, cause, findings)
	}
	if d.Next == nil || d.Next.Command == "" || len(d.Next.Tells) == 0 {
		t.Errorf("%s: no next command", text)
	}
	for _, c := range confidences(d) {
		if c == "certain" {
			t.Errorf("%s: certain on words alone", text)
		}
	}
}

// The same words beside a listing that shows who has the port: then it is certain.
func TestListingMakesCertain(t *testing.T) {
	d := explain(t, "listen tcp :8080: bind: address already in use\nLISTEN 0 511 0.0.0.0:8080 0.0.0.0:* users:((\"nginx\",pid=700,fd=4))\n")
	if len(d.Answers) != 1 || d.Answers[0].Status != "held" || d.Next != nil {
		t.Errorf("%+v", d)
	}
	certain := false
	for _, c := range confidences(d) {
		certain = certain || c == "certain"
	}
	if !certain {
		t.Errorf("%q", confidences(d))
	}
}

// A look-alike is said to be none, before anything else, with a command of its own.
func TestLookalikesAreNoConflict(t *testing.T) {
	d := explain(t, "nginx: [emerg] bind() to unix:/run/app.sock failed (98: Address already in use)\n")
	if len(d.LookAlikes) != 1 || d.LookAlikes[0].Conflict || len(d.Answers) != 0 || d.Next == nil || d.Next.Command != "sudo ss -xlp" {
		t.Errorf("%+v", d)
	}
	d = explain(t, "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n")
	if len(d.LookAlikes) != 0 || len(d.Answers) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestNothing(t *testing.T) {
	if _, err := Explain(Question{Texts: []paste.Text{{Data: []byte("My computer is broken and I do not know why.\n")}}}); err != ErrNothing {
		t.Errorf("%v", err)
	}
	if _, err := Explain(Question{Texts: []paste.Text{{Data: []byte("\x7fELF\x00\x00")}}}); err == nil || err == ErrNothing {
		t.Errorf("%v", err)
	}
}
