package httpsys_test

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/testbed"
)

// A port that Wine's driver took for a registration is the kernel's; one that a
// program listens on is not, whatever somebody says is registered there.
func TestWineTie(t *testing.T) {
	w := testbed.Wine(t)
	exe, err := testbed.Build("./internal/testbed/cmd/holder", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	w.Start(exe, "http", "http://+:8085/x/").AwaitOutput("ready")
	w.Start(exe, "listen", "127.0.0.1:8086").AwaitOutput("ready")
	set, err := snapshot.Load(strings.NewReader(w.Run(w.BerthPath(), "snapshot", "save", "-")))
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Registrations) > 0 || !hasGap(set, "netsh http show servicestate") || !hasGap(set, "HTTP.sys's reservations") {
		t.Errorf("Wine says nothing of registrations: %+v, gaps %+v", set.Registrations, set.Gaps)
	}
	for _, url := range []string{"HTTP://+:8085/X/", "HTTP://+:8086/X/"} {
		u, _ := httpsys.ParseURL(url)
		set.Registrations = append(set.Registrations, fact.Registration{ID: fact.RegistrationID(url), URL: url, Port: u.Port, Evidence: "the test"})
	}
	httpsys.Tie(&set)
	tied := map[uint16]int{}
	for _, l := range set.Links {
		for _, k := range set.Sockets {
			if l.Kind == fact.TakenBy && l.From == k.ID {
				tied[k.Local.Port()]++
			}
		}
	}
	if tied[8085] != 1 || tied[8086] != 0 {
		t.Errorf("links by port: %v", tied)
	}
}

func hasGap(set fact.Set, subject string) bool {
	for _, g := range set.Gaps {
		if strings.HasPrefix(g.Subject, subject) {
			return true
		}
	}
	return false
}
