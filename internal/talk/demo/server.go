package demo

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// server is one that has its endpoint in a file, and goes along when the file changes.
type server struct {
	folder, file string
	mu           sync.Mutex
	listener     net.Listener
	quit, ended  chan struct{}
}

// serve starts a server that has the listener's endpoint.
func serve(l net.Listener) (*server, error) {
	folder, err := os.MkdirTemp("", "berth-demo-")
	if err == nil {
		folder, err = filepath.EvalSymlinks(folder)
	}
	if err != nil {
		return nil, err
	}
	s := &server{folder: folder, file: filepath.Join(folder, "server.conf"), listener: l, quit: make(chan struct{}), ended: make(chan struct{})}
	if err := os.WriteFile(s.file, []byte(setting(l.Addr().String())), 0o600); err != nil {
		os.RemoveAll(folder)
		return nil, err
	}
	go s.follow()
	return s, nil
}

// setting is the file of a server at an endpoint.
func setting(at string) string { return fmt.Sprintf("# Where this server listens.\nlisten %s\n", at) }

// follow moves the server when its file says another endpoint.
func (s *server) follow() {
	defer close(s.ended)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	was := s.stamp()
	for {
		select {
		case <-s.quit:
			return
		case <-tick.C:
		}
		if now := s.stamp(); now != was {
			was = now
			s.move()
		}
	}
}

// stamp is told apart where the file has been written again.
func (s *server) stamp() string {
	i, err := os.Stat(s.file)
	if err != nil {
		return ""
	}
	return i.ModTime().String() + fmt.Sprint(i.Size())
}

func (s *server) move() {
	text, err := os.ReadFile(s.file)
	_, at, ok := strings.Cut(string(text), "\nlisten ")
	if err != nil || !ok {
		return
	}
	l, err := net.Listen("tcp4", strings.TrimSpace(at))
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener.Close()
	s.listener = l
}

// end lets the port go and leaves nothing.
func (s *server) end() error {
	close(s.quit)
	<-s.ended
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.listener.Close()
	os.RemoveAll(s.folder)
	return err
}

// beside is a port near at that is free now.
func beside(at netip.AddrPort) (netip.AddrPort, bool) {
	for port := at.Port() + 1; port > at.Port() && port <= at.Port()+20; port++ {
		next := netip.AddrPortFrom(at.Addr(), port)
		if l, err := net.Listen("tcp4", next.String()); err == nil {
			l.Close()
			return next, true
		}
	}
	return at, false
}
