// Package windows says what only Windows has: what its 10013 means, ranges of ports
// that it keeps back, the port proxy, and what popular cures have broken. It is
// pure; names come in clean and cut.
package windows

import (
	"strings"

	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/diagnose"
)

// Finding says a finding of Windows' own rules, without a hedge; "" for any other.
// about names the rows that it rests on.
func Finding(f diagnose.Finding, about []string) string {
	switch f.Rule {
	case diagnose.RuleExcluded:
		return "Windows keeps " + ports(f.Args) + " back" + author(f.Args) + ". Nobody listens there, and every bind is refused with 10013; running as administrator does not help."
	case diagnose.RuleExcludedStarred:
		return ports(f.Args) + " are excluded by an administrator or a Windows feature (the star in the list): Windows gives them to nobody by itself, and a server that asks for one should get it."
	case diagnose.RuleLowDynamic:
		return "dynamic ports begin at " + f.Args["from"] + " here, where Windows starts at 49152: virtual networks and services take their ports from there and get in everybody's way. netsh int ipv4 set dynamicport tcp start=49152 num=16384 puts it back, udp and ipv6 likewise (as administrator, then reboot)."
	case diagnose.RuleDenied:
		return denied(f.Args["why"], f.Args["filters"])
	case diagnose.RulePortProxy:
		return portProxy(f.Args)
	case diagnose.RuleOwnerGone:
		return "the process that opened the port (PID " + f.Args["pid"] + ") has ended, and the port is still taken: a program that it started inherited the handle and keeps it open without knowing."
	case diagnose.RuleLikelyBehind:
		return likely(f.Args)
	case diagnose.RuleReservedOnly:
		return reserved(f.Args)
	}
	return damage(f, about)
}

// HTTPSys says what the kernel's HTTP listener is and for whom it listens, without a
// hedge; "" for any other finding. behind tells that somebody who may have registered
// is named, pasted that the facts are texts.
func HTTPSys(f diagnose.Finding, behind, pasted bool) string {
	const never = "the program can be moved or stopped, never PID 4."
	switch {
	case f.Rule == diagnose.RuleHTTPSysUnnamed && pasted:
		return "this is HTTP.sys, the HTTP driver of the Windows kernel, which listens for other programs; for which, the texts at hand do not say."
	case f.Rule == diagnose.RuleHTTPSysUnnamed:
		return "this is HTTP.sys, the HTTP driver of the Windows kernel, which listens for other programs; for which, its listing would say, and that could not be had."
	case f.Rule != diagnose.RuleHTTPSys:
		return ""
	case f.Confidence == diagnose.Certain:
		return "PID 4 is the Windows kernel. Its HTTP driver, HTTP.sys, listens for every program that registers a URL on this port; the programs behind it are what can be moved or stopped, never PID 4."
	case behind:
		return "one of the programs named above registered the URL. PID 4 is the Windows kernel and listens for them: " + never
	}
	return "a program has registered the URL named above; which one is not known here. PID 4 is the Windows kernel and listens for it: " + never
}

func ports(args map[string]string) string {
	s := strings.ToUpper(args["proto"]) + " ports " + args["from"] + " to " + args["to"]
	if args["from"] == args["to"] {
		s = strings.ToUpper(args["proto"]) + " port " + args["from"]
	}
	return s
}

// author says who has probably set a range aside.
func author(args map[string]string) string {
	words := ""
	switch args["author"] {
	case "http.sys":
		words = "the port of a program that listens through HTTP.sys"
	case "winnat":
		words = "a block for virtual networks: Hyper-V, WSL, Docker or the Sandbox"
	case "ics":
		words = "for Internet Connection Sharing"
	case "program":
		words = "reserved by a program while it runs"
	default:
		return ""
	}
	if args["authorConfidence"] != "certain" {
		words = "probably " + words
	}
	return " (" + words + ")"
}

func named(args map[string]string) string {
	if args["name"] == "" {
		return ""
	}
	return " for " + args["name"]
}

func denied(why, filters string) string {
	const s = "10013 (access forbidden) is no question of rights: "
	switch why {
	case "range":
		return s + "the port lies in a range that Windows keeps back."
	case "kernel":
		return s + "the kernel's listener has the port for itself, and refuses a server on a single address with 10013 where one on every address gets 10048."
	case "holder":
		return s + "the holder has the port exclusively, or belongs to another user."
	}
	if filters != "" {
		filters = " (here: " + filters + ")"
	}
	return s + "nobody has the port and no range keeps it back, so a filter driver or a security product refused it" + filters + ", or the line is about a connection that a firewall forbade and not about a port of this machine."
}

func portProxy(args map[string]string) string {
	s := "an entry of netsh interface portproxy sends this port to " + args["to"]
	if args["listening"] == "true" {
		return s + "; IP Helper (service iphlpsvc) listens for it. Delete that one entry: stopping IP Helper ends all of them, and IPv6 transition too."
	}
	return s + ", and nothing listens for it: IP Helper (service iphlpsvc) does not run, or could not have the port."
}

func damage(f diagnose.Finding, about []string) string {
	switch f.Rule {
	case diagnose.RuleHTTPDisabled:
		return httpDisabled(about)
	case diagnose.RuleListenListStarves:
		if f.Args["outside"] == "none" {
			one, _, _ := strings.Cut(f.Args["list"], ",")
			return "HTTP.sys's listen list has only " + f.Args["list"] + ": from another machine nobody reaches what listens through it, IIS and remote management among them. netsh http delete iplisten ipaddress=" + one + " (as administrator) takes it out, mostly only after a reboot; an empty list means every address."
		}
		return "HTTP.sys's listen list has only " + f.Args["list"] + ", so nobody can reach " + list(about) + "."
	case diagnose.RuleListenAddrGone:
		return "HTTP.sys's listen list names " + f.Args["address"] + ", which is no address of this machine any more: HTTP.sys cannot listen there, and IIS then fails with 1214. berth http show iplisten shows the list; " + netsh("delete", "iplisten", "ipaddress="+f.Args["address"]) + " takes it out."
	case diagnose.RuleReservationsWiped:
		return "none of Windows' own URL reservations are left; of others there are " + f.Args["count"] + ". Network discovery, remote management and WCF can no longer listen without an administrator. A registry file or a clean-up tool did that."
	case diagnose.RuleAccountGone:
		return "the reservation of " + f.Args["url"] + " is for an account that is gone (" + f.Args["sid"] + "): nobody but an administrator can listen there, and requests for it get 503. " + netsh("delete", "urlacl", "url="+f.Args["url"]) + " removes it."
	}
	return ""
}

func httpDisabled(about []string) string {
	s := "the HTTP driver (service HTTP) is disabled"
	if len(about) > 1 {
		return s + ", so " + list(about[1:]) + " cannot start any more. sc.exe config http start= demand (as administrator) puts it right, and the next start of what needs it starts it."
	}
	return s + ": no program can register a URL. sc.exe config http start= demand (as administrator) puts it right."
}

// likely names one who may stand behind the kernel's listener, and why.
func likely(args map[string]string) string {
	e, ok := catalog.ByID(args["entry"])
	if !ok {
		return ""
	}
	service, url := args[string(catalog.ServiceRuns)], args[string(catalog.URLReserved)]
	if url == "" {
		url = args[string(catalog.UsesPort)]
	}
	switch {
	case service != "" && url != "":
		return e.Name + " stands behind it: its service " + service + " runs, and " + url + " is its URL."
	case service != "":
		return e.Name + " stands behind it: its service " + service + " runs, and registers URLs on whatever port it is told."
	case url != "":
		return e.Name + " stands behind it: " + url + " is its URL; whether it runs, nobody said."
	}
	return e.Name + " stands behind it: it is often the one on this port."
}

// Usual names those who may stand behind the kernel's listener, by entry of the
// catalog, where nothing speaks for one of them.
func Usual(entries []string) string {
	var names []string
	for _, id := range entries {
		if e, ok := catalog.ByID(id); ok {
			names = append(names, e.Name)
		}
	}
	return "Possibly one of those who often have this port stands behind it: " + list(names) + ". Nothing at hand speaks for one of them."
}

// reserved says what a reservation without a listener is and does.
func reserved(args map[string]string) string {
	s := "the reservation of " + args["url"]
	if e, ok := catalog.ByID(args["entry"]); ok {
		s += " (" + e.Name + ")"
	}
	if who := args["for"]; who != "" {
		s += " for " + accounts(who)
	}
	s += " has no listener. A reservation alone holds no port"
	switch args["shadows"] {
	case "all":
		return s + "; once HTTP.sys has the port for another URL, requests below this one get 503 until somebody registers it."
	case "weaker":
		return s + "; once HTTP.sys has the port for a URL with * or an address, requests below this one get 503 until somebody registers it."
	}
	return s + "."
}

// Account is the English name of a SID that is the same on every Windows, or the SID.
func Account(sid string) string { return accounts(sid) }

// accounts puts names in place of the SIDs that are the same on every Windows.
func accounts(list string) string {
	words := strings.Split(list, ", ")
	for i, w := range words {
		switch w {
		case "S-1-1-0":
			words[i] = "Everyone"
		case "S-1-5-11":
			words[i] = "Authenticated Users"
		case "S-1-5-18":
			words[i] = "LocalSystem"
		case "S-1-5-19":
			words[i] = "LOCAL SERVICE"
		case "S-1-5-20":
			words[i] = "NETWORK SERVICE"
		case "S-1-5-32-544":
			words[i] = "Administrators"
		case "S-1-5-32-545":
			words[i] = "Users"
		}
	}
	return strings.Join(words, ", ")
}

// maxNamed bounds the rows that one sentence names.
const maxNamed = 6

func list(names []string) string {
	more := ""
	if len(names) > maxNamed {
		more, names = " and others", names[:maxNamed]
	}
	if len(names) < 2 || more != "" {
		return strings.Join(names, ", ") + more
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// Refusal says a rule of Windows that refuses a bind; "" for any other. who has
// the socket that the rule is about.
func Refusal(v bindrule.Verdict, who string) string {
	switch v.Rule {
	case bindrule.WindowsTaken:
		return who + " has it; Windows lets a second socket in only when both set SO_REUSEADDR, and then nobody knows which one gets the traffic."
	case bindrule.WindowsKept:
		return who + " keeps the port for itself (SO_EXCLUSIVEADDRUSE, as HTTP.sys does, or another user's). No right of yours changes that: running as administrator does not help."
	case bindrule.OpenConnection:
		return who + " is an open connection with this local port; an exclusive bind is refused until it is gone."
	case bindrule.ExcludedRange:
		return "Windows keeps ports " + v.Args["from"] + " to " + v.Args["to"] + " back" + named(v.Args) + ": nobody listens there, and nobody may. Running as administrator does not help."
	case bindrule.ExcludedStarred:
		return "ports " + v.Args["from"] + " to " + v.Args["to"] + " are excluded by an administrator; that keeps them out of dynamic assignment and should not stop a bind of your own."
	}
	return ""
}

// Permission says a rule of Windows by which a port is shared; "" for any other.
func Permission(v bindrule.Verdict, who string) string {
	switch v.Rule {
	case bindrule.WindowsBeside:
		return "it stands beside " + who + ": both binds work, and the one with the specific address gets that address's traffic without a word."
	case bindrule.WindowsShared:
		return "it is shared with " + who + " by SO_REUSEADDR on both: which of the two gets the traffic nobody knows."
	}
	return ""
}

// Need says what would let the newcomer in; "" for what other systems need.
func Need(n bindrule.Need) string {
	switch n {
	case bindrule.NeedOtherPort:
		return "a port outside the range"
	case bindrule.NeedOwnRange:
		return "keeping the port for yourself while the range is away: net stop winnat, netsh int ipv4 add excludedportrange protocol=tcp startport=PORT numberofports=1, net start winnat (WSL and containers are offline meanwhile)"
	case bindrule.NeedOtherAddress:
		return "an address of this machine"
	case bindrule.NeedNotExclusive:
		return "leaving out SO_EXCLUSIVEADDRUSE"
	}
	return ""
}

// Command is a command to paste into cmd. PowerShell takes most of them as well, and
// runs nothing that an argument has inside.
func Command(args []string, clean func(string) string) string {
	inert := strings.NewReplacer("$(", `\x24(`, "`", `\x60`)
	return CommandLine(args, func(s string) string { return inert.Replace(clean(s)) })
}

// CommandLine is a command line as a person would type it; an argument that is not
// plain stands in double quotes, which do not nest. clean makes what comes from
// outside visible.
func CommandLine(args []string, clean func(string) string) string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = clean(a)
		if a == "" || strings.ContainsAny(a, " \t&|<>^()%!,;\"'`") {
			out[i] = `"` + strings.ReplaceAll(out[i], `"`, "") + `"`
		}
	}
	return strings.Join(out, " ")
}

// netsh is a command of netsh http, of words that are clean.
func netsh(words ...string) string {
	return Command(append([]string{"netsh", "http"}, words...), func(s string) string { return s })
}
