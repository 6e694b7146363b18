package listing

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/httpsystest"
)

// sample is a recorded text without our own "## " lines about its source.
func sample(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "## ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// model is everything that the four parsers make of a text, but for the lines where
// they read it.
func model(t testing.TB, text string) string {
	t.Helper()
	var set fact.Set
	if rows, ok := ParseListenList(text); ok {
		set.Add(ListenListFacts(rows, func(int) string { return "" }))
	}
	if timers, ok := ParseTimeouts(text); ok {
		set.Add(TimeoutFacts(timers, func(int) string { return "" }))
	}
	set.Add(CacheFacts(ParseCacheState(text), func(int) string { return "" }))
	set.Add(CertificateFacts(ParseCertificates(text), func(int) string { return "" }))
	data, err := json.MarshalIndent(set, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestListenList(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // "none" for no list at all
	}{
		{sample(t, "iplisten-en.txt"), "172.16.1.1@10"},
		{"IP addresses present in the IP listen list:\n---------\n\n    127.0.0.1\n    ::1\n    fe80::1%4\n    ::\n", "127.0.0.1@4 ::1@5 fe80::1%4@6 ::@7"},
		{"IP addresses present in the IP listen list:\n---------\n\n127.0.0.1\n", "127.0.0.1@4"}, // a page ate the blanks
		{"C:\\> netsh http show iplisten\n\nAdressen:\n---------\n\n\nC:\\>", ""},                // empty, and known by its command
		{"IP addresses present in the IP listen list:\n---------\n\n", "none"},                   // empty like any other
		{"IPAddress\n---------\n127.0.0.1\n", "none"},                                            // PowerShell's table of addresses
		{"C:\\> netsh http show urlacl\n\nA:\n-----\n\n    127.0.0.1\n", "none"},
		{"    127.0.0.1\n", "none"},
		{"Servers:\n--------\n    ns1 127.0.0.1\n", "none"},
	} {
		rows, ok := ParseListenList(c.text)
		var got []string
		for _, r := range rows {
			got = append(got, fmt.Sprintf("%s@%d", r.Addr, r.Line))
		}
		text := strings.Join(got, " ")
		if !ok {
			text = "none"
		}
		if text != c.want {
			t.Errorf("%q: %s, want %s", c.text, text, c.want)
		}
		if spans := FindListenLists(strings.Split(c.text, "\n")); (len(spans) > 0) != ok {
			t.Errorf("%q: spans %v", c.text, spans)
		}
	}
}

func TestTimeouts(t *testing.T) {
	const dynamic = "\nProtocol tcp Dynamic Port Range\n---------------------------------\nStart Port      : 49152\nNumber of Ports : 16384\n"
	for _, c := range []struct {
		text string
		want string
	}{
		{sample(t, "timeout-en.txt"), "120 120 @6"},
		{"T:\n---\nIdle: 240\nHeader: 65535\nFuture: 7\n", "240 65535 @3"},
		{"T:\n---\nIdle: 240\n", "none"},
		{"T:\n---\nIdle: 240\nHeader: 65536\n", "none"},
		{"T:\n---\nIdle: on\nHeader: 120\n", "none"},
		{dynamic, "none"},
		{"C:\\> netsh int ipv4 show dynamicport tcp" + strings.Replace(dynamic, "Range", "Range:", 1), "none"},
		{"C:\\> netsh http show timeout\nT\n---\nIdle: 1\nHeader: 2\n", "1 2 @4"},
	} {
		rows, ok := ParseTimeouts(c.text)
		got := "none"
		if ok {
			got = fmt.Sprintf("%d %d @%d", rows.IdleConnection, rows.HeaderWait, rows.Line)
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
		if spans := FindTimeouts(strings.Split(c.text, "\n")); (len(spans) > 0) != ok {
			t.Errorf("%q: spans %v", c.text, spans)
		}
	}
}

func TestCacheState(t *testing.T) {
	text := sample(t, "cachestate-en.txt")
	want := []CacheEntry{{URL: "http://localhost/images/test1.jpg?w=150&h=150&mode=max", Status: 200, Verb: "GET", Queue: "webrsize", Bytes: 21335, Hits: 3, Line: 5}}
	if diff := cmp.Diff(want, ParseCacheState(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]Span{{From: 1, To: 16}}, FindCacheStates(strings.Split(text, "\n"))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// A row with a number that nobody knows: which number is which, is open.
	more := strings.Replace(text, "    Hit count", "    Slices: 4\n    Hit count", 1)
	if got := ParseCacheState(more); len(got) != 1 || got[0].Hits != 0 || got[0].Bytes != 0 || got[0].Queue != "webrsize" {
		t.Errorf("%+v", got)
	}
	two := text + "\n" + strings.Replace(text[strings.Index(text, "URL:"):], "test1", "test2", 1)
	if got := ParseCacheState(two); len(got) != 2 || got[1].URL == got[0].URL {
		t.Errorf("%+v", got)
	}
	if spans := FindCacheStates(strings.Split(two, "\n")); len(spans) != 1 {
		t.Errorf("%+v", spans)
	}
	for _, other := range []string{"Site: http://localhost/\n    Port: 80000\n", "URL: http://+:80/\n    User: \\Everyone\n", "URL: http://x/\n"} {
		if got := ParseCacheState(other); len(got) > 0 {
			t.Errorf("%q: %+v", other, got)
		}
	}
}

func TestPortOf(t *testing.T) {
	for url, want := range map[string]uint16{
		"http://localhost/a": 80, "https://localhost": 443, "http://localhost:8080/": 8080, "http://[::1]/": 80, "http://[::1]:81/": 81, "http://x:y/": 0, "http:///": 0,
	} {
		if got := portOf(url); got != want {
			t.Errorf("%s: %d, want %d", url, got, want)
		}
	}
}

func tell(cs []Certificate) []string {
	var out []string
	for _, c := range cs {
		out = append(out, strings.Join([]string{c.Kind, c.Key, c.Hash, c.AppID, c.Store}, " "))
	}
	return out
}

var recorded = map[string][]string{
	"sslcert-de.txt": {"ipport 0.0.0.0:8091 af459df0ed47a6fa4b8f6a20caf2488d3bb6e1bb {4dc3e181-e14b-4a21-b022-59fc669b0914} My"},
	"sslcert-zh.txt": {
		"ipport 0.0.0.0:443 abc123def456789012345678901234567890abcd {4dc3e181-e14b-4a21-b022-59fc669b0914} MY",
		"hostnameport www.example.com:443 def456abc789012345678901234567890abcdef1 {4dc3e181-e14b-4a21-b022-59fc669b0914} MY",
	},
	"sslcert-en-2012r2-2016.txt": {"hostnameport sts.example.info:443 be22839cfff71bab0b118b69b0c8a2e33f02f04d {5d89a20c-beab-4389-9447-324788eb944a} MY"},
	"sslcert-en-server2022.txt":  {"ipport 0.0.0.0:44307 61d34f532da121bbab64723c4871e72c92f03735 {214124cd-d05b-4309-9af9-9caa44b2b74a} MY"},
}

func TestRecordedCertificates(t *testing.T) {
	for name, want := range recorded {
		text := sample(t, name)
		if diff := cmp.Diff(want, tell(ParseCertificates(text))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if spans := FindCertificates(strings.Split(text, "\n")); len(spans) != 1 {
			t.Errorf("%s: spans %v", name, spans)
		}
	}
}

func TestKindsOfCertificate(t *testing.T) {
	const rows = "    Application ID : {4DC3E181-E14B-4A21-B022-59FC669B0914}\n    Certificate Store Name : (null)\n"
	const id = " {4dc3e181-e14b-4a21-b022-59fc669b0914} "
	for text, want := range map[string][]string{
		"    Central Certificate Store : 443\n    Certificate Hash : (null)\n" + rows:                          {"ccs *:443 " + id},
		"    Hostname:port : a.example:443\n    Certificate Hash : (null)\n" + rows:                            {"scopedccs a.example:443 " + id},
		"    IP:port : [::]:443\n    Certificate Hash : " + strings.Repeat("AB", 32) + "\n" + rows:             {"ipport [::]:443 " + strings.Repeat("ab", 32) + id},
		"    PropertyId : 4\n    IP:port : 1.2.3.4:443\n    Hash : " + strings.Repeat("a", 40) + "\n" + rows:   {"ipport 1.2.3.4:443 " + strings.Repeat("a", 40) + id},
		"    Usage : 443\n    Revocation Freshness Time : 0\n" + rows:                                          nil,
		"    Proxy : 127.0.0.1:8080\n    Local : 127.0.0.1:9090\n":                                             nil,
		"    Proxy : proxy.example:8080\n\n" + rows:                                                            nil,
		"    IP:port : 0.0.0.0:0\n    Certificate Hash : " + strings.Repeat("a", 40) + "\n":                    nil,
		"    IP:port : 0.0.0.0:443\n    Certificate Hash : " + strings.Repeat("a", 40) + "\nsome other line\n": {"ipport 0.0.0.0:443 " + strings.Repeat("a", 40) + "  "},
	} {
		if diff := cmp.Diff(want, tell(ParseCertificates(text))); diff != "" {
			t.Errorf("%q: -want +got:\n%s", text, diff)
		}
	}
}

// The form that is the same in every language. Descriptions of it spell the hash in
// several ways.
func TestCertificatesInJSON(t *testing.T) {
	const hash = "61d34f532da121bbab64723c4871e72c92f03735"
	want := []string{"ipport 0.0.0.0:443 " + hash + " {214124cd-d05b-4309-9af9-9caa44b2b74a} MY"}
	for _, spelt := range []string{`"61D34F532DA121BBAB64723C4871E72C92F03735"`, `"YdNPUy2hIburZHI8SHHnLJLwNzU="`, "[97,211,79,83,45,161,33,187,171,100,114,60,72,113,231,44,146,240,55,53]"} {
		for _, id := range []string{"214124cd-d05b-4309-9af9-9caa44b2b74a", "{214124CD-D05B-4309-9AF9-9CAA44B2B74A}"} {
			text := "C:\\> netsh http show sslcert json=enable\n" +
				`{ "SslCertificateBindings": [ { "IpPort": "0.0.0.0:443", "ConfigType": 1, "AppId": "` + id + `", "SslHash": ` + spelt + `,` + "\n" +
				`  "SslCertStoreName": "MY" } ], "message": "", "status": 0 }` + "\nC:\\>"
			if diff := cmp.Diff(want, tell(ParseCertificates(text))); diff != "" {
				t.Errorf("%s: -want +got:\n%s", text, diff)
			}
			if diff := cmp.Diff([]Span{{From: 1, To: 3}}, FindCertificates(strings.Split(text, "\n"))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		}
	}
	for text, want := range map[string][]string{
		`{"SslCertificateBindings":[{"CcsPort":443,"AppId":"{214124cd-d05b-4309-9af9-9caa44b2b74a}"}]}`: {"ccs *:443  {214124cd-d05b-4309-9af9-9caa44b2b74a} "},
		`[{"HostnamePort":"a.example:443","AppId":"{214124cd-d05b-4309-9af9-9caa44b2b74a}"}]`:           {"scopedccs a.example:443  {214124cd-d05b-4309-9af9-9caa44b2b74a} "},
		`{"a":{"IpPort":"[::1]:443","SslHash":"` + hash + `"},"b":[{"IpPort":"0.0.0.0:80"}]}`:           {"ipport [::1]:443 " + hash + "  "},
		`{"proxy":"127.0.0.1:8080"}`:                       nil,
		`{"IpPort":"0.0.0.0:443","SslHash":"` + hash + `"`: nil, // cut
	} {
		if diff := cmp.Diff(want, tell(ParseCertificates(text))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", text, diff)
		}
	}
}

var samples = []string{"iplisten-en.txt", "timeout-en.txt", "cachestate-en.txt", "sslcert-de.txt", "sslcert-en-2012r2-2016.txt", "sslcert-en-server2022.txt", "sslcert-zh.txt"}

// Every language, every indentation, every harmless damage and every code page: byte
// for byte the same model.
func TestEveryLanguageSameModel(t *testing.T) {
	tongues := httpsystest.Tongues()
	for _, name := range samples {
		text := sample(t, name)
		want := model(t, text)
		if !strings.Contains(want, "\"line") && len(want) < 60 {
			t.Fatalf("%s: nothing was read: %s", name, want)
		}
		same := func(what, other string) {
			t.Helper()
			if diff := cmp.Diff(want, model(t, other)); diff != "" {
				t.Errorf("%s, %s: -want +got:\n%s\n%s", name, what, diff, other)
			}
		}
		for lang, to := range tongues {
			other := to.Translate(text)
			if other == text && name != "sslcert-zh.txt" {
				t.Fatalf("%s in %s: nothing was translated", name, lang)
			}
			for _, step := range []string{"    ", "  ", "\t", "\u00a0\u00a0\u00a0"} {
				same(fmt.Sprintf("%s by %q", lang, step), httpsystest.Reindent(other, step))
			}
			for what, harm := range httpsystest.Damage() {
				same(lang+", "+what, harm(other))
			}
			same(lang+", future rows", futureRows(other))
		}
		for page, cp := range httpsystest.CodePages() {
			for _, lang := range cp.Tongues {
				same("code page "+page, cp.Encode(tongues[lang].Translate(text)))
			}
		}
	}
}

// futureRows puts a row that no known Windows prints at the end of each block.
func futureRows(text string) string {
	lines := strings.Split(text, "\n")
	var b strings.Builder
	for i, l := range lines {
		b.WriteString(l + "\n")
		if strings.HasPrefix(l, "    ") && strings.Contains(l, ": ") && i+1 < len(lines) && strings.TrimSpace(lines[i+1]) == "" {
			b.WriteString("    Colour of the future : a/b\n")
		}
	}
	return b.String()
}

// However a text is cut, nothing is read that the whole does not have, but for what
// stands in the last line.
func TestCutAtEveryByte(t *testing.T) {
	for _, name := range samples {
		text := sample(t, name)
		keys, addrs := map[string]bool{}, map[string]bool{}
		for _, c := range ParseCertificates(text) {
			keys[c.Key+c.Hash] = true
		}
		rows, _ := ParseListenList(text)
		for _, r := range rows {
			addrs[r.Addr.String()] = true
		}
		for n := range len(text) {
			last := strings.Count(text[:n], "\n") + 1
			for _, c := range ParseCertificates(text[:n]) {
				if c.Hash != "" && !keys[c.Key+c.Hash] {
					t.Fatalf("%s, %d bytes: %+v", name, n, c)
				}
			}
			rows, _ := ParseListenList(text[:n])
			for _, r := range rows {
				if r.Line != last && !addrs[r.Addr.String()] {
					t.Fatalf("%s, %d bytes: %+v", name, n, r)
				}
			}
			for _, e := range ParseCacheState(text[:n]) {
				if e.Status != 200 || e.Hits != 0 && e.Hits != 3 {
					t.Fatalf("%s, %d bytes: %+v", name, n, e)
				}
			}
		}
	}
}

// What is found is read again from its lines alone, and is all of it.
func TestFoundIsRead(t *testing.T) {
	for _, name := range samples {
		text := "Some prose first:\n\n" + sample(t, name) + "\nand after it.\n"
		lines := strings.Split(text, "\n")
		var alone []string
		for _, spans := range [][]Span{FindListenLists(lines), FindTimeouts(lines), FindCacheStates(lines), FindCertificates(lines)} {
			for _, s := range spans {
				alone = append(alone, lines[s.From:s.To]...)
			}
		}
		if diff := cmp.Diff(model(t, text), model(t, strings.Join(alone, "\n"))); diff != "" || len(alone) == 0 {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	lines := []string{"C:\\> netsh http show iplisten", "", "Adressen:", "---------", "", "", "C:\\>"}
	spans := FindListenLists(lines)
	if len(spans) != 1 {
		t.Fatalf("spans %v", spans)
	}
	if rows, ok := ParseListenList(strings.Join(lines[spans[0].From:spans[0].To], "\n")); !ok || len(rows) > 0 {
		t.Errorf("%v, %v", rows, ok)
	}
}

// None of them is taken for another, nor for one of servicestate's or urlacl's kind.
func TestNoneIsAnother(t *testing.T) {
	for _, name := range samples {
		text := sample(t, name)
		kind, _, _ := strings.Cut(name, "-")
		lines := strings.Split(text, "\n")
		for what, n := range map[string]int{
			"iplisten": len(FindListenLists(lines)), "timeout": len(FindTimeouts(lines)), "cachestate": len(FindCacheStates(lines)), "sslcert": len(FindCertificates(lines)),
		} {
			if (n > 0) != (what == kind) {
				t.Errorf("%s: %d of %s", name, n, what)
			}
		}
	}
}

func FuzzListing(f *testing.F) {
	for _, name := range samples {
		f.Add(sample(f, name))
	}
	for _, to := range httpsystest.Tongues() {
		f.Add(to.Translate(sample(f, "sslcert-en-server2022.txt")))
	}
	f.Add(`{ "SslCertificateBindings": [ { "IpPort": "0.0.0.0:443", "AppId": "{214124cd-d05b-4309-9af9-9caa44b2b74a}", "SslHash": [1,2] } ] }`)
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, spans := range [][]Span{FindListenLists(lines), FindTimeouts(lines), FindCacheStates(lines), FindCertificates(lines)} {
			for _, s := range spans {
				if s.From < 0 || s.From >= s.To || s.To > len(lines) {
					t.Fatalf("%+v of %d lines", s, len(lines))
				}
			}
		}
		for _, c := range ParseCertificates(text) {
			if c.Line < 1 || c.Line > len(lines) || c.Port == 0 || c.Kind == "" || c.Hash == "" && c.AppID == "" {
				t.Fatalf("%+v", c)
			}
		}
		_ = model(t, text)
	})
}

// Hostile texts cost no more than their length.
func TestHostileLengths(t *testing.T) {
	const n = 20_000
	hash := strings.Repeat("a", 40)
	for what, text := range map[string]string{
		"certificates":     strings.Repeat("    K : 1.2.3.4:443\n    H : "+hash+"\n", n),
		"keys":             strings.Repeat("    K : 1.2.3.4:443\n", n),
		"open braces":      strings.Repeat("{\n", n),
		"titles":           strings.Repeat("T:\n---\n    1.2.3.4\n", n),
		"blank lines":      strings.Repeat("\n", n) + strings.Repeat("T:\n\n---\n", n),
		"cached responses": strings.Repeat("U: http://x/\n    S: 200\n", n),
		"one long line":    strings.Repeat("K : ", n),
	} {
		lines := strings.Split(text, "\n")
		spans := len(FindListenLists(lines)) + len(FindTimeouts(lines)) + len(FindCacheStates(lines)) + len(FindCertificates(lines))
		if found := what == "certificates" || what == "titles" || what == "cached responses"; (spans > 0) != found {
			t.Errorf("%s: %d spans", what, spans)
		}
		_ = model(t, text)
	}
}
