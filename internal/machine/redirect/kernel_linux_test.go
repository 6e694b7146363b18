package redirect

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// answering listens on loopback ports of the calling thread's namespace; whoever
// connects is told which port it reached.
func answering(t *testing.T, ports ...int) {
	t.Helper()
	for _, port := range ports {
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				fmt.Fprint(c, port)
				c.Close()
			}
		}()
	}
}

// reached connects to 127.0.0.1:80 and tells where it came out.
func reached(t *testing.T) string {
	t.Helper()
	c, err := net.DialTimeout("tcp4", "127.0.0.1:80", 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// predicted is where the redirects send a connection from this machine to
// 127.0.0.1:80 over lo: all targets it may reach, and just one where they are sure.
func predicted(rows []fact.Redirect) []string {
	loopback := netip.MustParseAddr("127.0.0.1")
	var may []string
	for _, r := range rows {
		here := !r.Dst.IsValid() || r.Dst.Contains(loopback)
		for _, x := range r.Except {
			here = here && !x.Contains(loopback)
		}
		device := r.Device == "" || (r.Device == "lo") != r.NotDev
		if r.Hook == "output" && r.Takes(fact.TCP, 80) && here && device {
			may = append(may, strings.TrimPrefix(r.To, ":"))
			if !r.Partial {
				return may
			}
		}
	}
	return append(may, "80")
}

// randomRules makes a NAT table out of conditions that berth reads.
func randomRules(r *rand.Rand) string {
	matches := []string{
		"-p tcp", "-p udp", "-p tcp --dport 80", "-p tcp --dport 81", "-p tcp --dport 1:100", "-p tcp ! --dport 80",
		"-p tcp -m multiport --dports 79,80", "-p tcp -m multiport ! --dports 80,90", "-p tcp -m multiport --dports 70:90",
		"-d 127.0.0.0/8 -p tcp", "-p tcp ! -d 127.0.0.1", "-d 10.0.0.0/8 -p tcp", "-o lo -p tcp", "-p tcp ! -o lo",
		"-m addrtype --dst-type LOCAL -p tcp", "-d 127.0.0.0/30 -p tcp --dport 80", "! -p udp", "-p tcp -m comment --comment x", "-s 127.0.0.0/8 -p tcp",
	}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var b strings.Builder
	b.WriteString("*nat\n:A - [0:0]\n:B - [0:0]\n")
	for _, chain := range []struct {
		name    string
		targets []string
	}{
		{"OUTPUT", []string{"-j A", "-j B", "-g A", "-j A", "-j ACCEPT", "-j RETURN"}},
		{"A", []string{"-j B", "-g B", "-j ACCEPT", "-j RETURN", "-j RETURN"}},
		{"B", []string{"-j ACCEPT", "-j RETURN"}},
	} {
		for range 2 + r.IntN(4) {
			match, target := pick(matches...), pick(chain.targets...)
			if r.IntN(3) == 0 && !strings.Contains(match, "! -p") {
				target = "-j REDIRECT --to-ports " + pick("9001", "9002", "9003")
			}
			fmt.Fprintf(&b, "-A %s %s %s\n", chain.name, match, target)
		}
	}
	return b.String() + "COMMIT\n"
}

func TestNetnsAnswersAsTheKernelActs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	taken, sure, rounds := map[string]int{}, 0, 0
	for _, program := range []string{"iptables-nft-restore", "iptables-legacy-restore"} {
		testbed.Netns(t, func() {
			answering(t, 80, 9001, 9002, 9003)
			for range 60 {
				text := randomRules(r)
				feed(t, program, text)
				for _, ports := range [][]uint16{{80}, nil} {
					set, err := Read(context.Background(), Query{Ports: ports})
					if err != nil || len(set.Gaps) > 0 {
						t.Fatal(err, set.Gaps)
					}
					want := reached(t)
					taken[want]++
					rounds++
					got := predicted(set.Redirects)
					if len(got) == 1 {
						sure++
					}
					if !slices.Contains(got, want) {
						t.Fatalf("%s: a connection reached %s, the rules read as %s (asked %v)\n%s\n%s", program, want, got, ports, text,
							strings.Join(briefs(set.Redirects), "\n"))
					}
				}
			}
		})
	}
	if len(taken) < 4 {
		t.Errorf("the rules were too much alike: %v", taken)
	}
	if sure < rounds*3/4 {
		t.Errorf("only %d of %d answers were sure", sure, rounds)
	}
}
