package guard

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/berthd/berth/internal/change/run"
)

// ErrTLS: berth has no TLS. crypto/tls would cost every command 4 MB of program and a
// fifth of a millisecond at its start, net/http five times that; a webhook behind TLS
// is the exit hook's, with a client that is there already.
var ErrTLS = errors.New("a webhook of https is not sent by berth itself")

// Webhook reads the address of a webhook: http://HOST[:PORT]/PATH. It looks nothing up.
func Webhook(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme == "https":
		return nil, ErrTLS
	case u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("%q is no address of a webhook", text)
	}
	return u, nil
}

// Post sends one JSON document to a [Webhook] and waits for the answer, no longer than
// ctx. Whatever is no answer of 200 to 299 is an error; a redirect is not followed.
// Nothing of the answer but its first line is read.
func Post(ctx context.Context, to *url.URL, doc []byte) error {
	port := to.Port()
	if port == "" {
		port = "80"
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(to.Hostname(), port))
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := conn.Write(append(head(to, len(doc)), doc...)); err != nil {
		return webhookError(ctx, err)
	}
	line, err := bufio.NewReader(io.LimitReader(conn, 4<<10)).ReadString('\n')
	if err != nil {
		return webhookError(ctx, err)
	}
	return answered(strings.TrimSpace(line))
}

func webhookError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("webhook: %w", err)
}

func head(to *url.URL, length int) []byte {
	auth := ""
	if to.User != nil {
		word, _ := to.User.Password()
		auth = "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(to.User.Username()+":"+word)) + "\r\n"
	}
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: berth\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n",
		to.RequestURI(), to.Host, length, auth)
}

func answered(line string) error {
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	switch {
	case !strings.HasPrefix(version, "HTTP/1.") || len(code) != 3:
		return fmt.Errorf("webhook: %.40q is no answer of HTTP", line)
	case code[0] == '2':
		return nil
	case code[0] == '3':
		return fmt.Errorf("webhook: it redirects (%s), and berth does not follow", code)
	}
	return fmt.Errorf("webhook: it answered %s", code)
}

// Hook runs a command with args behind its own arguments and the document in the
// variable BERTH_EVENT. An exit code other than 0 is an error.
func Hook(ctx context.Context, argv, args []string, doc []byte) error {
	r, err := run.Command(ctx, append(append([]string(nil), argv...), args...), run.Options{Env: []string{"BERTH_EVENT=" + string(doc)}})
	switch {
	case err != nil:
		return fmt.Errorf("hook: %w", err)
	case r.Exit != 0:
		return fmt.Errorf("hook: %s ended with %d: %.200s", argv[0], r.Exit, strings.TrimSpace(r.Stderr))
	}
	return nil
}
