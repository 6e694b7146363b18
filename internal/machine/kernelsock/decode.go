package kernelsock

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/netlink"
)

// Attributes of a link message, by the kernel's numbers.
const (
	linkHeader, linkFlags, linkUp = 16, 8, 1
	linkName, linkInfo            = 3, 18
	infoKind, infoData            = 1, 2
	vxlanPort, genevePort         = 15, 5
	bareudpPort                   = 1
	genericHeader                 = 4
	familyID, familyName          = 1, 2
	wireguardName, wireguardPort  = 2, 6
	l2tpName, l2tpPort            = 8, 26
	fouPort                       = 1
)

// decodeLink reads one link message. ok is false for devices that hold no port;
// most hold it only while they are up.
func decodeLink(b []byte) (p part, ok bool) {
	if len(b) < linkHeader {
		return p, false
	}
	attrs := b[linkHeader:]
	info := find(attrs, linkInfo)
	p.kind, p.name, p.proto = text(find(info, infoKind)), text(find(attrs, linkName)), fact.UDP
	data := find(info, infoData)
	switch p.kind {
	case "vxlan":
		p.port = big16(find(data, vxlanPort))
	case "geneve":
		p.port = big16(find(data, genevePort))
	case "bareudp":
		p.port = big16(find(data, bareudpPort))
	case "gtp":
		p.port = 2152
	case "pfcp":
		p.port = 8805
	}
	up := binary.NativeEndian.Uint32(b[linkFlags:])&linkUp != 0
	if !up && p.kind != "gtp" && p.kind != "pfcp" {
		return p, false
	}
	p.evidence = "rtnetlink: " + p.name + " is of kind " + p.kind
	return p, p.port != 0 || p.kind == "wireguard" // whose port generic netlink tells
}

// family is a generic netlink family whose objects hold UDP ports.
type family struct {
	name      string
	get       byte // command that lists its objects
	nameAttr  uint16
	portAttr  uint16
	bigEndian bool
}

var families = [...]family{
	{name: "wireguard", get: 0, nameAttr: wireguardName, portAttr: wireguardPort},
	{name: "l2tp", get: 4, nameAttr: l2tpName, portAttr: l2tpPort},
	{name: "fou", get: 3, portAttr: fouPort, bigEndian: true},
}

// decodeFamily reads one answer to a listing of generic netlink families.
func decodeFamily(b []byte) (name string, id uint16) {
	if len(b) < genericHeader {
		return "", 0
	}
	if d := find(b[genericHeader:], familyID); len(d) >= 2 {
		id = binary.NativeEndian.Uint16(d)
	}
	return text(find(b[genericHeader:], familyName)), id
}

// decodeObject reads one object of a family; ok is false where it has no port.
func (f family) decodeObject(b []byte) (p part, ok bool) {
	if len(b) < genericHeader {
		return p, false
	}
	attrs := b[genericHeader:]
	p = part{kind: f.name, proto: fact.UDP, evidence: "generic netlink " + f.name}
	if f.nameAttr != 0 {
		p.name = text(find(attrs, f.nameAttr))
	}
	switch d := find(attrs, f.portAttr); {
	case len(d) < 2:
	case f.bigEndian:
		p.port = binary.BigEndian.Uint16(d)
	default:
		p.port = binary.NativeEndian.Uint16(d)
	}
	return p, p.port != 0
}

func find(b []byte, want uint16) []byte {
	for typ, data := range netlink.Attrs(b) {
		if typ == want {
			return data
		}
	}
	return nil
}

func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

func big16(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

// decodePortlist reads nfsd's own list: lines of a transport and a port.
func decodePortlist(b []byte, evidence string) []part {
	var list []part
	for line := range bytes.Lines(b) {
		words := bytes.Fields(line)
		if len(words) < 2 || len(list) >= 64 {
			continue
		}
		proto := fact.Proto(words[0])
		if port, ok := portNumber(words[1]); ok && (proto == fact.TCP || proto == fact.UDP) {
			list = append(list, part{kind: "nfsd", proto: proto, port: port, evidence: evidence})
		}
	}
	return list
}

// portNumber reads a decimal port; 0 is none.
func portNumber(b []byte) (uint16, bool) {
	n, err := strconv.ParseUint(string(bytes.TrimSpace(b)), 10, 16)
	return uint16(n), err == nil && n != 0
}

// portalPort reads the name of an iSCSI portal, "0.0.0.0:3260" or "[::]:3260".
func portalPort(name string) (uint16, bool) {
	end, err := netip.ParseAddrPort(name)
	return end.Port(), err == nil && end.Port() != 0
}
