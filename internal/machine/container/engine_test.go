package container

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/container/engineapi"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sameAddr = cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})

func decodeRecorded(t *testing.T, name, engine string) []fact.Container {
	t.Helper()
	r, err := engineapi.Parse(recorded(t, name))
	if err != nil {
		t.Fatal(err)
	}
	rows, cut, err := decodeList(r.Body, engine, place{path: "/run/x.sock", uid: "1000"})
	if err != nil || cut {
		t.Fatalf("cut %v, %v", cut, err)
	}
	return rows
}

func TestDecodeDockerList(t *testing.T) {
	rows := decodeRecorded(t, "docker-20.10-list.http", "docker")
	want := []fact.Container{
		{Name: "booked", State: "created", Network: "bridge"},
		{Name: "hostnet", State: "running", Network: "host"},
		{Name: "web", State: "running", Network: "bridge", Project: "shop", Service: "web", WorkDir: "/srv/shop",
			IPs: []netip.Addr{netip.MustParseAddr("172.17.0.2")},
			Ports: []fact.PublishedPort{
				{Proto: "udp", Host: netip.MustParseAddrPort("0.0.0.0:8443"), Container: 443},
				{Proto: "udp", Host: netip.MustParseAddrPort("[::]:8443"), Container: 443},
				{Proto: "tcp", Host: netip.MustParseAddrPort("0.0.0.0:80"), Container: 80},
				{Proto: "tcp", Host: netip.MustParseAddrPort("[::]:80"), Container: 80},
			}},
	}
	for i := range want {
		want[i].Engine, want[i].Image, want[i].User, want[i].Evidence = "docker", "bb:1", "1000", "docker API on /run/x.sock"
	}
	ids := cmpopts.IgnoreFields(fact.Container{}, "ID", "Full")
	if diff := cmp.Diff(want, rows, ids, sameAddr); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rows[2].ID != fact.ContainerID("docker", hexA) || rows[2].Full != hexA {
		t.Errorf("id %q of %q", rows[2].ID, rows[2].Full)
	}
}

func TestDecodePodmanList(t *testing.T) {
	rows := decodeRecorded(t, "podman-4.3-list.http", "podman")
	if len(rows) != 3 || rows[2].Name != "c1" || rows[2].Project != "shop" {
		t.Fatalf("rows %+v", rows)
	}
	want := []fact.PublishedPort{{Proto: "tcp", Host: netip.MustParseAddrPort("0.0.0.0:8080"), Container: 80}}
	if diff := cmp.Diff(want, rows[2].Ports, sameAddr); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]netip.Addr{netip.MustParseAddr("10.88.0.2")}, rows[2].IPs, sameAddr); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
}

// What is no container is left out, what follows it is read, and that something
// was left out is said.
func TestDecodeListOddEntries(t *testing.T) {
	good := `{"Id":"` + hexA + `","Names":["/a"]}`
	for _, c := range []struct {
		name, body string
		rows       int
		cut, fail  bool
	}{
		{name: "one", body: "[" + good + "]", rows: 1},
		{name: "none", body: "[]"},
		{name: "short id", body: `[{"Id":"abc"},` + good + "]", rows: 1, cut: true},
		{name: "path as id", body: `[{"Id":"../../secrets"},` + good + "]", rows: 1, cut: true},
		{name: "wrong types", body: `[{"Id":7},` + good + "]", rows: 1, cut: true},
		{name: "a huge one", body: `[{"Image":"` + strings.Repeat("x", maxOne) + `"},` + good + "]", rows: 1, cut: true},
		{name: "too many", body: "[" + strings.Repeat(good+",", maxContainers) + good + "]", rows: maxContainers, cut: true},
		{name: "truncated", body: "[" + good + `,{"Id":"`, rows: 1, fail: true},
		{name: "an object", body: `{"message":"no"}`, fail: true},
		{name: "nothing", fail: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, cut, err := decodeList([]byte(c.body), "docker", place{})
			if len(rows) != c.rows || cut != c.cut || (err != nil) != c.fail {
				t.Errorf("%d rows, cut %v, %v", len(rows), cut, err)
			}
		})
	}
}

func TestPortsThatAreNone(t *testing.T) {
	var ports []fact.PublishedPort
	for _, p := range []struct{ host, inside int }{{0, 80}, {-1, 80}, {65536, 80}, {80, 0}, {80, 70000}} {
		ports = appendPort(ports, "tcp", "0.0.0.0", p.host, p.inside)
	}
	if len(ports) != 0 {
		t.Errorf("ports %v", ports)
	}
	if ports = appendPort(nil, "tcp", "", 65535, 1); len(ports) != 1 || ports[0].Host.String() != "0.0.0.0:65535" {
		t.Errorf("ports %v", ports)
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]int{"80": 80, "": 0, "8x": 0, "-1": 0, "99999999999999999999": 0, "65535": 65535} {
		if got := number(text); got != want {
			t.Errorf("number(%q) = %d, want %d", text, got, want)
		}
	}
}

func FuzzDecodeList(f *testing.F) {
	for _, name := range []string{"docker-20.10-list.http", "podman-4.3-list.http"} {
		r, err := engineapi.Parse(recorded(f, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(r.Body)
	}
	f.Add([]byte(`[{"Id":"` + hexA + `","Ports":[{"PublicPort":99999}],"NetworkSettings":null}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, _, _ := decodeList(body, "docker", place{})
		for _, c := range rows {
			if !isID(c.Full) || c.ID == "" {
				t.Fatalf("row %+v", c)
			}
			for _, p := range c.Ports {
				if p.Host.Port() == 0 || p.Container == 0 {
					t.Fatalf("port %+v", p)
				}
			}
		}
	})
}

// A chunked answer of a real engine is the same list as the plain one.
func TestChunkedRecording(t *testing.T) {
	plain, err := engineapi.Parse(recorded(t, "podman-4.3-list.http"))
	if err != nil {
		t.Fatal(err)
	}
	chunked, err := engineapi.Parse(recorded(t, "podman-4.3-list-chunked.http"))
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := decodeList(plain.Body, "podman", place{})
	b, _, err2 := decodeList(chunked.Body, "podman", place{})
	if err != nil || err2 != nil || len(a) != 3 || len(b) != 3 || !plain.Podman || !chunked.Podman {
		t.Errorf("%d and %d containers, %v, %v", len(a), len(b), err, err2)
	}
}

// How an engine starts a container again is what its client would be given, and one
// that is removed when it stops says so.
func TestInspectedRestart(t *testing.T) {
	for text, want := range map[string]fact.Container{
		`{"HostConfig":{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":5}}}`: {Restart: "on-failure:5"},
		`{"HostConfig":{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":0}}}`: {Restart: "on-failure"},
		`{"HostConfig":{"RestartPolicy":{"Name":"always","MaximumRetryCount":5}}}`:     {Restart: "always"},
		`{"HostConfig":{"AutoRemove":true,"RestartPolicy":{"Name":"no"}}}`:             {Restart: "no", AutoRemove: true},
	} {
		var in inspected
		if err := json.Unmarshal([]byte(text), &in); err != nil {
			t.Fatal(err)
		}
		var got fact.Container
		in.fill(&got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", text, diff)
		}
	}
}
