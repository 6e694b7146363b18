package httpsys

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

func socket(addr string, pid int) fact.Socket {
	at := netip.MustParseAddrPort(addr)
	return fact.Socket{ID: fact.SocketID(fact.TCP, at, netip.AddrPort{}, uint64(pid)), Proto: fact.TCP, Local: at, State: fact.Listen, PID: pid, Evidence: "test"}
}

func registered(urls ...string) []fact.Registration {
	var out []fact.Registration
	for _, url := range urls {
		u, _ := ParseURL(url)
		out = append(out, fact.Registration{ID: fact.RegistrationID(url), URL: url, Port: u.Port, Evidence: "test"})
	}
	return out
}

func TestTie(t *testing.T) {
	connected := socket("0.0.0.0:80", 4)
	connected.State = fact.Established
	udp := socket("0.0.0.0:80", 4)
	udp.Proto = fact.UDP
	for _, c := range []struct {
		name   string
		socket fact.Socket
		owner  string
		want   []string
	}{
		{"PID 4", socket("0.0.0.0:80", 4), "System", []string{"url:http://+:80/x/", "url:http://+:80/y/"}},
		{"PID 4 without a row", socket("[::]:80", 4), "", []string{"url:http://+:80/x/", "url:http://+:80/y/"}},
		{"Wine's driver host", socket("0.0.0.0:80", 304), "winedevice.exe", []string{"url:http://+:80/x/", "url:http://+:80/y/"}},
		{"a program", socket("0.0.0.0:80", 304), "httpd.exe", nil},
		{"nobody known", socket("0.0.0.0:80", 0), "", nil},
		{"another port", socket("0.0.0.0:8080", 4), "System", nil},
		{"the address of an IP-bound URL", socket("127.0.0.1:8000", 4), "System", []string{"url:http://127.0.0.1:8000:127.0.0.1/"}},
		{"another address", socket("10.0.0.5:8000", 4), "System", nil},
		{"a connection", connected, "System", nil},
		{"UDP", udp, "System", nil},
	} {
		set := fact.Set{Sockets: []fact.Socket{c.socket}, Registrations: registered("HTTP://+:80/X/", "HTTP://+:80/Y/", "HTTP://127.0.0.1:8000:127.0.0.1/")}
		if c.owner != "" {
			set.Processes = []fact.Process{{ID: fact.ProcessID(c.socket.PID, 0), PID: c.socket.PID}, {ID: fact.ProcessID(c.socket.PID, 7), PID: c.socket.PID, Name: c.owner}}
		}
		Tie(&set)
		Tie(&set) // once is enough
		var got []string
		for _, l := range set.Links {
			if l.Kind == fact.TakenBy && l.From == c.socket.ID {
				got = append(got, string(l.To))
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

// Hostile numbers of rows end with a gap, not with hours of work.
func TestTieIsBounded(t *testing.T) {
	var set fact.Set
	for i := range 1000 {
		set.Sockets = append(set.Sockets, socket(fmt.Sprintf("10.0.%d.%d:80", i/250, i%250), 4))
		set.Registrations = append(set.Registrations, registered(fmt.Sprintf("HTTP://+:80/%d/", i))...)
	}
	Tie(&set)
	if len(set.Gaps) != 1 || set.Gaps[0].Kind != fact.GapTruncated || len(set.Links) != maxTries {
		t.Errorf("%d links, gaps %+v", len(set.Links), set.Gaps)
	}
}

func TestUnlisted(t *testing.T) {
	for _, c := range []struct {
		listed []fact.Socket
		want   []string
	}{
		{nil, []string{"0.0.0.0:80", "127.0.0.1:8000"}},
		{[]fact.Socket{socket("[::]:80", 4)}, []string{"127.0.0.1:8000"}},
		{[]fact.Socket{socket("0.0.0.0:80", 304), socket("0.0.0.0:8000", 4)}, nil},
	} {
		set := fact.Set{Sockets: c.listed, Registrations: registered("HTTP://+:80/X/", "HTTP://+:80/Y/", "HTTP://127.0.0.1:8000:127.0.0.1/", "no URL")}
		var got []string
		for _, k := range Unlisted(&set) {
			got = append(got, k.Local.String())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func TestPIDs(t *testing.T) {
	set := fact.Set{Queues: []fact.Queue{{PIDs: []int{5492, 8}, Controller: 3408}, {PIDs: []int{8}}, {}}}
	if diff := cmp.Diff([]int{8, 3408, 5492}, PIDs(set)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
