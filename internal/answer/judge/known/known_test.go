package known_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/shell"
)

func TestFind(t *testing.T) {
	for line, want := range map[string]known.Rule{
		`net stop http /y`: known.StopHTTP, `NET STOP HTTP`: known.StopHTTP, `sc stop http`: known.StopHTTP, `Stop-Service HTTP -Force`: known.StopHTTP, `Stop-Service -Force -Name http`: known.StopHTTP,
		`net stop was /y`: known.StopService, `net stop w3svc`: known.StopService, `net stop "Print Spooler"`: known.StopService, `sc stop MsDepSvc`: known.StopService,
		`Get-Service W3SVC | Stop-Service`: known.LookOnly, `net stop winnat`: known.StopWinNAT, `net start winnat`: known.StartService, `net stop hns`: known.StopHNS, `net stop iphlpsvc`: known.StopIPHelper,
		`iisreset /stop`: known.IISStop, `iisreset`: known.IISStart, `iisreset /status`: known.LookOnly, `%windir%\system32\inetsrv\appcmd.exe stop site "Default Web Site"`: known.SiteStop,
		`sc config http start= disabled`: known.StartType, `sc config http start=disabled`: known.StartType, `sc.exe config W3SVC start= demand`: known.StartType, `Set-Service -Name HTTP -StartupType Disabled`: known.StartType,
		`Set-Service W3SVC -StartupType Manual`: known.StartType, `sc delete http`: known.DeleteService, `sc query http`: known.LookOnly, `sc qc http`: known.LookOnly, `sc enumdepend http`: known.LookOnly,
		`reg add HKLM\SYSTEM\CurrentControlSet\Services\HTTP /v Start /t REG_DWORD /d 4 /f`: known.RegistryChange, `reg delete HKLM\X /f`: known.RegistryChange, `reg query HKLM\X`: known.LookOnly,
		`Set-ItemProperty -Path HKLM:\SYSTEM\X -Name Start -Value 4`: known.RegistryChange, `regedit /s fix.reg`: known.RegistryImport, `reg import fix.reg`: known.RegistryImport,
		`netsh http add iplisten 127.0.0.1`: known.ListenListAdd, `netsh http add iplisten ipaddress=127.0.0.1`: known.ListenListAdd, `netsh http del iplisten ::`: known.ListenListDelete,
		`netsh http add urlacl url=http://+:80/x/ user=Everyone`: known.ReservationAdd, `netsh http delete urlacl url=http://+:80/x/`: known.ReservationDelete, `netsh http delete sslcert ipport=0.0.0.0:443`: known.CertificateDelete,
		`netsh http delete cache`: known.CacheDelete, `netsh http flush logbuffer`: known.HTTPTuning, `netsh http show servicestate view=requestq`: known.LookOnly, `netsh http sh urlacl`: known.LookOnly,
		`netsh int ipv4 add excludedportrange protocol=tcp startport=80 numberofports=1`: known.ExcludeAdd, `netsh interface ipv4 delete excludedportrange tcp 80 1`: known.ExcludeDelete,
		`netsh int ipv4 set dynamicport tcp start=49152 num=16384`: known.DynamicPort, `netsh int ipv4 show excludedportrange protocol=tcp`: known.LookOnly,
		`netsh interface portproxy add v4tov4 listenport=80 connectaddress=172.1.1.1 connectport=80`: known.PortProxyAdd, `netsh interface portproxy delete v4tov4 listenport=80`: known.PortProxyDelete, `netsh interface portproxy reset`: known.PortProxyReset,
		`netsh interface portproxy show all`: known.LookOnly, `netsh winsock reset`: known.WinsockReset, `netsh int ip reset`: known.IPReset, `netsh advfirewall set allprofiles state off`: known.FirewallOff,
		`netsh advfirewall firewall add rule name=x dir=in action=allow protocol=tcp localport=80`: known.FirewallRule, `netsh branchcache set service mode=disabled`: known.BranchCacheOff,
		`taskkill /F /PID 4`: known.KillKernel, `taskkill /IM system /F`: known.KillKernel, `taskkill /PID 1234 /F`: known.KillPID, `taskkill /F /PID <PID>`: known.KillPID, `taskkill /F /IM node.exe /T`: known.KillName,
		`Stop-Process -Id 4 -Force`: known.KillKernel, `Stop-Process -Id (Get-NetTCPConnection -LocalPort 80).OwningProcess -Force`: known.KillPID, `Stop-Process -Name node -Force`: known.KillName,
		`dism /online /disable-feature /featurename:IIS-WebServerRole`: known.FeatureOff, `Disable-WindowsOptionalFeature -Online -FeatureName IIS-WebServerRole`: known.FeatureOff, `wsl --shutdown`: known.WSLShutdown,
		`httpcfg delete iplisten -i 0.0.0.0`: known.HTTPCfg, `netstat -ano`: known.LookOnly, `tasklist /svc`: known.LookOnly, `Get-NetTCPConnection -LocalPort 80`: known.LookOnly,
		`sudo kill -9 $(lsof -t -i:80)`: known.KillPID, `kill -9 1234`: known.KillPID, `kill 1`: known.KillInit, `sudo fuser -k 80/tcp`: known.KillPort, `fuser -k -n tcp 80`: known.KillPort, `fuser 80/tcp`: known.LookOnly, `pkill -f node`: known.KillPattern, `killall node`: known.KillName, `npx kill-port 3000`: known.KillPort,
		`sudo systemctl stop apache2`: known.UnitStop, `systemctl disable --now nginx`: known.UnitDisable, `systemctl mask nginx`: known.UnitMask, `sudo service apache2 stop`: known.UnitStop, `/etc/init.d/apache2 stop`: known.UnitStop,
		`sudo systemctl disable systemd-resolved`: known.StopResolved, `systemctl stop systemd-resolved.service`: known.StopResolved, `systemctl stop ssh`: known.StopRemote, `systemctl restart docker`: known.RestartEngine, `systemctl status nginx`: known.LookOnly,
		`setcap cap_net_bind_service=+ep /usr/bin/node`: known.SetCap, `setcap 'cap_net_bind_service=+ep' $(which node)`: known.SetCap, `sysctl -w net.ipv4.ip_unprivileged_port_start=80`: known.Sysctl, `sysctl net.ipv4.tcp_tw_recycle=1`: known.Sysctl,
		`docker rm -f web`: known.ContainerRemove, `docker stop web`: known.ContainerStop, `docker system prune -a`: known.EnginePrune, `docker-compose down -v`: known.ComposeDown, `docker compose down`: known.ComposeDown, `docker ps -a`: known.LookOnly,
		`iptables -F`: known.FilterFlush, `iptables -t nat -F`: known.FilterFlush, `iptables -L -n`: known.LookOnly, `iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-port 8080`: known.FilterRedirect, `ufw disable`: known.FirewallOff, `ufw allow 80/tcp`: known.FilterRule,
		`setenforce 0`: known.SELinuxOff, `semanage port -a -t http_port_t -p tcp 8081`: known.PortTypeAdd, `semanage port -m -t http_port_t -p tcp 8081`: known.PortTypeModify, `chmod -R 777 /var/www`: known.ModeWide,
		`apt remove apache2`: known.Uninstall, `sudo apt-get purge apache2 -y`: known.Uninstall, `launchctl unload -w /Library/LaunchDaemons/x.plist`: known.JobUnload, `sudo launchctl bootout system/org.apache.httpd`: known.JobUnload, `brew services stop nginx`: known.BrewStop,
		`authbind --deep node x.js`: known.AuthBind, `rm /var/run/nginx.pid`: known.RemoveTree, `rm -rf /tmp/x`: known.RemoveTree, `nginx -s stop`: known.ServerStop, `apachectl stop`: known.ServerStop, `httpd -k stop`: known.ServerStop, `nginx -t`: known.LookOnly,
		`pm2 stop all`: known.AppStop, `ipconfig /flushdns`: known.FlushDNS, `shutdown /r /t 0`: known.RebootNow, `bcdedit /set hypervisorlaunchtype off`: known.HypervisorOff,
	} {
		ps := shell.Parse(line)
		m, ok := known.NewTable().Find(ps[0].Commands[0])
		if !ok || m.Rule != want {
			t.Errorf("%s: %q, want %q", line, m.Rule, want)
		}
	}
	for _, line := range []string{`frobnicate --all`, `net use x:`, `sc`, `netsh`, `docker run nginx`, `git stop http`, `netsh http`} {
		if m, ok := known.NewTable().Find(shell.Parse(line)[0].Commands[0]); ok {
			t.Errorf("%s: %q", line, m.Rule)
		}
	}
}

func TestSpot(t *testing.T) {
	for _, c := range []struct {
		line  string
		whole bool
		want  string // joined by " ; "
	}{
		{"net stop http /y", true, "net stop http /y"},
		{"  1. net stop http /y", true, "net stop http /y"},
		{"Step 2: sc config http start= disabled", true, "sc config http start= disabled"},
		{"- `netsh http delete iplisten 127.0.0.1`", true, "netsh http delete iplisten 127.0.0.1"},
		{"* sudo systemctl stop apache2 && sudo systemctl disable apache2", true, "sudo systemctl stop apache2 && sudo systemctl disable apache2"},
		{"1. Open cmd and type net stop http /y", false, "net stop http /y"},
		{"Open an elevated prompt, run net stop http /y, and say yes.", false, "net stop http /y"},
		{"You can use “net stop http” here (it stops printing).", false, "net stop http"},
		{"Run `sc config http start= disabled` and then `net stop http`.", false, "sc config http start= disabled ; net stop http"},
		{"Then sc config http start= disabled and reboot.", false, "sc config http start= disabled"},
		{"It helped me to taskkill /F /PID 4 but not for long", false, "taskkill /F /PID 4"},
		{"Use sudo lsof -i :80 to see who it is, then sudo kill -9 1234.", false, "sudo lsof -i :80 ; sudo kill -9 1234"},
		{"just do kill -9 $(lsof -t -i:80) and you are done", false, "kill -9 $(lsof -t -i:80)"},
		{"type netsh http show servicestate view=requestq verbose=yes and post it", false, "netsh http show servicestate view=requestq verbose=yes"},
		{"(net stop was /y)", false, "net stop was /y"},
		{"Try: net stop \"Print Spooler\" first", false, "net stop \"Print Spooler\""},
		{"net stop http will stop the print spooler too", false, "net stop http"},
		{"The net stop of it is that service hosts should stop", false, ""},
		{"kill the process that holds the port", false, ""},
		{"find the service and stop it", false, ""},
		{"service should stop", false, ""},
		{"docker stop the container", false, ""},
		{"start with the router", false, ""},
		{"I ran the installer twice.", false, ""},
		{"netstat shows PID 4", false, ""},
		{"  TCP    0.0.0.0:80    0.0.0.0:0    LISTENING    4", false, ""},
		{"net stop the service", false, ""},
		{"for each site you have, do this", false, ""},
	} {
		got, whole := known.NewTable().Spot(c.line)
		if d := cmp.Diff(c.want, strings.Join(got, " ; ")); d != "" || whole != c.whole {
			t.Errorf("%s: whole %v\n%s", c.line, whole, d)
		}
	}
}

func TestTablesAreWhole(t *testing.T) {
	seen := map[known.Rule]bool{}
	for _, r := range known.Rules() {
		if seen[r] {
			t.Errorf("%s stands twice", r)
		}
		seen[r] = true
		f := known.Of(r)
		if f.Class == "" || f.Reversal == "" {
			t.Errorf("%s lacks its class or how it is taken back", r)
		}
		if f.Reversal == known.Final && f.Undo != nil {
			t.Errorf("%s is final and has an undo", r)
		}
	}
	if known.Of("no such rule").Class != known.Unknown {
		t.Error("a rule that is none has a class")
	}
}

// Looking for commands ends, and what is found stands in the line.
func FuzzSpot(f *testing.F) {
	for _, s := range []string{"1. Open cmd and type net stop http /y", "`net stop` 'http' \"x", "sudo sudo sudo", "(((net stop http", "sc config http start=", "for for for do do", "net\x00stop", "` ` ` net stop x `", "kill -9 $(((", "“net stop http”"} {
		f.Add(s)
	}
	table := known.NewTable()
	f.Fuzz(func(t *testing.T, s string) {
		found, whole := table.Spot(s)
		if whole && len(found) == 0 {
			t.Fatalf("%q is a command without words", s)
		}
		for _, c := range found {
			if !strings.Contains(shell.Plain(s), c) {
				t.Fatalf("%q does not stand in %q", c, s)
			}
		}
	})
}

func BenchmarkSpotProse(b *testing.B) {
	line := "I have had this problem since the last update, and no cure that I found on the web helps; the page is not there."
	table := known.NewTable()
	for b.Loop() {
		table.Spot(line)
	}
}
