package fact

import (
	"errors"
	"net/netip"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"80", "80"}, {" 80 ", "80"}, {"53/udp", "53/udp"}, {"53/UDP", "53/udp"},
		{"[::1]:8080", "[::1]:8080"}, {"127.0.0.1:80/tcp", "127.0.0.1:80/tcp"},
		{"localhost:80", "localhost:80"}, {"*:80", "80"}, {":80", "80"}, {"[fe80::1%eth0]:80", "[fe80::1%eth0]:80"},
		{"65535", "65535"}, {"080", "80"},
	} {
		e, err := ParseEndpoint(c.in)
		if err != nil || e.String() != c.want {
			t.Errorf("ParseEndpoint(%q) = %v, %v; want %s", c.in, e, err, c.want)
		}
	}
}

func TestParseEndpointFaults(t *testing.T) {
	for in, want := range map[string]EndpointFault{
		"": FaultEmpty, "0": FaultZero, "99999": FaultRange, "http": FaultName, "80/xyz": FaultProto,
		"[::1]": FaultNoPort, "[::1]:": FaultNoPort, "[::1]80": FaultNoPort, "[::1": FaultNoPort, "::1:80": FaultBrackets,
		"127.0.0.1": FaultNoPort, "localhost": FaultNoPort, "example.com:80": FaultHostName, "80-90": FaultSpan,
		"http://+:80/x/": FaultURL, "-1": FaultName, "8 0": FaultName, "٨٠": FaultName, "80/": FaultProto,
	} {
		_, err := ParseEndpoint(in)
		var e *EndpointError
		if !errors.As(err, &e) || e.Reason != want {
			t.Errorf("ParseEndpoint(%q): %v; want fault %s", in, err, want)
		}
	}
}

func TestConcerns(t *testing.T) {
	yes, no := true, false
	ask := func(s string) Endpoint { e, _ := ParseEndpoint(s); return e }
	for _, c := range []struct {
		ask, local string
		only       *bool
		want       bool
	}{
		{"80", "0.0.0.0:80", nil, true}, {"80", "10.0.0.1:80", nil, true}, {"80", "0.0.0.0:8080", nil, false},
		{"127.0.0.1:80", "0.0.0.0:80", nil, true}, {"127.0.0.1:80", "10.0.0.1:80", nil, false},
		{"[::1]:80", "0.0.0.0:80", nil, false}, {"[::1]:80", "[::ffff:0.0.0.0]:80", &no, false},
		{"127.0.0.1:80", "[::]:80", nil, true}, {"127.0.0.1:80", "[::]:80", &no, true}, {"127.0.0.1:80", "[::]:80", &yes, false},
		{"[::1]:80", "[::]:80", &yes, true},
		{"localhost:80", "[::1]:80", nil, true}, {"localhost:80", "127.0.0.1:80", nil, true}, {"localhost:80", "127.0.0.2:80", nil, false},
		{"0.0.0.0:80", "10.0.0.1:80", nil, true}, {"0.0.0.0:80", "[::1]:80", nil, false}, {"0.0.0.0:80", "[::]:80", &yes, false},
		{"[::]:80", "10.0.0.1:80", nil, true}, {"[::]:80", "0.0.0.0:80", nil, true},
		{"127.0.0.1:80", "[::ffff:127.0.0.1]:80", &no, true},
	} {
		s := Socket{Local: netip.MustParseAddrPort(c.local), Linux: &LinuxSocket{V6Only: c.only}}
		if got := ask(c.ask).Concerns(s); got != c.want {
			t.Errorf("%s concerns %s = %v", c.ask, c.local, got)
		}
	}
}

func FuzzParseEndpoint(f *testing.F) {
	for _, s := range []string{"80", "53/udp", "[::1]:8080", "localhost:80", "[::1", "80-90", "1:2:3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseEndpoint(s)
		if err != nil {
			if e.Port != 0 || err.Error() == "" {
				t.Fatalf("%q: %v %v", s, e, err)
			}
			return
		}
		again, err := ParseEndpoint(e.String())
		if err != nil || again.String() != e.String() {
			t.Fatalf("%q → %q → %v, %v", s, e.String(), again, err)
		}
	})
}
