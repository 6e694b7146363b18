package httpsys

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"sync"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netsh"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
	"github.com/berthd/berth/internal/sys/winapi/ntdll"
)

func read(ctx context.Context, q Query) (fact.Set, error) {
	if ntdll.WineVersion() == "" && stopped() { // Wine's configuration is a gap of its own
		return asleep(q), nil
	}
	var configured fact.Set
	var beside sync.WaitGroup // a command takes its time, and has nothing to do with the configuration
	if q.Config {
		beside.Go(func() { configured = readConfig(ctx, systemConfig()) })
	}
	set := readShown(ctx, q, netsh.Read)
	beside.Wait()
	set.Add(configured)
	return set, nil
}

func systemConfig() config {
	names := accounts{known: map[string]account{}, machine: machineSID()}
	return config{
		open: httpapi.Initialize, close: func() { _ = httpapi.Terminate() },
		row: row, list: func() (httpapi.Buffer, error) { return query[byte](httpapi.IPListen, nil) }, timer: timer,
		account: names.of, wine: ntdll.WineVersion() != "",
	}
}

func row(table httpapi.ConfigID, token uint32) (httpapi.Buffer, error) {
	switch table {
	case httpapi.URLACL:
		return query(table, &httpapi.URLACLQuery{Desc: httpapi.QueryNext, Token: token})
	case httpapi.SSLCert:
		return query(table, &httpapi.SSLQuery{Desc: httpapi.QueryNext, Token: token})
	case httpapi.CCSCert:
		return query(table, &httpapi.CCSQuery{Desc: httpapi.QueryNext, Token: token})
	}
	return query(table, &httpapi.SNIQuery{Desc: httpapi.QueryNext, Token: token})
}

// maxBuffer bounds one row, or the listen list.
const maxBuffer = 1 << 20

// query asks with a buffer that grows until it is large enough.
func query[In any](id httpapi.ConfigID, in *In) (httpapi.Buffer, error) {
	size := 4096
	for {
		b, need, err := httpapi.Query(id, in, size)
		if !errors.Is(err, httpapi.ErrTooSmall) && !errors.Is(err, httpapi.ErrMoreData) || size >= maxBuffer {
			return b, err
		}
		size = min(max(need, 2*size), maxBuffer)
	}
}

func timer(key httpapi.TimeoutKey) (uint16, error) {
	b, err := query(httpapi.Timeout, &key)
	if err != nil {
		return 0, err
	}
	seconds := binary.LittleEndian.Uint16(b.Data)
	if seconds == 0 { // no timer is: nothing was written
		return 0, httpapi.ErrNotSupported
	}
	return seconds, nil
}

// accounts remembers the names of SIDs.
type accounts struct {
	known   map[string]account
	machine string // what the SIDs of the machine's own accounts begin with; "" where unknown
}

func machineSID() string {
	name, err := windows.ComputerName()
	if err != nil {
		return ""
	}
	sid, _, kind, err := windows.LookupSID("", name)
	if err != nil || kind != windows.SidTypeDomain {
		return ""
	}
	return sid.String()
}

func (a accounts) of(text string) account {
	if known, ok := a.known[text]; ok {
		return known
	}
	found := a.lookUp(text)
	a.known[text] = found
	return found
}

func (a accounts) lookUp(text string) account {
	sid, err := windows.StringToSid(text)
	if err != nil {
		return account{}
	}
	found := account{sid: sid.String()}
	name, domain, _, err := sid.LookupAccount("")
	switch {
	case errors.Is(err, windows.ERROR_NONE_MAPPED):
		found.gone = goneIf(found.sid, a.machine)
	case err == nil:
		found.name = strings.TrimPrefix(domain+`\`+name, `\`)
		found.gone = new(bool)
	}
	return found
}
