package container

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	hexA = "867482e681e0d2b34553c8307e6e273d93036532651fd03179433b0ce4970af5"
	hexB = "9582d157d194f1250326b592c6cce98a4c72a516b7bc82858d3acd18df08e11f"
	uid  = "2f6bd4b8-1c5e-4d57-9c2e-0d9c2f3f6a11"
)

var (
	underscored = strings.ReplaceAll(uid, "-", "_")
	podSlice    = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + underscored + ".slice"
)

func TestFromCgroup(t *testing.T) {
	for _, c := range []struct {
		path string
		want Place
	}{
		{"/docker/" + hexA, Place{Engine: "docker", ID: hexA}},
		{"/system.slice/docker-" + hexA + ".scope", Place{Engine: "docker", ID: hexA}},
		{"/../../docker/" + hexA + "/init.scope", Place{Engine: "docker", ID: hexA}},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + hexA + ".scope", Place{Engine: "docker", ID: hexA, User: "1000"}},
		{"/ecs/5b4f1d2c-task/" + hexA, Place{Engine: "docker", ID: hexA}},

		{"/libpod_parent/libpod-" + hexB, Place{Engine: "podman", ID: hexB}},
		{"/libpod_parent/" + hexA + "/libpod-" + hexB, Place{Engine: "podman", ID: hexB, Pod: hexA}},
		{"/machine.slice/libpod-" + hexB + ".scope/container", Place{Engine: "podman", ID: hexB}},
		{"/machine.slice/machine-libpod_pod_" + hexA + ".slice/libpod-" + hexB + ".scope", Place{Engine: "podman", ID: hexB, Pod: hexA}},
		{"/system.slice/web.service/libpod-payload-" + hexB, Place{Engine: "podman", ID: hexB}},
		{"/user.slice/user-1001.slice/user@1001.service/user.slice/libpod-" + hexB + ".scope", Place{Engine: "podman", ID: hexB, User: "1001"}},

		{"/default/" + hexA, Place{Engine: "containerd", ID: hexA}},
		{"/system.slice/nerdctl-" + hexA + ".scope", Place{Engine: "containerd", ID: hexA}},
		{"/system.slice/containerd.service/kubepods-burstable-pod" + underscored + ".slice:cri-containerd:" + hexA, Place{Engine: "containerd", ID: hexA, Pod: uid}},
		{podSlice + "/cri-containerd-" + hexA + ".scope", Place{Engine: "containerd", ID: hexA, Pod: uid}},
		{podSlice + "/crio-" + hexA + ".scope/container", Place{Engine: "cri-o", ID: hexA, Pod: uid}},
		{"/kubepods/burstable/pod" + uid + "/" + hexA, Place{Engine: "kubernetes", ID: hexA, Pod: uid}},
		{"/kubepods/pod" + uid + "/" + hexA, Place{Engine: "kubernetes", ID: hexA, Pod: uid}},
		{"/kubepods.slice/kubepods-pod" + hexA[:32] + ".slice/docker-" + hexB + ".scope", Place{Engine: "docker", ID: hexB, Pod: hexA[:32]}},

		{"/lxc/101/ns/system.slice/nginx.service", Place{Engine: "lxc", ID: "101"}},
		{"/lxc.payload.web/system.slice/nginx.service", Place{Engine: "lxc", ID: "web"}},
		{"/lxc.payload/web", Place{Engine: "lxc", ID: "web"}},
		{"/user.slice/user-1000.slice/session-2.scope/lxc.payload.dev", Place{Engine: "lxc", ID: "dev", User: "1000"}},

		{"/machine.slice/machine-deb12.scope/payload/system.slice/nginx.service", Place{Engine: "nspawn", ID: "deb12"}},
		{`/machine.slice/machine-my\x2dbox.scope/init.scope`, Place{Engine: "nspawn", ID: "my-box"}},
		{"/machine.slice/systemd-nspawn@deb12.service/payload/init.scope", Place{Engine: "nspawn", ID: "deb12"}},
		{`/machine.slice/machine-qemu\x2d3\x2dwin\x2d11.scope/libvirt/emulator`, Place{Engine: "libvirt", ID: "win-11"}},
	} {
		got, ok := FromCgroup(c.path)
		if diff := cmp.Diff(c.want, got); diff != "" || !ok {
			t.Errorf("FromCgroup(%q) = %v (-want +got):\n%s", c.path, ok, diff)
		}
	}
}

func TestFromCgroupNested(t *testing.T) {
	kind := "/system.slice/docker-" + hexA + ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/" +
		"kubelet-kubepods-besteffort-pod" + underscored + ".slice/cri-containerd-" + hexB + ".scope"
	for _, c := range []struct {
		path string
		want Place
	}{
		{kind, Place{Engine: "docker", ID: hexA, Inner: &Place{Engine: "containerd", ID: hexB, Pod: uid}}},
		{"/docker/" + hexA + "/docker/" + hexB, Place{Engine: "docker", ID: hexA, Inner: &Place{Engine: "docker", ID: hexB}}},
		{"/machine.slice/machine-box.scope/payload/system.slice/docker-" + hexB + ".scope",
			Place{Engine: "nspawn", ID: "box", Inner: &Place{Engine: "docker", ID: hexB}}},
		{"/lxc/101/lxc/7/docker/" + hexA, Place{Engine: "lxc", ID: "101", Inner: &Place{Engine: "docker", ID: hexA}}},
	} {
		got, ok := FromCgroup(c.path)
		if diff := cmp.Diff(c.want, got); diff != "" || !ok {
			t.Errorf("FromCgroup(%q) = %v (-want +got):\n%s", c.path, ok, diff)
		}
	}
}

// Each is near to a path above, and no container.
func TestFromCgroupOfHostProcesses(t *testing.T) {
	for _, path := range []string{
		"", "/", "/init.scope", "/user.slice", "/system.slice/nginx.service",
		"/system.slice/docker.service", "/system.slice/containerd.service", "/system.slice/lxc.service",
		"/docker", "/docker/buildx", "/docker/" + hexA[:63], "/docker/" + strings.ToUpper(hexA), "/docker/" + hexA + "0",
		"/system.slice/docker-" + hexA[:12] + ".scope", "/system.slice/docker-registry.service",
		"/machine.slice/libpod-conmon-" + hexB + ".scope", "/libpod_parent/conmon", "/libpod_parent/libpod-conmon-" + hexB,
		podSlice, podSlice + "/crio-conmon-" + hexA + ".scope", "/kubepods/burstable/pod" + uid,
		"/kubepods/burstable/podcast/" + hexA,
		"/process_api/b8e06273258480a91e253af3512632db", "/build/" + hexA, "/" + hexA,
		"/default/web", "/lxc", "/lxc.monitor.web", "/lxc.pivot", "/lxc.payload", "/lxc.payload.",
		"/machine.slice", "/machine-deb12.scope", "/system.slice/machine-deb12.scope", "/machine.slice/machine-.scope",
		"/machine.slice/machine-deb12.scope/supervisor/x", "/machine.slice/systemd-nspawn@deb12.service/supervisor",
		"/user.slice/user-1000.slice/user@1000.service/app.slice/podman.service",
	} {
		if got, ok := FromCgroup(path); ok {
			t.Errorf("FromCgroup(%q) = %+v, want none", path, got)
		}
	}
}

func FuzzFromCgroup(f *testing.F) {
	f.Add("/docker/" + hexA)
	f.Add(podSlice + "/cri-containerd-" + hexA + ".scope")
	f.Add(`/machine.slice/machine-my\x2d.scope/supervisor`)
	f.Add("/libpod_parent/" + hexA + "/libpod-" + hexB)
	f.Fuzz(func(t *testing.T, path string) {
		p, ok := FromCgroup(path)
		if ok != (p.ID != "") || ok != (p.Engine != "") {
			t.Fatalf("FromCgroup(%q) = %+v, %v", path, p, ok)
		}
		if p.Inner != nil && (p.Inner.ID == "" || p.Inner.Inner != nil) {
			t.Fatalf("FromCgroup(%q): inner %+v", path, p.Inner)
		}
	})
}

func BenchmarkFromCgroup(b *testing.B) {
	for b.Loop() {
		if _, ok := FromCgroup("/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-terminal.scope"); ok {
			b.Fatal("no container")
		}
	}
}
