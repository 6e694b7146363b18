package plist

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// job is what the two files of testdata say; Python's plistlib made both of them out
// of one dictionary.
var job = Dict{
	"Label": "org.example.web", "ProgramArguments": []any{"/opt/web/bin/web", "-p", "8080", "", "日本"},
	"KeepAlive": Dict{"SuccessfulExit": false}, "RunAtLoad": true, "Disabled": false,
	"Sockets": Dict{
		"Listeners": []any{Dict{"SockServiceName": "8080", "SockFamily": "IPv4"}, Dict{"SockServiceName": int64(8081), "SockNodeName": "127.0.0.1"}},
		"Control":   Dict{"SockPathName": "/var/run/web.sock"},
	},
	"ThrottleInterval": int64(10), "Nice": int64(-5), "Big": int64(1 << 40), "Ratio": nil, "When": nil, "Data": nil, "Umlaut": "Käse", "Long": strings.Repeat("x", 300),
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBothForms(t *testing.T) {
	for _, name := range []string{"job.binary.plist", "job.xml.plist"} {
		got, err := Parse(file(t, name))
		if d := cmp.Diff(job, got); d != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
}

func TestAnswers(t *testing.T) {
	d, err := Parse(file(t, "job.binary.plist"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Text("Label") != "org.example.web" || d.Text("RunAtLoad") != "" || d.Text("nothing") != "" {
		t.Error("texts")
	}
	if !d.True("RunAtLoad") || d.True("Disabled") || d.True("Label") {
		t.Error("truths")
	}
	if got := d.Texts("ProgramArguments"); len(got) != 5 || d.Texts("Label") != nil {
		t.Errorf("%q", got)
	}
	sockets := d.Dicts("Sockets")[0]
	if len(sockets.Dicts("Listeners")) != 2 || len(sockets.Dicts("Control")) != 1 || d.Dicts("Label") != nil {
		t.Error("dictionaries")
	}
}

func TestXMLByHand(t *testing.T) {
	for text, want := range map[string]Dict{
		`<plist><dict/></plist>`:                                                                       {},
		`<dict><key>a</key><string>b &amp; c</string></dict>`:                                          {"a": "b & c"},
		`<plist><!-- c --><dict> <key>a<!-- x -->b</key> <true></true></dict>`:                         {"ab": true},
		`<plist><dict><key>a</key><array><array/><integer> 0x1f </integer></array></dict></plist>`:     {"a": []any{[]any(nil), int64(31)}},
		`<plist><dict><key>a</key><string/><key>a</key><string>later</string></dict></plist>`:          {"a": "later"},
		`<plist><dict><key>a</key><string><![CDATA[<dict>]]></string></dict></plist>`:                  {"a": "<dict>"},
		`<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://x/y.dtd"><plist><dict/></plist>`: {},
	} {
		if got, err := Parse([]byte(text)); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
}

func TestNoLists(t *testing.T) {
	whole := file(t, "job.binary.plist")
	circle := built(1, [][]byte{{0xd1, 1, 0}, {0x51, 'a'}})
	wide := built(1, [][]byte{append([]byte{0xaf, 0x11, 0, 200}, make([]byte, 200)...)})
	heavy := built(2, [][]byte{append([]byte{0xd1, 0, 1, 0, 2}, 0), {0x51, 'a'}, append([]byte{0xaf, 0x11, 0x40, 0}, bytes.Repeat([]byte{0, 3}, 0x4000)...),
		append([]byte{0x5f, 0x12, 0, 8, 0, 0}, make([]byte, 8<<16)...)})
	for name, c := range map[string]struct {
		in  []byte
		err error
	}{
		"nothing":                       {nil, ErrShape},
		"text":                          {[]byte("Label = x"), ErrShape},
		"another document":              {[]byte("<html><body/></html>"), ErrShape},
		"an array":                      {[]byte("<plist><array/></plist>"), ErrShape},
		"an XML list that is cut":       {[]byte("<plist><dict><key>a</key><string>b"), ErrShape},
		"a key without a value":         {[]byte("<plist><dict><key>a</key></dict></plist>"), ErrShape},
		"a value without a key":         {[]byte("<plist><dict><true/></dict></plist>"), ErrShape},
		"a number that is none":         {[]byte("<plist><dict><key>a</key><integer>x</integer></dict></plist>"), ErrShape},
		"an element inside a text":      {[]byte("<plist><dict><key>a</key><string><b/></string></dict></plist>"), ErrShape},
		"an entity of its own":          {[]byte(`<!DOCTYPE p [<!ENTITY x "y">]><plist><dict><key>a</key><string>&x;</string></dict></plist>`), ErrShape},
		"deep":                          {[]byte("<plist><dict><key>a</key>" + strings.Repeat("<array>", 99)), ErrLarge},
		"a file that is too large":      {make([]byte, MaxSize+1), ErrLarge},
		"a binary list that is cut":     {whole[:len(whole)-1], ErrShape},
		"a binary list without its end": {whole[:headSize], ErrShape},
		"a circle":                      {circle, ErrLarge},
		"a circle of arrays":            {wide, ErrLarge},
		"one text, 16384 times":         {heavy, ErrLarge},
		"a key that is a number":        {built(1, [][]byte{{0xd1, 1, 1}, {0x10, 5}}), ErrShape},
		"a reference to nothing":        {built(1, [][]byte{{0xd1, 1, 9}, {0x51, 'a'}}), ErrShape},
		"a text that is too long":       {built(1, [][]byte{{0xd1, 1, 1}, {0x5e, 'a'}}), ErrShape},
	} {
		if d, err := Parse(c.in); !errors.Is(err, c.err) {
			t.Errorf("%s: %v %v", name, d, err)
		}
	}
}

// built makes a binary list of objects, the first of them the outermost.
func built(ref int, objects [][]byte) []byte {
	b := []byte("bplist00")
	var table []byte
	for _, o := range objects {
		table = binary.BigEndian.AppendUint32(table, uint32(len(b)))
		b = append(b, o...)
	}
	at := len(b)
	b = append(b, table...)
	b = append(b, 0, 0, 0, 0, 0, 0, 4, byte(ref))
	b = binary.BigEndian.AppendUint64(b, uint64(len(objects)))
	b = binary.BigEndian.AppendUint64(b, 0)
	return binary.BigEndian.AppendUint64(b, uint64(at))
}

func FuzzParse(f *testing.F) {
	f.Add(file(f, "job.binary.plist"))
	f.Add(file(f, "job.xml.plist"))
	f.Add(built(1, [][]byte{{0xd1, 1, 0}, {0x51, 'a'}}))
	f.Add(built(1, [][]byte{{0xd1, 1, 2}, {0x51, 'a'}, {0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}}))
	f.Add([]byte("<plist><dict><key>a</key><integer>-1</integer></dict></plist>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(b)
		if (d == nil) == (err == nil) {
			t.Errorf("%v %v", d, err)
		}
		for key := range d {
			d.Text(key)
			d.Texts(key)
			d.Dicts(key)
		}
	})
}

// byStandard is the texts and the tags of a document, as one line, by the standard
// library's reader.
func byStandard(b []byte) (line string, ok bool) {
	var s strings.Builder
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		t, err := d.Token()
		if err == io.EOF {
			return s.String(), true
		}
		if err != nil {
			return "", false
		}
		switch t := t.(type) {
		case xml.StartElement:
			s.WriteString("<" + t.Name.Local + ">")
		case xml.EndElement:
			s.WriteString("</" + t.Name.Local + ">")
		case xml.CharData:
			s.Write(t)
		}
	}
}

// byOwn is the same by this package's.
func byOwn(b []byte) (line string, ok bool) {
	var s strings.Builder
	l := &xmlList{b: b}
	for len(l.b) > 0 {
		text, t, err := l.next()
		if err != nil {
			return "", false
		}
		s.WriteString(text)
		if t.name != "" && !t.end {
			s.WriteString("<" + t.name + ">")
		}
		if t.name != "" && (t.end || t.empty) {
			s.WriteString("</" + t.name + ">")
		}
	}
	return s.String(), true
}

// A list that both readers take is read alike.
func TestXMLAsTheStandardLibrary(t *testing.T) {
	for _, b := range [][]byte{file(t, "job.xml.plist"), []byte("<a>&#x41;&#66;&lt;<b x='1'/> <!-- c --><![CDATA[&]]></a>"), []byte("<a>\u00e4</a>")} {
		own, ok := byOwn(b)
		standard, also := byStandard(b)
		if !ok || !also || own != standard {
			t.Errorf("%q\n%q", own, standard)
		}
	}
	for _, bad := range []string{"<a>&unknown;</a>", "<a>&amp</a>", "<a>&#0;</a>", "<a>&#xd800;</a>", "<a>\xff</a>", "<a", "<>", "</a/>", "<!-- ", "<![CDATA[", "<!DOCTYPE a [<!ENTITY x 'y'>]>"} {
		if line, ok := byOwn([]byte(bad)); ok {
			t.Errorf("%q: %q", bad, line)
		}
	}
}
