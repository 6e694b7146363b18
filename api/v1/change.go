package v1

import "time"

// Free answers how a port can be freed, and says what was done for it.
type Free struct {
	Head
	Endpoint *Endpoint `json:"endpoint,omitempty"` // absent where a machine is put right, and no port freed
	Status   string    `json:"status,omitempty"`   // of the port, as in Who
	Answer   string    `json:"answer"`             // the sentence a person reads first
	Ways     []Way     `json:"ways"`               // gentlest first
	Plan     *Plan     `json:"plan,omitempty"`     // of the way that was chosen
	Result   string    `json:"result"`             // "free", "has-it", "choose", "planned", "refused", "done", "undone", "open", "unconfirmed", "pending-reboot"
	Said     string    `json:"said,omitempty"`     // why it ended so
	Entry    int       `json:"entry,omitempty"`
	Until    string    `json:"until,omitempty"` // when it goes back by itself
	Gaps     []Gap     `json:"gaps"`
}

// Way is one remedy and whether berth can take it.
type Way struct {
	Remedy
	Rank    Note   `json:"rank"`              // why it stands where it does, gentlest first
	Doable  bool   `json:"doable"`            // berth free --remedy takes it
	Refusal *Note  `json:"refusal,omitempty"` // why it does not
	Cost    *Cost  `json:"cost,omitempty"`
	Goal    string `json:"goal,omitempty"`
}

// Plan is a way out, step by step, with what it changes.
type Plan struct {
	Remedy   string  `json:"remedy"`
	For      string  `json:"for,omitempty"`
	Goal     string  `json:"goal"`
	Cost     Cost    `json:"cost"`
	Steps    []Step  `json:"steps"`
	Warnings []Note  `json:"warnings"`
	Settle   float64 `json:"settleSeconds"`
}

// Cost is what a plan costs.
type Cost struct {
	Privilege string   `json:"privilege"`          // "none", "root", "administrator", ...
	Risk      string   `json:"risk"`               // "none", "low", "medium", "high"
	Stops     []string `json:"stops,omitempty"`    // what stops working
	Downtime  string   `json:"downtime,omitempty"` // "none", "moment", "until-undone"
	Class     string   `json:"class"`              // "reversible", "restartable", "final"
	Survives  bool     `json:"survivesReboot"`
	Reboot    bool     `json:"needsReboot,omitempty"`
	CutsOff   string   `json:"cutsOff,omitempty"` // what may be cut off from the one who asks: "ssh", "dns", ...
}

// Step changes one thing.
type Step struct {
	Text   string            `json:"text"`
	Kind   string            `json:"kind"` // "unit", "file", "process", ...
	Name   string            `json:"name"`
	Of     map[string]string `json:"of,omitempty"`
	Before map[string]string `json:"before"` // the fields that change; a file's bytes are in lines
	After  map[string]string `json:"after"`
	Lines  []LineChange      `json:"lines,omitempty"`
	When   string            `json:"when,omitempty"` // "do" or "undo" where it is not both
	Class  string            `json:"class"`
	Why    string            `json:"why,omitempty"`
	Reboot bool              `json:"reboot,omitempty"`
}

// LineChange is one place in a file that changes.
type LineChange struct {
	Line   int      `json:"line"` // from 1, in the file as it is before
	Before []string `json:"before"`
	After  []string `json:"after"`
}

// Journal lists what was done to the machine.
type Journal struct {
	API     string         `json:"api"`
	Kind    string         `json:"kind"`
	Exit    int            `json:"exit"` // 1 while anything is open
	Folder  string         `json:"folder"`
	Entries []JournalEntry `json:"entries"`
	Damaged []string       `json:"damaged"` // entries that cannot be read, and why
}

// JournalEntry is one plan that was begun.
type JournalEntry struct {
	ID     int        `json:"id"`
	Made   time.Time  `json:"made"`
	By     string     `json:"by,omitempty"`
	Remedy string     `json:"remedy"`
	Port   uint16     `json:"port,omitempty"`
	Proto  string     `json:"proto,omitempty"`
	For    string     `json:"for,omitempty"`
	Status string     `json:"status"` // "done", "undone", "interrupted", "reverting", "unconfirmed", "pending-reboot"
	Open   bool       `json:"open"`
	Until  *time.Time `json:"until,omitempty"`
	Plan   Plan       `json:"plan"`
	Events []Event    `json:"events"`
}

// Event is one thing that became of an entry.
type Event struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Step *int      `json:"step,omitempty"` // from 1
	Text string    `json:"text,omitempty"`
}

// Undo says what was taken back.
type Undo struct {
	API     string         `json:"api"`
	Kind    string         `json:"kind"`
	Exit    int            `json:"exit"`
	Entries []JournalEntry `json:"entries"`
	Said    []string       `json:"said"`
}
