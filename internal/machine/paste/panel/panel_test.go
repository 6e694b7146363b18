package panel

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]Claim{
		`14:02:11  [Apache] 	Port 80 in use by "system"!`:                                              {Port: 80, Program: "System", Module: "Apache"},
		`Port 80 in use by "Unable to open process" with PID 4! Apache WILL NOT start`:                 {Port: 80, PID: 4},
		`[Apache] Port 80 in use by "System"!`:                                                         {Port: 80, Program: "System", Module: "Apache"},
		`14:02:11  [Apache] 	Error: Port 80 in use by "Unable to open process" with PID 4!`:            {Port: 80, PID: 4, Module: "Apache"},
		`2:02:11 PM  [mysql] 	Port 3306 in use by "C:\Program Files\MySQL\bin\mysqld.exe"!`:            {Port: 3306, Program: `C:\Program Files\MySQL\bin\mysqld.exe`, Module: "mysql"},
		`14:02:11  [Apache] 	Port 443 in use by ""C:\VMware\vmware-hostd.exe" -u "C:\x.xml""!`:         {Port: 443, Program: `C:\VMware\vmware-hostd.exe`, Module: "Apache"},
		`14:02:11  [Apache] 	Port 443 in use by ""C:\VMware\vmware-hostd.exe"" with PID 3264!`:         {Port: 443, Program: `C:\VMware\vmware-hostd.exe`, PID: 3264, Module: "Apache"},
		`14:02:11  [Apache] 	Port 80 wird bereits von "C:\Skype\Phone\Skype.exe" mit PID 812 benutzt!`: {Port: 80, Program: `C:\Skype\Phone\Skype.exe`, PID: 812, Module: "Apache"},
	} {
		got, ok := Parse(line)
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: %v, -want +got:\n%s", line, ok, diff)
		}
	}
}

func TestParseLeavesTheRest(t *testing.T) {
	for _, line := range []string{
		"", `14:02:11  [Apache] 	Problem detected!`, `14:02:11  [Apache] 	Apache WILL NOT start without the configured ports free!`,
		`Port 80 is used by "system", says my friend`,
		`[Apache] Port 80 in use by "Unable to open process"!`, // nobody is told
		`[nginx] error 80 "no program"`, `13:00:00 [main] Listening on port 8080 "ready"`, `[x=1] Port 80 "a.exe"`,
		`[Apache] Port 99999 in use by "a.exe"!`, `see [1] for port 80 and "a.exe"`,
	} {
		if c, ok := Parse(line); ok {
			t.Errorf("%s: %+v", line, c)
		}
	}
}

func TestAnswered(t *testing.T) {
	for _, c := range []struct {
		text string
		want Claim
		n    int
	}{
		{"Your port 80 is actually used by :\n\nServer: Microsoft-HTTPAPI/2.0", Claim{Port: 80, HTTPSys: true}, 3},
		{"Port 80 is actually used by:\nServer: Microsoft-IIS/10.0\nmore", Claim{Port: 80, HTTPSys: true}, 2},
		{"Port 80 is actually used by:\nServer: Apache/2.4.41", Claim{}, 0},
		{"Port 80 is actually used by:\n\n\n\n\nServer: Microsoft-HTTPAPI/2.0", Claim{}, 0},
		{"They say port 80 is used by\nServer: Microsoft-HTTPAPI/2.0", Claim{}, 0},
		{"HTTP/1.1 404 Not Found\nServer: Microsoft-HTTPAPI/2.0", Claim{}, 0},
	} {
		got, n, ok := Answered(strings.Split(c.text, "\n"))
		if !ok {
			got, n = Claim{}, 0
		}
		if diff := cmp.Diff(c.want, got); diff != "" || n != c.n {
			t.Errorf("%q: %d lines, -want +got:\n%s", c.text, n, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`14:02:11  [Apache] 	Port 443 in use by ""C:\x.exe" -u "y"" with PID 3264!`)
	f.Add("Your port 80 is actually used by :\n\nServer: Microsoft-HTTPAPI/2.0")
	f.Fuzz(func(t *testing.T, text string) {
		if c, ok := Parse(text); ok && (c.Port == 0 || c.Program == "" && c.PID == 0) {
			t.Fatalf("%q: %+v", text, c)
		}
		lines := strings.Split(text, "\n")
		if _, n, ok := Answered(lines); ok && n > len(lines) {
			t.Fatalf("%q: %d lines of %d", text, n, len(lines))
		}
	})
}
