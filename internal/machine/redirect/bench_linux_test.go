package redirect

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// docker is what Docker writes for n published ports, from 10001 on.
func docker(n int) string {
	var b strings.Builder
	b.WriteString("*nat\n:DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n")
	b.WriteString("-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER\n")
	for i := range n {
		fmt.Fprintf(&b, "-A DOCKER ! -i br-%d -p tcp -m tcp --dport %d -j DNAT --to-destination 172.17.0.%d:80\n", i%7, 10001+i, 2+i%250)
	}
	b.WriteString("COMMIT\n")
	return b.String()
}

func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		program string
		rules   int
	}{
		{"", 0}, {"iptables-nft-restore", 200}, {"iptables-legacy-restore", 200}, {"iptables-nft-restore", 5000},
	} {
		for _, ports := range [][]uint16{{80}, {10150}, nil} {
			b.Run(fmt.Sprintf("%s/%d/%v", c.program, c.rules, ports), func(b *testing.B) {
				testbed.Netns(b, func() {
					if c.program != "" {
						feed(b, c.program, docker(c.rules))
					}
					for b.Loop() {
						if _, err := Read(context.Background(), Query{Ports: ports}); err != nil {
							b.Fatal(err)
						}
					}
				})
			})
		}
	}
}
