package httpsys

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netsh"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
)

func wide(s string) []byte {
	var out []byte
	for _, u := range append(utf16.Encode([]rune(s)), 0) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

// urlacl is a row of the reservations' table as the call leaves it.
func urlacl(url, sddl string) httpapi.Buffer {
	const base = 0x10000
	a, b := wide(url), wide(sddl)
	data := binary.LittleEndian.AppendUint64(nil, base+16)
	data = binary.LittleEndian.AppendUint64(data, base+16+uint64(len(a)))
	return httpapi.Buffer{Data: append(append(data, a...), b...), Base: base}
}

func listen(addrs ...string) httpapi.Buffer {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(addrs)))
	for _, a := range addrs {
		row := make([]byte, 128)
		row[0] = 2
		copy(row[4:], netip.MustParseAddr(a).AsSlice())
		data = append(data, row...)
	}
	return httpapi.Buffer{Data: data}
}

// central is a certificate row of the central store.
func central(port uint16) httpapi.Buffer {
	data := make([]byte, 208)
	data[0] = 2
	binary.BigEndian.PutUint16(data[2:], port)
	return httpapi.Buffer{Data: data}
}

// fake is a service configuration that answers as Windows does.
type fake struct {
	tables map[httpapi.ConfigID][]httpapi.Buffer
	errs   map[httpapi.ConfigID]error
	listed []string
	timers map[httpapi.TimeoutKey]uint16
	open   error
	wine   bool
}

func (f fake) config() config {
	return config{
		open: func() error { return f.open }, close: func() {}, wine: f.wine,
		row: func(id httpapi.ConfigID, token uint32) (httpapi.Buffer, error) {
			rows := f.tables[id]
			switch {
			case f.errs[id] != nil:
				return httpapi.Buffer{}, f.errs[id]
			case len(rows) == 0:
				return httpapi.Buffer{}, httpapi.ErrNotFound
			case int(token) >= len(rows):
				return httpapi.Buffer{}, httpapi.ErrNoMore
			}
			return rows[token], nil
		},
		list: func() (httpapi.Buffer, error) {
			if err := f.errs[httpapi.IPListen]; err != nil {
				return httpapi.Buffer{}, err
			}
			if f.listed == nil {
				return httpapi.Buffer{}, httpapi.ErrNotFound
			}
			return listen(f.listed...), nil
		},
		timer: func(key httpapi.TimeoutKey) (uint16, error) {
			if n, ok := f.timers[key]; ok {
				return n, nil
			}
			return 0, httpapi.ErrNotFound
		},
		account: func(sid string) account {
			gone := new(bool)
			switch sid {
			case "S-1-1-0":
				return account{sid, "Jeder", gone}
			case "LA":
				return account{"S-1-5-21-1-2-3-500", `PC\Administrator`, gone}
			}
			return account{sid, "", goneIf(sid, "S-1-5-21-1-2-3")}
		},
	}
}

func gaps(set fact.Set) []string {
	var out []string
	for _, g := range set.Gaps {
		out = append(out, string(g.Kind)+" "+g.Subject)
	}
	return out
}

func TestConfig(t *testing.T) {
	f := fake{
		tables: map[httpapi.ConfigID][]httpapi.Buffer{
			httpapi.URLACL: {
				urlacl("http://+:80/Temporary_Listen_Addresses/", "D:(A;;GX;;;WD)"),
				urlacl("http://+:81/", "D:(A;;GA;;;S-1-5-21-1-2-3-1001)(A;;GX;;;S-1-5-21-9-9-9-1001)(A;;GX;;;LA)"),
				urlacl("http://+:82/", "no descriptor"),
			},
			httpapi.CCSCert: {central(443)},
		},
		errs:   map[httpapi.ConfigID]error{httpapi.ScopedCCS: httpapi.ErrInvalidParameter},
		listed: []string{"127.0.0.1", "10.0.0.5"},
		timers: map[httpapi.TimeoutKey]uint16{httpapi.IdleConnection: 240},
	}
	set := readConfig(t.Context(), f.config())
	var got []string
	for _, r := range set.Reservations {
		for _, p := range r.Rights {
			gone := "?"
			if p.Gone != nil {
				gone = fmt.Sprint(*p.Gone)
			}
			got = append(got, fmt.Sprintf("%s %s %q gone %s listen %v delegate %v", r.URL, p.SID, p.Account, gone, p.Listen, p.Delegate))
		}
	}
	want := []string{
		`http://+:80/Temporary_Listen_Addresses/ S-1-1-0 "Jeder" gone false listen true delegate false`,
		`http://+:81/ S-1-5-21-1-2-3-1001 "" gone true listen true delegate true`,
		`http://+:81/ S-1-5-21-9-9-9-1001 "" gone ? listen true delegate false`,
		`http://+:81/ S-1-5-21-1-2-3-500 "PC\\Administrator" gone false listen true delegate false`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"unknown-shape who may listen on http://+:82/"}, gaps(set)); diff != "" {
		t.Errorf("gaps: -want +got:\n%s", diff)
	}
	w := set.Machine.Windows
	if !w.Reservations || !w.ListenList || !w.Certificates || len(set.Reservations) != 3 || len(set.ListenList) != 2 {
		t.Errorf("%+v, %d reservations, listen list %v", w, len(set.Reservations), set.ListenList)
	}
	if w.Timeouts == nil || w.Timeouts.IdleConnection != 240 || w.Timeouts.HeaderWait != 120 {
		t.Errorf("timers %+v", w.Timeouts)
	}
	if len(set.Certificates) != 1 || set.Certificates[0].Key != "*:443" || set.Certificates[0].Kind != "ccs" {
		t.Errorf("certificates %+v", set.Certificates)
	}
}

// Nothing configured, refused, not there, and Wine are four answers.
func TestConfigFailures(t *testing.T) {
	missing := errors.New("Failed to find HttpQueryServiceConfiguration procedure in httpapi.dll")
	all := func(err error) map[httpapi.ConfigID]error {
		return map[httpapi.ConfigID]error{httpapi.URLACL: err, httpapi.IPListen: err, httpapi.SSLCert: err}
	}
	for _, c := range []struct {
		name string
		fake fake
		want []string
		read bool
	}{
		{"nothing configured", fake{}, nil, true},
		{"refused", fake{errs: all(httpapi.ErrAccessDenied)}, []string{
			"permission HTTP.sys's reservations", "permission HTTP.sys's listen list", "permission HTTP.sys's certificates"}, false},
		{"no such call", fake{errs: all(missing)}, []string{
			"no-call HTTP.sys's reservations", "no-call HTTP.sys's listen list", "no-call HTTP.sys's certificates"}, false},
		{"another error", fake{errs: all(syscall.Errno(31))}, []string{
			"other HTTP.sys's reservations", "other HTTP.sys's listen list", "other HTTP.sys's certificates"}, false},
		{"Wine", fake{wine: true}, []string{
			"no-call HTTP.sys's reservations", "no-call HTTP.sys's listen list", "no-call HTTP.sys's certificates", "no-call HTTP.sys's timers"}, false},
		{"closed", fake{open: syscall.Errno(1058)}, []string{
			"other HTTP.sys's reservations", "other HTTP.sys's listen list", "other HTTP.sys's certificates", "other HTTP.sys's timers"}, false},
		{"hostile bytes", fake{tables: map[httpapi.ConfigID][]httpapi.Buffer{httpapi.URLACL: {{Data: make([]byte, 16)}}}}, []string{
			"unknown-shape HTTP.sys's reservations"}, false},
	} {
		set := readConfig(t.Context(), c.fake.config())
		if diff := cmp.Diff(c.want, gaps(set)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
		if w := set.Machine.Windows; (w != nil && (w.Reservations || w.ListenList && c.name != "hostile bytes")) != c.read {
			t.Errorf("%s: %+v", c.name, w)
		}
	}
}

// A table that never ends, and an asker who has gone.
func TestConfigEnds(t *testing.T) {
	c := fake{}.config()
	n := 0
	c.row = func(httpapi.ConfigID, uint32) (httpapi.Buffer, error) {
		n++
		return urlacl("http://+:80/", "D:(A;;GX;;;WD)"), nil
	}
	r := configReader{c: c, ctx: t.Context(), net: &fact.WindowsNet{}}
	if ok := r.each(httpapi.URLACL, tableReservations, func(httpapi.Buffer) bool { return true }); ok || n != maxRows {
		t.Errorf("%v after %d rows", ok, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	set := readConfig(ctx, c)
	if len(set.Reservations) > 0 || len(set.Gaps) == 0 || set.Machine.Windows != nil && set.Machine.Windows.Reservations {
		t.Errorf("%+v", set)
	}
}

func says(text string, gap *fact.Gap) show {
	return func(context.Context, netsh.Show) (string, *fact.Gap) { return text, gap }
}

func TestLive(t *testing.T) {
	text := sample(t, "servicestate-requestq-L1-en.txt")
	set := readShown(t.Context(), Query{Live: true}, says(text, nil))
	if len(set.Queues) != 2 || len(set.Registrations) != 3 || len(set.Gaps) > 0 || !set.Machine.Windows.Registrations {
		t.Errorf("%d queues, %d registrations, gaps %v", len(set.Queues), len(set.Registrations), set.Gaps)
	}
	if got := set.Queues[0].Evidence; got != "netsh http show servicestate view=requestq verbose=yes, line 4" {
		t.Errorf("evidence %q", got)
	}
	// The listing says two and has one: the text itself goes along, once.
	short := strings.Replace(text, "                HTTP://+:47001/WSMAN/\n", "", 1)
	set = readShown(t.Context(), Query{Live: true}, says(short, nil))
	if len(set.Gaps) != 1 || set.Gaps[0].Kind != fact.GapShape || set.Gaps[0].Raw != short || set.Gaps[0].Hint != "" || set.Machine.Windows != nil {
		t.Errorf("gaps %+v", set.Gaps)
	}
	set = readShown(t.Context(), Query{Live: true}, says("Der Befehl wurde nicht gefunden.\n", nil))
	if len(set.Gaps) != 1 || set.Gaps[0].Kind != fact.GapShape || set.Gaps[0].Raw == "" {
		t.Errorf("gaps %+v", set.Gaps)
	}
	failed := &fact.Gap{Kind: fact.GapCommand, Subject: "netsh"}
	set = readShown(t.Context(), Query{Live: true, Cache: true}, says(text, failed))
	if diff := cmp.Diff(fact.Set{Gaps: []fact.Gap{*failed}}, set); diff != "" {
		t.Errorf("a failed command: -want +got:\n%s", diff)
	}
}

func TestCache(t *testing.T) {
	data, err := os.ReadFile("listing/testdata/cachestate-en.txt")
	if err != nil {
		t.Fatal(err)
	}
	set := readShown(t.Context(), Query{Cache: true}, says(string(data), nil))
	if len(set.Cached) != 1 || set.Cached[0].Port != 80 || set.Cached[0].Hits != 3 || len(set.Gaps) > 0 {
		t.Errorf("%+v", set)
	}
	set = readShown(t.Context(), Query{Cache: true}, says("T:\n---\n\nNichts.\n", nil))
	if len(set.Cached) > 0 || len(set.Gaps) > 0 || !set.Machine.Windows.Cached {
		t.Errorf("an empty cache: %+v", set)
	}
	set = readShown(t.Context(), Query{Cache: true}, says("http://x/ 200 GET\n", nil))
	if len(set.Gaps) != 1 || set.Gaps[0].Kind != fact.GapShape {
		t.Errorf("an unknown shape: %+v", set)
	}
}

func TestAdopt(t *testing.T) {
	set := fact.Set{
		Processes: []fact.Process{{ID: fact.ProcessID(8, 0), PID: 8}, {ID: fact.ProcessID(8, 99), PID: 8, Name: "svchost.exe"}, {ID: fact.ProcessID(12, 0), PID: 12}},
		Links: []fact.Link{
			{From: "queue:#8", To: fact.ProcessID(8, 0), Kind: fact.ServedBy}, {From: "queue:#12", To: fact.ProcessID(12, 0), Kind: fact.ServedBy},
			{From: fact.ProcessID(8, 0), To: "unit:WinRM", Kind: fact.PartOf}, {From: fact.ProcessID(8, 99), To: "unit:WinRM", Kind: fact.PartOf},
		},
	}
	Adopt(&set)
	Adopt(&set)
	var got []string
	for _, p := range set.Processes {
		got = append(got, string(p.ID))
	}
	for _, l := range set.Links {
		got = append(got, fmt.Sprintf("%s %s %s", l.From, l.Kind, l.To))
	}
	want := []string{string(fact.ProcessID(8, 99)), string(fact.ProcessID(12, 0)),
		"queue:#8 served-by " + string(fact.ProcessID(8, 99)), "queue:#12 served-by " + string(fact.ProcessID(12, 0)),
		string(fact.ProcessID(8, 99)) + " part-of unit:WinRM"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The real reader: here a gap, on Windows an answer, under Wine gaps that say why.
func TestReadSaysWhatItCouldNot(t *testing.T) {
	set, err := Read(t.Context(), Query{Live: true, Config: true, Cache: true})
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if diff := cmp.Diff([]string{"not-this-os HTTP.sys"}, gaps(set)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		return
	}
	if w := set.Machine.Windows; len(set.Gaps) == 0 && (w == nil || !w.Reservations || !w.ListenList) {
		t.Errorf("neither an answer nor a gap: %+v", set)
	}
	t.Logf("gaps %v", gaps(set))
}
