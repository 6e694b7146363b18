package prefixes_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/prefix"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/share/urlprefix"
	"github.com/berthd/berth/internal/talk/report/sentence"
	"github.com/berthd/berth/internal/talk/report/sentence/prefixes"
)

// constants are the values of the string constants of one type in a file below internal/.
func constants(t *testing.T, file, kind string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "../../../../"+file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
			if id, ok := v.Type.(*ast.Ident); ok && id.Name == kind {
				out = append(out, strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
			}
		}
		return true
	})
	if len(out) == 0 {
		t.Fatalf("%s has no constants of type %s", file, kind)
	}
	return out
}

func words() prefixes.Words {
	set := &fact.Set{
		Machine:       fact.Machine{OS: "windows"},
		Sockets:       []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: netip.MustParseAddrPort("0.0.0.0:80"), State: fact.Listen, PID: 412}},
		Processes:     []fact.Process{{ID: "proc:1", PID: 412, Name: "httpd.exe"}},
		Units:         []fact.Unit{{ID: "unit:W3SVC", Manager: "scm", Name: "W3SVC"}},
		Queues:        []fact.Queue{{ID: "queue:q", Name: "q"}},
		Registrations: []fact.Registration{{ID: "url:1", URL: "HTTP://+:80/APP/"}},
		Reservations:  []fact.Reservation{{ID: "urlacl:1", URL: "http://+:80/res/", Rights: []fact.PrefixRight{{SID: "S-1-1-0", Account: "Jeder", Listen: true}}}},
		Links:         []fact.Link{{From: "sock:1", To: "proc:1", Kind: fact.HeldBy}, {From: "proc:1", To: "unit:W3SVC", Kind: fact.PartOf}},
	}
	return prefixes.Words{Names: sentence.Names{X: chain.NewIndex(set)}, Who: prefix.Who{SID: "S-1-5-21-7"}}
}

// rows are what findings of a rule rest on.
func rows(rule string) []fact.ID {
	switch urlprefix.Rule(rule) {
	case urlprefix.RuleReserved, urlprefix.RuleForeign, urlprefix.RuleLocalhostLost:
		return []fact.ID{"urlacl:1"}
	case urlprefix.RuleTaken:
		return []fact.ID{"url:1", "queue:q", "proc:1"}
	}
	switch prefix.Rule(rule) {
	case prefix.RulePortTaken, prefix.RuleBeside, prefix.RuleUnnamed:
		return []fact.ID{"sock:1", "proc:1"}
	case prefix.RuleReservedToday, prefix.RuleShadowed, prefix.RuleShadowedPart:
		return []fact.ID{"urlacl:1"}
	case prefix.RuleServedToday, prefix.RuleOutranked:
		return []fact.ID{"url:1", "queue:q", "proc:1"}
	case prefix.RuleOutrankedPart, prefix.RuleTakesAll, prefix.RuleTakesPart:
		return []fact.ID{"url:1"}
	}
	return nil
}

func isSentence(s string) bool {
	return len(s) > 15 && strings.HasSuffix(s, ".") && !strings.Contains(s, "  ") && !strings.Contains(s, " .") && !strings.Contains(s, " ,") &&
		!strings.HasPrefix(s, "Rule ") && s[0] >= 'A' && s[0] <= 'Z' || strings.HasPrefix(s, "10.9.9.9 ") || strings.HasPrefix(s, "+ and *")
}

// args are those that any rule may have.
func args() map[string]string {
	return map[string]string{"address": "10.9.9.9", "from": "8000", "to": "8099", "what": "reservations", "list": "10.0.0.7", "port": "443", "fault": "no-slash", "word": "x"}
}

// decides are the rules that let in or refuse; the others only tell.
func decides(rule string) (ok, refuses bool) {
	switch urlprefix.Rule(rule) {
	case urlprefix.RuleReserved, urlprefix.RuleAdministrator, urlprefix.RuleLocalhost:
		return true, false
	case urlprefix.RuleSchemeClash, urlprefix.RuleTaken, urlprefix.RuleForeign, urlprefix.RuleUnreserved, urlprefix.RuleLocalhostLost:
		return false, true
	}
	switch prefix.Rule(rule) {
	case prefix.RuleMalformed, prefix.RuleHTTPDisabled, prefix.RuleNotLocal, prefix.RulePortTaken, prefix.RuleExcluded, prefix.RuleNotRead:
		return false, true
	}
	return false, false
}

func TestEveryRuleHasASentence(t *testing.T) {
	w, seen := words(), map[string]string{}
	all := append(constants(t, "answer/prefix/prefix.go", "Rule"), constants(t, "answer/prefix/explain.go", "Rule")...)
	all = append(all, constants(t, "share/urlprefix/rights.go", "Rule")...)
	for _, rule := range all {
		switch urlprefix.Rule(rule) { // of reserving, which check does not ask about
		case urlprefix.RuleDelegated, urlprefix.RuleReservedAlready, urlprefix.RuleNotDelegated, urlprefix.RuleNotAdmin:
			continue
		}
		f := prefix.Finding{Rule: prefix.Rule(rule), Confidence: urlprefix.Certain, About: rows(rule), Args: args()}
		ok, refuses := decides(rule)
		s := w.Finding(f)
		if ok || refuses {
			s = w.Verdict(prefix.Verdict{Finding: f, OK: ok})
		}
		if !isSentence(s) || seen[s] != "" {
			t.Errorf("%s: %q, which is %q's", rule, s, seen[s])
		}
		seen[s] = rule
		for _, id := range f.About { // what it rests on is named
			if id == "proc:1" && !strings.Contains(s, "httpd.exe") && rule != string(prefix.RuleUnnamed) || id == "urlacl:1" && !strings.Contains(s, "http://+:80/res/") || id == "url:1" && !strings.Contains(s, "HTTP://+:80/APP/") && rule != string(urlprefix.RuleTaken) {
				t.Errorf("%s does not name %s: %q", rule, id, s)
			}
		}
		if f.Confidence = urlprefix.Likely; refuses && !strings.HasPrefix(w.Verdict(prefix.Verdict{Finding: f}), "Probably: ") {
			t.Errorf("%s hides its doubt", rule)
		}
		// A refusal is a cause too, where an error is explained by it.
		if cause := w.Finding(prefix.Finding{Rule: f.Rule, Confidence: urlprefix.Certain, About: f.About, Args: f.Args}); refuses && cause != s {
			t.Errorf("%s as a cause: %q", rule, cause)
		}
	}
}

func TestEveryFaultHasASentence(t *testing.T) {
	w, seen := words(), map[string]bool{}
	for _, fault := range constants(t, "share/urlprefix/parse.go", "Fault") {
		s := w.Verdict(prefix.Verdict{Finding: prefix.Finding{Rule: prefix.RuleMalformed, Confidence: urlprefix.Certain, Args: map[string]string{"fault": fault, "word": "WORD\x1b[31m"}}})
		if s = strings.TrimPrefix(s, "WORD"); len(s) < 15 || seen[s] || !strings.HasSuffix(s, ".") || strings.Contains(s, "\x1b") || strings.Contains(s, fault+")") {
			t.Errorf("%s: %q", fault, s)
		}
		seen[s] = true
	}
}

func TestEveryStepHasASentence(t *testing.T) {
	w := words()
	for _, kind := range []string{"rewrite", "localhost", "path", "port", "address", "reserve", "widen", "administrator", "unreserve", "who", "start", "iplisten", "read"} {
		s := prefix.Step{Kind: kind, Args: map[string]string{"prefix": "http://+:80/", "url": "http://+:80/", "sid": "S-1-1-0", "address": "::1"}}
		if got := w.Step(s); !isSentence(got) {
			t.Errorf("%s: %q", kind, got)
		}
	}
	s := prefix.Step{Kind: "reserve", Args: map[string]string{"sid": "SID"}, Undo: [][]string{{"netsh", "http", "delete", "urlacl", "url=http://+:80/a b&c/"}}}
	if got := w.Step(s); !strings.Contains(got, "whoami /user") {
		t.Errorf("an account that is not known: %q", got)
	}
	if got, want := prefixes.Undo(s), `Undone by netsh http delete urlacl "url=http://+:80/a b&c/".`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestHeadline(t *testing.T) {
	w := words()
	refused := []prefix.Verdict{{Finding: prefix.Finding{Rule: prefix.RulePortTaken, Confidence: urlprefix.Certain}, Code: 32}}
	unread := []prefix.Verdict{{Finding: prefix.Finding{Rule: prefix.RuleNotRead, Confidence: urlprefix.Certain}}}
	for _, c := range []struct {
		a    prefix.Answer
		who  prefix.Who
		as   bool
		want string
	}{
		{prefix.Answer{Works: prefix.Yes}, prefix.Who{SID: "S-1-5-7"}, false, "yes, you can register it."},
		{prefix.Answer{Works: prefix.Yes}, prefix.Who{SID: "S-1-5-7"}, true, "yes, account S-1-5-7 can register it."},
		{prefix.Answer{Works: prefix.Yes}, prefix.Who{}, false, "yes, an ordinary account can register it."},
		{prefix.Answer{Works: prefix.No, Verdicts: refused}, prefix.Who{Admin: true}, false, "no, HTTP.sys would refuse it to you with 32 (ERROR_SHARING_VIOLATION)."},
		{prefix.Answer{Verdicts: unread}, prefix.Who{}, false, "what decides could not be read."},
		{prefix.Answer{}, prefix.Who{}, false, "only a try can tell."},
	} {
		w.Who, w.As, c.a.Text = c.who, c.as, "http://\x1b+:80/"
		if got := w.Headline(c.a); got != `http://\x1b+:80/: `+c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
