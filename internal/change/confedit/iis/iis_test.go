package iis_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/iis"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

const main = iis.Main

// sample has what IIS writes: a mark in front, CRLF, sections before the sites.
const sample = "\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!-- <site name=\"no\"/> -->\r\n<configuration>\r\n" +
	"    <configSections><section name=\"site\" overrideModeDefault=\"Deny\" /></configSections>\r\n" +
	"    <system.applicationHost>\r\n        <applicationPools>\r\n            <add name=\"DefaultAppPool\" managedRuntimeVersion=\"v4.0\" />\r\n" +
	"            <add name='Old &amp; slow' autoStart=\"false\" />\r\n            <applicationPoolDefaults managedRuntimeVersion=\"v4.0\" />\r\n        </applicationPools>\r\n" +
	"        <sites>\r\n            <site name=\"Default Web Site\" id=\"1\" serverAutoStart=\"true\">\r\n" +
	"                <application path=\"/\"><virtualDirectory path=\"/\" physicalPath=\"%SystemDrive%\\inetpub\\wwwroot\" /></application>\r\n" +
	"                <bindings>\r\n                    <binding protocol=\"http\" bindingInformation=\"*:80:\" />\r\n" +
	"                    <binding protocol=\"net.tcp\" bindingInformation=\"808:*\" />\r\n                    <binding protocol=\"net.pipe\" bindingInformation=\"*\" />\r\n                </bindings>\r\n            </site>\r\n" +
	"            <site name=\"Shop\" id=\"2\" serverAutoStart=\"false\">\r\n                <application path=\"/\" applicationPool=\"Old &amp; slow\" />\r\n" +
	"                <bindings>\r\n                    <binding  bindingInformation='[::1]:80:shop.example'   protocol='http'/>\r\n" +
	"                    <binding protocol=\"https\" bindingInformation=\"10.0.0.1:443:shop.example\" sslFlags=\"1\" />\r\n" +
	"                    <binding protocol=\"https\" bindingInformation=\"*:443:\" sslFlags=\"0\" />\r\n                </bindings>\r\n            </site>\r\n" +
	"            <siteDefaults><logFile logFormat=\"W3C\" /></siteDefaults>\r\n        </sites>\r\n    </system.applicationHost>\r\n</configuration>\r\n"

func wide(text string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return string(out)
}

func TestParse(t *testing.T) {
	for name, data := range map[string]string{"UTF-8": sample, "UTF-16": wide(sample)} {
		t.Run(name, func(t *testing.T) {
			c, err := iis.Parse([]byte(data))
			if err != nil {
				t.Fatal(err)
			}
			sites := []iis.Site{
				{"Default Web Site", "1", true, []string{"DefaultAppPool"}, []iis.Binding{{Protocol: "http", Port: 80}, {Protocol: "net.tcp", Port: 808, Host: "*"}, {Protocol: "net.pipe"}}},
				{"Shop", "2", false, []string{"Old & slow"}, []iis.Binding{
					{Protocol: "http", Addr: "::1", Port: 80, Host: "shop.example"},
					{Protocol: "https", Addr: "10.0.0.1", Port: 443, Host: "shop.example", SNI: true}, {Protocol: "https", Port: 443},
				}},
			}
			if d := cmp.Diff(sites, c.Sites, cmpopts.IgnoreUnexported(iis.Binding{})); d != "" {
				t.Error(d)
			}
			pools := []iis.Pool{{"DefaultAppPool", true, "v4.0"}, {"Old & slow", false, ""}}
			if d := cmp.Diff(pools, c.Pools); d != "" {
				t.Error(d)
			}
		})
	}
}

// What the defaults say counts where a site says nothing.
func TestDefaults(t *testing.T) {
	config := `<configuration><system.applicationHost><sites><site name="a"/><site name="b" serverAutoStart="true"/><siteDefaults serverAutoStart="false"/></sites></system.applicationHost></configuration>`
	c, err := iis.Parse([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	if c.Sites[0].AutoStart || !c.Sites[1].AutoStart {
		t.Errorf("%+v", c.Sites)
	}
}

func TestRead(t *testing.T) {
	files := piece.Memory{main: sample}
	tree, err := iis.Read(files, main)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range tree.Places {
		got = append(got, fmt.Sprintf("%d %s %s:%d", p.Line, p.Of, p.Addr, p.Port))
	}
	want := []string{"15 Default Web Site :80", "16 Default Web Site :808", "23 Shop ::1:80", "24 Shop 10.0.0.1:443", "25 Shop :443"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(tree.Notes) != 1 || tree.Notes[0].Line != 25 { // the binding without SNI
		t.Errorf("%+v", tree.Notes)
	}
	redirection := `C:\Windows\System32\inetsrv\config/redirection.config`
	for enabled, notes := range map[string]int{"true": 2, "false": 1} {
		files[redirection] = `<configuration><configurationRedirection enabled="` + enabled + `" path="\\server\share" /></configuration>`
		tree, err := iis.Read(files, main)
		if err != nil || len(tree.Notes) != notes {
			t.Errorf("%s: %+v %v", enabled, tree.Notes, err)
		}
	}
}

func TestMove(t *testing.T) {
	on := func(port uint16) confedit.Endpoint { return confedit.Endpoint{Port: port} }
	for _, test := range []struct {
		name, site string
		from, to   confedit.Endpoint
		want       []string // old and new, for sample; nil for an error
		err        error
	}{
		{"every site", "", on(80), on(8080), []string{`"*:80:"`, `"*:8080:"`, "'[::1]:80:", "'[::1]:8080:"}, nil},
		{"one site", "shop", on(80), on(8080), []string{"'[::1]:80:", "'[::1]:8080:"}, nil},
		{"one address", "", confedit.Endpoint{Addr: "10.0.0.1", Port: 443}, on(8443), []string{"10.0.0.1:443", "10.0.0.1:8443"}, nil},
		{"to an address", "Default Web Site", on(80), confedit.Endpoint{Addr: "::1", Port: 80}, []string{`"*:80:"`, `"[::1]:80:"`}, nil},
		{"net.tcp", "", on(808), on(809), []string{"808:*", "809:*"}, nil},
		{"no such site", "other", on(80), on(8080), nil, confedit.ErrNoPlace},
		{"no such port", "", on(81), on(8080), nil, confedit.ErrNoPlace},
	} {
		for coding, data := range map[string]func(string) string{"UTF-8": func(s string) string { return s }, "UTF-16": wide} {
			t.Run(test.name+" "+coding, func(t *testing.T) {
				tree, err := iis.Read(piece.Memory{main: data(sample)}, main)
				if err != nil {
					t.Fatal(err)
				}
				edits, err := iis.Move(tree, test.from, test.to)
				if test.site != "" {
					edits, err = iis.MoveSite(tree, test.site, test.from, test.to)
				}
				if !errors.Is(err, test.err) {
					t.Fatal(err)
				}
				if test.err != nil {
					return
				}
				got, err := confedit.Apply(tree.Files[0], edits)
				if err != nil {
					t.Fatal(err)
				}
				if want := data(strings.NewReplacer(test.want...).Replace(sample)); string(got) != want {
					t.Error(cmp.Diff(want, string(got)))
				}
			})
		}
	}
}

// Of two sites with the same binding IIS starts one.
func TestMoveToAnother(t *testing.T) {
	config := strings.Replace(sample, "[::1]:80:shop.example", "*:8080:", 1)
	for host, wrong := range map[string]error{"": iis.ErrTaken, "shop.example": nil} {
		tree, err := iis.Read(piece.Memory{main: strings.Replace(config, "*:8080:", "*:8080:"+host, 1)}, main)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := iis.MoveSite(tree, "Default Web Site", confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 8080}); !errors.Is(err, wrong) {
			t.Errorf("%q: %v", host, err)
		}
	}
}

func FuzzMove(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(wide(sample)))
	f.Add([]byte(`<configuration><system.applicationHost><sites><site><bindings><binding protocol='http' bindingInformation="&#42;:80:ä"/></bindings></site></sites></system.applicationHost></configuration>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := iis.Read(piece.Memory{main: string(data)}, main)
		if err != nil {
			return
		}
		edits, err := iis.Move(tree, confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 65000})
		if err != nil {
			return
		}
		moved, err := confedit.Apply(tree.Files[0], edits)
		if err != nil {
			t.Fatal(err)
		}
		n := len(tree.On(confedit.Endpoint{Port: 80}))
		tree, err = iis.Read(piece.Memory{main: string(moved)}, main)
		if err != nil || len(tree.On(confedit.Endpoint{Port: 80})) > 0 || len(tree.On(confedit.Endpoint{Port: 65000})) < n {
			t.Fatalf("%q became %q: %+v %v", data, moved, tree.Places, err)
		}
	})
}

func TestStart(t *testing.T) {
	for _, test := range []struct {
		name     string
		set      func(confedit.Tree, string, bool) ([]confedit.Edit, error)
		of       string
		on       bool
		old, now string
	}{
		{"site", iis.StartSite, "default web site", false, `id="1" serverAutoStart="true"`, `id="1" serverAutoStart="false"`},
		{"site that does", iis.StartSite, "Default Web Site", true, "", ""},
		{"pool that does by default", iis.StartPool, "DefaultAppPool", true, "", ""},
		{"pool without", iis.StartPool, "DefaultAppPool", false, `"DefaultAppPool" managed`, `"DefaultAppPool" autoStart="false" managed`},
		{"pool", iis.StartPool, "Old & slow", true, `autoStart="false"`, `autoStart="true"`},
	} {
		for coding, data := range map[string]func(string) string{"UTF-8": func(s string) string { return s }, "UTF-16": wide} {
			tree, err := iis.Read(piece.Memory{main: data(sample)}, main)
			if err != nil {
				t.Fatal(err)
			}
			edits, err := test.set(tree, test.of, test.on)
			if err != nil {
				t.Fatal(err)
			}
			got, err := confedit.Apply(tree.Files[0], edits)
			if err != nil {
				t.Fatal(err)
			}
			want := sample
			if test.old != "" {
				want = strings.Replace(sample, test.old, test.now, 1)
			}
			if string(got) != data(want) {
				t.Errorf("%s, %s: %s", test.name, coding, cmp.Diff(data(want), string(got)))
			}
			if _, err := test.set(tree, "no", test.on); !errors.Is(err, confedit.ErrNoPlace) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	}
}
