// Package docroot judges what a WordPress in a document root means for a server that
// is to be moved to another port. It is pure; machine/docroot reads.
package docroot

import (
	"net/url"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Kind is what a document root holds.
type Kind string

// The kinds.
const (
	Plain   Kind = "plain"   // no WordPress
	Single  Kind = "single"  // one site: its address, port included, is in its own data
	Network Kind = "network" // a Multisite network: it cannot live off 80 and 443
	Unread  Kind = "unread"  // a WordPress whose configuration could not be read
)

// Verdict is what one document root means.
type Verdict struct {
	Root string
	Kind Kind
	// Where tells where the address of a single site stands: "config" (constants of
	// wp-config.php) or "database" (the options home and siteurl).
	Where string
	// Site is the address that the configuration names, "" where it names none.
	Site string
	// Subdomains tells that each site of a network has a host name of its own.
	Subdomains bool
	// Allowed: networks are allowed there and none was made yet.
	Allowed bool
}

// Judge judges one root.
func Judge(r fact.DocRoot) Verdict {
	v := Verdict{Root: r.Path, Kind: Plain}
	switch {
	case r.Config == "":
		return v
	case len(r.Defines) == 0 && r.Err != "":
		v.Kind = Unread
		return v
	case truth(r.Defines["MULTISITE"]) || r.Defines["DOMAIN_CURRENT_SITE"] != "":
		v.Kind, v.Site, v.Subdomains = Network, r.Defines["DOMAIN_CURRENT_SITE"], truth(r.Defines["SUBDOMAIN_INSTALL"])
		return v
	}
	v.Kind, v.Where, v.Allowed = Single, "database", truth(r.Defines["WP_ALLOW_MULTISITE"])
	for _, name := range []string{"WP_SITEURL", "WP_HOME"} {
		if site := r.Defines[name]; site != "" && v.Site == "" {
			v.Where, v.Site = "config", site
		}
	}
	return v
}

// truth is PHP's: what is not empty, 0 or false.
func truth(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "0", "false", "null":
		return false
	}
	return true
}

// HasNetwork tells whether one of the roots holds a network.
func HasNetwork(roots []fact.DocRoot) bool {
	for _, r := range roots {
		if Judge(r).Kind == Network {
			return true
		}
	}
	return false
}

// AtPort is the address of a site with another port, as its configuration would
// have to name it; "" where site is no address.
func AtPort(site, port string) string {
	u, err := url.Parse(site)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		u.Host = host
	} else {
		u.Host = host + ":" + port
	}
	return u.String()
}
