// Package diagnose turns facts into findings: whose port it is, why, and what
// that means for the one who asks.
//
// It is pure. It is given a [fact.Set] and cannot tell whether a kernel, a file
// or a forum post filled it. Every finding names its rule, the rows it rests on
// and how sure it is; the sentences are report's.
package diagnose

import "github.com/berthd/berth/internal/fact"

// Confidence is how sure a finding is.
type Confidence string

// Certain rests on what the system itself said; Likely on one inference;
// Possible on a hint that has other explanations too.
const (
	Certain  Confidence = "certain"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// Rule names a finding's kind. report has a sentence for each.
type Rule string

// The rules, in the order in which their findings are told.
const (
	RuleSecondCopy      Rule = "second-copy"      // the holder is another copy of the newcomer
	RuleYourFolder      Rule = "your-folder"      // the holder was started from the folder the asker stands in
	RuleConfigTwice     Rule = "config-twice"     // a unit's bind failed, and nobody else holds the port: its own configuration asks twice
	RuleNewcomerFailed  Rule = "newcomer-failed"  // a unit failed because this port was taken
	RuleNewcomerRefused Rule = "newcomer-refused" // a unit failed for want of rights, or of the address
	RuleTwoServers      Rule = "two-servers"      // several owners share the number
	RuleLocalhostSplit  Rule = "localhost-split"  // localhost reaches one owner over IPv4, another over IPv6
	RuleReusePortShared Rule = "reuseport-shared" // two sockets on one address by SO_REUSEPORT
	RuleStopped         Rule = "stopped"          // the holder is stopped (Ctrl+Z)
	RuleInherited       Rule = "inherited"        // the holder only inherited the listener
	RuleOrphan          Rule = "orphan"           // the holder's starter is gone
	RuleOrphanMaster    Rule = "orphan-master"    // same program as a failed unit's, outside that unit
	RuleSocketActivated Rule = "socket-activated" // PID 1 holds it for a socket unit
	RuleForwarder       Rule = "forwarder"        // the holder only forwards to something else
	RuleStaleForwarder  Rule = "stale-forwarder"  // a container engine's forwarder without a container
	RuleWouldRestart    Rule = "would-restart"    // something would start the holder again
	RuleForked          Rule = "forked"           // one listener, several processes of one program
	RuleBoundOnly       Rule = "bound-only"       // bound, not listening
	RuleKernelSocket    Rule = "kernel-socket"    // the kernel's own socket
	RuleNATShadow       Rule = "nat-shadow"       // traffic is taken before it reaches the listener
	RuleNATOnly         Rule = "nat-only"         // nothing listens, and a rule takes the traffic
	RuleTimeWait        Rule = "time-wait"        // only ended connections are left
	RuleLeftover        Rule = "leftover"         // connections of an ended listener are left
	RuleOutgoing        Rule = "outgoing"         // an outgoing connection took the port
	RuleAllocated       Rule = "allocated"        // an engine's book has the port, no socket does
	RuleOtherNetns      Rule = "other-netns"      // only another namespace listens: no conflict
	RuleHTTPSys         Rule = "http-sys"         // the Windows kernel's HTTP listener has it
	RuleHTTPSysUnnamed  Rule = "http-sys-unnamed" // as above, and nobody said for whom
	RuleReservedOnly    Rule = "reserved-only"    // a URL is reserved and nobody listens on it
	RuleDeletedExe      Rule = "deleted-exe"      // the holder runs a program file that is gone or replaced
	RuleBacklogFull     Rule = "backlog-full"     // the accept queue is full
	RuleKnown           Rule = "known"            // the catalog knows this holder
	RuleFree            Rule = "free"             // nobody holds it
	RuleOwnerHidden     Rule = "owner-hidden"     // held, and by whom is hidden from the asker
	RuleErrorLine       Rule = "error-line"       // a line of the texts says that a bind of this port was refused
	RuleUnknown         Rule = "unknown"          // held-or-free could not be learned
)

// Rules of Windows.
const (
	RuleExcluded          Rule = "excluded"            // the port lies in a range that Windows keeps back
	RuleExcludedStarred   Rule = "excluded-starred"    // in an administered range, which should not stop a bind
	RuleOwnerGone         Rule = "owner-gone"          // the system names an owner that has ended
	RuleLikelyBehind      Rule = "likely-behind"       // who may stand behind the kernel's listener, where no listing tells
	RuleLowDynamic        Rule = "low-dynamic"         // dynamic ports begin below 49152, and bring others into the way
	RuleDenied            Rule = "denied"              // what Windows' 10013 means here
	RulePortProxy         Rule = "portproxy"           // an entry of netsh interface portproxy takes the port
	RuleHTTPDisabled      Rule = "http-disabled"       // the HTTP driver is switched off
	RuleListenListStarves Rule = "listen-list-starves" // HTTP.sys's listen list leaves registered URLs without an address
	RuleListenAddrGone    Rule = "listen-addr-gone"    // the listen list has an address that is not here
	RuleReservationsWiped Rule = "reservations-wiped"  // none of Windows' own reservations are left
	RuleAccountGone       Rule = "account-gone"        // a reservation for an account that is gone
)

// Finding is one statement about a set.
type Finding struct {
	Rule       Rule
	Confidence Confidence
	About      []fact.ID         // the rows it rests on, the most important first
	Args       map[string]string // what the sentence needs beyond the rows
}

// Status is the short answer for an endpoint.
type Status string

// The short answers. Held: a socket has it. Blocked: no holder, yet a plain bind
// fails. Redirected: a bind works and gets no traffic.
const (
	Free       Status = "free"
	Held       Status = "held"
	Blocked    Status = "blocked"
	Redirected Status = "redirected"
	Unknown    Status = "unknown"
)
