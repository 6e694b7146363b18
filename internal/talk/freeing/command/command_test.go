package command

import (
	"io"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/freeing"
)

// free runs the words of berth free, and tells whether a desk was asked.
func free(words ...string) (asked bool, err error) {
	cmd := Shell{
		Change:   func(func(*freeing.Desk) (int, error)) error { asked = true; return nil },
		Endpoint: func(string, string) (fact.Endpoint, error) { return fact.Endpoint{Port: 80}, nil },
		From:     func() string { return "" }, Promised: func() []uint16 { return nil },
	}.Free()
	cmd.SetArgs(words)
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return asked, err
}

func TestPort(t *testing.T) {
	for text, good := range map[string]bool{"1": true, "9000": true, "65535": true, "65536": false, "99999": false, "0": false, "-1": false, "http": false, "": false} {
		asked, err := free("80", "--port="+text)
		if asked != good || (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
		if want := `invalid argument "` + text + `" for "--port" flag: a port is a number from 1 to 65535`; !good && err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{nil, "free needs an endpoint"},
		{[]string{"80", "81"}, "free takes one endpoint, and 2 were given"},
		{[]string{"80"}, ""},
		{[]string{"--remedy", "iplisten:repair"}, ""},
		{[]string{"--resume"}, ""},
	} {
		asked, err := free(c.words...)
		if asked != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%q: %v", c.words, err)
		}
	}
}
