package v1

import (
	"embed"
	"strings"
)

//go:generate go run ./gen

//go:embed schema/*.json
var schemas embed.FS

// Schema returns the JSON Schema (draft 2020-12) of the documents of one kind,
// such as "Who", or false where there is no such kind.
func Schema(kind string) ([]byte, bool) {
	for _, k := range Kinds() {
		if strings.EqualFold(k, kind) {
			b, err := schemas.ReadFile("schema/" + k + ".json")
			return b, err == nil
		}
	}
	return nil, false
}

// Kinds lists the kinds of document, in the order of the alphabet.
func Kinds() []string {
	return []string{"Check", "Error", "Explain", "Free", "GuardEvent", "HTTP", "Installed", "Journal", "Ls", "Overview", "Profile", "SnapshotInfo", "Undo", "Version", "Who"}
}
