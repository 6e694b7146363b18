// Package httpshow is berth http show's answer: one table of HTTP.sys, as text for
// people and as an api/v1 document.
package httpshow

import (
	"errors"
	"slices"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report"
)

// The tables, by netsh's own nouns.
const (
	ServiceState = "servicestate" // request queues and the URLs behind them
	URLACL       = "urlacl"       // who may listen under which prefix
	IPListen     = "iplisten"     // the addresses that HTTP.sys listens on
	SSLCert      = "sslcert"      // certificates
	Timeout      = "timeout"      // machine-wide timers
	CacheState   = "cachestate"   // cached responses
)

// Tables lists the tables.
func Tables() []string {
	return []string{ServiceState, URLACL, IPListen, SSLCert, Timeout, CacheState}
}

// Errors of [New].
var (
	ErrTable     = errors.New("no table of HTTP.sys")
	ErrNoHTTPSys = errors.New("HTTP.sys is a part of Windows: this machine has none")
	ErrUnknown   = errors.New("not read")
)

// Show is one table of one machine.
type Show struct {
	table string
	set   *fact.Set
	gaps  []fact.Gap // those about this table
	whole bool
}

// New shows one table of set. The error is [ErrTable] where there is no such table,
// [ErrNoHTTPSys] where set is of another system, and wraps [ErrUnknown] where
// nothing of the table was read, which is not the same as an empty one.
func New(set *fact.Set, table string) (Show, error) {
	if !slices.Contains(Tables(), table) {
		return Show{}, ErrTable
	}
	if os := set.Machine.OS; os != "windows" && os != "" {
		return Show{}, ErrNoHTTPSys
	}
	s := Show{table: table, set: set}
	s.whole = s.read()
	for _, g := range set.Gaps {
		if s.concerns(g) {
			s.gaps = append(s.gaps, g)
		}
	}
	if s.rows() == 0 && !s.whole {
		return s, &unknown{what: s.what(), why: report.GapLines(s.gaps, &set.Machine)}
	}
	return s, nil
}

// Hint says what to do about an error of [New].
func Hint(err error, table string) string {
	if errors.Is(err, ErrNoHTTPSys) {
		return "--from FILE answers from a snapshot of a Windows machine"
	}
	return "netsh http show " + table + ", as administrator, shows it on the machine itself"
}

// unknown says what was not read, and why.
type unknown struct {
	what string
	why  []string
}

func (u *unknown) Unwrap() error { return ErrUnknown }

func (u *unknown) Error() string {
	if len(u.why) == 0 {
		return u.what + " was not read"
	}
	return u.what + " was not read: " + u.why[0]
}

// read tells whether the whole table was read.
func (s Show) read() bool {
	w := s.set.Machine.Windows
	if w == nil {
		return false
	}
	switch s.table {
	case ServiceState:
		return w.Registrations
	case URLACL:
		return w.Reservations
	case IPListen:
		return w.ListenList
	case SSLCert:
		return w.Certificates
	case Timeout:
		return w.Timeouts != nil
	}
	return w.Cached
}

func (s Show) rows() int {
	switch s.table {
	case ServiceState:
		return len(s.set.Queues) + len(s.set.Registrations)
	case URLACL:
		return len(s.set.Reservations)
	case IPListen:
		return len(s.set.ListenList)
	case SSLCert:
		return len(s.set.Certificates)
	case Timeout:
		return 0 // both timers are read, or neither is
	}
	return len(s.set.Cached)
}

// what names the table in a sentence.
func (s Show) what() string {
	switch s.table {
	case ServiceState:
		return "what is registered with HTTP.sys"
	case URLACL:
		return "HTTP.sys's list of reservations"
	case IPListen:
		return "HTTP.sys's listen list"
	case SSLCert:
		return "HTTP.sys's list of certificates"
	case Timeout:
		return "HTTP.sys's timers"
	}
	return "HTTP.sys's cache"
}

// concerns tells whether a gap is about this table: by the row it names, or by the
// words of the reader that it is from.
func (s Show) concerns(g fact.Gap) bool {
	if g.Subject == "HTTP.sys" {
		return true
	}
	switch s.table {
	case ServiceState:
		return strings.HasPrefix(string(g.About), "url:") || about(g, "servicestate", "request queue of", "registered URLs of", "the whole listing")
	case URLACL:
		return strings.HasPrefix(string(g.About), "urlacl:") || about(g, "HTTP.sys's reservations", "urlacl")
	case IPListen:
		return about(g, "HTTP.sys's listen list", "iplisten")
	case SSLCert:
		return about(g, "HTTP.sys's certificates", "sslcert")
	case Timeout:
		return about(g, "HTTP.sys's timers", "http show timeout")
	}
	return about(g, "cachestate")
}

func about(g fact.Gap, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(g.Subject, w) })
}

// Notes are what a reader of the table should know beside its rows.
func (s Show) Notes() []string {
	notes := report.GapLines(s.gaps, &s.set.Machine)
	if !s.whole {
		notes = append(notes, "these are the rows at hand; that there are no others is not known")
	}
	return notes
}

// Document is the table as api/v1 says it.
func (s Show) Document() v1.HTTP {
	m := s.set.Machine
	doc := v1.HTTP{
		Head:  v1.Head{API: v1.API, Kind: "HTTP", At: s.set.At, Machine: &v1.Machine{OS: m.OS, Arch: m.Arch, Kernel: m.Kernel, Host: m.Host}},
		Table: s.table, Whole: s.whole, Gaps: report.Gaps(s.gaps, &m),
	}
	switch s.table {
	case ServiceState:
		doc.Queues, doc.Registrations = s.queues(), s.registrations()
	case URLACL:
		doc.Reservations = s.reservations()
	case IPListen:
		for _, a := range s.set.ListenList {
			doc.ListenList = append(doc.ListenList, a.Addr.String())
		}
	case SSLCert:
		for _, c := range s.set.Certificates {
			doc.Certificates = append(doc.Certificates, v1.HTTPCertificate{Key: c.Key, Kind: c.Kind, Port: c.Port, Hash: c.Hash, AppID: c.AppID, Store: c.Store, Evidence: c.Evidence})
		}
	case Timeout:
		t := m.Windows.Timeouts
		doc.Timeouts = &v1.HTTPTimeouts{IdleConnection: t.IdleConnection, HeaderWait: t.HeaderWait, Evidence: t.Evidence}
	case CacheState:
		for _, c := range s.set.Cached {
			doc.Cached = append(doc.Cached, v1.HTTPCached{URL: c.URL, Port: c.Port, Status: c.Status, Verb: c.Verb, Queue: c.Queue, Bytes: c.Bytes, Hits: c.Hits, Evidence: c.Evidence})
		}
	}
	return doc
}

func (s Show) reservations() []v1.HTTPReservation {
	var out []v1.HTTPReservation
	for _, r := range s.set.Reservations {
		v := v1.HTTPReservation{URL: r.URL, Port: r.Port, SDDL: r.SDDL, Rights: []v1.HTTPRight{}, Evidence: r.Evidence}
		for _, p := range r.Rights {
			v.Rights = append(v.Rights, v1.HTTPRight{SID: p.SID, Account: p.Account, Gone: p.Gone, Deny: p.Deny, Listen: p.Listen, Delegate: p.Delegate})
		}
		out = append(out, v)
	}
	return out
}
