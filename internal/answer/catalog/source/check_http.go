package source

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
)

// checkOwners wants every service and every default reservation in one entry only.
func checkOwners(rows []Row) error {
	seen := make(map[string]*Row)
	for i := range rows {
		for _, key := range owned(&rows[i]) {
			if other := seen[strings.ToLower(key)]; other != nil {
				return rows[i].err("%s is also in %s, %s:%d", key, other.ID, other.File, other.Line)
			}
			seen[strings.ToLower(key)] = &rows[i]
		}
	}
	return nil
}

func owned(r *Row) []string {
	var keys []string
	for _, s := range r.Services {
		keys = append(keys, "service "+s.Name)
		if s.Display != "" {
			keys = append(keys, "service shown as "+s.Display)
		}
	}
	for _, p := range r.HTTP {
		if p.Reserved {
			keys = append(keys, "reservation "+p.URL)
		}
	}
	return keys
}

func checkProof(r *Row) error {
	switch {
	case r.Kind == catalog.Blamed:
		return checkText("proof", r.Proof)
	case r.Proof != "":
		return broken("proof", "proof is for the blamed: a %s listens", r.Kind)
	}
	return nil
}

func checkServices(r *Row) error {
	for _, s := range r.Services {
		if err := checkText("name", s.Name); err != nil {
			return broken("services", "service: %s", err)
		}
		if err := checkOptional("display", s.Display); err != nil {
			return broken("services", "service %s: %s", s.Name, err)
		}
	}
	for _, f := range r.Features {
		if f == "" || strings.ContainsAny(f, " \t") || hasControl(f) {
			return broken("features", "feature %q: want one word, as dism lists it", f)
		}
	}
	return nil
}

func checkHTTP(r *Row) error {
	for _, p := range r.HTTP {
		if what := wrongPrefix(p); what != "" {
			return problem{key: "url", value: strconv.Quote(p.URL), what: "url " + strconv.Quote(p.URL) + ": " + what}
		}
	}
	return nil
}

func wrongPrefix(p catalog.Prefix) string {
	scheme, rest, _ := strings.Cut(p.URL, "://")
	authority, path, slash := strings.Cut(rest, "/")
	host, port, _ := strings.Cut(authority, ":")
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case scheme != "http" && scheme != "https":
		return "want http:// or https://"
	case host == "" || strings.ContainsAny(host, "[]"):
		return "want a host name, + or *"
	case port != "*" && (err != nil || n == 0):
		return "want a port, or * for any"
	case !slash || path != "" && !strings.HasSuffix(path, "/") && !strings.HasSuffix(path, "*"):
		return "want a slash at its end"
	case hasControl(p.URL) || strings.ContainsAny(p.URL, "?%\" "):
		return "is no URL prefix"
	case p.Reserved && (port == "*" || strings.HasSuffix(p.URL, "*")):
		return "a reservation names its port and its whole path"
	case !p.Reserved && (p.SDDL != "" || p.Everywhere):
		return "sddl and everywhere belong to a reservation"
	case p.Usual > 3:
		return "usual goes from 0 to 3"
	case p.SDDL != "" && !strings.HasPrefix(p.SDDL, "D:("):
		return "sddl: want D:( and its entries"
	}
	return ""
}
