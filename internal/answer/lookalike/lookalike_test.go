package lookalike

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/logline"
)

func lines(text string) []logline.Line {
	var out []logline.Line
	for i, l := range strings.Split(text, "\n") {
		out = append(out, logline.Line{Text: l, Where: fmt.Sprint(i + 1), Number: i + 1})
	}
	return out
}

// said are the look-alikes of a text with their arguments, and the refused binds
// that are left when their lines are taken away.
func said(text string) []string {
	found, rest := Find(lines(text))
	var out []string
	for _, f := range found {
		s := string(f.ID) + " " + f.Where
		var args []string
		for k, v := range f.Args {
			args = append(args, k+"="+v)
		}
		slices.Sort(args)
		out = append(out, strings.TrimSpace(s+" "+strings.Join(args, " ")))
	}
	for _, l := range rest {
		if f, ok := logline.Parse(l.Text); ok {
			out = append(out, fmt.Sprintf("refused %d %s", f.Port, f.Errno))
		}
	}
	return out
}

const trace = "System.Net.Http.HttpRequestException: An attempt was made to access a socket in a way forbidden by its access permissions. (github.com:443)\n" +
	" ---> System.Net.Sockets.SocketException (10013): An attempt was made to access a socket in a way forbidden by its access permissions.\n" +
	"   at System.Net.Sockets.Socket.AwaitableSocketAsyncEventArgs.ThrowException(SocketError error)\n" +
	"   at System.Net.Http.HttpConnectionPool.AddHttp11ConnectionAsync(QueueItem queueItem)"

// Each look-alike, and beside it the same text with one fact changed: a conflict.
func TestTwins(t *testing.T) {
	for _, c := range []struct {
		name, like string
		want       []string
		twin       string
		other      []string
	}{
		{"Docker's chain",
			"Error response from daemon: driver failed programming external connectivity on endpoint web (0f3a): (iptables failed: iptables --wait -t nat -A DOCKER -p tcp -d 0/0 --dport 80 -j DNAT --to-destination 172.17.0.2:80 ! -i docker0: iptables: No chain/target/match by that name.", []string{"docker-chain 1"},
			"Error response from daemon: driver failed programming external connectivity on endpoint web (0f3a): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use.", []string{"refused 80 EADDRINUSE"}},
		{"a client that is blocked", trace, []string{"client-blocked 2"},
			"System.Net.Sockets.SocketException (10013): could not bind\n   at System.Net.Sockets.Socket.Bind(EndPoint e)\n   at System.Net.Http.HttpConnectionPool.AddHttp11ConnectionAsync(QueueItem queueItem)", []string{"refused 0 EACCES"}},
		{"a client with its target", "connect EACCES 203.0.113.7:443", []string{"client-blocked 1 target=203.0.113.7:443"},
			"Error: listen EACCES: permission denied 203.0.113.7:443", []string{"refused 443 EACCES"}},
		{"no local port", "Error: connect EADDRINUSE 127.0.0.1:3306", []string{"client-ports 1 target=127.0.0.1:3306"},
			"Error: listen EADDRINUSE 127.0.0.1:3306", []string{"refused 3306 EADDRINUSE"}},
		{"no local port, in Go", "dial tcp 192.0.2.7:80: connect: cannot assign requested address", []string{"client-ports 1 target=192.0.2.7:80"},
			"listen tcp 192.0.2.7:80: bind: cannot assign requested address", []string{"refused 80 EADDRNOTAVAIL"}},
		{"a socket file", "nginx: [emerg] bind() to unix:/run/app.sock failed (98: Address already in use)", []string{"socket-file 1 path=/run/app.sock"},
			"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)", []string{"refused 80 EADDRINUSE"}},
		{"a socket file of node", "Error: listen EADDRINUSE: address already in use /tmp/app", []string{"socket-file 1 path=/tmp/app"},
			"Error: listen EADDRINUSE: address already in use :::3000", []string{"refused 3000 EADDRINUSE"}},
		{"a pipe", `Error: listen EADDRINUSE: address already in use \\.\pipe\app`, []string{`socket-file 1 path=\\.\pipe\app`},
			"Error: listen EADDRINUSE: address already in use :::3000", []string{"refused 3000 EADDRINUSE"}},
		{"every port", "Something is already running on port 3000.\nSomething is already running on port 3001.", []string{"hosts-file 1 ports=3000, 3001"},
			"Something is already running on port 3000.\nSomething is already running on port 3000.", []string{"refused 3000 EADDRINUSE", "refused 3000 EADDRINUSE"}},
		{"WEBrick's second family", "[2024-01-01] WARN  TCPServer Error: Address already in use - bind(2)\n[2024-01-01] INFO  WEBrick::HTTPServer#start: pid=7 port=9292", []string{"second-family 1 port=9292"},
			"[2024-01-01] WARN  TCPServer Error: Address already in use - bind(2)\n/usr/lib/ruby/webrick/utils.rb:85:in `initialize': Address already in use - bind(2) for \"0.0.0.0\" port 9292 (Errno::EADDRINUSE)", []string{"refused 0 EADDRINUSE", "refused 9292 EADDRINUSE"}},
		{"IIS Express' URL", "Port '80' is in use\n  <binding bindingInformation=... /> http://localhost/:8081", []string{"malformed-url 1 port=8081 url=http://localhost/:8081"},
			"Port '80' is in use\n  <binding bindingInformation=... /> http://localhost:8081/", []string{"refused 80 EADDRINUSE"}},
		{"a PID file", "A server is already running. Check /app/tmp/pids/server.pid.", []string{"pid-file 1 path=/app/tmp/pids/server.pid"},
			"Address already in use - bind(2) for 127.0.0.1:3000 (Errno::EADDRINUSE)", []string{"refused 3000 EADDRINUSE"}},
		{"the panel's own service", "9:18:26 PM  [Apache] \tXAMPP Apache Service is already running on port 80", []string{"own-service 1 module=apache port=80"},
			"9:18:26 PM  [Apache] \tPort 80 in use by \"system\"!", []string{"refused 80 EADDRINUSE"}},
		{"a forward from elsewhere", "Warning: remote port forwarding failed for listen port 8080", []string{"other-machine 1 port=8080"},
			"bind [127.0.0.1]:8080: Address already in use", []string{"refused 8080 EADDRINUSE"}},
		{"WSL 1", "Linux orion 4.4.0-19041-Microsoft #1 SMP\nlisten tcp :80: bind: address already in use", []string{"wsl1 1 port=80", "refused 80 EADDRINUSE"},
			"Linux orion 5.15.90.1-microsoft-standard-WSL2 #1 SMP\nlisten tcp :80: bind: address already in use", []string{"refused 80 EADDRINUSE"}},
		{"a probe of localhost", "curl: (7) Failed to connect to localhost port 8080: Connection refused\nlisten tcp 0.0.0.0:8080: bind: address already in use", []string{"wrong-probe 1 port=8080", "refused 8080 EADDRINUSE"},
			"curl: (7) Failed to connect to localhost port 8081: Connection refused\nlisten tcp 0.0.0.0:8080: bind: address already in use", []string{"refused 8080 EADDRINUSE"}},
	} {
		if diff := cmp.Diff(c.want, said(c.like)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.other, said(c.twin)); diff != "" {
			t.Errorf("the twin of %s: -want +got:\n%s", c.name, diff)
		}
	}
}

// Nothing is certain on words, and every look-alike has a command that tells more.
func TestEachHasANext(t *testing.T) {
	for _, id := range []ID{DockerChain, ClientBlocked, ClientPorts, SocketFile, HostsFile, SecondFamily, MalformedURL, PIDFile, OwnService, OtherMachine, WSL1, WrongProbe} {
		for _, os := range []string{"", "linux", "windows", "darwin"} {
			if tells, command := (Found{ID: id}).Next(os); tells == "" || command == "" {
				t.Errorf("%s on %q: %q, %q", id, os, tells, command)
			}
		}
	}
	found, _ := Find(lines(trace + "\nLinux 4.4.0-1-Microsoft\nlisten tcp :80: bind: address already in use"))
	for _, f := range found {
		if f.Sure != "likely" && f.Sure != "possible" {
			t.Errorf("%+v", f)
		}
	}
	if len(found) != 2 || !found[0].NotConflict() || found[1].NotConflict() {
		t.Errorf("%+v", found)
	}
}

// What is said over and over is one look-alike.
func TestEchoesAreOne(t *testing.T) {
	found, _ := Find(lines(strings.Repeat("bind() to unix:/run/a.sock failed (98: Address already in use)\n", 100)))
	if len(found) != 1 {
		t.Errorf("%d", len(found))
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{trace, "dial tcp 1.2.3.4:5: connect: cannot assign", "bind() to unix:/x.sock failed (98: x)", "Linux 4.4.0-1-Microsoft", "http://a/:8\nport '80' is in use",
		"something is already running on port 1\nsomething is already running on port 2", "XAMPP Apache is already running on port 80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all := lines(text)
		found, rest := Find(all)
		if len(rest) > len(all) || len(found) > maxFound {
			t.Fatalf("%d found, %d of %d left", len(found), len(rest), len(all))
		}
		for _, l := range found {
			if l.ID == "" || l.Where == "" || l.Sure == "" {
				t.Fatalf("%+v", l)
			}
		}
	})
}
