package unitfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// listening are the settings of [Socket] that one empty assignment of any of them
// resets all together (config_parse_socket_listen in systemd).
func listening(key string) bool {
	switch key {
	case "ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO", "ListenSpecial", "ListenNetlink", "ListenMessageQueue", "ListenUSBFunction":
		return true
	}
	return false
}

// Listens are the settings of a socket unit that are in effect: those behind the last
// empty one, over all files of the tree. Their order is the order of the sockets that
// the service gets.
func Listens(t confedit.Tree) []Setting {
	var out []Setting
	for _, f := range t.Files {
		for _, s := range Settings(f) {
			switch {
			case s.Section != "Socket" || !listening(s.Key):
			case s.Value == "":
				out = nil
			default:
				out = append(out, s)
			}
		}
	}
	return out
}

// put adds the place of a setting that takes a port. A port alone is every address:
// systemd binds [::], which takes IPv4 too unless BindIPv6Only=ipv6-only.
func put(r *piece.Reading, s Setting) {
	sp, ok := endpoint(s.Value)
	if !ok {
		if strings.Contains(s.Value, "%") && !strings.HasPrefix(s.Value, "/") {
			r.Note(s.File, s.Line, s.Key+"="+s.Value+" depends on the unit's name")
		}
		return
	}
	r.Put(confedit.Place{
		File: s.File, Line: s.Line, From: s.From, To: s.To, Role: confedit.Listens,
		Addr: sp.Addr, Port: sp.Port, Of: s.Key,
	})
}

// endpoint reads a value that is a port, or an address and a port. Paths, abstract
// names ("@x") and vsock addresses are none.
func endpoint(value string) (piece.Spelling, bool) {
	if strings.ContainsAny(value, "/@% \n") || strings.HasPrefix(value, "vsock") {
		return piece.Spelling{}, false
	}
	s, ok := piece.Spell(value)
	return s, ok && s.Port > 0
}

// respelt is the value of a setting of key moved from one endpoint to another; it is
// the same value where the setting is about something else.
func respelt(s Setting, key string, from, to confedit.Endpoint) (string, bool) {
	sp, ok := endpoint(s.Value)
	if !ok || s.Key != key || sp.Port != from.Port || from.Addr != "" && from.Addr != sp.Addr {
		return s.Value, false
	}
	e, ok := piece.Respell("", 0, s.Value, to)
	if !ok {
		return s.Value, false
	}
	return s.Value[:e.From] + e.Text, true
}

// Stream and Datagram are the settings of TCP and UDP sockets.
const (
	Stream   = "ListenStream"
	Datagram = "ListenDatagram"
)

// Move takes the streams on from to another endpoint in the unit's own files. A
// package's files are replaced by its next version: for those use MoveDropIn.
func Move(t confedit.Tree, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	if err := collide(t, Stream, from, to); err != nil {
		return nil, err
	}
	var edits []confedit.Edit
	for _, s := range Listens(t) {
		text, ok := respelt(s, Stream, from, to)
		if !ok {
			continue
		}
		if s.To-s.From != len(s.Value) {
			return nil, fmt.Errorf("%s:%d: a value over several lines: %w", s.File, s.Line, confedit.ErrSyntax)
		}
		edits = append(edits, least(s, text))
	}
	if edits == nil {
		return nil, fmt.Errorf("port %d: %w", from.Port, confedit.ErrNoPlace)
	}
	return edits, nil
}

func collide(t confedit.Tree, key string, from, to confedit.Endpoint) error {
	on := slices.DeleteFunc(t.On(from), func(p confedit.Place) bool { return p.Of != key })
	if err := piece.Collide(on, to); err != nil {
		return fmt.Errorf("port %d: %w", from.Port, err)
	}
	return nil
}

// least leaves out of an edit what a value and its new text begin with alike.
func least(s Setting, text string) confedit.Edit {
	e := confedit.Edit{File: s.File, From: s.From, To: s.To, Text: text}
	if sp, _ := endpoint(s.Value); strings.HasPrefix(text, s.Value[:sp.PortAt]) {
		e.From, e.Text = s.From+sp.PortAt, text[sp.PortAt:]
	}
	return e
}

// MoveDropIn is the text of a drop-in that takes a socket unit's streams (or, with
// Datagram as key, its datagram sockets) on from to another endpoint. The unit's other
// sockets are written again, in their order, since the empty line resets all of them.
func MoveDropIn(t confedit.Tree, key string, from, to confedit.Endpoint) (string, error) {
	if err := collide(t, key, from, to); err != nil {
		return "", err
	}
	moved := false
	lines := []string{"[Socket]", "ListenStream="}
	for _, s := range Listens(t) {
		text, ok := respelt(s, key, from, to)
		moved = moved || ok
		lines = append(lines, s.Key+"="+text)
	}
	if !moved {
		return "", fmt.Errorf("port %d: %w", from.Port, confedit.ErrNoPlace)
	}
	return strings.Join(lines, "\n") + "\n", nil
}

// OrderDropIn is the text of a drop-in by which a unit starts only when the others
// have, in every start that has both (the boot): After= orders, and starts nothing.
func OrderDropIn(after ...string) string {
	return "[Unit]\nAfter=" + strings.Join(after, " ") + "\n"
}

// DropInName is a file name that takes effect behind the usual ones.
const DropInName = "zz-berth"

// DropInPath is where the administrator's drop-in of a unit with a name, such as
// DropInName, is.
func DropInPath(unit, name string) string {
	return "/etc/systemd/system/" + unit + ".d/" + name + ".conf"
}

// Orders are the units that After= and Before= of a unit name, in effect over all
// files of the tree.
func Orders(t confedit.Tree) (after, before []string) {
	for _, f := range t.Files {
		for _, s := range Settings(f) {
			if s.Section != "Unit" {
				continue
			}
			switch s.Key {
			case "After":
				after = append(after, strings.Fields(s.Value)...)
			case "Before":
				before = append(before, strings.Fields(s.Value)...)
			}
		}
	}
	slices.Sort(after)
	slices.Sort(before)
	return slices.Compact(after), slices.Compact(before)
}
