package testbed_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

func TestContainersOfEachEngineServe(t *testing.T) {
	for name, lend := range map[string]func(testing.TB) *testbed.Engine{
		"docker":   testbed.Docker,
		"podman":   testbed.Podman,
		"rootless": testbed.PodmanRootless,
	} {
		t.Run(name, func(t *testing.T) {
			e := lend(t)
			id := strings.TrimSpace(e.Container("-p", "8080:80", "--name", "web", testbed.Image, "/bin/httpd", "-f", "-p", "80", "-h", "/www"))
			if got := e.CLI("ps", "-q", "--no-trunc"); strings.TrimSpace(got) != id {
				t.Errorf("containers: %q, want %q", got, id)
			}
			testbed.Await(t, "port 8080 to listen", func() bool { return e.Run("ss", "-Hltn", "sport = :8080") != "" })
			testbed.Await(t, "the API's answer", func() bool {
				return strings.Contains(ask(e.Root(e.Socket()), "/containers/json"), id)
			})
		})
	}
}

// ask sends one GET to an HTTP server on a Unix socket.
func ask(socket, path string) string {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return ""
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: engine\r\n\r\n", path)
	answer, _ := io.ReadAll(conn)
	return string(answer)
}
