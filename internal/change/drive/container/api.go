package container

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/machine/container/engineapi"
)

// api is an engine behind its socket.
type api struct {
	dial engineapi.Dialer
	path string
}

func (a api) inspect(ctx context.Context, id string) (inspected, error) {
	r, err := a.ask(ctx, engineapi.Request{Target: "/containers/" + id + "/json"})
	if err != nil {
		return inspected{}, err
	}
	return parseInspected(r.Body, id)
}

func (a api) order(ctx context.Context, id string, o order) error {
	q := engineapi.Request{Method: "POST", Target: "/containers/" + id + "/" + o.verb}
	switch o.verb {
	case "stop":
		q.Target += "?t=" + seconds(o.grace)
	case "update":
		var err error
		if q.Body, err = json.Marshal(map[string]policy{"RestartPolicy": o.restart}); err != nil {
			return err
		}
	}
	_, err := a.ask(ctx, q)
	return err
}

// seconds rounds up: an engine knows whole ones.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// ask sends one request. That something is so already is no error.
func (a api) ask(ctx context.Context, q engineapi.Request) (engineapi.Reply, error) {
	r, err := engineapi.Do(ctx, a.dial, a.path, q)
	if err != nil {
		return r, fmt.Errorf("on %s: %w", a.path, err)
	}
	switch {
	case r.Status >= 200 && r.Status < 300, r.Status == 304:
		return r, nil
	case strings.Contains(strings.ToLower(said(r)), "no such container"): // 404, or 500 of a podman that is just removing it
		return r, errAbsent
	case r.Status == 404, r.Status == 405, r.Status == 501:
		return r, fmt.Errorf("this engine does not know how: status %d, %s", r.Status, said(r))
	case r.Status == 401, r.Status == 403:
		return r, fmt.Errorf("%s: %w", said(r), fs.ErrPermission)
	}
	return r, fmt.Errorf("status %d: %s", r.Status, said(r))
}

// said is the engine's own message, of bounded length.
func said(r engineapi.Reply) string {
	const most = 500
	var m struct{ Message string }
	if json.Unmarshal(r.Body, &m) != nil || m.Message == "" {
		m.Message = strings.TrimSpace(string(r.Body))
	}
	if len(m.Message) > most {
		m.Message = strings.ToValidUTF8(m.Message[:most], "") + "…"
	}
	return m.Message
}
