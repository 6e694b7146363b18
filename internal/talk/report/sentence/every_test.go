package sentence_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// constants are the values of the string constants of one type in the files that
// pattern names; where doc is not "", only those of blocks with that comment.
func constants(t *testing.T, pattern, kind, doc string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../..", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	var out []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if g, ok := d.(*ast.GenDecl); ok && (doc == "" || strings.Contains(g.Doc.Text(), doc)) {
				out = append(out, values(g, kind)...)
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has no constants of type %s", pattern, kind)
	}
	return out
}

func values(g *ast.GenDecl, kind string) []string {
	var out []string
	for _, s := range g.Specs {
		v, ok := s.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			continue
		}
		if id, ok := v.Type.(*ast.Ident); ok && id.Name == kind {
			out = append(out, strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
		}
	}
	return out
}

// a machine with one row of each kind, each of which says its own name.
func world() (*fact.Set, sentence.Names) {
	at := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	set := &fact.Set{
		Machine: fact.Machine{OS: "linux", Asker: &fact.Asker{UID: 1000, Elevate: "sudo"}},
		Sockets: []fact.Socket{
			{ID: "sock:1", Proto: fact.TCP, Local: at("0.0.0.0:80"), State: fact.Listen, Linux: &fact.LinuxSocket{Inode: 1}},
			{ID: "sock:2", Proto: fact.TCP, Local: at("[::1]:80"), Remote: at("[::1]:4000"), State: fact.Established},
		},
		Processes:     []fact.Process{{ID: "proc:1", PID: 412, Name: "web", User: "ann"}, {ID: "proc:2", PID: 413, Name: "web"}},
		Units:         []fact.Unit{{ID: "unit:1", Manager: "systemd", Name: "web.service"}, {ID: "unit:2", Manager: "systemd", Name: "api.service"}},
		Containers:    []fact.Container{{ID: "container:1", Engine: "docker", Name: "db"}},
		Namespaces:    []fact.Namespace{{ID: "netns:1", Name: "blue"}},
		Redirects:     []fact.Redirect{{ID: "redirect:1", Kind: "dnat", To: "10.0.0.2:80", Chain: "ip nat x"}},
		Registrations: []fact.Registration{{ID: "reg:1", URL: "http://+:80/app/"}},
		Links:         []fact.Link{{From: "sock:1", To: "proc:1", Kind: fact.HeldBy}},
	}
	return set, sentence.Names{X: chain.NewIndex(set)}
}

// about are the rows that a rule's findings rest on, as diagnose gives them.
func about(r diagnose.Rule) []fact.ID {
	switch r {
	case diagnose.RuleConfigTwice, diagnose.RuleNewcomerFailed, diagnose.RuleNewcomerRefused, diagnose.RuleWouldRestart, diagnose.RuleSocketActivated:
		return []fact.ID{"unit:1", "unit:2"}
	case diagnose.RuleOrphanMaster:
		return []fact.ID{"proc:1", "unit:1"}
	case diagnose.RuleLocalhostSplit, diagnose.RuleTwoServers, diagnose.RuleReusePortShared:
		return []fact.ID{"sock:1", "sock:2"}
	case diagnose.RuleTimeWait, diagnose.RuleLeftover, diagnose.RuleOutgoing:
		return []fact.ID{"sock:2"}
	case diagnose.RuleBoundOnly, diagnose.RuleOwnerHidden, diagnose.RuleBacklogFull:
		return []fact.ID{"sock:1"}
	case diagnose.RuleNATShadow, diagnose.RuleNATOnly:
		return []fact.ID{"redirect:1"}
	case diagnose.RuleAllocated:
		return []fact.ID{"container:1"}
	case diagnose.RuleOtherNetns:
		return []fact.ID{"netns:1", "sock:1"}
	case diagnose.RuleHTTPSys, diagnose.RuleReservedOnly:
		return []fact.ID{"reg:1"}
	case diagnose.RuleFree, diagnose.RuleUnknown:
		return nil
	}
	return []fact.ID{"proc:1", "proc:2"}
}

func words() map[string]string {
	return map[string]string{"line": "bind: address in use", "owners": "2", "proto": "tcp", "count": "1", "ms": "5000", "restart": "always",
		"kind": "ssh", "to": "db:5432", "state": "created", "url": "http://+:80/x/", "waiting": "129", "limit": "128", "errno": "EACCES", "entry": "nginx",
		"from": "80", "pid": "4112", "list": "10.0.0.7", "address": "10.0.0.7", "sid": "S-1-5-21-1"}
}

// isSentence tells whether s could stand in an answer: words, a full stop, and
// nothing that a gap in its making leaves behind.
func isSentence(s string) bool {
	return len(s) > 20 && strings.HasSuffix(s, ".") && !strings.Contains(s, "  ") && !strings.Contains(s, " .") &&
		!strings.Contains(s, " ,") && !strings.Contains(s, "<nil>") && !strings.Contains(s, "%!")
}

func TestEveryRuleHasASentence(t *testing.T) {
	_, n := world()
	for _, rule := range constants(t, "answer/diagnose/diagnose.go", "Rule", "") {
		f := diagnose.Finding{Rule: diagnose.Rule(rule), Confidence: diagnose.Certain, About: about(diagnose.Rule(rule)), Args: words()}
		if s := n.Told(f); !isSentence(s) {
			t.Errorf("%s: %q", rule, s)
		}
		f.Confidence = diagnose.Likely
		if s := n.Sentence(f); !strings.HasPrefix(s, "Probably: ") && f.Rule != diagnose.RuleErrorLine {
			t.Errorf("%s, likely: %q", rule, s)
		}
	}
	if s := n.Sentence(diagnose.Finding{Rule: "no such rule"}); s != "" {
		t.Errorf("a rule that is none says %q", s)
	}
}

func TestEveryGapHasASentence(t *testing.T) {
	seen := map[string]string{}
	other := sentence.Gap(fact.Gap{Kind: "no such kind", Subject: "x"})
	for _, kind := range constants(t, "fact/*.go", "GapKind", "") {
		s := sentence.Gap(fact.Gap{Kind: fact.GapKind(kind), Subject: "x"})
		if len(s) < 10 || kind != string(fact.GapOther) && s == other {
			t.Errorf("%s: %q", kind, s)
		}
		if seen[s] != "" {
			t.Errorf("%s and %s say the same: %q", kind, seen[s], s)
		}
		seen[s] = kind
	}
}

func TestGapsThatRightsWouldFillSaySo(t *testing.T) {
	user := &fact.Machine{OS: "linux", Asker: &fact.Asker{UID: 1000}}
	root := &fact.Machine{OS: "linux", Asker: &fact.Asker{UID: 0}}
	windows := &fact.Machine{OS: "windows"}
	for _, kind := range []fact.GapKind{fact.GapPermission, fact.GapHidepid, fact.GapOwnersHidden, fact.GapNoNAT, fact.GapNoLog} {
		g := fact.Gap{Kind: kind}
		if h := sentence.GapHint(g, user); h != "run with sudo" {
			t.Errorf("%s: %q", kind, h)
		}
		if h := sentence.GapHint(g, root); h != "" {
			t.Errorf("%s, as root: %q", kind, h)
		}
		if h := sentence.GapHint(g, windows); !strings.Contains(h, "elevated") {
			t.Errorf("%s, on Windows: %q", kind, h)
		}
	}
}

func TestEveryBindRuleHasASentence(t *testing.T) {
	_, n := world()
	args := map[string]string{"address": "192.0.2.1", "value": "1024", "type": "http_port_t", "have": "0.0.0.0:80"}
	for _, rule := range constants(t, "answer/bindrule/bindrule.go", "Rule", "refuse") {
		v := bindrule.Verdict{Rule: bindrule.Rule(rule), Errno: "EADDRINUSE", Confidence: bindrule.Certain, About: []fact.ID{"sock:1"}, Args: args}
		if s := n.Verdict(v); !isSentence(s) || strings.Contains(s, "rule "+rule) {
			t.Errorf("%s: %q", rule, s)
		}
	}
	for _, rule := range constants(t, "answer/bindrule/bindrule.go", "Rule", "let the newcomer in") {
		v := bindrule.Verdict{Rule: bindrule.Rule(rule), OK: true, Confidence: bindrule.Certain, About: []fact.ID{"sock:1"}}
		if s := n.Verdict(v); !isSentence(s) {
			t.Errorf("%s: %q", rule, s)
		}
	}
}

func TestEveryNeedHasWords(t *testing.T) {
	_, n := world()
	seen := map[string]string{}
	for _, need := range constants(t, "answer/bindrule/bindrule.go", "Need", "") {
		s := n.Needs(bindrule.Verdict{Needs: []bindrule.Need{bindrule.Need(need)}})
		if len(s) < 10 || seen[s] != "" {
			t.Errorf("%s: %q, as %q", need, s, seen[s])
		}
		seen[s] = need
	}
}

func TestEveryRemedyHasWords(t *testing.T) {
	_, n := world()
	for _, kind := range catalog.RemedyKinds() {
		r := remedy.Remedy{Kind: kind, Target: "x", About: "proc:1", Args: map[string]string{"taken": "127.0.0.1:80"}}
		if s := n.Remedy(r); len(s) < 15 || s == sentence.Full(string(kind)) {
			t.Errorf("%s: %q", kind, s)
		}
	}
	r := remedy.Remedy{Kind: remedy.Stop, Text: "sudo nginx -s quit"}
	if s := n.Remedy(r); s != r.Text {
		t.Errorf("the catalog's words became %q", s)
	}
}

func TestHeadlines(t *testing.T) {
	set, n := world()
	for status, want := range map[diagnose.Status]string{
		diagnose.Held: "TCP port 80 is held by ", diagnose.Blocked: "Nothing listens on TCP port 80, and yet",
		diagnose.Redirected: "Nothing listens on TCP port 80, but its traffic", diagnose.Free: "TCP port 80 is free.",
		diagnose.Unknown: "Whether port 80 is held could not be learned.",
	} {
		a := diagnose.Answer{Endpoint: fact.Endpoint{Port: 80}, Status: status, Protos: []diagnose.ProtoStatus{{Proto: fact.TCP, Status: status}}}
		if status == diagnose.Held {
			a.Holders = n.X.Holders([]*fact.Socket{&set.Sockets[0]})
		}
		if got := n.Headline(a); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", status, got)
		}
	}
}

func TestShellLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"systemctl", "stop", "nginx.service"}, "systemctl stop nginx.service"},
		{[]string{"docker", "stop", "my db"}, "docker stop 'my db'"},
		{[]string{"x", "$(rm -rf /)", ""}, "x '$(rm -rf /)' ''"},
		{[]string{"x", "it's"}, `x 'it'\''s'`},
		{[]string{"x", "a\nb"}, `x 'a\nb'`},
	} {
		if got := sentence.ShellLine(c.args); got != c.want {
			t.Errorf("%q: %s, want %s", c.args, got, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain":            "plain",
		"grün 日本":          "grün 日本",
		"\x1b[31m":         `\x1b[31m`,
		"a\nb\tc\r":        `a\nb\tc\r`,
		"\xff\xfe":         `\xff\xfe`,
		"a\u202eb":         `a\u202eb`,
		"\u009b2J":         `\x9b2J`,
		"\x7f":             `\x7f`,
		"zero\u200bwidth":  `zero\u200bwidth`,
		"tag\U000e0041end": `tag\ue0041end`,
	} {
		if got := sentence.Clean(in, 0); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	if got := sentence.Clean(strings.Repeat("a", 9), 4); got != "aaaa…" {
		t.Errorf("cut: %s", got)
	}
}

// What comes out of Clean is valid, visible and no longer than was asked for.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"plain", "\x1b]0;x\a", "\xff\x00\n", "\u202e\u2028\u009b", "日本", "\U000e0041"} {
		f.Add(s, 0)
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(0, limit)
		got := sentence.Clean(s, limit)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is no UTF-8", got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Fatalf("%U in %q", r, got)
			}
		}
		if n := utf8.RuneCountInString(got); limit > 0 && n > limit+12 {
			t.Fatalf("%d characters, %d asked", n, limit)
		}
		if again := sentence.Clean(got, 0); again != got {
			t.Fatalf("%q became %q", got, again)
		}
	})
}
