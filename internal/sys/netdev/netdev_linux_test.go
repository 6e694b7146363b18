package netdev

import "testing"

func TestName(t *testing.T) {
	if got := Name(1); got != "lo" {
		t.Errorf("interface 1 is %q, want lo", got)
	}
	if got := Name(0x7ffffff0); got != "" {
		t.Errorf("an interface that is not there is called %q", got)
	}
}
