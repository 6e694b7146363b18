package windows_test

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/talk/report/sentence/windows"
)

type args = map[string]string

// Each line is one claim: what stands in the sentence, and what does not.
func TestFindings(t *testing.T) {
	full := args{"proto": "tcp", "from": "50", "to": "149", "author": "winnat", "authorConfidence": "likely"}
	change := func(key, value string) args {
		out := args{}
		for k, v := range full {
			out[k] = v
		}
		out[key] = value
		return out
	}
	for _, c := range []struct {
		rule      diagnose.Rule
		args      args
		has, lack string
	}{
		{diagnose.RuleExcluded, full, "keeps TCP ports 50 to 149 back (probably a block for virtual networks", "HTTP.sys"},
		{diagnose.RuleExcluded, change("to", "50"), "keeps TCP port 50 back", "ports 50"},
		{diagnose.RuleExcluded, change("authorConfidence", "certain"), "back (a block for virtual networks", "probably"},
		{diagnose.RuleExcluded, change("author", "http.sys"), "the port of a program that listens through HTTP.sys", "virtual"},
		{diagnose.RuleExcluded, change("author", "ics"), "Internet Connection Sharing", "virtual"},
		{diagnose.RuleExcluded, change("author", "program"), "reserved by a program while it runs", "virtual"},
		{diagnose.RuleExcluded, change("author", ""), "back. Nobody listens", "("},
		{diagnose.RuleExcludedStarred, full, "excluded by an administrator", "10013"},
		{diagnose.RuleLowDynamic, args{"from": "1024"}, "dynamic ports begin at 1024", "1024 num"},
		{diagnose.RuleDenied, args{"why": "range"}, "in a range that Windows keeps back", "kernel"},
		{diagnose.RuleDenied, args{"why": "kernel"}, "the kernel's listener", "filter"},
		{diagnose.RuleDenied, args{"why": "holder"}, "exclusively", "kernel"},
		{diagnose.RuleDenied, args{"why": "filter"}, "security product refused it, or", "here:"},
		{diagnose.RuleDenied, args{"why": "filter", "filters": "Example Shield"}, "refused it (here: Example Shield), or", "exclusively"},
		{diagnose.RulePortProxy, args{"to": "172.20.1.2:80", "listening": "true"}, "to 172.20.1.2:80; IP Helper (service iphlpsvc) listens", "nothing listens"},
		{diagnose.RulePortProxy, args{"to": "172.20.1.2:80", "listening": "false"}, "nothing listens for it", "Delete"},
		{diagnose.RuleOwnerGone, args{"pid": "4112"}, "(PID 4112) has ended", "kernel"},
		{diagnose.RuleLikelyBehind, args{"entry": "iis", "service-runs": "W3SVC", "url-reserved": "http://+:80/x/"}, "its service W3SVC runs, and http://+:80/x/ is its URL", "whether"},
		{diagnose.RuleLikelyBehind, args{"entry": "iis", "service-runs": "W3SVC"}, "registers URLs on whatever port", "is its URL"},
		{diagnose.RuleLikelyBehind, args{"entry": "iis", "url-reserved": "http://+:80/x/"}, "whether it runs, nobody said", "W3SVC"},
		{diagnose.RuleLikelyBehind, args{"entry": "iis", "uses-port": "http://*:80/"}, "http://*:80/ is its URL", "often"},
		{diagnose.RuleLikelyBehind, args{"entry": "iis"}, "often the one on this port", "URL"},
		{diagnose.RuleReservedOnly, args{"url": "http://+:80/x/", "for": "S-1-1-0, S-1-5-21-7", "shadows": "all"}, "the reservation of http://+:80/x/ for Everyone, S-1-5-21-7 has no listener", "with *"},
		{diagnose.RuleReservedOnly, args{"url": "http://+:80/x/", "shadows": "all"}, "has the port for another URL, requests", "with *"},
		{diagnose.RuleReservedOnly, args{"url": "http://a:80/", "shadows": "weaker"}, "for a URL with * or an address", " for has"},
		{diagnose.RuleReservedOnly, args{"url": "http://*:80/"}, "holds no port.", "503"},
		{diagnose.RuleReservedOnly, args{"url": "http://+:80/x/", "entry": "branchcache"}, "http://+:80/x/ (BranchCache)", "()"},
		{diagnose.RuleListenListStarves, args{"list": "10.0.0.7"}, "has only 10.0.0.7, so nobody can reach first and second.", "first,"},
		{diagnose.RuleListenAddrGone, args{"address": "10.0.0.7"}, "delete iplisten ipaddress=10.0.0.7 takes it out", "urlacl"},
		{diagnose.RuleReservationsWiped, args{"count": "3"}, "of others there are 3", "gone"},
		{diagnose.RuleAccountGone, args{"url": "http://+:80/x/", "sid": "S-1-5-21-7"}, "(S-1-5-21-7)", "wiped"},
		{diagnose.RuleHTTPDisabled, nil, "so second cannot start any more. sc", "no program"},
	} {
		got := windows.Finding(diagnose.Finding{Rule: c.rule, Args: c.args}, []string{"first", "second"})
		if !strings.Contains(got, c.has) || strings.Contains(got, c.lack) || !strings.HasSuffix(got, ".") || strings.Contains(got, "  ") {
			t.Errorf("%s %v:\n%s\nwant %q, not %q", c.rule, c.args, got, c.has, c.lack)
		}
	}
	alone := windows.Finding(diagnose.Finding{Rule: diagnose.RuleHTTPDisabled}, []string{"first"})
	if !strings.Contains(alone, "no program can register a URL") {
		t.Error(alone)
	}
	for _, f := range []diagnose.Finding{{Rule: diagnose.RuleHTTPSys}, {Rule: diagnose.RuleLikelyBehind, Args: args{"entry": "no-such"}}} {
		if got := windows.Finding(f, nil); got != "" {
			t.Errorf("%s: %q", f.Rule, got)
		}
	}
	if string(catalog.ServiceRuns) != "service-runs" || string(catalog.URLReserved) != "url-reserved" || string(catalog.UsesPort) != "uses-port" {
		t.Error("the reasons of the catalog have other words")
	}
}

// Of many rows some are named, and that there are others is said.
func TestListsEnd(t *testing.T) {
	f := diagnose.Finding{Rule: diagnose.RuleListenListStarves, Args: args{"list": "10.0.0.7"}}
	for n, want := range map[int]string{1: "reach a.", 2: "reach a and b.", 3: "reach a, b and c.", 6: "reach a, b, c, d, e and f.", 7: "reach a, b, c, d, e, f and others."} {
		if got := windows.Finding(f, strings.Split("abcdefg", "")[:n]); !strings.HasSuffix(got, want) {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := windows.Usual([]string{"iis", "no-such", "branchcache"}); !strings.Contains(got, ": IIS and BranchCache. ") {
		t.Error(got)
	}
}

func TestAccount(t *testing.T) {
	for sid, want := range map[string]string{
		"S-1-1-0": "Everyone", "S-1-5-11": "Authenticated Users", "S-1-5-18": "LocalSystem", "S-1-5-19": "LOCAL SERVICE", "S-1-5-20": "NETWORK SERVICE",
		"S-1-5-32-544": "Administrators", "S-1-5-32-545": "Users", "S-1-5-21-1": "S-1-5-21-1", "": "",
	} {
		if got := windows.Account(sid); got != want {
			t.Errorf("%q: %q, want %q", sid, got, want)
		}
	}
}

// Every rule of a bind has words of its own; a rule that refuses has none that let
// in, nor the other way round; rules of other systems have neither.
func TestBindRules(t *testing.T) {
	seen := map[string]bindrule.Rule{}
	once := func(rule bindrule.Rule, s, lack string) {
		if len(s) < 20 || seen[s] != "" || lack != "" {
			t.Errorf("%s: %q and %q, as %s", rule, s, lack, seen[s])
		}
		seen[s] = rule
	}
	for _, rule := range []bindrule.Rule{bindrule.WindowsTaken, bindrule.WindowsKept, bindrule.OpenConnection, bindrule.ExcludedRange, bindrule.ExcludedStarred} {
		v := bindrule.Verdict{Rule: rule, Args: args{"from": "50", "to": "149"}}
		once(rule, windows.Refusal(v, "nginx"), windows.Permission(v, "nginx"))
	}
	for _, rule := range []bindrule.Rule{bindrule.WindowsBeside, bindrule.WindowsShared} {
		v := bindrule.Verdict{Rule: rule}
		once(rule, windows.Permission(v, "nginx"), windows.Refusal(v, "nginx"))
	}
	other := bindrule.Verdict{Rule: bindrule.NotLocal}
	if windows.Refusal(other, "x") != "" || windows.Permission(other, "x") != "" || windows.Need(bindrule.NeedWait) != "" {
		t.Error("words for what Windows has no rule of its own for")
	}
	range149 := bindrule.Verdict{Rule: bindrule.ExcludedRange, Args: args{"from": "50", "to": "149", "name": "Hyper-V"}}
	if got := windows.Refusal(range149, ""); !strings.Contains(got, "ports 50 to 149 back for Hyper-V: nobody") {
		t.Error(got)
	}
	range149.Args["name"] = ""
	if got := windows.Refusal(range149, ""); !strings.Contains(got, "149 back: nobody") {
		t.Error(got)
	}
	for _, need := range []bindrule.Need{bindrule.NeedOtherPort, bindrule.NeedOwnRange, bindrule.NeedOtherAddress, bindrule.NeedNotExclusive} {
		once(bindrule.Rule(need), windows.Need(need), "")
	}
}

// A command in a sentence is one command too, whatever a URL is made of; and what
// PowerShell would run inside double quotes is only shown.
func TestHostileURLs(t *testing.T) {
	for url, want := range map[string]string{
		"http://+:80/x/":            "netsh http delete urlacl url=http://+:80/x/ removes",
		"http://+:80/x & calc/":     `netsh http delete urlacl "url=http://+:80/x & calc/" removes`,
		"http://+:80/$(calc)/":      `netsh http delete urlacl "url=http://+:80/\x24(calc)/" removes`,
		"http://+:80/`calc`/":       `netsh http delete urlacl "url=http://+:80/\x60calc\x60/" removes`,
		"http://+:80/\" | calc \"/": `netsh http delete urlacl "url=http://+:80/ | calc /" removes`,
	} {
		got := windows.Finding(diagnose.Finding{Rule: diagnose.RuleAccountGone, Args: args{"url": url, "sid": "S-1-5-21-7"}}, nil)
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s", url, got)
		}
	}
	same := func(s string) string { return s }
	if got := windows.Command([]string{"sc", "stop", "MSSQL$X"}, same); got != "sc stop MSSQL$X" {
		t.Error(got)
	}
	if got := windows.CommandLine([]string{"powershell", "$(x)"}, same); got != `powershell "$(x)"` {
		t.Errorf("a line that is shown: %s", got)
	}
}

// What a person pastes into cmd is one command, whatever its words are made of.
func TestCommandLine(t *testing.T) {
	plain := func(s string) string { return s }
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"sc", "stop", "W3SVC"}, "sc stop W3SVC"},
		{[]string{"sc", "stop", "MSSQL$SQLEXPRESS"}, "sc stop MSSQL$SQLEXPRESS"},
		{[]string{"sc", "stop", "Bonjour Service"}, `sc stop "Bonjour Service"`},
		{[]string{"sc", "stop", ""}, `sc stop ""`},
		{[]string{"sc", "stop", "x&calc"}, `sc stop "x&calc"`},
		{[]string{"sc", "stop", `x" & calc "`}, `sc stop "x & calc "`},
		{[]string{"sc", "stop", "x|y", "a>b", "%TEMP%", "a^b", "(x)", "a;b", "a,b", "it's"}, `sc stop "x|y" "a>b" "%TEMP%" "a^b" "(x)" "a;b" "a,b" "it's"`},
	} {
		if got := windows.CommandLine(c.args, plain); got != c.want {
			t.Errorf("%q: %s, want %s", c.args, got, c.want)
		}
	}
	upper := windows.CommandLine([]string{"a", "b c"}, strings.ToUpper)
	if upper != `A "B C"` {
		t.Error(upper)
	}
}

// Nobody is said to be named above where nobody is.
func TestHTTPSys(t *testing.T) {
	f := diagnose.Finding{Rule: diagnose.RuleHTTPSys, Confidence: diagnose.Likely}
	if got := windows.HTTPSys(f, true, true); !strings.Contains(got, "programs named above") {
		t.Error(got)
	}
	if got := windows.HTTPSys(f, false, true); strings.Contains(got, "programs named above") || !strings.Contains(got, "never PID 4") {
		t.Error(got)
	}
}
