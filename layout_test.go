package berth_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// arrows says which room may import which. `a < b` reads: b may import a, and
// whatever a may import. Rooms are named below internal/, others from the module
// root. A star stands for one name. NONE is no room at all.
//
// A room that is not named to the right of an arrow has no place in the house yet:
// give it one, and say in the commit why it is there. Nobody changes an arrow to
// make a build pass.
const arrows = `
	# What can be known, and the words of --json.
	NONE < fact, api/v1
	api/v1 < api/v1/gen/schema < api/v1/gen

	# Raw calls of one OS each, without policy. They do not know fact.
	NONE < sys/procfs, sys/netlink, sys/netdev, sys/fdwait, sys/pipe
	NONE < sys/winapi/iphlpapi, sys/winapi/httpapi, sys/winapi/ntdll, sys/winapi/advapi32, sys/winapi/kernel32, sys/winapi/fwpuclnt, sys/winapi/ws2, sys/winapi/user32, sys/winapi/fixed, sys/winapi/acl, sys/libproc
	sys/procfs < sys/fdscan < sys/bpfiter
	sys/netlink < sys/sockdiag

	# What the machine says. A reader yields its own table and calls no other reader;
	# two smaller rooms serve several of them.
	NONE < machine/cgroupfs
	fact < machine/unitlog
	fact < machine/netsh
	fact, sys/* < machine/redirect/flow < machine/redirect/xt < machine/redirect/nft < machine/redirect
	fact, sys/winapi/* < machine/redirect/filter
	machine/netsh, machine/redirect/filter < machine/redirect
	fact < machine/wsl, machine/docroot
	fact, sys/*, sys/winapi/* < machine/process/wintask < machine/process
	fact, sys/* < machine/process/macproc < machine/process
	fact, sys/*, sys/winapi/* < machine/container, machine/host, machine/netns, machine/kernelsock
	sys/pipe < machine/container/engineapi < machine/container
	fact, sys/*, sys/winapi/*, machine/netsh < machine/portrange
	fact, sys/*, sys/winapi/*, machine/cgroupfs < machine/netstat
	fact, sys/*, sys/winapi/*, machine/unitlog < machine/service/scm < machine/service
	NONE < machine/service/launchd/plist
	fact, sys/*, machine/service/launchd/plist < machine/service/launchd < machine/service
	NONE < machine/httpsys/sddl, machine/httpsys/shape, machine/httpsys/httpsystest
	fact, machine/httpsys/shape < machine/httpsys/listing
	fact, sys/winapi/httpapi, sys/winapi/ntdll, machine/netsh, machine/httpsys/sddl, machine/httpsys/listing < machine/httpsys
	# The same from pasted texts: undressed, taken apart by shape, put together.
	NONE < machine/paste/collect, machine/paste/record, machine/paste/panel
	machine/httpsys < machine/paste/tidy
	fact < machine/paste/settings, machine/paste/terms, machine/paste/typed
	fact, machine/httpsys, machine/portrange, machine/redirect, machine/service/scm < machine/paste/gather
	machine/paste/* < machine/paste
	fact, sys/* < machine/probe
	machine/netstat, machine/process, machine/service, machine/container, machine/redirect, machine/portrange, machine/host, machine/wsl, machine/netns, machine/kernelsock, machine/httpsys < machine/snapshot

	# Prefixes of HTTP.sys's grammar: who gets a request, who may register.
	NONE < share/urlprefix

	# What it means: values in, values out.
	fact, share/urlprefix < answer/prefix
	NONE < answer/judge/shell, answer/judge/regfile
	answer/judge/shell < answer/judge/known
	answer/catalog, answer/judge/known < answer/judge/ruling < answer/judge/services, answer/judge/units
	answer/judge/ruling, answer/judge/regfile < answer/judge/ranges
	answer/judge/ruling, answer/judge/regfile, share/urlprefix < answer/judge/listener
	answer/judge/services, answer/judge/listener, answer/judge/ranges, answer/judge/units < answer/judge
	fact < answer/bindrule, answer/forward, answer/logline, answer/reach, answer/owner, answer/catalog, answer/rangeauthor
	answer/owner < answer/chain
	fact, answer/logline < answer/refusal
	answer/logline < answer/lookalike
	fact, answer/refusal, answer/lookalike < answer/settle
	answer/catalog < answer/catalog/source < answer/catalog/gen
	answer/catalog, answer/chain < answer/subject
	answer/subject, answer/bindrule, answer/forward, answer/logline, answer/reach, answer/chain, answer/refusal, answer/rangeauthor < answer/diagnose < answer/remedy

	# Plans: values that the journal keeps, and how an answer's remedy becomes one.
	fact < answer/plan
	fact < answer/docroot, answer/remedy/nextport
	answer/remedy, answer/docroot < answer/remedy/ways
	answer/plan, answer/docroot, answer/remedy/nextport, answer/remedy/ways < answer/planning/draft
	answer/planning/draft < answer/planning/process, answer/planning/windows, answer/planning/cost < answer/planning
	answer/planning/process, answer/planning/windows, answer/republish < answer/planning/unit
	answer/planning/unit, answer/republish < answer/planning/move < answer/planning
	answer/remedy, answer/plan, answer/prefix < answer/planning
	# How a container gets another port; berth does not do it.
	fact < answer/republish < answer/planning, talk/report/sentence

	# Doing it. confedit makes edits and writes nothing; drivers know one kind of thing
	# each; apply alone decides what is done and taken back.
	NONE < change/confedit < change/confedit/nginx, change/confedit/apache, change/confedit/sshd, change/confedit/unitfile, change/confedit/caddy, change/confedit/iis, change/confedit/tomcat, change/confedit/lighttpd, change/confedit/haproxy
	# Pieces, lines, spellings of endpoints; and XML that is the same bytes again.
	change/confedit < change/confedit/piece < change/confedit/sshd, change/confedit/unitfile, change/confedit/caddy, change/confedit/lighttpd, change/confedit/haproxy, change/confedit/xmltext
	change/confedit/xmltext < change/confedit/iis, change/confedit/tomcat
	change/confedit, change/confedit/* < change/servers
	NONE < sys/wait
	NONE < change/run
	answer/plan, sys/*, sys/winapi/*, change/run < change/drive/file, change/drive/configtest, change/drive/sysctl, change/drive/supervised
	answer/plan, sys/*, machine/unitlog < change/drive/unit
	answer/plan, sys/*, sys/winapi/*, machine/container, change/run < change/drive/container
	answer/plan, sys/*, sys/winapi/*, machine/process < change/drive/process
	answer/plan, sys/winapi/*, machine/service/scm, machine/httpsys, machine/portrange, machine/redirect, change/run < change/drive/winservice, change/drive/httpconf, change/drive/registry, change/drive/portproxy, change/drive/winrange, change/drive/iis
	answer/plan, sys/winapi/acl < change/journal
	answer/plan, change/journal, machine/probe, sys/wait < change/apply
	change/apply, change/drive/*, change/run < change/drive

	# Over time: promises, whether they are kept, and keeping them.
	fact, sys/winapi/acl < keep/ledger
	keep/ledger, answer/diagnose < keep/ledger/judge
	machine/snapshot, answer/chain, sys/sockdiag, sys/wait < keep/watch
	keep/ledger/judge, keep/watch, change/run, answer/plan, machine/service/launchd/plist < keep/guard

	# To people and to Go programs, which print the same sentences.
	NONE < talk/report/layout, talk/report/clean
	talk/report/clean < talk/report/sentence
	answer/remedy < talk/report/sentence/windows, talk/report/sentence/macos < talk/report/sentence
	answer/prefix, talk/report/sentence < talk/report/sentence/prefixes
	answer/judge/ruling, talk/report/sentence < talk/report/sentence/judged
	api/v1, talk/report/layout, talk/report/sentence/judged < talk/report/advice < talk/report
	answer/settle, api/v1, talk/report/layout, talk/report/sentence < talk/report/sentence/alike < talk/report
	api/v1, talk/report/layout, talk/report/sentence < talk/report
	api/v1, talk/report/layout, talk/report/sentence/prefixes < talk/report/urlerror < talk/report
	talk/report, talk/report/sentence/prefixes < talk/report/urlcheck < talk/cli
	talk/report < talk/report/httpshow < talk/cli
	api/v1, change/apply, talk/report/layout, talk/report/clean < talk/report/changes
	talk/report/changes, answer/planning, change/servers, machine/snapshot, machine/probe, machine/docroot < talk/freeing/looking < talk/freeing
	talk/report, talk/report/changes, answer/planning, change/drive, machine/snapshot, sys/wait < talk/freeing < talk/freeing/command < talk/cli
	talk/report, machine/snapshot < diag
	talk/report, machine/paste < talk/demo
	answer/judge, talk/report, machine/paste < talk/pasted < talk/cli
	# What the ledger promises: with its command, since talk/cli is full.
	talk/report, talk/report/changes, keep/guard, change/run, machine/snapshot < talk/keeping < talk/cli
	api/v1, answer/catalog < talk/cli/help
	talk/report < talk/cli/filter < talk/cli
	# On Windows, whether somebody double-clicked the program.
	sys/winapi/kernel32 < talk/cli
	talk/report, talk/demo, talk/cli/help, machine/snapshot, machine/paste, machine/probe, machine/container, machine/netns < talk/cli < talk/cli/man, cmd/berth
	NONE < .

	# Tests only; see TestTestbedIsForTests.
	NONE < testbed, testbed/*, testbed/cmd/*
	testbed, testbed/holder, api/v1 < testbed/script
	testbed/holder < testbed/cmd/holder
	testbed, sys/* < testbed/cmd/bench
`

// outside says which rooms may import which modules. Every line is a dependency
// that was argued for.
const outside = `
	golang.org/x/sys < sys/*, sys/*/*, machine/*, machine/*/*, change/run, change/journal, change/drive/*, keep/*, testbed, testbed/*, testbed/cmd/*
	golang.org/x/term < talk/cli
	github.com/spf13/cobra < talk/cli, talk/cli/help, talk/cli/man, talk/keeping, talk/freeing/command
	github.com/spf13/pflag < talk/cli, talk/cli/man
	github.com/godbus/dbus/v5 < machine/service, change/drive/unit
	github.com/pelletier/go-toml/v2 < answer/catalog/source, keep/ledger
	github.com/google/go-cmp < testbed/script
	github.com/rogpeppe/go-internal < testbed/script
	github.com/santhosh-tekuri/jsonschema/v6 < testbed/script
`

// pure are the rooms that judge on values: no files, no network, no processes, no
// clock. Programs that write such a room's data (.../gen) are outside.
const pure = "fact, api/v1, answer/*, answer/remedy/*, answer/planning/*, change/confedit/*, answer/judge/*, answer/catalog/source, keep/ledger/judge"

// starters may start processes. Everything else asks the kernel.
const starters = "machine/netsh, change/run, testbed, testbed/*, testbed/cmd/*"

func TestArrows(t *testing.T) {
	allowed, err := parseArrows(arrows, roomNames(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rooms(t) {
		may, placed := allowed[r.name]
		if !placed {
			t.Errorf("%s has no place in the arrows of layout_test.go", r.name)
			continue
		}
		for from, at := range r.roomImports() {
			if !may[from] {
				t.Errorf("%s: %s may not import %s", at, r.name, from)
			}
		}
	}
}

func TestOutsideModules(t *testing.T) {
	allowed, err := parseArrows(outside, roomNames(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rooms(t) {
		for imp, at := range r.imports {
			if !isModule(imp) {
				continue
			}
			ok := slices.ContainsFunc(keys(allowed[r.name]), func(m string) bool { return imp == m || strings.HasPrefix(imp, m+"/") })
			if !ok {
				t.Errorf("%s: %s may not import %s", at, r.name, imp)
			}
		}
	}
}

func TestPureRoomsTouchNothing(t *testing.T) {
	judges := expand(pure, roomNames(t))
	for _, r := range rooms(t) {
		if !slices.Contains(judges, r.name) {
			continue
		}
		for imp, at := range r.imports {
			if touches(imp) {
				t.Errorf("%s: %s is pure and may not import %s", at, r.name, imp)
			}
		}
		for _, call := range []string{"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.NewTimer", "time.NewTicker"} {
			for _, at := range r.uses(call) {
				t.Errorf("%s: %s is pure and may not use %s", at, r.name, call)
			}
		}
	}
}

func TestOnlyStartersStartProcesses(t *testing.T) {
	may := expand(starters, roomNames(t))
	for _, r := range rooms(t) {
		if slices.Contains(may, r.name) {
			continue
		}
		if at, ok := r.imports["os/exec"]; ok {
			t.Errorf("%s: %s may not import os/exec", at, r.name)
		}
		for _, call := range []string{"os.StartProcess", "syscall.ForkExec", "syscall.Exec", "syscall.StartProcess", "unix.Exec", "windows.CreateProcess"} {
			for _, at := range r.uses(call) {
				t.Errorf("%s: %s may not use %s", at, r.name, call)
			}
		}
	}
}

func TestTestbedIsForTests(t *testing.T) {
	for _, r := range rooms(t) {
		if strings.HasPrefix(r.name, "testbed") {
			continue
		}
		for from, at := range r.roomImports() {
			if strings.HasPrefix(from, "testbed") {
				t.Errorf("%s: only tests may import %s", at, from)
			}
		}
	}
}

// The checker itself: arrows are transitive, point one way, and reject what they
// do not know.
func TestParseArrows(t *testing.T) {
	known := []string{"a", "b", "c", "d/x", "d/y"}
	got, err := parseArrows("a < b < c\nd/* < b # a comment", known)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a", "b", "d/x", "d/y"} {
		if !got["c"][want] {
			t.Errorf("c may not import %s", want)
		}
	}
	if got["a"]["b"] || got["b"]["c"] {
		t.Error("an arrow points both ways")
	}
	for _, bad := range []string{"a", "a < b\nb < a", "a <"} {
		if _, err := parseArrows(bad, known); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// touches reports whether a package of the standard library reaches outside the
// program.
func touches(imp string) bool {
	if imp == "net/netip" || imp == "net/url" {
		return false
	}
	first, _, _ := strings.Cut(imp, "/")
	return slices.Contains([]string{"os", "net", "syscall", "plugin", "log"}, first) || imp == "runtime/debug" || strings.HasPrefix(imp, "golang.org/x/sys")
}

// isModule reports whether an import path is of another module.
func isModule(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return strings.Contains(first, ".") && imp != module && !strings.HasPrefix(imp, module+"/")
}

// parseArrows returns, for each room that stands to the right of an arrow, what it
// may import.
func parseArrows(policy string, known []string) (map[string]map[string]bool, error) {
	may := map[string]map[string]bool{}
	for _, line := range strings.Split(policy, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := addArrow(may, line, known); err != nil {
			return nil, err
		}
	}
	follow(may)
	for room, from := range may {
		if from[room] {
			return nil, fmt.Errorf("the arrows lead from %s to itself", room)
		}
	}
	return may, nil
}

func addArrow(may map[string]map[string]bool, line string, known []string) error {
	sides := strings.Split(line, "<")
	if len(sides) < 2 {
		return fmt.Errorf("no arrow in %q", line)
	}
	for i := 1; i < len(sides); i++ {
		from, to := expand(sides[i-1], known), expand(sides[i], known)
		if len(to) == 0 {
			return fmt.Errorf("nothing to the right of an arrow in %q", line)
		}
		for _, room := range to {
			if may[room] == nil {
				may[room] = map[string]bool{}
			}
			for _, f := range from {
				may[room][f] = true
			}
		}
	}
	return nil
}

// expand reads a list of rooms; a pattern stands for the rooms that exist.
func expand(list string, known []string) []string {
	var names []string
	for _, name := range strings.Split(list, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "NONE" || name == "":
		case strings.Contains(name, "*"):
			for _, k := range known {
				if ok, _ := path.Match(name, k); ok {
					names = append(names, k)
				}
			}
		default:
			names = append(names, name)
		}
	}
	return names
}

// follow makes may transitive.
func follow(may map[string]map[string]bool) {
	for grown := true; grown; {
		grown = false
		for _, from := range may {
			for f := range from {
				for g := range may[f] {
					if !from[g] {
						from[g], grown = true, true
					}
				}
			}
		}
	}
}
