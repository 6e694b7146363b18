package shell_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/judge/shell"
)

// said is a command in one line: name, operands, options, and what else is known.
func said(c shell.Command) string {
	parts := []string{c.Name}
	for _, w := range c.Words {
		parts = append(parts, "["+w+"]")
	}
	for _, o := range c.Options {
		s := "-" + o.Name
		if o.Value != "" {
			s += "=" + o.Value
		}
		parts = append(parts, s)
	}
	if c.Elevated {
		parts = append(parts, "elevated")
	}
	if c.Piped {
		parts = append(parts, "piped")
	}
	if c.Into != "" {
		parts = append(parts, "into "+c.Into)
	}
	return strings.Join(parts, " ")
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string // a line for each command, "---" between pipelines
	}{
		{`net stop http /y`, []string{"net [stop] [http] -y"}},
		{`NET.EXE STOP HTTP /Y`, []string{"net [STOP] [HTTP] -y"}},
		{`C:\Windows\System32\net.exe stop http`, []string{"net [stop] [http]"}},
		{`"C:\Program Files\x\appcmd.exe" stop site "Default Web Site"`, []string{"appcmd [stop] [site] [Default Web Site]"}},
		{`net stop “Print Spooler” /y`, []string{"net [stop] [Print Spooler] -y"}},
		{`sc config http start= disabled`, []string{"sc [config] [http] [start=disabled]"}},
		{`sc config http start=disabled`, []string{"sc [config] [http] [start=disabled]"}},
		{`sc config http start = disabled`, []string{"sc [config] [http] [start=disabled]"}},
		{`netsh http add urlacl url=http://+:80/x/ sddl=D:(A;;GX;;;S-1-1-0)`, []string{"netsh [http] [add] [urlacl] [url=http://+:80/x/] [sddl=D:(A;;GX;;;S-1-1-0)]"}},
		{`netsh http delete sslcert ipport=0.0.0.0:443 && net stop http`, []string{"netsh [http] [delete] [sslcert] [ipport=0.0.0.0:443]", "---", "net [stop] [http]"}},
		{`taskkill /F /PID 4`, []string{"taskkill -f -pid=4"}},
		{`taskkill –f –im node.exe`, []string{"taskkill -f -im=node.exe"}},
		{`taskkill /PID <PID> /F`, []string{"taskkill -pid=<PID> -f"}},
		{`netstat -aon | findstr :80`, []string{"netstat -aon", "findstr [:80] piped"}},
		{`for /f "tokens=5" %a in ('netstat -aon ^| findstr :80') do taskkill /F /PID %a`, []string{"taskkill -f -pid=%a"}},
		{`cmd /c "net stop http && net stop w3svc"`, []string{"net [stop] [http]", "net [stop] [w3svc]"}},
		{`runas /user:Administrator "net stop http"`, []string{"net [stop] [http] elevated"}},
		{`powershell -Command "Stop-Service HTTP -Force"`, []string{"stop-service [HTTP] -force"}},
		{`Stop-Service -Name HTTP -Force`, []string{"stop-service -name=HTTP -force"}},
		{`Stop-Process -Id (Get-NetTCPConnection -LocalPort 80).OwningProcess -Force`, []string{"stop-process -id=(Get-NetTCPConnection -LocalPort 80).OwningProcess -force"}},
		{`Get-NetTCPConnection -LocalPort 80 | ForEach-Object { Stop-Process -Id $_.OwningProcess }`, []string{"get-nettcpconnection -localport=80", "stop-process -id=$_.OwningProcess piped"}},
		{`reg add "HKLM\SYSTEM\CurrentControlSet\Services\HTTP" /v Start /t REG_DWORD /d 4 /f`, []string{`reg [add] [HKLM\SYSTEM\CurrentControlSet\Services\HTTP] -v=Start -t=REG_DWORD -d=4 -f`}},
		{`sudo kill -9 $(lsof -t -i:80)`, []string{"kill [$(lsof -t -i:80)] -9 elevated"}},
		{"sudo kill -9 `sudo lsof -t -i:80`", []string{"kill [$(sudo lsof -t -i:80)] -9 elevated"}},
		{`lsof -ti:80 | xargs kill -9`, []string{"lsof -ti=80", "kill [%pipe%] -9 piped"}},
		{`sudo systemctl disable --now systemd-resolved; sudo rm /etc/resolv.conf`, []string{"systemctl [disable] [systemd-resolved] -now elevated", "---", "rm [/etc/resolv.conf] elevated"}},
		{`/etc/init.d/apache2 stop`, []string{"service [apache2] [stop]"}},
		{`echo 1 > /proc/sys/net/ipv4/tcp_tw_recycle`, []string{"echo [1] into /proc/sys/net/ipv4/tcp_tw_recycle"}},
		{`fuser -k 80/tcp 2>/dev/null # frees it`, []string{"fuser [80/tcp] -k"}},
		{`lsof -i :80 2>&1`, []string{"lsof -i=:80"}},
		{`bash -c 'kill -9 1234'`, []string{"kill [1234] -9"}},
		{`FOO=1 sudo -u www service nginx stop`, []string{"service [nginx] [stop] elevated"}},
		{`netsh interface portproxy delete v4tov4 listenport=80 listenaddress=0.0.0.0`, []string{"netsh [interface] [portproxy] [delete] [v4tov4] [listenport=80] [listenaddress=0.0.0.0]"}},
		{`dism /online /disable-feature /featurename:IIS-WebServerRole`, []string{"dism -online -disable-feature -featurename=IIS-WebServerRole"}},
		{`start /b net stop http`, []string{"net [stop] [http]"}},
		{`sysctl -w net.ipv4.tcp_tw_reuse = 1`, []string{"sysctl [net.ipv4.tcp_tw_reuse=1] -w"}},
		{`   `, nil},
		{`# a remark`, nil},
	} {
		var got []string
		for i, p := range shell.Parse(c.line) {
			if i > 0 {
				got = append(got, "---")
			}
			for _, cmd := range p.Commands {
				got = append(got, said(cmd))
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s\n%s", c.line, d)
		}
	}
}

func TestParseKeepsTheTextOfEachPipeline(t *testing.T) {
	got := shell.Parse("  net stop http /y && netstat -aon | findstr :80  ")
	if len(got) != 2 || got[0].Text != "net stop http /y" || got[1].Text != "netstat -aon | findstr :80" {
		t.Errorf("%+v", got)
	}
}

func TestQuestionsToACommand(t *testing.T) {
	c := shell.Parse("netsh http add iplisten ipaddress=10.0.0.1 10.0.0.2")[0].Commands[0]
	if v, ok := c.Pair("address", "ipaddress"); v != "10.0.0.1" || !ok {
		t.Errorf("pair %q %v", v, ok)
	}
	if _, ok := c.Pair("url"); ok {
		t.Error("a pair that is not there")
	}
	if d := cmp.Diff([]string{"10.0.0.2"}, c.Operands(3)); d != "" {
		t.Error(d)
	}
	k := shell.Parse("taskkill /F /PID 4")[0].Commands[0]
	if !k.Has("f") || k.Has("t") || k.Option("pid") != "4" || k.Option("im") != "" {
		t.Errorf("%+v", k)
	}
}

// Whatever stands in a line, reading it ends, and every text it tells of stands there.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`net stop http /y`, `for /f "tokens=5" %a in ('netstat -aon ^| findstr :80') do taskkill /F /PID %a`, "kill -9 `lsof -t`", `cmd /c "cmd /c 'x`,
		`sudo sudo sudo sudo sudo x`, `"\"\"`, `a <b> >c`, `{({({(`, `'`, `%`, "“–”", `1>`, `xargs`, `runas`, `start ""`, `;;&&||`, `\`, `^`, "\xff`",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range shell.Parse(s) {
			if p.Text == "" || !strings.Contains(shell.Plain(s), p.Text) {
				t.Fatalf("%q is not in %q", p.Text, s)
			}
			for _, c := range p.Commands {
				if len(c.Words)+len(c.Options) > 2000 {
					t.Fatalf("%d words", len(c.Words))
				}
			}
		}
	})
}
