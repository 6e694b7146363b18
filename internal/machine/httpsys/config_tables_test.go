package httpsys

import (
	"errors"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
)

// One table that was read to its end is known, whatever became of the others; where
// none was, nothing is said of the machine.
func TestEachTableIsKnownByItself(t *testing.T) {
	failed := errors.New("no such call")
	all := map[httpapi.ConfigID]error{httpapi.URLACL: failed, httpapi.IPListen: failed, httpapi.SSLCert: failed}
	without := func(id httpapi.ConfigID) map[httpapi.ConfigID]error {
		out := map[httpapi.ConfigID]error{}
		for k, v := range all {
			if k != id {
				out[k] = v
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		errs   map[httpapi.ConfigID]error
		timers bool
		want   fact.WindowsNet
	}{
		"reservations": {without(httpapi.URLACL), false, fact.WindowsNet{Reservations: true}},
		"listen list":  {without(httpapi.IPListen), false, fact.WindowsNet{ListenList: true}},
		"certificates": {without(httpapi.SSLCert), false, fact.WindowsNet{Certificates: true}},
		"timers":       {all, true, fact.WindowsNet{}},
		"none":         {all, false, fact.WindowsNet{}},
	} {
		conf := fake{errs: c.errs}.config()
		if !c.timers {
			conf.timer = func(httpapi.TimeoutKey) (uint16, error) { return 0, failed }
		}
		set := readConfig(t.Context(), conf)
		w := set.Machine.Windows
		if name == "none" {
			if w != nil {
				t.Errorf("none: %+v", w)
			}
			continue
		}
		if w == nil || w.Reservations != c.want.Reservations || w.ListenList != c.want.ListenList || w.Certificates != c.want.Certificates || (w.Timeouts != nil) != c.timers {
			t.Errorf("%s: %+v, gaps %v", name, w, gaps(set))
		}
	}
}

// A table that does not end, and a row that is not laid out as documented, are not
// the whole table, and say so; what was read before stays.
func TestTablesThatAreNotWhole(t *testing.T) {
	endless := fake{}.config()
	endless.row = func(id httpapi.ConfigID, _ uint32) (httpapi.Buffer, error) {
		if id != httpapi.URLACL {
			return httpapi.Buffer{}, httpapi.ErrNoMore
		}
		return urlacl("http://+:80/", "D:(A;;GX;;;WD)"), nil
	}
	broken := fake{tables: map[httpapi.ConfigID][]httpapi.Buffer{httpapi.URLACL: {urlacl("http://+:80/", "D:(A;;GX;;;WD)"), {Data: []byte{1, 2, 3}}}}}.config()
	for kind, c := range map[fact.GapKind]config{fact.GapTruncated: endless, fact.GapShape: broken} {
		set := readConfig(t.Context(), c)
		if set.Machine.Windows.Reservations || len(set.Reservations) != 1 || len(set.Gaps) != 1 || set.Gaps[0].Kind != kind || set.Gaps[0].Subject != tableReservations {
			t.Errorf("%s: %d rows, gaps %+v, %+v", kind, len(set.Reservations), set.Gaps, set.Machine.Windows)
		}
	}
}

// No listen list is an empty one on Windows, and no answer under Wine; one that is
// cut short is not the whole one.
func TestListenListAnswers(t *testing.T) {
	short := fake{}.config()
	short.list = func() (httpapi.Buffer, error) {
		b := listen("10.0.0.5", "10.0.0.6")
		b.Data = b.Data[:len(b.Data)-64]
		return b, nil
	}
	refused := fake{errs: map[httpapi.ConfigID]error{httpapi.IPListen: httpapi.ErrAccessDenied}}.config()
	for name, c := range map[string]struct {
		config config
		whole  bool
		gap    string
	}{
		"none": {fake{}.config(), true, ""}, "two": {fake{listed: []string{"10.0.0.5", "10.0.0.6"}}.config(), true, ""},
		"Wine": {fake{wine: true}.config(), false, "no-call " + tableListen},
		"cut":  {short, false, "unknown-shape " + tableListen}, "refused": {refused, false, "permission " + tableListen},
	} {
		set := readConfig(t.Context(), c.config)
		got := ""
		for _, g := range gaps(set) {
			if g == c.gap {
				got = g
			}
		}
		whole := set.Machine.Windows != nil && set.Machine.Windows.ListenList
		if whole != c.whole || got != c.gap || c.gap == "" && len(set.Gaps) > 0 {
			t.Errorf("%s: whole %v, gaps %v", name, whole, gaps(set))
		}
	}
}

// An address that stands in the list twice is one row.
func TestListedTwice(t *testing.T) {
	set := readConfig(t.Context(), fake{listed: []string{"10.0.0.5", "10.0.0.5", "10.0.0.6"}}.config())
	if len(set.ListenList) != 2 {
		t.Errorf("%+v", set.ListenList)
	}
}
