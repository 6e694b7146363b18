package catalog

import (
	"strings"
	"testing"
)

// The reservations that a Windows has or gets with its own features, and whose they are.
func TestReserved(t *testing.T) {
	for url, want := range map[string]string{
		"http://*:5357/":                                            "wsd",
		"https://*:5358/":                                           "wsd",
		"http://+:80/Temporary_Listen_Addresses/":                   "wcf-callback",
		"http://+:8731/Design_Time_Addresses/":                      "wcf-callback",
		"https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/": "sstp",
		"http://+:5985/wsman/":                                      "winrm",
		"https://+:5986/wsman/":                                     "winrm",
		"http://+:47001/wsman/":                                     "winrm",
		"http://*:2869/":                                            "windows-upnp",
		"http://+:10243/WMPNSSv4/":                                  "media-sharing",
		"https://+:10245/WMPNSSv4/":                                 "media-sharing",
		"http://+:10246/MDEServer/":                                 "media-delivery",
		"http://+:10247/apps/":                                      "media-delivery",
		"http://+:3387/rdp/":                                        "rdp-http",
		"https://+:3392/rdp/":                                       "rdp-http",
		"http://+:80/ReportServer/":                                 "ssrs",
		"HTTP://+:80/REPORTSERVER":                                  "ssrs",
		"http://+:80/116b50eb-ece2-41ac-8429-9f9e963361b7/":         "branchcache",
		"http://+:80/0131501b-d67f-491b-9a40-c4bf27bcb4d4":          "branchcache",
		"https://+:443/C574AC30-5794-4AEE-B1BB-6651C5315029/":       "branchcache",
		// One fact away.
		"http://+:5357/": "", "https://*:5357/": "", "http://*:5359/": "", "http://+:80/wsman/": "", "http://+:5985/wsman/x/": "",
		"http://+:80/": "", "http://*:80/": "", "": "", "/": "", "http://": "",
	} {
		e, ok := Reserved(url)
		if ok != (want != "") || ok && e.ID != want {
			t.Errorf("Reserved(%q) = %v, %v; want %q", url, e, ok, want)
		}
	}
}

// Fourteen prefixes stand on a Windows 11 that nobody touched.
func TestEverywhere(t *testing.T) {
	n := 0
	for e := range All() {
		for _, p := range e.HTTP {
			if p.Everywhere {
				n++
			}
		}
	}
	if n != 14 {
		t.Errorf("%d prefixes are reserved everywhere", n)
	}
}

func TestServiceShownAs(t *testing.T) {
	for display, want := range map[string]string{
		"World Wide Web Publishing Service": "W3SVC", "print spooler": "Spooler", "Server": "LanmanServer", "HTTP SSL": "HTTPFilter",
		"": "", "W3SVC": "", "Print": "", "TeamViewer": "", // TeamViewer's service has its version in its name
	} {
		if name, ok := ServiceShownAs(display); name != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", display, name, ok, want)
		}
	}
}

func TestSplitPrefix(t *testing.T) {
	for url, want := range map[string]struct {
		host string
		port uint16
		path string
		ok   bool
	}{
		"http://+:80/x/":                    {"+", 80, "/x/", true},
		"HTTP://127.0.0.1:19443:127.0.0.1/": {"127.0.0.1", 19443, "/", true},
		"http://[::1]:8080/":                {"::1", 8080, "/", true},
		"http://[fe80::1]:80:fe80::1/a":     {"fe80::1", 80, "/a", true},
		"http://*:*/":                       {"*", 0, "/", true},
		"http://localhost/x":                {"localhost", 0, "/x", false},
		"http://localhost:0/":               {"localhost", 0, "/", false},
		"http://[::1]/":                     {"::1", 0, "/", false},
		"http://[::1:80/":                   {"[", 0, "/", false},
		"[::1]:80":                          {"", 0, "/", false},
		"":                                  {"", 0, "/", false},
	} {
		host, port, path, ok := SplitPrefix(url)
		if host != want.host || port != want.port || path != want.path || ok != want.ok {
			t.Errorf("%q: %q, %d, %q, %v", url, host, port, path, ok)
		}
	}
}

func FuzzReserved(f *testing.F) {
	f.Add("http://+:80/ReportServer/", uint16(80), "ReportServer$X")
	f.Add("http://[::1]:*:x/", uint16(0), "W3SVC")
	f.Fuzz(func(t *testing.T, url string, port uint16, service string) {
		if e, ok := Reserved(url); ok && !strings.Contains(url, "://") {
			t.Errorf("Reserved(%q) = %s", url, e.ID)
		}
		for _, g := range LikelyBehindHTTP(port, []string{url}, []string{service}) {
			if g.Entry == nil || len(g.Because) == 0 {
				t.Errorf("a guess without entry or reason: %+v", g)
			}
		}
	})
}
