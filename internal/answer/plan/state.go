package plan

import (
	"encoding/json"
	"maps"
	"slices"
	"unicode/utf8"
)

// State is what a thing is like: named fields, see Kind. A field that is absent is
// unknown or of no account, which is not the same as "".
type State map[string]string

// bytes is how a field that is no text is written.
type bytes struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON writes the fields as strings, and those that are not UTF-8 in base64,
// so that a file's bytes survive.
func (s State) MarshalJSON() ([]byte, error) {
	if s == nil {
		return []byte("null"), nil
	}
	out := make(map[string]any, len(s))
	for k, v := range s {
		if utf8.ValidString(v) {
			out[k] = v
		} else {
			out[k] = bytes{[]byte(v)}
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *State) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil || raw == nil {
		return err
	}
	*s = make(State, len(raw))
	for k, v := range raw {
		var text string
		if err := json.Unmarshal(v, &text); err == nil {
			(*s)[k] = text
			continue
		}
		var b bytes
		if err := json.Unmarshal(v, &b); err != nil {
			return err
		}
		(*s)[k] = string(b.Base64)
	}
	return nil
}

// Difference is one field that is not what it should be. "" and absent are told
// apart by Known.
type Difference struct {
	Field     string
	Want, Got string
	Known     bool // the field was there
}

// Differs returns the fields of want that are different in got, sorted by name.
// Fields that want does not have are of no account, and a unit that has failed is as
// good as one that was stopped: neither runs.
func Differs(want, got State) []Difference {
	var out []Difference
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if v, ok := got[k]; !ok || v != want[k] && !(k == "active" && down(v) && down(want[k])) {
			out = append(out, Difference{k, want[k], v, ok})
		}
	}
	return out
}

// Told tells that a field says what a thing was like, and not whether it is still the
// same one: it is kept for whoever starts it again, and never compared. A process is its
// start and its program; it may write another command line over its own, go to another
// folder and give up rights at any moment.
func (k Kind) Told(field string) bool {
	return k == Process && (field == "command" || field == "cwd" || field == "user" || field == "note")
}

// Strays returns the fields in which a thing is not as the step has it before.
func (s Step) Strays(now State) []Difference {
	return slices.DeleteFunc(Differs(s.Before, now), func(d Difference) bool { return s.Subject.Kind.Told(d.Field) })
}

func down(active string) bool { return active == "inactive" || active == "failed" }

// Back is the state that undoes a step: the fields that After changes, as they were.
// A field that was not there before is left out, and cannot be put back.
func (s Step) Back() State {
	out := State{}
	for k := range s.After {
		if v, ok := s.Before[k]; ok {
			out[k] = v
		}
	}
	return out
}

// IsBack tells whether a thing is as undoing would make it. What was deleted and is
// there again, but with other contents, is not.
func (s Step) IsBack(now State) bool {
	if s.After["exists"] == "no" {
		return len(Differs(s.Before, now)) == 0
	}
	return len(Differs(s.Back(), now)) == 0
}

// Between tells whether every field that After changes has, in now, either its value
// of before or that of after: what an interrupted step may leave.
func (s Step) Between(now State) bool {
	for k, after := range s.After {
		if v := now[k]; v != after && v != s.Before[k] {
			return false
		}
	}
	return true
}
