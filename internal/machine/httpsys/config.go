package httpsys

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"syscall"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
)

// config is the system's calls for the service configuration.
type config struct {
	open  func() error
	close func()
	// row is row number token of a table, or [httpapi.ErrNoMore].
	row   func(table httpapi.ConfigID, token uint32) (httpapi.Buffer, error)
	list  func() (httpapi.Buffer, error) // the whole listen list
	timer func(httpapi.TimeoutKey) (uint16, error)
	// account is who has a SID, or an alias of SDDL that stands for one.
	account func(sid string) account
	wine    bool // whose answers to all of these are empty
}

// account is what the system says of a SID. The name is "" where it says nothing.
type account struct {
	sid, name string
	gone      *bool
}

const viaConfig = "HttpQueryServiceConfiguration"

// defaultTimeout holds for a timer that nobody has set, in seconds.
const defaultTimeout = 120

// readConfig reads all tables. A table that cannot be read is a gap; the others are
// read all the same.
func readConfig(ctx context.Context, c config) fact.Set {
	r := configReader{c: c, ctx: ctx, net: &fact.WindowsNet{}, had: map[fact.ID]bool{}}
	if err := c.open(); err != nil {
		for _, t := range [...]string{tableReservations, tableListen, tableCertificates, tableTimeouts} {
			r.gap(t, err)
		}
		return r.set
	}
	defer c.close()
	r.reservations()
	r.listenList()
	r.certificates()
	r.timeouts()
	if n := r.net; n.Reservations || n.ListenList || n.Certificates || n.Timeouts != nil {
		r.set.Machine.Windows = n
	}
	return r.set
}

// Subjects of gaps, and the commands that show the same.
const (
	tableReservations = "HTTP.sys's reservations"
	tableListen       = "HTTP.sys's listen list"
	tableCertificates = "HTTP.sys's certificates"
	tableTimeouts     = "HTTP.sys's timers"
)

type configReader struct {
	c   config
	ctx context.Context
	net *fact.WindowsNet
	set fact.Set
	had map[fact.ID]bool
}

// fresh tells whether no row had this ID yet.
func (r *configReader) fresh(id fact.ID) bool {
	if r.had[id] {
		return false
	}
	r.had[id] = true
	return true
}

// maxRows bounds the rows that are read of one table.
const maxRows = 20_000

// each reads a table row by row; ok tells whether it was read to its end.
func (r *configReader) each(table httpapi.ConfigID, subject string, row func(httpapi.Buffer) bool) (ok bool) {
	for token := range uint32(maxRows) {
		b, err := r.c.row(table, token)
		if err == nil {
			err = r.ctx.Err()
		}
		switch {
		case errors.Is(err, httpapi.ErrNoMore):
			return true
		case errors.Is(err, httpapi.ErrNotFound) && !r.c.wine:
			return true
		case token == 0 && table > httpapi.Timeout && unknownTable(err):
			return true // this Windows does not have such rows
		case err != nil:
			r.gap(subject, err)
			return false
		case !row(b):
			r.set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: subject, Err: "a row that is not laid out as documented"})
			return false
		}
	}
	r.set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: subject})
	return false
}

func (r *configReader) gap(subject string, err error) {
	g := fact.Gap{Kind: fact.GapOther, Subject: subject, Err: err.Error()}
	var n syscall.Errno
	switch {
	case errors.Is(err, httpapi.ErrNotFound) && r.c.wine:
		g.Kind, g.Err = fact.GapNoCall, "Wine answers "+viaConfig+" with \"nothing\" whatever is there"
	case errors.Is(err, httpapi.ErrAccessDenied):
		g.Kind = fact.GapPermission
	case !errors.As(err, &n) && r.ctx.Err() == nil:
		g.Kind = fact.GapNoCall
	}
	r.set.AddGaps(g)
}

func (r *configReader) reservations() {
	r.net.Reservations = r.each(httpapi.URLACL, tableReservations, func(b httpapi.Buffer) bool {
		row, ok := b.Reservation()
		if !ok {
			return false
		}
		res, gaps := reservationRow(row.URL, row.SDDL, viaConfig)
		for i := range res.Rights {
			r.name(&res.Rights[i])
		}
		if r.fresh(res.ID) {
			r.set.Reservations = append(r.set.Reservations, res)
			r.set.AddGaps(live(gaps)...)
		}
		return true
	})
}

// live makes the gaps of a reservation those of one that nobody pasted.
func live(gaps []fact.Gap) []fact.Gap {
	for i := range gaps {
		if gaps[i].Kind == fact.GapNotInPaste {
			gaps[i].Kind, gaps[i].Hint = fact.GapShape, ""
		}
	}
	return gaps
}

// name adds what the system says of a right's account.
func (r *configReader) name(p *fact.PrefixRight) {
	asked := p.SID
	if asked == "" {
		asked = p.Account
	}
	a := r.c.account(asked)
	if a.sid != "" {
		p.SID, p.Account = a.sid, ""
	}
	if a.name != "" {
		p.Account = a.name
	}
	p.Gone = a.gone
}

func (r *configReader) listenList() {
	b, err := r.c.list()
	switch {
	case errors.Is(err, httpapi.ErrNotFound) && !r.c.wine:
		r.net.ListenList = true
		return
	case err != nil:
		r.gap(tableListen, err)
		return
	}
	addrs, ok := b.ListenList()
	for _, a := range addrs {
		if id := fact.ListenAddrID(a); r.fresh(id) {
			r.set.ListenList = append(r.set.ListenList, fact.ListenAddr{ID: id, Addr: a, Evidence: viaConfig})
		}
	}
	if r.net.ListenList = ok; !ok {
		r.set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: tableListen, Err: "not laid out as documented"})
	}
}

func (r *configReader) certificates() {
	r.net.Certificates = true
	for _, t := range [...]struct {
		id   httpapi.ConfigID
		kind string
	}{{httpapi.SSLCert, "ipport"}, {httpapi.SNICert, "hostnameport"}, {httpapi.CCSCert, "ccs"}, {httpapi.ScopedCCS, "scopedccs"}} {
		whole := r.each(t.id, tableCertificates, func(b httpapi.Buffer) bool {
			c, ok := b.Certificate(t.id)
			if row := certificateRow(c, t.kind); ok && r.fresh(row.ID) {
				r.set.Certificates = append(r.set.Certificates, row)
			}
			return ok
		})
		r.net.Certificates = r.net.Certificates && whole
	}
}

func unknownTable(err error) bool {
	return errors.Is(err, httpapi.ErrInvalidParameter) || errors.Is(err, httpapi.ErrInvalidFunction) || errors.Is(err, httpapi.ErrNotSupported)
}

func certificateRow(c httpapi.Certificate, kind string) fact.Certificate {
	key := c.Addr.String()
	if kind != "ipport" {
		key = cmp.Or(c.Host, "*") + ":" + strconv.Itoa(int(c.Port))
	}
	return fact.Certificate{ID: fact.CertificateID(kind, key), Key: key, Kind: kind, Port: c.Port, Hash: c.Hash,
		AppID: c.AppID, Store: c.Store, Evidence: viaConfig}
}

func (r *configReader) timeouts() {
	t := fact.HTTPTimeouts{Evidence: viaConfig}
	for key, to := range [...]*uint32{httpapi.IdleConnection: &t.IdleConnection, httpapi.HeaderWait: &t.HeaderWait} {
		seconds, err := r.c.timer(httpapi.TimeoutKey(key))
		switch {
		case errors.Is(err, httpapi.ErrNotFound) && !r.c.wine:
			seconds = defaultTimeout
		case err != nil:
			r.gap(tableTimeouts, err)
			return
		}
		*to = uint32(seconds)
	}
	r.net.Timeouts = &t
}

// goneIf judges an account that the system could not name: it is gone where its SID
// is this machine's own to know. machine is the SID that those of its own accounts
// begin with.
func goneIf(sid, machine string) *bool {
	gone := true
	for _, own := range [...]string{"S-1-5-80-", "S-1-5-82-"} { // services, application pools
		if strings.HasPrefix(sid, own) {
			return &gone
		}
	}
	if machine != "" && strings.HasPrefix(sid, machine+"-") {
		return &gone
	}
	return nil // a domain that did not answer, perhaps
}
