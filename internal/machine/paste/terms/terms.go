// Package terms knows the words of tools that no language changes: states, statuses,
// and the English titles of a few Windows services. It is pure.
package terms

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// DotNetState reads the names that .NET has for the states of a connection; ok is
// false for other words.
func DotNetState(word string) (fact.State, bool) {
	switch word {
	case "Listen":
		return fact.Listen, true
	case "Bound":
		return fact.Bound, true
	case "Established":
		return fact.Established, true
	case "TimeWait":
		return fact.TimeWait, true
	case "CloseWait":
		return fact.CloseWait, true
	case "FinWait1":
		return fact.FinWait1, true
	case "FinWait2":
		return fact.FinWait2, true
	case "SynSent":
		return fact.SynSent, true
	case "SynReceived":
		return fact.SynRecv, true
	case "LastAck":
		return fact.LastAck, true
	case "Closing":
		return fact.Closing, true
	case "Closed", "DeleteTCB":
		return fact.Closed, true
	}
	return "", false
}

// SSState reads ss's words for the states, which it never translates.
func SSState(word string) (fact.State, bool) {
	switch word {
	case "LISTEN":
		return fact.Listen, true
	case "UNCONN":
		return fact.Unconnected, true
	case "ESTAB":
		return fact.Established, true
	case "TIME-WAIT":
		return fact.TimeWait, true
	case "CLOSE-WAIT":
		return fact.CloseWait, true
	case "FIN-WAIT-1":
		return fact.FinWait1, true
	case "FIN-WAIT-2":
		return fact.FinWait2, true
	case "SYN-SENT":
		return fact.SynSent, true
	case "SYN-RECV":
		return fact.SynRecv, true
	case "LAST-ACK":
		return fact.LastAck, true
	case "CLOSING":
		return fact.Closing, true
	}
	return "", false
}

// LsofState reads lsof's words for the states, which it never translates.
func LsofState(proto fact.Proto, rest []string) fact.State {
	if len(rest) == 0 {
		if proto == fact.UDP {
			return fact.Unconnected
		}
		return ""
	}
	switch strings.Trim(rest[0], "()") {
	case "LISTEN":
		return fact.Listen
	case "ESTABLISHED":
		return fact.Established
	case "CLOSE_WAIT":
		return fact.CloseWait
	case "TIME_WAIT":
		return fact.TimeWait
	case "CLOSED":
		return fact.Closed
	case "SYN_SENT":
		return fact.SynSent
	}
	return ""
}

// ServiceState reads .NET's names for a service's state, which no language changes.
func ServiceState(word string) string {
	switch word {
	case "Running", "Stopped", "Paused":
		return strings.ToLower(word)
	case "StartPending", "Start Pending":
		return "starting"
	case "StopPending", "Stop Pending":
		return "stopping"
	case "ContinuePending", "Continue Pending":
		return "continuing"
	case "PausePending", "Pause Pending":
		return "pausing"
	}
	return ""
}

// ImageName gives a process's name, as PowerShell has it, the suffix that every
// other tool shows.
func ImageName(name, exe string) string {
	switch base := exe[strings.LastIndexAny(exe, `\/`)+1:]; {
	case base != "":
		return base
	case name == "System", name == "Idle", name == "Registry", strings.Contains(name, " "):
		return name
	}
	return name + ".exe"
}

// CommandLine splits a Windows command line where programs do, quotes kept together.
func CommandLine(s string) []string {
	var out []string
	var word strings.Builder
	in, quoted := false, false
	for _, c := range s {
		switch {
		case c == '"':
			quoted, in = !quoted, true
		case (c == ' ' || c == '\t') && !quoted:
			if in {
				out = append(out, word.String())
				word.Reset()
			}
			in = false
		default:
			in = true
			word.WriteRune(c)
		}
	}
	if in {
		out = append(out, word.String())
	}
	return out
}

// titles are the English titles of services that listen through HTTP.sys or need
// it, and of servers that people install on the same ports.
var titles = [...]struct{ title, name string }{
	{"BranchCache", "PeerDistSvc"},
	{"Function Discovery Provider Host", "fdPHost"},
	{"Function Discovery Resource Publication", "FDResPub"},
	{"HTTP Service", "HTTP"},
	{"HTTP SSL", "HTTPFilter"},
	{"IIS Admin Service", "IISADMIN"},
	{"IP Helper", "iphlpsvc"},
	{"Print Spooler", "Spooler"},
	{"Remote Desktop Services", "TermService"},
	{"Remote Procedure Call (RPC)", "RpcSs"},
	{"SQL Server Reporting Services", "SQLServerReportingServices"},
	{"SSDP Discovery", "SSDPSRV"},
	{"UPnP Device Host", "upnphost"},
	{"Web Deployment Agent Service", "MsDepSvc"},
	{"Web Management Service", "WMSVC"},
	{"Windows Event Collector", "Wecsvc"},
	{"Windows Media Player Network Sharing Service", "WMPNetworkSvc"},
	{"Windows Process Activation Service", "WAS"},
	{"Windows Remote Management (WS-Management)", "WinRM"},
	{"World Wide Web Publishing Service", "W3SVC"},
}

// ServiceNamed is the service with a title, "" where the title is not known. The
// report server's has its instance in brackets.
func ServiceNamed(title string) string {
	if instance, ok := strings.CutPrefix(title, "SQL Server Reporting Services ("); ok {
		if instance = strings.TrimSuffix(instance, ")"); instance == "MSSQLSERVER" {
			return "ReportServer"
		}
		return "ReportServer$" + instance
	}
	i := slices.IndexFunc(titles[:], func(t struct{ title, name string }) bool { return t.title == title })
	if i < 0 {
		return ""
	}
	return titles[i].name
}

// ContainerState reads the engine's words for the status, which it never translates.
func ContainerState(f []string) string {
	for k := 2; k+1 < len(f); k++ {
		switch {
		case f[k] == "Up":
			return "running"
		case f[k] == "Created":
			return "created"
		case f[k] == "Exited":
			return "exited"
		case f[k] == "Restarting" && strings.HasPrefix(f[k+1], "("):
			return "restarting"
		}
	}
	return ""
}
