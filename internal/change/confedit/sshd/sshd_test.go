package sshd_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
	"github.com/berthd/berth/internal/change/confedit/sshd"
)

const main = "/etc/ssh/sshd_config"

// said is a tree in short: the places, then the notes.
func said(t confedit.Tree) []string {
	out := []string{}
	for _, p := range t.Places {
		s := fmt.Sprintf("%s:%d %s:%d", strings.TrimPrefix(p.File, "/etc/ssh/"), p.Line, p.Addr, p.Port)
		if p.Implied {
			s += " implied"
		}
		out = append(out, s)
	}
	for _, n := range t.Notes {
		out = append(out, fmt.Sprintf("note %d %s", n.Line, n.Text))
	}
	return out
}

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, config string
		want         []string
	}{
		{"one", "Port 2222\n", []string{"sshd_config:1 :2222"}},
		{"several", "Port 22\nport\t2222 # too\n", []string{"sshd_config:1 :22", "sshd_config:2 :2222"}},
		{"equals", "PORT=2222\nPort = 2223\n", []string{"sshd_config:1 :2222", "sshd_config:2 :2223"}},
		{"quoted", "Port \"2222\"\n", []string{"sshd_config:1 :2222"}},
		{"comment", "#Port 2222\n", []string{"sshd_config:2 :22 implied"}},
		{"none", "", []string{"sshd_config:1 :22 implied"}},
		{"none before a Match", "UsePAM yes\n  Match user x\nX11Forwarding no\n", []string{"sshd_config:2 :22 implied"}},
		{"address with a port", "ListenAddress 10.0.0.1:2222\n", []string{"sshd_config:1 10.0.0.1:2222"}},
		{"Port without effect", "Port 80\nListenAddress [::1]:2222\n", []string{"sshd_config:2 ::1:2222", "note 1 Port has no effect: every ListenAddress has a port of its own"}},
		{"address and Port", "ListenAddress 10.0.0.1\nListenAddress ::1\nPort 2222\n", []string{"sshd_config:3 10.0.0.1:2222", "sshd_config:3 ::1:2222"}},
		{"address alone", "ListenAddress 10.0.0.1 rdomain 4\n", []string{"sshd_config:2 10.0.0.1:22 implied"}},
		{"a Port in a Match", "Port 2222\nMatch all\nPort 80\n", []string{"sshd_config:1 :2222", "note 3 sshd refuses port in a Match block"}},
		{"a name", "Port ssh\nPort 2222\n", []string{"sshd_config:2 :2222", "note 1 port ssh is no number or address that can be read"}},
		{"windows lines", "Port 2222\r\nPort 23\r\n", []string{"sshd_config:1 :2222", "sshd_config:2 :23"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree, err := sshd.Read(piece.Memory{main: test.config}, main)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, said(tree)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestInclude(t *testing.T) {
	files := piece.Memory{
		main:                            "Include sshd_config.d/*.conf /etc/ssh/none\nPort 22\nMatch user x\n  Include late.conf\n",
		"/etc/ssh/sshd_config.d/a.conf": "Port 2222\nInclude /etc/ssh/sshd_config\n",
		"/etc/ssh/sshd_config.d/b.conf": "Match all\nX11Forwarding no\n",
		"/etc/ssh/sshd_config.d/c.txt":  "Port 80\n",
		"/etc/ssh/late.conf":            "Port 81\n",
	}
	tree, err := sshd.Read(files, main)
	if err != nil {
		t.Fatal(err)
	}
	// The Match of b.conf ends with that file: sshd_config's own Port counts.
	want := []string{"sshd_config.d/a.conf:1 :2222", "sshd_config:2 :22", "note 1 sshd refuses port in a Match block"}
	if d := cmp.Diff(want, said(tree)); d != "" {
		t.Error(d)
	}
	if _, err := sshd.Read(files, "/etc/ssh/nowhere"); err == nil {
		t.Error("a main file that is not there is read")
	}
}

func TestMove(t *testing.T) {
	all := confedit.Endpoint{Port: 22}
	for _, test := range []struct {
		name, config string
		from, to     confedit.Endpoint
		want         string // "" for an error
	}{
		{"port", "# x\nPort   22 # why\n", all, confedit.Endpoint{Port: 2222}, "# x\nPort   2222 # why\n"},
		{"one of two", "Port 22\nPort 23\n", all, confedit.Endpoint{Port: 2222}, "Port 2222\nPort 23\n"},
		{"implied", "UsePAM yes", all, confedit.Endpoint{Port: 2222}, "UsePAM yes\nPort 2222\n"},
		{"implied, before Match", "UsePAM yes\nMatch user x\n  X11Forwarding no\n", all, confedit.Endpoint{Port: 2222}, "UsePAM yes\nPort 2222\nMatch user x\n  X11Forwarding no\n"},
		{"implied, as shipped", "Include x\n\n#Port 22\n#AddressFamily any\n", all, confedit.Endpoint{Port: 2222}, "Include x\n\n#Port 22\nPort 2222\n#AddressFamily any\n"},
		{"implied, windows lines", "UsePAM yes\r\nMatch all\r\n", all, confedit.Endpoint{Port: 2222}, "UsePAM yes\r\nPort 2222\r\nMatch all\r\n"},
		{"address", "ListenAddress [::1]:22\nListenAddress 10.0.0.1:22\n", confedit.Endpoint{Addr: "::1", Port: 22}, confedit.Endpoint{Port: 2222}, "ListenAddress [::1]:2222\nListenAddress 10.0.0.1:22\n"},
		{"all addresses", "ListenAddress [::1]:22\nListenAddress 10.0.0.1:22\n", all, confedit.Endpoint{Port: 2222}, "ListenAddress [::1]:2222\nListenAddress 10.0.0.1:2222\n"},
		{"another address", "ListenAddress 10.0.0.1:22\n", all, confedit.Endpoint{Addr: "::1", Port: 22}, "ListenAddress [::1]:22\n"},
		{"Port of two addresses", "Port 22\nListenAddress ::1\nListenAddress 10.0.0.1\n", all, confedit.Endpoint{Port: 2222}, "Port 2222\nListenAddress ::1\nListenAddress 10.0.0.1\n"},
		{"one of two addresses", "Port 22\nPort 23\nListenAddress ::1\nListenAddress 10.0.0.1\n", confedit.Endpoint{Addr: "::1", Port: 22}, confedit.Endpoint{Port: 2222}, "Port 22\nPort 23\nListenAddress [::1]:2222\nListenAddress [::1]:23\nListenAddress 10.0.0.1\n"},
		{"narrowed", "Port 22\n", all, confedit.Endpoint{Addr: "127.0.0.1", Port: 22}, "ListenAddress 127.0.0.1:22\n"},
		{"narrowed, implied", "", all, confedit.Endpoint{Addr: "::1", Port: 22}, "ListenAddress [::1]:22\n"},
		{"narrowed with two ports", "Port 22\nPort 23\n", all, confedit.Endpoint{Addr: "127.0.0.1", Port: 22}, ""},
		{"two to one", "ListenAddress ::1:22\nListenAddress 10.0.0.1:22\n", all, confedit.Endpoint{Addr: "127.0.0.1", Port: 22}, ""},
		{"not there", "Port 23\n", all, confedit.Endpoint{Port: 2222}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree, err := sshd.Read(piece.Memory{main: test.config}, main)
			if err != nil {
				t.Fatal(err)
			}
			edits, err := sshd.Move(tree, test.from, test.to)
			if test.want == "" {
				if err == nil {
					t.Fatalf("no error, but %+v", edits)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := confedit.Apply(tree.Files[0], edits)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMoveSaysWhy(t *testing.T) {
	tree, err := sshd.Read(piece.Memory{main: "Port 23\n"}, main)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sshd.Move(tree, confedit.Endpoint{Port: 22}, confedit.Endpoint{Port: 2222}); !errors.Is(err, confedit.ErrNoPlace) {
		t.Errorf("%v", err)
	}
}

// FuzzMove reads anything; what it prints is what it read, and what it moved is not
// on the old port when it is read again.
func FuzzMove(f *testing.F) {
	for _, seed := range []string{
		"Include /etc/ssh/sshd_config.d/*.conf\n\n#Port 22\n#ListenAddress ::\nUsePAM yes\nSubsystem\tsftp\t/usr/lib/openssh/sftp-server\nMatch User anoncvs\n\tX11Forwarding no\n",
		"Port = \"22\"\r\nListenAddress [::1]:22 rdomain 1\r\n", "ListenAddress ::1\nlistenaddress 10.0.0.1:22", "Port=\"22", "=\n\"\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := sshd.RoundTrip(data)
		if err != nil || string(got) != string(data) {
			t.Fatalf("%q became %q, %v", data, got, err)
		}
		tree, err := sshd.Read(piece.Memory{main: string(data)}, main)
		if err != nil {
			return
		}
		edits, err := sshd.Move(tree, confedit.Endpoint{Port: 22}, confedit.Endpoint{Port: 2222})
		if err != nil {
			return
		}
		moved, err := confedit.Apply(tree.Files[0], edits)
		if err != nil {
			t.Fatal(err)
		}
		tree, err = sshd.Read(piece.Memory{main: string(moved)}, main)
		if err != nil || len(tree.On(confedit.Endpoint{Port: 22})) > 0 || len(tree.On(confedit.Endpoint{Port: 2222})) == 0 {
			t.Fatalf("%q became %q: %+v, %v", data, moved, tree.Places, err)
		}
	})
}
