// Package alike says look-alikes in words: what reads like a port conflict, what it
// is instead, and what puts it right.
package alike

import (
	"cmp"
	"fmt"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/lookalike"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Write says the look-alikes, each with its line and what puts it right.
func Write(b *strings.Builder, st layout.Style, found []lookalike.Found) {
	for i, f := range found {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintln(b, st.Strong(layout.Wrap(Headline(f), "", st.Width)))
		fmt.Fprintf(b, "  %s\n", layout.Wrap(sentence.Upper(where(f))+": “"+sentence.Clean(f.Words, sentence.CommandWidth)+"”.", "  ", st.Width))
		if w := Way(f); w != "" {
			fmt.Fprintf(b, "  %s\n", layout.Wrap(w, "  ", st.Width))
		}
	}
}

// Rows are the look-alikes as api/v1 says them; the list is never nil.
func Rows(found []lookalike.Found) []v1.LookAlike {
	out := make([]v1.LookAlike, 0, len(found))
	for _, f := range found {
		out = append(out, v1.LookAlike{ID: string(f.ID), Confidence: f.Sure, Conflict: !f.NotConflict(), Text: Headline(f), Remedy: Way(f),
			Line: sentence.Clean(f.Words, 0), Where: where(f), Args: f.Args})
	}
	return out
}

func where(f lookalike.Found) string {
	return cmp.Or(sentence.Clean(f.Where, 160), "a line of the texts")
}

// Headline says that f is no port conflict, or where else to look, and what it is.
func Headline(f lookalike.Found) string {
	s := what(f)
	if f.NotConflict() {
		return "This is not a port conflict: " + s
	}
	return sentence.Upper(s)
}

// what says what f is.
func what(f lookalike.Found) string {
	switch f.ID {
	case lookalike.DockerChain:
		return "the chain that Docker keeps in the packet filter is gone, most often because firewalld or an iptables script flushed it. Nobody need have the port."
	case lookalike.ClientBlocked:
		return "a connection that goes out" + to(f) + " was forbidden, and no port was asked for. A firewall or a security product blocks the program."
	case lookalike.ClientPorts:
		return "a connection that goes out" + to(f) + " found no local port or address to start from. All of them are in use, or the program insists on one; nobody was refused a port to listen on."
	case lookalike.SocketFile:
		return "the address is a file" + path(f) + ", not a port. It is left over from a server that has gone, or another copy listens on it."
	case lookalike.HostsFile:
		return "the development server says the same of every port (" + sentence.Name(f.Args["ports"]) + "). Its own look at the port fails, most often because localhost has no address in the hosts file."
	case lookalike.SecondFamily:
		return "the server has the port already, for the other address family, and runs. The warning is about its second socket."
	case lookalike.MalformedURL:
		return "the port stands behind the slash of the URL " + sentence.Name(f.Args["url"]) + ", so that the server takes the default port 80."
	case lookalike.PIDFile:
		return "the server looked at the file" + path(f) + ", which says that it runs, and did not try to listen at all."
	case lookalike.OwnService:
		return "the panel's own " + cmp.Or(sentence.Name(f.Args["module"]), "server") + " has port " + sentence.Name(f.Args["port"]) + ", as a Windows service. It runs already; it need not be started."
	case lookalike.OtherMachine:
		return "port " + sentence.Name(f.Args["port"]) + " was asked for on the other machine, the ssh server. Nothing on this side is in the way."
	case lookalike.WSL1:
		return "this is WSL 1, which has no ports of its own. A program of Windows may have the port, unseen from inside, and some options of sockets do not work there."
	case lookalike.WrongProbe:
		return "that nobody answers on localhost says nothing of the other addresses: port " + sentence.Name(f.Args["port"]) + " can be held on one of them, and a bind of all addresses then fails."
	}
	return "the line only reads like one."
}

// Way says what puts f right, "" where there is nothing to do.
func Way(f lookalike.Found) string {
	switch f.ID {
	case lookalike.DockerChain:
		return "Restart Docker, which makes its chains again: sudo systemctl restart docker."
	case lookalike.ClientBlocked:
		return "Allow the program in the firewall or the security product, or see whether it works with that one switched off for a moment."
	case lookalike.ClientPorts:
		return "Keep connections open in place of opening new ones, widen the range of local ports, or give up the fixed one."
	case lookalike.SocketFile:
		return "If nobody listens on it, remove the file and start the server again; else stop the other copy."
	case lookalike.HostsFile:
		return "Put the line 127.0.0.1 localhost into the hosts file."
	case lookalike.MalformedURL:
		return "Write the port behind the host: http://localhost:" + sentence.Name(f.Args["port"]) + "/."
	case lookalike.PIDFile:
		return "If no server listens, remove the file; else stop the server that it names."
	case lookalike.OtherMachine:
		return "End the old ssh connection that still has the port there, or ask for another port."
	case lookalike.WSL1:
		return "Look on the Windows side, or convert the distribution to WSL 2: wsl --set-version NAME 2."
	case lookalike.WrongProbe:
		return "Probe the address that the server asks for, or list who listens."
	}
	return ""
}

func to(f lookalike.Found) string {
	if t := f.Args["target"]; t != "" {
		return ", to " + sentence.Name(t) + ","
	}
	return ""
}

func path(f lookalike.Found) string {
	if p := f.Args["path"]; p != "" {
		return " (" + sentence.Clean(p, 160) + ")"
	}
	return ""
}
