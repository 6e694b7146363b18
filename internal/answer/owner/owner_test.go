package owner

import (
	"testing"

	"github.com/berthd/berth/internal/fact"
)

// Each claim beside the row that differs by one word.
func TestUnits(t *testing.T) {
	sshd, shell := &fact.Process{Name: "sshd"}, &fact.Process{Name: "bash"}
	for _, c := range []struct {
		what string
		got  bool
		want bool
	}{
		{"a service is owned", Ownable(&fact.Unit{Type: "service"}), true},
		{"a session is not", Ownable(&fact.Unit{Type: "session"}), false},
		{"nor is the kernel", Ownable(&fact.Unit{Type: "service", Manager: "kernel"}), false},
		{"a login runs in sshd's unit", StartedOnly(&fact.Unit{Name: "ssh.service"}, shell), true},
		{"sshd is its unit", StartedOnly(&fact.Unit{Name: "ssh.service"}, sshd), false},
		{"an instance too", StartedOnly(&fact.Unit{Name: "sshd@3.service"}, shell), true},
		{"another unit", StartedOnly(&fact.Unit{Name: "site.service"}, shell), false},
		{"runit starts again", Supervises(&fact.Unit{Manager: "runit"}), true},
		{"systemd does by policy only", Supervises(&fact.Unit{Manager: "systemd"}), false},
		{"one executable", SameProgram(&fact.Process{Exe: "/a", Name: "x"}, &fact.Process{Exe: "/a", Name: "y"}), true},
		{"two", SameProgram(&fact.Process{Exe: "/a", Name: "x"}, &fact.Process{Exe: "/b", Name: "x"}), false},
		{"one name", SameProgram(&fact.Process{Name: "x"}, &fact.Process{Exe: "/b", Name: "x"}), true},
		{"no name", SameProgram(&fact.Process{}, &fact.Process{}), false},
		{"the script", Script([]string{"node", "--inspect", "app.js"}) == "app.js", true},
		{"no script", Script([]string{"node", "--inspect"}) == "", true},
		{"no words", Script(nil) == "", true},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v", c.what, c.got)
		}
	}
}
