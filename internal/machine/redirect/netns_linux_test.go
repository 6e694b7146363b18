package redirect

import (
	"context"
	"fmt"
	"os/exec"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

func feed(t testing.TB, program, input string, args ...string) {
	t.Helper()
	testbed.Need(t, testbed.TierNetns, program)
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", program, err, out, input)
	}
}

// brief writes what a redirect takes on one line.
func brief(r fact.Redirect) string {
	s := fmt.Sprintf("%s %s %s", r.Hook, r.Kind, r.Proto)
	if r.From == r.Last {
		s += fmt.Sprintf(" %d", r.From)
	} else {
		s += fmt.Sprintf(" %d-%d", r.From, r.Last)
	}
	s += " > " + r.To
	if r.Dst.IsValid() {
		s += " dst " + r.Dst.String()
	}
	for _, x := range r.Except {
		s += " except " + x.String()
	}
	switch {
	case r.NotDev:
		s += " not via " + r.Device
	case r.Device != "":
		s += " via " + r.Device
	}
	if r.Partial {
		s += " partial"
	}
	if r.Comment != "" {
		s += fmt.Sprintf(" %q", r.Comment)
	}
	return s + " in " + r.Chain
}

func briefs(rows []fact.Redirect) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, brief(r))
	}
	sort.Strings(out)
	return out
}

// rules of one program, what they take of port 80, and in all.
type rules struct {
	name    string
	program string // "nft", "iptables-nft-restore", "iptables-legacy-restore", ...
	text    string
	port80  []string
	all     []string // nil = as port80
}

func nat(lines ...string) string { return "*nat\n" + strings.Join(lines, "\n") + "\nCOMMIT\n" }

func iptablesCases(program string) []rules {
	anyIP := "0.0.0.0/0"
	to := func(s string) string { return s }
	return []rules{
		{name: "redirect", program: program, text: nat("-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080"),
			port80: []string{"prerouting redirect tcp 80 > :8080 dst " + anyIP + " in ip nat PREROUTING"}},
		{name: "another port", program: program, text: nat("-A PREROUTING -p tcp --dport 8081 -j REDIRECT --to-ports 8080"),
			port80: []string{}, all: []string{"prerouting redirect tcp 8081 > :8080 dst " + anyIP + " in ip nat PREROUTING"}},
		{name: "longer number", program: program, text: nat("-A PREROUTING -p tcp --dport 8000:8099 -j REDIRECT --to-ports 9"),
			port80: []string{}, all: []string{"prerouting redirect tcp 8000-8099 > :9 dst " + anyIP + " in ip nat PREROUTING"}},
		{name: "udp", program: program, text: nat("-A PREROUTING -p udp --dport 80 -j DNAT --to-destination 10.0.0.5:53"),
			port80: []string{"prerouting dnat udp 80 > 10.0.0.5:53 dst " + anyIP + " in ip nat PREROUTING"}},
		{name: "no protocol", program: program, text: nat("-A PREROUTING -d 10.1.0.0/16 -j DNAT --to-destination 10.0.0.5"),
			port80: []string{"prerouting dnat  0-65535 > 10.0.0.5 dst 10.1.0.0/16 in ip nat PREROUTING"}},
		{name: "multiport and comment", program: program,
			text:   nat(`-A PREROUTING -p tcp -m multiport --dports 80,443,1000:2000 -m comment --comment "two words" -j DNAT --to-destination 10.0.0.5:8080`),
			port80: []string{`prerouting dnat tcp 80 > 10.0.0.5:8080 dst ` + anyIP + ` "two words" in ip nat PREROUTING`},
			all: []string{
				`prerouting dnat tcp 1000-2000 > 10.0.0.5:8080 dst ` + anyIP + ` "two words" in ip nat PREROUTING`,
				`prerouting dnat tcp 443 > 10.0.0.5:8080 dst ` + anyIP + ` "two words" in ip nat PREROUTING`,
				`prerouting dnat tcp 80 > 10.0.0.5:8080 dst ` + anyIP + ` "two words" in ip nat PREROUTING`,
			}},
		{name: "not these ports", program: program, text: nat("-A PREROUTING -p tcp -m multiport ! --dports 22,443 -j REDIRECT --to-ports 9"),
			port80: []string{"prerouting redirect tcp 23-442 > :9 dst " + anyIP + " in ip nat PREROUTING"},
			all: []string{
				"prerouting redirect tcp 0-21 > :9 dst " + anyIP + " in ip nat PREROUTING",
				"prerouting redirect tcp 23-442 > :9 dst " + anyIP + " in ip nat PREROUTING",
				"prerouting redirect tcp 444-65535 > :9 dst " + anyIP + " in ip nat PREROUTING",
			}},
		{name: "docker", program: program, text: nat(":DOCKER - [0:0]",
			"-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
			"-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
			"-A DOCKER -i docker0 -j RETURN",
			"-A DOCKER ! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:8000"),
			port80: []string{
				"output dnat tcp 80 > 172.17.0.2:8000 dst " + anyIP + " except 127.0.0.0/8 in ip nat DOCKER",
				"prerouting dnat tcp 80 > 172.17.0.2:8000 dst " + anyIP + " not via docker0 in ip nat DOCKER",
			}},
		{name: "output only", program: program, text: nat("-A OUTPUT -o lo -p tcp --dport 80 -j REDIRECT --to-ports 8080"),
			port80: []string{"output redirect tcp 80 > :8080 dst " + anyIP + " via lo in ip nat OUTPUT"}},
		{name: "partial", program: program, text: nat("-A PREROUTING -s 10.9.0.0/16 -p tcp --dport 80 -j REDIRECT --to-ports 8080"),
			port80: []string{"prerouting redirect tcp 80 > :8080 dst " + anyIP + " partial in ip nat PREROUTING"}},
		{name: "accepted before", program: program, text: nat("-A PREROUTING -p tcp --dport 80 -j ACCEPT", "-A PREROUTING -p tcp --dport 1:100 -j REDIRECT --to-ports 8080"),
			port80: []string{}, all: []string{
				"prerouting redirect tcp 1-79 > :8080 dst " + anyIP + " in ip nat PREROUTING",
				"prerouting redirect tcp 81-100 > :8080 dst " + anyIP + " in ip nat PREROUTING",
			}},
		{name: "accepted before for some", program: program, text: nat("-A PREROUTING -s 10.0.0.0/8 -p tcp --dport 80 -j ACCEPT", "-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080"),
			port80: []string{"prerouting redirect tcp 80 > :8080 dst " + anyIP + " partial in ip nat PREROUTING"}},
		{name: "accepted before for an address", program: program, text: nat("-A PREROUTING -d 127.0.0.0/8 -j RETURN", "-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080"),
			port80: []string{"prerouting redirect tcp 80 > :8080 dst " + anyIP + " except 127.0.0.0/8 in ip nat PREROUTING"}},
		{name: "accepted before from an interface", program: program, text: nat("-A PREROUTING -i docker0 -j RETURN", "-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080"),
			port80: []string{"prerouting redirect tcp 80 > :8080 dst " + anyIP + " not via docker0 in ip nat PREROUTING"}},
		{name: "returned", program: program, text: nat(":A - [0:0]", "-A PREROUTING -j A", "-A A -p tcp --dport 80 -j RETURN",
			"-A A -p tcp -j REDIRECT --to-ports 1", "-A PREROUTING -p tcp --dport 80:81 -j REDIRECT --to-ports 2"),
			port80: []string{"prerouting redirect tcp 80-81 > :2 dst " + anyIP + " in ip nat PREROUTING"}, // 81 was not asked about
			all: []string{
				"prerouting redirect tcp 0-79 > :1 dst " + anyIP + " in ip nat A",
				"prerouting redirect tcp 80 > :2 dst " + anyIP + " in ip nat PREROUTING",
				"prerouting redirect tcp 81-65535 > :1 dst " + anyIP + " in ip nat A",
			}},
		{name: "goto", program: program, text: nat(":A - [0:0]", "-A PREROUTING -p tcp --dport 80 -g A", "-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 2"),
			port80: []string{}},
		{name: "kube-proxy", program: program, text: nat(":KUBE-SERVICES - [0:0]", ":KUBE-NODEPORTS - [0:0]", ":KUBE-SVC-X - [0:0]", ":KUBE-SEP-A - [0:0]", ":KUBE-SEP-B - [0:0]", ":KUBE-MARK - [0:0]",
			"-A PREROUTING -m comment --comment portals -j KUBE-SERVICES",
			`-A KUBE-SERVICES -m comment --comment "must be last" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`,
			`-A KUBE-NODEPORTS -p tcp -m comment --comment "ns/web" -m tcp --dport 80 -j KUBE-SVC-X`,
			"-A KUBE-SVC-X -m statistic --mode random --probability 0.5 -j KUBE-SEP-A",
			"-A KUBE-SVC-X -j KUBE-SEP-B",
			"-A KUBE-SEP-A -s 10.244.0.2/32 -j KUBE-MARK",
			"-A KUBE-SEP-A -p tcp -m comment --comment ns/web -m tcp -j DNAT --to-destination 10.244.0.2:8080",
			"-A KUBE-SEP-B -p tcp -m comment --comment ns/web -m tcp -j DNAT --to-destination 10.244.0.3:8080",
			"-A KUBE-MARK -j MARK --or-mark 0x4000"),
			port80: []string{
				`prerouting dnat tcp 80 > 10.244.0.2:8080 dst ` + anyIP + ` "ns/web" in ip nat KUBE-SEP-A`,
				`prerouting dnat tcp 80 > 10.244.0.3:8080 dst ` + anyIP + ` "ns/web" in ip nat KUBE-SEP-B`,
			}},
		{name: "ranges of ports", program: program, text: nat("-A PREROUTING -p tcp --dport 80:89 -j DNAT --to-destination 10.88.0.2:8080-8089/80"),
			port80: []string{"prerouting dnat tcp 80-89 > 10.88.0.2:8080-8089 dst " + anyIP + " in ip nat PREROUTING"}},
		{name: "not local", program: program, text: nat("-A PREROUTING -m addrtype ! --dst-type LOCAL -p tcp --dport 80 -j REDIRECT --to-ports 2"), port80: []string{}},
		{name: "tproxy", program: program, text: "*mangle\n-A PREROUTING -p tcp --dport 80 -j TPROXY --on-port 3128\nCOMMIT\n",
			port80: []string{"prerouting tproxy tcp 80 > :3128 dst " + anyIP + " in ip mangle PREROUTING"}},
		{name: "IPv6", program: strings.Replace(program, "iptables", "ip6tables", 1), text: nat("-A PREROUTING -d 2001:db8::/32 -p tcp --dport 80 -j DNAT --to-destination [2001:db8::5]:8080"),
			port80: []string{to("prerouting dnat tcp 80 > [2001:db8::5]:8080 dst 2001:db8::/32 in ip6 nat PREROUTING")}},
		{name: "another IPv6 port", program: strings.Replace(program, "iptables", "ip6tables", 1), text: nat("-A PREROUTING -p tcp --dport 81 -j REDIRECT --to-ports 9"),
			port80: []string{}, all: []string{"prerouting redirect tcp 81 > :9 dst ::/0 in ip6 nat PREROUTING"}},
	}
}

func nftCases() []rules {
	base := func(rule string) string {
		return "table inet t { chain pre { type nat hook prerouting priority -100; " + rule + "; } }"
	}
	return []rules{
		{name: "no rules", text: "table inet t { chain pre { type nat hook prerouting priority -100; } }", port80: []string{}},
		{name: "redirect with comment", text: base(`tcp dport 80 redirect to :8080 comment "mine"`),
			port80: []string{`prerouting redirect tcp 80 > :8080 "mine" in inet t pre`}},
		{name: "both protocols", text: base("meta l4proto { tcp, udp } th dport 80 redirect to :8080"),
			port80: []string{"prerouting redirect tcp 80 > :8080 in inet t pre", "prerouting redirect udp 80 > :8080 in inet t pre"}},
		{name: "set of ports", text: base("tcp dport { 80, 443, 1000-2000, 60000-65535 } redirect to :9"),
			port80: []string{"prerouting redirect tcp 80 > :9 in inet t pre"},
			all: []string{
				"prerouting redirect tcp 1000-2000 > :9 in inet t pre", "prerouting redirect tcp 443 > :9 in inet t pre",
				"prerouting redirect tcp 60000-65535 > :9 in inet t pre", "prerouting redirect tcp 80 > :9 in inet t pre",
			}},
		{name: "not in a set", text: base("tcp dport != { 22, 80 } redirect to :9"), port80: []string{}, all: []string{
			"prerouting redirect tcp 0-21 > :9 in inet t pre", "prerouting redirect tcp 23-79 > :9 in inet t pre", "prerouting redirect tcp 81-65535 > :9 in inet t pre"}},
		{name: "range", text: base("tcp dport 80-90 redirect to :9"), port80: []string{"prerouting redirect tcp 80-90 > :9 in inet t pre"}},
		{name: "outside a range", text: base("tcp dport != 70-90 redirect to :9"), port80: []string{}, all: []string{
			"prerouting redirect tcp 0-69 > :9 in inet t pre", "prerouting redirect tcp 91-65535 > :9 in inet t pre"}},
		{name: "less", text: base("tcp dport < 81 redirect to :9"), port80: []string{"prerouting redirect tcp 0-80 > :9 in inet t pre"}},
		{name: "less by one", text: base("tcp dport < 80 redirect to :9"), port80: []string{}, all: []string{"prerouting redirect tcp 0-79 > :9 in inet t pre"}},
		{name: "named set", text: "table inet t { set s { type inet_service; flags interval; elements = { 70-90 }; } chain pre { type nat hook prerouting priority -100; tcp dport @s redirect to :9; } }",
			port80: []string{"prerouting redirect tcp 70-90 > :9 in inet t pre"}},
		{name: "map of data", text: base("dnat ip to tcp dport map { 80 : 10.0.0.1 . 8080, 81 : 10.0.0.2 . 8081 }"),
			port80: []string{"prerouting dnat tcp 80 > 10.0.0.1:8080 in inet t pre"},
			all:    []string{"prerouting dnat tcp 80 > 10.0.0.1:8080 in inet t pre", "prerouting dnat tcp 81 > 10.0.0.2:8081 in inet t pre"}},
		{name: "map of addresses", text: "table ip t { chain pre { type nat hook prerouting priority -100; dnat to tcp dport map { 80 : 10.0.0.1, 81 : 10.0.0.2 }; } }",
			port80: []string{"prerouting dnat tcp 80 > 10.0.0.1:80 dst 0.0.0.0/0 in ip t pre"},
			all:    []string{"prerouting dnat tcp 80 > 10.0.0.1:80 dst 0.0.0.0/0 in ip t pre", "prerouting dnat tcp 81 > 10.0.0.2:81 dst 0.0.0.0/0 in ip t pre"}},
		{name: "kube-proxy in nft", text: `table ip k {
			map nodeports { type inet_proto . inet_service : verdict; elements = { tcp . 80 : goto svc, tcp . 81 : goto other } }
			map ips { type ipv4_addr . inet_proto . inet_service : verdict; elements = { 10.96.0.1 . tcp . 80 : goto svc } }
			chain svc { numgen random mod 2 vmap { 0 : goto a, 1 : goto b }; }
			chain other { meta l4proto tcp dnat to 10.0.0.9:1; }
			chain a { ip saddr 10.0.0.1 jump marked; meta l4proto tcp dnat to 10.0.0.1:8080; }
			chain b { ip saddr 10.0.0.2 jump marked; meta l4proto tcp dnat to 10.0.0.2:8080; }
			chain marked { meta mark set mark or 0x4000; }
			chain services { ip daddr . meta l4proto . th dport vmap @ips; fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @nodeports; }
			chain pre { type nat hook prerouting priority -100; jump services; } }`,
			port80: []string{
				"prerouting dnat tcp 80 > 10.0.0.1:8080 dst 0.0.0.0/0 except 10.96.0.1/32 except 127.0.0.0/8 in ip k a",
				"prerouting dnat tcp 80 > 10.0.0.1:8080 dst 10.96.0.1/32 in ip k a",
				"prerouting dnat tcp 80 > 10.0.0.2:8080 dst 0.0.0.0/0 except 10.96.0.1/32 except 127.0.0.0/8 in ip k b",
				"prerouting dnat tcp 80 > 10.0.0.2:8080 dst 10.96.0.1/32 in ip k b",
			},
			all: []string{
				"prerouting dnat tcp 80 > 10.0.0.1:8080 dst 0.0.0.0/0 except 10.96.0.1/32 except 127.0.0.0/8 in ip k a",
				"prerouting dnat tcp 80 > 10.0.0.1:8080 dst 10.96.0.1/32 in ip k a",
				"prerouting dnat tcp 80 > 10.0.0.2:8080 dst 0.0.0.0/0 except 10.96.0.1/32 except 127.0.0.0/8 in ip k b",
				"prerouting dnat tcp 80 > 10.0.0.2:8080 dst 10.96.0.1/32 in ip k b",
				"prerouting dnat tcp 81 > 10.0.0.9:1 dst 0.0.0.0/0 except 127.0.0.0/8 in ip k other",
			}},
		{name: "addresses in a named interval map", text: `table ip t { map m { type ipv4_addr . inet_service : ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 80-90 : 10.9.9.9 . 99 } }
			chain pre { type nat hook prerouting priority -100; meta l4proto tcp dnat to ip daddr . tcp dport map @m; } }`,
			port80: []string{"prerouting dnat tcp 80-90 > 10.9.9.9:99 dst 10.0.0.0/8 in ip t pre"}},
		{name: "odd prefix", text: base("ip daddr 10.128.0.0/9 tcp dport 80 redirect to :9"),
			port80: []string{"prerouting redirect tcp 80 > :9 dst 10.128.0.0/9 in inet t pre"}},
		{name: "one IPv6 address", text: base("ip6 daddr 2001:db8::1 tcp dport 80 dnat ip6 to [2001:db8::2]:81"),
			port80: []string{"prerouting dnat tcp 80 > [2001:db8::2]:81 dst 2001:db8::1/128 in inet t pre"}},
		{name: "interface by number", text: base("iif lo tcp dport 80 redirect to :9"),
			port80: []string{"prerouting redirect tcp 80 > :9 via lo in inet t pre"}},
		{name: "interface by start of name", text: base(`iifname "eth*" tcp dport 80 redirect to :9`),
			port80: []string{"prerouting redirect tcp 80 > :9 via eth* in inet t pre"}},
		{name: "masked mark is not read", text: base("meta mark and 0xff == 1 tcp dport 80 redirect to :9"),
			port80: []string{"prerouting redirect tcp 80 > :9 partial in inet t pre"}},
		{name: "source set is not read", text: base("ip saddr { 10.0.0.1, 10.0.0.2 } tcp dport 80 redirect to :9"),
			port80: []string{"prerouting redirect tcp 80 > :9 dst 0.0.0.0/0 partial in inet t pre"}},
		{name: "unreachable chain", text: "table inet t { chain lost { tcp dport 80 redirect to :9; } chain pre { type nat hook prerouting priority -100; tcp dport 81 jump lost; } }",
			port80: []string{}},
		{name: "verdict map", text: "table inet t { chain a { meta l4proto tcp redirect to :9; } chain pre { type nat hook prerouting priority -100; tcp dport vmap { 80 : jump a, 81 : accept }; } }",
			port80: []string{"prerouting redirect tcp 80 > :9 in inet t a"}},
		{name: "tproxy", text: "table inet t { chain pre { type filter hook prerouting priority mangle; tcp dport 80 tproxy to :3128 accept; } }",
			port80: []string{"prerouting tproxy tcp 80 > :3128 in inet t pre"}},
		{name: "output", text: "table ip t { chain out { type nat hook output priority -100; oifname lo tcp dport 80 dnat to 127.0.0.1:8080; } }",
			port80: []string{"output dnat tcp 80 > 127.0.0.1:8080 dst 0.0.0.0/0 via lo in ip t out"}},
		{name: "postrouting is none", text: "table ip t { chain post { type nat hook postrouting priority 100; tcp dport 80 snat to 10.0.0.1; } }", port80: []string{}},
		{name: "input is none", text: "table ip t { chain in { type filter hook input priority 0; tcp dport 80 drop; } }", port80: []string{}},
		{name: "udp only", text: base("udp dport 80 redirect to :9"), port80: []string{"prerouting redirect udp 80 > :9 in inet t pre"}},
		{name: "in the IP header", text: "table ip t { chain pre { type nat hook prerouting priority -100; ip protocol tcp th dport 80 redirect to :9; } }",
			port80: []string{"prerouting redirect tcp 80 > :9 dst 0.0.0.0/0 in ip t pre"}},
	}
}

// nftLines ends blocks as nft wants it.
var nftLines = strings.NewReplacer("} }", "}\n}", "} chain", "}\nchain", "} map", "}\nmap")

func check(t *testing.T, kind string, c rules, r recordings) {
	t.Helper()
	testbed.Netns(t, func() {
		if c.program == "" {
			feed(t, "nft", nftLines.Replace(c.text)+"\n", "-f", "-")
		} else {
			feed(t, c.program, c.text)
		}
		if *record {
			r.add(t, kind, c)
		}
		for _, q := range []struct {
			ports []uint16
			want  []string
		}{{[]uint16{80}, c.port80}, {nil, c.all}} {
			want := q.want
			if want == nil {
				want = c.port80
			}
			set, err := Read(context.Background(), Query{Ports: q.ports})
			if err != nil || len(set.Gaps) > 0 {
				t.Errorf("ports %v: %v %+v", q.ports, err, set.Gaps)
			}
			if d := cmp.Diff(want, briefs(set.Redirects)); d != "" {
				t.Errorf("ports %v: %s", q.ports, d)
			}
		}
	})
}

func TestNetnsRules(t *testing.T) {
	r := recordings{}
	for kind, list := range map[string][]rules{
		"iptables-nft":    iptablesCases("iptables-nft-restore"),
		"iptables-legacy": iptablesCases("iptables-legacy-restore"),
		"nft":             nftCases(),
	} {
		for _, c := range list {
			t.Run(kind+"/"+c.name, func(t *testing.T) { check(t, kind, c, r) })
		}
	}
	if *record {
		r.write(t)
	}
}
