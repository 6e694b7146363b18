package docroot_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/machine/docroot"
)

const network = `<?php
/** The name of the database for WordPress */
define( 'DB_NAME', 'database_name_here' );
define( 'DB_PASSWORD', 'geheim' );
define( 'AUTH_KEY', 'put your unique phrase here' );
$table_prefix = 'wp_';
define( 'WP_DEBUG', false );
/* Multisite */
define( 'WP_ALLOW_MULTISITE', true );
define( 'MULTISITE', true );
define( 'SUBDOMAIN_INSTALL', true );
define( 'DOMAIN_CURRENT_SITE', 'example.org' );
define( 'PATH_CURRENT_SITE', '/' );
define( 'SITE_ID_CURRENT_SITE', 1 );
/* That's all, stop editing! Happy publishing. */
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
`

func TestDefines(t *testing.T) {
	got := docroot.Defines([]byte(network))
	want := map[string]string{"WP_DEBUG": "false", "WP_ALLOW_MULTISITE": "true", "MULTISITE": "true", "SUBDOMAIN_INSTALL": "true",
		"DOMAIN_CURRENT_SITE": "example.org", "PATH_CURRENT_SITE": "/", "SITE_ID_CURRENT_SITE": "1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The same line, and what stands around it.
func TestWhereADefineCounts(t *testing.T) {
	const line = "define('MULTISITE', true);"
	for _, c := range []struct {
		src  string
		want string
	}{
		{"<?php " + line, "true"},
		{"<?PHP\n" + line, "true"},
		{"<?php // " + line, ""},
		{"<?php # " + line, ""},
		{"<?php /* " + line + " */", ""},
		{"<?php /* " + line, ""},
		{"<?php // x ?> <?php " + line, "true"},
		{"<?php // x\n" + line, "true"},
		{line, ""},
		{"<?php ?>" + line, ""},
		{"<?php $a = \"" + line + "\";", ""},
		{"<?php $a = 'it\\'s'; " + line, "true"},
		{"<?php $a = <<<EOT\n" + line + "\nEOT;\n", ""},
		{"<?php $a = <<<'EOT'\nx\n  EOT;\n" + line, "true"},
		{"<?php define(\"MULTISITE\", TRUE);", "TRUE"},
		{"<?php const MULTISITE = true;", "true"},
		{"<?php define('MULTISITE', getenv('X'));", ""},
		{"<?php define('MULTISITE', 'a' . 'b');", ""},
		{"<?php define('MULTISITE', \"$x\");", ""},
		{"<?php define('MULTISITE', -1);", ""},
		{"<?php define(MULTISITE, true);", ""},
		{"<?php define('MULTISITE'", ""},
		{"<?php define define('MULTISITE', 1);", "1"},
		{"<?php define('MULTISITE', false); " + line, "false"},
		{"<?php if (!defined('MULTISITE')) " + line, "true"},
		{"<?php define('MULTISITE', true, false);", "true"},
	} {
		if got := docroot.Defines([]byte(c.src))["MULTISITE"]; got != c.want {
			t.Errorf("%s: %q, want %q", c.src, got, c.want)
		}
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("net/wp-config.php", network)
	write("plain/index.html", "hello")
	write("up/wp-config.php", "<?php define('WP_HOME','http://a');")
	write("up/htdocs/wp-load.php", "")
	write("up/other/index.php", "")
	write("own/wp-config.php", network)
	write("own/wp-settings.php", "")
	write("own/sub/wp-load.php", "")
	write("big/wp-config.php", "<?php define('WP_HOME','http://a');"+strings.Repeat(" ", docroot.MaxConfig))
	if err := os.MkdirAll(filepath.Join(dir, "odd", "wp-config.php"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"net": "net/wp-config.php MULTISITE", "plain": "", "up/htdocs": "up/wp-config.php WP_HOME", "up/other": "", "own/sub": "",
		"big": "big/wp-config.php WP_HOME err", "odd": "odd/wp-config.php err", "absent": "",
	} {
		roots, cut := docroot.Read([]string{filepath.Join(dir, name), filepath.Join(dir, name) + "/"})
		if len(roots) != 1 || cut {
			t.Fatalf("%s: %v", name, roots)
		}
		got := ""
		if r := roots[0]; r.Config != "" {
			rel, _ := filepath.Rel(dir, r.Config)
			got = filepath.ToSlash(rel)
			for _, d := range []string{"MULTISITE", "WP_HOME"} {
				if r.Defines[d] != "" {
					got += " " + d
				}
			}
			if r.Err != "" {
				got += " err"
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	many := make([]string, docroot.MaxRoots+1)
	for i := range many {
		many[i] = filepath.Join(dir, "x", strings.Repeat("a", i%200+1), strings.Repeat("b", i/200+1))
	}
	if roots, cut := docroot.Read(many); len(roots) != docroot.MaxRoots || !cut {
		t.Errorf("%d %v", len(roots), cut)
	}
}

func FuzzDefines(f *testing.F) {
	f.Add([]byte(network))
	f.Add([]byte("<?php $a = <<<'EOT'\nx\n  EOT;\ndefine(\"A\", 1); ?> <b> <?= 1"))
	f.Add([]byte("<?php const A = 'x', B = 2; # c\n/* d"))
	f.Fuzz(func(t *testing.T, src []byte) {
		for name := range docroot.Defines(src) {
			if !strings.Contains(string(src), name) && !strings.Contains(string(src), `\`) {
				t.Errorf("%q is not in the source", name)
			}
		}
	})
}
