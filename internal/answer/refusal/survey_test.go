package refusal

import (
	"fmt"
	"strings"
	"testing"
)

// survey are the shapes in which people paste a refused bind, by runtime, and what
// each is understood as: "CAUSE PORT OS ERRNO: the command to run next".
var survey = []struct{ text, want string }{
	// Go.
	{"listen tcp 0.0.0.0:8080: bind: address already in use", "in-use 8080 - EADDRINUSE: ss"},
	{"listen tcp4 127.0.0.1:8080: bind: address already in use", "in-use 8080 - EADDRINUSE: ss"},
	{"listen tcp6 [::1]:8080: bind: address already in use", "in-use 8080 - EADDRINUSE: ss"},
	{"listen udp :53: bind: address already in use", "in-use 53 - EADDRINUSE: ss"},
	{"listen tcp :80: bind: permission denied", "not-permitted 80 - EACCES: sysctl"},
	{"listen tcp 203.0.113.7:80: bind: cannot assign requested address", "not-here 80 linux EADDRNOTAVAIL: ip"},
	{"listen tcp 203.0.113.7:80: bind: can't assign requested address", "not-here 80 darwin EADDRNOTAVAIL: ifconfig"},
	{"listen tcp 0.0.0.0:50051: bind: An attempt was made to access a socket in a way forbidden by its access permissions.", "reserved 50051 windows EACCES: netstat"},
	{"listen tcp 0.0.0.0:8080: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.", "in-use 8080 windows EADDRINUSE: netstat"},
	// kubectl.
	{"Unable to listen on port 8080: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:8080: bind: address already in use unable to create listener: Error listen tcp6 [::1]:8080: bind: address already in use]\nerror: unable to listen on any of the requested ports: [{8080 80}]", "in-use 8080 - EADDRINUSE: ss"},
	{"Unable to listen on port 8080: All listeners failed to create with the following errors: Unable to create listener: Error listen tcp4 127.0.0.1:8080: bind: address already in use", "in-use 8080 - EADDRINUSE: ss"},
	{"error: unable to listen on any of the requested ports: [{8080 80}]", "unsaid 8080 - -: ss"},
	// Docker.
	{"docker: Error response from daemon: driver failed programming external connectivity on endpoint web (0f3a): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use.", "in-use 80 - EADDRINUSE: ss"},
	{"Error response from daemon: driver failed programming external connectivity on endpoint web (0f3a): Bind for 0.0.0.0:80 failed: port is already allocated", "allocated 80 - EADDRINUSE: docker"},
	{"Bind for 0.0.0.0:80: unexpected error (Failure EADDRINUSE)", "in-use 80 - EADDRINUSE: ss"},
	{"(HTTP code 500) server error - Ports are not available: exposing port TCP 0.0.0.0:5000 -> 0.0.0.0:0: listen tcp 0.0.0.0:5000: bind: address already in use", "in-use 5000 - EADDRINUSE: ss"},
	{"Ports are not available: listen tcp 0.0.0.0:2375: bind: An attempt was made to access a socket in a way forbidden by its access permissions.", "reserved 2375 windows EACCES: netstat"},
	{"Error response from daemon: failed to set up container networking: driver failed programming external connectivity on endpoint web (0f3a): failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use", "in-use 80 - EADDRINUSE: ss"},
	// Node, Bun, Deno.
	{"Error: listen EADDRINUSE: address already in use :::3000", "in-use 3000 - EADDRINUSE: ss"},
	{"Error: listen EADDRINUSE: address already in use 127.0.0.1:3000", "in-use 3000 - EADDRINUSE: ss"},
	{"Error: listen EADDRINUSE :::3000", "in-use 3000 - EADDRINUSE: ss"},
	{"Error: listen EADDRINUSE", "in-use 0 - EADDRINUSE: ss"},
	{"Error: listen EACCES: permission denied 0.0.0.0:80", "not-permitted 80 - EACCES: sysctl"},
	{"Error: listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle [as _listen2] (net.js:1318:16)\n  errno: -98,\n  code: 'EADDRINUSE',\n  syscall: 'listen',\n  address: '::',\n  port: 3000\n}", "in-use 3000 linux EADDRINUSE: ss"},
	{"{ Error: listen EADDRINUSE\n  errno: 'EADDRINUSE',\n  code: 'EADDRINUSE',\n  syscall: 'listen',\n  address: '0.0.0.0',\n  port: 3000 }", "in-use 3000 - EADDRINUSE: ss"},
	{"Error: listen EADDRINUSE: address already in use :::5000\n  errno: -48,\n  code: 'EADDRINUSE',\n  port: 5000", "in-use 5000 darwin EADDRINUSE: lsof"},
	{"Error: listen EACCES: permission denied 0.0.0.0:3000\n  errno: -4092,\n  code: 'EACCES',\n  syscall: 'listen',\n  address: '0.0.0.0',\n  port: 3000", "reserved 3000 windows EACCES: netstat"},
	{"error: Uncaught (in promise) AddrInUse: Address already in use (os error 98)", "in-use 0 linux EADDRINUSE: ss"},
	{"error: Failed to start server. Is port 3000 in use?", "in-use 3000 - EADDRINUSE: ss"},
	// Development servers.
	{"⨯ Failed to start server\nError: Port 3000 is already in use", "in-use 3000 - EADDRINUSE: ss"},
	{"Something is already running on port 3000.", "in-use 3000 - EADDRINUSE: ss"},
	{"Port 5173 is in use, trying another one...", "in-use 5173 - EADDRINUSE: ss"},
	{"Address already in use\nPort 5000 is in use by another program. Either identify and stop that program, or start the server with a different port.", "in-use 5000 - EADDRINUSE: ss"},
	// Python.
	{"OSError: [Errno 98] Address already in use", "in-use 0 linux EADDRINUSE: ss"},
	{"ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use", "in-use 8000 linux EADDRINUSE: ss"},
	{"ERROR:    [Errno 10048] error while attempting to bind on address ('127.0.0.1', 8000): only one usage of each socket address (protocol/network address/port) is normally permitted", "in-use 8000 windows EADDRINUSE: netstat"},
	{"ERROR:    [Errno 13] error while attempting to bind on address ('0.0.0.0', 80): [winerror 10013] an attempt was made to access a socket in a way forbidden by its access permissions", "reserved 80 windows EACCES: netstat"},
	{"OSError: [WinError 10048] Only one usage of each socket address (protocol/network address/port) is normally permitted", "in-use 0 windows EADDRINUSE: netstat"},
	{"OSError: [Errno 48] Address already in use", "in-use 0 darwin EADDRINUSE: lsof"},
	{"Error: That port is already in use.", "in-use 0 - EADDRINUSE: ss"},
	{"[ERROR] Connection in use: ('0.0.0.0', 8000)", "in-use 8000 - EADDRINUSE: ss"},
	{"[ERROR] Can't connect to ('0.0.0.0', 80)", "unsaid 80 - -: ss"},
	{"[I 10:00:00 NotebookApp] The port 8888 is already in use, trying another port.", "in-use 8888 - EADDRINUSE: ss"},
	{"Permission to listen on port 80 denied.", "not-permitted 80 - EACCES: sysctl"},
	// Ruby.
	{"Address already in use - bind(2) for 127.0.0.1:3000 (Errno::EADDRINUSE)", "in-use 3000 - EADDRINUSE: ss"},
	{`Address already in use - bind(2) for "127.0.0.1" port 3000 (Errno::EADDRINUSE)`, "in-use 3000 - EADDRINUSE: ss"},
	// Java.
	{"java.net.BindException: Address already in use", "in-use 0 - EADDRINUSE: ss"},
	{"java.net.BindException: Address already in use: bind", "in-use 0 windows EADDRINUSE: netstat"},
	{"java.net.BindException: Address already in use: JVM_Bind", "in-use 0 windows EADDRINUSE: netstat"},
	{"java.net.BindException: Address already in use (Bind failed)", "in-use 0 - EADDRINUSE: ss"},
	{"java.net.BindException: Cannot assign requested address: bind", "not-here 0 windows EADDRNOTAVAIL: ipconfig"},
	{"Web server failed to start. Port 8080 was already in use.", "in-use 8080 - EADDRINUSE: ss"},
	{"[Server thread/WARN]: **** FAILED TO BIND TO PORT!", "unsaid 0 - -: ss"},
	{"io.netty.channel.unix.Errors$NativeIoException: bind(..) failed: Address already in use", "in-use 0 - EADDRINUSE: ss"},
	{"org.elasticsearch.transport.BindTransportException: Failed to bind to /0.0.0.0:9300", "unsaid 9300 - -: ss"},
	{"java.io.IOException: Failed to bind to 0.0.0.0:8080\nCaused by: java.net.BindException: Address already in use", "in-use 8080 - EADDRINUSE: ss"},
	// .NET and HTTP.sys.
	{"System.IO.IOException: Failed to bind to address http://127.0.0.1:5000: address already in use.", "in-use 5000 - EADDRINUSE: ss"},
	{"Unable to bind to https://localhost:5001 on the IPv4 loopback interface: 'Address already in use'.", "in-use 5001 - EADDRINUSE: ss"},
	{"Failed to bind to address http://127.0.0.1:5000: address already in use.\n ---> System.Net.Sockets.SocketException (10048): Only one usage of each socket address", "in-use 5000 windows EADDRINUSE: netstat"},
	{"Failed to bind to address http://127.0.0.1:5000: address already in use.\n ---> System.Net.Sockets.SocketException (98): Address already in use", "in-use 5000 linux EADDRINUSE: ss"},
	{"Failed to bind to address http://127.0.0.1:5000: address already in use.\n ---> System.Net.Sockets.SocketException (48): Address already in use", "in-use 5000 darwin EADDRINUSE: lsof"},
	{"System.AggregateException: One or more errors occurred. (Error -48 EADDRINUSE address already in use)", "in-use 0 darwin EADDRINUSE: lsof"},
	{"Microsoft.AspNetCore.Server.Kestrel: Error -4092 EACCES permission denied", "reserved 0 windows EACCES: netstat"},
	{"System.Net.HttpListenerException (5): Access is denied.", "not-reserved 0 windows ERROR_ACCESS_DENIED: netsh http show urlacl"},
	{"System.Net.HttpListenerException (32): The process cannot access the file because it is being used by another process.", "in-use 0 windows ERROR_SHARING_VIOLATION: netstat"},
	{"System.Net.HttpListenerException (183): Failed to listen on prefix 'http://+:8080/app/' because it conflicts with an existing registration on the machine.", "registered 8080 windows ERROR_ALREADY_EXISTS http://+:8080/app/: netsh http show servicestate"},
	{`Failed to register URL "http://localhost:8080/" for site "S" application "/". Error description: The process cannot access the file because it is being used by another process. (0x80070020)`, "in-use 8080 windows ERROR_SHARING_VIOLATION http://localhost:8080/: netstat"},
	{`Failed to register URL "http://*:8080/" for site "S" application "/". Error description: Access is denied. (0x80070005)`, "not-reserved 8080 windows ERROR_ACCESS_DENIED http://*:8080/: netsh http show urlacl"},
	{`Failed to register URL "http://localhost:8080/" for site "S" application "/". Error description: Cannot create a file when that file already exists. (0x800700b7)`, "registered 8080 windows ERROR_ALREADY_EXISTS http://localhost:8080/: netsh http show servicestate"},
	{"HTTP could not register URL http://+:8000/Service/. Your process does not have access rights to this namespace", "not-reserved 8000 windows ERROR_ACCESS_DENIED http://+:8000/Service/: netsh http show urlacl"},
	{"HTTP could not register URL http://+:80/x/. Another application has already registered this URL with HTTP.SYS.", "registered 80 windows ERROR_ALREADY_EXISTS http://+:80/x/: netsh http show servicestate"},
	{"HTTP could not register URL http://+:80/x/ because TCP port 80 is being used by another application.", "in-use 80 windows ERROR_SHARING_VIOLATION http://+:80/x/: netstat"},
	{"Unable to bind to the underlying transport for 0.0.0.0:80. The IP Listen-Only list may contain a reference to an interface which may not exist on this machine. The data field contains the error number.", "unsaid 80 windows -: netstat"},
	{"HttpAddUrl failed with 0xC0000022 for http://+:80/x/", "not-reserved 80 windows ERROR_ACCESS_DENIED http://+:80/x/: netsh http show urlacl"},
	// Rust.
	{"Error: Address already in use (os error 98)", "in-use 0 linux EADDRINUSE: ss"},
	{"Error: Os { code: 48, kind: AddrInUse, message: \"Address already in use\" }", "in-use 0 darwin EADDRINUSE: lsof"},
	{"Error: Only one usage of each socket address (protocol/network address/port) is normally permitted. (os error 10048)", "in-use 0 windows EADDRINUSE: netstat"},
	{"failed to bind [::]:8080: Address family not supported by protocol (os error 97)", "family-off 8080 linux EAFNOSUPPORT: sysctl"},
	// PHP, Erlang, Swoole.
	{"[Mon Jan  1 10:00:00 2024] Failed to listen on 127.0.0.1:8000 (reason: Address already in use)", "in-use 8000 - EADDRINUSE: ss"},
	{"** (EXIT) shutdown: failed to start child: {:ranch_listener_sup, MyApp.Endpoint.HTTP} ** (EXIT) :eaddrinuse\n[error] Failed to start Ranch listener MyApp.Endpoint.HTTP in :ranch_tcp:listen([port: 4000]) for reason :eaddrinuse (address already in use)", "in-use 4000 - EADDRINUSE: ss"},
	{"PHP Warning:  bind(0.0.0.0:9501) failed. Error: Address already in use [98]", "in-use 9501 linux EADDRINUSE: ss"},
	// Servers.
	{"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\nnginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\nnginx: [emerg] still could not bind()", "in-use 80 linux EADDRINUSE: ss"},
	{"nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", "not-permitted 80 - EACCES: sysctl"},
	{"nginx: [emerg] bind() to 0.0.0.0:8080 failed (48: Address already in use)", "in-use 8080 darwin EADDRINUSE: lsof"},
	{"nginx: [emerg] bind() to 0.0.0.0:80 failed (10013: An attempt was made to access a socket in a way forbidden by its access permissions)", "reserved 80 windows EACCES: netstat"},
	{"nginx: [emerg] socket() [::]:80 failed (97: Address family not supported by protocol)", "family-off 80 linux EAFNOSUPPORT: sysctl"},
	{"(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80\n(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:80\nno listening sockets available, shutting down", "in-use 80 linux EADDRINUSE: ss"},
	{"(13)Permission denied: AH00072: make_sock: could not bind to address [::]:80", "not-permitted 80 - EACCES: sysctl"},
	{"(48)Address already in use: AH00072: make_sock: could not bind to address [::]:8080", "in-use 8080 darwin EADDRINUSE: lsof"},
	{"(OS 10013)An attempt was made to access a socket in a way forbidden by its access permissions.  : AH00072: make_sock: could not bind to address 0.0.0.0:443", "reserved 443 windows EACCES: netstat"},
	{"(OS 10048)Only one usage of each socket address (protocol/network address/port) is normally permitted.  : AH00072: make_sock: could not bind to address [::]:80", "in-use 80 windows EADDRINUSE: netstat"},
	{"2024-01-01 10:00:00: (network.c.309) can't bind to socket: 0.0.0.0:80 Address already in use", "in-use 80 - EADDRINUSE: ss"},
	{"error: Bind to port 22 on 0.0.0.0 failed: Address already in use.\nfatal: Cannot bind any address.", "in-use 22 - EADDRINUSE: ss"},
	{"bind [127.0.0.1]:8080: Address already in use\nchannel_setup_fwd_listener_tcpip: cannot listen to port: 8080\nCould not request local forwarding.", "in-use 8080 - EADDRINUSE: ss"},
	{"systemd[1]: web.socket: Failed to listen on sockets: Address already in use", "in-use 0 linux EADDRINUSE: ss"},
	{"systemd[1]: web.socket: Failed to create listening socket (0.0.0.0:80): Address already in use", "in-use 80 linux EADDRINUSE: ss"},
	{"dnsmasq: failed to create listening socket for port 53: Address already in use", "in-use 53 - EADDRINUSE: ss"},
	{"[1704100000] unbound[1:0] error: can't bind socket: Cannot assign requested address for 10.0.0.1 port 53", "not-here 53 linux EADDRNOTAVAIL: ip"},
	{"daemon: bind(7) failed errno=99 (Cannot assign requested address)", "not-here 0 linux EADDRNOTAVAIL: ip"},
	{"Could not create server TCP listening socket *:6379: bind: Address already in use", "in-use 6379 - EADDRINUSE: ss"},
	{"Creating Server TCP listening socket 127.0.0.1:6379: bind: Address already in use", "in-use 6379 - EADDRINUSE: ss"},
	{"[ERROR] Can't start server: Bind on TCP/IP port: Address already in use\n[ERROR] Do you already have another mysqld server running on port: 3306 ?", "in-use 3306 - EADDRINUSE: ss"},
	{"[ERROR Port-10250]: Port 10250 is in use", "in-use 10250 - EADDRINUSE: ss"},
	{"The forwarded port to 8080 is already in use on the host machine.", "in-use 8080 - EADDRINUSE: ss"},
	{"adb.exe: error: cannot bind listener: cannot bind to 127.0.0.1:27183: An attempt was made to access a socket in a way forbidden by its access permissions. (10013)", "reserved 27183 windows EACCES: netstat"},
	{"LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use\nHINT:  Is another postmaster already running on port 5432? If not, wait a few seconds and retry.", "in-use 5432 - EADDRINUSE: ss"},
	{"0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.", "in-use 0 - EADDRINUSE: kubectl"},
	{"Error: Address in use", "in-use 0 linux EADDRINUSE: ss"}, // musl
	// Windows' words in other languages; the number is all there is to read.
	{"OSError: [WinError 10048] 通常每个套接字地址(协议/网络地址/端口)只允许使用一次。", "in-use 0 windows EADDRINUSE: netstat"},
	{"[Errno 10048] error while attempting to bind on address ('0.0.0.0', 8080): solo se permite un uso de cada direcci\ufffdn de socket (protocolo/direcci\ufffdn de red/puerto)", "in-use 8080 windows EADDRINUSE: netstat"},
	{"listen tcp 0.0.0.0:8080: bind: Solo se permite un uso de cada dirección de socket (protocolo/dirección de red/puerto)", "unsaid 8080 - -: ss"},
	{"System.Net.Sockets.SocketException (10013): 以一种访问权限不允许的方式做了一个访问套接字的尝试。\n   at System.Net.Sockets.Socket.Bind(EndPoint localEP)", "reserved 0 windows EACCES: netstat"},
	{"System.Net.HttpListenerException (32): Der Prozess kann nicht auf die Datei zugreifen, da sie von einem anderen Prozess verwendet wird", "in-use 0 windows ERROR_SHARING_VIOLATION: netstat"},
	// Texts that lie: "bind failed" and the number are believed, the words are not.
	{"[ERROR] Can't start server: Bind on TCP/IP port: No such file or directory\n[ERROR] Do you already have another mysqld server running on port: 3306 ?", "unsaid 3306 - -: ss"},
	{"[ERROR] Can't start server: Bind on TCP/IP port: No such file or directory", "unsaid 0 - -: ss"},
	{"# Creating Server TCP listening socket *:6379: bind: An operation was attempted on something that is not a socket.", "unsaid 6379 - -: ss"},
	{"# Could not create server TCP listening socket *:6379: bind: 操作成功完成。", "unsaid 6379 - -: ss"},
	{"Could not bind socket on port 8001. Some other application is probably already using port. Error 10013", "reserved 8001 windows EACCES: netstat"},
	{"端口已被占用\nSystem.Net.Sockets.SocketException (10013): 以一种访问权限不允许的方式做了一个访问套接字的尝试。\n   at System.Net.Sockets.Socket.Bind", "reserved 0 windows EACCES: netstat"},
	// The panel's log.
	{`14:02:11  [Apache] 	Port 80 in use by "system"!`, "in-use 80 windows EADDRINUSE: netstat"},
	{`14:02:11  [Apache] 	Port 443 in use by ""C:\Program Files (x86)\VMware\VMware Workstation\vmware-hostd.exe"" with PID 3264!`, "in-use 443 windows EADDRINUSE: netstat"},
}

// first is a command's name, of netsh with what it shows.
func first(command string) string {
	f := strings.Fields(strings.TrimPrefix(command, "sudo "))
	switch {
	case len(f) == 0:
		return "-"
	case f[0] == "netsh":
		return strings.Join(f[:min(4, len(f))], " ")
	}
	return f[0]
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func TestSurvey(t *testing.T) {
	for _, c := range survey {
		var lines []Line
		for i, l := range strings.Split(c.text, "\n") {
			lines = append(lines, Line{Text: l, Where: fmt.Sprint(i + 1), Number: i + 1})
		}
		rs := Read("", lines)
		if len(rs) != 1 {
			t.Errorf("%s\n%d refusals: %+v", c.text, len(rs), rs)
			continue
		}
		r := rs[0]
		next, _ := r.Next(NoListing)
		got := fmt.Sprintf("%s %d %s %s", r.Cause, r.Port, dash(r.OS), dash(r.Errno))
		if r.Prefix != "" {
			got += " " + r.Prefix
		}
		if got += ": " + first(next.Hint); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}
