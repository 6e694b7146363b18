package lookalike

import "cmp"

// Next is the one command that would tell more about f on the system of that GOOS
// word, and what it tells; "" where there is nothing to ask. The words of a text
// stand in a command only where they cannot be anything but what they are.
func (f Found) Next(os string) (tells, command string) {
	port := cmp.Or(f.Args["port"], "80")
	switch f.ID {
	case DockerChain:
		return "whether Docker's chain is there", "sudo iptables -t nat -n -L DOCKER"
	case ClientBlocked:
		return "which firewall profile is on", "netsh advfirewall show currentprofile"
	case ClientPorts:
		if os == "linux" {
			return "how many connections use up the local ports", "ss -s; sysctl net.ipv4.ip_local_port_range"
		}
		return "how many local ports there are", "netsh int ipv4 show dynamicport tcp"
	case SocketFile:
		if os == "darwin" {
			return "who has the socket file open", "sudo lsof -U"
		}
		return "who listens on the socket file, if anybody does", "sudo ss -xlp"
	case HostsFile:
		if os == "windows" {
			return "whether localhost has an address", `type %SystemRoot%\System32\drivers\etc\hosts`
		}
		return "whether localhost has an address", "cat /etc/hosts"
	case SecondFamily:
		return "that the server answers", "curl -sI http://localhost:" + port + "/"
	case MalformedURL:
		return "where the URL is written", `findstr /s /i "applicationUrl IISUrl" launchSettings.json *.csproj`
	case PIDFile:
		return "whether a server still listens", byOS(os, "ss -ltnp", "netstat -ano", "lsof -nP -iTCP -sTCP:LISTEN")
	case OwnService:
		return "the state of the services", "sc.exe query type= service state= all"
	case OtherMachine:
		return "who has the port on the server, run there", "sudo ss -ltnp 'sport = :" + port + "'"
	case WSL1:
		return "whether a program of Windows has the port", "netstat.exe -ano | findstr :" + port
	case WrongProbe:
		return "on which address somebody listens", byOS(os, "sudo ss -ltnp 'sport = :"+port+"'", "netstat -ano | findstr :"+port, "sudo lsof -nP -iTCP:"+port+" -sTCP:LISTEN")
	}
	return "", ""
}

func byOS(os, linux, windows, darwin string) string {
	switch os {
	case "windows":
		return windows
	case "darwin":
		return darwin
	}
	return linux
}
