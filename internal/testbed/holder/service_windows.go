package holder

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// service is one Windows service of this process: it listens at addr while it runs.
type service struct {
	name, addr string
	hangs      bool // it never gets further than stopping
	yields     bool // it closes its listener when it is told to read its parameters
	proxies    bool // it listens, from then on, while the port proxy has an entry for it
	keeps      bool // it takes the order to read its parameters, and does nothing
	handle     windows.Handle
	stop       chan struct{}
	reread     chan struct{}
	once       sync.Once
}

// services gives this process to the service control manager as the host of
// services, each NAME=ADDR with ",hangs", ",yields", ",proxies" or ",keeps" behind it. It returns when all
// of them have stopped.
func services(words []string) error {
	byName := map[string]*service{}
	var table []windows.SERVICE_TABLE_ENTRY
	main := syscall.NewCallback(func(argc uint32, argv **uint16) uintptr {
		if argc > 0 {
			if s := byName[windows.UTF16PtrToString(*argv)]; s != nil {
				s.run()
			}
		}
		return 0
	})
	for _, w := range words {
		name, addr, ok := strings.Cut(w, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=ADDR", w)
		}
		wide, err := windows.UTF16PtrFromString(name)
		if err != nil {
			return err
		}
		addr, hangs := strings.CutSuffix(addr, ",hangs")
		addr, yields := strings.CutSuffix(addr, ",yields")
		addr, proxies := strings.CutSuffix(addr, ",proxies")
		addr, keeps := strings.CutSuffix(addr, ",keeps")
		byName[name] = &service{name: name, addr: addr, hangs: hangs, yields: yields, proxies: proxies, keeps: keeps, stop: make(chan struct{}), reread: make(chan struct{}, 1)}
		table = append(table, windows.SERVICE_TABLE_ENTRY{ServiceName: wide, ServiceProc: main})
	}
	table = append(table, windows.SERVICE_TABLE_ENTRY{})
	return windows.StartServiceCtrlDispatcher(&table[0])
}

func (s *service) run() {
	wide, err := windows.UTF16PtrFromString(s.name)
	if err != nil {
		return
	}
	control := syscall.NewCallback(func(code, _ uint32, _, _ uintptr) uintptr {
		switch code {
		case windows.SERVICE_CONTROL_STOP:
			s.once.Do(func() { close(s.stop) })
		case windows.SERVICE_CONTROL_PARAMCHANGE:
			select {
			case s.reread <- struct{}{}:
			default:
			}
		}
		return 0
	})
	if s.handle, err = windows.RegisterServiceCtrlHandlerEx(wide, control, uintptr(unsafe.Pointer(wide))); err != nil {
		return
	}
	s.report(windows.SERVICE_START_PENDING, 0)
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.report(windows.SERVICE_STOPPED, uint32(windows.WSAEADDRINUSE))
		return
	}
	s.report(windows.SERVICE_RUNNING, 0)
	if s.yields {
		go func() {
			<-s.reread
			_ = l.Close()
		}()
	}
	if s.proxies {
		l = s.proxy(l)
	}
	<-s.stop
	if s.hangs {
		s.report(windows.SERVICE_STOP_PENDING, 0)
		select {}
	}
	_ = l.Close()
	s.report(windows.SERVICE_STOPPED, 0)
}

// proxy listens as IP Helper does, until the service is stopped, and returns the
// listener that is left.
func (s *service) proxy(l net.Listener) net.Listener {
	for {
		select {
		case <-s.stop:
			return l
		case <-s.reread:
		}
		_ = l.Close()
		if !entry(s.addr) {
			continue
		}
		if again, err := net.Listen("tcp", s.addr); err == nil {
			l = again
		}
	}
}

// entry tells whether the port proxy has an entry for addr.
func entry(addr string) bool {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\PortProxy\v4tov4\tcp`, registry.QUERY_VALUE)
	if err != nil {
		return false
	}
	defer k.Close()
	_, _, err = k.GetStringValue(strings.Replace(addr, ":", "/", 1))
	return err == nil
}

func (s *service) report(state, exit uint32) {
	st := windows.SERVICE_STATUS{ServiceType: windows.SERVICE_WIN32_SHARE_PROCESS, CurrentState: state, Win32ExitCode: exit}
	if state == windows.SERVICE_RUNNING {
		st.ControlsAccepted = windows.SERVICE_ACCEPT_STOP
		if s.yields || s.proxies || s.keeps {
			st.ControlsAccepted |= windows.SERVICE_ACCEPT_PARAMCHANGE
		}
	}
	_ = windows.SetServiceStatus(s.handle, &st)
}
