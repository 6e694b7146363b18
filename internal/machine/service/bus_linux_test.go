package service

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// fakeManager answers on a unix socket as a bus daemon with systemd behind it
// does. What it says of units is in answers, by "UNIT PROPERTY" or by member.
type fakeManager struct {
	answers map[string]any
	greet   string // instead of OK
	raw     []byte // instead of any reply
	mute    bool
}

func (m fakeManager) listen(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go m.serve(conn)
		}
	}()
	return path
}

func (m fakeManager) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, want := range []string{"\x00AUTH EXTERNAL ", "BEGIN\r\n"} {
		if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, want) {
			return
		}
	}
	if m.mute {
		_, _ = io.Copy(io.Discard, in)
		return
	}
	if m.greet == "" {
		m.greet = "OK 0123456789abcdef0123456789abcdef\r\n"
	}
	_, _ = conn.Write([]byte(m.greet))
	b := bus{in: in}
	for {
		frame, err := b.frame()
		if err != nil {
			return
		}
		call, err := dbus.DecodeMessage(bytes.NewReader(frame))
		if err != nil {
			return
		}
		if m.raw != nil {
			_, _ = conn.Write(m.raw)
			continue
		}
		_, _ = conn.Write(m.reply(call))
	}
}

func (m fakeManager) reply(c *dbus.Message) []byte {
	member := c.Headers[dbus.FieldMember].Value().(string)
	path := string(c.Headers[dbus.FieldPath].Value().(dbus.ObjectPath))
	r := dbus.Message{Type: dbus.TypeMethodReply, Headers: map[dbus.HeaderField]dbus.Variant{dbus.FieldReplySerial: dbus.MakeVariant(c.Serial())}}
	var answer any
	switch member {
	case "Hello":
		answer = ":1.7"
	case "Get", "GetAll":
		answer = m.answers[path[strings.LastIndexByte(path, '/')+1:]+" "+c.Body[len(c.Body)-1].(string)]
		if v, ok := answer.(dbus.Variant); !ok && answer != nil && member == "Get" {
			answer = dbus.MakeVariant(answer)
		} else if ok {
			answer = v
		}
	default:
		answer = m.answers[member]
	}
	if answer == nil {
		r.Type = dbus.TypeError
		r.Headers[dbus.FieldErrorName] = dbus.MakeVariant("org.freedesktop.DBus.Error.UnknownProperty")
		answer = "no " + member
	}
	r.Body = []any{answer}
	r.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(answer))
	var out bytes.Buffer
	if err := r.EncodeTo(&out, binary.LittleEndian); err != nil {
		panic(err)
	}
	binary.LittleEndian.PutUint32(out.Bytes()[8:], 1)
	return out.Bytes()
}

// listed is one row of ListUnitsByPatterns.
type listedUnit struct {
	Name, Description, Load, Active, Sub, Following string
	Path                                            dbus.ObjectPath
	Job                                             uint32
	JobType                                         string
	JobPath                                         dbus.ObjectPath
}

func hostWith(t testing.TB, bus string) host {
	t.Helper()
	dir := t.TempDir()
	return host{booted: dir, bus: bus, private: filepath.Join(dir, "none"), runtime: dir, root: dir, uid: 1000}
}

func nginxQuery() Query {
	p := proc(412, 1, "/usr/sbin/nginx")
	p.Linux.Cgroup = "/system.slice/nginx.service"
	return Query{Processes: []fact.Process{p}, Timeout: 20 * time.Second}
}

func unitAnswers() map[string]any {
	return map[string]any{
		"nginx_2eservice org.freedesktop.systemd1.Unit": map[string]dbus.Variant{
			"Description": dbus.MakeVariant("web"), "ActiveState": dbus.MakeVariant("active"),
			"StateChangeTimestamp": dbus.MakeVariant(uint64(1_700_000_000_000_000)), "Id": dbus.MakeVariant(7)},
		"nginx_2eservice MainPID": uint32(412),
		"nginx_2eservice Restart": "always",
	}
}

func TestReadAsksTheManager(t *testing.T) {
	s := hostWith(t, fakeManager{answers: unitAnswers()}.listen(t)).read(context.Background(), nginxQuery())
	want := []fact.Unit{{ID: "unit:nginx.service", Manager: Systemd, Name: "nginx.service", Type: "service", Description: "web", Active: "active",
		MainPID: 412, Restart: "always", Cgroup: "/system.slice/nginx.service", Changed: time.Unix(1_700_000_000, 0).UTC(), Evidence: byBus}}
	if d := cmp.Diff(want, s.Units); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	links := []fact.Link{{From: "proc:412", To: "unit:nginx.service", Kind: fact.PartOf, Evidence: byCgroup},
		{From: "proc:412", To: "unit:nginx.service", Kind: fact.MainOf, Evidence: byBus}}
	if d := cmp.Diff(links, s.Links); d != "" {
		t.Errorf("links (-want +got)\n%s", d)
	}
	if len(s.Gaps) > 0 {
		t.Errorf("gaps %+v", s.Gaps)
	}
}

func TestReadKeepsTheUnitWhenTheManagerFails(t *testing.T) {
	huge := make([]byte, 16)
	huge[0] = 'l'
	binary.LittleEndian.PutUint32(huge[4:], 1<<31)
	for name, tc := range map[string]struct {
		m   fakeManager
		err string
	}{
		"refuses us":     {fakeManager{greet: "REJECTED EXTERNAL\r\n"}, "refused the handshake"},
		"answers rubish": {fakeManager{raw: bytes.Repeat([]byte("x"), 64)}, ""},
		"a huge message": {fakeManager{raw: huge}, "impossible size"},
		"never answers":  {fakeManager{mute: true}, "timeout"},
		"no such unit":   {fakeManager{answers: map[string]any{}}, "UnknownProperty"},
	} {
		t.Run(name, func(t *testing.T) {
			q := nginxQuery()
			if tc.m.mute {
				q.Timeout = 20 * time.Millisecond
			}
			s := hostWith(t, tc.m.listen(t)).read(context.Background(), q)
			if len(s.Units) != 1 || s.Units[0].Evidence != byCgroup || s.Units[0].Name != "nginx.service" {
				t.Errorf("units %+v", s.Units)
			}
			if len(s.Gaps) != 1 || s.Gaps[0].Kind != fact.GapNoBus || !strings.Contains(s.Gaps[0].Err, tc.err) {
				t.Errorf("gaps %+v, want %q", s.Gaps, tc.err)
			}
		})
	}
}

func TestReadAsksOnlyAboutHolders(t *testing.T) {
	answers := unitAnswers()
	h := hostWith(t, fakeManager{answers: answers}.listen(t))
	q := nginxQuery()
	up := proc(77, 1, "/usr/sbin/sshd")
	up.Linux.Cgroup = "/system.slice/ssh.service" // no answer is ready for it
	q.Processes[0].PPID = 77
	q.Processes = append(q.Processes, up)
	s := h.read(context.Background(), q)
	if len(s.Units) != 2 || s.Units[0].Evidence != byBus || s.Units[1].Evidence != byCgroup || len(s.Gaps) > 0 {
		t.Errorf("units %+v, gaps %+v", s.Units, s.Gaps)
	}
	// The twin: sshd is no ancestor but a holder too.
	q.Processes[0].PPID = 1
	if s := h.read(context.Background(), q); len(s.Gaps) != 1 || s.Gaps[0].Subject != "ssh.service" {
		t.Errorf("gaps %+v", s.Gaps)
	}
}

func TestRefused(t *testing.T) {
	for name, want := range map[string]fact.GapKind{
		"org.freedesktop.DBus.Error.UnknownObject": fact.GapVanished,
		"org.freedesktop.systemd1.NoSuchUnit":      fact.GapVanished,
		"org.freedesktop.DBus.Error.AccessDenied":  fact.GapNoBus,
	} {
		if got := refused(refusal{name: name}); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	path := fakeManager{mute: true}.listen(t)
	time.AfterFunc(10*time.Millisecond, cancel)
	q := nginxQuery()
	q.Timeout = time.Hour
	if s := hostWith(t, path).read(ctx, q); len(s.Gaps) != 1 || s.Gaps[0].Kind != fact.GapNoBus {
		t.Errorf("gaps %+v", s.Gaps)
	}
}

func TestReadWithoutSystemd(t *testing.T) {
	h := hostWith(t, "/nonexistent")
	h.booted = "/nonexistent"
	if s := h.read(context.Background(), Query{Processes: []fact.Process{proc(412, 1, "/usr/sbin/nginx")}, Failed: true}); len(s.Units)+len(s.Gaps) > 0 {
		t.Errorf("a machine without systemd has units %+v, gaps %+v", s.Units, s.Gaps)
	}
	// The twin: a unit by its path, and nobody to ask.
	s := h.read(context.Background(), nginxQuery())
	if len(s.Units) != 1 || len(s.Gaps) != 1 || s.Gaps[0].Kind != fact.GapNoBus {
		t.Errorf("units %+v, gaps %+v", s.Units, s.Gaps)
	}
}

func listener(local, cgroup string) fact.Socket {
	at := netip.MustParseAddrPort(local)
	return fact.Socket{ID: fact.SocketID(fact.TCP, at, netip.AddrPort{}, 7), Proto: fact.TCP, Local: at, State: fact.Listen,
		Linux: &fact.LinuxSocket{Inode: 7, Cgroup: cgroup}}
}

func socketAnswers() map[string]any {
	type pair struct{ Kind, Address string }
	return map[string]any{
		"ListUnitsByPatterns": []listedUnit{
			{Name: "web.socket", Path: "/a", JobPath: "/"}, {Name: "log.socket", Path: "/a", JobPath: "/"}, {Name: "../evil", Path: "/a", JobPath: "/"}},
		"log_2esocket Listen":                          []pair{{"Stream", "/run/log"}, {"Stream", "[::]:8080"}},
		"web_2esocket Listen":                          []pair{{"Datagram", "[::]:80"}, {"Stream", "[::]:80"}},
		"web_2esocket Accept":                          true,
		"web_2esocket org.freedesktop.systemd1.Unit":   map[string]dbus.Variant{"Triggers": dbus.MakeVariant([]string{"web.service"})},
		"web_2eservice org.freedesktop.systemd1.Unit":  map[string]dbus.Variant{"ActiveState": dbus.MakeVariant("inactive")},
		"web_2eservice Restart":                        "no",
		"init_2escope org.freedesktop.systemd1.Unit":   map[string]dbus.Variant{},
		"other_2esocket org.freedesktop.systemd1.Unit": map[string]dbus.Variant{"Triggers": dbus.MakeVariant([]string{"web.service"})},
	}
}

func TestReadFindsTheSocketUnit(t *testing.T) {
	for name, tc := range map[string]struct {
		socket fact.Socket
		want   string
	}{
		"made by PID 1":               {listener("[::]:80", "/init.scope"), "web.socket"},
		"made before there was a way": {listener("[::]:80", "/"), "web.socket"},
		"cgroup not resolved":         {listener("[::]:80", ""), "web.socket"},
		"a kernel without IPv6":       {listener("0.0.0.0:80", "/init.scope"), "web.socket"},
		"by the socket's own cgroup":  {listener("127.0.0.1:99", "/system.slice/other.socket"), "other.socket"},
		"another address":             {listener("127.0.0.1:80", "/init.scope"), ""},
		"another port":                {listener("[::]:81", "/init.scope"), ""},
		"made by a service":           {listener("[::]:80", "/system.slice/nginx.service"), ""},
		"made in a container":         {listener("[::]:80", "/docker/"+hex64), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := hostWith(t, fakeManager{answers: socketAnswers()}.listen(t)).read(context.Background(), Query{Sockets: []fact.Socket{tc.socket}, Timeout: 20 * time.Second})
			got, triggers := "", ""
			for _, l := range s.Links {
				switch l.Kind {
				case fact.ListensFor:
					got += strings.TrimPrefix(string(l.To), "unit:")
				case fact.Triggers:
					triggers += string(l.From + ">" + l.To)
				}
			}
			if got != tc.want {
				t.Errorf("listens for %q, want %q", got, tc.want)
			}
			if want := "unit:" + tc.want + ">unit:web.service"; tc.want != "" && triggers != want {
				t.Errorf("triggers %q, want %q", triggers, want)
			}
			if has := len(s.Units) > 0 && s.Units[len(s.Units)-1].Name == "web.service"; has != (tc.want != "") {
				t.Errorf("web.service there: %v in %+v", has, s.Units)
			}
		})
	}
}

func TestReadOtherUsersManagers(t *testing.T) {
	p := proc(412, 1, "/usr/bin/node")
	p.Linux.Cgroup = "/user.slice/user-1001.slice/user@1001.service/app.slice/web.service"
	s := hostWith(t, fakeManager{answers: unitAnswers()}.listen(t)).read(context.Background(), Query{Processes: []fact.Process{p}})
	if len(s.Units) != 1 || s.Units[0].ID != "unit:systemd --user/1001/web.service" || s.Units[0].UserUID != "1001" || s.Units[0].Evidence != byCgroup {
		t.Errorf("units %+v", s.Units)
	}
	if len(s.Gaps) != 1 || s.Gaps[0].Kind != fact.GapNoBus || s.Gaps[0].Subject != "systemd --user of uid 1001" {
		t.Errorf("gaps %+v", s.Gaps)
	}
}

func TestReadOwnUsersManager(t *testing.T) {
	h := hostWith(t, "/nonexistent")
	path := fakeManager{answers: map[string]any{
		"web_2eservice org.freedesktop.systemd1.Unit": map[string]dbus.Variant{"ActiveState": dbus.MakeVariant("active")},
	}}.listen(t)
	if err := os.Mkdir(h.runtime+"/1000", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, h.runtime+"/1000/bus"); err != nil {
		t.Fatal(err)
	}
	p := proc(412, 1, "/usr/bin/node")
	p.Linux.Cgroup = "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service"
	s := h.read(context.Background(), Query{Processes: []fact.Process{p}})
	if len(s.Units) != 1 || s.Units[0].Manager != SystemdUser || s.Units[0].Active != "active" || len(s.Gaps) > 0 {
		t.Errorf("units %+v, gaps %+v", s.Units, s.Gaps)
	}
}

func TestReadFailedOfAUserWithoutManager(t *testing.T) {
	m := fakeManager{answers: map[string]any{"ListUnitsByPatterns": []listedUnit{}}}
	h := hostWith(t, m.listen(t))
	if s := h.read(context.Background(), Query{Failed: true}); len(s.Units)+len(s.Gaps) > 0 {
		t.Errorf("units %+v, gaps %+v", s.Units, s.Gaps)
	}
	// The twin: there is one, and it does not answer.
	if err := os.MkdirAll(h.runtime+"/1000", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.runtime+"/1000/bus", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := h.read(context.Background(), Query{Failed: true}); len(s.Gaps) != 1 || s.Gaps[0].Subject != SystemdUser {
		t.Errorf("gaps %+v", s.Gaps)
	}
}

func TestUnitPath(t *testing.T) {
	for in, want := range map[string]string{
		"nginx.service": "nginx_2eservice", "0a.service": "_30a_2eservice", `a\x2db@1.service`: "a_5cx2db_401_2eservice",
	} {
		if got := strings.TrimPrefix(unitPath(in), "/org/freedesktop/systemd1/unit/"); got != want {
			t.Errorf("unitPath(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzReceive feeds what a server may say after the handshake.
func FuzzReceive(f *testing.F) {
	m := fakeManager{answers: socketAnswers()}
	for _, member := range []string{"Hello", "ListUnitsByPatterns", "Nothing"} {
		c := dbus.Message{Type: dbus.TypeMethodCall, Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldPath: dbus.MakeVariant(dbus.ObjectPath("/")), dbus.FieldMember: dbus.MakeVariant(member)}}
		f.Add(m.reply(&c))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := bus{in: bufio.NewReader(bytes.NewReader(data))}
		for {
			_, msg, err := b.receive()
			if err != nil {
				return
			}
			c := call{}
			c.settle(msg)
			unitNames(&c)
			setAll(&fact.Unit{}, "Listen", c.reply)
		}
	})
}

func BenchmarkReadWithoutSystemd(b *testing.B) {
	h := hostWith(b, "/nonexistent")
	h.booted = "/nonexistent"
	q := nginxQuery()
	for b.Loop() {
		h.read(context.Background(), q)
	}
}
