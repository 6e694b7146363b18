package wsl

import (
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

func TestReadInside(t *testing.T) {
	files := map[string]string{"proc/sys/kernel/osrelease": "6.6.87.2-microsoft-standard-WSL2\n"}
	if got := readFrom(testbed.Tree(t, files)); len(got.Gaps) != 1 || got.Gaps[0].Err != "" {
		t.Errorf("%+v", got)
	}
	files["sys/class/net/loopback0"] = ""
	if got := readFrom(testbed.Tree(t, files)); len(got.Gaps) != 1 || got.Gaps[0].Err == "" || len(got.Machine.Settings) != 1 {
		t.Errorf("mirrored: %+v", got)
	}
	if got := readFrom(testbed.Tree(t, nil)); len(got.Gaps) > 0 {
		t.Errorf("an empty tree: %+v", got)
	}
}
