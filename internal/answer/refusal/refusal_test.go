package refusal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func told(text string) []string {
	var lines []Line
	for i, l := range strings.Split(text, "\n") {
		lines = append(lines, Line{Text: l, Where: fmt.Sprint(i + 1), Number: i + 1})
	}
	var out []string
	for _, r := range Read("", lines) {
		out = append(out, fmt.Sprintf("%s %d by %s", r.Cause, r.Port, r.Where))
	}
	return out
}

// Each class, and beside it the line that is another one by one word.
func TestCauses(t *testing.T) {
	for text, want := range map[string][]string{
		"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)":                                                                 {"in-use 80 by 1"},
		"nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)":                                                                      {"not-permitted 80 by 1"},
		"nginx: [emerg] bind() to 0.0.0.0:80 failed (10013: An attempt was made to access a socket in a way forbidden by its access permissions)": {"reserved 80 by 1"},
		"nginx: [emerg] bind() to 192.0.2.7:80 failed (99: Cannot assign requested address)":                                                      {"not-here 80 by 1"},
		"nginx: [emerg] socket() [::]:80 failed (97: Address family not supported by protocol)":                                                   {"family-off 80 by 1"},
		"listen tcp :8080: bind: address already in use":                                                                                          {"in-use 8080 by 1"},
		"dial tcp 127.0.0.1:8080: connect: connection refused":                                                                                    nil,
		"sshd[7]: fatal: Cannot bind any address.":                                                                                                {"unsaid 0 by 1"},
		"all is well\nError: listen EACCES: permission denied 0.0.0.0:80":                                                                         {"not-permitted 80 by 2"},
	} {
		if diff := cmp.Diff(want, told(text)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", text, diff)
		}
	}
}

// What a server says over and over is one refusal; what it says of two ports is two.
func TestEchoesAreOne(t *testing.T) {
	again := "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n" +
		"nginx: [emerg] bind() to [::]:80 failed (98: Address already in use)\n" +
		"nginx: [emerg] still could not bind()"
	if diff := cmp.Diff([]string{"in-use 80 by 1"}, told(again)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	two := again + "\nnginx: [emerg] bind() to 0.0.0.0:443 failed (98: Address already in use)"
	if diff := cmp.Diff([]string{"in-use 80 by 1", "in-use 443 by 4"}, told(two)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	other := again + "\n[ERROR] Can't start server: Bind on TCP/IP port: Permission denied"
	if diff := cmp.Diff([]string{"in-use 80 by 1", "not-permitted 0 by 4"}, told(other)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNext(t *testing.T) {
	for _, c := range []struct {
		line, system string
		listed       Listing
		want         string
	}{
		{"listen tcp :8080: bind: address already in use", "linux", NoListing, "sudo ss -ltnp 'sport = :8080'"},
		{"listen tcp :8080: bind: address already in use", "linux", Listed, ""},
		{"listen udp :53: bind: address already in use", "linux", NoListing, "sudo ss -lunp 'sport = :53'"},
		{"listen tcp :8080: bind: address already in use", "darwin", NoListing, "sudo lsof -nP -iTCP:8080 -sTCP:LISTEN"},
		{"listen tcp :8080: bind: address already in use", "", NoListing, "sudo ss -ltnp 'sport = :8080'  (on Windows: netstat -ano | findstr :8080; on macOS: sudo lsof -nP -iTCP:8080 -sTCP:LISTEN)"},
		{"bind() to 0.0.0.0:80 failed (10013: x)", "", NoListing, "netstat -ano | findstr :80"},
		{"bind() to 0.0.0.0:80 failed (10013: x)", "", NotListed, "netsh int ipv4 show excludedportrange protocol=tcp"},
		{"bind() to 0.0.0.0:80 failed (10013: x)", "", Listed, ""},
		{"Error: listen EACCES: permission denied 0.0.0.0:80", "windows", NoListing, "netstat -ano | findstr :80"},
		{"listen tcp :80: bind: permission denied", "linux", NoListing, "sysctl net.ipv4.ip_unprivileged_port_start; id -u"},
		{"listen tcp :80: bind: permission denied", "linux", Listed, "sysctl net.ipv4.ip_unprivileged_port_start; id -u"},
		{"listen tcp :8080: bind: permission denied", "linux", NoListing, "sudo ausearch -m avc -ts recent"},
		{"listen tcp 192.0.2.7:80: bind: cannot assign requested address", "linux", NoListing, "ip -br address"},
		{"listen tcp 192.0.2.7:80: bind: invalid argument", "linux", NoListing, ""},
	} {
		rs := Read(c.system, []Line{{Text: c.line, Where: "1", Number: 1}})
		if len(rs) != 1 {
			t.Fatalf("%q: %d refusals", c.line, len(rs))
		}
		g, ok := rs[0].Next(c.listed)
		if g.Hint != c.want && ok || ok != (c.want != "") {
			t.Errorf("%q on %q, listed %v: %q, want %q", c.line, c.system, c.listed, g.Hint, c.want)
		}
	}
}

func TestManyLinesAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "listen tcp :%d: bind: address already in use\n", i+1)
	}
	if n := len(told(b.String())); n != maxRefusals {
		t.Errorf("%d refusals", n)
	}
}
