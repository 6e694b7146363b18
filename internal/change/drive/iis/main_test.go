package iis

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test's program be IIS's appcmd.exe, for TestWineAppcmd.
func TestMain(m *testing.M) {
	if strings.EqualFold(filepath.Base(os.Args[0]), program) {
		os.Exit(standIn(os.Args[0]+".state", os.Args[1:]))
	}
	os.Exit(m.Run())
}

// standIn is an appcmd whose IIS has the one site "The Shop"; its state is in a file.
func standIn(file string, args []string) int {
	if len(args) < 3 || args[1] != "site" || args[2] != site {
		return 1
	}
	state, err := os.ReadFile(file)
	if err != nil {
		state = []byte("Started")
	}
	verb := strings.Join(append(args[:1:1], args[3:]...), " ")
	to := map[string]string{"start": "Started", "stop": "Stopped"}[verb]
	switch {
	case verb == "list /text:state":
		fmt.Printf("%s\r\n", state)
		return 0
	case to == "" || to == string(state):
		fmt.Print("ERROR ( hresult:80070426, message:Der Dienst wurde nicht gestartet. )\r\n")
		return 1062
	}
	if err := os.WriteFile(file, []byte(to), 0o666); err != nil {
		return 5
	}
	fmt.Print("\"The Shop\" wurde erfolgreich angehalten.\r\n")
	return 0
}
