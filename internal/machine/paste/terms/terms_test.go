package terms

import (
	"slices"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

func TestCommandLine(t *testing.T) {
	for in, want := range map[string][]string{
		`"C:\Apache 24\bin\httpd.exe" -k runservice`: {`C:\Apache 24\bin\httpd.exe`, "-k", "runservice"},
		`x  "" y`:      {"x", "", "y"},
		"":             nil,
		`a"b c"d "e f`: {"ab cd", "e f"},
	} {
		if got := CommandLine(in); !slices.Equal(got, want) {
			t.Errorf("%s: %q", in, got)
		}
	}
}

func TestImageName(t *testing.T) {
	for in, want := range map[[2]string]string{
		{"httpd", ""}: "httpd.exe", {"System", ""}: "System", {"Memory Compression", ""}: "Memory Compression",
		{"node", `C:\node\Node.exe`}: "Node.exe",
	} {
		if got := ImageName(in[0], in[1]); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}

func TestServiceNamed(t *testing.T) {
	for in, want := range map[string]string{
		"Print Spooler": "Spooler", "SQL Server Reporting Services (MSSQLSERVER)": "ReportServer",
		"SQL Server Reporting Services (DEV)": "ReportServer$DEV", "SQL Server Reporting Services": "SQLServerReportingServices",
		"Druckwarteschlange": "", "spooler": "",
	} {
		if got := ServiceNamed(in); got != want {
			t.Errorf("%s: %q", in, got)
		}
	}
}

// Words in other languages are no states.
func TestStates(t *testing.T) {
	if s, ok := DotNetState("Abhören"); ok {
		t.Error(s)
	}
	if s, ok := DotNetState("TimeWait"); !ok || s != fact.TimeWait {
		t.Error(s)
	}
	if s, ok := SSState("LISTENING"); ok {
		t.Error(s)
	}
	if s := LsofState(fact.UDP, nil); s != fact.Unconnected {
		t.Error(s)
	}
	if s := ServiceState("Wird ausgeführt"); s != "" {
		t.Error(s)
	}
}
