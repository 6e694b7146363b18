package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// Every row of the registry is found again, under its port and its name, and the
// file has the order that the search needs.
func TestEveryRowIsFound(t *testing.T) {
	n, last := 0, uint16(0)
	for l := range strings.Lines(registry) {
		line, ok := parsePort(l)
		if !ok {
			if !strings.HasPrefix(l, "#") {
				t.Fatalf("line is neither a row nor a comment: %q", l)
			}
			continue
		}
		n++
		if line.port < last {
			t.Fatalf("port %d stands after %d", line.port, last)
		}
		last = line.port
		for _, p := range line.portProtos() {
			if name, ok := PortName(p.Proto, p.Port); !ok || name != line.name {
				t.Errorf("%s: %q, %v; want %q", p, name, ok, line.name)
			}
			if d, ok := PortDescription(p.Proto, p.Port); !ok || d == "" || line.description != "" && d != line.description {
				t.Errorf("%s: description %q, %v; want %q", p, d, ok, line.description)
			}
		}
	}
	if n < 6000 {
		t.Errorf("only %d rows", n)
	}
}

// What is found is a row, for every port of both protocols.
func TestNothingIsInvented(t *testing.T) {
	have := make(map[PortProto]string)
	for l := range strings.Lines(registry) {
		line, ok := parsePort(l)
		if !ok {
			continue
		}
		for _, p := range line.portProtos() {
			have[p] = line.name
		}
	}
	for port := range 1 << 16 {
		for _, proto := range []fact.Proto{fact.TCP, fact.UDP} {
			want, wantOK := have[PortProto{uint16(port), proto}]
			if name, ok := PortName(proto, uint16(port)); name != want || ok != wantOK {
				t.Fatalf("%d/%s: %q, %v; want %q, %v", port, proto, name, ok, want, wantOK)
			}
		}
	}
}

func TestPortName(t *testing.T) {
	for _, c := range []struct {
		proto fact.Proto
		port  uint16
		name  string
	}{
		{fact.TCP, 1, "tcpmux"}, {fact.TCP, 80, "http"}, {fact.TCP, 443, "https"}, {fact.UDP, 443, "https"},
		{fact.TCP, 512, "exec"}, {fact.UDP, 512, "biff"}, {fact.UDPLite, 53, "domain"}, {fact.TCP, 8080, "http-alt"},
		{fact.TCP, 5173, ""}, {fact.SCTP, 80, ""}, {fact.TCP, 0, ""}, {fact.TCP, 65535, ""},
	} {
		if name, ok := PortName(c.proto, c.port); name != c.name || ok != (c.name != "") {
			t.Errorf("%d/%s: %q, %v; want %q", c.port, c.proto, name, ok, c.name)
		}
	}
}

func TestPortsNamed(t *testing.T) {
	for name, want := range map[string]string{
		"http": "80/tcp 80/udp", "HTTP": "80/tcp 80/udp", "http-alt": "591/tcp 591/udp 8008/tcp 8008/udp 8080/tcp 8080/udp",
		"webcache": "8080/tcp 8080/udp", "sunproxyadmin": "8081/tcp 8081/udp", "www": "80/tcp 80/udp", "exec": "512/tcp",
		"nosuchservice": "", "": "", "tcp": "", "80": "",
	} {
		var got []string
		for _, p := range PortsNamed(name) {
			got = append(got, p.String())
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q (-want +have):\n%s", name, diff)
		}
	}
}

func TestAliasesAddSomething(t *testing.T) {
	for l := range strings.Lines(aliases) {
		line, ok := parsePort(l)
		if !ok {
			continue
		}
		for _, p := range line.portProtos() {
			if name, _ := PortName(p.Proto, p.Port); strings.EqualFold(name, line.name) {
				t.Errorf("%s is %s in the registry itself", p, name)
			}
			if !slices.Contains(PortsNamed(line.name), p) {
				t.Errorf("%s is not found as %s", p, line.name)
			}
		}
	}
}

// The search must end, and stay inside the text, whatever the text is.
func FuzzFromPort(f *testing.F) {
	f.Add("1\ta\n2t\tb\n2u\tc\n9\td\te\n", uint16(2))
	f.Add("# x\n\n\t\n5", uint16(5))
	f.Fuzz(func(t *testing.T, text string, port uint16) {
		if rest := fromPort(text, port); !strings.HasSuffix(text, rest) {
			t.Errorf("%q is no end of the text", rest)
		}
	})
}

func BenchmarkPortName(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		PortName(fact.TCP, 8080)
	}
}

func BenchmarkPortsNamed(b *testing.B) {
	for b.Loop() {
		PortsNamed("webcache")
	}
}
