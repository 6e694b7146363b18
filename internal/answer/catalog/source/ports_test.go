package source

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPorts(t *testing.T) {
	table := "# A registry (2026), of ports.\n" +
		"512\ttcp\texec\tremote execution\n512\tudp\tbiff\tmail\n" +
		"80\ttcp\thttp\tWorld Wide Web HTTP\n80\tudp\thttp\tWorld Wide Web HTTP\n" +
		"7777\ttcp\tcbt\tcbt\n9\tudp\tdiscard\t\n"
	want := "9u\tdiscard\n80\thttp\tWorld Wide Web HTTP\n512t\texec\tremote execution\n512u\tbiff\tmail\n7777t\tcbt\n"
	have, err := Ports("r.tsv", []byte(table))
	if err != nil {
		t.Fatal(err)
	}
	header, rows, _ := strings.Cut(string(have), "Sorted by port.\n")
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(header, "Registry, 2026\n") {
		t.Errorf("the header does not name the year: %q", header)
	}
}

func TestPortsRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"80\ttcp\thttp":              "r.tsv:2: 3 fields",
		"x\ttcp\thttp\t":             `r.tsv:2: "x" is no port`,
		"65536\ttcp\thttp\t":         `r.tsv:2: "65536" is no port`,
		"80\tsctp\thttp\t":           `r.tsv:2: protocol "sctp"`,
		"80\ttcp\t\tx":               `r.tsv:2: name ""`,
		"80\ttcp\th\x1b\tx":          `r.tsv:2: name "h\x1b"`,
		"1\ttcp\tother\tclashes":     "r.tsv:1: port 1 has two names, a and other,",
		"80\ttcp\thttp\tx\n\n81\t\t": "r.tsv:3: 1 fields",
	} {
		_, err := Ports("r.tsv", []byte("1\ttcp\ta\tb\n"+line))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: have %v, want %s", line, err, want)
		}
	}
}

func FuzzPorts(f *testing.F) {
	f.Add([]byte("# (2026)\n80\ttcp\thttp\tWeb\n80\tudp\thttp\tWeb\n"))
	f.Fuzz(func(t *testing.T, table []byte) {
		out, err := Ports("r.tsv", table)
		if err == nil && !strings.HasPrefix(string(out), "# Source: IANA") {
			t.Errorf("no header in %q", out)
		}
	})
}
