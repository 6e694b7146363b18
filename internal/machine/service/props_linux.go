package service

import (
	"net/netip"
	"strings"
	"time"

	"github.com/berthd/berth/internal/fact"
)

// unitPath is the object path of a unit: every byte that is no letter or digit,
// and a leading digit, is written as _ and two hex digits.
func unitPath(name string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	b.WriteString("/org/freedesktop/systemd1/unit/")
	for i := range len(name) {
		c := name[i]
		if !isAlnum(c) || i == 0 && '0' <= c && c <= '9' {
			b.Write([]byte{'_', hex[c>>4], hex[c&15]})
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// setOne writes one property, by the manager's own name for it, into u. Unknown
// names and values of another type are left alone.
func setOne(u *fact.Unit, key string, value any) {
	switch v := value.(type) {
	case string:
		setString(u, key, v)
	case []string:
		setNames(u, key, v)
	case bool:
		setBool(u, key, v)
	case uint32:
		setNumber(u, key, uint64(v))
	case int32:
		setNumber(u, key, uint64(max(v, 0)))
	case uint64:
		setNumber(u, key, v)
	case [][]any:
		setRows(u, key, v)
	}
}

func setString(u *fact.Unit, key, v string) {
	switch key {
	case "Description":
		u.Description = v
	case "LoadState":
		u.Load = v
	case "ActiveState":
		u.Active = v
	case "SubState":
		u.Sub = v
	case "Result":
		u.Result = v
	case "UnitFileState":
		u.FileState = v
	case "FragmentPath":
		u.Fragment = v
	case "Restart":
		u.Restart = v
	case "KillMode":
		u.KillMode = v
	case "User":
		u.User = v
	case "BindIPv6Only":
		u.BindIPv6Only = v
	}
}

func setNames(u *fact.Unit, key string, v []string) {
	if len(v) == 0 {
		return
	}
	switch key {
	case "Triggers":
		u.Triggers = v
	case "TriggeredBy":
		u.TriggeredBy = v
	}
}

func setBool(u *fact.Unit, key string, v bool) {
	switch key {
	case "NoNewPrivileges":
		u.NoNewPrivs = v
	case "Accept":
		u.Accept = v
	}
}

func setNumber(u *fact.Unit, key string, v uint64) {
	switch key {
	case "MainPID":
		u.MainPID = int(v)
	case "NRestarts":
		u.NRestarts = uint32(v)
	case "ExecMainStatus":
		u.ExitStatus = int(v)
	case "AmbientCapabilities":
		u.AmbientCaps = v
	case "StateChangeTimestamp":
		if v != 0 {
			u.Changed = time.UnixMicro(int64(v)).UTC()
		}
	}
}

// setRows takes the first path of ExecStart and the pairs of Listen.
func setRows(u *fact.Unit, key string, rows [][]any) {
	switch key {
	case "ExecStart":
		u.ExecStart = ""
		if len(rows) > 0 && len(rows[0]) > 0 {
			u.ExecStart, _ = rows[0][0].(string)
		}
	case "Listen":
		u.Listens = nil
		for _, row := range rows {
			if len(row) < 2 {
				continue
			}
			var l fact.ListenOn
			l.Kind, _ = row[0].(string)
			l.Address, _ = row[1].(string)
			l.Local, _ = netip.ParseAddrPort(l.Address)
			u.Listens = append(u.Listens, l)
		}
	}
}
