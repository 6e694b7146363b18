package v1

import "time"

// Profile answers how it stands with the ports of a stack, or of a ledger.
type Profile struct {
	Head
	Name     string     `json:"name,omitempty"`  // of a built-in profile
	Files    []string   `json:"files,omitempty"` // of a ledger
	Promises []Promised `json:"promises"`
	Gaps     []Gap      `json:"gaps"`
}

// Promised is one promise and how it stands with it.
type Promised struct {
	Module    string   `json:"module,omitempty"`
	Port      uint16   `json:"port"`
	LastPort  uint16   `json:"lastPort,omitempty"` // of a range
	Proto     string   `json:"proto"`
	Address   string   `json:"address,omitempty"` // absent for any
	Owners    []string `json:"owners"`            // "unit:nginx.service", any one of them
	Reason    string   `json:"reason,omitempty"`
	Policy    string   `json:"policy"` // "alert", "restore"
	Remedy    string   `json:"remedy,omitempty"`
	Where     string   `json:"where"`     // FILE:LINE
	Status    string   `json:"status"`    // "kept", "free", "broken", "unknown"
	Text      string   `json:"text"`      // the same in a sentence
	Holders   []Holder `json:"holders"`   // by right
	Strangers []Holder `json:"strangers"` // without
	Shared    []Holder `json:"shared"`    // HTTP.sys, where the owner can be as well: no conflict
	Hidden    []Holder `json:"hidden"`    // of whom it is not known
	Command   []string `json:"command,omitempty"`
}

// GuardEvent is one line of `berth guard --json`, and what a webhook or a hook gets.
type GuardEvent struct {
	API     string    `json:"api"`
	Kind    string    `json:"kind"` // always "GuardEvent"
	At      time.Time `json:"at"`
	Machine *Machine  `json:"machine,omitempty"`
	// Event is "watching", "ledger-wrong", "broken", "kept", "freed", "unknown",
	// "restoring", "restored", "not-restored", "gave-up", "resumed", "untold".
	Event       string    `json:"event"`
	Text        string    `json:"text"`
	Promise     *Promised `json:"promise,omitempty"`
	Action      string    `json:"action,omitempty"` // KIND[:TARGET], or "start:OWNER"
	Try         int       `json:"try,omitempty"`
	WaitSeconds float64   `json:"waitSeconds,omitempty"` // before the next try
	Files       []string  `json:"files,omitempty"`       // of the ledger that is watched
	Err         string    `json:"error,omitempty"`
}

// Installed says what `berth service install` did, or with --dry-run would do.
type Installed struct {
	Head
	Service string `json:"service"`
	Plan    Plan   `json:"plan"`
	Entry   int    `json:"entry,omitempty"` // in the journal; absent where nothing was done
}
