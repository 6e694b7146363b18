package sentence

import (
	"cmp"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Gap says one gap, with the system's own words behind it.
func Gap(g fact.Gap) string {
	subject := Clean(g.Subject, 160)
	s := gapSentence(g.Kind, subject)
	if g.Err != "" {
		s += ": " + Clean(g.Err, 200)
	}
	return s
}

func gapSentence(k fact.GapKind, subject string) string {
	switch k {
	case fact.GapPermission:
		return subject + ": closed to this user"
	case fact.GapHidepid:
		return cmp.Or(subject, "/proc") + " is mounted with hidepid: other users' processes are hidden"
	case fact.GapNoPtrace:
		return cmp.Or(subject, "descriptors of other users' processes") + ": CAP_SYS_PTRACE is missing"
	case fact.GapOwnersHidden:
		return cmp.Or(subject, "the owner") + ": hidden from this user"
	case fact.GapVanished:
		return cmp.Or(subject, "a process") + " ended while it was being read"
	case fact.GapOwnerEnded:
		return cmp.Or(subject, "a socket's owner") + " has ended; a child that inherited the handle may keep the socket"
	case fact.GapPIDReused:
		return cmp.Or(subject, "a PID") + " became another process while it was being read"
	case fact.GapNotThisOS:
		return "berth cannot read this here yet: " + subject
	case fact.GapNoSockDiag:
		return "sock_diag did not answer, /proc/net was read instead, which shows no bound-only sockets, no v6only flag and no cgroup"
	case fact.GapNoBound:
		return "this kernel does not list sockets that are bound and not listening"
	case fact.GapNoBus:
		return cmp.Or(subject, "systemd") + " could not be asked; units are known from cgroup paths alone"
	case fact.GapNoEngine:
		return cmp.Or(subject, "a container engine") + " did not answer; containers are known from cgroup paths alone"
	case fact.GapNoLog:
		return cmp.Or(subject, "what units wrote") + ": the journal could not be read"
	case fact.GapNoNAT:
		return cmp.Or(subject, "NAT rules") + " could not be read: traffic may be redirected before it reaches a listener"
	}
	return gapSentenceMore(k, subject)
}

func gapSentenceMore(k fact.GapKind, subject string) string {
	switch k {
	case fact.GapOtherNetns:
		return cmp.Or(subject, "other network namespaces") + " were not looked into"
	case fact.GapCgroupsLeft:
		return "processes outside " + cmp.Or(subject, "one cgroup") + " were not searched for further holders of the same socket"
	case fact.GapBoundLeft:
		return "sockets that are bound and do not listen were not looked for beside the listener"
	case fact.GapShape:
		return cmp.Or(subject, "a text") + " has a shape berth does not know"
	case fact.GapFirewall:
		return "packet filters were not evaluated"
	case fact.GapKernelOwned:
		return cmp.Or(subject, "a socket") + " has no descriptor in any process: it is the kernel's own"
	case fact.GapNotInPaste:
		return subject + ": the pasted texts do not say"
	case fact.GapForeignPIDNS:
		return cmp.Or(subject, "processes of other PID namespaces") + " cannot be seen from here"
	case fact.GapSELinux:
		return cmp.Or(subject, "SELinux port types") + " could not be read"
	case fact.GapTruncated:
		return cmp.Or(subject, "a list") + " was cut at berth's limit"
	case fact.GapProbeSkipped:
		return cmp.Or(subject, "the probe") + " was not run"
	case fact.GapProtected:
		return cmp.Or(subject, "a protected process") + ": protected, Windows opens it to nobody, administrators included"
	case fact.GapNoCall:
		return cmp.Or(subject, "something") + ": this system lacks the call that would tell"
	case fact.GapCommand:
		return cmp.Or(subject, "a command of the system") + " did not tell"
	case fact.GapOtherSide:
		return cmp.Or(subject, "the other side") + ": it is another system's, and that one was not asked"
	}
	return cmp.Or(subject, "something") + " could not be looked at"
}

// GapHint is the gap's own hint, else its kind's usual one, else nothing.
func GapHint(g fact.Gap, m *fact.Machine) string {
	if g.Hint != "" {
		return Clean(g.Hint, 240)
	}
	switch g.Kind {
	case fact.GapPermission, fact.GapHidepid, fact.GapOwnersHidden, fact.GapNoNAT, fact.GapOtherNetns, fact.GapNoLog:
		return moreRights(m)
	case fact.GapNoPtrace:
		return "run with CAP_SYS_PTRACE (docker run --cap-add SYS_PTRACE)"
	case fact.GapCgroupsLeft, fact.GapBoundLeft:
		return "--all-holders searches them"
	case fact.GapForeignPIDNS:
		return "ask on the host, outside the container"
	case fact.GapNoEngine:
		return "run as root or as a member of the engine's group"
	case fact.GapSELinux:
		return "semanage port -l lists them"
	case fact.GapNotThisOS:
		if strings.Contains(g.Subject, fact.SocketTable) {
			return pasteInstead(m)
		}
	}
	return ""
}

// pasteInstead is the way on a system whose sockets berth cannot read yet.
func pasteInstead(m *fact.Machine) string {
	switch m.OS {
	case "windows":
		return "netstat -ano | berth explain names the PID; with tasklist /svc and netsh http show servicestate view=requestq in one file, the service too"
	case "darwin":
		return "sudo lsof -nP -i | berth explain names the holders"
	}
	return "berth explain reads pasted texts, --from a snapshot"
}

func moreRights(m *fact.Machine) string {
	if m.Asker != nil && m.Asker.UID == 0 && m.OS == "linux" {
		return ""
	}
	if m.OS == "windows" {
		return "run from an elevated prompt"
	}
	return "run with sudo"
}
