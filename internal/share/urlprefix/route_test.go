package urlprefix_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/share/urlprefix"
)

type table = urlprefix.Table[string]

// tableOf reads "PREFIX=value" as registrations, "(PREFIX)" as reservations.
func tableOf(t testing.TB, entries ...string) *table {
	t.Helper()
	var tab table
	for _, e := range entries {
		if strings.HasPrefix(e, "(") {
			p := parse(t, strings.Trim(e, "()"))
			if err := tab.Add(urlprefix.Entry[string]{Prefix: p, Reserved: true, Value: "reserved"}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, v, _ := strings.Cut(e, "=")
		if err := tab.Add(urlprefix.Entry[string]{Prefix: parse(t, text), Value: v}); err != nil {
			t.Fatal(err)
		}
	}
	return &tab
}

// request reads http://HOST:PORT/PATH, with @ADDRESS where the connection came in.
func request(t testing.TB, text string) urlprefix.Request {
	t.Helper()
	text, local, _ := strings.Cut(text, "@")
	rest, https := strings.CutPrefix(text, "https://")
	rest = strings.TrimPrefix(rest, "http://")
	authority, path, _ := strings.Cut(rest, "/")
	r := urlprefix.Request{HTTPS: https, Host: urlprefix.HostOf(authority), Path: "/" + path}
	if _, err := fmt.Sscan(authority[strings.LastIndexByte(authority, ':')+1:], &r.Port); err != nil {
		t.Fatal(err)
	}
	if local != "" {
		r.Local = netip.MustParseAddr(local)
	}
	return r
}

// got is a decision in a word: the value, "503", "404", "400".
func got(d urlprefix.Decision[string]) string {
	if d.Outcome == urlprefix.Delivered {
		return d.Entry.Value
	}
	return fmt.Sprint(d.Outcome.Status())
}

// TestRouteWorkedExamples are the examples of Microsoft's documents, of tests that
// pass on Windows, and of field reports. Where documents and practice differ, doc is
// what the documents say: try it on a real Windows before believing either.
func TestRouteWorkedExamples(t *testing.T) {
	three := []string{"http://+:80/vroot/=1", "http://adatum.com:80/=2", "http://*:80/=3"}
	two := []string{"http://www.adatum.com:80/=Q1", "http://www.adatum.com:80/dir/sna/=Q2"}
	aspnet := []string{"http://localhost:5000/=/", "http://localhost:5000/11=/11", "http://localhost:5000/2/3=/2/3", "http://localhost:5000/2=/2", "http://localhost:5000/11/2=/11/2"}
	wine := []string{"http://localhost:5000/a/foo/=q2", "http://localhost:5000/=q1"}
	for _, c := range []struct {
		entries       []string
		request, want string
		doc           string
	}{
		{three, "http://adatum.com:80/vroot/subdir/file.htm", "1", ""},
		{three, "http://adatum.com:80/default.htm", "2", ""},
		{three, "http://otheradatum.com:80/file.htm", "3", ""},
		{[]string{"http://*:80/vroot/=1", "(http://adatum.com:80/)"}, "http://adatum.com:80/vroot/file.htm", "503", "400"},
		{[]string{"http://*:80/vroot/=1"}, "http://adatum.com:80/vroot/file.htm", "1", ""},
		{two, "http://www.adatum.com:80/default.htm", "Q1", ""},
		{two, "http://www.adatum.com:80/dir/app.htm", "Q1", ""},
		{two, "http://www.adatum.com:80/dir/sna/snadefault.htm", "Q2", ""},
		{[]string{"http://adatum.com:80/vroot/=1"}, "http://adatum.com:80/vroot/subdir/file.htm", "1", ""},
		{[]string{"http://adatum.com:80/vroot/=1", "(http://+:80/vroot/subdir/)"}, "http://adatum.com:80/vroot/subdir/file.htm", "503", "400"},
		{[]string{"http://adatum.com:80/vroot/=1", "(http://+:80/vroot/subdir/)", "http://adatum.com:80/vroot/subdir/=2"},
			"http://adatum.com:80/vroot/subdir/file.htm", "503", "2, which contradicts the order of the buckets"},
		{[]string{"(http://+:5000/)", "http://localhost:5000/=app"}, "http://localhost:5000/", "503", "400"},
		{[]string{"http://localhost:5000/=app"}, "http://localhost:5000/", "app", ""},
		{[]string{"http://localhost:5000/=app"}, "http://127.0.0.1:5000/@127.0.0.1", "400", ""},
		{[]string{"http://localhost:5000/=app"}, "http://MACHINE:5000/", "400", ""},
		{wine, "http://localhost:5000/a/foo", "q2", ""},
		{wine, "http://localhost:5000/a/foo/bar", "q2", ""},
		{wine, "http://localhost:5000/a/foobar", "q1", ""},
		{aspnet, "http://localhost:5000/11", "/11", ""},
		{aspnet, "http://localhost:5000/11x", "/", ""},
		{aspnet, "http://localhost:5000/11/2", "/11/2", ""},
		{aspnet, "http://localhost:5000/2", "/2", ""},
		{aspnet, "http://localhost:5000/2/31", "/2", ""},
		{aspnet, "http://localhost:5000/2/3/", "/2/3", ""},
	} {
		if g := got(tableOf(t, c.entries...).Route(request(t, c.request))); g != c.want {
			t.Errorf("%q: %s goes to %s, want %s (the documents: %s)", c.entries, c.request, g, c.want, c.doc)
		}
	}
}

func TestRoute(t *testing.T) {
	sub := []string{"http://*.contoso.com:80/=sub", "http://www.contoso.com:80/=www", "http://*.contoso.com:80/deep/=deep", "http://*:80/weak/=weak"}
	byIP := []string{"http://10.0.0.7:80/=seven", "http://[::1]:80/=six", "http://*:80/=rest"}
	for _, c := range []struct {
		entries       []string
		request, want string
	}{
		// One label before the domain, and no less.
		{sub, "http://a.contoso.com:80/", "sub"},
		{sub, "http://A.Contoso.COM:80/", "sub"},
		{sub, "http://a.b.contoso.com:80/", "404"}, // "*" serves it, and not this path
		{sub, "http://contoso.com:80/weak/x", "weak"},
		{sub, "http://.contoso.com:80/weak/x", "weak"},
		{sub, "http://www.contoso.com:80/", "www"},
		{sub, "http://www.contoso.com:80/deep/x", "deep"}, // one bucket: the longest path
		{sub, "http://a.contoso.com:80/weak/x", "sub"},    // the stronger bucket ends the search
		// The address of the connection, whatever the host is.
		{byIP, "http://x:80/@10.0.0.7", "seven"},
		{byIP, "http://10.0.0.7:80/@10.0.0.8", "rest"},
		{byIP, "http://x:80/@::ffff:10.0.0.7", "seven"},
		{byIP, "http://x:80/@::1", "six"},
		{byIP, "http://x:80/", "rest"},
		// Case, escapes and borders.
		{[]string{"http://+:80/A b/=x"}, "http://h:80/a B/c", "x"},
		{[]string{"http://+:80/ÄÖ/=x"}, "http://h:80/äö", "x"},
		{[]string{"http://BÜCHER.example:80/=x"}, "http://bücher.Example:80/", "x"},
		{[]string{"http://+:80/a//b/=x"}, "http://h:80/a//b", "x"},
		{[]string{"http://+:80/a//b/=x"}, "http://h:80/a/b", "404"},
		{[]string{"http://+:80//=x"}, "http://h:80//y", "x"},
		{[]string{"http://+:80//=x"}, "http://h:80/y", "404"},
		// A reservation is no obstacle where somebody registered under it.
		{[]string{"(http://+:80/x/)", "http://+:80/x/=app"}, "http://h:80/x/y", "app"},
		{[]string{"(http://+:80/x/)", "http://+:80/=app"}, "http://h:80/x/y", "503"},
		{[]string{"(http://+:80/x/)", "http://+:80/=app"}, "http://h:80/y", "app"},
		// Every Windows has reservations for "+": they accept no host.
		{[]string{"(http://+:80/Temporary_Listen_Addresses/)", "http://site:80/=iis"}, "http://other:80/", "400"},
		{[]string{"(http://+:80/Temporary_Listen_Addresses/)", "http://site:80/=iis"}, "http://site:80/temporary_listen_addresses/1", "503"},
		{[]string{"http://site:80/a/=iis"}, "http://site:80/b", "404"},
		// The port and the scheme.
		{[]string{"https://+:443/=tls"}, "http://h:443/", "400"},
		{[]string{"https://+:443/=tls"}, "https://h:443/", "tls"},
		{nil, "http://h:80/", "400"},
	} {
		if g := got(tableOf(t, c.entries...).Route(request(t, c.request))); g != c.want {
			t.Errorf("%q: %s goes to %s, want %s", c.entries, c.request, g, c.want)
		}
	}
	tab := tableOf(t, "http://+:80/=x")
	for path, want := range map[string]string{"": "x", "*": "x", "x": "x"} { // OPTIONS *: the root's
		if g := got(tab.Route(urlprefix.Request{Port: 80, Path: path})); g != want {
			t.Errorf("path %q goes to %s", path, g)
		}
	}
}

func TestHostOf(t *testing.T) {
	for header, want := range map[string]string{"a:80": "a", "a": "a", "": "", "[::1]:80": "::1", "[::1]": "::1", "127.0.0.1:8": "127.0.0.1", "[::1": "::1"} {
		if got := urlprefix.HostOf(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

// The path of a prefix stands unescaped; requests come escaped.
func TestUnescape(t *testing.T) {
	for path, want := range map[string]string{
		"/a": "/a", "/base%20path/x": "/base path/x", "/base%E8%91%89path/": "/base葉path/",
		"/a%2Fb": "/a%2Fb", "/a%2fb": "/a%2Fb", "/%252F": "/%2F", "/a%41": "/aA", "/%ff": "/\xff",
	} {
		if got, ok := urlprefix.Unescape(path); !ok || got != want {
			t.Errorf("%q: %q, %v, want %q", path, got, ok, want)
		}
	}
	for _, bad := range []string{"/%", "/%2", "/%zz", "/%00", "/%0a", "/%7F"} {
		if got, ok := urlprefix.Unescape(bad); ok {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

func TestTable(t *testing.T) {
	tab := tableOf(t, "http://+:80/x/=one", "(http://+:80/x/)", "(http://+:80/)")
	add := func(text string, reserved bool) urlprefix.Rule {
		err := tab.Add(urlprefix.Entry[string]{Prefix: parse(t, text), Reserved: reserved})
		if c, ok := err.(*urlprefix.Conflict[string]); ok && c.Error() != "" {
			return c.Rule
		}
		return ""
	}
	for _, c := range []struct {
		text     string
		reserved bool
		want     urlprefix.Rule
	}{
		{"http://+:80/X", false, urlprefix.RuleTaken},
		{"http://+:80/X", true, urlprefix.RuleReservedAlready},
		{"https://h:80/", false, urlprefix.RuleSchemeClash},
		{"https://h:80/", true, urlprefix.RuleSchemeClash},
		{"http://*:80/x/", false, ""}, // other buckets do not conflict
		{"http://h:80/x/", false, ""},
		{"http://10.0.0.1:80/x/", false, ""},
		{"http://+:80/x/y/", false, ""},
	} {
		if got := add(c.text, c.reserved); got != c.want {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
	if tab.Insert(urlprefix.Entry[string]{Prefix: parse(t, "https://h:80/")}) != true || tab.Len() != 8 {
		t.Errorf("%d entries", tab.Len())
	}
	n := 0
	tab.Each(func(*urlprefix.Entry[string]) bool { n++; return true })
	if stopped := 0; n != 8 {
		t.Errorf("Each visits %d", n)
	} else if tab.Each(func(*urlprefix.Entry[string]) bool { stopped++; return false }); stopped != 1 {
		t.Error("Each goes on")
	}
	if !tab.Open(false, 80) || tab.Open(false, 81) {
		t.Error("open ports")
	}
	if e := tab.Get(parse(t, "http://+:80/X/"), false); e == nil || e.Value != "one" {
		t.Error("the registration is not found")
	}
	for _, p := range []string{"http://*:80/x/", "http://h:80/x/", "http://10.0.0.1:80/x/", "http://+:80/x/y/", "http://+:80/x/", "https://h:80/"} {
		if x := parse(t, p); !tab.Remove(x, false) || tab.Remove(x, false) || tab.Get(x, false) != nil {
			t.Errorf("%s is removed once", p)
		}
	}
	if tab.Open(false, 80) || tab.Len() != 2 || tab.Get(parse(t, "http://+:80/x/"), true) == nil {
		t.Error("reservations open a port, or went with the registrations")
	}
}

// naive is the rule of the documents, word for word.
func naive(entries []urlprefix.Entry[string], r urlprefix.Request) (out urlprefix.Outcome, best *urlprefix.Entry[string]) {
	fold, served := urlprefix.Fold, false
	for b := urlprefix.Strong; b <= urlprefix.Weak && best == nil; b++ {
		for i := range entries {
			e := &entries[i]
			p := e.Prefix
			label, domain, dot := strings.Cut(fold(r.Host), ".")
			host := p.Bucket == urlprefix.Strong || p.Bucket == urlprefix.Weak ||
				p.Bucket == urlprefix.IPBound && p.Addr == r.Local.Unmap().WithZone("") ||
				p.Bucket == urlprefix.Explicit && (p.Host == fold(r.Host) || dot && label != "" && p.Host == "*."+domain)
			if p.Bucket != b || p.HTTPS != r.HTTPS || p.Port != r.Port || !host {
				continue
			}
			served = served || !e.Reserved
			path := fold(r.Path)
			if !strings.HasSuffix(path, "/") {
				path += "/" // the final slash is implied, and once
			}
			if !strings.HasPrefix(path, fold(p.Path)) {
				continue
			}
			if best == nil || beats(e, best) {
				best = e
			}
		}
	}
	switch {
	case best != nil && best.Reserved:
		return urlprefix.Shadowed, best
	case best != nil:
		return urlprefix.Delivered, best
	}
	for _, e := range entries { // hosts of the other buckets
		p := e.Prefix
		served = served || !e.Reserved && p.HTTPS == r.HTTPS && p.Port == r.Port && (p.Bucket == urlprefix.Strong || p.Bucket == urlprefix.Weak)
	}
	if served {
		return urlprefix.NoPath, nil
	}
	return urlprefix.NoHost, nil
}

func beats(e, best *urlprefix.Entry[string]) bool {
	x, y := strings.Count(e.Prefix.Path, "/"), strings.Count(best.Prefix.Path, "/")
	wild := func(e *urlprefix.Entry[string]) bool { return strings.HasPrefix(e.Prefix.Host, "*.") }
	switch {
	case x != y:
		return x > y
	case wild(e) != wild(best):
		return wild(best)
	}
	return best.Reserved && !e.Reserved
}

func anyOf[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func anyPrefix(r *rand.Rand) urlprefix.Prefix {
	text := anyOf(r, "http://", "http://", "https://") + anyOf(r, "+", "*", "a.x", "b.x", "*.x", "c.a.x", "*.a.x", "x", "10.0.0.1", "[::1]") + anyOf(r, ":80/", ":80/", ":81/")
	p, err := urlprefix.Parse(text + anyPath(r))
	if err != nil {
		panic(err)
	}
	return p
}

func anyPath(r *rand.Rand) string {
	var segs []string
	for range r.IntN(4) {
		segs = append(segs, anyOf(r, "a", "A", "b", "ab", "ä", "Ä", "", strings.Repeat("Long", 80)))
	}
	return strings.Join(segs, "/")
}

func anyRequest(r *rand.Rand) urlprefix.Request {
	return urlprefix.Request{HTTPS: r.IntN(4) == 0, Port: anyOf[uint16](r, 80, 80, 80, 81, 82), Local: anyOf(r, netip.Addr{}, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::1")),
		Host: anyOf(r, "a.x", "A.X", "b.x", "c.a.x", "x", "q", "", ".x", "."), Path: "/" + anyPath(r) + anyOf(r, "", "/", "/file.htm")}
}

// FuzzRoute holds the table against the naive router, while entries come and go.
func FuzzRoute(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 8))
		var tab table
		var entries []urlprefix.Entry[string]
		for range 60 {
			if len(entries) > 0 && r.IntN(4) == 0 {
				i := r.IntN(len(entries))
				if !tab.Remove(entries[i].Prefix, entries[i].Reserved) {
					t.Fatalf("%s is not there to be removed", entries[i].Prefix)
				}
				entries = append(entries[:i], entries[i+1:]...)
			} else if e := (urlprefix.Entry[string]{Prefix: anyPrefix(r), Reserved: r.IntN(3) == 0}); tab.Insert(e) {
				entries = append(entries, e)
			}
			if tab.Len() != len(entries) {
				t.Fatalf("%d entries, want %d", tab.Len(), len(entries))
			}
			q := anyRequest(r)
			d := tab.Route(q)
			out, best := naive(entries, q)
			if d.Outcome != out || (best == nil) != (d.Entry == nil) || best != nil && (!best.Prefix.Same(d.Entry.Prefix) || best.Reserved != d.Entry.Reserved || d.Bucket != best.Prefix.Bucket) {
				t.Fatalf("%+v of %+v: %v by %+v, want %v by %+v", q, entries, d.Outcome, d.Entry, out, best)
			}
		}
	})
}

// FuzzTakes: what one prefix is said to take from another is what a table does.
func FuzzTakes(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 9))
		for range 50 {
			p, q := anyPrefix(r), anyPrefix(r)
			if p.Same(q) {
				continue
			}
			var alone, both table
			alone.Insert(urlprefix.Entry[string]{Prefix: q, Value: "q"})
			both.Insert(urlprefix.Entry[string]{Prefix: q, Value: "q"})
			both.Insert(urlprefix.Entry[string]{Prefix: p, Value: "p"})
			for range 50 {
				req := anyRequest(r)
				if alone.Route(req).Outcome != urlprefix.Delivered {
					continue
				}
				switch g, share := got(both.Route(req)), p.Takes(q); {
				case share == urlprefix.All && g != "p", share == urlprefix.None && g != "q":
					t.Fatalf("%s takes %v of %s, and %+v goes to %s", p, share, q, req, g)
				}
			}
		}
	})
}

func TestTakes(t *testing.T) {
	for _, c := range []struct {
		p, q string
		want urlprefix.Share
	}{
		{"http://+:80/", "http://*:80/x/", urlprefix.All},
		{"http://+:80/x/", "http://*:80/", urlprefix.Some},
		{"http://*:80/", "http://+:80/", urlprefix.None},
		{"http://a.x:80/", "http://*:80/", urlprefix.Some},
		{"http://a.x:80/", "http://10.0.0.1:80/", urlprefix.Some},
		{"http://a.x:80/", "http://b.x:80/", urlprefix.None},
		{"http://a.x:80/", "http://*.x:80/", urlprefix.Some},
		{"http://*.x:80/", "http://a.x:80/", urlprefix.None},
		{"http://*.x:80/deep/", "http://a.x:80/", urlprefix.Some},
		{"http://a.x:80/deep/", "http://a.x:80/", urlprefix.Some},
		{"http://a.x:80/", "http://a.x:80/deep/", urlprefix.None},
		{"http://10.0.0.1:80/", "http://10.0.0.2:80/", urlprefix.None},
		{"http://+:80/", "http://*:81/", urlprefix.None},
		{"https://+:80/", "http://*:80/", urlprefix.None},
		{"http://+:80/a/", "http://*:80/b/", urlprefix.None},
	} {
		if got := parse(t, c.p).Takes(parse(t, c.q)); got != c.want {
			t.Errorf("%s takes %v of %s, want %v", c.p, got, c.q, c.want)
		}
	}
}

// bigTable has n prefixes: hosts with some paths each, and a few that all meet.
func bigTable(tb testing.TB, n int) *table {
	var tab table
	for i := 0; tab.Len() < n-3; i++ {
		host := fmt.Sprintf("site%d.example.com", i/10)
		tab.Insert(urlprefix.Entry[string]{Prefix: parse(tb, fmt.Sprintf("http://%s:80/app%d/api/", host, i)), Value: "app"})
	}
	for _, p := range []string{"http://+:80/116B50EB-ECE2-41ac-8429-9F9E963361B7/", "http://*.example.com:80/status/", "http://*:80/"} {
		tab.Insert(urlprefix.Entry[string]{Prefix: parse(tb, p), Value: "all"})
	}
	return &tab
}

func TestRouteDoesNotAllocate(t *testing.T) {
	tab := bigTable(t, 10000)
	for _, q := range manyRequests(t) {
		if n := testing.AllocsPerRun(100, func() { tab.Route(q) }); n != 0 {
			t.Errorf("%v allocations for %+v", n, q)
		}
	}
}

func manyRequests(tb testing.TB) []urlprefix.Request {
	var out []urlprefix.Request
	for _, s := range []string{
		"http://site77.example.com:80/app777/api/users/1", "http://SITE77.Example.com:80/App777/API/users/1", "http://site999.example.com:80/app7/",
		"http://new.example.com:80/Status/", "http://nobody:80/", "http://site1.example.com:80/" + strings.Repeat("a/", 200), "http://nobody:80/@10.0.0.1",
	} {
		out = append(out, request(tb, s))
	}
	return out
}

func BenchmarkRoute(b *testing.B) {
	for _, n := range []int{10, 10000} {
		tab, requests := bigTable(b, n), manyRequests(b)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				tab.Route(requests[i%len(requests)])
			}
		})
	}
}

func BenchmarkAddRemove(b *testing.B) {
	tab := bigTable(b, 10000)
	e := urlprefix.Entry[string]{Prefix: parse(b, "http://site500.example.com:80/new/one/")}
	b.ReportAllocs()
	for b.Loop() {
		tab.Insert(e)
		tab.Remove(e.Prefix, false)
	}
}
