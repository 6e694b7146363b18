package logline

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// said is what a line is understood as: "PROGRAM ERRNO HOST PORT BY OS".
func said(f Failure) string {
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	return fmt.Sprintf("%s %s %s %d %s %s", dash(f.Program), dash(f.Errno), dash(f.Host), f.Port, dash(f.By), dash(f.OS))
}

var shapes = []struct{ text, want string }{
	// Servers.
	{"2024/05/01 12:00:00 [emerg] 1234#1234: bind() to 0.0.0.0:80 failed (98: Address already in use)", "nginx EADDRINUSE 0.0.0.0 80 number linux"},
	{"nginx: [emerg] bind() to [::]:80 failed (48: Address already in use)", "nginx EADDRINUSE :: 80 number darwin"},
	{"nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", "nginx EACCES 0.0.0.0 80 number -"},
	{"nginx: [emerg] bind() to 0.0.0.0:80 failed (10013: An attempt was made to access a socket in a way forbidden by its access permissions)", "nginx EACCES 0.0.0.0 80 number windows"},
	{"nginx: [emerg] bind() to 192.0.2.7:80 failed (99: Cannot assign requested address)", "nginx EADDRNOTAVAIL 192.0.2.7 80 number linux"},
	{"nginx: [emerg] socket() [::]:80 failed (97: Address family not supported by protocol)", "nginx EAFNOSUPPORT :: 80 number linux"},
	{"nginx: [emerg] still could not bind()", "nginx - - 0 - -"},
	{"(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:80", "apache EADDRINUSE 0.0.0.0 80 number linux"},
	{"(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80", "apache EADDRINUSE :: 80 number linux"},
	{"(13)Permission denied: AH00072: make_sock: could not bind to address 0.0.0.0:80", "apache EACCES 0.0.0.0 80 number -"},
	{"(OS 10048)Only one usage of each socket address (protocol/network address/port) is normally permitted.  : AH00072: make_sock: could not bind to address [::]:80", "apache EADDRINUSE :: 80 number windows"},
	{"(OS 10013)An attempt was made to access a socket in a way forbidden by its access permissions.  : AH00072: make_sock: could not bind to address 0.0.0.0:443", "apache EACCES 0.0.0.0 443 number windows"},
	{"no listening sockets available, shutting down", "apache - - 0 - -"},
	{"lighttpd: (network.c.309) can't bind to socket: 0.0.0.0:80 Address already in use", "lighttpd EADDRINUSE 0.0.0.0 80 words -"},
	{"[ALERT] Starting frontend web: cannot bind socket (Address already in use) [0.0.0.0:80]", "- EADDRINUSE 0.0.0.0 80 words -"},
	{"sshd[7]: error: Bind to port 22 on 0.0.0.0 failed: Address already in use.", "sshd EADDRINUSE 0.0.0.0 22 words -"},
	{"sshd[7]: fatal: Cannot bind any address.", "sshd - - 0 - -"},
	{"bind [127.0.0.1]:8080: Address already in use", "ssh EADDRINUSE 127.0.0.1 8080 words -"},
	{"channel_setup_fwd_listener_tcpip: cannot listen to port: 8080", "ssh - - 8080 - -"},
	{"Could not request local forwarding.", "ssh - - 0 - -"},
	{"web.socket: Failed to listen on sockets: Address already in use", "systemd EADDRINUSE - 0 words linux"},
	{"web.socket: Failed to create listening socket ([::]:80): Address already in use", "systemd EADDRINUSE :: 80 words linux"},
	{"web.socket: Failed to create listening socket (0.0.0.0:80): Permission denied", "systemd EACCES 0.0.0.0 80 words linux"},
	{"dnsmasq: failed to create listening socket for 127.0.0.53: Address already in use", "dnsmasq EADDRINUSE 127.0.0.53 53 words -"},
	{"dnsmasq: failed to create listening socket for port 53: Address already in use", "dnsmasq EADDRINUSE - 53 words -"},
	{"[1] unbound[1:0] error: can't bind socket: Cannot assign requested address for 10.0.0.1 port 53", "unbound EADDRNOTAVAIL - 53 words linux"},
	{"slapd: daemon: bind(7) failed errno=99 (Cannot assign requested address)", "- EADDRNOTAVAIL - 0 number linux"},
	{"[ERROR] Can't start server: Bind on TCP/IP port: Address already in use", "mysql EADDRINUSE - 0 words -"},
	{"[ERROR] Can't start server: Bind on TCP/IP port: No such file or directory", "mysql - - 0 - windows"},
	{"Could not create server TCP listening socket 127.0.0.1:6379: bind: Address already in use", "redis EADDRINUSE 127.0.0.1 6379 words -"},
	{"Could not create server TCP listening socket *:6379: bind: Address already in use", "redis EADDRINUSE * 6379 words -"},
	{"# Creating Server TCP listening socket *:6379: bind: An operation was attempted on something that is not a socket.", "redis - * 6379 - -"},
	{`LOG:  could not bind IPv4 address "127.0.0.1": Address already in use`, "postgresql EADDRINUSE 127.0.0.1 0 words -"},
	{"HINT:  Is another postmaster already running on port 5432? If not, wait a few seconds and retry.", "postgresql EADDRINUSE - 5432 phrase -"},
	{"commBind: Cannot bind socket FD 9 to [::]:3128: (98) Address already in use", "- EADDRINUSE :: 3128 number linux"},
	{"fatal: bind 0.0.0.0 port 25: Address already in use", "- EADDRINUSE 0.0.0.0 25 words -"},
	{"java.net.BindException: Address already in use: JVM_Bind <null>:8080", "java EADDRINUSE * 8080 words windows"},
	{"java.net.BindException: Address already in use: JVM_Bind /127.0.0.1:8005", "java EADDRINUSE 127.0.0.1 8005 words windows"},
	{"java.net.BindException: Address already in use: JVM_Bind", "java EADDRINUSE - 0 words windows"},
	{"Die Default Web Site startet nicht: (Ausnahme von HRESULT: 0x80070020)", "- ERROR_SHARING_VIOLATION - 0 number windows"},
	{"Error: Address in use", "- EADDRINUSE - 0 words linux"},
	{"adb: error: cannot bind listener: cannot bind to 127.0.0.1:5037: An attempt was made to access a socket in a way forbidden by its access permissions. (10013)", "adb EACCES 127.0.0.1 5037 number windows"},
	{"bind(0.0.0.0:9501) failed. Error: Address already in use [98]", "- EADDRINUSE 0.0.0.0 9501 number linux"},
	{"PHP Failed to listen on 127.0.0.1:8000 (reason: Address already in use)", "- EADDRINUSE 127.0.0.1 8000 words -"},
	{"{:error, :eaddrinuse} could not bind", "- EADDRINUSE - 0 code -"},

	// Go and what is written in it.
	{"listen tcp :8080: bind: address already in use", "go EADDRINUSE - 8080 words -"},
	{"listen tcp4 0.0.0.0:80: bind: permission denied", "go EACCES 0.0.0.0 80 words -"},
	{"listen tcp6 [::1]:8080: bind: address already in use", "go EADDRINUSE ::1 8080 words -"},
	{"listen tcp 192.0.2.7:80: bind: cannot assign requested address", "go EADDRNOTAVAIL 192.0.2.7 80 words linux"},
	{"listen tcp 192.0.2.7:80: bind: can't assign requested address", "go EADDRNOTAVAIL 192.0.2.7 80 words darwin"},
	{"listen tcp localhost:80: bind: permission denied", "go EACCES localhost 80 words -"},
	{"listen udp 0.0.0.0:53: bind: address already in use", "go EADDRINUSE 0.0.0.0 53 words -"},
	{"listen tcp :80: bind: An attempt was made to access a socket in a way forbidden by its access permissions.", "go EACCES - 80 words windows"},
	{"listen tcp :80: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.", "go EADDRINUSE - 80 words windows"},
	{"docker: Error response from daemon: driver failed programming external connectivity on endpoint web (0f3a): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use.", "docker EADDRINUSE 0.0.0.0 80 words -"},
	{"Error response from daemon: Bind for 0.0.0.0:80 failed: port is already allocated", "docker EADDRINUSE 0.0.0.0 80 words -"},
	{"Bind for 0.0.0.0:80: unexpected error (Failure EADDRINUSE)", "- EADDRINUSE 0.0.0.0 80 code -"},
	{"Ports are not available: exposing port TCP 0.0.0.0:80 -> 0.0.0.0:0: listen tcp 0.0.0.0:80: bind: address already in use", "docker EADDRINUSE 0.0.0.0 80 words -"},
	{"Unable to listen on port 8080: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:8080: bind: address already in use]", "kubectl EADDRINUSE 127.0.0.1 8080 words -"},
	{"error: unable to listen on any of the requested ports: [{8080 80}]", "kubectl - - 8080 - -"},
	{"[ERROR Port-10250]: Port 10250 is in use", "kubeadm EADDRINUSE - 10250 phrase -"},
	{"0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.", "kubernetes EADDRINUSE - 0 phrase -"},
	{"rootlessport cannot expose privileged port 80, you can add 'net.ipv4.ip_unprivileged_port_start=80'", "podman EACCES - 80 phrase -"},
	{"Vagrant: The forwarded port to 8080 is already in use on the host machine.", "vagrant EADDRINUSE - 8080 phrase -"},

	// Node and its kin.
	{"Error: listen EADDRINUSE: address already in use :::3000", "node EADDRINUSE :: 3000 code -"},
	{"Error: listen EADDRINUSE: address already in use 127.0.0.1:3000", "node EADDRINUSE 127.0.0.1 3000 code -"},
	{"Error: listen EADDRINUSE: address already in use ::1:3000", "node EADDRINUSE ::1 3000 code -"},
	{"Error: listen EADDRINUSE :::3000", "node EADDRINUSE :: 3000 code -"},
	{"Error: listen EADDRINUSE", "node EADDRINUSE - 0 code -"},
	{"Error: listen EACCES: permission denied 0.0.0.0:80", "node EACCES 0.0.0.0 80 code -"},
	{"Error: listen EADDRNOTAVAIL: address not available 192.0.2.7:3000", "node EADDRNOTAVAIL 192.0.2.7 3000 code -"},
	{"  errno: -98, code: 'EADDRINUSE', syscall: 'listen'", "- EADDRINUSE - 0 number linux"},
	{"  errno: -48, code: 'EADDRINUSE', syscall: 'listen'", "- EADDRINUSE - 0 number darwin"},
	{"  errno: -4091, code: 'EADDRINUSE', syscall: 'listen'", "- EADDRINUSE - 0 number windows"},
	{"⨯ Failed to start server: Port 3000 is already in use", "- EADDRINUSE - 3000 phrase -"},
	{"Something is already running on port 3000.", "create-react-app EADDRINUSE - 3000 phrase -"},
	{"Port 5173 is in use, trying another one...", "- EADDRINUSE - 5173 phrase -"},
	{"Port 5000 is in use by another program. Either identify and stop that program, or start the server with a different port.", "flask EADDRINUSE - 5000 phrase -"},

	// Python, Ruby, Java, Rust, .NET.
	{"OSError: [Errno 98] Address already in use", "python EADDRINUSE - 0 number linux"},
	{"OSError: [Errno 48] Address already in use", "python EADDRINUSE - 0 number darwin"},
	{"ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use", "python EADDRINUSE 127.0.0.1 8000 number linux"},
	{"ERROR:    [Errno 10048] error while attempting to bind on address ('0.0.0.0', 8000): only one usage of each socket address (protocol/network address/port) is normally permitted", "python EADDRINUSE 0.0.0.0 8000 number windows"},
	{"[Errno 13] error while attempting to bind on address ('0.0.0.0', 80): [winerror 10013] an attempt was made to access a socket in a way forbidden by its access permissions", "python EACCES 0.0.0.0 80 number windows"},
	{"OSError: [WinError 10048] 通常每个套接字地址(协议/网络地址/端口)只允许使用一次。", "python EADDRINUSE - 0 number windows"},
	{"Error: That port is already in use.", "django EADDRINUSE - 0 phrase -"},
	{"[ERROR] Connection in use: ('0.0.0.0', 8000)", "gunicorn EADDRINUSE 0.0.0.0 8000 phrase -"},
	{"[ERROR] Can't connect to ('0.0.0.0', 80)", "gunicorn - 0.0.0.0 80 - -"},
	{"Permission to listen on port 80 denied.", "- EACCES - 80 phrase -"},
	{"The port 8888 is already in use, trying another port.", "- EADDRINUSE - 8888 phrase -"},
	{"Address already in use - bind(2) for 127.0.0.1:3000 (Errno::EADDRINUSE)", "ruby EADDRINUSE 127.0.0.1 3000 code -"},
	{`Address already in use - bind(2) for "127.0.0.1" port 3000 (Errno::EADDRINUSE)`, "ruby EADDRINUSE 127.0.0.1 3000 code -"},
	{"java.net.BindException: Address already in use: JVM_Bind", "java EADDRINUSE - 0 words windows"},
	{"java.net.BindException: Address already in use (Bind failed)", "java EADDRINUSE - 0 words -"},
	{"java.net.BindException: Cannot assign requested address: bind", "java EADDRNOTAVAIL - 0 words windows"},
	{"Web server failed to start. Port 8080 was already in use.", "java EADDRINUSE - 8080 phrase -"},
	{"**** FAILED TO BIND TO PORT!", "java - - 0 - -"},
	{"io.netty.channel.unix.Errors$NativeIoException: bind(..) failed: Address already in use", "java EADDRINUSE - 0 words -"},
	{"Failed to bind to /0.0.0.0:9200", "java - 0.0.0.0 9200 - -"},
	{"java.io.IOException: Failed to bind to localhost/127.0.0.1:8080", "- - 127.0.0.1 8080 - -"},
	{`Error: Os { code: 98, kind: AddrInUse, message: "Address already in use" }`, "rust EADDRINUSE - 0 number linux"},
	{"Address already in use (os error 98)", "rust EADDRINUSE - 0 number linux"},
	{"Address already in use (os error 48)", "rust EADDRINUSE - 0 number darwin"},
	{"failed to bind 0.0.0.0:80: Permission denied (os error 13)", "rust EACCES 0.0.0.0 80 number -"},
	{"System.IO.IOException: Failed to bind to address http://127.0.0.1:5000: address already in use.", ".net EADDRINUSE 127.0.0.1 5000 words -"},
	{"Failed to bind to address http://[::]:5000: address already in use.", ".net EADDRINUSE :: 5000 words -"},
	{"Unable to bind to https://localhost:5001 on the IPv4 loopback interface: 'Address already in use'.", ".net EADDRINUSE localhost 5001 words -"},
	{"System.Net.Sockets.SocketException (10048): could not bind", ".net EADDRINUSE - 0 number windows"},
	{"System.Net.Sockets.SocketException (48): Address already in use", ".net EADDRINUSE - 0 number darwin"},
	{"Error -4092 EACCES permission denied: bind", "- EACCES - 0 number windows"},
	{"System.Net.HttpListenerException (183): Failed to listen on prefix 'http://+:8080/app/' because it conflicts with an existing registration on the machine.", ".net ERROR_ALREADY_EXISTS + 8080 number windows"},
	{"Failed to listen on prefix 'http://localhost/app/' because it conflicts with an existing registration on the machine.", ".net ERROR_ALREADY_EXISTS localhost 80 words windows"},
	{"HTTP could not register URL http://+:8000/s/. Your process does not have access rights to this namespace", "wcf ERROR_ACCESS_DENIED + 8000 words windows"},
	{"HttpAddUrl failed with 0xC0000022 for http://+:80/x/", "http.sys ERROR_ACCESS_DENIED + 80 number windows"},
	{`14:02:11  [Apache]  Port 80 in use by "system"!`, "xampp EADDRINUSE - 80 phrase windows"},
	{"failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use", "- EADDRINUSE 0.0.0.0 80 words -"},
	{"listen tcp 0.0.0.0:8080: bind: Solo se permite un uso de cada dirección de socket", "go - 0.0.0.0 8080 - -"},
	{"error: Failed to start server. Is port 3000 in use?", "- EADDRINUSE - 3000 phrase -"},
	{"System.Net.HttpListenerException (5): Access is denied. Failed to listen on prefix", ".net ERROR_ACCESS_DENIED - 0 number windows"},
	{"System.Net.HttpListenerException (32): Der Prozess kann nicht auf die Datei zugreifen", ".net ERROR_SHARING_VIOLATION - 0 number windows"},
	{`Failed to register URL "http://localhost:8080/" for site "S" application "/". Error description: The process cannot access the file (0x80070020)`, "iis express ERROR_SHARING_VIOLATION localhost 8080 number windows"},
}

func TestParseShapes(t *testing.T) {
	for _, tc := range shapes {
		f, ok := Parse(tc.text)
		if !ok {
			t.Errorf("not recognised: %s", tc.text)
			continue
		}
		if got := said(f); got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.text, got, tc.want)
		}
		if f.Addr.IsValid() && (f.Addr.Port() != f.Port || f.Addr.Addr().String() != f.Host) {
			t.Errorf("%s: Addr %v beside Host %q, Port %d", tc.text, f.Addr, f.Host, f.Port)
		}
	}
}

func TestParseLeavesLookAlikesAlone(t *testing.T) {
	for _, text := range []string{
		"Windows Update: Fehler beim Kopieren (Ausnahme von HRESULT: 0x80070020)",
		"",
		"Error response from daemon: driver failed programming external connectivity on endpoint web: iptables failed: iptables --wait -t nat: iptables: No chain/target/match by that name.",
		"System.Net.Sockets.SocketException (10013): An attempt was made ... at System.Net.Http.HttpConnectionPool.AddHttp11ConnectionAsync (github.com:443)",
		"Error: connect EADDRINUSE 127.0.0.1:3306",
		"Error: connect ECONNREFUSED 127.0.0.1:3306",
		"dial tcp 192.0.2.7:80: connect: cannot assign requested address",
		"dial tcp 192.0.2.7:80: bind: address already in use",
		"connect() failed (111: Connection refused) while connecting to upstream",
		"Failed to establish a new connection: [Errno 99] Cannot assign requested address",
		"nginx: [emerg] bind() to unix:/run/app.sock failed (98: Address already in use)",
		"bind(6, unix:/var/run/control.unit.sock) failed (98: Address already in use)",
		"Error: listen EADDRINUSE: address already in use /tmp/app.sock",
		`Error: listen EADDRINUSE: address already in use \\.\pipe\app`,
		"listen unix /run/app.sock: bind: address already in use",
		"A server is already running. Check /app/tmp/pids/server.pid.",
		"open() \"/var/log/nginx/access.log\" failed (13: Permission denied)",
		"PermissionError: [Errno 13] Permission denied: '/etc/shadow'",
		"OSError: [Errno 22] Invalid argument",
		"named: open: /etc/bind/named.conf: permission denied",
		"ldap_bind: Invalid credentials (49)",
		"mount --bind /a /b: permission denied",
		"listening on 0.0.0.0:80",
		"Listening on port 98 (http)",
		"sshd[98]: Server listening on 0.0.0.0 port 22.",
		"server.go:98: started",
		"worker 98 exited (48)",
		"GET /port/is/fine 200",
		"the export is in order",
	} {
		if f, ok := Parse(text); ok {
			t.Errorf("taken for a failing bind: %s\n%+v", text, f)
		}
	}
}

func TestParseProto(t *testing.T) {
	for text, want := range map[string]string{
		"listen udp :53: bind: address already in use":                                "udp",
		"listen tcp :53: bind: address already in use":                                "tcp",
		"bind() to 0.0.0.0:80 failed (98: Address already in use)":                    "",
		"Failed to bind to address http://127.0.0.1:5000: address already in use.":    "tcp",
		"named: could not bind UDP socket 192.0.2.7 port 53: address already in use.": "udp",
	} {
		if f, _ := Parse(text); f.Proto != want {
			t.Errorf("%s: proto %q, want %q", text, f.Proto, want)
		}
	}
}

// A number wins over the words beside it, and words over a phrase.
func TestParseNumberBeforeWords(t *testing.T) {
	f, ok := Parse("port 8388 is already in use: bind failed: (10013)")
	if !ok || f.Errno != access || f.By != "number" || f.OS != "windows" {
		t.Errorf("%+v", f)
	}
	f, ok = Parse("Port 8388 is already in use: bind: permission denied")
	if !ok || f.Errno != access || f.By != "words" {
		t.Errorf("%+v", f)
	}
}

func TestParseLongLine(t *testing.T) {
	if f, ok := Parse("bind() to 0.0.0.0:80 failed (98: x)" + strings.Repeat("y", 1<<20)); !ok || len(f.Words) > maxText {
		t.Errorf("ok %v, %d bytes kept", ok, len(f.Words))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range shapes {
		f.Add(s.text)
	}
	f.Add("bind() to \xff\xfe:80 failed (98: \x1b[31m)")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := Parse(text)
		if !ok && got != (Failure{}) {
			t.Fatalf("%q: nothing recognised, and %+v", text, got)
		}
		if got.Addr.IsValid() && got.Addr.Port() != got.Port {
			t.Fatalf("%q: %+v", text, got)
		}
		if utf8.ValidString(text) && strings.ContainsAny(got.Host, " \x1b\n\"'") {
			t.Fatalf("%q: host %q", text, got.Host)
		}
		if (got.Errno == "") != (got.By == "") {
			t.Fatalf("%q: errno %q by %q", text, got.Errno, got.By)
		}
	})
}

func BenchmarkParseWorst(b *testing.B) {
	text := strings.Repeat("bind(port 48 listen on bind ", 200)
	for b.Loop() {
		Parse(text)
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		for _, s := range shapes {
			Parse(s.text)
		}
	}
}
