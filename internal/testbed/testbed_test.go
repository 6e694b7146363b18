package testbed_test

import (
	"net"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

func TestNetnsHasPortEightyOfItsOwn(t *testing.T) {
	hold := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	testbed.Netns(t, func() {
		defer hold().Close()
		testbed.Netns(t, func() { // a second namespace does not see the first one's port
			defer hold().Close()
			if _, err := net.Listen("tcp", "127.0.0.1:80"); err == nil {
				t.Error("port 80 could be bound twice in one namespace")
			}
		})
	})
}
