package testbed_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

func TestSystemdStateShowsEachChange(t *testing.T) {
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"),
		testbed.WithFile("/etc/systemd/system/hand.service", "[Service]\nExecStart=/bin/sleep inf\n"),
		testbed.WithFile("/etc/mine/a", "one\n"))
	m.AwaitUnit("nginx.service", "active")
	run := func(words string) func() { return func() { m.Run("sh", "-ec", words) } }
	for _, tc := range []struct {
		name     string
		do, undo func()
		want     []string // beginnings of the lines
	}{
		{"nothing", run("true"), run("true"), nil},
		{"a byte", run("printf onE >/etc/mine/a"), run("echo one >/etc/mine/a"), []string{"file /etc/mine/a: "}},
		{"a byte of the base", run("cp -a /etc/hosts /root/h; printf x >>/etc/hosts"), run("cat /root/h >/etc/hosts; rm /root/h"),
			[]string{"file /etc/hosts: ", "file /root/h: "}},
		{"a mode", run("chmod 600 /etc/fstab"), run("chmod 644 /etc/fstab"), []string{"file /etc/fstab: "}},
		{"an owner", run("chown alice /usr/bin/cat"), run("chown root /usr/bin/cat"), []string{"file /usr/bin/cat: "}},
		{"a file gone", run("mv /usr/bin/lsof /var/tmp"), run("mv /var/tmp/lsof /usr/bin"), []string{"file /usr/bin/lsof: "}},
		{"a link", run("ln -s a /etc/mine/l"), run("rm /etc/mine/l"), []string{"file /etc/mine/l: "}},
		{"a folder replaced", run("mv /etc/nginx/conf.d /etc/nginx/old; mkdir -m 700 /etc/nginx/conf.d"), run("rmdir /etc/nginx/conf.d; mv /etc/nginx/old /etc/nginx/conf.d"),
			[]string{"file /etc/nginx/conf.d: ", "file /etc/nginx/old: "}},
		{"a unit", run("systemctl start hand"), run("systemctl stop hand"), []string{"unit hand.service: "}},
		{"a listener", run("systemctl stop nginx"), run("systemctl start nginx"),
			[]string{"listener tcp 0.0.0.0:80: ", "listener tcp [::]:80: ", "unit nginx.service: "}},
		{"its owner", run("systemctl stop nginx; nginx"), run("nginx -s quit; while pgrep -x nginx; do sleep 0.1; done; systemctl start nginx"),
			[]string{"listener tcp 0.0.0.0:80: ", "listener tcp [::]:80: ", "unit nginx.service: "}},
		{"enablement", run("rm -r /etc/systemd/system/multi-user.target.wants; systemctl daemon-reload"), run("systemctl enable -q nginx"),
			[]string{"file /etc/systemd/system/multi-user.target.wants: ", "file /etc/systemd/system/multi-user.target.wants/nginx.service: ", "unit nginx.service: "}},
		{"a runtime mask", run("systemctl mask -q --runtime haproxy"), run("systemctl unmask -q --runtime haproxy"),
			[]string{"file /run/systemd/system/haproxy.service: ", "unit haproxy.service: "}},
		{"a drop-in not read yet", run("mkdir /etc/systemd/system/nginx.service.d; echo '[Unit]' >/etc/systemd/system/nginx.service.d/x.conf"),
			run("rm -r /etc/systemd/system/nginx.service.d"),
			[]string{"file /etc/systemd/system/nginx.service.d: ", "file /etc/systemd/system/nginx.service.d/x.conf: ", "unit nginx.service: "}},
	} {
		before := m.State()
		tc.do()
		var got []string
		for _, line := range testbed.Diff(before, m.State()) {
			if !slices.ContainsFunc(tc.want, func(w string) bool { return strings.HasPrefix(line, w) }) {
				t.Errorf("%s: %s", tc.name, line)
			}
			got = append(got, line)
		}
		if len(got) < len(tc.want) {
			t.Errorf("%s: %d differences, want %q\n%s", tc.name, len(got), tc.want, strings.Join(got, "\n"))
		}
		tc.undo()
		if d := testbed.Diff(before, m.State()); len(d) > 0 {
			t.Errorf("%s, taken back:\n%s", tc.name, strings.Join(d, "\n"))
		}
	}
}
