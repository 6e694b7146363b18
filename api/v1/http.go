package v1

// HTTP is one table of HTTP.sys, as `berth http show` prints it. The fields of the
// other tables are absent.
type HTTP struct {
	Head
	Table string `json:"table"` // "servicestate", "urlacl", "iplisten", "sslcert", "timeout", "cachestate"
	Whole bool   `json:"whole"` // every row was read: none then means that there is none

	Queues        []HTTPQueue        `json:"queues,omitempty"`
	Registrations []HTTPRegistration `json:"registrations,omitempty"`
	Reservations  []HTTPReservation  `json:"reservations,omitempty"`
	ListenList    []string           `json:"listenList,omitempty"` // addresses
	Certificates  []HTTPCertificate  `json:"certificates,omitempty"`
	Timeouts      *HTTPTimeouts      `json:"timeouts,omitempty"`
	Cached        []HTTPCached       `json:"cached,omitempty"`
	Gaps          []Gap              `json:"gaps"`
}

// HTTPQueue is one request queue and who serves it.
type HTTPQueue struct {
	ID         string        `json:"id"`
	Name       string        `json:"name,omitempty"`
	Version    string        `json:"version,omitempty"`    // of the API that made it
	Controller *HTTPProcess  `json:"controller,omitempty"` // IIS: the service that starts its workers
	Processes  []HTTPProcess `json:"processes"`
	Evidence   string        `json:"evidence"`
}

// HTTPProcess is a process of a request queue.
type HTTPProcess struct {
	PID      int      `json:"pid"`
	Name     string   `json:"name,omitempty"`
	Exe      string   `json:"exe,omitempty"`
	Services []string `json:"services,omitempty"` // in that process
	Tagged   string   `json:"tagged,omitempty"`   // the one of them that made the queue
}

// HTTPRegistration is one URL prefix that somebody listens on right now.
type HTTPRegistration struct {
	URL      string   `json:"url"`
	Port     uint16   `json:"port,omitempty"`
	Queues   []string `json:"queues"`  // IDs; several where it cannot be told which
	Certain  bool     `json:"certain"` // it is that one queue's
	Group    string   `json:"group,omitempty"`
	Session  string   `json:"session,omitempty"`
	Evidence string   `json:"evidence"`
}

// HTTPReservation is one URL prefix and who may listen below it.
type HTTPReservation struct {
	URL      string      `json:"url"`
	Port     uint16      `json:"port,omitempty"`
	SDDL     string      `json:"sddl,omitempty"`
	Rights   []HTTPRight `json:"rights"`
	Evidence string      `json:"evidence"`
}

// HTTPRight is what one account may do below a reserved prefix.
type HTTPRight struct {
	SID      string `json:"sid,omitempty"`
	Account  string `json:"account,omitempty"`
	Gone     *bool  `json:"gone,omitempty"` // the machine has no such account; absent where it was not asked
	Deny     bool   `json:"deny,omitempty"`
	Listen   bool   `json:"listen"`
	Delegate bool   `json:"delegate"`
}

// HTTPCertificate is one certificate binding.
type HTTPCertificate struct {
	Key      string `json:"key"`  // "0.0.0.0:443", "www.example.com:443", "*:443"
	Kind     string `json:"kind"` // "ipport", "hostnameport", "ccs", "scopedccs"
	Port     uint16 `json:"port,omitempty"`
	Hash     string `json:"hash,omitempty"`
	AppID    string `json:"appId,omitempty"`
	Store    string `json:"store,omitempty"`
	Evidence string `json:"evidence"`
}

// HTTPTimeouts are the machine-wide timers, in seconds.
type HTTPTimeouts struct {
	IdleConnection uint32 `json:"idleConnection"`
	HeaderWait     uint32 `json:"headerWait"`
	Evidence       string `json:"evidence"`
}

// HTTPCached is one cached response.
type HTTPCached struct {
	URL      string `json:"url"`
	Port     uint16 `json:"port,omitempty"`
	Status   int    `json:"status,omitempty"`
	Verb     string `json:"verb,omitempty"`
	Queue    string `json:"queue,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
	Hits     int64  `json:"hits,omitempty"`
	Evidence string `json:"evidence"`
}
