package sockdiag_test

import (
	"errors"
	"io/fs"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/sys/sockdiag"
	"github.com/berthd/berth/internal/testbed"
)

// A listener's end is told, with its address; a socket that stays is not.
func TestNetnsEnds(t *testing.T) {
	testbed.Netns(t, func() {
		ends, err := sockdiag.OpenEnds()
		if err != nil {
			t.Fatal(err)
		}
		defer ends.Close()
		listen(t, 81)
		if err := unix.Close(listen(t, 80)); err != nil {
			t.Fatal(err)
		}
		var row sockdiag.Row
		if err := ends.Next(&row); err != nil || row.Local != netip.MustParseAddrPort("127.0.0.1:80") {
			t.Errorf("%+v, %v", row, err)
		}
		done := make(chan error)
		go func() { done <- ends.Next(&row) }()
		if err := ends.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, fs.ErrClosed) {
			t.Errorf("after Close: %v, %+v", err, row)
		}
	})
}

func listen(t *testing.T, port int) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 1)); err != nil {
		t.Fatal(err)
	}
	return fd
}
