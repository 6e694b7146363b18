package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/cli"
)

// questions are asked of every file, as text and as JSON.
var questions = [...][]string{
	{"who", "80"}, {"who", "localhost:53/udp"}, {"check", "80"}, {"check", "[::1]:53/udp", "--reuse-port"},
	{"check", "http://+:80/x/"}, {"check", "https://localhost:80", "--as", "S-1-5-21-7"},
	{"ls", "--all", "--all-netns"}, {"ls", "--port", "80", "--user", "root", "--service", "a"}, {}, {"snapshot", "info", "-"},
}

// answer runs every question on a file and looks at what comes out: no panic, no
// byte that a terminal would obey, JSON that is JSON.
func answer(t *testing.T, file []byte) {
	t.Helper()
	for _, q := range questions {
		for _, form := range []string{"--color=never", "--json"} {
			args := append([]string{form}, q...)
			if len(q) == 0 || q[0] != "snapshot" {
				args = append(q[:len(q):len(q)], "--from", "-", form)
			}
			var out, talk bytes.Buffer
			code := cli.Main(args, cli.Env{In: bytes.NewReader(file), Out: &out, Err: &talk, Getenv: utf8Terminal, Version: "test"})
			if code < 0 || code > 4 {
				t.Errorf("berth %q: exit %d", args, code)
			}
			if form == "--json" && !json.Valid(out.Bytes()) {
				t.Errorf("berth %q: no JSON", args)
			}
			harmless(t, args, out.String()+talk.String())
		}
	}
}

func utf8Terminal(name string) string {
	if name == "LANG" {
		return "C.UTF-8"
	}
	return ""
}

func harmless(t *testing.T, args []string, said string) {
	t.Helper()
	if !utf8.ValidString(said) {
		t.Errorf("berth %q: invalid UTF-8", args)
	}
	for i, r := range said {
		switch {
		case r == '\n', r >= ' ' && r < 0x7f, r > 0x9f && r < 0x200b:
		case r < 0xa0, r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			t.Fatalf("berth %q: %U reaches the terminal: %q", args, r, said[max(0, i-60):min(len(said), i+20)])
		}
	}
}

// FuzzAnswer asks every question of files with rows that no reader would make:
// links that lead nowhere or in circles, rows of one system on another, hostile
// names. seed chooses the rows; what stands at one place of the file is replaced.
func FuzzAnswer(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(seed, uint16(0), "")
	}
	f.Add(uint64(1), uint16(9000), "null")
	f.Add(uint64(2), uint16(7000), `"\u0000\u202e"`)
	f.Add(uint64(3), uint16(5000), "1e999, {}")
	f.Fuzz(func(t *testing.T, seed uint64, at uint16, other string) {
		set := anyFacts(seed)
		var b bytes.Buffer
		if err := snapshot.Save(&b, &set, "test"); err != nil {
			t.Fatal(err)
		}
		file := b.Bytes()
		if other != "" {
			from := min(int(at), len(file))
			file = slices.Replace(file, from, min(from+len(other), len(file)), []byte(other)...)
		}
		answer(t, file)
	})
}

func anyFacts(seed uint64) fact.Set {
	var set fact.Set
	f := filler{rand.New(rand.NewPCG(seed, 1))}
	f.fill(reflect.ValueOf(&set).Elem())
	f.tie(&set)
	return set
}

// tie gives most rows a name of their own, and most links two of these.
func (f filler) tie(set *fact.Set) {
	var names []fact.ID
	tables := reflect.ValueOf(set).Elem()
	for i := range tables.NumField() {
		rows := tables.Field(i)
		for j := 0; rows.Kind() == reflect.Slice && j < rows.Len(); j++ {
			if id := rows.Index(j).FieldByName("ID"); id.IsValid() && f.IntN(20) > 0 {
				id.SetString(fmt.Sprint(tables.Type().Field(i).Name, j))
				names = append(names, fact.ID(id.String()))
			}
		}
	}
	for i := 0; i < 40 && len(names) > 0; i++ {
		set.Links = append(set.Links, fact.Link{From: pick(f, names...), To: pick(f, names...), Kind: fact.LinkKind(f.word(reflect.TypeFor[fact.LinkKind]()))})
	}
}

// filler sets every field of a value by chance, from words that mean something.
type filler struct{ *rand.Rand }

func pick[T any](f filler, from ...T) T { return from[f.IntN(len(from))] }

func (f filler) fill(v reflect.Value) {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = time.Unix(pick(f, int64(0), 1, 1764000000, 1<<37), 0).UTC()
		return
	case *netip.Addr:
		*p = f.addr()
		return
	case *netip.AddrPort:
		*p = netip.AddrPortFrom(f.addr(), f.port())
		return
	case *netip.Prefix:
		a := f.addr()
		*p = netip.PrefixFrom(a, f.IntN(a.BitLen()+1))
		return
	case *uint16:
		*p = f.port()
		return
	}
	f.kind(v)
}

func (f filler) addr() netip.Addr {
	return netip.MustParseAddr(pick(f, "0.0.0.0", "::", "127.0.0.1", "::1", "10.0.0.1", "::ffff:0.0.0.0", "::ffff:127.0.0.1", "fe80::1", "ff02::1"))
}

func (f filler) port() uint16 { return pick[uint16](f, 80, 80, 80, 53, 0, 65535) }

func (f filler) kind(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), f.IntN(5), 5))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, val := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key)
		f.fill(val)
		v.SetMapIndex(key, val)
	case reflect.Pointer:
		if f.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem())
		}
	case reflect.String:
		v.SetString(f.word(v.Type()))
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	default:
		f.number(v)
	}
}

func (f filler) number(v reflect.Value) {
	if v.CanInt() {
		v.SetInt(int64(pick(f, 0, 1, 2, 4, 412, -1, 1<<31-1)))
		return
	}
	v.SetUint(uint64(pick(f, 0, 1, 33, 1<<8-1)))
}

// word is one that the field's type knows, or one that nobody expects.
func (f filler) word(t reflect.Type) string {
	known := map[string][]string{
		"ID": {"", "", "", "a", "b", "Namespaces0", "Units0"},
		"LinkKind": {string(fact.HeldBy), string(fact.InheritedBy), string(fact.CreatedIn), string(fact.ChildOf), string(fact.PartOf),
			string(fact.StartedBy), string(fact.AdoptedBy), string(fact.Triggers), string(fact.ListensFor), string(fact.ForwardsTo),
			string(fact.PublishedBy), string(fact.InQueue), string(fact.OneOfQueues), string(fact.ServedBy), string(fact.TakenBy), string(fact.InNetns)},
		"RangeKind": {"ephemeral", "reserved", "privileged", "selinux"},
		"Proto":     {"tcp", "tcp", "udp", "sctp", "raw"},
		"State":     {"listen", "listen", "unconnected", "bound", "time-wait", "established", "fin-wait-2"},
		"GapKind":   {string(fact.GapPermission), string(fact.GapOther), string(fact.GapNotThisOS), string(fact.GapVanished)},
	}
	if words := known[t.Name()]; words != nil && (t.Name() != "ID" || f.IntN(20) > 0) {
		return pick(f, words...)
	}
	return pick(f, "", "", "linux", "windows", "a", "root", "failed", "service", "socket", "systemd", "kernel", "docker", "answered", "prerouting",
		"dnat", "/usr/bin/x", "docker-proxy", "ssh", "-L", "8080:localhost:80", "http://+:80/x/", "HTTP://*:80/", "S-1-1-0", "stopped", "deleted", "socket table",
		"bind() to 0.0.0.0:80 failed (98: Address already in use)", "\x1b[31mred\x1b[0m", "two\nlines\r\x00", "\u202egnp.exe", "\xff\xfe", "\u009b2J",
		strings.Repeat("long ", 400), `"><script>`)
}
