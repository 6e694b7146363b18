package judged_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/sentence"
	"github.com/berthd/berth/internal/talk/report/sentence/judged"
)

// constants are the values of a type's constants in a file.
func constants(t *testing.T, file, kind string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if ok && len(v.Values) == 1 {
			if id, named := v.Type.(*ast.Ident); named && id.Name == kind {
				out = append(out, strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
			}
		}
		return true
	})
	if len(out) < 3 {
		t.Fatalf("%s has %d constants of %s", file, len(out), kind)
	}
	return out
}

const answer = "../../../../answer/judge/"

func words() judged.Words {
	set := &fact.Set{Units: []fact.Unit{
		{ID: "unit:Spooler", Manager: "scm", Name: "Spooler", Description: "Print Spooler"}, {ID: "unit:W3SVC", Manager: "scm", Name: "W3SVC"},
	}}
	return judged.Words{N: sentence.Names{X: chain.NewIndex(set)}}
}

func args() map[string]string {
	m := map[string]string{"entry": "winrm", "cost": "Printing.", "value": "4"}
	for _, k := range strings.Fields("service port address url key name type before after what kernel since count from to start file features services sockets state os pid setting unit") {
		m[k] = strings.ToUpper(k)
	}
	return m
}

func isSentence(s string) bool {
	return len(s) > 8 && strings.HasSuffix(s, ".") && !strings.ContainsAny(s, "{}[]") && !strings.Contains(s, "  ") && !strings.Contains(s, " . ") && !strings.HasSuffix(s, " .") && !strings.Contains(s, " ,")
}

func TestEveryRuleHasASentence(t *testing.T) {
	w := words()
	seen := map[string]string{}
	for _, rule := range constants(t, answer+"known/rules.go", "Rule") {
		for _, a := range []map[string]string{args(), nil} {
			s := w.Does(ruling.Verdict{Rule: known.Rule(rule), Args: a})
			if !isSentence(s) {
				t.Errorf("%s: %q", rule, s)
			}
			if other := seen[s]; other != "" && other != rule {
				t.Errorf("%s and %s say the same: %q", rule, other, s)
			}
			seen[s] = rule
		}
	}
}

func TestEveryNoteHasASentence(t *testing.T) {
	w := words()
	seen := map[string]string{}
	for _, id := range constants(t, answer+"ruling/notes.go", "NoteID") {
		for _, rows := range [][]fact.ID{{"unit:Spooler", "unit:W3SVC"}, nil} {
			s := w.Note(ruling.Verdict{Args: args()}, ruling.Note{ID: ruling.NoteID(id), About: rows, Args: args()})
			if !isSentence(s) {
				t.Errorf("%s: %q", id, s)
			}
			if other := seen[s]; other != "" && other != id {
				t.Errorf("%s and %s say the same: %q", id, other, s)
			}
			seen[s] = id
		}
	}
}

func TestRowsAreNamed(t *testing.T) {
	w := words()
	got := w.Note(ruling.Verdict{}, ruling.Note{ID: ruling.DependentsRun, About: []fact.ID{"unit:Spooler", "unit:W3SVC"}})
	if want := "Goes down with it, because it runs and depends on it: Print Spooler (Spooler) and W3SVC."; got != want {
		t.Errorf("%q", got)
	}
	if got := w.Note(ruling.Verdict{}, ruling.Note{ID: ruling.StartWord, Args: map[string]string{"value": "4"}}); !strings.Contains(got, "disabled") {
		t.Errorf("%q", got)
	}
}

func TestClassesNeedsAndWaysHaveWords(t *testing.T) {
	w := words()
	for _, c := range constants(t, answer+"known/known.go", "Class") {
		if s := judged.Class(known.Class(c)); s == "" || strings.Contains(s, "-") {
			t.Errorf("class %s: %q", c, s)
		}
	}
	for _, n := range constants(t, answer+"known/known.go", "Need") {
		if s := judged.Needs(known.Need(n)); n != "" && !strings.HasPrefix(s, "needs ") {
			t.Errorf("need %s: %q", n, s)
		}
	}
	for _, r := range known.Rules() {
		for _, i := range known.Of(r).Instead {
			if strings.HasPrefix(i, "$ ") {
				continue
			}
			kind, _, _ := strings.Cut(i, ":")
			if s := w.Instead(ruling.Instead{Remedy: kind}); s == kind {
				t.Errorf("%s: the way %s has no words", r, i)
			}
		}
	}
}

func TestUndo(t *testing.T) {
	w := words()
	for _, c := range []struct {
		v    ruling.Verdict
		want string
	}{
		{ruling.Verdict{Reversal: known.Nothing}, ""},
		{ruling.Verdict{Reversal: known.Final}, "cannot be taken back by a command."},
		{ruling.Verdict{Reversal: known.Reversible, Undo: []string{"a", "b"}}, "a; b"},
		{ruling.Verdict{Reversal: known.Restartable, Undo: []string{"a"}}, "a; what it held in memory is gone."},
		{ruling.Verdict{Reversal: known.Reversible, Undo: []string{"\x1b[31m"}}, `\x1b[31m`},
		{ruling.Verdict{Reversal: known.Reversible, Undo: strings.Fields("a b c d e f g h")}, "a; b; c; d; e; f; and 2 more of that kind (--json has all)"},
	} {
		if got := w.Undo(c.v); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
