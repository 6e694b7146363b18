package redirect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

const pow = "rdr pass inet proto tcp from any to any port 80 -> 127.0.0.1 port 20559"

func TestPFRedirects(t *testing.T) {
	for name, c := range map[string]struct {
		line  string
		ports []uint16
		want  bool
	}{
		"the port":                 {pow, []uint16{80}, true},
		"another port":             {pow, []uint16{81}, false},
		"the port it leads to":     {pow, []uint16{20559}, false},
		"any port":                 {pow, nil, true},
		"one of two":               {pow, []uint16{81, 80}, true},
		"a list":                   {"rdr on lo0 proto tcp to any port {80, 443} -> 127.0.0.1 port 8080", []uint16{443}, true},
		"not in the list":          {"rdr on lo0 proto tcp to any port {80, 443} -> 127.0.0.1 port 8080", []uint16{44}, false},
		"a range":                  {"rdr proto tcp from any to any port 8000:8099 -> 10.0.0.1", []uint16{8080}, true},
		"beside the range":         {"rdr proto tcp from any to any port 8000:8099 -> 10.0.0.1", []uint16{8100}, false},
		"an open range":            {"rdr proto tcp from any to any port 1024: -> 10.0.0.1", []uint16{60000}, true},
		"with a sign":              {"rdr pass proto tcp from any to any port = 80 -> 127.0.0.1 port 8080", []uint16{80}, true},
		"a name, which may be it":  {"rdr proto tcp from any to any port http -> 127.0.0.1 port 8080", []uint16{80}, true},
		"no port named":            {"rdr proto tcp from any to 10.0.0.1 -> 127.0.0.1", []uint16{80}, true},
		"an anchor of them":        {`rdr-anchor "com.apple/*"`, []uint16{80}, false},
		"a filter rule":            {"pass in proto tcp from any to any port 80", []uint16{80}, false},
		"commented out":            {"# " + pow, []uint16{80}, false},
		"broken off":               {"rdr pass proto tcp from any to any port 80", []uint16{80}, false},
		"with a comment behind":    {pow + " # of pow", []uint16{80}, true},
		"over two lines":           {"rdr pass proto tcp \\\n from any to any port 80 -> 127.0.0.1", []uint16{80}, true},
		"of source ports":          {"rdr proto tcp from any port 80 to any port 81 -> 127.0.0.1", []uint16{80}, false},
		"indented":                 {"\t " + pow, []uint16{80}, true},
		"a number that is no port": {"rdr proto tcp to any port 99999 -> 127.0.0.1", []uint16{80}, true},
		"nothing":                  {"", nil, false},
	} {
		if got := pfRedirects([]byte(c.line), c.ports); (len(got) == 1) != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestPFIsAGap(t *testing.T) {
	files := map[string]string{pfConf: `rdr-anchor "pow"` + "\n", pfAnchors + "/com.pow": pow + "\n", pfAnchors + "/many": strings.Repeat(pow+"\n", 20)}
	p := pfTables{
		files: func(string) []string { return []string{"many", "com.pow"} },
		read:  func(path string) []byte { return []byte(files[path]) },
	}
	plain := fact.Gap{Kind: fact.GapNoNAT, Subject: "pf's redirections", Hint: "sudo pfctl -a '*' -s nat"}
	if d := cmp.Diff([]fact.Gap{plain}, p.set(Query{Ports: []uint16{443}}).Gaps); d != "" {
		t.Error(d)
	}
	delete(files, pfAnchors+"/many")
	told := plain
	told.Err = "its configuration has " + pfAnchors + "/com.pow: " + pow
	if d := cmp.Diff([]fact.Gap{told}, p.set(Query{Ports: []uint16{80}}).Gaps); d != "" {
		t.Error(d)
	}
	files[pfAnchors+"/many"] = strings.Repeat(pow+"\n", 20)
	if g := p.set(Query{}).Gaps[0]; strings.Count(g.Err, "; ") != maxPFLines-1 {
		t.Errorf("%d lines", strings.Count(g.Err, "; ")+1)
	}
}

func FuzzPFRedirects(f *testing.F) {
	f.Add([]byte(pow), uint16(80))
	f.Add([]byte("rdr to port {1:2 ,=:} \\\n->"), uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, port uint16) {
		some, all := pfRedirects(b, []uint16{port}), pfRedirects(b, nil)
		if len(some) > len(all) || len(all) > len(b) {
			t.Errorf("%d of %d", len(some), len(all))
		}
	})
}
