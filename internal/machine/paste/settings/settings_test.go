package settings

import (
	"fmt"
	"testing"
)

func said(line string) string {
	set, ok := Read(line, "line 1")
	if !ok {
		return "nothing"
	}
	s := ""
	for _, r := range set.Ranges {
		s += fmt.Sprintf("%s %d-%d ", r.Kind, r.From, r.To)
	}
	for _, a := range set.Machine.Addrs {
		s += fmt.Sprintf("%s on %s ", a.Prefix, a.Device)
	}
	if l := set.Machine.Linux; l != nil {
		if l.UnprivStart != nil {
			s += fmt.Sprintf("start %d ", *l.UnprivStart)
		}
		if l.BindV6Only != nil {
			s += fmt.Sprintf("v6only %v ", *l.BindV6Only)
		}
		if l.DisableIPv6 != nil {
			s += fmt.Sprintf("no IPv6 %v ", *l.DisableIPv6)
		}
	}
	return s
}

func TestRead(t *testing.T) {
	for line, want := range map[string]string{
		"net.ipv4.ip_unprivileged_port_start = 1024":        "privileged 0-1023 start 1024 ",
		"net.ipv4.ip_unprivileged_port_start = 0":           "start 0 ",
		"net.ipv4.ip_local_port_range = 32768\t60999":       "ephemeral 32768-60999 ",
		"net.ipv4.ip_local_reserved_ports = 8080,9148-9150": "reserved 8080-8080 reserved 9148-9150 ",
		"net.ipv4.ip_local_reserved_ports =":                "",
		"net.ipv6.bindv6only = 0":                           "v6only false ",
		"net.ipv6.conf.all.disable_ipv6 = 1":                "no IPv6 true ",
		"eth0@if5 UP 10.0.0.5/24 fe80::1/64":                "10.0.0.5/24 on eth0 fe80::1/64 on eth0 ",
		"lo UNKNOWN 127.0.0.1/8 ::1/128":                    "127.0.0.1/8 on lo ::1/128 on lo ",
		"net.ipv4.ip_local_port_range = 2 1":                "nothing",
		"net.ipv4.ip_forward = 1":                           "nothing",
		"net.ipv6.bindv6only = yes":                         "nothing",
		"eth0 UP":                                           "nothing",
		"It is UP since yesterday":                          "nothing",
		"x = y":                                             "nothing",
	} {
		if got := said(line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("net.ipv4.ip_local_reserved_ports = 1,2-3")
	f.Add("eth0 UP 10.0.0.5/24")
	f.Fuzz(func(t *testing.T, line string) {
		set, ok := Read(line, "x")
		for _, r := range set.Ranges {
			if !ok || r.From > r.To {
				t.Fatalf("%q: %+v", line, r)
			}
		}
	})
}

// What several lines tell is one machine's.
func TestAll(t *testing.T) {
	set, took := All([]string{"lo UNKNOWN 127.0.0.1/8", "prose", "eth0 UP 10.0.0.5/24", "net.ipv6.bindv6only = 1", "net.ipv4.ip_unprivileged_port_start = 80"},
		func(i int) string { return fmt.Sprint(i + 1) })
	m := set.Machine
	if len(took) != 4 || len(m.Addrs) != 2 || !*m.Linux.BindV6Only || *m.Linux.UnprivStart != 80 || m.Linux.DisableIPv6 != nil || set.Ranges[0].Evidence != "5" {
		t.Errorf("%v %+v", took, set)
	}
	if set, took := All([]string{"prose"}, nil); took != nil || set.Machine.Linux != nil {
		t.Errorf("%v %+v", took, set)
	}
}
