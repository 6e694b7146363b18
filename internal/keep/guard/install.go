package guard

import (
	"errors"
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
)

// ServiceName is what the installed guard is called: berth-guard.service for systemd,
// io.berth.guard for launchd, berth-guard for Windows.
const ServiceName = "berth-guard"

// Installation says what the installed guard runs.
type Installation struct {
	Program string   // absolute path of berth
	Ledger  string   // absolute path of the ledger
	Args    []string // further flags of berth guard
	// LogFile is where it logs where nobody keeps its standard error: Windows, macOS.
	LogFile string
}

// ErrInstall: there is no service manager that berth knows on this system.
var ErrInstall = errors.New("no service manager is known on this system")

// Install is the plan that makes the guard a service of a system ("linux" is one with
// systemd) and starts it; undoing it leaves nothing. The caller sets Made.
func Install(os string, in Installation) (plan.Plan, error) {
	p := plan.Plan{Version: plan.Version, Remedy: "install:guard",
		Cost: plan.Cost{Privilege: "root", Risk: "low", Downtime: "none", Class: plan.Reversible, Survives: true}}
	for _, word := range append([]string{in.Program, in.Ledger, in.LogFile}, in.Args...) {
		if strings.ContainsFunc(word, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return plan.Plan{}, fmt.Errorf("%q cannot stand in a service's command", word)
		}
	}
	switch os {
	case "linux":
		p.Steps = systemdSteps(in)
	case "darwin":
		p.Steps = []plan.Step{fileStep("/Library/LaunchDaemons/io.berth.guard.plist", LaunchdPlist(in), true)}
		p.Cost.Reboot = true
	case "windows":
		p.Cost.Privilege = "administrator"
		p.Steps = windowsSteps(in)
	default:
		return plan.Plan{}, ErrInstall
	}
	return p, nil
}

// windowsSteps: to start it is an event to the journal, as with systemd; to delete it
// stops it.
func windowsSteps(in Installation) []plan.Step {
	s := plan.Subject{Kind: plan.Service, Name: ServiceName}
	return []plan.Step{{
		Subject: s, Before: plan.State{"exists": "no"}, Class: plan.Reversible, Why: reason("install-service", ServiceName),
		After: plan.State{"exists": "yes", "command": windowsLine(in), "start": "auto", "account": "LocalSystem",
			"display": "berth guard", "description": "Keeps promised ports as promised."},
	}, {
		Subject: s, After: plan.State{"state": "running"}, On: plan.OnDo, Class: plan.Reversible, Why: reason("install-start", ServiceName),
	}}
}

// systemdSteps: what systemd makes of the unit's file are events to the journal, since
// before the first step there is no such unit whose state could be compared.
func systemdSteps(in Installation) []plan.Step {
	unit := ServiceName + ".service"
	of := map[string]string{"manager": "system"}
	event := func(on plan.Phase, kind plan.Kind, name string, why plan.Reason, after plan.State) plan.Step {
		return plan.Step{Subject: plan.Subject{Kind: kind, Name: name, Of: of}, After: after, On: on, Class: plan.Reversible, Why: why}
	}
	return []plan.Step{
		event(plan.OnUndo, plan.Reload, "systemd", reason("reload-systemd", "systemd"), nil),
		fileStep("/etc/systemd/system/"+unit, SystemdUnit(in), false),
		event(plan.OnDo, plan.Reload, "systemd", reason("reload-systemd", "systemd"), nil),
		event(plan.OnDo, plan.Unit, unit, reason("install-enable", unit), plan.State{"active": "active", "enabled": "enabled"}),
		event(plan.OnUndo, plan.Unit, unit, reason("install-stop", unit), plan.State{"active": "inactive", "enabled": "disabled"}),
	}
}

func reason(id, name string) plan.Reason {
	return plan.Reason{ID: id, Args: map[string]string{"name": name}}
}

func fileStep(name, content string, reboot bool) plan.Step {
	return plan.Step{
		Subject: plan.Subject{Kind: plan.File, Name: name},
		Before:  plan.State{"exists": "no"},
		After:   plan.State{"exists": "yes", "content": content, "mode": "0644", "owner": "0:0"},
		Class:   plan.Reversible, Reboot: reboot, Why: reason("install-file", name),
	}
}

func (in Installation) argv() []string {
	argv := []string{in.Program, "guard", "--file", in.Ledger}
	if in.LogFile != "" {
		argv = append(argv, "--log", in.LogFile)
	}
	return append(argv, in.Args...)
}

// SystemdUnit is the unit's text. It may look at every process (CAP_SYS_PTRACE,
// CAP_DAC_READ_SEARCH), hear of sockets that end (CAP_NET_ADMIN), try the bind that a
// remedy is for (CAP_NET_BIND_SERVICE), and start and stop units through systemd
// itself; it can write nothing but berth's own state.
func SystemdUnit(in Installation) string {
	words := in.argv()
	for i, w := range words {
		words[i] = systemdWord(w)
	}
	return `[Unit]
Description=berth: keep promised ports as promised
After=network.target dbus.socket
StartLimitIntervalSec=5min
StartLimitBurst=5

[Service]
Type=exec
ExecStart=` + strings.Join(words, " ") + `
ExecReload=kill -HUP $MAINPID
Restart=on-failure
RestartSec=2s
SuccessExitStatus=130
StateDirectory=berth
UMask=0077

CapabilityBoundingSet=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_NET_ADMIN CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`
}

// systemdWord quotes a word of ExecStart: % and $ are systemd's own (systemd.service(5)).
func systemdWord(w string) string {
	w = strings.NewReplacer(`%`, `%%`, `$`, `$$`).Replace(w)
	if w != "" && !strings.ContainsAny(w, " \"'\\;") {
		return w
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w) + `"`
}

// LaunchdPlist is the text of the daemon's property list (launchd.plist(5)). launchd
// reads it at the next boot, or at `launchctl bootstrap system FILE`.
func LaunchdPlist(in Installation) string {
	var b strings.Builder
	text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;") // encoding/xml costs every start
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>io.berth.guard</string>
	<key>ProgramArguments</key>
	<array>
`)
	for _, w := range in.argv() {
		b.WriteString("\t\t<string>" + text.Replace(w) + "</string>\n")
	}
	b.WriteString(`	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ProcessType</key>
	<string>Background</string>
	<key>WorkingDirectory</key>
	<string>/</string>
</dict>
</plist>
`)
	return b.String()
}

// windowsLine is the command line as CommandLineToArgvW takes it apart.
func windowsLine(in Installation) string {
	words := append(in.argv(), "--service")
	for i, w := range words {
		words[i] = windowsWord(w)
	}
	return strings.Join(words, " ")
}

func windowsWord(w string) string {
	if w != "" && !strings.ContainsAny(w, " \t\"") {
		return w
	}
	var b strings.Builder
	b.WriteByte('"')
	slashes := 0
	for _, r := range w {
		switch r {
		case '\\':
			slashes++
			continue
		case '"':
			b.WriteString(strings.Repeat(`\`, 2*slashes+1))
		default:
			b.WriteString(strings.Repeat(`\`, slashes))
		}
		slashes = 0
		b.WriteRune(r)
	}
	b.WriteString(strings.Repeat(`\`, 2*slashes) + `"`)
	return b.String()
}
