package paste

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste/tidy"
)

// portNames are the service names in the recorded texts.
func portNames(_ fact.Proto, name string) (uint16, bool) {
	switch name {
	case "http":
		return 80, true
	case "https":
		return 443, true
	case "http-alt":
		return 8080, true
	case "tproxy":
		return 8081, true
	case "ipp":
		return 631, true
	case "domain":
		return 53, true
	case "commplex-main":
		return 5000, true
	}
	return 0, false
}

// sockets are the rows of a set as "proto local state holders".
func sockets(s fact.Set) []string {
	var out []string
	for _, k := range s.Sockets {
		row := fmt.Sprintf("%s %s %s", k.Proto, k.Local, k.State)
		if k.Remote.IsValid() {
			row += " > " + k.Remote.String()
		}
		for _, l := range s.Links {
			if l.From == k.ID && l.Kind == fact.HeldBy {
				row += " " + string(l.To)
			}
		}
		out = append(out, row)
	}
	slices.Sort(out)
	return out
}

func processes(s fact.Set) []string {
	var out []string
	for _, p := range s.Processes {
		out = append(out, fmt.Sprintf("%d %s", p.PID, p.Name))
	}
	return out
}

func readText(t testing.TB, text string) Result {
	t.Helper()
	r, err := Reader{PortNumber: portNames}.Read(Text{Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var listeners = []string{
	"tcp 0.0.0.0:80 listen", "tcp 192.0.2.10:443 listen", "tcp [2001:db8::10]:443 listen",
	"tcp [::1]:631 listen", "tcp [::]:8080 listen", "tcp [::]:8081 listen",
}

// Every Linux tool was run on the same machine at the same moment: each must
// yield the same listeners, with the holders that it prints.
func TestLinuxToolsAgree(t *testing.T) {
	both, one := " proc:21528 proc:21442", " proc:21442"
	for name, holders := range map[string]string{
		"linux-ss-tulpn.txt": both, "linux-ss-tlp-names.txt": both, "linux-ss-ltnpe.txt": both, "linux-ss-atn.txt": "",
		"linux-netstat-tulpn.txt": one, "linux-netstat-tlpe-names.txt": one, "linux-netstat-tan.txt": "",
		"linux-lsof-nP.txt": " proc:21442 proc:21528", "linux-lsof-names.txt": " proc:21442 proc:21528",
	} {
		r := readText(t, string(file(t, name).Data))
		var want []string
		for _, l := range listeners {
			want = append(want, l+holders)
		}
		got := slices.DeleteFunc(sockets(r.Set), func(s string) bool { return !strings.Contains(s, "listen") })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if r.Set.Machine.OS != "linux" || len(r.Set.Machine.Source) == 0 {
			t.Errorf("%s: machine %+v", name, r.Set.Machine)
		}
		if owned := holders != ""; owned == slices.ContainsFunc(r.Set.Gaps, func(g fact.Gap) bool { return g.Hint == "sudo ss -ltnp" }) {
			t.Errorf("%s: gaps %+v", name, r.Set.Gaps)
		}
	}
}

// All of them in one paste are still the same sockets.
func TestLinuxToolsMerge(t *testing.T) {
	var all strings.Builder
	for _, name := range []string{"linux-netstat-tulpn.txt", "linux-lsof-nP.txt", "linux-ss-ltnpe.txt", "linux-ss-atn.txt"} {
		all.Write(file(t, name).Data)
	}
	r := readText(t, all.String())
	got := slices.DeleteFunc(sockets(r.Set), func(s string) bool { return !strings.Contains(s, "listen") })
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " proc")
	}
	if diff := cmp.Diff(listeners, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, k := range r.Set.Sockets {
		if k.Local.Port() == 8080 && (k.Linux == nil || k.Linux.V6Only == nil || *k.Linux.V6Only || k.Inode() != 2349623) {
			t.Errorf("8080: %+v", k.Linux)
		}
	}
}

func TestLinuxUDPOnDevice(t *testing.T) {
	r := readText(t, string(file(t, "linux-ss-lunp.txt").Data))
	if len(r.Set.Sockets) != 1 {
		t.Fatalf("%+v", r.Set.Sockets)
	}
	if k := r.Set.Sockets[0]; k.Proto != fact.UDP || k.Device != "lo" || k.State != fact.Unconnected {
		t.Errorf("%+v", k)
	}
}

// The shapes below are as public captures show them; names and numbers are made up.
var shapes = map[string]struct {
	text  string
	kind  Kind
	os    string
	socks []string
	procs []string
}{
	"netstat -ano": {
		`
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING       4
  TCP    127.0.0.1:5354         127.0.0.1:49670        ESTABLISHED     3020
  TCP    192.168.1.20:50412     203.0.113.7:443        TIME_WAIT       0
  TCP    [::]:80                [::]:0                 LISTENING       4
  TCP    [fe80::1c2d:3%4]:1900  [::]:0                 LISTENING       1234
  UDP    0.0.0.0:5353           *:*                                    2100
  UDP    [::1]:1900             *:*                                    1234
`, NetstatWindows, "windows",
		[]string{
			"tcp 0.0.0.0:80 listen proc:4", "tcp 127.0.0.1:5354  > 127.0.0.1:49670 proc:3020",
			"tcp 192.168.1.20:50412 time-wait > 203.0.113.7:443", "tcp [::]:80 listen proc:4",
			"tcp [fe80::1c2d:3%4]:1900 listen proc:1234", "udp 0.0.0.0:5353 unconnected proc:2100", "udp [::1]:1900 unconnected proc:1234",
		},
		[]string{"4 System", "3020 ", "1234 ", "2100 "},
	},
	"netstat -abno": {
		`  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       1100
  RpcSs
 [svchost.exe]
  TCP    0.0.0.0:445            0.0.0.0:0              LISTENING       4
 Can not obtain ownership information
  TCP    0.0.0.0:2179           0.0.0.0:0              LISTENING       5012
 [vmms.exe]
`, NetstatWindows, "windows",
		[]string{"tcp 0.0.0.0:135 listen proc:1100", "tcp 0.0.0.0:2179 listen proc:5012", "tcp 0.0.0.0:445 listen proc:4"},
		[]string{"1100 svchost.exe", "4 System", "5012 vmms.exe"},
	},
	"netstat -a with a machine's name": {
		`  TCP    0.0.0.0:80             DESKTOP-5B73FET:0      LISTENING
  TCP    127.0.0.1:8080         orion:0                LISTENING
`, NetstatWindows, "windows", []string{"tcp 0.0.0.0:80 listen", "tcp 127.0.0.1:8080 listen"}, nil,
	},
	"netstat of macOS": {
		`Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
tcp46      0      0  *.8080                 *.*                    LISTEN
tcp4       0      0  127.0.0.1.5000         *.*                    LISTEN
tcp6       0      0  fe80::1%lo0.5000       *.*                    LISTEN
tcp4       0      0  192.168.1.2.52444      17.0.0.1.443           ESTABLISHED
udp4       0      0  *.5353                 *.*
`, NetstatBSD, "darwin",
		[]string{"tcp 127.0.0.1:5000 listen", "tcp 192.168.1.2:52444  > 17.0.0.1:443", "tcp [::]:8080 listen", "tcp [fe80::1%lo0]:5000 listen", "udp 0.0.0.0:5353 unconnected"}, nil,
	},
	"lsof of macOS": {
		`COMMAND    PID  USER   FD   TYPE             DEVICE SIZE/OFF NODE NAME
ControlCe 1081 d    7u  IPv4 0x4dfbc9201515d62b      0t0  TCP *:commplex-main (LISTEN)
ControlCe 1081 d    8u  IPv6 0x4dfbc9201439e933      0t0  TCP *:commplex-main (LISTEN)
python    1090 d    3u  IPv4 0x4dfbc9201515d62b      0t0  TCP *:commplex-main (LISTEN)
`, Lsof, "darwin", []string{"tcp 0.0.0.0:5000 listen proc:1081 proc:1090", "tcp [::]:5000 listen proc:1081"}, []string{"1081 ControlCe", "1090 python"},
	},
	"Get-NetTCPConnection": {
		`LocalAddress                        LocalPort RemoteAddress                       RemotePort State       AppliedSetting OwningProcess
------------                        --------- -------------                       ---------- -----       -------------- -------------
::                                  80        ::                                  0          Listen                     4
192.168.1.20                        50412     203.0.113.7                         443        Established Internet       8120
`, NetTCP, "windows", []string{"tcp 192.168.1.20:50412 established > 203.0.113.7:443 proc:8120", "tcp [::]:80 listen proc:4"}, []string{"4 System", "8120 "},
	},
	"tasklist": {
		`Image Name                     PID Session Name        Session#    Mem Usage
========================= ======== ================ =========== ============
System Idle Process              0 Services                   0          8 K
System                           4 Services                   0        144 K
Memory Compression            2468 Services                   0    124,012 K
httpd.exe                     8120 Console                    1     12,345 K
`, Tasklist, "windows", nil, []string{"4 System", "2468 Memory Compression", "8120 httpd.exe"},
	},
	"tasklist without its head": {
		`httpd.exe                     8120 Console                    1     12.345 Ko
App 2 Go.exe                  8124 RDP-Tcp#0                  2     1,234 K
`, Tasklist, "windows", nil, []string{"8120 httpd.exe", "8124 App 2 Go.exe"},
	},
	"tasklist /fo csv": {
		"\"Image Name\",\"PID\",\"Session Name\",\"Session#\",\"Mem Usage\"\n“System”,“4”,“Services”,“0”,“144 K”\n\"httpd.exe\",\"8120\",\"Console\",\"1\",\"12,345 K\"\n",
		Tasklist, "windows", nil, []string{"4 System", "8120 httpd.exe"},
	},
	"tasklist /svc /fo csv": {
		"\"svchost.exe\",\"936\",\"LSM,Power\"\n\"httpd.exe\",\"8120\",\"Apache2.4\"\n",
		TasklistSvc, "windows", nil, []string{"936 svchost.exe", "8120 httpd.exe"},
	},
	"tasklist /svc through findstr": {
		`svchost.exe                   2668 PeerDistSvc
`, TasklistSvc, "windows", nil, []string{"2668 svchost.exe"},
	},
}

func TestShapes(t *testing.T) {
	for name, c := range shapes {
		r := readText(t, c.text)
		if diff := cmp.Diff(c.socks, sockets(r.Set)); diff != "" {
			t.Errorf("%s: sockets -want +got:\n%s", name, diff)
		}
		if diff := cmp.Diff(c.procs, processes(r.Set)); diff != "" {
			t.Errorf("%s: processes -want +got:\n%s", name, diff)
		}
		if len(r.Seen) == 0 || r.Seen[0].Kind != c.kind || r.Set.Machine.OS != c.os {
			t.Errorf("%s: seen %+v on %q", name, r.Seen, r.Set.Machine.OS)
		}
	}
}

// The line below a table is not its last row because it has a number in it.
func TestProseBelowTable(t *testing.T) {
	for _, head := range []string{"", "Image Name                     PID Services\n========================= ======== ============================================\n"} {
		r := readText(t, head+"svchost.exe                    936 LSM,\n                                   Power\nThat took 5 minutes\n")
		if diff := cmp.Diff([]string{"936 svchost.exe"}, processes(r.Set)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", head, diff)
		}
		if diff := cmp.Diff([]string{"proc:936 part-of unit:LSM", "proc:936 part-of unit:Power"}, links(r.Set)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", head, diff)
		}
		if len(r.Rest) != 1 {
			t.Errorf("%q: rest %+v", head, r.Rest)
		}
	}
}

// A Japanese console writes code page 932; the phrase for "unnamed" still ends
// in a full stop, which is two bytes there.
func TestOEMCodePage(t *testing.T) {
	text := string(file(t, "servicestate-session-L1-en-a.txt").Data)
	text = strings.ReplaceAll(text, "Request queue is unnamed.", "\x97v\x8b\x81\x83L\x83\x85\x81[\x82\xc9\x82\xcd\x96\xbc\x91O\x82\xaa\x82\xa0\x82\xe8\x82\xdc\x82\xb9\x82\xf1\x81B")
	text = strings.ReplaceAll(text, "Request queue name", "\x97v\x8b\x81\x83L\x83\x85\x81[\x96\xbc")
	r := readText(t, text)
	want := []string{
		"queue:#2668 served-by proc:2668",
		"sock:tcp:0.0.0.0:80#4 held-by proc:4",
		"sock:tcp:0.0.0.0:80#4 taken-by " + branchCacheURL,
		branchCacheURL + " in-queue queue:#2668",
	}
	if diff := cmp.Diff(want, links(r.Set)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A name without a number is a gap, not nothing.
func TestUnresolvedNames(t *testing.T) {
	for text, want := range map[string]string{
		"LISTEN 0 16 [::]:tproxyx [::]:*\n":                                             "not-in-paste: number of [::]:tproxyx: ss -ltnp",
		"tcp6 0 0 [::]:tproxyx [::]:* LISTEN 1/x\n":                                     "not-in-paste: number of [::]:tproxyx: netstat -ltnp",
		"python3 21442 root 5u IPv6 2349624 0t0 TCP *:tproxyx (LISTEN)\n":               "not-in-paste: number of *:tproxyx: lsof -nP -i",
		"  TCP    mypc:http              mypc:0                 LISTENING       1234\n": "not-in-paste: number of mypc:http: netstat -ano",
	} {
		r := readText(t, text)
		if diff := cmp.Diff([]string{want}, hints(r.Set)); diff != "" || len(r.Seen) != 1 || len(r.Set.Sockets) != 0 {
			t.Errorf("%q: seen %+v, -want +got:\n%s", text, r.Seen, diff)
		}
	}
}

func TestServicesInOneProcess(t *testing.T) {
	r := read(t, file(t, "branchcache-svc.txt"))
	want := []string{
		"proc:2668 part-of unit:PeerDistSvc",
		"proc:936 part-of unit:BrokerInfrastructure", "proc:936 part-of unit:DcomLaunch", "proc:936 part-of unit:LSM",
		"proc:936 part-of unit:PlugPlay", "proc:936 part-of unit:Power", "proc:936 part-of unit:SystemEventsBroker",
	}
	if diff := cmp.Diff(want, links(r.Set)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The phrase for "no services" is translated; the same rows must not make it a service.
func TestNoServicesInAnyLanguage(t *testing.T) {
	const text = `Abbildname                     PID Dienste
========================= ======== ============================================
System                           4 N/A
httpd.exe                     8120 N/A
svchost.exe                   2668 PeerDistSvc
`
	want := links(readText(t, text).Set)
	for _, phrase := range []string{"Nicht zutreffend", "暂缺", "Н/Д", "N/D", "該当なし"} {
		got := links(readText(t, strings.ReplaceAll(text, "N/A", phrase)).Set)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", phrase, diff)
		}
	}
	if len(want) != 1 {
		t.Errorf("%q", want)
	}
}

func TestDockerPublishes(t *testing.T) {
	const text = `$ docker ps
CONTAINER ID   IMAGE          COMMAND                  CREATED       STATUS       PORTS                                                NAMES
3f1c2a9b7d10   nginx:alpine   "/docker-entrypoint.…"   2 hours ago   Up 2 hours   0.0.0.0:80->80/tcp, [::]:80->80/tcp, 443/tcp         web
4e1c2a9b7d11   redis:7        "docker-entrypoint.s…"   2 hours ago   Up 2 hours   6379/tcp                                             cache
$ ss -ltnp
LISTEN 0      4096         0.0.0.0:80        0.0.0.0:*    users:(("docker-proxy",pid=2100,fd=4))
LISTEN 0      4096         0.0.0.0:22        0.0.0.0:*    users:(("sshd",pid=800,fd=3))
`
	r := readText(t, text)
	want := []string{
		"sock:tcp:0.0.0.0:22#800 held-by proc:800 (fd 3)", "sock:tcp:0.0.0.0:80#2100 held-by proc:2100 (fd 4)",
		"sock:tcp:0.0.0.0:80#2100 published-by container:docker/3f1c2a9b7d10",
	}
	got := slices.Compact(links(r.Set))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(r.Set.Containers) != 2 || r.Set.Containers[1].Name != "cache" || len(r.Set.Containers[1].Ports) != 0 {
		t.Errorf("%+v", r.Set.Containers)
	}
}

// The state's word is in another language, the rows are the same.
func TestStateWordsDoNotMatter(t *testing.T) {
	text := shapes["netstat -ano"].text
	want := readText(t, text).Set
	words := [...][3]string{{"ABHÖREN", "HERGESTELLT", "WARTEND"}, {"侦听", "已建立", "等待"}, {"EN ESCUCHA", "ESTABLECIDO", "ESPERA TIEMPO"}, {"ABH\xd6REN", "X", "Y"}}
	for _, w := range words {
		other := strings.NewReplacer("LISTENING", w[0], "ESTABLISHED", w[1], "TIME_WAIT", w[2], "Proto", "協議", "Active Connections", "活动连接").Replace(text)
		if diff := cmp.Diff(asJSON(t, want), asJSON(t, readText(t, other).Set)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", w[0], diff)
		}
	}
}

// What mail, forums, web pages and PowerShell do to a text leaves its facts alone.
func TestDamagedPaste(t *testing.T) {
	whole := string(file(t, "branchcache.txt").Data) + string(file(t, "servicestate-session-L1-en-a.txt").Data) + string(file(t, "branchcache-svc.txt").Data)
	want := readText(t, whole).Set
	each := func(f func(string) string) func(string) []byte {
		return func(s string) []byte {
			var b strings.Builder
			for line := range strings.Lines(s) {
				b.WriteString(f(strings.TrimSuffix(line, "\n")) + "\n")
			}
			return []byte(b.String())
		}
	}
	for name, harm := range map[string]func(string) []byte{
		"CRLF":         func(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) },
		"BOM":          func(s string) []byte { return []byte("\ufeff" + s) },
		"UTF-16LE":     func(s string) []byte { return utf16Bytes("\ufeff"+s, false) },
		"UTF-16BE":     func(s string) []byte { return utf16Bytes("\ufeff"+s, true) },
		"UTF-16 bare":  func(s string) []byte { return utf16Bytes(s, false) },
		"quoted mail":  each(func(s string) string { return "> " + s }),
		"quoted twice": each(func(s string) string { return "> > " + s }),
		"code block":   each(func(s string) string { return "    " + s }),
		"HTML": each(func(s string) string {
			return strings.NewReplacer("&", "&amp;", ">", "&gt;", "<", "&lt;", " ", "&nbsp;").Replace(s) + "<br>"
		}),
		"trailing": each(func(s string) string { return s + " \t" }),
	} {
		r, err := Read(Text{Data: harm(whole)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(asJSON(t, want), asJSON(t, r.Set)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

func asJSON(t testing.TB, s fact.Set) string {
	t.Helper()
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func utf16Bytes(s string, big bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

const forumPost = `Hi all, since the last update Apache in XAMPP won't start. The control panel says

14:02:11  [Apache] 	Error: Port 80 in use by "Unable to open process" with PID 4!
14:02:11  [Apache] 	Apache WILL NOT start without the configured ports free!

I ran “netstat -oan | findstr :80” as told here:
> C:\Users\me>netstat -oan | findstr :80
>   TCP    0.0.0.0:80             0.0.0.0:0              LISTENING       4
>   TCP    0.0.0.0:8080           0.0.0.0:0              LISTENING       6120

(OS 10048) make_sock: could not bind to address [::]:80
My site is http://localhost:8080/ by the way: thanks!
`

func TestForumPost(t *testing.T) {
	r := readText(t, forumPost)
	if diff := cmp.Diff([]string{"tcp 0.0.0.0:80 listen proc:4", "tcp 0.0.0.0:8080 listen proc:6120"}, sockets(r.Set)); diff != "" {
		t.Errorf("sockets -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]Asked{{fact.TCP, 80, Refused, "line 3 of the paste"}}, r.Asked); diff != "" {
		t.Errorf("asked -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]Line{{Number: 7, Line: "netstat -oan | findstr :80"}}, r.Commands); diff != "" {
		t.Errorf("commands -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"not-in-paste: registrations behind 0.0.0.0:80: netsh http show servicestate view=requestq"}, hints(r.Set)); diff != "" {
		t.Errorf("gaps -want +got:\n%s", diff)
	}
	var rest []int
	for _, l := range r.Rest {
		rest = append(rest, l.Number)
	}
	if diff := cmp.Diff([]int{1, 3, 4, 6, 11, 12}, rest); diff != "" {
		t.Errorf("rest -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]Seen{{Kind: XAMPPLog, FirstLine: 3, LastLine: 3, Rows: 1}, {Kind: NetstatWindows, FirstLine: 8, LastLine: 9, Rows: 2}}, r.Seen); diff != "" {
		t.Errorf("seen -want +got:\n%s", diff)
	}
}

// With the listing added, below a sentence and above an error, the owner is certain.
func TestForumPostWithListing(t *testing.T) {
	state := string(file(t, "servicestate-session-L1-en-a.txt").Data)
	r := readText(t, forumPost+"\nAnd here is the other thing you asked for\n"+state+"\nError: listen EADDRINUSE: address already in use :::80\n")
	if !slices.Contains(links(r.Set), branchCacheURL+" in-queue queue:#2668") {
		t.Errorf("links %q", links(r.Set))
	}
	last := r.Rest[len(r.Rest)-1]
	if !strings.HasPrefix(last.Line, "Error: listen") {
		t.Errorf("the error line is not in the rest: %+v", last)
	}
	for _, seen := range r.Seen {
		if seen.Kind == ServiceState && (seen.FirstLine != 17 || seen.Rows != 1) {
			t.Errorf("%+v", seen)
		}
	}
}

func TestProseIsNothing(t *testing.T) {
	for _, text := range []string{
		"", "\n\n", "netstat says that PID 4 has TCP port 80.\n", "httpd.exe 1234 is blocking my port\n",
		"version: '3'\nservices:\n  web:\n    image: nginx:1.2\n    ports: 80\n", "See: http://localhost:8080/\nthanks\n",
		"10:00:00 worker 7: GET /index.html 200 port 8080 from 10.0.0.7 ok\n", "request 12 took 8080 times 3 200 ms\n",
		"Config: x\n  Version: 1.0\n  http://localhost:3000/\n",
	} {
		r := readText(t, text)
		if len(r.Seen) != 0 || len(r.Set.Sockets)+len(r.Set.Processes)+len(r.Set.Registrations)+len(r.Set.Units) != 0 || r.Set.Machine.OS != "" {
			t.Errorf("%q: %+v", text, r)
		}
	}
	if _, err := Read(Text{Name: "x.png", Data: []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")}); err == nil {
		t.Error("a picture was read as a text")
	}
}

func TestTwoSystems(t *testing.T) {
	r := readText(t, shapes["netstat -ano"].text+"\n$ ss -ltnp\nLISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:((\"nginx\",pid=812,fd=6))\n")
	if r.Set.Machine.OS != "windows" || slices.Contains(processes(r.Set), "812 nginx") {
		t.Errorf("%s: %q", r.Set.Machine.OS, processes(r.Set))
	}
	if !slices.ContainsFunc(r.Set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapOther && g.Subject == "rows of linux" }) {
		t.Errorf("gaps %+v", r.Set.Gaps)
	}
}

func TestPersonAsksOtherPort(t *testing.T) {
	r, err := Reader{Ports: []uint16{8080}}.Read(Text{Data: []byte(forumPost)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Asked{{Port: 8080, Why: Person}}, r.Asked); diff != "" {
		t.Errorf("asked -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{`not-in-paste: name and services of PID 6120: tasklist /svc /fi "pid eq 6120"`}, hints(r.Set)); diff != "" {
		t.Errorf("gaps -want +got:\n%s", diff)
	}
}

func TestFindstrOfPIDAsksNoPort(t *testing.T) {
	row := "  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING       2668\n  TCP    0.0.0.0:81             0.0.0.0:0              LISTENING       2668\n"
	if r := readText(t, "C:\\>netstat -ano | findstr 2668\n"+row); len(r.Asked) != 0 {
		t.Errorf("%+v", r.Asked)
	}
	if r := readText(t, "C:\\>netstat -ano | findstr 81\n"+row); len(r.Asked) != 1 || r.Asked[0].Port != 81 {
		t.Errorf("%+v", r.Asked)
	}
}

func FuzzRead(f *testing.F) {
	for _, c := range shapes {
		f.Add([]byte(c.text))
	}
	f.Add([]byte(forumPost))
	for _, name := range []string{"branchcache.txt", "branchcache-svc.txt", "servicestate-session-L1-en-a.txt", "linux-ss-ltnpe.txt", "linux-lsof-names.txt", "linux-netstat-tlpe-names.txt"} {
		f.Add(file(f, name).Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Reader{PortNumber: portNames}.Read(Text{Data: data})
		if err != nil {
			return
		}
		ids := map[fact.ID]bool{}
		for _, s := range r.Set.Sockets {
			if ids[s.ID] || !s.Local.IsValid() || s.Evidence == "" {
				t.Fatalf("%+v", s)
			}
			ids[s.ID] = true
		}
		for _, p := range r.Set.Processes {
			ids[p.ID] = true
		}
		for _, u := range r.Set.Units {
			ids[u.ID] = true
		}
		for _, q := range r.Set.Queues {
			ids[q.ID] = true
		}
		for _, u := range r.Set.Registrations {
			ids[u.ID] = true
		}
		for _, h := range r.Set.Sessions {
			ids[h.ID] = true
		}
		for _, g := range r.Set.URLGroups {
			ids[g.ID] = true
		}
		for _, c := range r.Set.Containers {
			ids[c.ID] = true
		}
		for _, l := range r.Set.Links {
			if !ids[l.From] || !ids[l.To] {
				t.Fatalf("link to nowhere: %+v", l)
			}
		}
		for _, l := range r.Rest {
			if l.Number < 1 || len(l.Line) > 4*tidy.MaxLine {
				t.Fatalf("%+v", l.Number)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&text, "  TCP    10.0.0.1:%d    203.0.113.7:443    ESTABLISHED    %d\n", 1024+i, 4+4*i)
	}
	data := []byte(text.String())
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Read(Text{Data: data}); err != nil {
			b.Fatal(err)
		}
	}
}
