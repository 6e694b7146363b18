package apache_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/apache"
)

// disk is a configuration without a disk. A folder cannot be read.
type disk map[string]string

func (d disk) ReadFile(name string) ([]byte, error) {
	s, ok := d[name]
	if ok {
		return []byte(s), nil
	}
	for n := range d {
		if strings.HasPrefix(n, name+"/") {
			return nil, fmt.Errorf("%s is a folder", name)
		}
	}
	return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}

func (d disk) Glob(pattern string) ([]string, error) {
	var out []string
	for name := range d {
		for n := name; n != "." && n != "/" && !strings.HasSuffix(n, ":"); n = path.Dir(n) { // folders, too
			ok, err := path.Match(strings.ReplaceAll(pattern, `\`, "/"), strings.ReplaceAll(n, `\`, "/"))
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

const main = "/etc/apache2/apache2.conf"

func readWith(t *testing.T, d disk, o apache.Options) confedit.Tree {
	t.Helper()
	tree, err := apache.Read(d, main, o)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func read(t *testing.T, d disk) confedit.Tree {
	t.Helper()
	return readWith(t, d, apache.Options{})
}

// said is a place in one line: its file and line, what it spells, what it is.
func said(t confedit.Tree, p confedit.Place) string {
	i := slices.IndexFunc(t.Files, func(f confedit.File) bool { return f.Name == p.File })
	s := fmt.Sprintf("%s:%d %q %s %s:%d", path.Base(p.File), p.Line, t.Files[i].Data[p.From:p.To], p.Role, p.Addr, p.Port)
	if p.Implied {
		s += " implied"
	}
	if p.Via != "" {
		s += " via " + p.Via
	}
	if p.Of != "" {
		s += " of " + p.Of
	}
	return s
}

func places(t confedit.Tree) []string {
	var out []string
	for _, p := range t.Places {
		out = append(out, said(t, p))
	}
	return out
}

func notes(t confedit.Tree) []string {
	var out []string
	for _, n := range t.Notes {
		out = append(out, fmt.Sprintf("%s:%d %s", path.Base(n.File), n.Line, n.Text))
	}
	return out
}

// after is d with edits done.
func after(t *testing.T, d disk, tree confedit.Tree, edits []confedit.Edit) disk {
	t.Helper()
	out := disk{}
	for name, text := range d {
		out[name] = text
	}
	for _, f := range tree.Files {
		data, err := confedit.Apply(f, edits)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(data)
	}
	return out
}

func TestRead(t *testing.T) {
	env := apache.Options{Env: map[string]string{"OUT": "87"}}
	for name, c := range map[string]struct {
		text  string
		want  []string
		notes []string
	}{
		"every form": {"Listen 80\nlisten *:81\n  Listen 127.0.0.1:82 http\nListen [0::0]:83\nListen \"84\"\nListen [::1]:443 https\nListen localhost:85",
			[]string{`apache2.conf:1 "80" listens :80`, `apache2.conf:2 "*:81" listens :81`, `apache2.conf:3 "127.0.0.1:82" listens 127.0.0.1:82`, `apache2.conf:4 "[0::0]:83" listens :::83`,
				`apache2.conf:5 "84" listens :84`, `apache2.conf:6 "[::1]:443" listens ::1:443`, `apache2.conf:7 "localhost:85" listens localhost:85`},
			[]string{"apache2.conf:7 localhost is a name, and may be several addresses"}},
		"comments and lines that go on": {"# Listen 80 \\\nListen 81\n#\nListen \\\r\n 82\r\nListen 8\\\n3\n", []string{`apache2.conf:4 "82" listens :82`, `apache2.conf:6 "8\\\n3" listens :83`}, nil},
		"virtual hosts": {"Listen 80\nListen 443\nNameVirtualHost *:80\n<VirtualHost *:80 _default_:443 [::1]:80>\n ServerName https://www.example.org:443\n</VirtualHost>\n<virtualhost *>\nServerName x:81\n</virtualhost>\n<VirtualHost 10.0.0.1 *:*>\n</VirtualHost>",
			[]string{`apache2.conf:1 "80" listens :80`, `apache2.conf:2 "443" listens :443`, `apache2.conf:3 "*:80" follows :80`, `apache2.conf:4 "*:80" follows :80 of www.example.org`, `apache2.conf:4 "_default_:443" follows :443 of www.example.org`,
				`apache2.conf:4 "[::1]:80" follows ::1:80 of www.example.org`, `apache2.conf:5 "443" announces :443 of www.example.org`, `apache2.conf:8 "81" announces :81 of x`}, nil},
		"variables": {"Define P 80\nDefine L 127.0.0.1:81\nDefine Q ${P}\nListen ${P}\nListen ${L}\nListen 10.0.0.1:${Q}\nListen ${OUT}\nListen ${NO}\nListen 8${P}\nUnDefine P\nListen ${P}",
			[]string{`apache2.conf:4 "${P}" listens :80 via P`, `apache2.conf:5 "${L}" listens 127.0.0.1:81 via L`, `apache2.conf:6 "10.0.0.1:${Q}" listens 10.0.0.1:80 via Q`, `apache2.conf:7 "${OUT}" listens :87 via env:OUT`, `apache2.conf:9 "8${P}" listens :880 via P`},
			[]string{"apache2.conf:8 Listen ${NO}: the port cannot be read", "apache2.conf:11 Listen ${P}: the port cannot be read"}},
		"conditions": {"LoadModule ssl_module modules/mod_ssl.so\n<IfModule ssl_module>\nListen 443\n</IfModule>\n<IfModule mod_ssl.c>\nListen 444\n</IfModule>\n<IfModule !mod_ssl.c>\nListen 445\n</IfModule>\n" +
			"<IfModule gnutls_module>\n<IfDefine X>\nListen 446\n</IfDefine>\n</IfModule>\nDefine X\n<IfDefine X>\nListen 447\n</IfDefine>\n<IfDefine !X>\nListen 448\n</IfDefine>\n<If true>\n</If>",
			[]string{`apache2.conf:3 "443" listens :443`, `apache2.conf:6 "444" listens :444`, `apache2.conf:13 "446" listens :446`, `apache2.conf:18 "447" listens :447`},
			[]string{"apache2.conf:13 only in <ifmodule gnutls_module><ifdefine X>"}},
		"two values": {"Define P 80\n<IfDefine X>\nDefine P 81\n</IfDefine>\nListen ${P}", []string{`apache2.conf:5 "${P}" listens :81 via P`}, []string{"apache2.conf:3 ${P} may still be 80"}},
		"other languages": {"<Perl>\n</VirtualHost>\nListen 80\n</Perl>\n<Macro V $p>\nListen $p\n</Macro>\nUse V 80\nListen 81", []string{`apache2.conf:9 "81" listens :81`},
			[]string{"apache2.conf:5 a macro: what it says is not looked at", "apache2.conf:8 a macro is used: what it says is not looked at"}},
		"what clients are told": {"Listen 80\nListen 443\n<VirtualHost *:80>\nServerName a\nServerAlias b\nRedirect / https://a/\nRedirectMatch ^ https://B:443/$1\nRewriteRule ^ https://%{SERVER_NAME}%{REQUEST_URI} [R]\nRewriteRule ^ https://%{HTTP_HOST}/\n</VirtualHost>",
			[]string{`apache2.conf:1 "80" listens :80`, `apache2.conf:2 "443" listens :443`, `apache2.conf:3 "*:80" follows :80 of a`, `apache2.conf:6 "" announces :443 implied of a`, `apache2.conf:7 "443" announces :443 of a`, `apache2.conf:8 "" announces :443 implied of a`}, nil},
		"the twin: of others":        {"Listen 443\nServerName a\nRedirect / https://c/\nRedirect / https://a:444/\nRedirect / https://a.c/\nProxyPass / http://a:443/", []string{`apache2.conf:1 "443" listens :443`}, nil},
		"what applications are told": {"RequestHeader set X-Forwarded-Port 80\nRequestHeader set X-Forwarded-Proto http", nil, []string{"apache2.conf:1 requestheader tells applications a port"}},
		"what depends on the port": {"RewriteCond %{SERVER_PORT} ^80$\nRewriteCond %{HTTPS} off\n<If \"%{SERVER_PORT} == 80\">\n</If>\n", nil,
			[]string{"apache2.conf:1 rewritecond tests the port of the server", "apache2.conf:3 <if tests the port of the server"}},
	} {
		tree := readWith(t, disk{main: c.text}, env)
		if d := cmp.Diff(c.want, places(tree)); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
		if d := cmp.Diff(c.notes, notes(tree)); d != "" {
			t.Errorf("%s: notes (-want +got)\n%s", name, d)
		}
	}
}

func TestReadIncludes(t *testing.T) {
	d := disk{
		main:                           "Include ports.conf\nIncludeOptional sites/*.conf\nIncludeOptional gone\nInclude gone\nIncludeOptional ${X}/*.conf\nInclude folder\nInclude /etc/other/[ab]/*\nServerRoot /srv\nInclude x",
		"/etc/apache2/ports.conf":      "Listen 80",
		"/etc/apache2/sites/a.conf":    "Include ports.conf\nInclude sites/a.conf",
		"/etc/apache2/sites/.b.conf":   "Listen 1",
		"/etc/apache2/sites/a.conf.no": "Listen 2",
		"/etc/apache2/folder/.b":       "Listen 81",
		"/etc/apache2/folder/sub/c":    "Listen 82",
		"/etc/other/a/c":               "Listen 83",
		"/etc/other/c/c":               "Listen 3",
		"/srv/x":                       "Listen 84",
	}
	tree := read(t, d)
	want := []string{`ports.conf:1 "80" listens :80`, `ports.conf:1 "80" listens :80`, `.b:1 "81" listens :81`, `c:1 "82" listens :82`, `c:1 "83" listens :83`, `x:1 "84" listens :84`}
	if d := cmp.Diff(want, places(tree)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"a.conf:2 /etc/apache2/sites/a.conf includes itself, or is included too deep", "apache2.conf:4 /etc/apache2/gone does not exist; httpd refuses such a configuration",
		"apache2.conf:5 an include of a variable that is not known: ${X}/*.conf"}, notes(tree)); d != "" {
		t.Errorf("notes (-want +got)\n%s", d)
	}
	if _, err := apache.Read(d, "/nowhere", apache.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a main file that is not there: %v", err)
	}
	d["/etc/apache2/ports.conf"] = "\n<IfModule x>\nListen 80\n"
	if _, err := apache.Read(d, main, apache.Options{}); !errors.Is(err, confedit.ErrSyntax) || !strings.Contains(err.Error(), "/etc/apache2/ports.conf:2:") {
		t.Errorf("a broken include: %v", err)
	}
}

// As XAMPP has it: no drive in its own paths, slashes, a Define for the root.
func TestReadXAMPP(t *testing.T) {
	const main = `C:\xampp\apache\conf\httpd.conf`
	d := disk{main: "Define SRVROOT \"/xampp/apache\"\r\nServerRoot \"/xampp/apache\"\r\nListen 80\r\nLoadModule ssl_module modules/mod_ssl.so\r\nServerName localhost:80\r\nInclude \"conf/extra/httpd-ssl.conf\"\r\nIncludeOptional \"${SRVROOT}/conf/v/*.conf\"\r\n",
		"C:/xampp/apache/conf/extra/httpd-ssl.conf": "Listen 443\r\n<VirtualHost _default_:443>\r\nServerName www.example.com:443\r\n</VirtualHost>\r\n",
		"C:/xampp/apache/conf/v/a.conf":             "<VirtualHost *:80>\r\n</VirtualHost>\r\n"}
	tree, err := apache.Read(d, main, apache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	edits, err := apache.Move(tree, confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 8080})
	if err != nil {
		t.Fatal(err)
	}
	now := after(t, d, tree, edits)
	for name, want := range map[string]string{
		main:                            strings.NewReplacer("Listen 80", "Listen 8080", "localhost:80", "localhost:8080").Replace(d[main]),
		"C:/xampp/apache/conf/v/a.conf": strings.ReplaceAll(d["C:/xampp/apache/conf/v/a.conf"], "80", "8080"),
		"C:/xampp/apache/conf/extra/httpd-ssl.conf": d["C:/xampp/apache/conf/extra/httpd-ssl.conf"],
	} {
		if now[name] != want {
			t.Errorf("%s: %q, not %q", name, now[name], want)
		}
	}
	if len(now) != 3 || len(tree.Notes) > 0 {
		t.Errorf("%v, %+v", now, tree.Notes)
	}
}

func TestMove(t *testing.T) {
	from80, to81 := confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 8081}
	for name, c := range map[string]struct {
		text     string
		from, to confedit.Endpoint
		want     string
		err      error
	}{
		"all that goes with it": {"Listen 80 # x\r\nListen 443\r\nNameVirtualHost *:80\r\n<VirtualHost *:80 *:443>\r\n\tServerName a:80\r\n</VirtualHost>", from80, to81,
			"Listen 8081 # x\r\nListen 443\r\nNameVirtualHost *:8081\r\n<VirtualHost *:8081 *:443>\r\n\tServerName a:8081\r\n</VirtualHost>", nil},
		"of one address": {"Listen 127.0.0.1:80\nListen [::1]:80\n<VirtualHost 127.0.0.1:80 *:80 \"*:443\">\nServerName a:80\n</VirtualHost>", confedit.Endpoint{Addr: "127.0.0.1", Port: 80}, to81,
			"Listen 127.0.0.1:8081\nListen [::1]:80\n<VirtualHost 127.0.0.1:8081 *:80 *:8081 \"*:443\">\nServerName a:80\n</VirtualHost>", nil},
		"NameVirtualHost of both": {"Listen 127.0.0.1:80\nListen [::1]:80\n  NameVirtualHost *:80\r\nX", confedit.Endpoint{Addr: "::1", Port: 80}, to81,
			"Listen 127.0.0.1:80\nListen [::1]:8081\n  NameVirtualHost *:80\r\n  NameVirtualHost *:8081\r\nX", nil},
		"the wildcard by its sockets": {"Listen 80", confedit.Endpoint{Addr: "::", Port: 80}, to81, "Listen 8081", nil},
		"to an address":               {"Listen 80\n<VirtualHost *:80>\n</VirtualHost>", from80, confedit.Endpoint{Addr: "::1", Port: 80}, "Listen [::1]:80\n<VirtualHost *:80>\n</VirtualHost>", nil},
		"an address to another": {"Listen 10.0.0.1:80\n<VirtualHost 10.0.0.1:80 10.0.0.2:80>\n</VirtualHost>", from80, confedit.Endpoint{Addr: "10.0.0.3", Port: 80},
			"Listen 10.0.0.3:80\n<VirtualHost 10.0.0.3:80 10.0.0.2:80>\n</VirtualHost>", nil},
		"an address to every": {"Listen 10.0.0.1:80\n<VirtualHost 10.0.0.1:80>\n</VirtualHost>", from80, confedit.Endpoint{Addr: "0.0.0.0", Port: 81}, "Listen 0.0.0.0:81\n<VirtualHost *:81>\n</VirtualHost>", nil},
		"two become one":      {"Listen 0.0.0.0:80\nListen [::]:80\n", from80, confedit.Endpoint{Addr: "127.0.0.1", Port: 8081}, "Listen 127.0.0.1:8081\n", nil},
		"it is there already": {"Listen 80\nListen 8081\n<VirtualHost *:80 *:8081>\n</VirtualHost>\n<VirtualHost \"*:8081\" \"*:80\">\n</VirtualHost>", from80, to81,
			"Listen 8081\n<VirtualHost *:8081>\n</VirtualHost>\n<VirtualHost \"*:8081\">\n</VirtualHost>", nil},
		"the twin: one or the other":      {"<IfModule a>\nListen 80\n</IfModule>\n<IfModule b>\nListen 80\n</IfModule>", from80, to81, "<IfModule a>\nListen 8081\n</IfModule>\n<IfModule b>\nListen 8081\n</IfModule>", nil},
		"a variable":                      {"Define P 80\nListen ${P}\n<VirtualHost *:${P}>\nServerName a:${P}\n</VirtualHost>", from80, to81, "Define P 8081\nListen ${P}\n<VirtualHost *:${P}>\nServerName a:${P}\n</VirtualHost>", nil},
		"a variable of a variable":        {"Define Q 80\nDefine P \"${Q}\"\nListen 127.0.0.1:${P}", from80, to81, "Define Q 8081\nDefine P \"${Q}\"\nListen 127.0.0.1:${P}", nil},
		"a variable with an address":      {"Define L 127.0.0.1:80\nListen ${L}\n<VirtualHost ${L}>\n</VirtualHost>", from80, to81, "Define L 127.0.0.1:8081\nListen ${L}\n<VirtualHost ${L}>\n</VirtualHost>", nil},
		"another address for one":         {"Define L 127.0.0.1:80\nListen ${L}\n<VirtualHost ${L}>\n</VirtualHost>", from80, confedit.Endpoint{Addr: "::1", Port: 80}, "Define L [::1]:80\nListen ${L}\n<VirtualHost ${L}>\n</VirtualHost>", nil},
		"an address for a variable":       {"Define P 80\nListen ${P}\n<VirtualHost *:${P}>\n</VirtualHost>", from80, confedit.Endpoint{Addr: "::1", Port: 8081}, "Define P 8081\nListen [::1]:${P}\n<VirtualHost *:${P}>\n</VirtualHost>", nil},
		"two values":                      {"Define P 80\nListen ${P}\nDefine P 81\nListen ${P}", from80, to81, "", confedit.ErrVariable},
		"two of the same":                 {"<IfDefine A>\nDefine P 80\n</IfDefine>\n<IfDefine !A>\nDefine P 80\n</IfDefine>\nListen ${P}", from80, to81, "<IfDefine A>\nDefine P 8081\n</IfDefine>\n<IfDefine !A>\nDefine P 8081\n</IfDefine>\nListen ${P}", nil},
		"undefined":                       {"Define P 80\nListen ${P}\nUnDefine P", from80, to81, "", confedit.ErrVariable},
		"from outside":                    {"Listen ${OUT}\nDefine OUT 80", from80, to81, "", confedit.ErrVariable},
		"another uses it":                 {"Define P 80\nListen 127.0.0.1:${P}\nListen [::1]:${P}", confedit.Endpoint{Addr: "::1", Port: 80}, to81, "", confedit.ErrVariable},
		"another uses what it is made of": {"Define Q 80\nDefine P ${Q}\nListen 127.0.0.1:${Q}\nListen [::1]:${P}", confedit.Endpoint{Addr: "127.0.0.1", Port: 80}, to81, "", confedit.ErrVariable},
		"a virtual host from outside":     {"Listen 80\n<VirtualHost *:${OUT}>\n</VirtualHost>", from80, to81, "", confedit.ErrVariable},
		"the twin: it can stay":           {"Listen 80\n<VirtualHost *:${OUT} _default_:80>\n</VirtualHost>", from80, confedit.Endpoint{Addr: "::1", Port: 80}, "Listen [::1]:80\n<VirtualHost *:${OUT} _default_:80>\n</VirtualHost>", nil},
		"one goes, one may":               {"Listen 0.0.0.0:80\n<IfModule x>\nListen [::]:80\n</IfModule>\nListen 127.0.0.2:80", from80, confedit.Endpoint{Addr: "127.0.0.1", Port: 81}, "Listen 127.0.0.1:81\n<IfModule x>\nListen 127.0.0.1:81\n</IfModule>\n", nil},
		"pieces of a variable":            {"Define P 8\nListen ${P}0", from80, to81, "", confedit.ErrVariable},
		"a line that goes on":             {"Listen \\\n8\\\n0\\\n http\n", from80, to81, "Listen \\\n8081\\\n http\n", nil},
		"another port":                    {"Listen 81\n<VirtualHost *:80>\n</VirtualHost>", from80, to81, "", confedit.ErrNoPlace},
		"another address":                 {"Listen 127.0.0.1:80", confedit.Endpoint{Addr: "0.0.0.0", Port: 80}, to81, "", confedit.ErrNoPlace},
		"nowhere to":                      {"Listen 80", from80, confedit.Endpoint{}, "", confedit.ErrNoPlace},
		"the protocol of 443":             {"Listen \"[::]:443\"", confedit.Endpoint{Port: 443}, to81, "Listen \"[::]:8081\" https", nil},
		"to the protocol of 443":          {"Define P 80\nListen ${P}", from80, confedit.Endpoint{Port: 443}, "Define P 443\nListen ${P} http", nil},
		"the twin: it is written":         {"Listen 443 https\nListen [::]:443 http", confedit.Endpoint{Port: 443}, to81, "Listen 8081 https\nListen [::]:8081 http", nil},
		"what clients are told": {"Listen 443\nServerName a\nRedirect / https://a/\nRedirect /x \"https://A:443/\"\nRedirect /y https://b/", confedit.Endpoint{Port: 443}, confedit.Endpoint{Port: 8443},
			"Listen 8443 https\nServerName a\nRedirect / https://a:8443/\nRedirect /x \"https://A:8443/\"\nRedirect /y https://b/", nil},
	} {
		d := disk{main: c.text}
		o := apache.Options{Env: map[string]string{"OUT": "80"}}
		tree := readWith(t, d, o)
		edits, err := apache.Move(tree, c.from, c.to)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.err != nil {
			continue
		}
		got := after(t, d, tree, edits)
		if d := cmp.Diff(c.want, got[main]); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
		moved(t, tree, readWith(t, got, o), c.from, c.to)
	}
}

// moved checks that a tree listens on to and no longer on from.
func moved(t *testing.T, before, now confedit.Tree, from, to confedit.Endpoint) {
	t.Helper()
	same := func(e, f confedit.Endpoint) bool { return e.Port == f.Port && (e.Addr == f.Addr || f.Addr == "") }
	listens := func(p confedit.Place) bool { return p.Role == confedit.Listens }
	if !slices.ContainsFunc(now.On(to), listens) {
		t.Errorf("nothing listens on %+v: %q, before %q", to, places(now), places(before))
	}
	if !same(from, to) && !same(to, from) && slices.ContainsFunc(now.On(from), listens) {
		t.Errorf("still on %+v: %q, before %q", from, places(now), places(before))
	}
}

// twices are configurations; httpd starts whole with those that want nothing.
var twices = map[string]struct {
	text string
	want []string
}{
	"the same again":          {"Listen 80\nListen 80\n", []string{"80@1 80@2"}},
	"the twin: another port":  {"Listen 80\nListen 81\n", nil},
	"by another spelling":     {"Listen *:80\nListen 80\n", []string{"*:80@1 80@2"}},
	"all, then IPv4":          {"Listen 80\nListen 0.0.0.0:80\n", nil},
	"IPv4, then all":          {"Listen 0.0.0.0:80\nListen 80\n", []string{"80@2 0.0.0.0:80@1"}},
	"IPv6, then all":          {"Listen [::]:80\nListen 80\n", []string{"80@2 [::]:80@1"}},
	"both families":           {"Listen [::]:80\nListen 0.0.0.0:80\n", nil},
	"one beside all":          {"Listen 80\nListen 127.0.0.1:80\n", []string{"80@1 127.0.0.1:80@2"}},
	"one before all":          {"Listen 127.0.0.1:80\nListen 80\n", []string{"80@2 127.0.0.1:80@1"}},
	"one beside all of IPv4":  {"Listen 0.0.0.0:80\nListen 127.0.0.1:80\n", []string{"0.0.0.0:80@1 127.0.0.1:80@2"}},
	"an IPv4 beside [::]":     {"Listen [::]:80\nListen 127.0.0.1:80\n", []string{"[::]:80@1 127.0.0.1:80@2"}},
	"an IPv6 beside [::]":     {"Listen [::]:80\nListen [::1]:80\n", []string{"[::]:80@1 [::1]:80@2"}},
	"an IPv6 beside all IPv4": {"Listen [::1]:80\nListen 0.0.0.0:80\n", nil},
	"an IPv6 before all":      {"Listen [::1]:80\nListen 80\n", []string{"80@2 [::1]:80@1"}},
	"two of one family":       {"Listen 127.0.0.1:80\nListen 127.0.0.2:80\n", nil},
	"three":                   {"Listen 80\nListen 127.0.0.1:80\nListen 127.0.0.2:80\nListen 81\n", []string{"80@1 127.0.0.1:80@2 127.0.0.2:80@3"}},
	"one or the other":        {"<IfModule no_module>\nListen 80\n</IfModule>\n<IfModule !no_module>\nListen 80\n</IfModule>\n", nil},
}

func TestTwice(t *testing.T) {
	for name, c := range twices {
		tree := read(t, disk{main: c.text})
		var got []string
		for _, group := range apache.Twice(tree) {
			var spelt []string
			for _, p := range group {
				spelt = append(spelt, fmt.Sprintf("%s@%d", c.text[p.From:p.To], p.Line))
			}
			got = append(got, strings.Join(spelt, " "))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
}

func TestRemove(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		at   int // which place
		want string
		err  error
	}{
		"a line":          {"# a\nListen 80\nListen 127.0.0.1:80\n# b", 1, "# a\nListen 80\n# b", nil},
		"lines, CRLF":     {"Listen \\\r\n 80\r\nListen 81\r\n", 0, "Listen 81\r\n", nil},
		"the last line":   {"Listen 80\nListen 81", 1, "Listen 80\n", nil},
		"the only one":    {"Listen 80", 0, "", apache.ErrLast},
		"the certain one": {"Listen 80\n<IfModule ssl_module>\nListen 443\n</IfModule>", 0, "", apache.ErrLast},
		"a virtual host":  {"Listen 80\n<VirtualHost *:80>\n</VirtualHost>", 1, "", confedit.ErrNoPlace},
	} {
		d := disk{main: c.text}
		tree := read(t, d)
		edits, err := apache.Remove(tree, tree.Places[c.at])
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if c.err == nil {
			if d := cmp.Diff(c.want, after(t, d, tree, edits)[main]); d != "" {
				t.Errorf("%s (-want +got)\n%s", name, d)
			}
		}
	}
}

func TestEnvvars(t *testing.T) {
	got := apache.Envvars([]byte("# A=1\nunset HOME\nif [ \"${X##/a}\" != \"${X}\" ] ; then\n\tSUFFIX=\"-${X##/a}\"\nelse\n\tSUFFIX=\nfi\nexport APACHE_RUN_DIR=/var/run/apache2$SUFFIX\nexport LANG\n" +
		"PORT=80 # one\nexport ALSO=\"${PORT}80\"\nexport KEPT='$PORT'\nNOT=$(hostname)\nNOR=`hostname`\n#export B='c'\n"))
	want := map[string]string{"SUFFIX": "", "APACHE_RUN_DIR": "/var/run/apache2", "PORT": "80", "ALSO": "8080", "KEPT": "$PORT"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"OPTIONS": "-D SSL", "LANG": "C"}, apache.Envvars([]byte("OPTIONS=\"-D SSL\"\r\nLANG=C\r\n"))); d != "" {
		t.Errorf("systemd's (-want +got)\n%s", d)
	}
}

func TestMains(t *testing.T) {
	for name, goos := range map[string]string{
		"/etc/apache2/apache2.conf": "linux", "/etc/httpd/conf/httpd.conf": "linux", "/opt/homebrew/etc/httpd/httpd.conf": "darwin", "/etc/apache2/httpd.conf": "darwin",
		`C:\xampp\apache\conf\httpd.conf`: "windows", `C:\wamp64\bin\apache\apache2.4.54.2\conf\httpd.conf`: "windows", `C:\Apache24\conf\httpd.conf`: "windows",
	} {
		found := slices.ContainsFunc(apache.Mains(goos), func(pattern string) bool {
			ok, err := path.Match(strings.ReplaceAll(pattern, `\`, "/"), strings.ReplaceAll(name, `\`, "/"))
			return ok && err == nil
		})
		if !found {
			t.Errorf("%s is not among those of %s", name, goos)
		}
	}
}
