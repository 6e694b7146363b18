package catalog

import (
	"strconv"
	"strings"
)

// Prefix is a URL that an entry registers with HTTP.sys, or may register.
type Prefix struct {
	// URL is written as netsh prints it, http://+:80/path/. The port * is whatever
	// port it was told to take; a path that ends in * is anything below.
	URL string
	// Reserved: Windows, or the set-up of the product, reserves it for this entry.
	Reserved bool
	SDDL     string // of that reservation, as captured; "" = never captured
	// Everywhere: every Windows has the reservation, so that finding it says
	// nothing about who listens.
	Everywhere bool
	// Usual says how often it is for this one where the kernel holds the port: 0 to 3,
	// rarely to mostly.
	Usual uint8
}

// Reserved finds the entry for which url is reserved by default, by Windows or by
// the set-up of a product. Scheme, host, port and path are compared without case,
// with or without the last slash. A longer path is somebody's own reservation, not
// the default one, and is not found.
func Reserved(url string) (*Entry, bool) {
	e, p := reservedAs(func(own string) bool { return samePrefix(own, url) })
	return e, p != nil
}

// reservedAs finds the first default reservation that is wanted; nil, nil for none.
func reservedAs(wanted func(url string) bool) (*Entry, *Prefix) {
	for i := range table {
		for j := range table[i].HTTP {
			if p := &table[i].HTTP[j]; p.Reserved && wanted(p.URL) {
				return &table[i], p
			}
		}
	}
	return nil, nil
}

// ServiceShownAs finds the name of the Windows service that an English Windows shows
// as display, without case.
func ServiceShownAs(display string) (name string, ok bool) {
	for i := range table {
		for _, s := range table[i].Services {
			if s.Display != "" && strings.EqualFold(s.Display, display) && !strings.Contains(s.Name, "*") {
				return s.Name, true
			}
		}
	}
	return "", false
}

func samePrefix(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "/"), strings.TrimSuffix(b, "/"))
}

// SplitPrefix takes scheme://host:port/path apart. The host is without brackets;
// port is 0 for the * of a [Prefix]; the second address in
// HTTP://127.0.0.1:80:127.0.0.1/ is left out. ok is false where the port is missing or none.
func SplitPrefix(url string) (host string, port uint16, path string, ok bool) {
	_, rest, ok := strings.Cut(url, "://")
	authority, path, _ := strings.Cut(rest, "/")
	host, digits, colon := strings.Cut(authority, ":")
	if six, after, bracket := strings.Cut(strings.TrimPrefix(authority, "["), "]"); bracket && authority[0] == '[' {
		host = six
		_, digits, colon = strings.Cut(after, ":")
	}
	digits, _, _ = strings.Cut(digits, ":")
	if !ok || !colon || digits == "*" {
		return host, 0, "/" + path, ok && colon
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	return host, uint16(n), "/" + path, err == nil && n != 0
}
