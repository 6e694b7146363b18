package urlprefix_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/berthd/berth/internal/share/urlprefix"
)

func parse(t testing.TB, text string) urlprefix.Prefix {
	t.Helper()
	p, err := urlprefix.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text   string
		want   string // canonical
		bucket string
	}{
		{"http://+:80/", "http://+:80/", "strong"},
		{"http://*:80/x", "http://*:80/x/", "weak"},
		{"https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/", "https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/", "strong"},
		{"http://WWW.Adatum.com:80/vroot/", "http://www.adatum.com:80/vroot/", "explicit"},
		{"http://*.contoso.com:80/", "http://*.contoso.com:80/", "explicit"},
		{"http://localhost:50000/barfoo", "http://localhost:50000/barfoo/", "explicit"},
		{"http://127.0.0.1:8080/", "http://127.0.0.1:8080/", "ip"},
		{"http://[3FFE:FFFF::6ECB:0101]:80/", "http://[3ffe:ffff::6ecb:101]:80/", "ip"},
		{"http://bücher.example:80/base 葉path/", "http://bücher.example:80/base 葉path/", "explicit"},
		{"http://+:80/foo:bar/a//b", "http://+:80/foo:bar/a//b/", "strong"},
		{"http://my_host.:80/100%/", "http://my_host.:80/100%/", "explicit"},
	} {
		p := parse(t, c.text)
		if p.String() != c.want || p.Bucket.String() != c.bucket {
			t.Errorf("%s: %s in %s, want %s in %s", c.text, p, p.Bucket, c.want, c.bucket)
		}
		if again := parse(t, p.String()); again != p {
			t.Errorf("%s: read back as %+v, was %+v", c.text, again, p)
		}
	}
}

// Faults as Windows was seen to refuse them (Wine's tests, which pass on Windows, and
// field reports), beside those that only follow from the grammar.
func TestParseFaults(t *testing.T) {
	for text, want := range map[string]struct {
		fault urlprefix.Fault
		code  urlprefix.Code
	}{
		"":                                          {urlprefix.FaultEmpty, 87},
		"localhost:50000":                           {urlprefix.FaultScheme, 87},
		"localhost:50000/":                          {urlprefix.FaultScheme, 87},
		"ftp://localhost:50000/":                    {urlprefix.FaultScheme, 87},
		"HTTP://localhost:50000/":                   {urlprefix.FaultSchemeCase, 87},
		"http://localhost:50000":                    {urlprefix.FaultNoSlash, 87},
		"http://localhost/":                         {urlprefix.FaultNoPort, 87},
		"http://localhost:/":                        {urlprefix.FaultNoPort, 87},
		"http://:80/":                               {urlprefix.FaultNoHost, 87},
		"http://localhost:0/":                       {urlprefix.FaultPortRange, 87},
		"http://localhost:65536/":                   {urlprefix.FaultPortRange, 87},
		"http://localhost:99999999999999/":          {urlprefix.FaultPortRange, 87},
		"http://localhost:080/":                     {urlprefix.FaultPortZeros, 87},
		"http://localhost:*/":                       {urlprefix.FaultPort, 87},
		"http://localhost:80:1.2.3.4/":              {urlprefix.FaultPort, 87},
		"http://localhost:50000/barfoo?a=b":         {urlprefix.FaultQuery, 87},
		"http://localhost:50000?a=b":                {urlprefix.FaultQuery, 87},
		"http://+:80/a#b/":                          {urlprefix.FaultQuery, 87},
		"http://xn--bcher-kva.example:80/":          {urlprefix.FaultPunycode, 87},
		"http://a.XN--BCHER-kva:80/":                {urlprefix.FaultPunycode, 87},
		"http://+:80/base%20path/":                  {urlprefix.FaultEscape, 87},
		"http://+:80/a/../b/":                       {urlprefix.FaultPath, 87},
		"http://+:80/a\\b/":                         {urlprefix.FaultPath, 87},
		"http://+:80\\a/":                           {urlprefix.FaultPath, 87},
		"http://+:80/a\x00/":                        {urlprefix.FaultPath, 87},
		"http://+:80/\xff/":                         {urlprefix.FaultPath, 87},
		"http://192.:80/":                           {urlprefix.FaultOddIP, 50},
		"http://10.1:80/":                           {urlprefix.FaultOddIP, 50},
		"http://0x7f.0.0.0x1:80/":                   {urlprefix.FaultOddIP, 50},
		"http://127.0.0.01:80/":                     {urlprefix.FaultOddIP, 50},
		"http://256.0.0.1:80/":                      {urlprefix.FaultOddIP, 50},
		"http://[::ffff:10.0.0.1]:80/":              {urlprefix.FaultOddIP, 50},
		"http://[fe80::1%3]:80/":                    {urlprefix.FaultOddIP, 50},
		"http://[10.0.0.1]:80/":                     {urlprefix.FaultOddIP, 50},
		"http://0.0.0.0:80/":                        {urlprefix.FaultAnyIP, 50},
		"http://[::]:80/":                           {urlprefix.FaultAnyIP, 50},
		"http://[::1:80/":                           {urlprefix.FaultHost, 87},
		"http://[::1]80/":                           {urlprefix.FaultHost, 87},
		"http://a..b:80/":                           {urlprefix.FaultHost, 87},
		"http://me@host:80/":                        {urlprefix.FaultHost, 87},
		"http://a b:80/":                            {urlprefix.FaultHost, 87},
		"http://a.*.b:80/":                          {urlprefix.FaultWildcard, 87},
		"http://*.*.b:80/":                          {urlprefix.FaultWildcard, 87},
		"http://*x:80/":                             {urlprefix.FaultWildcard, 87},
		"http://++:80/":                             {urlprefix.FaultWildcard, 87},
		"http://+:80/" + strings.Repeat("a", 40000): {urlprefix.FaultLong, 87},
	} {
		_, err := urlprefix.Parse(text)
		var e *urlprefix.Error
		if !errors.As(err, &e) || e.Fault != want.fault || e.Code() != want.code {
			t.Errorf("%.60q: %.100v, want %s and %d", text, err, want.fault, want.code)
		}
	}
}

// A form of Windows' own output is read, and only as such.
func TestParsePrinted(t *testing.T) {
	for text, want := range map[string]string{
		"HTTP://LOCALHOST:8080/":               "http://localhost:8080/",
		"HTTP://127.0.0.1:19443:127.0.0.1/":    "http://127.0.0.1:19443/",
		"HTTP://[::1]:80:[::1]/A/":             "http://[::1]:80/A/",
		"HTTP://[::1]:80:::1/A/":               "http://[::1]:80/A/",
		"HTTPS://+:443/50%25/":                 "https://+:443/50%25/",
		"http://*:5357/":                       "http://*:5357/",
		"HTTP://WWW.EXAMPLE.COM:80:10.0.0.7/X": "http://www.example.com:80/X/",
	} {
		p, err := urlprefix.ParsePrinted(text)
		if err != nil || p.String() != want {
			t.Errorf("%s: %v, %v, want %s", text, p, err, want)
		}
	}
	for _, bad := range []string{"HTTP://+:80", "HTTP://+/", "netsh", "HTTP://+:80:/"} {
		if p, err := urlprefix.ParsePrinted(bad); err == nil {
			t.Errorf("%s is read as %s", bad, p)
		}
	}
}

func TestSameAndCovers(t *testing.T) {
	for _, c := range []struct {
		p, q         string
		same, covers bool
	}{
		{"http://h:80/barfoo", "http://h:80/barfoo/", true, true}, // the final slash is implied
		{"http://h:80/Barfoo/", "http://H:80/bARFOO", true, true}, // paths and names compare without case
		{"http://h:80/", "http://h:80/a/", false, true},
		{"http://h:80/a/", "http://h:80/", false, false},
		{"http://h:80/a/", "http://h:80/ab/", false, false}, // whole segments only
		{"http://h:80/", "http://h:81/", false, false},
		{"http://h:80/", "https://h:80/", false, false},
		{"http://+:80/", "http://h:80/", false, false}, // buckets are apart
		{"http://+:80/ÄÖ/", "http://+:80/äö/", true, true},
		{"http://+:80/\u212a/", "http://+:80/k/", false, false}, // the Kelvin sign is no k
	} {
		p, q := parse(t, c.p), parse(t, c.q)
		if p.Same(q) != c.same || p.Covers(q) != c.covers || (p.Key() == q.Key()) != c.same {
			t.Errorf("%s, %s: same %v, covers %v", p, q, p.Same(q), p.Covers(q))
		}
	}
}

func TestFold(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		f := urlprefix.Fold(string(r))
		if urlprefix.Fold(f) != f {
			t.Fatalf("%U folds to %q, and that to %q", r, f, urlprefix.Fold(f))
		}
		if g, _ := utf8.DecodeRuneInString(f); r >= utf8.RuneSelf && g < utf8.RuneSelf {
			t.Fatalf("%U becomes the ASCII letter %q", r, f)
		}
	}
	if urlprefix.Fold("a\xffB") != "a\xffb" {
		t.Error("bytes that are no text do not stay what they are")
	}
}

func TestParseCode(t *testing.T) {
	for text, want := range map[string]urlprefix.Code{
		"5": 5, "0x80070005": 5, "-2147024891": 5, "2147942405": 5, "0xC0000022": 5, " 183 ": 183, "0x800700b7": 183,
		"0x80070020": 32, "0xc0000043": 32, "1214": 1214, "0x800704be": 1214, "0x80070057": 87,
	} {
		if c, ok := urlprefix.ParseCode(text); !ok || c != want {
			t.Errorf("%s: %d, %v, want %d", text, c, ok, want)
		}
	}
	for _, bad := range []string{"", "x", "0", "0x80070000", "0x80004005", "0xc0000099", "99999999999", "1e3"} {
		if c, ok := urlprefix.ParseCode(bad); ok {
			t.Errorf("%s is read as %d", bad, c)
		}
	}
	if urlprefix.SharingViolation.Name() != "ERROR_SHARING_VIOLATION" || urlprefix.Code(7).Name() != "" {
		t.Error("names of codes")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"http://+:80/", "https://*:443/x/", "http://*.contoso.com:80/A b/", "http://[::1]:8080/", "HTTP://127.0.0.1:19443:127.0.0.1/",
		"http://bücher.example:80/%2f/", "http://a..b:80/", "http://localhost:080/", "http://[::ffff:1.2.3.4]:1/", "http://h:80//a//", "http://\xff:80/\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		printed, err := urlprefix.ParsePrinted(text)
		p, strict := urlprefix.Parse(text)
		if strict == nil && (err != nil || printed != p) {
			t.Fatalf("%q is a prefix, and printed it is %v, %v", text, printed, err)
		}
		var e *urlprefix.Error
		switch {
		case strict != nil && (!errors.As(strict, &e) || e.Text != text || e.Code() == 0 || e.Confidence() == ""):
			t.Fatalf("%q: %v", text, strict)
		case strict != nil:
			return
		}
		if again, err := urlprefix.Parse(p.String()); err != nil || again != p {
			t.Fatalf("%q: %+v is read back as %+v, %v", text, p, again, err)
		}
		if up, err := urlprefix.ParsePrinted(strings.Replace(p.String(), "http", "HTTP", 1)); err != nil || up != p || !up.Same(p) || !p.Covers(up) {
			t.Fatalf("%q: %+v differs when Windows prints it: %+v, %v", text, p, up, err)
		}
		if p.Port == 0 || p.Path[0] != '/' || p.Path[len(p.Path)-1] != '/' || strings.ContainsAny(p.String(), "?#\\\x00\n\x1b") || !utf8.ValidString(p.Path) {
			t.Fatalf("%q: %+v", text, p)
		}
	})
}
