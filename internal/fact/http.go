package fact

import (
	"net/netip"
	"strings"
)

// Queue is an HTTP.sys request queue: the line of requests that wait for one application.
type Queue struct {
	ID         ID     `json:"id"`
	Name       string `json:"name,omitempty"`       // "" = unnamed
	Version    string `json:"version,omitempty"`    // of the API that made it: "1.0", "2.0"
	Controller int    `json:"controller,omitempty"` // PID of the controlling process (IIS: WAS), where there is one
	PIDs       []int  `json:"pids,omitempty"`       // attached processes
	// Services are names the listing itself gives beside a PID, by PID as decimal text.
	Services map[string][]string `json:"services,omitempty"`
	Images   map[string]string   `json:"images,omitempty"` // image path by PID, where the listing may tell
	Evidence string              `json:"evidence"`
}

func (q Queue) rowID() ID { return q.ID }

// QueueID names a request queue: by its name, or, where it has none, by text
// that tells it from other unnamed ones ("2668": the process attached to it).
func QueueID(name, unnamed string) ID {
	if name == "" {
		return ID("queue:#" + unnamed)
	}
	return ID("queue:" + name)
}

// Registration is one URL prefix that somebody listens on right now.
type Registration struct {
	ID       ID     `json:"id"`
	URL      string `json:"url"` // as the system prints it
	Port     uint16 `json:"port,omitempty"`
	Evidence string `json:"evidence"`
}

func (r Registration) rowID() ID { return r.ID }

// RegistrationID names the registration of a URL; URLs compare without case.
func RegistrationID(url string) ID { return ID("url:" + strings.ToLower(url)) }

// Reservation is one URL prefix that somebody may listen on (HTTP.sys: urlacl).
// It binds nothing by itself.
type Reservation struct {
	ID       ID            `json:"id"`
	URL      string        `json:"url"`
	Port     uint16        `json:"port,omitempty"`
	SDDL     string        `json:"sddl,omitempty"`
	Rights   []PrefixRight `json:"rights,omitempty"` // what SDDL says, in its order
	Evidence string        `json:"evidence"`
}

// PrefixRight is what one account may do under a reserved prefix.
type PrefixRight struct {
	// SID is "S-1-1-0", never an alias; "" where it depends on the machine, which
	// was not asked: Account is then the two letters that stand for it.
	SID     string `json:"sid,omitempty"`
	Account string `json:"account,omitempty"` // as this machine spells it, translated names included
	// Gone: this machine has no account with this SID. nil = it was not asked.
	Gone     *bool `json:"gone,omitempty"`
	Deny     bool  `json:"deny,omitempty"`
	Listen   bool  `json:"listen,omitempty"`   // may register URLs
	Delegate bool  `json:"delegate,omitempty"` // may reserve below it for others
}

func (r Reservation) rowID() ID { return r.ID }

// ReservationID names the reservation of a URL; URLs compare without case.
func ReservationID(url string) ID { return ID("urlacl:" + strings.ToLower(url)) }

// HTTPSession is an HTTP.sys server session: what the URL groups of one process
// have in common.
type HTTPSession struct {
	ID       ID     `json:"id"`
	Hex      string `json:"hex"`               // 16 hexadecimal digits, as the listing has them
	Version  string `json:"version,omitempty"` // of the API that made it
	Evidence string `json:"evidence"`
}

func (s HTTPSession) rowID() ID { return s.ID }

// HTTPSessionID names a server session.
func HTTPSessionID(hex string) ID { return ID("session:" + strings.ToUpper(hex)) }

// URLGroup is an HTTP.sys URL group: registrations with common settings. It is
// linked to its session and its queue, its registrations to it.
type URLGroup struct {
	ID       ID     `json:"id"`
	Hex      string `json:"hex"`
	Evidence string `json:"evidence"`
}

func (g URLGroup) rowID() ID { return g.ID }

// URLGroupID names a URL group.
func URLGroupID(hex string) ID { return ID("urlgroup:" + strings.ToUpper(hex)) }

// ListenAddr is one address of HTTP.sys's listen list (netsh: iplisten).
type ListenAddr struct {
	ID       ID         `json:"id"`
	Addr     netip.Addr `json:"addr"`
	Evidence string     `json:"evidence"`
}

func (a ListenAddr) rowID() ID { return a.ID }

// ListenAddrID names an entry of the listen list.
func ListenAddrID(a netip.Addr) ID { return ID("iplisten:" + a.String()) }

// Certificate is one certificate binding of HTTP.sys (netsh: sslcert).
type Certificate struct {
	ID   ID     `json:"id"`
	Key  string `json:"key"`  // "0.0.0.0:443", "www.example.com:443", "*:443"
	Kind string `json:"kind"` // "ipport", "hostnameport", "ccs", "scopedccs"
	Port uint16 `json:"port,omitempty"`
	Hash string `json:"hash,omitempty"` // lower-case hexadecimal SHA-1 of the certificate
	// AppID is the GUID that the program which made the binding chose, in braces
	// and lower case.
	AppID    string `json:"appId,omitempty"`
	Store    string `json:"store,omitempty"`
	Evidence string `json:"evidence"`
}

func (c Certificate) rowID() ID { return c.ID }

// CertificateID names a certificate binding.
func CertificateID(kind, key string) ID { return ID("sslcert:" + kind + "/" + strings.ToLower(key)) }

// CacheEntry is one response in HTTP.sys's cache.
type CacheEntry struct {
	ID       ID     `json:"id"`
	URL      string `json:"url"`
	Port     uint16 `json:"port,omitempty"`
	Status   int    `json:"status,omitempty"`
	Verb     string `json:"verb,omitempty"`
	Queue    string `json:"queue,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"` // of the content
	Hits     int64  `json:"hits,omitempty"`
	Evidence string `json:"evidence"`
}

func (c CacheEntry) rowID() ID { return c.ID }

// CacheEntryID names a cached response; URLs compare without case.
func CacheEntryID(url string) ID { return ID("cached:" + strings.ToLower(url)) }

// HTTPTimeouts are HTTP.sys's machine-wide timers, in seconds.
type HTTPTimeouts struct {
	IdleConnection uint32 `json:"idleConnection"`
	HeaderWait     uint32 `json:"headerWait"`
	Evidence       string `json:"evidence"`
}
