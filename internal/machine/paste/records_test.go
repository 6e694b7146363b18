package paste

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

func kinds(r Result) []string {
	var out []string
	for _, s := range r.Seen {
		out = append(out, fmt.Sprintf("%s: %d", s.Kind, s.Rows))
	}
	return out
}

// facts are the rows of a set in a few words each.
func facts(s fact.Set) []string {
	out := sockets(s)
	for _, p := range s.Processes {
		row := fmt.Sprintf("process %d %s", p.PID, p.Name)
		for _, more := range []string{p.Exe, strings.Join(p.Args, "|"), p.User} {
			if more != "" {
				row += " " + more
			}
		}
		out = append(out, row)
	}
	for _, u := range s.Units {
		row := "service " + u.Name + " " + u.Active
		if w := u.Windows.StartWord(); w != "" {
			row += " " + w
		}
		out = append(out, row)
	}
	for _, r := range s.Ranges {
		out = append(out, fmt.Sprintf("%s %s %d-%d %v", r.Kind, r.Proto, r.From, r.To, r.Administered))
	}
	for _, r := range s.Redirects {
		out = append(out, fmt.Sprintf("%s %d > %s", r.Kind, r.From, r.To))
	}
	return out
}

// What the tools of a Windows desk print, each alone.
func TestWindowsTools(t *testing.T) {
	for _, c := range []struct {
		name, text string
		kinds      []string
		want       []string
	}{
		{"a list of Get-NetTCPConnection", `PS C:\> Get-NetTCPConnection -LocalPort 80 | fl

LocalAddress   : ::
LocalPort      : 80
RemoteAddress  : ::
RemotePort     : 0
State          : Listen
AppliedSetting :
OwningProcess  : 4
`, []string{"Get-NetTCPConnection: 1"}, []string{"tcp [::]:80 listen proc:4", "process 4 System"}},
		{"a choice of its columns", `
LocalAddress LocalPort State  OwningProcess
------------ --------- -----  -------------
0.0.0.0             80 Listen          8120
`, []string{"Get-NetTCPConnection: 1"}, []string{"tcp 0.0.0.0:80 listen proc:8120", "process 8120 "}},
		{"port and process alone", `
LocalPort OwningProcess
--------- -------------
       80          8120
`, []string{"Get-NetTCPConnection: 1"}, []string{"tcp 0.0.0.0:80 listen proc:8120", "process 8120 "}},
		{"Get-NetUDPEndpoint", `
LocalAddress                             LocalPort
------------                             ---------
::                                       5353
0.0.0.0                                  5353
`, []string{"Get-NetUDPEndpoint: 2"}, []string{"udp 0.0.0.0:5353 unconnected", "udp [::]:5353 unconnected"}},
		{"Get-Process", `
Handles  NPM(K)    PM(K)      WS(K)     CPU(s)     Id  SI ProcessName
-------  ------    -----      -----     ------     --  -- -----------
   3542       0      204        148                 4   0 System
    551      29    12345      23456       1.23   8120   1 httpd
`, []string{"processes (Windows): 2"}, []string{"process 4 System", "process 8120 httpd.exe"}},
		{"wmic", `CommandLine="C:\Apache 24\bin\httpd.exe" -k runservice
ExecutablePath=C:\Apache 24\bin\httpd.exe
Name=httpd.exe
ProcessId=8120
`, []string{"processes (Windows): 1"}, []string{`process 8120 httpd.exe C:\Apache 24\bin\httpd.exe C:\Apache 24\bin\httpd.exe|-k|runservice`}},
		{"Get-Service", `
Status   Name               DisplayName
------   ----               -----------
Running  W3SVC              World Wide Web Publishing Service
Stopped  WinRM              Windows Remote Management (WS-Manag...
`, []string{"services (Windows): 2"}, []string{"service W3SVC running", "service WinRM stopped"}},
		{"Win32_Service", `
Name      : W3SVC
State     : Running
StartMode : Auto
ProcessId : 912
PathName  : C:\Windows\system32\svchost.exe -k iissvcs
`, []string{"services (Windows): 1"}, []string{"process 912 ", "service W3SVC running automatic"}},
		{"excluded ranges", `C:\>netsh int ipv4 show excludedportrange protocol=tcp

Protocol tcp Port Exclusion Ranges

Start Port    End Port
----------    --------
        80          80
     50000       50059     *

* - Administered port exclusions.
`, []string{"netsh int show excludedportrange: 2"}, []string{"excluded tcp 80-80 false", "excluded tcp 50000-50059 true"}},
		{"dynamic range", `C:\>netsh int ipv4 show dynamicport tcp

Protocol tcp Dynamic Port Range
---------------------------------
Start Port      : 1024
Number of Ports : 13977
`, []string{"netsh int show dynamicport: 1"}, []string{"ephemeral tcp 1024-15000 false"}},
		{"portproxy", `
Listen on ipv4:             Connect to ipv4:

Address         Port        Address         Port
--------------- ----------  --------------- ----------
0.0.0.0         80          172.20.1.2      8080
`, []string{"netsh interface portproxy show: 1"}, []string{"portproxy 80 > 172.20.1.2:8080"}},
		{"netstat -abn without -o", `  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING
 [httpd.exe]
  TCP    0.0.0.0:443            0.0.0.0:0              LISTENING
  W3SVC
 [svchost.exe]
`, []string{"netstat (Windows): 2"}, []string{"tcp 0.0.0.0:443 listen proc:?svchost.exe", "tcp 0.0.0.0:80 listen proc:?httpd.exe", "process 0 httpd.exe", "process 0 svchost.exe"}},
		{"WampServer", "Your port 80 is actually used by :\n\nServer: Microsoft-HTTPAPI/2.0\n", []string{"WampServer's port test: 1"}, []string{"tcp 0.0.0.0:80 listen proc:4", "process 4 System"}},
	} {
		r := readText(t, c.text)
		if diff := cmp.Diff(c.kinds, kinds(r)); diff != "" {
			t.Errorf("%s: seen -want +got:\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.want, facts(r.Set)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
		if r.Set.Machine.OS != "windows" {
			t.Errorf("%s: on %q", c.name, r.Set.Machine.OS)
		}
	}
}

// ps adds names and owners to what lists sockets, on the system that those are of.
func TestPS(t *testing.T) {
	const ps = "USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\nroot       812  0.0  0.1  55280  5012 ?        Ss   10:02   0:00 nginx: master process /usr/sbin/nginx\n"
	want := []string{"process 812 nginx nginx:|master|process|/usr/sbin/nginx root"}
	for text, os := range map[string]string{ps: "linux", "tcp4       0      0  *.8080                 *.*                    LISTEN\n" + ps: "darwin"} {
		r := readText(t, text)
		got := slices.DeleteFunc(facts(r.Set), func(s string) bool { return !strings.HasPrefix(s, "process") })
		if diff := cmp.Diff(want, got); diff != "" || r.Set.Machine.OS != os {
			t.Errorf("on %s: -want +got:\n%s", r.Set.Machine.OS, diff)
		}
	}
}

// A service of which several texts speak is one row.
func TestServiceFromSeveralTexts(t *testing.T) {
	r := readText(t, "svchost.exe                   912 w3svc\n\nStatus   Name               DisplayName\n------   ----               -----------\nRunning  W3SVC              World Wide Web Publishing Service\n")
	if len(r.Set.Units) != 1 || r.Set.Units[0].Active != "running" {
		t.Errorf("%+v", r.Set.Units)
	}
	if diff := cmp.Diff([]string{"proc:912 part-of unit:W3SVC"}, links(r.Set)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A mail breaks rows where it likes; the PID stays the row's.
func TestWrappedRows(t *testing.T) {
	want := []string{"tcp 0.0.0.0:80 listen proc:4", "process 4 System"}
	for _, text := range []string{
		"  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING\n4\n",
		"  TCP    0.0.0.0:80             0.0.0.0:0\n LISTENING       4\n",
		"  TCP    0.0.0.0:80\n0.0.0.0:0     LISTENING       4\n",
	} {
		if diff := cmp.Diff(want, facts(readText(t, text).Set)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", text, diff)
		}
	}
	r := readText(t, "  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING\n  TCP    0.0.0.0:81             0.0.0.0:0              LISTENING       4\nline 4\n")
	if diff := cmp.Diff([]string{"tcp 0.0.0.0:80 listen", "tcp 0.0.0.0:81 listen proc:4", "process 4 System"}, facts(r.Set)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// lsof cuts commands at nine letters; another text has the rest.
func TestCutCommands(t *testing.T) {
	const lsof = "systemd-r  612 systemd-resolve   14u  IPv4  18310      0t0  TCP 127.0.0.53:domain (LISTEN)\n"
	r := readText(t, lsof)
	if p := r.Set.Processes[0]; !p.NameCut || p.Name != "systemd-r" {
		t.Errorf("%+v", p)
	}
	r = readText(t, lsof+"LISTEN 0 4096 127.0.0.53%lo:53 0.0.0.0:* users:((\"systemd-resolve\",pid=612,fd=14))\n")
	if p := r.Set.Processes[0]; p.NameCut || p.Name != "systemd-resolve" {
		t.Errorf("%+v", p)
	}
	if p := readText(t, "node 612 kim   14u  IPv4  18310      0t0  TCP *:3000 (LISTEN)\n").Set.Processes[0]; p.NameCut {
		t.Errorf("%+v", p)
	}
}

func TestDesktop(t *testing.T) {
	for _, c := range []struct {
		name, text string
		kinds      []string
		want       []string
	}{
		{"tasklist /fo list", "Abbildname:                 httpd.exe\nPID:                        8120\nSitzungsname:               Services\nSitz.-Nr.:                  0\nSpeichernutzung:            12.345 K\n",
			[]string{"tasklist: 1"}, []string{"process 8120 httpd.exe"}},
		{"tasklist /svc /fo list", "Image Name:   svchost.exe\nPID:          912\nServices:     W3SVC\n\nImage Name:   System\nPID:          4\nServices:     N/A\n",
			[]string{"tasklist /svc: 1", "tasklist /svc: 1"}, []string{"process 912 svchost.exe", "process 4 System", "service W3SVC "}},
		{"ver", "Microsoft Windows [Version 10.0.19045.3693]\n", []string{"ver: 1"}, nil},
		{"fuser", "80/tcp:               812   813\n", []string{"fuser: 2"}, []string{"tcp 0.0.0.0:80 listen proc:812 proc:813", "process 812 ", "process 813 "}},
		{"net start", "These Windows services are started:\n\n   BranchCache\n   Print Spooler\n   SQL Server Reporting Services (MSSQLSERVER)\n   Themes\n\nThe command completed successfully.\n",
			[]string{"net start: 3"}, []string{"service PeerDistSvc running", "service Spooler running", "service ReportServer running"}},
		{"two titles in a text", "   BranchCache\n   Print Spooler\n", nil, nil},
		{"titles in another language", "Folgende Windows-Dienste sind gestartet:\n\n   Designs\n   Druckwarteschlange\n   Zwischenspeicher\n", nil, nil},
	} {
		r := readText(t, c.text)
		if diff := cmp.Diff(c.kinds, kinds(r)); diff != "" {
			t.Errorf("%s: seen -want +got:\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.want, facts(r.Set)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
	if m := readText(t, "Microsoft Windows [Версия 6.1.7601]\n").Set.Machine; m.OS != "windows" || m.Windows == nil || m.Windows.Build != 7601 {
		t.Errorf("%+v", m)
	}
}

// What netsh http shows besides its state, and what sc says of services, in the
// middle of a post.
func TestSettingsAndServices(t *testing.T) {
	const text = `Here is what you asked for:

C:\>netsh http show iplisten

IP addresses present in the IP listen list:
-------------------------------------------

    127.0.0.1
    ::1

C:\>netsh http show sslcert

SSL Certificate bindings:
-------------------------

    IP:port                      : 0.0.0.0:443
    Certificate Hash             : 0102030405060708090a0b0c0d0e0f1011121314
    Application ID               : {4dc3e181-e14b-4a21-b022-59fc669b0914}
    Certificate Store Name       : MY

C:\>sc qc W3SVC
[SC] QueryServiceConfig SUCCESS

SERVICE_NAME: W3SVC
        TYPE               : 20  WIN32_SHARE_PROCESS
        START_TYPE         : 2   AUTO_START
        ERROR_CONTROL      : 1   NORMAL
        BINARY_PATH_NAME   : C:\Windows\system32\svchost.exe -k iissvcs
        LOAD_ORDER_GROUP   :
        TAG                : 0
        DISPLAY_NAME       : World Wide Web Publishing Service
        DEPENDENCIES       : WAS
                           : HTTP
        SERVICE_START_NAME : LocalSystem

C:\>sc queryex w3svc

SERVICE_NAME: w3svc
        TYPE               : 20  WIN32_SHARE_PROCESS
        STATE              : 4  RUNNING
                                (STOPPABLE, PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
        PID                : 912
        FLAGS              :

Thanks!
`
	r := readText(t, text)
	if diff := cmp.Diff([]string{"netsh http show iplisten: 2", "netsh http show sslcert: 1", "sc: 1", "sc: 1"}, kinds(r)); diff != "" {
		t.Errorf("seen -want +got:\n%s", diff)
	}
	if len(r.Set.ListenList) != 2 || r.Set.Machine.Windows == nil || !r.Set.Machine.Windows.ListenList || len(r.Set.Certificates) != 1 || r.Set.Certificates[0].Port != 443 {
		t.Errorf("%+v %+v", r.Set.ListenList, r.Set.Certificates)
	}
	want := []string{"proc:912 part-of unit:W3SVC", "unit:W3SVC depends-on unit:HTTP", "unit:W3SVC depends-on unit:WAS"}
	if diff := cmp.Diff(want, links(r.Set)); diff != "" {
		t.Errorf("links -want +got:\n%s", diff)
	}
	u := r.Set.Units[0]
	if u.Name != "W3SVC" || u.Active != "running" || u.Windows.StartWord() != "automatic" || u.MainPID != 912 || len(r.Set.Units) != 3 {
		t.Errorf("%+v", r.Set.Units)
	}
	if len(r.Commands) != 4 {
		t.Errorf("commands %+v", r.Commands)
	}
}

// netstat -v of macOS has the PID of everybody, in a column that moves.
func TestMacNetstatVerbose(t *testing.T) {
	for _, text := range []string{
		"Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)      rhiwat  shiwat    pid   epid state options\n" +
			"tcp4       0      0  *.5000                 *.*                    LISTEN       131072  131072   1081      0 00000 00000006\n" +
			"udp4       0      0  *.5353                 *.*                                 786896    9216    300      0 00000 00000004\n",
		"Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)  rxbytes txbytes rhiwat shiwat process:pid state options\n" +
			"tcp4       0      0  *.5000                 *.*                    LISTEN   0 0 131072 131072 ControlCenter:1081 00000 00000006\n" +
			"udp4       0      0  *.5353                 *.*                             0 0 786896 9216 mDNSResponder:300 00000 00000004\n",
	} {
		want := []string{"tcp 0.0.0.0:5000 listen proc:1081", "udp 0.0.0.0:5353 unconnected proc:300"}
		if diff := cmp.Diff(want, sockets(readText(t, text).Set)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}
