package procfs

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	sshdStat    = "884 (sshd) S 1 884 884 0 -1 4194560 1071 4219 0 9 0 1 3 6 20 0 1 0 1322 15790080 2304 18446744073709551615 1 1 0 0 0 0 0 4096 81921 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
	kthreadStat = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 2 0 0 20 0 1 0 0 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
)

func TestParseStat(t *testing.T) {
	got, ok := ParseStat([]byte(sshdStat))
	want := Stat{PID: 884, Comm: "sshd", State: 'S', PPID: 1, Session: 884, Flags: 4194560, Threads: 1, Start: 1322}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("ok %v, -want +got\n%s", ok, diff)
	}
	if got.Kernel() {
		t.Error("sshd is no kernel thread")
	}
	if k, _ := ParseStat([]byte(kthreadStat)); !k.Kernel() {
		t.Error("kthreadd is a kernel thread")
	}
}

func TestParseStatHostileName(t *testing.T) {
	for _, name := range []string{") R 1 (x", "a b", "\x1b]0;x\a\n", "((", "\xff\xfe", ""} {
		got, ok := ParseStat([]byte(strings.Replace(sshdStat, "(sshd)", "("+name+")", 1)))
		if !ok || got.Comm != name || got.PPID != 1 || got.Start != 1322 {
			t.Errorf("%q: ok %v, got %+v", name, ok, got)
		}
	}
}

func TestParseStatTruncated(t *testing.T) {
	for n := range strings.Index(sshdStat, " 1322") {
		if s, ok := ParseStat([]byte(sshdStat[:n])); ok {
			t.Fatalf("%q: got %+v", sshdStat[:n], s)
		}
	}
}

func TestTerminal(t *testing.T) {
	for dev, want := range map[int]string{
		0: "", 34816: "pts/0", 34816 + 7: "pts/7", 0x100000 | 34816 | 44: "pts/300", 137 << 8: "pts/256",
		1025: "tty1", 1024 + 64: "ttyS0", 5 << 8: "",
	} {
		if got := Terminal(dev); got != want {
			t.Errorf("%d: got %q, want %q", dev, got, want)
		}
	}
}

const status = "Name:\tnginx\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4021\nNgid:\t0\nPid:\t4021\nPPid:\t1\nTracerPid:\t0\n" +
	"Uid:\t1000\t33\t33\t33\nGid:\t33\t33\t33\t33\nFDSize:\t64\nGroups:\t33 \nNStgid:\t4021\t7\nNSpid:\t4021\t7\nNSpgid:\t4021\t7\n" +
	"VmPeak:\t   55000 kB\nThreads:\t1\nCapInh:\t0000000000000000\nCapEff:\t0000000000000400\nNoNewPrivs:\t1\nSeccomp:\t0\n"

func TestParseStatus(t *testing.T) {
	want := Status{Tgid: 4021, UID: 33, HasUID: true, NSPID: []int{4021, 7}, CapEff: 0x400, NoNewPrivs: true}
	if diff := cmp.Diff(want, ParseStatus([]byte(status))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Status{}, ParseStatus([]byte("Name:\tx\n:\n\n"))); diff != "" {
		t.Error(diff)
	}
}

func TestParseArgs(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                  nil,
		"\x00\x00":                          nil,
		"sleep\x0060\x00":                   {"sleep", "60"},
		"sh\x00-c\x00\x00x\x00":             {"sh", "-c", "", "x"},
		"nginx: worker process\x00\x00\x00": {"nginx: worker process"},
		"a\xff\x1b\x00b\n":                  {"a\xff\x1b", "b\n"},
	} {
		if diff := cmp.Diff(want, ParseArgs([]byte(text))); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestParseEnvKeepsOnlyWhatIsAskedFor(t *testing.T) {
	text := []byte("PATH=/bin\x00PORT=8080\x00SECRET=x\x00PORT=9\x00broken\x00=\x00EMPTY=\x00")
	got := ParseEnv(text, func(name string) bool { return name == "PORT" || name == "EMPTY" })
	if diff := cmp.Diff(map[string]string{"PORT": "8080", "EMPTY": ""}, got); diff != "" {
		t.Error(diff)
	}
	if got := ParseEnv(text, func(string) bool { return false }); got != nil {
		t.Errorf("got %v, want nil", got)
	}
}

func TestCgroupsNaming(t *testing.T) {
	for text, want := range map[string]string{
		"0::/system.slice/nginx.service\n": "/system.slice/nginx.service",
		// hybrid: controllers beside systemd's own and an empty unified hierarchy
		"9:name=systemd:/system.slice/ssh.service\n4:memory:/system.slice/ssh.service\n3:cpuset:/\n0::/system.slice/ssh.service\n": "/system.slice/ssh.service",
		"9:name=systemd:/system.slice/ssh.service\n4:memory:/\n0::/\n":                                                             "/system.slice/ssh.service",
		// version 1 only, a container
		"12:pids:/docker/abc\n11:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n": "/docker/abc",
		// a path with colons; a container in a container
		"0::/docker/abc/system.slice/a:b.service\n":         "/docker/abc/system.slice/a:b.service",
		"9:name=systemd:/\n4:memory:/process_api/7\n0::/\n": "/process_api/7",
		"0::/\n":                         "/",
		"":                               "",
		"garbage\n1:x\n0::relative\n\n:": "",
	} {
		if got := ParseCgroups([]byte(text)).Naming(); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestPasswd(t *testing.T) {
	text := "root:x:0:0:root:/root:/bin/bash\n#old:x:33:33\n+::0:0::\nwww-data:x:33:33::/:/bin/false\ntoor:x:0:0::/:\nbad\nno:x:-1:\n"
	p := Passwd{Names: map[uint32]string{0: "", 33: "", 4711: ""}}
	for line := range strings.Lines(text) {
		if !p.Line([]byte(strings.TrimSuffix(line, "\n"))) {
			t.Error("4711 is still missing")
		}
	}
	if diff := cmp.Diff(map[uint32]string{0: "root", 33: "www-data", 4711: ""}, p.Names); diff != "" {
		t.Error(diff)
	}
	p = Passwd{Names: map[uint32]string{0: ""}}
	if p.Line([]byte("root:x:0:0:root:/root:/bin/bash")) {
		t.Error("nothing is missing any more")
	}
}

func TestSocketInode(t *testing.T) {
	if n, ok := SocketInode([]byte("socket:[13000]")); !ok || n != 13000 {
		t.Errorf("got %d %v", n, ok)
	}
	for _, text := range []string{"", "socket:[", "socket:[]", "socket:[1", "pipe:[3000]", "socket:[30x0]", "socket:[99999999999999999999999]", "/tmp/socket:[1]"} {
		if n, ok := SocketInode([]byte(text)); ok {
			t.Errorf("%q: got %d", text, n)
		}
	}
}

func FuzzStat(f *testing.F) {
	f.Add([]byte(sshdStat))
	f.Add([]byte(kthreadStat))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, ok := ParseStat(b); ok && (s.PID <= 0 || s.State == 0 || len(s.Comm) > len(b)) {
			t.Errorf("%q: %+v", b, s)
		}
	})
}

func FuzzStatus(f *testing.F) {
	f.Add([]byte(status))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s := ParseStatus(b); len(s.NSPID) > len(b) {
			t.Errorf("%d PIDs of %d bytes", len(s.NSPID), len(b))
		}
	})
}

func FuzzArgs(f *testing.F) {
	f.Add([]byte("/usr/sbin/nginx\x00-g\x00daemon off;\x00"))
	f.Add([]byte("nginx: master process /usr/sbin/nginx\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := strings.Join(ParseArgs(b), "\x00"); got != strings.TrimRight(string(b), "\x00") {
			t.Errorf("%q: got %q", b, got)
		}
	})
}

func FuzzEnv(f *testing.F) {
	f.Add([]byte("PATH=/usr/bin\x00LISTEN_FDS=2\x00LISTEN_PID=311\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for name := range ParseEnv(b, func(name string) bool { return name != "PATH" }) {
			if name == "PATH" {
				t.Error("kept what was refused")
			}
		}
	})
}

func FuzzCgroups(f *testing.F) {
	f.Add([]byte("9:name=systemd:/\n8:pids:/\n4:memory:/process_api/806ec347\n0::/\n"))
	f.Add([]byte("0::/system.slice/docker-0123456789ab.scope\n"))
	f.Add([]byte("0::/../../kubepods.slice/pod1/cri-containerd-ab.scope\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p := ParseCgroups(b).Naming(); p != "" && p[0] != '/' {
			t.Errorf("%q: %q is no path", b, p)
		}
	})
}

func FuzzPasswd(f *testing.F) {
	f.Add([]byte("www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := Passwd{Names: map[uint32]string{33: ""}}
		p.Line(b)
		if len(p.Names) != 1 || len(p.Names[33]) > len(b) {
			t.Errorf("%q: %v", b, p.Names)
		}
	})
}

func FuzzSocketInode(f *testing.F) {
	f.Add([]byte("socket:[523941]"))
	f.Add([]byte("pipe:[18446744073709551615]"))
	f.Fuzz(func(t *testing.T, b []byte) { SocketInode(b) })
}
