package catalog

import "strings"

// RemedyKind is the first part of a remedy's ID, KIND[:TARGET].
type RemedyKind string

// Kinds of remedy, gentlest first.
const (
	Wait     RemedyKind = "wait"
	Port     RemedyKind = "port"
	Address  RemedyKind = "address"
	Share    RemedyKind = "share"
	Move     RemedyKind = "move"
	Stop     RemedyKind = "stop"
	Startup  RemedyKind = "startup"
	Order    RemedyKind = "order"
	IPListen RemedyKind = "iplisten"
	Split    RemedyKind = "split"
	Exclude  RemedyKind = "exclude"
	Feature  RemedyKind = "feature"
	Kernel   RemedyKind = "kernel"
	Kill     RemedyKind = "kill"
)

// RemedyKinds returns every kind, gentlest first.
func RemedyKinds() []RemedyKind {
	return []RemedyKind{
		Wait, Port, Address, Share, Move, Stop, Startup, Order,
		IPListen, Split, Exclude, Feature, Kernel, Kill,
	}
}

// Rank is the place of k among [RemedyKinds], or -1 for an unknown kind.
func (k RemedyKind) Rank() int {
	for i, known := range RemedyKinds() {
		if k == known {
			return i
		}
	}
	return -1
}

// Reversal says how a remedy can be taken back.
type Reversal string

// Ways to take a remedy back.
const (
	Reversible  Reversal = "reversible"  // exactly as before
	Restartable Reversal = "restartable" // the same thing is started again; PID, uptime and connections are gone
	Final       Reversal = "final"       // cannot be taken back
)

// Remedy is something that can be done. Its texts may hold placeholders such as
// {unit}; [Fill] replaces them.
type Remedy struct {
	ID       string // KIND[:TARGET]; the target may be a placeholder
	Text     string // what to do, with the exact command or setting
	Effect   string // what stops working; "" = nothing
	Undo     string // how to take it back; "" only where Reversal is Final or nothing was changed
	Reversal Reversal
}

// Kind is the first part of the remedy's ID.
func (r Remedy) Kind() RemedyKind {
	kind, _, _ := strings.Cut(r.ID, ":")
	return RemedyKind(kind)
}

// Target is the second part of the remedy's ID, "" where it has none.
func (r Remedy) Target() string {
	_, target, _ := strings.Cut(r.ID, ":")
	return target
}

// Placeholders returns the words that may stand in braces in a remedy's texts.
func Placeholders() []string {
	return []string{"addr", "container", "pid", "port", "proto", "service", "unit", "url", "user"}
}

// Fill replaces each {word} of [Placeholders] in text by value(word). Where that
// is "" the word stands in capitals, as in a manual: "systemctl stop UNIT".
// Braces around anything else stay as they are.
func Fill(text string, value func(word string) string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		word, after, closed := strings.Cut(rest, "}")
		if !closed || !isPlaceholder(word) {
			b.WriteByte('{')
			text = rest
			continue
		}
		if v := value(word); v != "" {
			b.WriteString(v)
		} else {
			b.WriteString(strings.ToUpper(word))
		}
		text = after
	}
}

func isPlaceholder(word string) bool {
	for _, p := range Placeholders() {
		if p == word {
			return true
		}
	}
	return false
}
