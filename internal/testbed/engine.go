package testbed

import "testing"

// Image is the only image the engines have: busybox, with a page /www/index.html
// that httpd can serve.
const Image = "localhost/busybox:1"

// Engine is a container engine of a test's own, in its own mount, network and PID
// namespaces. Containers and everything else in it end with the test.
type Engine struct {
	Place
	client []string // the client's command line up to the subcommand
	limits []string // flags that every run needs on this kind of machine
	socket string
}

// Docker starts a Docker engine.
func Docker(t testing.TB) *Engine {
	t.Helper()
	return docker(t)
}

// Podman prepares podman as root, with its API socket.
func Podman(t testing.TB) *Engine {
	t.Helper()
	return podman(t)
}

// PodmanRootless prepares podman as an ordinary user, with slirp4netns and the
// user's API socket.
func PodmanRootless(t testing.TB) *Engine {
	t.Helper()
	return podmanRootless(t)
}

// Socket is the path of the engine's API socket, in the engine's own mount
// namespace; [Place.Root] is how the test reaches it.
func (e *Engine) Socket() string { return e.socket }

// CLI runs the engine's client (docker or podman) and returns its stdout.
func (e *Engine) CLI(args ...string) string {
	e.t.Helper()
	argv := append(append([]string{}, e.client...), args...)
	return e.Run(argv[0], argv[1:]...)
}

// TryCLI runs the engine's client and returns what it said, whatever the exit code.
func (e *Engine) TryCLI(args ...string) Result {
	e.t.Helper()
	argv := append(append([]string{}, e.client...), args...)
	return e.Try(argv[0], argv[1:]...)
}

// Container runs a container in the background from [Image] and returns its ID.
// Args are those of the client's run command, with the image's place taken by
// [Image] and followed by the command.
func (e *Engine) Container(args ...string) string {
	e.t.Helper()
	return e.CLI(append(append([]string{"run", "-d"}, e.limits...), args...)...)
}
