package typed_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/machine/paste/typed"
)

func TestCut(t *testing.T) {
	for line, want := range map[string]string{
		`C:\>net stop http`:               "net stop http",
		`C:\Windows\system32> netstat -a`: "netstat -a",
		`PS C:\Users\me> sc stop http`:    "sc stop http powershell",
		`netsh http>show urlacl`:          "netsh http show urlacl",
		`$ sudo ss -ltn`:                  "sudo ss -ltn",
		`me@box:~$ lsof -i :80`:           "lsof -i :80",
		`[root@box ~]# kill 1`:            "kill 1",
		`root@box:/etc# kill 1`:           "kill 1",
	} {
		l, ok := typed.Cut(line)
		got := l.Command
		if l.Shell != "" {
			got += " " + l.Shell
		}
		if !ok || got != want {
			t.Errorf("%s: %q %v", line, got, ok)
		}
	}
	for _, line := range []string{"net stop http", "I paid 5 $ for it", "# a heading", "C:\\temp is full > 90 %"} {
		if l, ok := typed.Cut(line); ok || l.Command != line {
			t.Errorf("%s: %+v", line, l)
		}
	}
}

func TestPorts(t *testing.T) {
	for cmd, want := range map[string][]string{
		"netstat -aon | findstr :80":       {"80 true"},
		`netstat -ano | findstr "80"`:      {"80 false"},
		"sudo lsof -iTCP:443 -sTCP:LISTEN": {"tcp 443 true"},
		"fuser -k 80/tcp":                  {"80 false"},
		"tasklist /fi \"pid eq 80\"":       nil,
		"net stop http":                    nil,
	} {
		var got []string
		for _, p := range typed.Ports(cmd) {
			s := fmt.Sprint(p.Number, " ", p.Sure)
			if p.Proto != "" {
				s = string(p.Proto) + " " + s
			}
			got = append(got, s)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s\n%s", cmd, d)
		}
	}
}
