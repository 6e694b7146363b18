package fact

import (
	"encoding/json"
	"testing"
)

func TestNamesInAFile(t *testing.T) {
	for in, ok := range map[string]bool{
		`{"proto":"tcp","state":"fin-wait-1"}`: true, `{"proto":"a-later-one2","state":""}`: true,
		`{"proto":"TCP"}`: false, `{"proto":"tcp\n"}`: false, `{"state":"\u001b[2J"}`: false,
		`{"state":"listen listen listen listen listen"}`: false,
	} {
		var s Socket
		if err := json.Unmarshal([]byte(in), &s); (err == nil) != ok {
			t.Errorf("%s: %v", in, err)
		}
	}
}
