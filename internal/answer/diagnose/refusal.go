package diagnose

import (
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/answer/logline"
	"github.com/berthd/berth/internal/fact"
)

// inUse is the error of a bind whose endpoint somebody has.
const inUse = "EADDRINUSE"

// logged is what one log line says of a failed bind.
type logged struct {
	port  uint16
	errno string
	line  fact.LogLine
}

// bindFailure reads a log line. A line that does not say why the bind failed
// counts as "in use": that is what a server that hides the reason met most often.
func bindFailure(l fact.LogLine) (logged, bool) {
	f, ok := logline.Parse(l.Text)
	if !ok || f.Port == 0 {
		return logged{}, false
	}
	r := logged{port: f.Port, errno: f.Errno, line: l}
	if r.errno == "" {
		r.errno = inUse
	}
	return r, true
}

// refused finds the last line in which a unit that does not run says that it was
// refused the port.
func (w *who) refused(u *fact.Unit) (logged, bool) {
	if u.Active != "failed" && u.Active != "activating" && u.Sub != "auto-restart" {
		return logged{}, false
	}
	for _, l := range slices.Backward(u.Log) {
		if f, ok := bindFailure(l); ok && f.port == w.q.Endpoint.Port {
			return f, true
		}
	}
	return logged{}, false
}

// otherwise tells of a unit that was refused for another reason than a holder:
// rights, an address that is not (or was not yet) here, a family that is off.
func (w *who) otherwise(u *fact.Unit, r logged) {
	w.say(RuleNewcomerRefused, Certain, map[string]string{
		"line": r.line.Text, "errno": r.errno,
		"noNewPrivileges": strconv.FormatBool(u.NoNewPrivs),
		"netBindCap":      strconv.FormatBool(u.AmbientCaps&(1<<capNetBindService) != 0),
	}, u.ID)
}

// capNetBindService is CAP_NET_BIND_SERVICE of linux/capability.h.
const capNetBindService = 10
