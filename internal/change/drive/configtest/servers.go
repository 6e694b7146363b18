package configtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/berthd/berth/internal/change/run"
)

// check is how one server is asked.
type check struct {
	server   string
	programs []string // its usual names, the best first
	args     []string // what asks; CONFIG stands for the configuration
	bare     []string // what asks for its default configuration
	plain    []string // what asks an older version that does not know args
	marks    []string // the first line with the first of these says what is wrong
	// passed is a complaint that comes only when the configuration has been read.
	passed string
	home   bool // it writes into its user's home, and gets one to throw away
}

// checks is the closed set of servers. The messages are not translated.
func checks() []check {
	return []check{
		{server: "nginx", programs: []string{"nginx"}, args: []string{"-t", "-c", config}, bare: []string{"-t"}, marks: []string{"[emerg]", "[alert]", "[crit]", "[error]"}},
		// Debian's apache2 takes its folders from the environment, which apache2ctl sets.
		{server: "apache", programs: []string{"apache2ctl", "httpd", "httpd2", "apachectl"}, args: []string{"-t", "-f", config}, bare: []string{"-t"},
			marks: []string{"Syntax error on line", "AH00526", "AH00534", "AH00014"}},
		// sshd looks for its empty folder in /run, which its unit makes, after it has read all.
		{server: "sshd", programs: []string{"sshd"}, args: []string{"-t", "-f", config}, bare: []string{"-t"}, passed: "Missing privilege separation directory"},
		{server: "haproxy", programs: []string{"haproxy"}, args: []string{"-c", "-f", config}, marks: []string{"[ALERT]"}},
		{server: "lighttpd", programs: []string{"lighttpd"}, args: []string{"-tt", "-f", config}},
		{server: "caddy", programs: []string{"caddy"}, args: []string{"validate", "--adapter", "caddyfile", "--config", config}, marks: []string{"Error:"}, home: true},
		{server: "systemd", programs: []string{"systemd-analyze"}, args: []string{"verify", "--man=no", "--recursive-errors=no", config},
			plain: []string{"verify", "--man=no", config}},
	}
}

const config = "CONFIG"

func find(server string) (check, bool) {
	for _, c := range checks() {
		if c.server == server {
			return c, true
		}
	}
	return check{}, false
}

// find returns the program to ask.
func (c check) find(program string) (string, error) {
	if program != "" {
		if !filepath.IsAbs(program) {
			return "", errors.New("the program is no absolute path: " + program)
		}
		if ctl := program + "ctl"; filepath.Base(program) == "apache2" {
			if path, err := run.Look(ctl); err == nil {
				return path, nil
			}
		}
		return run.Look(program)
	}
	var failed error
	for _, p := range c.programs {
		path, err := run.Look(p)
		if err == nil {
			return path, nil
		}
		failed = errors.Join(failed, err)
	}
	return "", failed
}

func (c check) ask(ctx context.Context, program, file string, o run.Options) (run.Result, error) {
	args := c.args
	switch {
	case file == "" && c.bare == nil:
		return run.Result{}, errors.New("its configuration is not named")
	case strings.HasPrefix(file, "-"):
		return run.Result{}, errors.New("not the name of a configuration: " + file)
	case file == "":
		args = c.bare
	case c.home && strings.HasSuffix(file, ".json"):
		args = []string{"validate", "--config", config}
	}
	if c.home {
		dir, err := throwAway(o.As)
		if err != nil {
			return run.Result{}, err
		}
		defer os.RemoveAll(dir)
		o.Env = []string{"HOME=" + dir}
	}
	r, err := run.Command(ctx, fill(program, args, file), o)
	if err == nil && c.plain != nil && strings.Contains(r.Stderr, "unrecognized option") {
		return run.Command(ctx, fill(program, c.plain, file), o)
	}
	return r, err
}

func fill(program string, args []string, file string) []string {
	argv := []string{program}
	for _, a := range args {
		if a == config {
			a = file
		}
		argv = append(argv, a)
	}
	return argv
}

func throwAway(as *run.User) (string, error) {
	dir, err := os.MkdirTemp("", "berth-check-")
	if err == nil && as != nil {
		err = os.Chown(dir, int(as.UID), int(as.GID))
	}
	return dir, err
}

const maxWhy = 300

// why is the line of what a server said that says what is wrong, with the next one
// where it ends in a colon.
func (c check) why(said string) string {
	lines := strings.Split(said, "\n")
	for _, m := range append(c.marks, "") {
		for i, l := range lines {
			l = strings.TrimSpace(l)
			if l == "" || !strings.Contains(l, m) {
				continue
			}
			if strings.HasSuffix(l, ":") && i+1 < len(lines) {
				l += " " + strings.TrimSpace(lines[i+1])
			}
			return harmless(l)
		}
	}
	return ""
}

func harmless(text string) string {
	var out []rune
	for _, r := range strings.ToValidUTF8(text, "?") {
		if len(out) == maxWhy {
			return string(out) + "..."
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		out = append(out, r)
	}
	return strings.TrimSpace(string(out))
}
