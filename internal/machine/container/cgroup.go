package container

import "strings"

// Place is where a control group path says that a process lives.
//
// Containers nest (an engine inside a container of another). The fields name the
// outermost one: it is the one that a person on this host can see and stop.
type Place struct {
	Engine string // "docker", "podman", "containerd", "cri-o", "kubernetes" (a pod whose engine the path does not name), "lxc", "nspawn", "libvirt"
	ID     string // 64 hexadecimal digits, or the name where the engine goes by names (lxc, nspawn, libvirt)
	Pod    string // Kubernetes pod uid with dashes, or Podman's pod id
	User   string // uid of the user whose slice it is in: a rootless engine
	Inner  *Place // the innermost container, where others lie inside this one
}

// FromCgroup reads a control group path (cgroup v1, v2 or hybrid, as in the
// third field of /proc/PID/cgroup) and tells which container it is in. It is
// false for host processes, for the engines themselves and for their monitors
// (conmon, lxc.monitor, nspawn's supervisor). It is pure and never blocks.
func FromCgroup(path string) (Place, bool) {
	var outer, inner, above Place
	var s scan
	found, justNow := 0, false
	for seg := range strings.SplitSeq(path, "/") {
		p, ok := s.place(seg)
		switch {
		case ok && found == 0:
			outer, inner, found = p, p, 1
		case ok:
			above, inner, found = inner, p, found+1
		case justNow && seg == "supervisor" && inner.Engine == "nspawn": // systemd-nspawn itself
			inner, found = above, found-1
		}
		justNow, s.prev = ok, seg
	}
	if found == 0 {
		return Place{}, false
	}
	if found > 1 {
		deepest := inner
		outer.Inner = &deepest
	}
	return outer, true
}

// scan is what the segments to the left of the current one have told.
type scan struct {
	prev string
	pod  string
	user string
	kube bool // below a kubepods group
	ecs  bool
}

func (s *scan) place(seg string) (Place, bool) {
	s.note(seg)
	engine, id := s.named(seg)
	if id == "" {
		engine, id = s.bare(seg)
	}
	if id == "" {
		return Place{}, false
	}
	p := Place{Engine: engine, ID: id, Pod: s.pod, User: s.user}
	s.pod, s.user, s.kube, s.ecs = "", "", false, false
	return p, true
}

// note keeps what a segment tells about those below it.
func (s *scan) note(seg string) {
	switch {
	case strings.HasPrefix(seg, "user-"):
		s.setUser(seg[len("user-"):], ".slice")
	case strings.HasPrefix(seg, "user@"):
		s.setUser(seg[len("user@"):], ".service")
	case seg == "ecs":
		s.ecs = true
	case strings.Contains(seg, "kubepods"):
		s.kube = true
		if uid := sliceUID(seg); uid != "" {
			s.pod = uid
		}
	case s.kube && strings.HasPrefix(seg, "pod"):
		if uid := seg[len("pod"):]; isPodUID(uid) {
			s.pod = uid
		}
	case strings.HasPrefix(seg, "machine-libpod_pod_"), strings.HasPrefix(seg, "user-libpod_pod_"):
		_, rest, _ := strings.Cut(seg, "libpod_pod_")
		if id := strings.TrimSuffix(rest, ".slice"); isID(id) {
			s.pod = id
		}
	case s.prev == "libpod_parent" && isID(seg):
		s.pod = seg
	}
}

func (s *scan) setUser(seg, suffix string) {
	if uid, ok := strings.CutSuffix(seg, suffix); ok && isDigits(uid) {
		s.user = uid
	}
}

// named reads the segments that name their engine themselves.
func (s *scan) named(seg string) (engine, id string) {
	base := strings.TrimSuffix(seg, ".scope")
	for _, e := range []struct{ prefix, engine string }{
		{"docker-", "docker"},
		{"libpod-", "podman"},
		{"libpod-payload-", "podman"}, // podman run --cgroups=split: quadlet
		{"cri-containerd-", "containerd"},
		{"nerdctl-", "containerd"},
		{"crio-", "cri-o"},
	} {
		if rest, ok := strings.CutPrefix(base, e.prefix); ok && isID(rest) {
			return e.engine, rest
		}
	}
	if _, rest, ok := strings.Cut(seg, ":cri-containerd:"); ok && isID(rest) {
		return "containerd", rest
	}
	if name, ok := strings.CutPrefix(seg, "lxc.payload."); ok {
		return "lxc", name
	}
	return machine(seg, s.prev)
}

// machine reads systemd-machined's scopes and the units of systemd-nspawn.
func machine(seg, prev string) (engine, id string) {
	if name, ok := strings.CutPrefix(seg, "systemd-nspawn@"); ok {
		if name, ok = strings.CutSuffix(name, ".service"); ok {
			return "nspawn", unescape(name)
		}
	}
	name, ok := strings.CutPrefix(seg, "machine-")
	if !ok || prev != "machine.slice" {
		return "", ""
	}
	if name, ok = strings.CutSuffix(name, ".scope"); !ok {
		return "", ""
	}
	name = unescape(name)
	for _, kind := range []string{"qemu-", "lxc-"} { // libvirt: KIND-NUMBER-NAME
		if rest, ok := strings.CutPrefix(name, kind); ok {
			if n, domain, ok := strings.Cut(rest, "-"); ok && isDigits(n) && domain != "" {
				return "libvirt", domain
			}
		}
	}
	return "nspawn", name
}

// bare reads the segments that mean a container only by what is left of them.
func (s *scan) bare(seg string) (engine, id string) {
	switch s.prev {
	case "lxc", "lxc.payload":
		return "lxc", seg
	}
	if !isID(seg) {
		return "", ""
	}
	switch {
	case s.kube && s.pod != "":
		return "kubernetes", seg
	case s.prev == "docker", s.ecs:
		return "docker", seg
	case s.prev == "default", s.prev == "k8s.io": // containerd's namespaces
		return "containerd", seg
	}
	return "", ""
}

// sliceUID takes the pod uid out of "kubepods-burstable-pod<uid>.slice", where
// systemd's rules turned its dashes to underscores.
func sliceUID(seg string) string {
	i := strings.LastIndex(seg, "-pod")
	if i < 0 {
		return ""
	}
	uid, _, ok := strings.Cut(seg[i+len("-pod"):], ".slice")
	if !ok {
		return ""
	}
	uid = strings.ReplaceAll(uid, "_", "-")
	if !isPodUID(uid) {
		return ""
	}
	return uid
}

// isPodUID accepts a UUID, or the 32 digits of a static pod's hash.
func isPodUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && isHex(strings.ReplaceAll(s, "-", "")) || len(s) == 32 && isHex(s)
}

func isID(s string) bool { return len(s) == 64 && isHex(s) }

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// unescape undoes systemd's \xNN in unit names.
func unescape(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x' {
			if hi, lo := nibble(s[i+2]), nibble(s[i+3]); hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func nibble(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
