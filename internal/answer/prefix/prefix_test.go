package prefix_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/prefix"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/share/urlprefix"
)

const (
	ann = "S-1-5-21-1-2-3-1001"
	bob = "S-1-5-21-1-2-3-1002"
)

// change is one fact of a machine.
type change func(*fact.Set)

func machine(changes ...change) *fact.Set {
	no := false
	s := &fact.Set{Machine: fact.Machine{OS: "windows", Windows: &fact.WindowsNet{Reservations: true, ListenList: true},
		Asker: &fact.Asker{SID: ann, Elevated: &no}, Addrs: []fact.Addr{{Prefix: netip.MustParsePrefix("10.0.0.7/24")}}}}
	for _, c := range changes {
		c(s)
	}
	return s
}

func elevated(s *fact.Set) { yes := true; s.Machine.Asker.Elevated = &yes }

func nobody(s *fact.Set) { s.Machine.Asker = nil }

func reserved(url string, sids ...string) change {
	return func(s *fact.Set) {
		r := fact.Reservation{ID: fact.ReservationID(url), URL: url}
		for _, sid := range sids {
			sid, deny := strings.CutPrefix(sid, "-")
			r.Rights = append(r.Rights, fact.PrefixRight{SID: sid, Listen: true, Deny: deny})
		}
		s.Reservations = append(s.Reservations, r)
	}
}

// registered is a live URL of PID 4's, with the queue and the process behind it.
func registered(url string, pid int) change {
	return func(s *fact.Set) {
		p, err := urlprefix.ParsePrinted(url)
		if err != nil {
			panic(err)
		}
		id, queue, proc := fact.RegistrationID(url), fact.QueueID("", fmt.Sprint(pid)), fact.ProcessID(pid, 0)
		s.Registrations = append(s.Registrations, fact.Registration{ID: id, URL: url, Port: p.Port})
		s.Queues = append(s.Queues, fact.Queue{ID: queue, PIDs: []int{pid}})
		s.Links = append(s.Links, fact.Link{From: id, To: queue, Kind: fact.InQueue}, fact.Link{From: queue, To: proc, Kind: fact.ServedBy})
		listens("0.0.0.0:"+fmt.Sprint(p.Port), 4)(s)
	}
}

func listens(at string, pid int) change {
	return func(s *fact.Set) {
		a := netip.MustParseAddrPort(at)
		k := fact.Socket{ID: fact.SocketID(fact.TCP, a, netip.AddrPort{}, uint64(len(s.Sockets))), Proto: fact.TCP, Local: a, State: fact.Listen, PID: pid}
		s.Sockets = append(s.Sockets, k)
		s.Links = append(s.Links, fact.Link{From: k.ID, To: fact.ProcessID(pid, 0), Kind: fact.HeldBy})
		if pid != 4 {
			s.Processes = append(s.Processes, fact.Process{ID: fact.ProcessID(pid, 0), PID: pid, Name: "httpd.exe"})
		}
	}
}

func excluded(from, to uint16, starred bool) change {
	return func(s *fact.Set) {
		s.Ranges = append(s.Ranges, fact.Range{Kind: fact.Excluded, Proto: fact.TCP, From: from, To: to, Administered: starred})
	}
}

func service(active string, start uint32) change {
	return func(s *fact.Set) {
		s.Units = append(s.Units, fact.Unit{ID: "unit:HTTP", Manager: "scm", Name: "HTTP", Active: active, Windows: &fact.WindowsService{Start: &start}})
	}
}

func listed(addrs ...string) change {
	return func(s *fact.Set) {
		for _, a := range addrs {
			s.ListenList = append(s.ListenList, fact.ListenAddr{ID: fact.ID("iplisten:" + a), Addr: netip.MustParseAddr(a)})
		}
	}
}

func certified(port uint16) change {
	return func(s *fact.Set) {
		s.Certificates = append(s.Certificates, fact.Certificate{ID: "sslcert:x", Port: port})
	}
}

// Each answer and its twin: one fact changed, and the other answer.
func TestCheck(t *testing.T) {
	const wcf = "http://+:80/Temporary_Listen_Addresses/"
	for _, c := range []struct {
		set    *fact.Set
		prefix string
		works  prefix.Works
		code   urlprefix.Code
		rule   string // of the verdict that decides
	}{
		{machine(), "http://+:80/x/", prefix.No, 5, "not-reserved"},
		{machine(elevated), "http://+:80/x/", prefix.Yes, 0, "administrator"},
		{machine(reserved("http://+:80/x/", ann)), "http://+:80/x/", prefix.Yes, 0, "reserved-for-you"},
		{machine(reserved("http://+:80/", "S-1-1-0")), "http://+:80/x/", prefix.Yes, 0, "reserved-for-you"},
		{machine(reserved("http://+:80/x/", bob)), "http://+:80/x/", prefix.No, 5, "reserved-for-others"},
		{machine(reserved("http://+:80/x/", "-"+ann, "S-1-1-0")), "http://+:80/x/", prefix.No, 5, "reserved-for-others"},
		{machine(reserved("http://*:80/x/", ann)), "http://+:80/x/", prefix.No, 5, "not-reserved"},
		{machine(reserved(wcf, "S-1-1-0")), "http://+:80/Temporary_Listen_Addresses/1234/", prefix.Yes, 0, "reserved-for-you"},
		{machine(), "http://localhost:8080/", prefix.Yes, 0, "localhost-is-free"},
		{machine(), "http://127.0.0.1:8080/", prefix.Yes, 0, "localhost-is-free"},
		{machine(), "http://[::1]:8080/", prefix.Unknown, 0, "localhost-is-free"},
		{machine(), "http://localhost:80/", prefix.No, 5, "not-reserved"},
		{machine(reserved("http://+:8080/", bob)), "http://localhost:8080/", prefix.Unknown, 5, "localhost-lost"},
		{machine(nobody), "http://+:80/x/", prefix.No, 5, "not-reserved"},
		// Without the reservations nothing can be said of rights; nor of ports without sockets.
		{machine(func(s *fact.Set) { s.Machine.Windows.Reservations = false }), "http://+:80/x/", prefix.Unknown, 0, "not-read"},
		{machine(elevated, func(s *fact.Set) { s.AddGaps(fact.Gap{Kind: fact.GapNotThisOS, Subject: fact.SocketTable}) }), "http://+:80/x/", prefix.Unknown, 0, "not-read"},
		// The same prefix, whatever its case and slash; another bucket is another prefix.
		{machine(elevated, registered("HTTP://+:80/X/", 412)), "http://+:80/x", prefix.No, 183, "registered-already"},
		{machine(elevated, registered("HTTP://*:80/X/", 412)), "http://+:80/x", prefix.Yes, 0, "administrator"},
		{machine(elevated, registered("HTTP://127.0.0.1:80:127.0.0.1/", 412)), "http://127.0.0.1:80/", prefix.No, 183, "registered-already"},
		{machine(elevated, registered("HTTPS://+:80/", 412)), "http://+:80/x", prefix.No, 183, "scheme-clash"},
		// The port is a program's, not HTTP.sys's.
		{machine(elevated, listens("0.0.0.0:80", 412)), "http://+:80/x/", prefix.No, 32, "port-taken"},
		{machine(elevated, listens("127.0.0.1:80", 412)), "http://+:80/x/", prefix.No, 32, "port-taken"},
		{machine(elevated, listens("[::]:80", 412)), "http://+:80/x/", prefix.No, 32, "port-taken"},
		{machine(elevated, listens("0.0.0.0:80", 4)), "http://+:80/x/", prefix.Yes, 0, "administrator"},
		{machine(elevated, listens("0.0.0.0:445", 4)), "http://+:445/x/", prefix.No, 32, "port-taken"}, // SMB's
		{machine(elevated, listens("0.0.0.0:81", 412)), "http://+:80/x/", prefix.Yes, 0, "administrator"},
		{machine(elevated, listens("10.0.0.8:80", 412)), "http://10.0.0.7:80/", prefix.Yes, 0, "administrator"},
		{machine(elevated, listens("10.0.0.7:80", 412)), "http://10.0.0.7:80/", prefix.No, 32, "port-taken"},
		{machine(elevated, listens("127.0.0.1:80", 412), registered("HTTP://+:80/", 9)), "http://+:80/x/", prefix.Yes, 0, "administrator"},
		{machine(elevated, listens("127.0.0.1:80", 412), listed("10.0.0.7")), "http://+:80/x/", prefix.Yes, 0, "administrator"},
		{machine(listens("0.0.0.0:80", 412)), "http://+:80/x/", prefix.No, 5, "not-reserved"}, // rights come first
		// Ranges that Windows keeps back; a star, or a single port, blocks nobody.
		{machine(elevated, excluded(8000, 8099, false)), "http://+:8080/", prefix.No, 32, "port-excluded"},
		{machine(elevated, excluded(8000, 8099, true)), "http://+:8080/", prefix.Yes, 0, "administrator"},
		{machine(elevated, excluded(8080, 8080, false)), "http://+:8080/", prefix.Yes, 0, "administrator"},
		{machine(elevated, excluded(8000, 8099, false), listens("0.0.0.0:8080", 4)), "http://+:8080/", prefix.Yes, 0, "administrator"},
		// Addresses.
		{machine(elevated), "http://10.0.0.9:80/", prefix.No, 1214, "address-not-local"},
		{machine(elevated), "http://10.0.0.7:80/", prefix.Yes, 0, "administrator"},
		{machine(elevated), "http://127.0.0.1:80/", prefix.Yes, 0, "administrator"},
		{machine(elevated), "http://0.0.0.0:80/", prefix.No, 50, "malformed"},
		{machine(elevated), "http://192.:80/", prefix.No, 50, "malformed"},
		// Forms.
		{machine(elevated), "http://+:80", prefix.No, 87, "malformed"},
		{machine(elevated), "http://localhost/", prefix.No, 87, "malformed"},
		{machine(elevated), "http://+:80/x?y", prefix.No, 87, "malformed"},
		// The service.
		{machine(elevated, service("stopped", 4)), "http://+:80/x/", prefix.No, 1058, "http-disabled"},
		{machine(elevated, service("stopped", 3)), "http://+:80/x/", prefix.Yes, 0, "administrator"},
		{machine(elevated, service("running", 4)), "http://+:80/x/", prefix.Yes, 0, "administrator"},
	} {
		a := prefix.Check(c.set, c.prefix, prefix.Asker(c.set))
		v, refused := a.Refusal()
		if !refused && len(a.Verdicts) > 0 {
			v = a.Verdicts[len(a.Verdicts)-1]
		}
		if a.Works != c.works || v.Code != c.code || string(v.Rule) != c.rule {
			t.Errorf("%s on %+v: %v, %d by %s, want %v, %d by %s\n%+v", c.prefix, c.set.Machine.Asker, a.Works, v.Code, v.Rule, c.works, c.code, c.rule, a)
		}
	}
}

// found are the rules of findings, with the rows that they name.
func found(a prefix.Answer) []string {
	var out []string
	for _, f := range a.Findings {
		s := string(f.Rule)
		for _, id := range f.About {
			s += " " + string(id)
		}
		out = append(out, s)
	}
	return out
}

func TestRequests(t *testing.T) {
	const reg, acl = "url:http://", "urlacl:http://"
	behind := func(pid int) string { return fmt.Sprintf(" queue:#%d proc:%d", pid, pid) }
	for _, c := range []struct {
		set    *fact.Set
		prefix string
		want   []string
	}{
		{machine(elevated), "http://+:80/x/", []string{"closed-today"}},
		{machine(elevated, registered("HTTP://*:80/", 9)), "http://+:80/x/", []string{"served-today " + reg + "*:80/" + behind(9), "takes-part " + reg + "*:80/"}},
		{machine(elevated, registered("HTTP://*:80/X/Y/", 9)), "http://+:80/x/", []string{"no-path-today", "takes-all " + reg + "*:80/x/y/"}},
		{machine(elevated, registered("HTTP://A:80/", 9)), "http://b:80/x/", []string{"no-host-today"}},
		{machine(elevated, registered("HTTP://+:80/", 9)), "http://*:80/x/", []string{"outranked " + reg + "+:80/" + behind(9)}},
		{machine(elevated, registered("HTTP://+:80/X/Y/", 9)), "http://*:80/x/", []string{"no-path-today", "outranked-in-part " + reg + "+:80/x/y/"}},
		// A reservation that nobody registered under answers 503 for itself and for those behind it.
		{machine(reserved("http://+:80/x/", ann), registered("HTTP://A:80/", 9)), "http://+:80/x/", []string{"reserved-today " + acl + "+:80/x/", "takes-part " + reg + "a:80/"}},
		{machine(elevated, reserved("http://+:80/x/", bob), registered("HTTP://A:80/", 9)), "http://*:80/x/", []string{"shadowed " + acl + "+:80/x/"}},
		{machine(elevated, reserved("http://+:80/x/", bob), registered("HTTP://+:80/x/", 9)), "http://*:80/x/", []string{"outranked " + reg + "+:80/x/" + behind(9)}},
		{machine(elevated, reserved("http://+:80/x/y/", bob), registered("HTTP://A:80/", 9)), "http://*:80/x/", []string{"no-host-today", "outranked-in-part " + reg + "a:80/", "shadowed-in-part " + acl + "+:80/x/y/"}},
		// The kernel listens, and nobody could tell for which URLs.
		{machine(elevated, listens("0.0.0.0:80", 4)), "http://+:80/x/", []string{"registrations-unknown sock:tcp:0.0.0.0:80#0"}},
		// A program's own address beside HTTP.sys's wildcard.
		{machine(elevated, registered("HTTP://+:80/Y/", 9), listens("127.0.0.1:80", 412)), "http://+:80/x/", []string{"beside sock:tcp:127.0.0.1:80#1 proc:412", "no-path-today"}},
		// The listen list.
		{machine(listed("10.0.0.7")), "http://localhost:8080/", []string{"closed-today", "list-starves"}},
		{machine(listed("10.0.0.7", "::1")), "http://localhost:8080/", []string{"closed-today"}},
		{machine(listed("0.0.0.0")), "http://localhost:8080/", []string{"closed-today"}},
		{machine(elevated, listed("10.0.0.7")), "http://+:8080/", []string{"closed-today", "list-lacks-localhost"}},
		{machine(elevated, listed("10.0.0.7", "127.0.0.1")), "http://+:8080/", []string{"closed-today", "list-narrows"}},
		{machine(elevated, listed("0.0.0.0", "::")), "http://+:8080/", []string{"closed-today"}},
		{machine(elevated, listed("127.0.0.1")), "http://10.0.0.7:8080/", []string{"closed-today", "list-starves"}},
		{machine(elevated, listed("10.0.0.7")), "http://10.0.0.7:8080/", []string{"closed-today"}},
		{machine(elevated, certified(8443)), "https://+:443/", []string{"closed-today", "no-certificate"}},
		{machine(elevated, certified(443)), "https://+:443/", []string{"closed-today"}},
		{machine(elevated, service("running", 4)), "http://+:80/", []string{"http-disabled-next unit:HTTP", "closed-today"}},
		// A program's port: what it answers is not HTTP.sys's to say.
		{machine(elevated, listens("0.0.0.0:80", 412)), "http://+:80/x/", nil},
		{machine(elevated), "http://+:80/x", []string{"slash-implied", "closed-today"}},
		{machine(nobody), "http://+:80/", []string{"account-unknown", "closed-today"}},
	} {
		if got := found(prefix.Check(c.set, c.prefix, prefix.Asker(c.set))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.prefix, got, c.want)
		}
	}
}

// typed are the commands of the steps, and the kinds of those without one.
func typed(a prefix.Answer) []string {
	var out []string
	for _, s := range a.Steps {
		if len(s.Command) == 0 {
			out = append(out, strings.TrimSpace(s.Kind+" "+s.Args["prefix"]))
		}
		for _, c := range s.Command {
			out = append(out, strings.Join(c, " "))
		}
	}
	return out
}

func TestSteps(t *testing.T) {
	add := func(url, sddl string) string { return "netsh http add urlacl url=" + url + " sddl=" + sddl }
	own := "D:(A;;GX;;;" + ann + ")"
	for _, c := range []struct {
		set    *fact.Set
		prefix string
		want   []string
	}{
		{machine(), "http://+:80/x/", []string{add("http://+:80/x/", own), "administrator"}},
		{machine(), "http://+:8080/x", []string{"localhost http://localhost:8080/x/", add("http://+:8080/x/", own), "administrator"}},
		{machine(nobody), "http://+:80/x/", []string{add("http://+:80/x/", "D:(A;;GX;;;SID)"), "administrator"}},
		{machine(reserved("http://+:8080/", bob)), "http://localhost:8080/", []string{add("http://localhost:8080/", own), "administrator", "netsh http delete urlacl url=http://+:8080/"}},
		// Who has the very prefix keeps it; an administrator may not reserve below what does not delegate.
		{machine(reserved("http://+:80/x/", bob)), "http://+:80/x/", []string{"path", "port", "netsh http delete urlacl url=http://+:80/x/", add("http://+:80/x/", "D:(A;;GX;;;"+bob+")(A;;GX;;;"+ann+")")}},
		{machine(reserved("http://+:80/", bob)), "http://+:80/x/", []string{"path", "port", "netsh http delete urlacl url=http://+:80/", add("http://+:80/", "D:(A;;GX;;;"+bob+")(A;;GX;;;"+ann+")")}},
		{machine(elevated, registered("HTTP://+:80/X/", 9)), "http://+:80/x/", []string{"path", "port"}},
		{machine(elevated, listens("0.0.0.0:80", 412)), "http://+:80/x/", []string{"port", "berth who 80"}},
		{machine(elevated), "http://10.0.0.9:80/", []string{"address"}},
		// Two refusals: the right to a port that is a program's is not worth much.
		{machine(excluded(8000, 8099, false)), "http://+:8080/", []string{"port", add("http://+:8080/", own), "administrator"}},
		{machine(elevated, service("stopped", 4)), "http://+:80/", []string{"sc.exe config http start= demand", "net start http"}},
		{machine(listed("10.0.0.7")), "http://localhost:8080/", []string{"netsh http add iplisten ipaddress=127.0.0.1"}},
		{machine(elevated, listed("10.0.0.7")), "http://+:80/", []string{"netsh http add iplisten ipaddress=127.0.0.1"}},
		{machine(elevated, listed("10.0.0.7"), listens("127.0.0.1:80", 412)), "http://+:80/", nil}, // that is what the list is for
		{machine(), "HTTP://+:80", []string{"rewrite http://+:80/"}},
		{machine(), "localhost:8080", []string{"rewrite http://localhost:8080/"}},
		{machine(), "https://0.0.0.0/a?b", []string{"rewrite https://+:443/a/"}},
		{machine(), "http://[::1]", []string{"rewrite http://[::1]:80/"}},
		{machine(), "http://x:080/", []string{"rewrite http://x:80/"}},
		{machine(), "http://192.:80/", nil},
		{machine(elevated), "http://+:80/x/", nil},
	} {
		if got := typed(prefix.Check(c.set, c.prefix, prefix.Asker(c.set))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.prefix, got, c.want)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		set    *fact.Set
		code   urlprefix.Code
		prefix string
		shown  bool
		want   string
	}{
		{machine(), 5, "http://+:80/x/", true, "not-reserved"},
		{machine(elevated), 5, "http://+:80/x/", false, "cause-rights"},
		{machine(elevated), 5, "", false, "cause-rights"},
		{machine(elevated, listens("0.0.0.0:80", 412)), 32, "http://+:80/x/", true, "port-taken"},
		{machine(elevated), 32, "http://+:80/x/", false, "cause-holder cause-service-state"},
		{machine(elevated, registered("HTTP://+:80/X/", 9)), 183, "http://+:80/x/", true, "registered-already"},
		{machine(elevated, excluded(8000, 8099, false)), 183, "http://+:8080/", true, "port-excluded"}, // winnat's, as one report has it
		{machine(elevated), 183, "http://+:8080/", false, "cause-registered cause-range"},
		{machine(), 87, "http://+:80", true, "malformed"},
		{machine(), 87, "http://+:80/", false, "cause-form cause-group"},
		{machine(), 50, "http://0.0.0.0:80/", true, "malformed"},
		{machine(elevated), 50, "http://192.255.255.255:80/", true, "address-not-local"},
		{machine(elevated), 1214, "http://10.0.0.9:80/", true, "address-not-local"},
		{machine(elevated), 1214, "http://10.0.0.7:80/", false, "cause-address"},
		{machine(elevated, service("stopped", 4)), 1058, "http://+:80/", true, "http-disabled"},
		{machine(), 1306, "", false, "cause-version"},
		{machine(), 1332, "", false, "cause-account-name"},
		{machine(), 1314, "", false, "cause-privilege"},
		{machine(), 2, "", false, "cause-not-there"},
		{machine(), 1168, "", false, "cause-not-there"},
		{machine(), 1068, "", false, "cause-disabled"},
		{machine(), 50, "", false, "cause-host"},
	} {
		x, known := prefix.Explain(c.set, c.code, c.prefix, prefix.Asker(c.set))
		var rules []string
		for _, f := range x.Causes {
			rules = append(rules, string(f.Rule))
		}
		if !known || x.Shown != c.shown || strings.Join(rules, " ") != c.want || (x.Answer != nil) != (c.prefix != "") {
			t.Errorf("%d for %q: %v, %q, want %v, %q", c.code, c.prefix, x.Shown, rules, c.shown, c.want)
		}
	}
	if _, known := prefix.Explain(machine(), 12345, "", prefix.Who{}); known {
		t.Error("a code that is none of HTTP.sys's has a cause")
	}
}

// FuzzCheck feeds any text and rows that no reader would make.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{"http://+:80/x/", "https://localhost:8080/", "http://[::1]:80", "\xff://", "http://*.x:80/%41", "localhost:1", "http://[:80/", "[", "http://:/"} {
		f.Add(s, "HTTP://+:80/X/", uint64(1))
	}
	f.Fuzz(func(t *testing.T, text, url string, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		set := machine()
		for _, c := range []change{elevated, nobody, reserved(url, ann, ""), listens("127.0.0.1:80", 4), listens("[::]:80", 9), listed("10.0.0.7"), listed("::"),
			excluded(1, 65535, false), service("stopped", 4), certified(1), func(s *fact.Set) { s.Machine.Windows = nil },
			func(s *fact.Set) {
				s.Registrations = append(s.Registrations, fact.Registration{ID: "url:x", URL: url})
				s.ListenList = append(s.ListenList, fact.ListenAddr{})
				s.Links = append(s.Links, fact.Link{From: "url:x", To: "url:x", Kind: fact.InQueue})
			}} {
			if r.IntN(3) == 0 && set.Machine.Asker != nil {
				c(set)
			}
		}
		a := prefix.Check(set, text, prefix.Asker(set))
		if v, refused := a.Refusal(); refused != (a.Works != prefix.Yes) && a.Works != prefix.Unknown || len(a.Verdicts) == 0 || v.Code == 0 && a.Works == prefix.No {
			t.Fatalf("%q: %+v", text, a)
		}
		prefix.Explain(set, urlprefix.Code(seed), text, prefix.Asker(set))
	})
}
