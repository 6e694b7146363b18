package redirect

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

func proxied(lists []ProxyListing) string {
	var b strings.Builder
	for _, l := range lists {
		fmt.Fprintf(&b, "[%d,%d)", l.From, l.To)
		for _, r := range l.Rows {
			fmt.Fprintf(&b, " %d:%s", r.Line, strings.TrimPrefix(string(r.Redirect.ID), "redirect:portproxy:"))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestFindPortProxy(t *testing.T) {
	const dashes = "--------------- ----------  --------------- ----------\n"
	for _, c := range []struct{ name, text, want string }{
		{"English", "\nListen on ipv4:             Connect to ipv4:\n\nAddress         Port        Address         Port\n" + dashes + "0.0.0.0         8080        172.17.0.2      80\n*               3306        localhost       3306\n\n",
			"[1,7) 6:v4tov4:0.0.0.0:8080>172.17.0.2:80 7:v4tov4:*:3306>localhost:3306\n"},
		{"Chinese", "\n侦听 ipv4:                 连接到 ipv6:\n\n地址            端口        地址            端口\n" + dashes + "0.0.0.0         80          fd00::5         8080\n",
			"[1,6) 6:v4tov6:0.0.0.0:80>[fd00::5]:8080\n"},
		{"Russian", "\nПрослушивать ipv4:         Подключаться к ipv4:\n\nАдрес           Порт        Адрес           Порт\n" + dashes + "127.0.0.1       80          10.0.0.5        80\n",
			"[1,6) 6:v4tov4:127.0.0.1:80>10.0.0.5:80\n"},
		{"two tables", "Listen on ipv4:             Connect to ipv4:\n\nAddress         Port        Address         Port\n" + dashes + "*               80          10.0.0.5        80\n\nListen on ipv6:             Connect to ipv4:\n\nAddress         Port        Address         Port\n" + dashes + "*               80          10.0.0.5        80\n",
			"[0,5) 5:v4tov4:*:80>10.0.0.5:80\n[6,11) 11:v6tov4:*:80>10.0.0.5:80\n"},
		{"blanks lost", "Listen on ipv4: Connect to ipv4:\nAddress Port Address Port\n--------------- ---------- --------------- ----------\n0.0.0.0 80 10.0.0.5 80\n",
			"[0,4) 4:v4tov4:0.0.0.0:80>10.0.0.5:80\n"},
		{"filtered", "C:\\>netsh interface portproxy show all | findstr 80\n0.0.0.0         80          10.0.0.5        80\n::1             81          ::1             82\n",
			"[0,3) 2:v4tov4:0.0.0.0:80>10.0.0.5:80 3:v6tov6:[::1]:81>[::1]:82\n"},
		{"no title", dashes + "::              80          10.0.0.5        80\n", "[0,2) 2:v6tov4:[::]:80>10.0.0.5:80\n"},

		{"empty", "netsh interface portproxy show all\n\nC:\\>", ""},
		{"a table of others", "Proto Local Foreign State\n" + dashes + "TCP 0.0.0.0:80 0.0.0.0:0 LISTENING\n", ""},
		{"rows alone", "0.0.0.0 80 10.0.0.5 80\n", ""},
		{"no ports", dashes + "0.0.0.0 80 10.0.0.5 http\n", ""},
		{"excluded ranges", "Start Port    End Port\n----------    --------\n        80          80\n", ""},
		{"numbers", dashes + "1 2 3 4\n", ""},
	} {
		if got := proxied(FindPortProxy(strings.Split(c.text, "\n"))); got != c.want {
			t.Errorf("%s:\n got %swant %s", c.name, got, c.want)
		}
	}
}

func TestPortProxyRows(t *testing.T) {
	v4, v6 := netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")
	row := func(table, listen string, dst netip.Prefix, port uint16, to string) fact.Redirect {
		return fact.Redirect{ID: fact.ID("redirect:portproxy:" + table + ":" + listen + ">" + to), Kind: "portproxy", Proto: fact.TCP, Dst: dst, From: port, Last: port, To: to, Chain: "PortProxy " + table}
	}
	named := row("v4tov4", "web.local:80", netip.Prefix{}, 80, "10.0.0.5:80")
	named.Partial, named.Comment = true, "listens on web.local"
	spelled := row("v4tov4", "0.0.0.0:80", v4, 80, "172.17.0.2:8080")
	spelled.Comment = "listens on 0.0.0.0"
	for _, c := range []struct {
		table, name, data string
		want              fact.Redirect
	}{
		{"v4tov4", "0.0.0.0/80", "172.17.0.2/8080", spelled},
		{"v4tov4", "*/80", "*/8080", row("v4tov4", "*:80", v4, 80, ":8080")},
		{"v6tov4", "*/80", "127.0.0.1/8080", row("v6tov4", "*:80", v6, 80, "127.0.0.1:8080")},
		{"v6tov6", "fe80::1%4/80", "::1/8080", row("v6tov6", "[fe80::1%4]:80", netip.MustParsePrefix("fe80::1/128"), 80, "[::1]:8080")},
		{"v4tov4", "127.0.0.1/80", "db.local/8080", row("v4tov4", "127.0.0.1:80", netip.MustParsePrefix("127.0.0.1/32"), 80, "db.local:8080")},
		{"v4tov4", "web.local/80", "10.0.0.5/80", named},
	} {
		listen, ok1 := registryEnd(c.name)
		connect, ok2 := registryEnd(c.data)
		got, ok3 := portProxy(c.table, listen, connect)
		if d := cmp.Diff(c.want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); d != "" || !ok1 || !ok2 || !ok3 {
			t.Errorf("%s %s = %s: %v %v %v %s", c.table, c.name, c.data, ok1, ok2, ok3, d)
		}
	}
	for _, bad := range []string{"", "/", "80", "/80", "0.0.0.0", "a b/80", "0.0.0.0:80"} {
		if e, ok := registryEnd(bad); ok {
			t.Errorf("%q is an end: %+v", bad, e)
		}
	}
	for _, port := range []string{"", "0", "65536", "-1", "http", " 80"} {
		if r, ok := portProxy("v4tov4", end{"*", port}, end{"*", "80"}); ok {
			t.Errorf("port %q: %+v", port, r)
		}
	}
}

func FuzzFindPortProxy(f *testing.F) {
	f.Add("\nListen on ipv4:             Connect to ipv4:\n\nAddress         Port        Address         Port\n--------------- ----------  --------------- ----------\n0.0.0.0         8080        172.17.0.2      80\n")
	f.Add("netsh interface portproxy show all\n* 80 ::1 81\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		last := 0
		for _, l := range FindPortProxy(lines) {
			if l.From < last || l.To <= l.From || l.To > len(lines) || len(l.Rows) == 0 {
				t.Fatalf("%q: %+v after %d", text, l, last)
			}
			last = l.To
			for _, r := range l.Rows {
				if r.Line <= l.From || r.Line > l.To || r.Redirect.From == 0 {
					t.Fatalf("%q: %+v", text, r)
				}
			}
		}
	})
}
