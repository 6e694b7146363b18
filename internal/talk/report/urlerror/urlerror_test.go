package urlerror_test

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/urlerror"
)

const conflict = "HttpListenerException (183): Failed to listen on prefix 'http://+:8080/shop/' because it conflicts with an existing registration on the machine."

func said(t *testing.T, line string, set fact.Set) (errs []urlerror.Error, text string) {
	t.Helper()
	x := chain.NewIndex(&set)
	errs = urlerror.Explain(x, refusal.Read("windows", []refusal.Line{{Text: line, Where: "line 3 of log.txt"}}))
	var b strings.Builder
	urlerror.Write(&b, layout.Style{Width: 1000}, x, errs)
	return errs, b.String()
}

// With the registration among the facts the cause is shown; without it the usual
// causes are named, and none of them is certain.
func TestExplain(t *testing.T) {
	with := fact.Set{Machine: fact.Machine{OS: "windows"}, Registrations: []fact.Registration{{ID: "url:x", URL: "HTTP://+:8080/SHOP/", Port: 8080}}}
	errs, text := said(t, conflict, with)
	if len(errs) != 1 || !errs[0].Shown || !strings.Contains(text, "HTTP.sys refused http://+:8080/shop/ with error 183 (ERROR_ALREADY_EXISTS), line 3 of log.txt says. The cause is in the texts:") {
		t.Errorf("%+v\n%s", errs, text)
	}
	errs, text = said(t, conflict, fact.Set{Machine: fact.Machine{OS: "windows"}})
	if len(errs) != 1 || errs[0].Shown || !strings.Contains(text, "It means:\n  Probably: ") {
		t.Errorf("%+v\n%s", errs, text)
	}
	for _, c := range errs[0].Causes {
		if c.Confidence == "certain" {
			t.Errorf("%+v", c)
		}
	}
}

// What is no error of HTTP.sys is none here.
func TestOthersAreLeftAlone(t *testing.T) {
	if errs, text := said(t, "listen tcp :8080: bind: address already in use", fact.Set{}); len(errs) != 0 || text != "" {
		t.Errorf("%+v %q", errs, text)
	}
}

func TestDocument(t *testing.T) {
	set := fact.Set{Machine: fact.Machine{OS: "windows"}}
	x := chain.NewIndex(&set)
	doc := urlerror.Document(x, urlerror.Explain(x, refusal.Read("windows", []refusal.Line{{Text: conflict}})))
	if len(doc) != 1 || doc[0].Code != 183 || doc[0].Errno != "ERROR_ALREADY_EXISTS" || doc[0].Prefix != "http://+:8080/shop/" || len(doc[0].Causes) == 0 {
		t.Errorf("%+v", doc)
	}
	if doc := urlerror.Document(x, nil); doc == nil {
		t.Error("none is null")
	}
}
