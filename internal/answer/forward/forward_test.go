package forward

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// proc is a process of one command line; words are split at blanks, and a word in
// bars may hold some.
func proc(line string) fact.Process {
	var args []string
	for i, part := range strings.Split(line, "|") {
		if i%2 == 1 {
			args = append(args, part)
		} else {
			args = append(args, strings.Fields(part)...)
		}
	}
	p := fact.Process{Args: args}
	if len(args) > 0 {
		p.Name, _, _ = strings.Cut(args[0], ": ") // a title leaves the short name as it was
	}
	return p
}

func ssh1(f Forward) Forward {
	f.Kind, f.Proto = "ssh", fact.TCP
	return f
}

func TestAll(t *testing.T) {
	local := ssh1(Forward{Mode: "local", Listen: ":8080", Port: 8080, To: "db:5432", Host: "gate"})
	for _, c := range []struct {
		line string
		want []Forward
	}{
		// ssh
		{"ssh -L 8080:db:5432 gate", []Forward{local}},
		{"/usr/bin/ssh -fNL 8080:db:5432 alice@gate", []Forward{local}},
		{"ssh.exe -NL8080:db:5432 gate", []Forward{local}},
		{"ssh gate -N -L 8080:db:5432", []Forward{local}},
		{"ssh -p 2222 -i key -L 8080:db:5432 ssh://alice@gate", []Forward{local}},
		{"ssh -o |LocalForward 8080 db:5432| gate", []Forward{local}},
		{"ssh -o LocalForward=8080:db:5432 -4 gate", []Forward{local}},
		{"autossh -M 0 -f -L 8080:db:5432 gate", []Forward{local}},
		{"ssh -J hop -L [::1]:8080:[fd00::5]:80 gate", []Forward{ssh1(Forward{Mode: "local", Listen: "[::1]:8080", Port: 8080, To: "[fd00::5]:80", Host: "gate", Via: "hop"})}},
		{"ssh -L 0.0.0.0:80:localhost:8080 gate", []Forward{ssh1(Forward{Mode: "local", Listen: "0.0.0.0:80", Port: 80, To: "localhost:8080", Host: "gate"})}},
		{"ssh -L 2375:/var/run/docker.sock gate", []Forward{ssh1(Forward{Mode: "local", Listen: ":2375", Port: 2375, To: "/var/run/docker.sock", Host: "gate"})}},
		{"ssh -D 1080 gate", []Forward{ssh1(Forward{Mode: "dynamic", Listen: ":1080", Port: 1080, Host: "gate"})}},
		{"ssh -D localhost:1080 gate", []Forward{ssh1(Forward{Mode: "dynamic", Listen: "localhost:1080", Port: 1080, Host: "gate"})}},
		{"ssh -R 80:localhost:3000 serveo.net", []Forward{ssh1(Forward{Mode: "remote", Listen: ":80", Port: 80, To: "localhost:3000", Host: "serveo.net", Elsewhere: true})}},
		{"ssh -R 1080 gate", []Forward{ssh1(Forward{Mode: "remote", Listen: ":1080", Port: 1080, Host: "gate", Elsewhere: true})}},
		{"ssh -L 1:a:2 -L 3:b:4 gate", []Forward{
			ssh1(Forward{Mode: "local", Listen: ":1", Port: 1, To: "a:2", Host: "gate"}),
			ssh1(Forward{Mode: "local", Listen: ":3", Port: 3, To: "b:4", Host: "gate"})}},
		{"|ssh: /home/alice/.ssh/cm-gate [mux]|", []Forward{{Kind: "ssh", Mode: "shared", Via: "/home/alice/.ssh/cm-gate"}}},
		{"|ssh: /Users/alice/.colima/_lima/colima/ssh.sock [mux]|", []Forward{{Kind: "lima", Host: "colima"}}},
		{"|sshd: alice@pts/0|", []Forward{{Kind: "sshd", Mode: "remote", Via: "alice"}}},
		{"|sshd-session: alice [priv]|", []Forward{{Kind: "sshd", Mode: "remote", Via: "alice"}}},
		{"tsh ssh -L 8080:db:5432 alice@node", []Forward{{Kind: "tsh", Mode: "local", Proto: "tcp", Listen: ":8080", Port: 8080, To: "db:5432", Host: "node"}}},
		{"tsh proxy db --tunnel --port 5433 --db-user=alice sales", []Forward{{Kind: "tsh", Mode: "local", Proto: "tcp", Listen: "127.0.0.1:5433", Port: 5433, To: "db/sales"}}},

		// Kubernetes
		{"kubectl port-forward svc/web 8080:80", []Forward{{Kind: "kubectl", Proto: "tcp", Listen: "localhost:8080", Port: 8080, To: "svc/web:80"}}},
		{"kubectl -n shop --context=prod port-forward --address 0.0.0.0 pod/web-1 8080:http", []Forward{
			{Kind: "kubectl", Proto: "tcp", Listen: "0.0.0.0:8080", Port: 8080, To: "pod/web-1:http", Host: "prod", Via: "shop"}}},
		{"kubectl port-forward -nshop web 5000 6000:7", []Forward{
			{Kind: "kubectl", Proto: "tcp", Listen: "localhost:5000", Port: 5000, To: "web:5000", Via: "shop"},
			{Kind: "kubectl", Proto: "tcp", Listen: "localhost:6000", Port: 6000, To: "web:7", Via: "shop"}}},
		{"oc port-forward web :80", []Forward{{Kind: "kubectl", Proto: "tcp", To: "web:80"}}},
		{"k3s kubectl port-forward web 80", []Forward{{Kind: "kubectl", Proto: "tcp", Listen: "localhost:80", Port: 80, To: "web:80"}}},
		{"minikube kubectl -- port-forward -n x web 80", []Forward{{Kind: "kubectl", Proto: "tcp", Listen: "localhost:80", Port: 80, To: "web:80", Via: "x"}}},
		{"kubectl port-forward web --address 127.0.0.1,10.0.0.1 80", []Forward{
			{Kind: "kubectl", Proto: "tcp", Listen: "127.0.0.1:80", Port: 80, To: "web:80"},
			{Kind: "kubectl", Proto: "tcp", Listen: "10.0.0.1:80", Port: 80, To: "web:80"}}},
		{"skaffold dev --port-forward", []Forward{{Kind: "kubectl", Via: "skaffold"}}},

		// editors
		{"/usr/share/code/code --type=utility --utility-sub-type=node.mojom.NodeService", []Forward{{Kind: "editor", Mode: "desktop", Via: "code"}}},
		{"/home/a/.vscode-server/cli/servers/Stable-1/server/node /home/a/.vscode-server/cli/servers/Stable-1/server/out/server-main.js", []Forward{{Kind: "editor", Mode: "server", Via: "vscode-server"}}},
		{"node /home/a/.cursor-server/out/bootstrap-fork --type=extensionHost", []Forward{{Kind: "editor", Mode: "server", Via: "cursor-server"}}},
		{"/usr/lib/code-server/lib/node /usr/lib/code-server --auth none", []Forward{{Kind: "editor", Mode: "server", Via: "code-server"}}},
		{"code-tunnel tunnel", []Forward{{Kind: "editor", Mode: "server", Via: "code-tunnel"}}},

		// relays
		{"socat TCP-LISTEN:80,fork TCP:10.0.0.5:8080", []Forward{{Kind: "socat", Proto: "tcp", Listen: ":80", Port: 80, To: "10.0.0.5:8080"}}},
		{"socat -d -d -T 5 tcp4-listen:80,bind=127.0.0.1,reuseaddr UNIX-CONNECT:/run/x.sock", []Forward{{Kind: "socat", Proto: "tcp", Listen: "127.0.0.1:80", Port: 80, To: "/run/x.sock"}}},
		{"socat UDP6-RECVFROM:53,fork UDP:9.9.9.9:53", []Forward{{Kind: "socat", Proto: "udp", Listen: ":53", Port: 53, To: "9.9.9.9:53"}}},
		{"socat STDIO TCP-L:80", []Forward{{Kind: "socat", Proto: "tcp", Listen: ":80", Port: 80, To: "STDIO"}}},
		{"socat OPENSSL-LISTEN:443,cert=x |EXEC:/bin/login secret|", []Forward{{Kind: "socat", Proto: "tcp", Listen: ":443", Port: 443, To: "EXEC:/bin/login"}}},
		{"nc -l -p 8080", []Forward{{Kind: "netcat", Mode: "stdio", Proto: "tcp", Listen: ":8080", Port: 8080}}},
		{"nc -lvnp 8080", []Forward{{Kind: "netcat", Mode: "stdio", Proto: "tcp", Listen: ":8080", Port: 8080}}},
		{"nc.openbsd -lk 127.0.0.1 8080", []Forward{{Kind: "netcat", Mode: "stdio", Proto: "tcp", Listen: "127.0.0.1:8080", Port: 8080}}},
		{"ncat --sh-exec=x --listen --max-conns 3 8080", []Forward{{Kind: "netcat", Mode: "exec", Proto: "tcp", Listen: ":8080", Port: 8080}}},
		{"nc -lp8080 -w 5", []Forward{{Kind: "netcat", Mode: "stdio", Proto: "tcp", Listen: ":8080", Port: 8080}}},
		{"ncat -l 8080 -k -e /bin/cat", []Forward{{Kind: "netcat", Mode: "exec", Proto: "tcp", Listen: ":8080", Port: 8080}}},
		{"ncat --udp -l 8080 --sh-exec |ncat h 80|", []Forward{{Kind: "netcat", Mode: "exec", Proto: "udp", Listen: ":8080", Port: 8080}}},
		{"stunnel /etc/stunnel/web.conf", []Forward{{Kind: "stunnel", Via: "/etc/stunnel/web.conf"}}},
		{"/usr/lib/systemd/systemd-socket-proxyd --exit-idle-time=5min 10.0.0.5:80", []Forward{{Kind: "systemd-socket-proxyd", To: "10.0.0.5:80"}}},
		{"adb -L tcp:5037 fork-server server --reply-fd 4", []Forward{
			{Kind: "adb", Mode: "server", Proto: "tcp", Listen: "127.0.0.1:5037", Port: 5037}, {Kind: "adb", Mode: "forward", Proto: "tcp"}}},
		{"adb -L tcp:localhost:5038 fork-server server", []Forward{
			{Kind: "adb", Mode: "server", Proto: "tcp", Listen: "localhost:5038", Port: 5038}, {Kind: "adb", Mode: "forward", Proto: "tcp"}}},
		{`|C:\Program Files\WSL\wslrelay.exe| --mode 1 --vm-id {9d1a3c5e-0000-4000-8000-00000000000a} --handle 1224`, []Forward{{Kind: "wsl", Mode: "relay"}}},
		{`wslrelay.exe --mode 2 --port 50000 --vm-id {9d1a3c5e-0000-4000-8000-00000000000a}`, []Forward{{Kind: "wsl", Mode: "debugger", Proto: "tcp", Listen: "0.0.0.0:50000", Port: 50000}}},
		{`wslhost.exe --distro-id {0A1B2C3D-0000-4000-8000-000000000001} --vm-id {9d1a3c5e-0000-4000-8000-00000000000a} --handle 2684`, []Forward{{Kind: "wsl", Mode: "relay", Host: "{0a1b2c3d-0000-4000-8000-000000000001}"}}},
		{`C:\Windows\System32\lxss\wslhost.exe {0A1B2C3D-0000-4000-8000-000000000001} 44 40`, []Forward{{Kind: "wsl", Mode: "relay", Host: "{0a1b2c3d-0000-4000-8000-000000000001}"}}},
		{`|C:\Program Files\Docker\Docker\resources\com.docker.backend.exe| services`, []Forward{{Kind: "docker"}}},
		{`vpnkit.exe --ethernet fd:3`, []Forward{{Kind: "docker"}}},
		{`host-switch.exe`, []Forward{{Kind: "virtual machine", Via: "host-switch"}}},
		{"ngrok http 8080 --region eu", []Forward{{Kind: "ngrok", Proto: "tcp", To: "localhost:8080", Elsewhere: true}}},
		{"cloudflared tunnel --url http://localhost:8080/x", []Forward{{Kind: "cloudflared", Proto: "tcp", To: "localhost:8080", Elsewhere: true}}},
		{"cloudflared access tcp --hostname db.example.com --url 127.0.0.1:5433", []Forward{{Kind: "cloudflared", Proto: "tcp", Listen: "127.0.0.1:5433", Port: 5433, To: "db.example.com"}}},

		// containers and virtual machines
		{"docker-proxy -proto tcp -host-ip :: -host-port 80 -container-ip 172.17.0.2 -container-port 8080", []Forward{
			{Kind: "docker", Proto: "tcp", Listen: "[::]:80", Port: 80, To: "172.17.0.2:8080"}}},
		{"rootlessport", []Forward{{Kind: "rootless", Via: "podman"}}},
		{"conmon --api-version 1 -c 9582d157d194 -n web", []Forward{{Kind: "podman", To: "web"}}},
		{"slirp4netns -c -r 3 -e 4 --netns-type=path /run/user/1/netns/x tap0", []Forward{{Kind: "rootless", Via: "slirp4netns"}}},
		{"/usr/bin/pasta.avx2 --config-net -t 8080:80,127.0.0.1/90 -u none -T none --netns /run/n", []Forward{
			{Kind: "rootless", Proto: "tcp", Listen: ":8080", Port: 8080, To: ":80", Via: "pasta"},
			{Kind: "rootless", Proto: "tcp", Listen: "127.0.0.1:90", Port: 90, To: ":90", Via: "pasta"}}},
		{"pasta --config-net -t auto", []Forward{{Kind: "rootless", Proto: "tcp", Via: "pasta"}}},
		{"gvproxy -mtu 1500 -ssh-port 51234 -listen unix:///x", []Forward{
			{Kind: "virtual machine", Proto: "tcp", Listen: "127.0.0.1:51234", Port: 51234, To: ":22", Via: "gvproxy"}, {Kind: "virtual machine", Via: "gvproxy"}}},
		{"limactl hostagent --pidfile /x --socket /y colima", []Forward{{Kind: "lima", Host: "colima"}}},
		{"qemu-system-x86_64 -name guest=vm,debug=on -nic user,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp::53-10.0.2.15:53", []Forward{
			{Kind: "virtual machine", Proto: "tcp", Listen: "127.0.0.1:2222", Port: 2222, To: ":22", Host: "vm", Via: "qemu"},
			{Kind: "virtual machine", Proto: "udp", Listen: ":53", Port: 53, To: "10.0.2.15:53", Host: "vm", Via: "qemu"}}},
		{"VBoxHeadless --comment default --startvm x", []Forward{{Kind: "virtual machine", Host: "default"}}},
	} {
		t.Run(c.line, func(t *testing.T) {
			if diff := cmp.Diff(c.want, All(proc(c.line))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Each looks like a forwarder, and forwards nothing.
func TestNoForwarder(t *testing.T) {
	for _, line := range []string{
		"", "ssh-agent -D -a /run/x", "ssh gate", "ssh gate ls -L 8080:db:5432", "ssh -i -L8080:db:5432 gate", "ssh -L /run/a.sock:/run/b.sock gate",
		"ssh -L 99999:db:80 gate", "ssh -L db gate", "ssh-add -L", "sshd -D", "|sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups|", "|sshd: [accepted]|",
		"node server.js --code", "node /home/a/code-server/index.js", "node /srv/vscode-server/x.js", "code --type", "/home/a/bin/code server",
		"code .", "kubectl get pods", "kubectl proxy --port=8080", "kubectl exec web -- port-forward x 80", "kubectl port-forward svc/web", "kubectl-port-forward svc/web 80",
		"adb shell", "adb devices", "adb forward tcp:8080 tcp:80",
		"socat TCP:a:80 TCP:b:80", "socat -V", "socat UNIX-LISTEN:/x TCP:b:80", "socat TCP-LISTEN:http TCP:b:80",
		"nc host 80", "nc -z host 80", "nc -l", "nc -lU /run/x.sock", "ngrok start web", "ngrok config add-authtoken x", "cloudflared tunnel run web", "cloudflared version",
		"docker-proxy", "docker-proxy -proto tcp -host-port 80", "docker run -p 80:80 x", "dockerd", "podman run -p 80:80 x", "conmon --version",
		"limactl list", "qemu-system-x86_64 -m 1G", "qemu-img info hostfwd=tcp::80-:80", "systemd-socket-proxyd", "haproxy -f x", "nginx", "stunnel-client-x",
		"python3 ssh -L 8080:db:5432 gate", "tsh login", "autossh -M 20000 gate",
	} {
		if got := All(proc(line)); len(got) != 0 {
			t.Errorf("%q: %+v", line, got)
		}
	}
}

func TestFor(t *testing.T) {
	p := proc("ssh -D 1080 -L 8080:db:5432 -R 9000:x:1 gate")
	for port, want := range map[uint16]string{1080: "dynamic", 8080: "local", 9000: "", 22: "", 0: ""} {
		if f, ok := For(p, fact.TCP, port); f.Mode != want || ok != (want != "") {
			t.Errorf("port %d: %+v, %v", port, f, ok)
		}
	}
	if f, ok := For(p, fact.UDP, 8080); ok {
		t.Errorf("udp 8080: %+v", f)
	}
	bridge := proc("adb -L tcp:5037 fork-server server")
	if f, _ := For(bridge, fact.TCP, 5037); f.Mode != "server" {
		t.Errorf("adb 5037: %+v", f)
	}
	if f, _ := For(bridge, fact.TCP, 8080); f.Mode != "forward" {
		t.Errorf("adb 8080: %+v", f)
	}
	if f, ok := For(proc("ngrok http 8080"), fact.TCP, 8080); ok {
		t.Errorf("ngrok listens on no port of its target: %+v", f)
	}
}

func TestTarget(t *testing.T) {
	if f, ok := Target(proc("ssh -L 1:a:2 -L 3:b:4 gate")); !ok || f.To != "a:2" {
		t.Errorf("%+v, %v", f, ok)
	}
	if _, ok := Target(proc("nginx")); ok {
		t.Error("nginx forwards")
	}
}

// The executable outranks what a process calls itself, and a title has no program.
func TestProgram(t *testing.T) {
	for _, c := range []struct {
		p    fact.Process
		want string
	}{
		{fact.Process{Exe: "/usr/bin/ssh", Args: []string{"nginx"}}, "ssh"},
		{fact.Process{Exe: "/proc/self/exe", Args: []string{"rootlessport-child"}}, "rootlessport-child"},
		{fact.Process{Args: []string{"ssh: /x [mux]"}, Name: "ssh"}, "ssh"},
		{fact.Process{Exe: `C:\Windows\System32\wslrelay.exe`}, "wslrelay"},
		{fact.Process{Name: "kubectl"}, "kubectl"},
	} {
		if got := program(c.p); got != c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}

func TestAllIsBounded(t *testing.T) {
	if n := len(All(proc("ssh gate" + strings.Repeat(" -L 1:a:2", 500)))); n != maxForwards {
		t.Errorf("ssh: %d", n)
	}
	if n := len(All(proc("kubectl port-forward web" + strings.Repeat(" 80", 500)))); n != maxForwards {
		t.Errorf("kubectl: %d", n)
	}
	if n := len(All(proc("pasta -t 1" + strings.Repeat(",1", 500)))); n != maxForwards {
		t.Errorf("pasta: %d", n)
	}
}

func FuzzAll(f *testing.F) {
	for _, line := range []string{
		"ssh\x00-fNL\x00[::1]:8080:db:5432\x00gate", "kubectl\x00-n\x00x\x00port-forward\x00web\x00:80", "socat\x00TCP-LISTEN:80,fork\x00TCP:a:1",
		"nc\x00-lvnp\x0080", "pasta\x00-t\x00127.0.0.1%eth0/80-90:1", "adb\x00-L\x00tcp:5037\x00fork-server", "qemu-system-x86\x00hostfwd=tcp::1-:2",
		"docker-proxy\x00-host-port\x0080\x00-container-ip\x001\x00-container-port\x001", "cloudflared\x00access\x00tcp\x00--url\x00:80", "ssh: x [mux]", "node\x00/.vscode-server/",
		"tsh\x00proxy\x00db\x00--port\x00", "ngrok\x00http\x00://", "limactl\x00hostagent\x00x",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p := fact.Process{Args: strings.Split(line, "\x00")}
		for _, g := range All(p) {
			if g.Kind == "" || g.Port != 0 && g.Listen == "" {
				t.Fatalf("%q: %+v", line, g)
			}
		}
		For(p, fact.TCP, 80)
	})
}

func BenchmarkAll(b *testing.B) {
	p := proc("/usr/sbin/nginx -g |daemon off;|")
	for b.Loop() {
		if len(All(p)) != 0 {
			b.Fatal("nginx forwards")
		}
	}
}
