package httpsys

import (
	"testing"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// What the standard way of asking says of the driver, this one says too.
func TestStopped(t *testing.T) {
	m, err := mgr.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Disconnect()
	s, err := m.OpenService("HTTP")
	if err != nil {
		if !stopped() {
			t.Errorf("HTTP is not there (%v) and seems to run", err)
		}
		return
	}
	defer s.Close()
	status, err := s.Query()
	if err != nil {
		t.Fatal(err)
	}
	if got := stopped(); got != (status.State == svc.Stopped) {
		t.Errorf("stopped %v, state %d", got, status.State)
	}
}
