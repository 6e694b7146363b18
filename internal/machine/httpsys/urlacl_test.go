package httpsys

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/machine/httpsys/httpsystest"
)

func tellReservations(rs []Reservation) []string {
	var out []string
	for _, r := range rs {
		out = append(out, r.URL+" "+r.SDDL)
	}
	return out
}

const (
	wsman = "D:(A;;GX;;;S-1-5-80-569256582-2953403351-2909559716-1301513147-412116970)(A;;GX;;;S-1-5-80-4059739203-877974739-1245631912-527174227-2996563517)"
	sstp  = "D:(A;;GA;;;S-1-5-80-3435701886-799518250-3791383489-3228296122-2938884314)(A;;GA;;;BA)(A;;GA;;;SY)"
)

var reserved = map[string][]string{
	"urlacl-en-server.txt": {
		"http://+:80/Temporary_Listen_Addresses/ D:(A;;GX;;;WD)",
		"http://+:5985/wsman/ " + wsman,
		"http://+:47001/wsman/ " + wsman,
		"https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ " + sstp,
		"http://+:80/116B50EB-ECE2-41ac-8429-9F9E963361B7/ D:(A;;GX;;;NS)",
	},
	"urlacl-en-win10-1909.txt": {
		"http://*:5357/ D:(A;;GX;;;BU)(A;;GX;;;LS)",
		"http://+:80/Temporary_Listen_Addresses/ D:(A;;GX;;;WD)",
		"https://*:5358/ D:(A;;GX;;;BU)(A;;GX;;;LS)",
		"http://+:10247/apps/ D:(A;;GX;;;AU)",
		"http://*:2869/ ",
	},
	"urlacl-it.txt": {"http://*:8096/ D:(A;;GX;;;WD)"},
}

func TestReservations(t *testing.T) {
	for name, want := range reserved {
		text := sample(t, name)
		if diff := cmp.Diff(want, tellReservations(ParseReservations(text))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		for lang, to := range httpsystest.Tongues() {
			if diff := cmp.Diff(want, tellReservations(ParseReservations(to.Translate(text)))); diff != "" {
				t.Errorf("%s in %s: -want +got:\n%s", name, lang, diff)
			}
		}
		for what, harm := range damage() {
			if diff := cmp.Diff(want, tellReservations(ParseReservations(harm(text)))); diff != "" {
				t.Errorf("%s, %s: -want +got:\n%s", name, what, diff)
			}
		}
	}
}

func TestLinkInProseIsNoReservation(t *testing.T) {
	for _, text := range []string{"My site: http://localhost:3000/\nthanks", "Frontend: http://localhost:3000/\nBackend: http://localhost:4000/\n"} {
		if rs := ParseReservations(text); len(rs) > 0 {
			t.Errorf("%q: %+v", text, rs)
		}
	}
	if rs := ParseReservations("Mine: http://+:3000/\n  User: \\Everyone\n"); len(rs) != 1 {
		t.Errorf("with a user below: %+v", rs)
	}
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]string{
		"HTTP://+:80/X/":                   "http + 80 /X/",
		"http://*:5357/":                   "http * 5357 /",
		"HTTP://127.0.0.1:8000:127.0.0.1/": "http 127.0.0.1 8000 / ip",
		"HTTPS://[::1]:443:[::1]/a":        "https ::1 443 /a ip",
		"http://[fe80::1%4]:8080/":         "http fe80::1%4 8080 / ip",
		"https://www.adatum.com:443/a b/":  "https www.adatum.com 443 /a b/",
		"http://+:80":                      "http + 80 ",
		"http://localhost/":                "no",
		"http://localhost:0/":              "no",
		"http://localhost:70000/":          "no",
		"http://:80/":                      "no",
		"ftp://x:80/":                      "no",
		"net.tcp://x:808/":                 "no",
		"http://[::1/":                     "no",
	} {
		u, ok := ParseURL(text)
		got := "no"
		if ok {
			got = fmt.Sprintf("%s %s %d %s", u.Scheme, u.Host, u.Port, u.Path)
		}
		if ok && u.IP.IsValid() {
			got += " ip"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestTakenOn(t *testing.T) {
	for _, c := range []struct {
		url, local string
		want       bool
	}{
		{"http://+:80/x/", "0.0.0.0:80", true},
		{"http://+:80/x/", "0.0.0.0:8080", false},
		{"http://LOCALHOST:8080/", "[::]:8080", true},
		{"http://*:80/", "192.168.1.20:80", true},
		{"http://127.0.0.1:8000:127.0.0.1/", "0.0.0.0:8000", true},
		{"http://127.0.0.1:8000:127.0.0.1/", "127.0.0.1:8000", true},
		{"http://127.0.0.1:8000:127.0.0.1/", "192.168.1.20:8000", false},
		{"http://127.0.0.1:8000:127.0.0.1/", "[::]:8000", false},
		{"http://[::1]:8000/", "[::]:8000", true},
	} {
		u, ok := ParseURL(c.url)
		if got := ok && u.TakenOn(netip.MustParseAddrPort(c.local)); got != c.want {
			t.Errorf("%s on %s: %v", c.url, c.local, got)
		}
	}
}

func TestKernelHolder(t *testing.T) {
	for _, c := range []struct {
		pid   int
		image string
		want  bool
	}{
		{4, "", true}, {4, "System", true}, {4, "Système", true}, {4, "httpd.exe", false},
		{2668, "", false}, {2668, "System", false}, {1, `C:\windows\system32\winedevice.exe`, true}, {0, "", false},
	} {
		if got := KernelHolder(c.pid, c.image); got != c.want {
			t.Errorf("PID %d %q: %v", c.pid, c.image, got)
		}
	}
}

func FuzzParseReservations(f *testing.F) {
	seeds(f, "urlacl")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range ParseReservations(text) {
			if _, ok := ParseURL(r.URL); !ok || unfinished(r.SDDL) {
				t.Fatalf("%+v", r)
			}
		}
	})
}

func BenchmarkParseState(b *testing.B) {
	text := sample(b, "servicestate-session-L2-en-unelevated.txt")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		ParseState(text)
	}
}
