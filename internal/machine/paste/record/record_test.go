package record

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// said are the records of a text: kind, then some of their values.
func said(t *testing.T, text string, names ...string) []string {
	t.Helper()
	lines := strings.Split(text, "\n")
	var out []string
	for i := 0; i < len(lines); {
		rs, n := Find(lines, i)
		for _, r := range rs {
			row := string(r.Kind)
			if r.Unix() {
				row += "(unix)"
			}
			for _, name := range names {
				row += " " + r.Get(name)
			}
			out = append(out, row)
		}
		i += max(n, 1)
	}
	return out
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name, text string
		fields     []string
		want       []string
	}{
		{"Get-NetTCPConnection", `
LocalAddress                        LocalPort RemoteAddress                       RemotePort State       AppliedSetting OwningProcess
------------                        --------- -------------                       ---------- -----       -------------- -------------
::                                  80        ::                                  0          Listen                     4
192.168.1.20                        50412     203.0.113.7                         443        Established Internet       8120

`, []string{"LocalAddress", "LocalPort", "State", "OwningProcess"}, []string{"socket :: 80 Listen 4", "socket 192.168.1.20 50412 Established 8120"}},
		{"its list", `
LocalAddress   : 0.0.0.0
LocalPort      : 80
State          : Listen
AppliedSetting :
OwningProcess  : 4

LocalAddress   : ::
LocalPort      : 81
OwningProcess  : 8
`, []string{"LocalAddress", "LocalPort", "State", "OwningProcess"}, []string{"socket 0.0.0.0 80 Listen 4", "socket :: 81  8"}},
		{"Get-Process", `
Handles  NPM(K)    PM(K)      WS(K)     CPU(s)     Id  SI ProcessName
-------  ------    -----      -----     ------     --  -- -----------
   3542       0      204        148                 4   0 System
    551      29    12345      23456       1.23   8120   1 httpd
      0       0     1204     124012               2468   0 Memory Compression
`, []string{"Id", "ProcessName"}, []string{"process 4 System", "process 8120 httpd", "process 2468 Memory Compression"}},
		{"a choice of columns", `
  Id Name   Path
  -- ----   ----
8120 httpd  C:\Apache 24\bin\httpd.exe
`, []string{"Id", "Name", "Path"}, []string{`process 8120 httpd C:\Apache 24\bin\httpd.exe`}},
		{"Get-Service", `
Status   Name               DisplayName
------   ----               -----------
Running  W3SVC              World Wide Web Publishing Service
Stopped  WinRM              Windows Remote Management (WS-Manag...
`, []string{"Status", "Name"}, []string{"service Running W3SVC", "service Stopped WinRM"}},
		{"wmic list", `

CommandLine="C:\Apache24\bin\httpd.exe" -k runservice
ExecutablePath=C:\Apache24\bin\httpd.exe
Name=httpd.exe
ProcessId=8120

`, []string{"Name", "ProcessId", "ExecutablePath"}, []string{`process httpd.exe 8120 C:\Apache24\bin\httpd.exe`}},
		{"wmic table", `ExecutablePath                 Name       ProcessId
                               System     4

C:\Apache 24\bin\httpd.exe     httpd.exe  8120
`, []string{"Name", "ProcessId", "ExecutablePath"}, []string{`process System 4 `, `process httpd.exe 8120 C:\Apache 24\bin\httpd.exe`}},
		{"wmic csv", `Node,CommandLine,Name,ProcessId
ORION,"C:\x.exe" -a 1,2,x.exe,77
`, []string{"Name", "ProcessId", "CommandLine"}, []string{`process x.exe 77 "C:\x.exe" -a 1,2`}},
		{"ps aux", `USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
root       812  0.0  0.1  55280  5012 ?        Ss   10:02   0:00 nginx: master process /usr/sbin/nginx
www-data   813  0.0  0.1  55280  5012 ?        S    10:02   0:00 nginx: worker process
`, []string{"PID", "COMMAND", "USER"}, []string{"process(unix) 812 nginx: master process /usr/sbin/nginx root", "process(unix) 813 nginx: worker process www-data"}},
		{"ps -ef", `UID          PID    PPID  C STIME TTY          TIME CMD
root         812       1  0 10:02 ?        00:00:00 /usr/sbin/apache2 -k start
`, []string{"PID", "PPID", "CMD"}, []string{"process(unix) 812 1 /usr/sbin/apache2 -k start"}},
	} {
		if diff := cmp.Diff(c.want, said(t, c.text, c.fields...)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

// What has such names, or such a form, and is none.
func TestFindLeavesTheRest(t *testing.T) {
	for _, text := range []string{
		"services:\n  web:\n    id: 4\n    name: web\n",
		"Id: 4\nName: web\n",
		"Name : x\nVersion : 1\n",
		"CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   PORTS   NAMES\n3f1c2a9b7d10   nginx   \"x\"   2 h   Up   80/tcp   web\n",
		"COMMAND   PID USER   FD   TYPE DEVICE SIZE/OFF NODE NAME\nnode    81234 kim   23u  IPv6 0x1234      0t0  TCP *:3000 (LISTEN)\n",
		"  Proto  Local Address          Foreign Address        State           PID\n  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING       4\n",
		"Image Name                     PID Services\n========================= ======== =====\nSystem  4 N/A\n",
		"LocalPort\n---------\n80\n", "errno: -98,\ncode: 'EADDRINUSE',\n", "The PID and the COMMAND\nare unknown\n",
	} {
		if got := said(t, text, "Name"); len(got) > 0 {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("LocalPort : 80\nLocalAddress : ::\n")
	f.Add("Id Name\n-- ----\n 4 System\n")
	f.Add("PID CMD\n 1 init\n")
	f.Add("Node,Name,ProcessId\na,b,3\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for i := range lines {
			rs, n := Find(lines, i)
			if i+n > len(lines) || n == 0 && len(rs) > 0 {
				t.Fatalf("%d records of %d lines at %d", len(rs), n, i)
			}
			for _, r := range rs {
				if r.Line < i || r.Last >= i+n || r.Kind == "" {
					t.Fatalf("%+v at %d, %d lines", r, i, n)
				}
			}
		}
	})
}
