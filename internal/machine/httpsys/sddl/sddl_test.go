package sddl

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tell(rights []Right) string {
	var out []string
	for _, r := range rights {
		words := []string{r.SID + r.Alias}
		for word, on := range map[string]bool{"deny": r.Deny, "listen": r.Listen, "delegate": r.Delegate} {
			if on {
				words = append(words, word)
			}
		}
		slices.Sort(words[1:])
		out = append(out, strings.Join(words, " "))
	}
	return strings.Join(out, ", ")
}

// The reservations that Windows brings, and the forms that programs make.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"D:(A;;GX;;;WD)":             "S-1-1-0 listen",
		"D:(A;;GX;;;BU)(A;;GX;;;LS)": "S-1-5-32-545 listen, S-1-5-19 listen",
		"D:(A;;GX;;;NS)":             "S-1-5-20 listen",
		"D:(A;;GX;;;AU)":             "S-1-5-11 listen",
		"D:(A;;GA;;;S-1-5-80-3435701886-799518250-3791383489-3228296122-2938884314)(A;;GA;;;BA)(A;;GA;;;SY)": "S-1-5-80-3435701886-799518250-3791383489-3228296122-2938884314 delegate listen, S-1-5-32-544 delegate listen, S-1-5-18 delegate listen",
		"D:(A;;GXGW;;;IU)":                     "S-1-5-4 delegate listen",
		"D:(A;;GW;;;BA)":                       "S-1-5-32-544 delegate",
		"D:(A;;0x20000000;;;AN)":               "S-1-5-7 listen",
		"D:(A;;0x60000000;;;AN)":               "S-1-5-7 delegate listen",
		"D:(A;;536870912;;;AC)":                "S-1-15-2-1 listen",
		"D:(A;;GR;;;WD)":                       "",
		"D:(A;;GXGR;;;WD)":                     "S-1-1-0 listen",
		"D:(D;;GX;;;BG)(A;;GX;;;WD)":           "S-1-5-32-546 deny listen, S-1-1-0 listen",
		"D:PAI(A;OICI;GX;;;LA)":                "LA listen",
		"D:(A;OICIIO;GX;;;WD)":                 "",
		"O:BAG:SYD:(A;;GX;;;RC)":               "S-1-5-12 listen",
		"O:S-1-5-21-1-2-3-500D:(A;;GX;;;WR)":   "S-1-5-33 listen",
		"D:(A;;GX;;;WD)S:(AU;SAFA;GX;;;WD)":    "S-1-1-0 listen",
		`D:(XA;;GX;;;WD;(@User.x == "(a;b)"))`: "S-1-1-0 listen",
		"D:":                                   "",
		"D:P":                                  "",
		"D:NO_ACCESS_CONTROL":                  "S-1-1-0 delegate listen",
		" D:(A;;GX;;;WD) ":                     "S-1-1-0 listen",
	} {
		got, err := Parse(text)
		if err != nil || tell(got) != want {
			t.Errorf("%s: %q, %v; want %q", text, tell(got), err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "D", "O:BA", "(A;;GX;;;WD)", "D:(A;;GX;;;WD", "D:()", "D:(A;;GX;;WD)", "D:(A;;G;;;WD)", "D:(A;;gx;;;WD)",
		"D:(A;;0x1ffffffff;;;WD)", "D:(A;;GX;;;)", "D:(A;;GX;;;Everyone)", "D:(A;;GX;;;S-1-5-x!)", "D:(A;;GX;;;WD)x",
		"D:" + strings.Repeat("(A;;GX;;;WD)", maxEntries+1), "D:((((((",
	} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%.60q: %+v", text, got)
		}
	}
}

func TestAliasesAreInOrder(t *testing.T) {
	if !slices.IsSortedFunc(aliases[:], func(a, b [2]string) int { return strings.Compare(a[0], b[0]) }) {
		t.Error("a binary search would miss some")
	}
	for _, a := range aliases {
		if got, err := Parse("D:(A;;GX;;;" + a[0] + ")"); err != nil || len(got) != 1 || got[0].SID != a[1] {
			t.Errorf("%s: %+v, %v", a[0], got, err)
		}
	}
}

// What Parse says, said as a descriptor again, is read as the same.
func FuzzParse(f *testing.F) {
	f.Add("D:(A;;GX;;;BU)(A;;GX;;;LS)")
	f.Add("O:BAG:SYD:PAI(D;OICI;0x60000000;;;S-1-5-21-1-2-3-1001)(A;;GA;;;LA)S:(AU;SA;GX;;;WD)")
	f.Add(`D:(XA;;GX;;;WD;(@User.x == "(a;b)"))`)
	f.Add("D:NO_ACCESS_CONTROL")
	f.Fuzz(func(t *testing.T, text string) {
		rights, err := Parse(text)
		if err != nil && rights != nil {
			t.Fatalf("%v and %+v", err, rights)
		}
		again := "D:"
		for _, r := range rights {
			kind, words := "A", ""
			if r.Deny {
				kind = "D"
			}
			if r.Listen {
				words += "GX"
			}
			if r.Delegate {
				words += "GW"
			}
			again += fmt.Sprintf("(%s;;%s;;;%s%s)", kind, words, r.SID, r.Alias)
		}
		second, err := Parse(again)
		if diff := cmp.Diff(rights, second); diff != "" || err != nil {
			t.Fatalf("%q: %v\n%s", again, err, diff)
		}
	})
}
