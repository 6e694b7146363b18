package service

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const hex64 = "0f3ab2c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f80"

func TestFromCgroup(t *testing.T) {
	for _, tc := range []struct {
		path string
		want Place
		ok   bool
	}{
		{"/system.slice/nginx.service", Place{Manager: Systemd, Unit: "nginx.service", Slice: "system.slice"}, true},
		{"9:name=systemd:/system.slice/nginx.service", Place{Manager: Systemd, Unit: "nginx.service", Slice: "system.slice"}, true},
		{"0::/system.slice/nginx.service (deleted)", Place{Manager: Systemd, Unit: "nginx.service", Slice: "system.slice"}, true},
		{"/../../system.slice/nginx.service", Place{Manager: Systemd, Unit: "nginx.service", Slice: "system.slice"}, true},
		{"/system.slice/nginx.service/worker.service", Place{Manager: Systemd, Unit: "nginx.service", Slice: "system.slice"}, true},
		{"/system.slice/system-getty.slice/getty@tty1.service", Place{Manager: Systemd, Unit: "getty@tty1.service", Slice: "system-getty.slice"}, true},
		{`/system.slice/foo\x2dbar.service`, Place{Manager: Systemd, Unit: `foo\x2dbar.service`, Slice: "system.slice"}, true},
		{"/system.slice/_cpu.service", Place{Manager: Systemd, Unit: "cpu.service", Slice: "system.slice"}, true},
		{"/system.slice/web.socket", Place{Manager: Systemd, Unit: "web.socket", Slice: "system.slice"}, true},
		{"/init.scope", Place{Manager: Systemd, Unit: "init.scope"}, true},
		{"/user.slice/user-1000.slice/session-3.scope", Place{Manager: Systemd, Unit: "session-3.scope", UserUID: "1000", Slice: "user-1000.slice"}, true},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/web.service", Place{Manager: SystemdUser, Unit: "web.service", UserUID: "1000", Slice: "app.slice"}, true},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-code-4412.scope", Place{Manager: SystemdUser, Unit: "app-gnome-code-4412.scope", UserUID: "1000", Slice: "app.slice"}, true},
		{"/user.slice/user-1000.slice/user@1000.service/init.scope", Place{Manager: SystemdUser, Unit: "init.scope", UserUID: "1000", Slice: "user-1000.slice"}, true},
		{"/user.slice/user-1000.slice/user@1000.service", Place{Manager: Systemd, Unit: "user@1000.service", UserUID: "1000", Slice: "user-1000.slice"}, true},

		// A machine inside.
		{"/payload/system.slice/nginx.service", Place{Manager: "systemd -M ?", Unit: "nginx.service", Slice: "system.slice", Machine: "?"}, true},
		{"/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service", Place{Manager: "systemd -M web", Unit: "nginx.service", Slice: "system.slice", Machine: "web", Outer: "systemd-nspawn@web.service"}, true},
		{"/machine.slice/systemd-nspawn@web.service/payload", Place{Manager: Systemd, Unit: "systemd-nspawn@web.service", Slice: "machine.slice"}, true},
		{"/machine.slice/systemd-nspawn@web.service/supervisor", Place{Manager: Systemd, Unit: "systemd-nspawn@web.service", Slice: "machine.slice"}, true},
		{`/machine.slice/machine-my\x2dbox.scope/payload/system.slice/sshd.service`, Place{Manager: "systemd -M my-box", Unit: "sshd.service", Slice: "system.slice", Machine: "my-box", Outer: `machine-my\x2dbox.scope`}, true},
		{"/user.slice/user-0.slice/session-3.scope/payload/system.slice/nginx.service", Place{Manager: "systemd -M ?", Unit: "nginx.service", Slice: "system.slice", UserUID: "0", Machine: "?", Outer: "session-3.scope"}, true},
		{"/system.slice/own.service/system.slice/nginx.service", Place{Manager: "systemd -M ?", Unit: "nginx.service", Slice: "system.slice", Machine: "?", Outer: "own.service"}, true},
		{"/lxc.payload.web/system.slice/nginx.service", Place{Manager: "systemd -M web", Unit: "nginx.service", Slice: "system.slice", Machine: "web", Engine: "lxc"}, true},
		{"/lxc/web/system.slice/nginx.service", Place{Manager: "systemd -M web", Unit: "nginx.service", Slice: "system.slice", Machine: "web", Engine: "lxc"}, true},
		{"/docker/" + hex64 + "/system.slice/nginx.service", Place{Manager: "systemd -M " + hex64, Unit: "nginx.service", Slice: "system.slice", Machine: hex64, Engine: "docker"}, true},

		// Containers: the engine is said, the scope is not ours.
		{"/system.slice/docker-" + hex64 + ".scope", Place{Slice: "system.slice", Machine: hex64, Engine: "docker"}, false},
		{"/docker/" + hex64, Place{Machine: hex64, Engine: "docker"}, false},
		{"/machine.slice/libpod-" + hex64 + ".scope/container", Place{Slice: "machine.slice", Machine: hex64, Engine: "podman"}, false},
		{"/machine.slice/libpod-conmon-" + hex64 + ".scope", Place{Slice: "machine.slice", Machine: hex64, Engine: "podman"}, false},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + hex64 + ".scope/container", Place{Slice: "user.slice", UserUID: "1000", Machine: hex64, Engine: "podman"}, false},
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-" + hex64 + ".scope", Place{Slice: "kubepods-burstable-pod1_2.slice", Machine: hex64, Engine: "containerd"}, false},
		{"/kubepods/burstable/pod1-2/" + hex64, Place{Machine: hex64, Engine: "kubernetes"}, false},
		{"/system.slice/web.service/libpod-payload-" + hex64, Place{Manager: Systemd, Unit: "web.service", Slice: "system.slice", Engine: "podman"}, true},

		// Nothing there, and names that only look like something.
		{"/", Place{}, false},
		{"", Place{}, false},
		{"nginx.service", Place{}, false},
		{"/user.slice", Place{Slice: "user.slice"}, false},
		{"/nginx.services", Place{}, false},
		{"/.service", Place{}, false},
		{"/sys tem/a b.service", Place{}, false},
		{"/system.slice/docker-compose.service", Place{Manager: Systemd, Unit: "docker-compose.service", Slice: "system.slice"}, true},
		{"/system.slice/docker.service", Place{Manager: Systemd, Unit: "docker.service", Slice: "system.slice"}, true},
		{"/docker/readme", Place{}, false},
	} {
		got, ok := FromCgroup(tc.path)
		if ok != tc.ok {
			t.Errorf("FromCgroup(%q) ok = %v, want %v", tc.path, ok, tc.ok)
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("FromCgroup(%q) (-want +got)\n%s", tc.path, d)
		}
	}
}

func TestOneOwner(t *testing.T) {
	for path, want := range map[string]bool{
		"/system.slice/nginx.service":                                         true,
		"/user.slice/user-1000.slice/user@1000.service/app.slice/web.service": true,
		"/user.slice/user-1000.slice/user@1000.service":                       false,
		"/user.slice/user-1000.slice/session-3.scope":                         false,
		"/init.scope": false,
		"/":           false,
		"/system.slice/web.service/libpod-payload-" + hex64: false,
		"/payload/system.slice/nginx.service":               false,
	} {
		p, _ := FromCgroup(path)
		if p.OneOwner() != want {
			t.Errorf("OneOwner of %q = %v, want %v", path, p.OneOwner(), want)
		}
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{`my\x2dbox`: "my-box", `a\x`: `a\x`, `a\xzz`: `a\xzz`, `\x2f\x2`: `/\x2`, "": ""} {
		if got := unescape(in); got != want {
			t.Errorf("unescape(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzFromCgroup(f *testing.F) {
	f.Add("9:name=systemd:/system.slice/nginx.service")
	f.Add("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service")
	f.Add("/kubepods/burstable/pod1-2/" + hex64)
	f.Add("/machine.slice/systemd-nspawn@a\\x2db.service/payload/system.slice/nginx.service")
	f.Fuzz(func(t *testing.T, path string) {
		p, ok := FromCgroup(path)
		if ok != (p.Unit != "") || ok != (p.Manager != "") {
			t.Fatalf("%q: ok %v with %+v", path, ok, p)
		}
		if strings.ContainsAny(p.Unit, "/\x00\n\x1b") {
			t.Fatalf("%q: unit %q", path, p.Unit)
		}
	})
}
