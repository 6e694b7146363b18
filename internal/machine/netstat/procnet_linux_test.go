package netstat

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

const heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func recorded(t *testing.T, files map[string]string) sources {
	t.Helper()
	dir := t.TempDir()
	for name, lines := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(heading+lines), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	from := live()
	from.procNet = dir
	from.diag = func() (dumper, error) { return nil, unix.EPROTONOSUPPORT }
	return from
}

func endpoints(set fact.Set) []string {
	var got []string
	for _, s := range set.Sockets {
		line := string(s.Proto) + " " + s.Local.String() + " " + string(s.State)
		if s.Remote.IsValid() {
			line += " " + s.Remote.String()
		}
		got = append(got, line)
	}
	return got
}

func TestTextTablesAreReadWhenSockDiagIsClosed(t *testing.T) {
	from := recorded(t, map[string]string{
		"tcp": "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 777 1 0000000000000000 100 0 0 10 0\n" +
			"   1: 0100007F:7530 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 778 1\n" +
			"   2: 0100007F:0BB8 0200007F:7530 06 00000000:00000000 03:00000FA0 00000000     0        0 0 3 0000000000000000\n" +
			"   3: 0100007F:7530 0200007F:0BB8 01 00000000:00000000 00:00000000 00000000     0        0 779 1\n",
		"tcp6": "   0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 780 1\n",
		"udp":  "  10: 00000000:0BB8 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 781 2 0000000000000000 0\n",
	})
	all, err := readFrom(context.Background(), Query{Ports: []uint16{3000}}, from)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"tcp 127.0.0.1:3000 listen", "tcp 127.0.0.1:3000 time-wait 127.0.0.2:30000",
		"tcp [::1]:3000 listen", "udp 0.0.0.0:3000 unconnected",
	}
	if d := cmp.Diff(want, endpoints(all)); d != "" {
		t.Error(d)
	}
	waiting, uid := uint32(3), uint32(1000)
	if d := cmp.Diff(&fact.LinuxSocket{Inode: 777, UID: &uid, Backlog: &waiting}, all.Sockets[0].Linux); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(&fact.LinuxSocket{ExpiresMS: 40000}, all.Sockets[1].Linux); d != "" {
		t.Errorf("time-wait: %s", d)
	}
	if len(all.Gaps) != 2 || all.Gaps[0].Kind != fact.GapNoSockDiag {
		t.Errorf("gaps %+v, want one a protocol", all.Gaps)
	}
	serving, err := readFrom(context.Background(), Query{Ports: []uint16{3000}, Serving: true}, from)
	if err != nil || len(serving.Sockets) != 3 {
		t.Errorf("serving: %v, error %v; want the three without a peer", endpoints(serving), err)
	}
}

func TestNoTableAtAllIsAnError(t *testing.T) {
	_, err := readFrom(context.Background(), Query{}, recorded(t, nil))
	if !errors.Is(err, unix.EPROTONOSUPPORT) {
		t.Errorf("error %v, want the one of sock_diag", err)
	}
	set, err := readFrom(context.Background(), Query{Protos: []fact.Proto{fact.SCTP}}, recorded(t, nil))
	if err != nil || len(set.Gaps)+len(set.Sockets) != 0 {
		t.Errorf("%+v, error %v; a protocol the kernel does not have is no gap", set, err)
	}
	from := recorded(t, nil)
	if err := os.Mkdir(filepath.Join(from.procNet, "sctp"), 0o755); err != nil {
		t.Fatal(err)
	}
	set, err = readFrom(context.Background(), Query{Protos: []fact.Proto{fact.SCTP}}, from)
	if err != nil || len(set.Gaps) != 1 || set.Gaps[0].Kind != fact.GapNoSockDiag {
		t.Errorf("%+v, error %v; SCTP that cannot be read is a gap", set, err)
	}
}

func TestTextAndSockDiagAgree(t *testing.T) {
	port := listen(t, "tcp", "127.0.0.1:0")
	from := live()
	from.diag = func() (dumper, error) { return nil, unix.EPROTONOSUPPORT }
	q := Query{Ports: []uint16{port}, Protos: []fact.Proto{fact.TCP}}
	text, err := readFrom(context.Background(), q, from)
	if err != nil {
		t.Fatal(err)
	}
	diag, err := Read(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(endpoints(diag), endpoints(text)); d != "" || len(text.Sockets) != 1 {
		t.Error(d)
	}
	if text.Sockets[0].ID != diag.Sockets[0].ID {
		t.Errorf("ids %s and %s", text.Sockets[0].ID, diag.Sockets[0].ID)
	}
}

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]string{
		"0100007F:0050":                         "127.0.0.1:80",
		"0000000000000000FFFF00000100007F:0050": "[::ffff:127.0.0.1]:80",
		"0100007F":                              "",
		"0100007F:10050":                        "",
		"01007F:0050":                           "",
		"0100007G:0050":                         "",
		"010000000000:00":                       "",
	} {
		got, ok := parseEndpoint([]byte(text))
		if ok != (want != "") || ok && got != netip.MustParseAddrPort(want) {
			t.Errorf("%s: %v %v, want %s", text, got, ok, want)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add("   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 777 1 0000000000000000 100 0 0 10 0")
	f.Add("   0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A")
	f.Fuzz(func(t *testing.T, line string) {
		if s, ok := parseLine(fact.TCP, []byte(line)); ok && (!s.Local.IsValid() || s.Linux == nil) {
			t.Errorf("half a row: %+v", s)
		}
	})
}
