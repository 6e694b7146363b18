package planning_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
)

func program(name, exe string) func(*fact.Set) {
	return func(s *fact.Set) { s.Processes[0].Name, s.Processes[0].Exe = name, exe }
}

func listens(kind, addr, local string) fact.ListenOn {
	return fact.ListenOn{Kind: kind, Address: addr, Local: netip.MustParseAddrPort(local)}
}

// A server's configuration is asked for, and the edit is then put between the two
// reloads and behind the check.
func TestMoveServer(t *testing.T) {
	set := held(unit(nginx), program("nginx", "/usr/sbin/nginx"))
	p, ref := asked(t, set, "move", planning.Wish{})
	if got := steps(p, ref); got != "needs holder's nginx nginx.service" {
		t.Fatal(got)
	}
	if n := ref.Need; n.From.Port != 80 || n.To.Port != 8080 || n.Exe != "/usr/sbin/nginx" {
		t.Errorf("%+v", n)
	}
	conf := planning.Config{Whose: planning.Holder, Server: "nginx", Program: "/usr/sbin/nginx", Path: "/etc/nginx/nginx.conf",
		Files: []planning.FileChange{{Path: "/etc/nginx/a", Before: []byte("listen 80;"), After: []byte("listen 8080;")}}}
	p, ref = asked(t, set, "move", planning.Wish{Configs: []planning.Config{conf}})
	want := "on do config-test nginx valid=yes\non undo reload nginx.service\nfile /etc/nginx/a\non do config-test nginx valid=yes\non do reload nginx.service"
	if diff := cmp.Diff(want, steps(p, ref)); diff != "" {
		t.Fatal(diff)
	}
	if f := p.Steps[2]; f.Before["content"] != "listen 80;" || f.After["content"] != "listen 8080;" || f.Class != plan.Reversible {
		t.Errorf("%+v", f)
	}
	if c := p.Cost; c.Class != plan.Reversible || c.Downtime != "moment" || len(c.Stops) > 0 || !c.Survives || c.Risk != "low" {
		t.Errorf("%+v", c)
	}
	if len(p.Warnings) != 1 || p.Warnings[0].ID != "clients-follow" || p.Warnings[0].Args["to"] != "8080" {
		t.Errorf("%+v", p.Warnings)
	}
	conf.Files = nil
	if p, ref = asked(t, set, "move", planning.Wish{Configs: []planning.Config{conf}}); steps(p, ref) != "refused: no-place" {
		t.Error(steps(p, ref))
	}
	conf.Whose = planning.New
	if p, ref = asked(t, set, "move", planning.Wish{Configs: []planning.Config{conf}}); ref == nil || ref.Need == nil {
		t.Error("the newcomer's configuration is not the holder's")
	}
	other := nginx
	other.Name = "app.service"
	if p, ref = asked(t, held(unit(other)), "move:app.service", planning.Wish{}); steps(p, ref) != "refused: server-unknown" {
		t.Error(steps(p, ref))
	}
	if p, ref = asked(t, held(), "move:pid-10", planning.Wish{}); steps(p, ref) != "refused: started-by-hand" {
		t.Error(steps(p, ref))
	}
}

// A Windows service is stopped and started around the edit; undoing goes backwards.
func TestMoveWindowsService(t *testing.T) {
	auto := uint32(2)
	set := held(unit(fact.Unit{Manager: "scm", Name: "Apache2.4", Active: "running", Windows: &fact.WindowsService{Start: &auto}}), program("httpd.exe", `C:\Apache24\bin\httpd.exe`),
		func(s *fact.Set) { s.Machine.OS = "windows" })
	conf := planning.Config{Whose: planning.Holder, Server: "apache", Files: []planning.FileChange{{Path: `C:\httpd.conf`}}}
	p, ref := asked(t, set, "move", planning.Wish{Configs: []planning.Config{conf}})
	want := `on undo service Apache2.4 state=running
on undo service Apache2.4 state=stopped
file C:\httpd.conf
on do service Apache2.4 state=stopped
on do service Apache2.4 state=running`
	if diff := cmp.Diff(want, steps(p, ref)); diff != "" {
		t.Error(diff)
	}
	if len(p.Cost.Stops) > 0 || p.Cost.Downtime != "moment" {
		t.Errorf("%+v", p.Cost)
	}
}

func TestNewPort(t *testing.T) {
	taken := func(s *fact.Set) {
		s.Sockets = append(s.Sockets, fact.Socket{ID: "sock:2", Proto: fact.TCP, State: fact.Listen, Local: netip.MustParseAddrPort("0.0.0.0:8080"), Linux: &fact.LinuxSocket{Inode: 2}})
	}
	for _, c := range []struct {
		name string
		set  *fact.Set
		wish planning.Wish
		want uint16
		ref  string
	}{
		{"the usual one", held(), planning.Wish{}, 8080, ""},
		{"it is taken", held(taken), planning.Wish{}, 8081, ""},
		{"it is promised", held(), planning.Wish{Promised: []uint16{8080}}, 8081, ""},
		{"chosen", held(), planning.Wish{Port: 9000}, 9000, ""},
		{"chosen and taken", held(taken), planning.Wish{Port: 8080}, 0, "port-not-free"},
		{"chosen and promised", held(), planning.Wish{Port: 9000, Promised: []uint16{9000}}, 0, "port-not-free"},
		{"chosen and unwise", held(), planning.Wish{Port: 40000}, 40000, ""},
	} {
		p, ref := asked(t, c.set, "port", c.wish)
		if c.ref != "" {
			if ref == nil || ref.Reason.ID != c.ref {
				t.Errorf("%s: %+v", c.name, ref)
			}
			continue
		}
		if ref != nil || len(p.Steps) > 0 || p.Goal.Binds[0].Port != c.want || p.Cost.Privilege != "none" || p.Cost.Risk != "none" {
			t.Errorf("%s: %+v %+v", c.name, p, ref)
		}
		unwise := p.Warnings[0].ID == "port-unwise"
		if unwise != (c.name == "chosen and unwise") {
			t.Errorf("%s: %v", c.name, p.Warnings)
		}
	}
}

// The newcomer's own configuration is edited, and it is started on the new port.
func TestPortForNewcomer(t *testing.T) {
	apache := other(fact.Unit{Name: "apache2.service", Type: "service", Active: "failed", FileState: "enabled"})
	n, _ := planning.ParseNewcomer("apache")
	p, ref := asked(t, held(unit(nginx), apache), "port", planning.Wish{Newcomer: n})
	if got := steps(p, ref); got != "needs newcomer's apache apache2.service" {
		t.Fatal(got)
	}
	conf := planning.Config{Whose: planning.New, Server: "apache", Files: []planning.FileChange{{Path: "/etc/apache2/ports.conf"}}}
	p, ref = asked(t, held(unit(nginx), apache), "port", planning.Wish{Newcomer: n, Configs: []planning.Config{conf}})
	want := "file /etc/apache2/ports.conf\non undo unit apache2.service active=inactive\non do unit apache2.service active=active"
	if diff := cmp.Diff(want, steps(p, ref)); diff != "" || p.Goal.Owner != "unit:apache2.service" || p.Goal.Binds[0].Port != 8080 {
		t.Errorf("%s %+v", diff, p.Goal)
	}
	file, _ := planning.ParseNewcomer("/opt/lampp/etc/httpd.conf")
	if _, ref = asked(t, held(unit(nginx)), "port", planning.Wish{Newcomer: file}); ref == nil || ref.Need == nil || ref.Need.Path != file.Name || ref.Need.Server != "apache" {
		t.Errorf("%+v", ref)
	}
}

// A socket unit is moved by a drop-in, and only its lines for the port change.
func TestMoveSocketUnit(t *testing.T) {
	ssh := fact.Unit{Name: "ssh.service", Type: "service", Active: "active", FileState: "disabled", TriggeredBy: []string{"ssh.socket"}}
	sock := fact.Unit{Name: "ssh.socket", Type: "socket", Active: "active", FileState: "enabled", Triggers: []string{"ssh.service"},
		Listens: []fact.ListenOn{listens("Stream", "0.0.0.0:80", "0.0.0.0:80"), listens("Stream", "[::]:80", "[::]:80"), listens("Stream", "127.0.0.1:81", "127.0.0.1:81"), listens("Datagram", "80", "[::]:80")}}
	p, ref := asked(t, held(unit(ssh), other(sock), program("sshd", "/usr/sbin/sshd")), "move", planning.Wish{Port: 2222})
	want := `on undo unit ssh.service active=active
on undo unit ssh.socket active=active
on undo reload systemd
file /etc/systemd/system/ssh.socket.d/berth-port.conf exists=yes
on undo unit ssh.service active=inactive
on undo unit ssh.socket active=inactive
on do reload systemd
on do unit ssh.socket active=inactive
on do unit ssh.service active=inactive
on do unit ssh.socket active=active
on do unit ssh.service active=active`
	if diff := cmp.Diff(want, steps(p, ref)); diff != "" {
		t.Fatal(diff)
	}
	text := "# Written by berth.\n[Socket]\nListenStream=\nListenStream=0.0.0.0:2222\nListenStream=[::]:2222\nListenStream=127.0.0.1:81\n"
	if diff := cmp.Diff(text, p.Steps[3].After["content"]); diff != "" {
		t.Error(diff)
	}
	if p.Cost.CutsOff != "ssh" || p.Cost.Risk != "high" || p.Cost.Downtime != "moment" {
		t.Errorf("%+v", p.Cost)
	}
	ssh.Active = "inactive"
	if p, ref = asked(t, held(unit(ssh), other(sock), program("sshd", "/usr/sbin/sshd")), "move", planning.Wish{Port: 2222}); strings.Contains(steps(p, ref), "unit ssh.service active=active") {
		t.Error("it did not run, and is not started:", steps(p, ref))
	}
}

func TestBareSocketPortStaysBare(t *testing.T) {
	web := fact.Unit{Name: "web.service", Type: "service", TriggeredBy: []string{"web.socket"}}
	sock := fact.Unit{Name: "web.socket", Type: "socket", Active: "active", Triggers: []string{"web.service"}, Listens: []fact.ListenOn{listens("Stream", "80", "[::]:80")}}
	p, ref := asked(t, held(unit(web), other(sock)), "move:web.service", planning.Wish{})
	if ref != nil {
		t.Fatal(ref)
	}
	for _, s := range p.Steps {
		if s.Subject.Kind == plan.File && !strings.HasSuffix(s.After["content"], "ListenStream=\nListenStream=8080\n") {
			t.Errorf("%q", s.After["content"])
		}
	}
}

func wordpress(defines map[string]string) fact.DocRoot {
	return fact.DocRoot{Path: "/var/www", Config: "/var/www/wp-config.php", Defines: defines}
}

// A network breaks off 80 and 443, a single site has its address in its own data, and
// a root without WordPress is not spoken of.
func TestWordPress(t *testing.T) {
	conf := planning.Config{Whose: planning.Holder, Server: "apache", Files: []planning.FileChange{{Path: "/etc/apache2/ports.conf"}}}
	apache := fact.Unit{Name: "apache2.service", Type: "service", Active: "active"}
	for name, c := range map[string]struct {
		root fact.DocRoot
		port uint16
		want string
	}{
		"network":           {wordpress(map[string]string{"MULTISITE": "true", "DOMAIN_CURRENT_SITE": "example.org"}), 8080, "wordpress-network example.org "},
		"network to 443":    {wordpress(map[string]string{"MULTISITE": "true"}), 443, ""},
		"single":            {wordpress(map[string]string{"DB_HOST": "x"}), 8080, "wordpress-siteurl  "},
		"single, by config": {wordpress(map[string]string{"WP_SITEURL": "http://example.org/wp"}), 8080, "wordpress-siteurl http://example.org/wp http://example.org:8080/wp"},
		"closed":            {fact.DocRoot{Path: "/var/www", Config: "/var/www/wp-config.php", Err: "permission denied"}, 8080, "wordpress-unread  "},
		"none":              {fact.DocRoot{Path: "/var/www"}, 8080, ""},
	} {
		p, ref := asked(t, held(unit(apache), program("apache2", "/usr/sbin/apache2")), "move", planning.Wish{Port: c.port, Configs: []planning.Config{conf}, Roots: []fact.DocRoot{c.root}})
		if ref != nil {
			t.Fatal(name, ref)
		}
		got := ""
		for _, w := range p.Warnings {
			if strings.HasPrefix(w.ID, "wordpress") {
				got = w.ID + " " + w.Args["site"] + " " + w.Args["becomes"]
			}
		}
		if got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestAddress(t *testing.T) {
	addrs := func(s *fact.Set) {
		s.Machine.Addrs = []fact.Addr{{Prefix: netip.MustParsePrefix("127.0.0.1/8")}, {Prefix: netip.MustParsePrefix("192.0.2.7/24")}}
	}
	at := func(a string) func(*fact.Set) {
		return func(s *fact.Set) { s.Sockets[0].Local = netip.MustParseAddrPort(a) }
	}
	for _, c := range []struct{ holds, want string }{{"127.0.0.1:80", "192.0.2.7"}, {"192.0.2.7:80", "127.0.0.1"}} {
		p, ref := asked(t, held(addrs, at(c.holds)), "address", planning.Wish{})
		if ref != nil || len(p.Goal.Binds) != 1 || p.Goal.Binds[0].Addr != c.want {
			t.Errorf("%s: %+v %v", c.holds, p.Goal, ref)
		}
	}
	narrow := remedy.Remedy{Kind: catalog.Address, Target: "nginx.service", About: "unit:nginx.service"}
	p, ref := forced(held(addrs, unit(nginx), program("nginx", "/usr/sbin/nginx")), narrow, planning.Wish{})
	if steps(p, ref) != "needs holder's nginx nginx.service" || ref.Need.To.Addr != "127.0.0.1" || ref.Need.To.Port != 80 {
		t.Errorf("%+v", ref)
	}
	conf := planning.Config{Whose: planning.Holder, Server: "nginx", Files: []planning.FileChange{{Path: "/etc/nginx/a"}}}
	p, ref = forced(held(addrs, unit(nginx), program("nginx", "/usr/sbin/nginx")), narrow, planning.Wish{Configs: []planning.Config{conf}})
	want := `on undo unit nginx.service active=active
on undo unit nginx.service active=inactive
file /etc/nginx/a
on do unit nginx.service active=inactive
on do unit nginx.service active=active`
	if diff := cmp.Diff(want, steps(p, ref)); diff != "" || len(p.Cost.Stops) > 0 || p.Goal.Binds[0].Addr != "192.0.2.7" {
		t.Errorf("%s %+v", diff, p)
	}
	if p, ref = forced(held(unit(nginx), program("nginx", "/usr/sbin/nginx")), narrow, planning.Wish{}); steps(p, ref) != "refused: no-address-left" {
		t.Error(steps(p, ref))
	}
}

// A socket that starts one program for each connection has no service of its own: it is
// stopped once.
func TestMoveAcceptingSocket(t *testing.T) {
	sock := fact.Unit{Name: "echo.socket", Type: "socket", Active: "active", FileState: "enabled", Accept: true, Listens: []fact.ListenOn{listens("Stream", "80", "[::]:80")}}
	p, ref := asked(t, held(unit(sock), program("systemd", "/usr/lib/systemd/systemd")), "move:echo.socket", planning.Wish{})
	want := `on undo unit echo.socket active=active
on undo reload systemd
file /etc/systemd/system/echo.socket.d/berth-port.conf exists=yes
on undo unit echo.socket active=inactive
on do reload systemd
on do unit echo.socket active=inactive
on do unit echo.socket active=active`
	if diff := cmp.Diff(want, steps(p, ref)); diff != "" {
		t.Error(diff)
	}
}
