package urlprefix_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/share/urlprefix"
)

// SIDs of the people of the documents' examples.
const (
	userA = "S-1-5-21-1-2-3-1001"
	userB = "S-1-5-21-1-2-3-1002"
	userC = "S-1-5-21-1-2-3-1003"
	world = "S-1-1-0"
)

func user(sid string) urlprefix.Who { return urlprefix.Who{SIDs: []string{sid, world}} }

func admin() urlprefix.Who {
	return urlprefix.Who{SIDs: []string{"S-1-5-21-1-2-3-500", world}, Admin: true}
}

// rights reads "listen" and "delegate" rights of accounts: "A" may listen, "A+" may
// delegate too, "-A" is denied.
func rights(words ...string) []urlprefix.ACE {
	sids := map[string]string{"A": userA, "B": userB, "C": userC, "world": world, "admins": urlprefix.Administrators}
	var out []urlprefix.ACE
	for _, w := range words {
		name, delegate := strings.CutSuffix(w, "+")
		name, deny := strings.CutPrefix(name, "-")
		out = append(out, urlprefix.ACE{SID: sids[name], Deny: deny, Listen: true, Delegate: delegate || deny})
	}
	return out
}

func reserve(t testing.TB, tab *table, prefix string, words ...string) {
	t.Helper()
	if err := tab.Add(urlprefix.Entry[string]{Prefix: parse(t, prefix), Reserved: true, ACL: rights(words...)}); err != nil {
		t.Fatal(err)
	}
}

type attempt struct {
	who    urlprefix.Who
	prefix string
	code   urlprefix.Code
	rule   urlprefix.Rule
	sure   urlprefix.Confidence
}

func (a attempt) check(t *testing.T, v urlprefix.Verdict[string]) {
	t.Helper()
	if v.Code != a.code || v.OK != (a.code == 0) || v.Rule != a.rule || v.Confidence != a.sure {
		t.Errorf("%s: %+v, want %d by %s (%s)", a.prefix, v, a.code, a.rule, a.sure)
	}
}

// The documents' examples of registering under two reservations.
func TestMayRegisterWorkedExamples(t *testing.T) {
	var tab table
	reserve(t, &tab, "http://+:80/vroot/subdir/", "A", "C")
	reserve(t, &tab, "http://adatum.com:80/vroot/", "B")
	for _, a := range []attempt{
		{user(userB), "http://+:80/vroot/subdir/", 5, urlprefix.RuleForeign, urlprefix.Certain},
		{user(userB), "http://adatum.com:80/vroot/subdir/", 0, urlprefix.RuleReserved, urlprefix.Certain},
		{user(userC), "http://adatum.com:80/vroot/subdir/", 5, urlprefix.RuleForeign, urlprefix.Certain},
		{user(userA), "http://+:80/vroot/subdir/", 0, urlprefix.RuleReserved, urlprefix.Certain},
		{user(userB), "http://adatum.com:80/vroot/anotherdir/", 0, urlprefix.RuleReserved, urlprefix.Certain},
		// Owning one bucket's path gives no right to another's.
		{user(userA), "http://www.adatum.com:80/vroot/subdir/", 5, urlprefix.RuleUnreserved, urlprefix.Certain},
		{user(userA), "http://*:80/vroot/subdir/", 5, urlprefix.RuleUnreserved, urlprefix.Certain},
		// Below is not above.
		{user(userA), "http://+:80/vroot/", 5, urlprefix.RuleUnreserved, urlprefix.Certain},
		{user(userA), "http://+:80/VROOT/Subdir/x", 0, urlprefix.RuleReserved, urlprefix.Certain},
		{user(userA), "http://+:80/vroot/subdirectory/", 5, urlprefix.RuleUnreserved, urlprefix.Certain},
		// By the documents only the list counts, where there is one. Try it on Windows.
		{admin(), "http://adatum.com:80/vroot/", 5, urlprefix.RuleForeign, urlprefix.Likely},
		{admin(), "http://adatum.com:80/", 0, urlprefix.RuleAdministrator, urlprefix.Certain},
		{urlprefix.Who{SIDs: []string{urlprefix.LocalSystem}}, "http://+:80/", 0, urlprefix.RuleAdministrator, urlprefix.Certain},
		{user(userA), "https://+:80/vroot/", 183, urlprefix.RuleSchemeClash, urlprefix.Likely},
	} {
		a.check(t, tab.MayRegister(parse(t, a.prefix), a.who))
	}
}

// Field reports about localhost. The last two are unexplained: try them on Windows.
func TestMayRegisterLocalhost(t *testing.T) {
	var plain, reserved, own table
	reserve(t, &reserved, "http://+:19800/", "A")
	reserve(t, &own, "http://localhost:19800/", "A")
	for _, c := range []struct {
		tab *table
		attempt
	}{
		{&plain, attempt{user(userA), "http://localhost:19800/", 0, urlprefix.RuleLocalhost, urlprefix.Likely}},
		{&plain, attempt{user(userA), "http://LOCALHOST:19800/x/", 0, urlprefix.RuleLocalhost, urlprefix.Likely}},
		{&plain, attempt{user(userA), "http://127.0.0.1:19800/", 0, urlprefix.RuleLocalhost, urlprefix.Likely}},
		{&plain, attempt{user(userA), "http://[::1]:19800/", 0, urlprefix.RuleLocalhost, urlprefix.Possible}},
		{&plain, attempt{user(userA), "http://localhost:1025/", 0, urlprefix.RuleLocalhost, urlprefix.Likely}},
		{&plain, attempt{user(userA), "http://localhost:1024/", 5, urlprefix.RuleUnreserved, urlprefix.Certain}},
		{&plain, attempt{user(userA), "http://localhost:80/", 5, urlprefix.RuleUnreserved, urlprefix.Certain}},
		{&plain, attempt{user(userA), "http://MACHINE:19800/", 5, urlprefix.RuleUnreserved, urlprefix.Certain}},
		{&plain, attempt{user(userA), "http://+:19800/", 5, urlprefix.RuleUnreserved, urlprefix.Certain}},
		{&plain, attempt{user(userA), "http://10.0.0.1:19800/", 5, urlprefix.RuleUnreserved, urlprefix.Certain}},
		{&own, attempt{user(userA), "http://localhost:19800/", 0, urlprefix.RuleReserved, urlprefix.Certain}},
		{&own, attempt{user(userB), "http://localhost:19800/", 5, urlprefix.RuleForeign, urlprefix.Certain}},
		{&own, attempt{user(userA), "http://localhost:19801/", 0, urlprefix.RuleLocalhost, urlprefix.Likely}},
		{&reserved, attempt{user(userA), "http://+:19800/", 0, urlprefix.RuleReserved, urlprefix.Certain}},
		{&reserved, attempt{user(userA), "http://MACHINE:19800/", 5, urlprefix.RuleUnreserved, urlprefix.Certain}},
		{&reserved, attempt{user(userA), "http://localhost:19800/", 5, urlprefix.RuleLocalhostLost, urlprefix.Possible}},
		{&reserved, attempt{admin(), "http://localhost:19800/", 0, urlprefix.RuleAdministrator, urlprefix.Certain}},
	} {
		c.check(t, c.tab.MayRegister(parse(t, c.prefix), c.who))
	}
	var svc table
	reserve(t, &svc, "http://h:5000/svc/", "A")
	attempt{user(userA), "http://h:5000/", 5, urlprefix.RuleUnreserved, urlprefix.Certain}.check(t, svc.MayRegister(parse(t, "http://h:5000/"), user(userA)))
	attempt{user(userA), "http://h:5000/svc", 0, urlprefix.RuleReserved, urlprefix.Certain}.check(t, svc.MayRegister(parse(t, "http://h:5000/svc"), user(userA)))
}

func TestMayRegisterTaken(t *testing.T) {
	tab := tableOf(t, "http://h:80/barfoo/=x", "(http://h:80/barfoo/)")
	for _, a := range []attempt{
		{admin(), "http://h:80/barfoo", 183, urlprefix.RuleTaken, urlprefix.Certain},
		{user(userA), "http://H:80/BARFOO/", 183, urlprefix.RuleTaken, urlprefix.Certain}, // before the rights are looked at
		{admin(), "http://h:80/", 0, urlprefix.RuleAdministrator, urlprefix.Certain},
		{admin(), "http://*:80/barfoo/", 0, urlprefix.RuleAdministrator, urlprefix.Certain},
		{admin(), "http://h:80/barfoo/more/", 5, urlprefix.RuleForeign, urlprefix.Likely}, // a list with nobody on it
	} {
		a.check(t, tab.MayRegister(parse(t, a.prefix), a.who))
	}
}

// The order of the list, what it denies, and groups that are not known.
func TestAccessLists(t *testing.T) {
	some := user(userA)
	some.Partial = true
	for _, c := range []struct {
		list []string
		who  urlprefix.Who
		ok   bool
		sure urlprefix.Confidence
	}{
		{[]string{"world"}, user(userA), true, urlprefix.Certain},
		{[]string{"B", "world"}, some, true, urlprefix.Certain},
		{[]string{"-A", "world"}, user(userA), false, urlprefix.Certain},
		{[]string{"world", "-A"}, user(userA), true, urlprefix.Certain},
		{[]string{"-B", "world"}, user(userA), true, urlprefix.Certain},
		{[]string{"-B", "world"}, some, true, urlprefix.Likely},
		{[]string{"B"}, some, false, urlprefix.Likely},
		{[]string{"admins"}, user(userA), false, urlprefix.Certain},
		{[]string{"admins"}, admin(), true, urlprefix.Certain},
		{nil, user(userA), false, urlprefix.Certain},
	} {
		var tab table
		reserve(t, &tab, "http://+:80/x/", c.list...)
		if v := tab.MayRegister(parse(t, "http://+:80/x/y/"), c.who); v.OK != c.ok || v.Confidence != c.sure || v.By == nil {
			t.Errorf("%v: %+v, want %v, %s", c.list, v, c.ok, c.sure)
		}
	}
}

// The documents' examples of adding a reservation: each that works is entered.
func TestMayReserveWorkedExamples(t *testing.T) {
	var tab table
	for i, c := range []struct {
		attempt
		grant []string
	}{
		{attempt{admin(), "http://+:80/vroot/subdir/", 0, urlprefix.RuleAdministrator, urlprefix.Certain}, []string{"A+", "C+"}},
		{attempt{admin(), "http://adatum.com:80/vroot/", 0, urlprefix.RuleAdministrator, urlprefix.Certain}, []string{"B+"}},
		{attempt{user(userB), "http://adatum.com:80/vroot/subdir/otherdir/", 0, urlprefix.RuleDelegated, urlprefix.Certain}, []string{"C"}},
		{attempt{user(userA), "http://+:80/vroot/subdir/otherdir/", 0, urlprefix.RuleDelegated, urlprefix.Certain}, []string{"world"}},
		{attempt{user(userA), "http://adatum.com:80/vroot/subdir/otherdir2/", 5, urlprefix.RuleNotDelegated, urlprefix.Certain}, nil},
		{attempt{admin(), "http://+:80/vroot/subdir/", 183, urlprefix.RuleReservedAlready, urlprefix.Certain}, nil},
		{attempt{user(userA), "http://adatum.com:80/newroot/", 5, urlprefix.RuleNotAdmin, urlprefix.Certain}, nil},
		// A new entry inherits nothing: C may listen below it, and delegate nothing.
		{attempt{user(userC), "http://adatum.com:80/vroot/subdir/otherdir/x/", 5, urlprefix.RuleNotDelegated, urlprefix.Certain}, nil},
		{attempt{admin(), "https://adatum.com:80/", 183, urlprefix.RuleSchemeClash, urlprefix.Likely}, nil},
		{attempt{user(userA), "http://localhost:19800/", 5, urlprefix.RuleNotAdmin, urlprefix.Certain}, nil},
	} {
		p := parse(t, c.prefix)
		v := tab.MayReserve(p, c.who)
		c.check(t, v)
		if v.OK {
			if err := tab.Add(urlprefix.Entry[string]{Prefix: p, Reserved: true, ACL: rights(c.grant...)}); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
	}
}

// FuzzRights: what may be registered can be entered, and what the table refuses for
// its own sake may not be.
func FuzzRights(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 10))
		var tab table
		for range 60 {
			p, reserved := anyPrefix(r), r.IntN(2) == 0
			who := anyOf(r, user(userA), user(userB), admin(), urlprefix.Who{})
			v := tab.MayRegister(p, who)
			if reserved {
				v = tab.MayReserve(p, who)
			}
			if v.OK != (v.Code == 0) || v.Rule == "" || v.Confidence == "" {
				t.Fatalf("%s: %+v", p, v)
			}
			err := tab.Add(urlprefix.Entry[string]{Prefix: p, Reserved: reserved, ACL: rights(anyOf(r, "A", "B+", "-A", "world+"))})
			if (err != nil) != (v.Code == urlprefix.AlreadyExists) {
				t.Fatalf("%s: %+v, and adding it says %v", p, v, err)
			}
			if after := tab.MayRegister(p, who); !reserved && after.OK {
				t.Fatalf("%s may be registered twice: %+v", p, after)
			}
		}
	})
}
