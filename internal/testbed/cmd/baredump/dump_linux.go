package main

import (
	"encoding/binary"
	"fmt"
	"syscall"
)

// Numbers of linux/inet_diag.h, linux/sock_diag.h and linux/netlink.h.
const (
	netlinkSockDiag = 4
	byFamily        = 20
	anyTCP          = 18 // the older request: TCP alone, both families in one walk
	dump            = syscall.NLM_F_REQUEST | syscall.NLM_F_ROOT | syscall.NLM_F_MATCH
	header          = 16
	payload         = 56 // of both requests
	stateClose      = 1 << 7
	stateListen     = 1 << 10
)

// count is the number of rows of all tables.
func count(port uint16) (rows int, err error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, netlinkSockDiag)
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 32<<10)
	one := func(request []byte) error {
		if err := syscall.Sendto(fd, request, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
			return err
		}
		n, err := receive(fd, buf)
		rows += n
		return err
	}
	if err := one(request(anyTCP, 0, 0, stateListen, port)); err != nil {
		return rows, fmt.Errorf("tcp: %w", err)
	}
	for _, p := range []byte{syscall.IPPROTO_UDP, syscall.IPPROTO_UDPLITE, syscall.IPPROTO_SCTP} {
		states := uint32(stateClose)
		if p == syscall.IPPROTO_SCTP {
			states |= stateListen
		}
		for _, family := range []byte{syscall.AF_INET, syscall.AF_INET6} {
			if err := one(request(byFamily, family, p, states, port)); err != nil {
				if p == syscall.IPPROTO_UDP {
					return rows, fmt.Errorf("udp: %w", err)
				}
				break // no such protocol in this kernel
			}
		}
	}
	return rows, nil
}

// request is one dump of the sockets whose local port is port: compared as the
// identity, which the kernel looks at first, and by a filter program, for the
// tables where it does not.
func request(kind uint16, family, protocol byte, states uint32, port uint16) []byte {
	ne := binary.NativeEndian
	b := make([]byte, header+payload+4+16)
	ne.PutUint32(b, uint32(len(b)))
	ne.PutUint16(b[4:], kind)
	ne.PutUint16(b[6:], dump)
	b[header], b[header+1] = family, protocol
	id := b[header+8:]
	if kind == anyTCP {
		ne.PutUint32(b[header+52:], states)
		id = b[header+4:]
		b[header+1] = 0
	} else {
		ne.PutUint32(b[header+4:], states)
	}
	binary.BigEndian.PutUint16(id, port)
	attr := b[header+payload:]
	ne.PutUint16(attr, 4+16)
	ne.PutUint16(attr[2:], 1)
	const atLeast, atMost, wide = 2, 3, 8
	attr[4], attr[5] = atLeast, wide
	ne.PutUint16(attr[6:], 20)
	ne.PutUint16(attr[10:], port)
	attr[12], attr[13] = atMost, wide
	ne.PutUint16(attr[14:], 12)
	ne.PutUint16(attr[18:], port)
	return b
}

// receive counts the rows of one answer.
func receive(fd int, buf []byte) (rows int, err error) {
	for {
		n, _, err := syscall.Recvfrom(fd, buf, 0)
		if err != nil {
			return rows, err
		}
		for b := buf[:n]; len(b) >= header; {
			size := int(binary.NativeEndian.Uint32(b))
			if size < header || size > len(b) {
				return rows, syscall.EBADMSG
			}
			switch binary.NativeEndian.Uint16(b[4:]) {
			case syscall.NLMSG_DONE:
				return rows, refusal(b[header:size])
			case syscall.NLMSG_ERROR:
				return rows, refusal(b[header:size])
			default:
				rows++
			}
			b = b[min((size+3)&^3, len(b)):]
		}
	}
}

// refusal is the errno at the end of an answer.
func refusal(b []byte) error {
	if len(b) >= 4 {
		if code := int32(binary.NativeEndian.Uint32(b)); code < 0 {
			return syscall.Errno(-code)
		}
	}
	return nil
}
