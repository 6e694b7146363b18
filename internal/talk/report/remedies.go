package report

import (
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/remedy"
)

func (n names) remedies(rs []remedy.Remedy) []v1.Remedy {
	out := make([]v1.Remedy, 0, len(rs))
	for _, r := range rs {
		v := v1.Remedy{ID: r.ID(), Kind: string(r.Kind), Target: r.Target, Text: n.remedy(r), Effect: full(n.effect(r))}
		for _, c := range r.Command {
			v.Command = append(v.Command, shellLine(c))
		}
		out = append(out, v)
	}
	return out
}

// shellLine is a command to paste; an argument that is not plain is quoted and
// made visible.
func shellLine(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = a
		if a == "" || strings.Trim(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") != "" {
			quoted[i] = "'" + strings.ReplaceAll(Clean(a, 0), "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// remedy says what to do. The catalog's words stay as they are: they may begin
// with a command.
func (n names) remedy(r remedy.Remedy) string {
	if r.Text != "" {
		return Clean(r.Text, 0)
	}
	return full(n.ownWords(r))
}

func (n names) ownWords(r remedy.Remedy) string {
	switch r.Kind {
	case remedy.Wait:
		return "wait until the ended connections are gone, a minute at most"
	case remedy.Port:
		return "give your server another port"
	case remedy.Address:
		return "bind another address: only " + n.row(r.About) + " is taken"
	case remedy.Move:
		return "give " + n.row(r.About) + " another port, in its own settings"
	case remedy.Stop:
		if r.Args["state"] == "stopped" {
			return "end " + n.row(r.About) + "; a stopped process ends only when it is woken too"
		}
		return "stop " + n.row(r.About)
	case remedy.Startup:
		return "keep " + n.row(r.About) + " from starting at boot"
	}
	return string(r.Kind)
}

func (n names) effect(r remedy.Remedy) string {
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

// full makes a sentence of a phrase: a capital and a full stop.
func full(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return upper(s)
	}
	return upper(s) + "."
}
