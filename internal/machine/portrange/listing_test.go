package portrange

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// told renders listings: their lines, and each row with its own.
func told(lists []Listing) string {
	var b strings.Builder
	for _, l := range lists {
		fmt.Fprintf(&b, "[%d,%d)", l.From, l.To)
		for _, r := range l.Rows {
			star := ""
			if r.Range.Administered {
				star = "*"
			}
			fmt.Fprintf(&b, " %d:%s/%s:%d-%d%s", r.Line, r.Range.Proto, r.Range.Family, r.Range.From, r.Range.To, star)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// The same list as people paste it, in the languages seen. Titles and headings
// differ, and so do the widths of the dashes; blanks get lost on web pages.
func TestFindExcludedInAnyLanguage(t *testing.T) {
	const rows = "      5357        5357\n     49711       49810\n     50000       50059     *\n"
	for name, text := range map[string]string{
		"English":          "\nProtocol tcp Port Exclusion Ranges\n\nStart Port    End Port      \n----------    --------      \n" + rows + "\n* - Administered port exclusions.\n",
		"German":           "\nPortausschlussbereiche für das Protokoll \"tcp\"\n\nStartport      Endport\n----------    --------\n" + rows + "\n* - Verwaltete Portausschlüsse.\n",
		"French":           "\nProtocole tcp Plages d’exclusion de ports\n\nPort de début    Port de fin\n-------------    -----------\n" + rows + "\n* - Exclusions de ports administrées.\n",
		"Chinese":          "\n协议 tcp 端口排除范围\n\n开始端口    结束端口      \n----------    --------      \n" + rows + "\n* - 管理的端口排除。\n",
		"Chinese, one pad": "\n協定tcp連接埠排除範圍\n\n开始端口 结束端口\n---------- --------\n5357 5357\n49711 49810\n50000 50059 *\n\n* - 管理的端口排除。\n",
		"Japanese":         "\nプロトコル tcp ポート除外範囲\n\n開始ポート    終了ポート\n----------    --------\n" + rows + "\n* - 管理されている除外ポート。\n",
		"Russian":          "\nПротокол TCP Диапазоны исключения портов\n\nНачальный порт    Конечный порт\n--------------    -------------\n" + rows + "\n* - Администрируемые исключения портов.\n",
		"code page 866":    "\n\x8f\xe0\xae\xe2\xae\xaa\xae\xab tcp \x84\xa8\xa0\xaf\xa0\xa7\xae\xad\xeb\n\n\x8d\xa0\xe7\xa0\xab\xec\xad\xeb\xa9 \xaf\xae\xe0\xe2    \x8a\xae\xad\xa5\xe6\n----------    --------\n" + rows + "\n* - \x80\xa4\xac\n",
		"French, one pad":  "\nProtocole tcp Plages d’exclusion de ports\n\nPort de début Port de fin\n------------- -----------\n5357 5357\n49711 49810\n50000 50059 *\n\n* - Exclusions de ports administrées.\n",
		"CRLF":             "\r\nProtocol tcp Port Exclusion Ranges\r\n\r\nStart Port    End Port      \r\n----------    --------      \r\n" + strings.ReplaceAll(rows, "\n", "\r\n") + "\r\n* - Administered port exclusions.\r\n",
		"star sticks":      "\nProtocol tcp Port Exclusion Ranges\n\nStart Port    End Port\n----------    --------\n 5357 5357\n49711 49810\n50000 50059*\n\n* - Administered port exclusions.",
	} {
		want := "[1,10) 6:tcp/:5357-5357 7:tcp/:49711-49810 8:tcp/:50000-50059*\n"
		if got := told(FindExcluded(strings.Split(text, "\n"))); got != want {
			t.Errorf("%s:\n got %swant %s", name, got, want)
		}
	}
}

func TestFindExcludedByCommand(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"filtered by findstr", "C:\\>netsh int ipv4 show excludedportrange protocol=tcp | findstr 50\n      5001        5100\n     50000       50059     *\n\nC:\\>",
			"[0,3) 2:tcp/ipv4:5001-5100 3:tcp/ipv4:50000-50059*\n"},
		{"both families", "PS> netsh interface ipv6 show excludedportrange protocol=udp\n\nProtocol udp Port Exclusion Ranges\n\nStart Port    End Port\n----------    --------\n 50000 50059 *\n\n* - Administered port exclusions.\n\nPS> netsh interface ipv4 show excludedportrange udp\n\nProtocol udp Port Exclusion Ranges\n\nStart Port    End Port\n----------    --------\n\n* - Administered port exclusions.\n",
			"[0,9) 7:udp/ipv6:50000-50059*\n[10,18)\n"},
		{"no title", "Start Port    End Port\n----------    --------\n 1031 1130\n\nso what?\n80 90\n", "[1,3) 3:/:1031-1130\n"},
		{"no title, other widths", "Port de début    Port de fin\n-------------    -----------\n 1031 1130\n", "[1,3) 3:/:1031-1130\n"},
		{"a title beats a sentence", "I need tcp and udp.\n\nProtocol udp Port Exclusion Ranges\n\nStart Port    End Port\n----------    --------\n 1031 1130\n", "[2,7) 7:udp/:1031-1130\n"},
		{"an empty list", "Protocol tcp Port Exclusion Ranges\n\nStart Port    End Port\n----------    --------\n\n* - Administered port exclusions.\n", "[0,6)\n"},
	} {
		if got := told(FindExcluded(strings.Split(c.text, "\n"))); got != c.want {
			t.Errorf("%s:\n got %swant %s", c.name, got, c.want)
		}
	}
}

// Each looks like a list of ranges, and is none.
func TestFindExcludedLeavesOthersAlone(t *testing.T) {
	for name, text := range map[string]string{
		"PowerShell":         "LocalPort OwningProcess\n--------- -------------\n       80          1234\n      443          1234\n",
		"PowerShell for tcp": "what I have on tcp\nLocalPort OwningProcess\n--------- -------------\n       80          1234\n",
		"rows alone":         "80 90\n443 500\n",
		"dashes alone":       "----------    --------\n 80 90\n",
		"portproxy":          "Address         Port        Address         Port\n--------------- ----------  --------------- ----------\n*               8080        127.0.0.1       80\n",
		"backwards":          "Start Port    End Port\n----------    --------\n 90 80\n",
		"no ports":           "Start Port    End Port\n----------    --------\n 80 70000\n",
		"a title, no dashes": "Protocol tcp Port Exclusion Ranges\n 80 90\n",
		"dynamic":            "Protocol tcp Dynamic Port Range\n---------------------------------\nStart Port      : 49152\nNumber of Ports : 16384\n",
		"tasklist":           "Image Name                     PID Session Name        Session#    Mem Usage\n========================= ======== ================ =========== ============\nSystem                           4 Services                   0      2,000 K\n",
	} {
		if got := FindExcluded(strings.Split(text, "\n")); len(got) > 0 {
			t.Errorf("%s: %s", name, told(got))
		}
	}
}

func TestFindDynamic(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"English", "\nProtocol tcp Dynamic Port Range\n---------------------------------\nStart Port      : 49152\nNumber of Ports : 16384\n\n", "[1,5) 4:tcp/:49152-65535\n"},
		{"Chinese", "\n协议 tcp 动态端口范围\n---------------------------------\n启动端口        : 1024\n端口数          : 13977\n\n", "[1,5) 4:tcp/:1024-15000\n"},
		{"Chinese, wide colon", "\n协议 udp 动态端口范围\n---------------------------------\n启动端口： 1024\n端口数： 64511\n", "[1,5) 4:udp/:1024-65534\n"},
		{"German", "\nDynamischer Portbereich für das Protokoll \"tcp\"\n-----------------------------------------------\nStartport        : 49152\nAnzahl von Ports : 16384\n", "[1,5) 4:tcp/:49152-65535\n"},
		{"by command", "C:\\>netsh int ipv6 show dynamicport udp\n\nStart Port      : 1025\nNumber of Ports : 64511\n\nC:\\>", "[0,4) 3:udp/ipv6:1025-65535\n"},
		{"two", "netsh int ipv4 show dynamicport tcp\n\nProtocol tcp Dynamic Port Range\n---------------------------------\nStart Port      : 5000\nNumber of Ports : 100\n\nnetsh int ipv4 show dynamicport udp\n\nProtocol udp Dynamic Port Range\n---------------------------------\nStart Port      : 49152\nNumber of Ports : 16384\n",
			"[0,6) 5:tcp/ipv4:5000-5099\n[7,13) 12:udp/ipv4:49152-65535\n"},
		{"HTTP timeouts", "Timeouts used by HTTP service:\n------------------------------\nIdle connection timeout (secs) : 120\nHeader wait timeout (secs)     : 120\n", ""},
		{"more rows", "TCP Global Parameters\n----------------------------------------------\nInitial RTO : 1000\nRetries : 4\nTime : 5\n", ""},
		{"past the end", "Protocol tcp Dynamic Port Range\n---------------------------------\nStart Port      : 49152\nNumber of Ports : 16385\n", ""},
		{"cut off", "Protocol tcp Dynamic Port Range\n---------------------------------\nStart Port      : 49152", ""},
	} {
		if got := told(FindDynamic(strings.Split(c.text, "\n"))); got != c.want {
			t.Errorf("%s:\n got %swant %s", c.name, got, c.want)
		}
	}
}

func TestMerge(t *testing.T) {
	row := func(family string, from uint16, star bool) fact.Range {
		return fact.Range{Kind: fact.Excluded, Proto: fact.TCP, Family: family, From: from, To: from + 9, Administered: star, Evidence: family}
	}
	got := Merge([]fact.Range{row("ipv4", 80, false), row("ipv4", 90, false), row("ipv6", 80, false), row("ipv6", 90, true), row("ipv4", 80, false)})
	want := []fact.Range{row("", 80, false), row("ipv4", 90, false), row("ipv6", 90, true)}
	want[0].Evidence = "ipv4"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFactsNameTheirLine(t *testing.T) {
	l := FindExcluded(strings.Split("show excludedportrange udp\n7 9 *\n", "\n"))
	if len(l) != 1 {
		t.Fatal(l)
	}
	got := l[0].Facts(func(line int) string { return fmt.Sprint("line ", line) })
	want := []fact.Range{{Kind: fact.Excluded, Proto: fact.UDP, From: 7, To: 9, Administered: true, Evidence: "line 2"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("\nProtocol tcp Port Exclusion Ranges\n\nStart Port    End Port      \n----------    --------      \n        80          80      \n     50000       50059     *\n\n* - Administered port exclusions.\n")
	f.Add("\n协议 tcp 动态端口范围\n---------------------------------\n启动端口        : 1024\n端口数          : 13977\n\n")
	f.Add("C:\\>netsh int ipv4 show excludedportrange protocol=tcp | findstr 50\n      5001        5100\n")
	f.Add("netsh int ipv6 show dynamicport udp\n：1\n:2")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, find := range []func([]string) []Listing{FindExcluded, FindDynamic} {
			last := 0
			for _, l := range find(lines) {
				if l.From < last || l.To <= l.From || l.To > len(lines) {
					t.Fatalf("%q: [%d,%d) after %d", text, l.From, l.To, last)
				}
				last = l.To
				for _, r := range l.Rows {
					if r.Range.From > r.Range.To || r.Line <= l.From || r.Line > l.To {
						t.Fatalf("%q: %+v in [%d,%d)", text, r, l.From, l.To)
					}
				}
			}
		}
	})
}
