package sentence

import (
	"strings"

	"github.com/berthd/berth/internal/answer/remedy"
)

// ShellLine is a command to paste; an argument that is not plain is quoted and
// made visible.
func ShellLine(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = a
		if a == "" || strings.Trim(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") != "" {
			quoted[i] = "'" + strings.ReplaceAll(Clean(a, 0), "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// Remedy says what to do. The catalog's words stay as they are: they may begin
// with a command.
func (n Names) Remedy(r remedy.Remedy) string {
	if r.Text != "" {
		return Clean(r.Text, 0)
	}
	return Full(n.ownWords(r))
}

func (n Names) ownWords(r remedy.Remedy) string {
	switch r.Kind {
	case remedy.Wait:
		return "wait until the ended connections are gone, a minute at most"
	case remedy.Port:
		if r.About != "" {
			return "give " + n.Row(r.About) + " another port in its own settings, then start it"
		}
		return "give your server another port"
	case remedy.Address:
		return "bind another address: only " + n.Row(r.About) + " is taken"
	case remedy.Move:
		return "give " + n.Row(r.About) + " another port, in its own settings"
	case remedy.Stop:
		if r.Args["state"] == "stopped" {
			return "end " + n.Row(r.About) + "; a stopped process ends only when it is woken too"
		}
		return "stop " + n.Row(r.About)
	case remedy.Startup:
		return "keep " + n.Row(r.About) + " from starting at boot"
	}
	return string(r.Kind)
}

// Effect says what stops working, "" where nothing does.
func (n Names) Effect(r remedy.Remedy) string {
	if r.Effect != "" {
		return Clean(r.Effect, 0)
	}
	switch r.Kind {
	case remedy.Stop:
		return "what it serves is offline until it is started again"
	case remedy.Startup:
		return "it no longer starts by itself; systemctl enable takes it back"
	}
	return ""
}

// Full makes a sentence of a phrase: a capital and a full stop.
func Full(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return Upper(s)
	}
	return Upper(s) + "."
}
