package xmltext_test

import (
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/xmltext"
)

const sample = "<?xml version='1.0' encoding=\"UTF-8\"?>\r\n<!DOCTYPE a [ <!ENTITY x \">\"> <!-- > --> ]>\r\n<!-- <b port=\"1\"/> -->\r\n" +
	"<a  one = \"1&amp;2\"\r\n   two='\u00e4&#x42;&#67;&x;\"' >te>xt<b port=\"80\"/><![CDATA[<c>]]></a >\r\n"

// wide is text in UTF-16 with a byte order mark.
func wide(text string, order binary.AppendByteOrder) string {
	out := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return string(out)
}

func encodings(text string) map[string]string {
	return map[string]string{
		"UTF-8": text, "UTF-8 with a mark": "\ufeff" + text,
		"UTF-16LE": wide(text, binary.LittleEndian), "UTF-16BE": wide(text, binary.BigEndian),
	}
}

func TestParse(t *testing.T) {
	for name, data := range encodings(sample) {
		t.Run(name, func(t *testing.T) {
			d, err := xmltext.Parse([]byte(data))
			if err != nil {
				t.Fatal(err)
			}
			if string(d.Bytes()) != data {
				t.Errorf("%q became %q", data, d.Bytes())
			}
			if len(d.Elements) != 2 {
				t.Fatalf("%+v", d.Elements)
			}
			a, b := d.Elements[0], d.Elements[1]
			if d := cmp.Diff([]any{"a", -1, 4, "1&2", "\u00e4BC&x;\"", 5}, []any{a.Name, a.Parent, a.Line, a.Value("one"), a.Value("two"), a.Attrs[1].Line}); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]any{"b", 0, 5, "80", ""}, []any{b.Name, b.Parent, b.Line, b.Value("port"), b.Value("one")}); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSet(t *testing.T) {
	for name, data := range encodings(sample) {
		t.Run(name, func(t *testing.T) {
			d, err := xmltext.Parse([]byte(data))
			if err != nil {
				t.Fatal(err)
			}
			f := confedit.File{Name: "x", Data: []byte(data)}
			port, _ := d.Elements[1].Attr("port")
			one, _ := d.Elements[0].Attr("one")
			if !port.Plain() || one.Plain() {
				t.Error("which of them is plain?")
			}
			got, err := confedit.Apply(f, []confedit.Edit{d.Part("x", port, 1, 2, "1"), d.Set("x", one, `<"&`)})
			if err != nil {
				t.Fatal(err)
			}
			again, err := xmltext.Parse(got)
			if err != nil {
				t.Fatal(err)
			}
			if p, o := again.Elements[1].Value("port"), again.Elements[0].Value("one"); p != "81" || o != `<"&` {
				t.Errorf("%q %q", p, o)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, bad := range []string{
		"<a", "<a>", "</a>", "<a></b>", "<!-- x", "<?x", "<![CDATA[ x", "<!DOCTYPE a", "<!DOCTYPE a \"", "<>", "<a b>", "<a b=c/>", "<a b='c/>",
		"<a><b></a></b>", "\xff\xfea", "\xff\xfe\x00\xd8a\x00", "\xfe\xff\xd8\x00",
	} {
		if _, err := xmltext.Parse([]byte(bad)); !errors.Is(err, confedit.ErrSyntax) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{"", "x", "<a></a>", "<a/>", "<a\n/>", "<a b = 'c'/>", "<!DOCTYPE a>", "\xff\xfe\x3d\xd8\x00\xde"} {
		if _, err := xmltext.Parse([]byte(good)); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

// FuzzParse: what is read is printed as it was, and each attribute is where it says.
func FuzzParse(f *testing.F) {
	for _, data := range encodings(sample) {
		f.Add([]byte(data))
	}
	f.Add([]byte("<a b='&#1114111;&#x0;&'/>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := xmltext.Parse(data)
		if err != nil {
			return
		}
		if string(d.Bytes()) != string(data) {
			t.Fatalf("%q became %q", data, d.Bytes())
		}
		for _, e := range d.Elements {
			for _, a := range e.Attrs {
				if got := string(data[a.From:a.To]); got != d.Encode(a.Raw) {
					t.Fatalf("%q: %s is %q, not %q", data, a.Name, got, a.Raw)
				}
			}
		}
	})
}
