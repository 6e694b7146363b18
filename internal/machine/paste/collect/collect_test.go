package collect_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste"
	"github.com/berthd/berth/internal/machine/paste/collect"
)

// asks are the commands that only ask; a script runs nothing else.
var asks = []string{
	"ver", "netstat -", "tasklist", "netsh http show ", "netsh int ipv4 show ", "netsh interface portproxy show ", "httpcfg query ",
	"sc query ", "sc qc ", "sc queryex ", "sc enumdepend ", "route print",
	"uname -a", "id -u", "ss -", "lsof ", "ps -", "docker ps -a", "podman ps -a", "systemctl list-", "ip -br address", "sysctl net.",
	"iptables -t nat -S", "ip6tables -t nat -S", "nft list ruleset", "sw_vers", "launchctl list",
}

// commands are those that a script runs.
func commands(text string) []string {
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(text, "\r", "")) {
		line = strings.TrimSpace(line)
		if cmd, ok := strings.CutPrefix(line, `>>"%OUT%" 2>&1 `); ok {
			out = append(out, cmd)
		}
		if cmd, ok := strings.CutPrefix(line, "run "); ok {
			out = append(out, cmd)
		}
	}
	return out
}

func TestScriptsOnlyAsk(t *testing.T) {
	for _, system := range collect.Systems() {
		_, text, ok := collect.Script(system)
		all := commands(text)
		if !ok || len(all) < 8 {
			t.Fatalf("%s: %q", system, all)
		}
		for _, cmd := range all {
			if !slices.ContainsFunc(asks, func(a string) bool { return strings.HasPrefix(cmd, a) }) || strings.ContainsAny(cmd, ";&|<>`$") || strings.Contains(cmd, "sysctl -w") {
				t.Errorf("%s runs %s", system, cmd)
			}
		}
		for i, c := range []byte(text) {
			if c >= 0x80 {
				t.Fatalf("%s: byte %d is no ASCII", system, i)
			}
		}
		if len(collect.How(system)) != 4 {
			t.Errorf("%s: %q", system, collect.How(system))
		}
	}
	if _, _, ok := collect.Script("plan9"); ok {
		t.Error("there is a script for plan9")
	}
}

// Windows' script names each command before it runs it, with the same words.
func TestWindowsMarks(t *testing.T) {
	_, text, _ := collect.Script("windows")
	if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
		t.Error("a line end that cmd does not want")
	}
	var marked string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if echo, ok := strings.CutPrefix(line, `>>"%OUT%" echo `); ok {
			m, ok := collect.Parse(echo)
			if !ok {
				t.Errorf("no mark: %s", echo)
			}
			marked = m.Command
		}
		if cmd, ok := strings.CutPrefix(line, `>>"%OUT%" 2>&1 `); ok && cmd != marked {
			t.Errorf("%s below the mark of %q", cmd, marked)
		}
	}
}

func TestParse(t *testing.T) {
	for line, want := range map[string]collect.Mark{
		"=== berth-collect 1 mac ===":         {OS: "darwin"},
		" === berth-run: netstat -ano === \r": {Command: "netstat -ano"},
		"=== berth-end ===":                   {End: true},
	} {
		if got, ok := collect.Parse(line); !ok || got != want {
			t.Errorf("%q: %+v, %v", line, got, ok)
		}
	}
	for _, line := range []string{"", "=== x ===", "=== berth-collect 2 windows ===", "=== berth-run: x"} {
		if got, ok := collect.Parse(line); ok {
			t.Errorf("%q: %+v", line, got)
		}
	}
}

// needSh is for tests that run the scripts of Unix: no Windows has a sh.
func needSh(t *testing.T) string {
	sh, err := exec.LookPath("sh")
	if err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	return sh
}

func TestSyntax(t *testing.T) {
	sh := needSh(t)
	for _, system := range []string{"linux", "mac"} {
		_, text, _ := collect.Script(system)
		if sh == "" {
			return
		}
		cmd := exec.Command(sh, "-n")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", system, err, out)
		}
	}
}

// fakes are what the tools of a Mac print.
var fakes = map[string]string{
	"lsof": `COMMAND     PID USER   FD   TYPE             DEVICE SIZE/OFF NODE NAME
ControlCenter 1081  kim    7u  IPv4 0x4dfbc9201515d62b      0t0  TCP *:5000 (LISTEN)
`,
	"netstat": `Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)      rhiwat  shiwat    pid   epid state options
tcp4       0      0  *.5000                 *.*                    LISTEN       131072  131072   1081      0 00000 00000006
`,
	"ps": `USER   PID  PPID ARGS
kim   1081     1 /System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter
`,
	"sw_vers": "ProductName:\tmacOS\nProductVersion:\t14.5\n", "launchctl": "PID\tStatus\tLabel\n1081\t0\tcom.apple.controlcenter\n",
}

// report runs a script with fakes in place of the system's tools.
func report(t *testing.T, system string) []byte {
	dir := t.TempDir()
	for name, says := range fakes {
		body := "#!/bin/sh\ncat <<'THE_END'\n" + says + "THE_END\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	_, text, _ := collect.Script(system)
	cmd := exec.Command(needSh(t), "-s")
	cmd.Stdin, cmd.Dir = strings.NewReader(text), dir
	cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "HOME=" + dir}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "done") {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "berth-report.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The Mac's script with a Mac's tools: its file tells who has the port.
func TestMacReport(t *testing.T) {
	if needSh(t) == "" {
		return
	}
	data := report(t, "mac")
	for name, mailed := range map[string][]byte{"as it is": data, "as UTF-16": utf16Of(data), "as a mail": []byte("Here it is:\r\n> " + strings.ReplaceAll(string(data), "\n", "\r\n> "))} {
		r, err := paste.Read(paste.Text{Name: "berth-report.txt", Data: mailed})
		if err != nil {
			t.Fatal(err)
		}
		var held []string
		for _, l := range r.Set.Links {
			if l.Kind == fact.HeldBy {
				socket, _, _ := strings.Cut(string(l.From), "#")
				held = append(held, socket+" "+string(l.To))
			}
		}
		if r.Set.Machine.OS != "darwin" || !slices.Contains(held, "sock:tcp:0.0.0.0:5000 proc:1081") || len(r.Commands) != 0 {
			t.Errorf("%s: on %q, %q, commands %v", name, r.Set.Machine.OS, held, r.Commands)
		}
		i := slices.IndexFunc(r.Set.Processes, func(p fact.Process) bool { return p.PID == 1081 })
		if i < 0 || r.Set.Processes[i].Name != "ControlCenter" || r.Set.Processes[i].NameCut || len(r.Set.Processes[i].Args) != 1 {
			t.Errorf("%s: %+v", name, r.Set.Processes)
		}
	}
}

func utf16Of(data []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(data))) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}
