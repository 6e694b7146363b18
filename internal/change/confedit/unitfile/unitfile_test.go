package unitfile_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
	"github.com/berthd/berth/internal/change/confedit/unitfile"
)

const unit = "/lib/systemd/system/ssh.socket"

const shipped = "[Unit]\nDescription=OpenBSD Secure Shell server socket\nBefore=ssh.service\n\n[Socket]\nListenStream=22\nAccept=no\n"

func said(t confedit.Tree) []string {
	out := []string{}
	for _, p := range t.Places {
		out = append(out, fmt.Sprintf("%s:%d %s %s:%d", p.File, p.Line, p.Of, p.Addr, p.Port))
	}
	for _, n := range t.Notes {
		out = append(out, fmt.Sprintf("note %d %s", n.Line, n.Text))
	}
	return out
}

func read(t *testing.T, files piece.Memory, name string) confedit.Tree {
	t.Helper()
	tree, err := unitfile.Read(files, name, unitfile.SearchPath())
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, config string
		want         []string
	}{
		{"port", "[Socket]\nListenStream=22\n", []string{unit + ":2 ListenStream :22"}},
		{"in another section", "[Service]\nListenStream=22\n", []string{}},
		{"address", "[Socket]\nListenStream = 0.0.0.0:22 \r\nListenStream=[::1]:23\n", []string{unit + ":2 ListenStream 0.0.0.0:22", unit + ":3 ListenStream ::1:23"}},
		{"no ports", "[Socket]\nListenStream=/run/x\nListenStream=@x\nListenStream=vsock::22\nListenFIFO=/run/22\n", []string{}},
		{"reset", "[Socket]\nListenStream=22\nListenDatagram=53\nListenStream=\nListenStream=23\n", []string{unit + ":5 ListenStream :23"}},
		{"reset by another", "[Socket]\nListenStream=22\nListenFIFO=\nListenDatagram=53\n", []string{unit + ":4 ListenDatagram :53"}},
		{"comment", "[Socket]\n;ListenStream=22\n# ListenStream=23\n", []string{}},
		{"joined", "[Socket]\nX=a \\\n# b\nListenStream=22\nListenStream=\\\n  23\n", []string{unit + ":5 ListenStream :23"}},
		{"joined to the end", "[Socket]\nListenStream=22\nListenStream=\\", []string{}},
		{"joined, windows lines", "[Socket]\r\nX=a\\\r\nListenStream=22\r\n", []string{}},
		{"not joined", "[Socket]\nX=a\\\\\nListenStream=22\nX=a\\ \nListenStream=23\n", []string{unit + ":3 ListenStream :22", unit + ":5 ListenStream :23"}},
		{"specifier", "[Socket]\nListenStream=%i:80\n", []string{"note 2 ListenStream=%i:80 depends on the unit's name"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, said(read(t, piece.Memory{unit: test.config}, unit))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDropIns(t *testing.T) {
	files := piece.Memory{
		unit: shipped,
		"/etc/systemd/system/ssh.socket.d/a.conf":    "[Socket]\nListenStream=2222\n",
		"/run/systemd/system/ssh.socket.d/a.conf":    "[Socket]\nListenStream=1\n",
		"/usr/lib/systemd/system/socket.d/b.conf":    "[Socket]\nListenStream=3\n",
		"/usr/lib/systemd/system/ssh.socket.d/b.txt": "[Socket]\nListenStream=2\n",
	}
	want := []string{
		unit + ":6 ListenStream :22",
		"/etc/systemd/system/ssh.socket.d/a.conf:2 ListenStream :2222",
		"/usr/lib/systemd/system/socket.d/b.conf:2 ListenStream :3",
	}
	if d := cmp.Diff(want, said(read(t, files, "ssh.socket"))); d != "" {
		t.Error(d)
	}
	// The administrator's unit wins over the package's.
	files["/etc/systemd/system/ssh.socket"] = "[Socket]\nListenStream=4\n"
	if got := said(read(t, files, "ssh.socket"))[0]; got != "/etc/systemd/system/ssh.socket:2 ListenStream :4" {
		t.Error(got)
	}
	if _, err := unitfile.Read(files, "http.socket", unitfile.SearchPath()); err == nil {
		t.Error("a unit that is not there is read")
	}
}

func TestDropInsOfTemplates(t *testing.T) {
	files := piece.Memory{
		"/lib/systemd/system/web-app@.socket":            "[Socket]\nListenStream=1\n",
		"/etc/systemd/system/web-app@a.socket.d/1.conf":  "[Socket]\nListenStream=2\n",
		"/etc/systemd/system/web-app@.socket.d/2.conf":   "[Socket]\nListenStream=3\n",
		"/etc/systemd/system/web-.socket.d/3.conf":       "[Socket]\nListenStream=4\n",
		"/etc/systemd/system/web-other.socket.d/no.conf": "[Socket]\nListenStream=5\n",
	}
	if got := len(read(t, files, "web-app@a.socket").Places); got != 4 {
		t.Errorf("%d places", got)
	}
	if got := len(read(t, files, "web-app@b.socket").Places); got != 3 {
		t.Errorf("%d places of another instance", got)
	}
}

func TestMove(t *testing.T) {
	ssh := confedit.Endpoint{Port: 22}
	for _, test := range []struct {
		name, config, want, dropIn string
		to                         confedit.Endpoint
	}{
		{"port", shipped, "[Unit]\nDescription=OpenBSD Secure Shell server socket\nBefore=ssh.service\n\n[Socket]\nListenStream=8022\nAccept=no\n", "[Socket]\nListenStream=\nListenStream=8022\n", confedit.Endpoint{Port: 8022}},
		{"address kept", "[Socket]\nListenStream= 0.0.0.0:22 \n", "[Socket]\nListenStream= 0.0.0.0:8022 \n", "[Socket]\nListenStream=\nListenStream=0.0.0.0:8022\n", confedit.Endpoint{Port: 8022}},
		{"another address", "[Socket]\nListenStream=22\n", "[Socket]\nListenStream=[::1]:22\n", "[Socket]\nListenStream=\nListenStream=[::1]:22\n", confedit.Endpoint{Addr: "::1", Port: 22}},
		{"others kept", "[Socket]\nListenFIFO=/run/f\nListenStream=22\nListenDatagram=22\nListenStream=80\n", "[Socket]\nListenFIFO=/run/f\nListenStream=8022\nListenDatagram=22\nListenStream=80\n", "[Socket]\nListenStream=\nListenFIFO=/run/f\nListenStream=8022\nListenDatagram=22\nListenStream=80\n", confedit.Endpoint{Port: 8022}},
		{"joined", "[Socket]\nListenStream=\\\n22\n", "", "[Socket]\nListenStream=\nListenStream=8022\n", confedit.Endpoint{Port: 8022}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree := read(t, piece.Memory{unit: test.config}, unit)
			dropIn, err := unitfile.MoveDropIn(tree, unitfile.Stream, ssh, test.to)
			if err != nil || dropIn != test.dropIn {
				t.Errorf("%q, %v", dropIn, err)
			}
			edits, err := unitfile.Move(tree, ssh, test.to)
			if (err != nil) != (test.want == "") {
				t.Fatal(err)
			}
			got, err := confedit.Apply(tree.Files[0], edits)
			if err != nil || test.want != "" && string(got) != test.want {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	two := read(t, piece.Memory{unit: "[Socket]\nListenStream=127.0.0.1:22\nListenStream=[::1]:22\n"}, unit)
	if _, err := unitfile.Move(two, ssh, confedit.Endpoint{Addr: "10.0.0.1", Port: 22}); !errors.Is(err, piece.ErrSeveral) {
		t.Error(err)
	}
	tree := read(t, piece.Memory{unit: shipped}, unit)
	if _, err := unitfile.Move(tree, confedit.Endpoint{Port: 23}, ssh); !errors.Is(err, confedit.ErrNoPlace) {
		t.Error(err)
	}
	if _, err := unitfile.MoveDropIn(tree, unitfile.Datagram, ssh, ssh); !errors.Is(err, confedit.ErrNoPlace) {
		t.Error(err)
	}
}

// The drop-in does what it is for when it is read with the unit.
func TestDropInMoves(t *testing.T) {
	files := piece.Memory{unit: shipped, "/etc/systemd/system/ssh.socket.d/override.conf": "[Socket]\nListenStream=2222\n"}
	text, err := unitfile.MoveDropIn(read(t, files, "ssh.socket"), unitfile.Stream, confedit.Endpoint{Port: 22}, confedit.Endpoint{Port: 8022})
	if err != nil {
		t.Fatal(err)
	}
	name := unitfile.DropInPath("ssh.socket", unitfile.DropInName)
	files[name] = text
	if d := cmp.Diff([]string{name + ":3 ListenStream :8022", name + ":4 ListenStream :2222"}, said(read(t, files, "ssh.socket"))); d != "" {
		t.Error(d)
	}
}

func TestOrder(t *testing.T) {
	files := piece.Memory{"/lib/systemd/system/nginx.service": "[Unit]\nAfter=network-online.target \\\n remote-fs.target\n[Service]\nAfter=x\n"}
	files[unitfile.DropInPath("nginx.service", unitfile.DropInName)] = unitfile.OrderDropIn("apache2.service")
	after, before := unitfile.Orders(read(t, files, "nginx.service"))
	if d := cmp.Diff([]string{"apache2.service", "network-online.target", "remote-fs.target"}, after); d != "" || len(before) > 0 {
		t.Error(d, before)
	}
}

// FuzzRead reads anything as a socket unit and prints it again; the drop-in for what
// it listens on is a unit file that says so.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{shipped, "[Socket]\nListenStream=\\\n # x\n 0.0.0.0:22\nListenStream=", "[Socket]\r\nListenStream=[::1]:22\r\n", "[Socket\nListenStream=22 \\"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := unitfile.RoundTrip(data)
		if err != nil || string(got) != string(data) {
			t.Fatalf("%q became %q, %v", data, got, err)
		}
		files := piece.Memory{unit: string(data)}
		tree := read(t, files, unit)
		text, err := unitfile.MoveDropIn(tree, unitfile.Stream, confedit.Endpoint{Port: 22}, confedit.Endpoint{Port: 8022})
		if err != nil {
			return
		}
		files[unitfile.DropInPath("ssh.socket", unitfile.DropInName)] = text
		tree = read(t, files, unit)
		for _, p := range tree.On(confedit.Endpoint{Port: 22}) {
			if p.Of == unitfile.Stream {
				t.Fatalf("%q with %q still takes 22", data, text)
			}
		}
		if len(tree.On(confedit.Endpoint{Port: 8022})) == 0 {
			t.Fatalf("%q with %q does not take 8022", data, text)
		}
	})
}
