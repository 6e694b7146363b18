package sentence

import (
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/sentence/windows"
)

// ShellLine is a command to paste; an argument that is not plain is quoted and
// made visible.
func ShellLine(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = a
		if a == "" || strings.Trim(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") != "" {
			quoted[i] = "'" + strings.ReplaceAll(Clean(a, 0), "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// Command is a command to paste on the machine of n.
func (n Names) Command(args []string) string {
	if n.X.Set.Machine.OS == "windows" {
		return windows.Command(args, func(s string) string { return Clean(s, 0) })
	}
	return ShellLine(args)
}

// Typed is a process's command line as a person would type it there.
func (n Names) Typed(args []string) string {
	if n.X.Set.Machine.OS == "windows" {
		return windows.CommandLine(args, func(s string) string { return s })
	}
	return CommandLine(args)
}

// Remedy says what to do. The catalog's words stay as they are: they may begin
// with a command.
func (n Names) Remedy(r remedy.Remedy) string {
	if r.Text != "" {
		return Clean(r.Text, 0)
	}
	return Full(n.ownWords(r))
}

func (n Names) ownWords(r remedy.Remedy) string {
	switch r.Kind {
	case remedy.Wait:
		if r.About != "" {
			return "wait until that connection ends, or end it"
		}
		return "wait until the ended connections are gone, a minute at most"
	case remedy.Port:
		if r.About != "" {
			return "give " + n.Row(r.About) + " another port in its own settings, then start it"
		}
		return "give your server another port"
	case remedy.Address:
		if r.Target != "" {
			return "let " + n.Row(r.About) + " listen on 127.0.0.1 only, and take the port on the other addresses"
		}
		taken := strings.Split(r.Args["taken"], ", ")
		if len(taken) > 1 {
			return "bind another address: only " + List(taken) + " are taken"
		}
		return "bind another address: only " + taken[0] + " is taken"
	case remedy.Move:
		if r.Target == "portproxy" {
			return "delete the one entry of the port proxy that takes the port; it leads to " + Name(r.Args["to"])
		}
		if n.X.Redirect(r.About) != nil {
			return "change or delete the rule that takes the traffic, where it was made"
		}
		if k := n.X.Container(r.About); k != nil {
			return n.moveContainer(k)
		}
		return "give " + n.Row(r.About) + " another port, in its own settings"
	case remedy.Exclude:
		if r.Target == "dynamic-range" {
			return "set the range that Windows gives outgoing connections their ports from back to where it begins as a rule, at 49152"
		}
		if r.Args["range"] != "" {
			return "keep the port for yourself while the range is away (as administrator); it then stays yours over every boot"
		}
		return "keep the port out of the range for outgoing connections, for the next time"
	case remedy.Stop:
		return n.stopWords(r)
	case remedy.Startup:
		return n.startWords(r)
	}
	return n.largerWords(r)
}

// largerWords are for the ways that only a plan has: berth who names none of them.
func (n Names) largerWords(r remedy.Remedy) string {
	switch r.Kind {
	case catalog.Share:
		return "keep both: the port stays with its holder, and your server gets its requests by URL"
	case catalog.Order:
		return "let your server start before the holder at every boot"
	case catalog.IPListen:
		return "narrow HTTP.sys to some addresses of this machine, and take the port on the others"
	case catalog.Split:
		return "leave the port to HTTP.sys over IPv6, and take it over IPv4"
	case catalog.Feature:
		return "switch the part of the system off that takes the port"
	case catalog.Kernel:
		return "stop the driver HTTP with all that needs it"
	case catalog.Kill:
		return "end " + n.Row(r.About) + " by force, if it does not end when asked"
	}
	return string(r.Kind)
}

func (n Names) stopWords(r remedy.Remedy) string {
	if r.Args["state"] == "stopped" {
		return "end " + n.Row(r.About) + "; a stopped process ends only when it is woken too"
	}
	if r.Args["inherited"] != "" {
		return "end " + n.Row(r.About) + ", and start it again from a program that does not hold the port"
	}
	if k := n.X.Container(r.About); k != nil && r.Command == nil && k.User != "" {
		return "stop " + n.Row(r.About) + ", as the user who runs it (uid " + Name(k.User) + "): nobody else's engine knows it"
	}
	if u := n.X.Unit(r.About); u != nil && u.Manager == "scm" {
		return "stop " + n.Row(r.About) + " (as administrator)"
	}
	return "stop " + n.Row(r.About)
}

func (n Names) startWords(r remedy.Remedy) string {
	if r.Args["back"] != "" {
		return "let the HTTP driver start on demand again, as Windows sets it up (as administrator)"
	}
	if r.Args["was"] != "" {
		return "let " + n.Row(r.About) + " start only when it is asked for (as administrator)"
	}
	return "keep " + n.Row(r.About) + " from starting at boot"
}

// moveContainer: what a container publishes is fixed when it is made.
func (n Names) moveContainer(k *fact.Container) string {
	switch {
	case k.Network == "host":
		return "give the program in " + n.Row(k.ID) + " another port: it is on the host's network"
	case k.Project != "":
		return "change the port in the compose file of " + Name(k.Project) + ", then make it anew: docker compose up -d " + Name(k.Service)
	}
	return "make " + n.Row(k.ID) + " anew with another host port (-p): the ports of a container are fixed when it is made"
}

// Effect says what stops working, "" where nothing does.
func (n Names) Effect(r remedy.Remedy) string {
	if r.Effect != "" {
		return Clean(r.Effect, 0)
	}
	switch r.Kind {
	case remedy.Stop:
		if r.Args["inherited"] != "" {
			return "what it does besides; the port itself it does not serve"
		}
		if d := Clean(r.Args["dependents"], 160); d != "" {
			return "what it serves is offline until it is started again, and so is what needs it and runs: " + d
		}
		return "what it serves is offline until it is started again"
	case remedy.Exclude:
		if r.Args["range"] != "" {
			return "WSL and containers are offline in between; netsh int ipv4 delete excludedportrange takes it back"
		}
		return "nothing; it lasts until the next boot unless a file in /etc/sysctl.d says it too"
	case remedy.Startup:
		if r.Args["back"] != "" {
			return ""
		}
		if w := Name(r.Args["was"]); w != "" {
			return "it no longer starts by itself; sc.exe config " + Name(r.Target) + " start= " + w + " takes it back"
		}
		return "it no longer starts by itself; systemctl enable takes it back"
	}
	return ""
}

// Cost is an effect behind a colon, without a full stop: the catalog's words begin with
// a capital.
func Cost(effect string) string {
	switch first, _, _ := strings.Cut(effect, " "); {
	case first == "", first[1:] != strings.ToLower(first[1:]):
	case first == "Windows", first == "Cockpit", first == "Erlang", first == "Docker", first == "Internet":
	default:
		effect = strings.ToLower(first) + effect[len(first):]
	}
	return strings.TrimSuffix(effect, ".")
}

// Full makes a sentence of a phrase: a capital and a full stop.
func Full(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return Upper(s)
	}
	return Upper(s) + "."
}
