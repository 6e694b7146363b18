package ledger

import (
	"embed"
	"strings"
)

//go:embed profiles/*.toml
var profiles embed.FS

// Profiles lists the names of the built-in ledgers, in the order of the alphabet.
func Profiles() []string { return []string{"iis", "lamp", "wamp", "xampp"} }

// Profile is a built-in ledger: the ports of a stack of servers. ok is false where
// there is none of that name.
func Profile(name string) (l Ledger, ok bool) {
	for _, p := range Profiles() {
		if !strings.EqualFold(p, name) {
			continue
		}
		text, err := profiles.ReadFile("profiles/" + p + ".toml")
		if err != nil {
			return Ledger{}, false
		}
		l, err = Parse(p, text)
		return l, err == nil
	}
	return Ledger{}, false
}
