package configtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
)

// TestMain makes a server of this test binary where it is asked as one: what its
// configuration says is what it says, the last line being its exit code.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "-t" {
		data, err := os.ReadFile(os.Args[3])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		var code int
		said, last, _ := strings.Cut(string(data), "exit ")
		fmt.Fprint(os.Stderr, said)
		_, _ = fmt.Sscan(last, &code)
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// server is a subject whose server says what it is told.
func server(t *testing.T, name, says string) plan.Subject {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "conf")
	if err := os.WriteFile(conf, []byte(says), 0o644); err != nil {
		t.Fatal(err)
	}
	return plan.Subject{Kind: plan.ConfigTest, Name: name, Of: map[string]string{"program": os.Args[0], "config": conf}}
}

// What the servers of Debian 12 said of their own files with one line broken:
// nginx 1.22, Apache 2.4.68, OpenSSH 9.2, haproxy 2.6.
func TestReadTakesTheServersWord(t *testing.T) {
	for what, c := range map[string]struct {
		name, says string
		want       plan.State
	}{
		"nginx good": {"nginx", "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nexit 0", plan.State{"valid": "yes"}},
		"nginx bad": {"nginx", "nginx: [warn] conflicting server name\n2026/11/21 17:14:15 [emerg] 14214#14214: \"listen\" directive is not allowed here in /etc/nginx/conf.d/a.conf:1\nnginx: configuration file /etc/nginx/nginx.conf test failed\nexit 1",
			plan.State{"valid": "no", "why": `2026/11/21 17:14:15 [emerg] 14214#14214: "listen" directive is not allowed here in /etc/nginx/conf.d/a.conf:1`}},
		"apache good": {"apache", "AH00558: apache2: Could not reliably determine the server's fully qualified domain name\nSyntax OK\nexit 0", plan.State{"valid": "yes"}},
		"apache bad": {"apache", "AH00558: apache2: Could not reliably determine\nAH00526: Syntax error on line 14 of /etc/apache2/ports.conf:\nInvalid command 'Listn', perhaps misspelled\nexit 1",
			plan.State{"valid": "no", "why": "AH00526: Syntax error on line 14 of /etc/apache2/ports.conf: Invalid command 'Listn', perhaps misspelled"}},
		"sshd good, not running": {"sshd", "Missing privilege separation directory: /run/sshd\nexit 255", plan.State{"valid": "yes"}},
		"sshd bad": {"sshd", "/etc/ssh/sshd_config: line 123: Bad configuration option: Prot\r\n/etc/ssh/sshd_config: terminating, 1 bad configuration options\r\nexit 255",
			plan.State{"valid": "no", "why": "/etc/ssh/sshd_config: line 123: Bad configuration option: Prot"}},
		"silent":  {"nginx", "exit 3", plan.State{"valid": "no", "why": "exit 3"}},
		"hostile": {"nginx", "[emerg] \x1b[31mred\x07\u202e!\nexit 1", plan.State{"valid": "no", "why": "[emerg]  [31mred  !"}},
	} {
		if got, err := New().Read(t.Context(), server(t, c.name, c.says)); err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s: %v, %s", what, err, cmp.Diff(c.want, got))
		}
	}
}

func TestSetIsOnlyAQuestion(t *testing.T) {
	yes, no := plan.State{"valid": "yes"}, plan.State{"valid": "no"}
	good, bad := server(t, "nginx", "exit 0"), server(t, "nginx", "[emerg] unexpected end\nexit 1")
	for _, c := range []struct {
		s    plan.Subject
		to   plan.State
		want error
	}{{good, yes, nil}, {bad, no, nil}, {bad, yes, ErrSays}, {good, no, ErrSays}} {
		err := New().Set(t.Context(), c.s, nil, c.to)
		if !errors.Is(err, c.want) {
			t.Errorf("%v: %v", c.to, err)
		}
		if c.s.Of["config"] == bad.Of["config"] && err != nil && !strings.Contains(err.Error(), "unexpected end") {
			t.Error(err)
		}
	}
}

// Who could not be asked has not said no.
func TestNoAnswerIsAnError(t *testing.T) {
	s := server(t, "nginx", "apache2ctl: 1: apache2: not found\nexit 127")
	if got, err := New().Read(t.Context(), s); err == nil {
		t.Error(got)
	}
	s.Name = "inetd"
	if got, err := New().Read(t.Context(), s); !errors.Is(err, ErrServer) {
		t.Errorf("%v, %v", got, err)
	}
	s = server(t, "nginx", "exit 0")
	s.Of["program"] = filepath.Join(t.TempDir(), "none")
	if got, err := New().Read(t.Context(), s); !errors.Is(err, run.ErrNotFound) {
		t.Errorf("%v, %v", got, err)
	}
	s.Of["program"] = "nginx"
	if got, err := New().Read(t.Context(), s); err == nil {
		t.Errorf("a program by its name: %v", got)
	}
	for _, conf := range []string{"", "-c"} {
		s := server(t, "haproxy", "exit 0")
		s.Of["config"] = conf
		if got, err := New().Read(t.Context(), s); err == nil {
			t.Errorf("%q: %v", conf, got)
		}
	}
}

func FuzzWhy(f *testing.F) {
	f.Add("AH00526: Syntax error on line 14:\nInvalid command", 1)
	f.Add("[emerg] \x1b[31m\xff", 0)
	f.Add(":\n:", 3)
	all := checks()
	f.Fuzz(func(t *testing.T, said string, n int) {
		why := all[uint(n)%uint(len(all))].why(said)
		if len([]rune(why)) > maxWhy+3 {
			t.Errorf("%d runes", len([]rune(why)))
		}
		for _, r := range why {
			if !unicode.IsPrint(r) {
				t.Errorf("%q", why)
			}
		}
	})
}

func TestChecksAreComplete(t *testing.T) {
	if Limit < 10*time.Second {
		t.Error("a resolver that does not answer takes ten seconds")
	}
	for _, c := range checks() {
		if len(c.programs) == 0 || strings.Count(strings.Join(c.args, " "), config) != 1 {
			t.Errorf("%+v", c)
		}
	}
}
