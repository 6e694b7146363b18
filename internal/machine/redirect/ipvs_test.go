package redirect

import (
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// The kernel's listing in the form of ip_vs_ctl.c; this machine's kernel has no IPVS.
const ipvsListing = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A600001:0050 rr  
  -> 0AF40003:1F90      Masq    1      0          0         
  -> 0AF40002:1F90      Masq    1      3          12        
UDP  0A60000A:0035 rr persistent 10800
  -> 0AF40007:0035      Masq    1      0          0         
TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0050 wlc 
  -> [2001:0db8:0000:0000:0000:0000:0000:0005]:1F90      Route   1      0          0         
TCP  0A600002:0050 rr  
TCP  0A600003:0000 rr persistent 300
  -> 0AF40009:0000      Masq    1      0          0         
FWM  00000001 rr  
  -> 0AF40009:0050      Masq    1      0          0         
`

func ipvsBriefs(rows []fact.Redirect) []string {
	out := []string{}
	for _, r := range rows {
		s := string(r.Proto) + " " + r.Dst.String() + " > " + r.To
		if r.From != r.Last {
			s += " every port"
		}
		out = append(out, s)
	}
	sort.Strings(out)
	return out
}

func TestDecodeIPVS(t *testing.T) {
	every := []string{
		"tcp 10.96.0.1/32 > 10.244.0.2:8080", "tcp 10.96.0.1/32 > 10.244.0.3:8080",
		"tcp 10.96.0.2/32 > ", "tcp 10.96.0.3/32 > 10.244.0.9 every port",
		"tcp 2001:db8::1/128 > [2001:db8::5]:8080", "udp 10.96.0.10/32 > 10.244.0.7:53",
	}
	for name, c := range map[string]struct {
		ports []uint16
		want  []string
	}{
		"all":     {nil, every},
		"80":      {[]uint16{80}, every[:5]},
		"53":      {[]uint16{53}, []string{every[3], every[5]}},
		"neither": {[]uint16{8080}, []string{every[3]}},
	} {
		rows, marked := decodeIPVS([]byte(ipvsListing), c.ports)
		if d := cmp.Diff(c.want, ipvsBriefs(rows)); d != "" || marked != 1 {
			t.Errorf("%s: %s, %d by mark", name, d, marked)
		}
	}
	if rows, marked := decodeIPVS([]byte(ipvsListing[:150]), nil); len(rows) != 0 || marked != 0 {
		t.Errorf("only the head: %v", rows)
	}
}

func FuzzDecodeIPVS(f *testing.F) {
	f.Add([]byte(ipvsListing))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, _ := decodeIPVS(b, nil)
		for _, r := range rows {
			if !r.Dst.IsValid() || r.From > r.Last {
				t.Errorf("%+v", r)
			}
		}
	})
}
