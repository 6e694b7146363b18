package gather

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Claim is what a text says of who has a port, short of a row of a socket table: the
// program without its PID, as netstat -b has it, or a port without its address, as
// control panels have it.
type Claim struct {
	Socket   fact.ID // of one socket; "" = of whatever listens on Port
	Port     uint16
	PID      int
	Program  string // image or path
	Kernel   bool   // HTTP.sys answered there
	Evidence string
}

// Claim notes c; what it adds to the other texts is found out at the end.
func (s *System) Claim(c Claim) {
	if len(s.claims) == maxClaims {
		s.truncated("programs named beside ports")
		return
	}
	s.rows++
	s.claims = append(s.claims, c)
}

// maxClaims bounds the claims of one machine.
const maxClaims = 4096

// settle gives each claim its socket. One that no listing has is listed now: where
// it listens nobody told, so it is shown on every address, with a gap.
func (s *System) settle() {
	for _, c := range s.claims {
		if c.Kernel && c.PID == 0 || strings.EqualFold(c.Program, "System") {
			c.PID = 4
		}
		found := false
		for i := range s.set.Sockets {
			if k := &s.set.Sockets[i]; c.meets(k) {
				found = true
				s.claimed(k, c)
			}
		}
		if !found && c.Socket == "" {
			at := netip.AddrPortFrom(netip.IPv4Unspecified(), c.Port)
			id := s.Socket(fact.Socket{Proto: fact.TCP, Local: at, State: fact.Listen, PID: c.PID, Evidence: c.Evidence}, 0)
			s.gaps = append(s.gaps, fact.Gap{Kind: fact.GapNotInPaste, Subject: "addresses of port " + at.String()[len("0.0.0.0:"):], Hint: "netstat -ano", About: id})
			if k := s.socket(id); k != nil {
				s.claimed(k, c)
			}
		}
	}
	s.claims = nil
}

func (c Claim) meets(k *fact.Socket) bool {
	if c.Socket != "" {
		return k.ID == c.Socket
	}
	return k.Proto == fact.TCP && k.State == fact.Listen && k.Local.Port() == c.Port && (c.PID == 0 || k.PID == 0 || k.PID == c.PID)
}

func (s *System) socket(id fact.ID) *fact.Socket {
	i := slices.IndexFunc(s.set.Sockets, func(k fact.Socket) bool { return k.ID == id })
	if i < 0 {
		return nil
	}
	return &s.set.Sockets[i]
}

// claimed names the owner of a socket.
func (s *System) claimed(k *fact.Socket, c Claim) {
	if k.PID == 0 {
		k.PID = c.PID
	}
	name := c.Program[strings.LastIndexAny(c.Program, `\/`)+1:]
	exe := ""
	if name != c.Program {
		exe = c.Program
	}
	switch {
	case k.PID != 0:
		if had := s.name(k.PID); had == "" || strings.EqualFold(had, name) {
			s.Process(k.PID, name, exe, c.Evidence)
		}
		s.Holder(k.ID, k.PID, c.Evidence, "")
	case name != "":
		s.link(k.ID, s.nameless(name, exe, c.Evidence), fact.HeldBy, c.Evidence, "")
	}
}

// nameless is the row of a program whose PID nobody told.
func (s *System) nameless(name, exe, evidence string) fact.ID {
	id := fact.ProcessNameID(name)
	row := fact.Process{ID: id, Name: name, Exe: exe, Evidence: evidence}
	s.set.Processes = fresh(s, s.set.Processes, []fact.Process{row}, func(r fact.Process) fact.ID { return r.ID })
	return id
}
