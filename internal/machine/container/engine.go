package container

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/container/engineapi"
	"github.com/berthd/berth/internal/sys/pipe"
)

// Limits of what is taken from one engine.
const (
	maxContainers = 4096
	maxOne        = 256 << 10 // bytes of one container's JSON
	maxInspect    = 32        // containers asked about one by one, in all
)

// answer is one engine's list of containers.
type answer struct {
	engine string
	place  place
	rows   []fact.Container
	cut    bool
}

// listed is what an entry of GET /containers/json says, as far as berth reads it.
type listed struct {
	ID     string `json:"Id"`
	Names  []string
	Image  string
	State  string
	Labels map[string]string
	Ports  []struct {
		IP          string
		PrivatePort int
		PublicPort  int
		Type        string
	}
	HostConfig      struct{ NetworkMode string }
	NetworkSettings struct{ Networks map[string]attached }
}

// attached is a container's end of one network.
type attached struct {
	IPAddress         string
	GlobalIPv6Address string
}

// list asks an engine for all its containers.
func list(ctx context.Context, dial engineapi.Dialer, at place, engine string) (answer, error) {
	r, err := engineapi.Do(ctx, dial, at.path, engineapi.Request{Target: "/containers/json?all=1"})
	if err != nil {
		return answer{}, err
	}
	if r.Status != 200 {
		return answer{}, fmt.Errorf("status %d", r.Status)
	}
	if r.Podman {
		engine = "podman"
	}
	a := answer{engine: engine, place: at}
	a.rows, a.cut, err = decodeList(r.Body, engine, at)
	a.cut = a.cut || r.Cut
	if r.Cut && len(a.rows) > 0 {
		err = nil
	}
	return a, err
}

// decodeList reads the engine's array entry by entry, within limits; cut tells
// that something was left out.
func decodeList(body []byte, engine string, at place) (rows []fact.Container, cut bool, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return nil, false, errors.New("no list of containers")
	}
	for dec.More() {
		if len(rows) >= maxContainers {
			return rows, true, nil
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return rows, cut, err
		}
		var l listed
		if len(raw) > maxOne || json.Unmarshal(raw, &l) != nil || !isID(l.ID) {
			cut = true
			continue
		}
		rows = append(rows, l.row(engine, at))
	}
	return rows, cut, nil
}

func (l listed) row(engine string, at place) fact.Container {
	c := fact.Container{
		Engine: engine, Full: l.ID, Image: l.Image, State: l.State,
		Project: label(l.Labels, "project"), Service: label(l.Labels, "service"),
		WorkDir: label(l.Labels, "project.working_dir"),
		Network: network(l.HostConfig.NetworkMode), User: at.uid, Keeper: Keeper(l.Labels),
	}
	if len(l.Names) > 0 {
		c.Name = strings.TrimPrefix(l.Names[0], "/")
	}
	for _, n := range l.NetworkSettings.Networks {
		for _, text := range []string{n.IPAddress, n.GlobalIPv6Address} {
			if ip, err := netip.ParseAddr(text); err == nil {
				c.IPs = append(c.IPs, ip.Unmap())
			}
		}
	}
	slices.SortFunc(c.IPs, netip.Addr.Compare)
	for _, p := range l.Ports {
		c.Ports = appendPort(c.Ports, p.Type, p.IP, p.PublicPort, p.PrivatePort)
	}
	return *row(c, apiEvidence(engine, at.path))
}

func apiEvidence(engine, path string) string { return engine + " API on " + path }

// Keeper reads from a container's labels who else starts it, or another in its place,
// when it stops; "" for nobody. See [fact.Container].
func Keeper(labels map[string]string) string {
	switch {
	case labels["PODMAN_SYSTEMD_UNIT"] != "":
		return "systemd:" + labels["PODMAN_SYSTEMD_UNIT"]
	case labels["com.docker.swarm.service.id"] != "":
		return "swarm:" + labels["com.docker.swarm.service.name"]
	case labels["io.kubernetes.pod.name"] != "":
		return "kubernetes:" + labels["io.kubernetes.pod.name"]
	}
	return ""
}

// label is a compose label: Docker's own prefix, or podman-compose's.
func label(labels map[string]string, name string) string {
	if v := labels["com.docker.compose."+name]; v != "" {
		return v
	}
	return labels["io.podman.compose."+name]
}

// network turns "default" into what it means.
func network(mode string) string {
	if mode == "default" {
		return "bridge"
	}
	return mode
}

// appendPort appends one entry of the book; what is exposed but not published, or
// is no port, is left out. Podman leaves the address out where it means all.
func appendPort(to []fact.PublishedPort, proto, ip string, host, inside int) []fact.PublishedPort {
	if host < 1 || host > 65535 || inside < 1 || inside > 65535 {
		return to
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		addr = netip.IPv4Unspecified()
	}
	p := fact.PublishedPort{Proto: fact.Proto(proto), Host: netip.AddrPortFrom(addr.Unmap(), uint16(host)), Container: uint16(inside)}
	if slices.Contains(to, p) {
		return to
	}
	return append(to, p)
}

// inspected is what GET /containers/ID/json adds.
type inspected struct {
	State      struct{ Pid int }
	HostConfig struct {
		NetworkMode   string
		AutoRemove    bool
		RestartPolicy struct {
			Name              string
			MaximumRetryCount int
		}
		PortBindings map[string][]struct{ HostIP, HostPort string }
	}
}

// inspect asks for what the list leaves out. id must be hexadecimal.
func inspect(ctx context.Context, dial engineapi.Dialer, at place, id string) (inspected, error) {
	var in inspected
	if !isID(id) {
		return in, errors.New("no container id")
	}
	r, err := engineapi.Do(ctx, dial, at.path, engineapi.Request{Target: "/containers/" + id + "/json"})
	if err != nil {
		return in, err
	}
	if r.Status != 200 {
		return in, fmt.Errorf("status %d", r.Status)
	}
	return in, json.Unmarshal(r.Body, &in)
}

// fill adds to c what was inspected. The ports of a container that does not run
// are only here.
func (in inspected) fill(c *fact.Container) {
	c.Restart, c.AutoRemove = in.HostConfig.RestartPolicy.Name, in.HostConfig.AutoRemove
	if n := in.HostConfig.RestartPolicy.MaximumRetryCount; c.Restart == "on-failure" && n > 0 {
		c.Restart += ":" + strconv.Itoa(n)
	}
	if mode := network(in.HostConfig.NetworkMode); mode != "" {
		c.Network = mode
	}
	if len(c.Ports) > 0 {
		return
	}
	for key, bindings := range in.HostConfig.PortBindings {
		inside, proto, _ := strings.Cut(key, "/")
		for _, b := range bindings {
			c.Ports = appendPort(c.Ports, proto, b.HostIP, number(b.HostPort), number(inside))
		}
	}
	slices.SortFunc(c.Ports, func(a, b fact.PublishedPort) int {
		return cmp.Or(a.Host.Compare(b.Host), cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Container, b.Container))
	})
}

// number reads a port; what is none is 0.
func number(text string) int {
	n := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' || n > 65535 {
			return 0
		}
		n = n*10 + int(text[i]-'0')
	}
	return n
}

// askAll asks the engines that the clues point at; without any, Docker alone:
// Podman has no book apart from its listeners.
func (r *reader) askAll(ctx context.Context) {
	type want struct{ engine, uid string }
	var wants []want
	add := func(w want) {
		if !slices.Contains(wants, w) {
			wants = append(wants, w)
		}
	}
	if r.bookOnly {
		add(want{"docker", ""})
		add(want{"docker", r.do.self()})
	}
	for _, c := range r.clues {
		switch {
		case !c.askable():
		case c.engine == "":
			add(want{"docker", c.uid})
			add(want{"podman", c.uid})
		default:
			add(want{c.engine, c.uid})
		}
	}
	asked := map[string]bool{}
	for _, w := range wants {
		r.ask(ctx, w.engine, r.places(w.engine, w.uid), asked)
	}
}

// places are the sockets to try: one that an engine's command line named first.
func (r *reader) places(engine, uid string) []place {
	var out []place
	for _, c := range r.clues {
		if p := (place{path: c.api, uid: c.uid}); c.api != "" && c.engine == engine && c.uid == uid && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return append(out, r.do.sockets(engine, uid)...)
}

func (r *reader) ask(ctx context.Context, engine string, places []place, asked map[string]bool) {
	found := false
	for _, at := range places {
		if asked[at.path] {
			found = true
			continue
		}
		if state := r.askOne(ctx, engine, at); state != "absent" {
			asked[at.path], found = true, true
		}
	}
	if !found && !r.bookOnly && len(places) > 0 {
		r.engineRow(engine, places[0], "absent", 0)
	}
}

// askOne asks the engine behind one socket and notes how that went.
func (r *reader) askOne(ctx context.Context, engine string, at place) (state string) {
	if r.do.dormant(engine, at.path) {
		r.engineRow(engine, at, "dormant", 0)
		if !r.bookOnly { // an engine that does not run has allocated nothing
			r.set.AddGaps(fact.Gap{
				Kind: fact.GapNoEngine, Subject: at.path, Err: "not running; asking it would start it",
				Hint: "start " + engine + ", then ask again",
			})
		}
		return "dormant"
	}
	ctx, cancel := context.WithTimeout(ctx, r.q.Timeout)
	defer cancel()
	a, err := list(ctx, r.do.dial, at, engine)
	switch {
	case err == nil:
		r.answers = append(r.answers, a)
		r.engineRow(a.engine, at, "answered", len(a.rows))
		if a.cut {
			r.set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: at.path, Err: fmt.Sprintf("%d containers read, not all", len(a.rows))})
		}
		return "answered"
	case errors.Is(err, fs.ErrNotExist):
		return "absent"
	case errors.Is(err, fs.ErrPermission):
		r.engineRow(engine, at, "closed", 0)
		r.set.AddGaps(fact.Gap{Kind: fact.GapNoEngine, Subject: at.path, Err: "permission denied", Hint: closedHint(engine, at)})
		return "closed"
	}
	r.engineRow(engine, at, "silent", 0)
	r.set.AddGaps(fact.Gap{Kind: fact.GapNoEngine, Subject: at.path, Err: reason(err), Hint: "see whether " + engine + " is running"})
	return "silent"
}

// reason is what the system said, without the path that the gap names anyway.
func reason(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}

func closedHint(engine string, at place) string {
	switch {
	case strings.HasPrefix(at.path, pipe.Root):
		return "run as administrator, or as a member of group docker-users"
	case at.uid != "":
		return "run as the user with uid " + at.uid + ", or as root"
	case engine == "docker":
		return "run as root, or as a member of group docker"
	}
	return "run as root"
}

func (r *reader) engineRow(engine string, at place, state string, containers int) {
	r.set.Engines = append(r.set.Engines, fact.Engine{
		ID: fact.EngineID(engine, at.path), Name: engine, Path: at.path, User: at.uid,
		State: state, Containers: containers, Evidence: apiEvidence(engine, at.path),
	})
}
