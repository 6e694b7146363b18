package bindrule

import "testing"

// The cells that people meet most, each with its twin.
func TestWindowsTable(t *testing.T) {
	wild := func(m WindowsMode) WindowsBind { return WindowsBind{Mode: m, Wildcard: true} }
	one := func(m WindowsMode) WindowsBind { return WindowsBind{Mode: m} }
	for _, c := range []struct {
		name          string
		first, second WindowsBind
		want          WindowsOutcome
	}{
		{"127.0.0.1:80 beside a kernel listener: 10013", wild(WindowsExclusive), one(WindowsDefault), WindowsDenied},
		{"0.0.0.0:80 beside it: 10048", wild(WindowsExclusive), wild(WindowsDefault), WindowsInUse},
		{"two plain wildcards", wild(WindowsDefault), wild(WindowsDefault), WindowsInUse},
		{"a wildcard beside a plain specific address", one(WindowsDefault), wild(WindowsDefault), WindowsOK},
		{"exclusive takes no neighbour", one(WindowsDefault), wild(WindowsExclusive), WindowsInUse},
		{"both reuse", wild(WindowsReuse), wild(WindowsReuse), WindowsOK},
		{"only the second reuses", wild(WindowsDefault), wild(WindowsReuse), WindowsDenied},
		{"one user or another", wild(WindowsDefault), one(WindowsDefault), WindowsAccessCheck},
	} {
		if got := Windows(c.first, c.second); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
