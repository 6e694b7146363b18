package docroot_test

import (
	"testing"

	"github.com/berthd/berth/internal/answer/docroot"
	"github.com/berthd/berth/internal/fact"
)

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		config  string
		defines map[string]string
		err     string
		kind    docroot.Kind
		where   string
		site    string
	}{
		"no WordPress":           {"", nil, "", docroot.Plain, "", ""},
		"a network":              {"wp-config.php", map[string]string{"MULTISITE": "true", "DOMAIN_CURRENT_SITE": "example.org"}, "", docroot.Network, "", "example.org"},
		"the same, switched off": {"wp-config.php", map[string]string{"MULTISITE": "false"}, "", docroot.Single, "database", ""},
		"by its domain alone":    {"wp-config.php", map[string]string{"DOMAIN_CURRENT_SITE": "example.org"}, "", docroot.Network, "", "example.org"},
		"only allowed":           {"wp-config.php", map[string]string{"WP_ALLOW_MULTISITE": "true"}, "", docroot.Single, "database", ""},
		"in the database":        {"wp-config.php", map[string]string{"DB_NAME": "wp"}, "", docroot.Single, "database", ""},
		"in constants":           {"wp-config.php", map[string]string{"WP_HOME": "http://a/", "WP_SITEURL": "http://a/wp"}, "", docroot.Single, "config", "http://a/wp"},
		"home alone":             {"wp-config.php", map[string]string{"WP_HOME": "http://a/"}, "", docroot.Single, "config", "http://a/"},
		"closed":                 {"wp-config.php", nil, "permission denied", docroot.Unread, "", ""},
	} {
		v := docroot.Judge(fact.DocRoot{Path: "/srv", Config: c.config, Defines: c.defines, Err: c.err})
		if v.Kind != c.kind || v.Where != c.where || v.Site != c.site {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := docroot.Judge(fact.DocRoot{Config: "x", Defines: map[string]string{"MULTISITE": "1", "SUBDOMAIN_INSTALL": "true"}}); !v.Subdomains {
		t.Error("a network of subdomains")
	}
}

func TestAtPort(t *testing.T) {
	for _, c := range [][3]string{
		{"http://example.org/blog", "8080", "http://example.org:8080/blog"}, {"http://example.org:8080", "80", "http://example.org"},
		{"https://example.org", "443", "https://example.org"}, {"https://example.org", "80", "https://example.org:80"}, {"http://[::1]/", "81", "http://[::1]:81/"},
		{"example.org", "81", ""}, {"%", "81", ""},
	} {
		if got := docroot.AtPort(c[0], c[1]); got != c[2] {
			t.Errorf("%s at %s: %q", c[0], c[1], got)
		}
	}
}
