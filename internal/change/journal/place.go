package journal

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// Place returns the folder of the asker's journal: $BERTH_STATE_DIR, else that of the
// system for root and for Windows' administrators, else the user's. It need not be
// there.
func Place(admin bool) (string, error) {
	if dir := os.Getenv("BERTH_STATE_DIR"); dir != "" {
		if !filepath.IsAbs(dir) {
			return "", errors.New("BERTH_STATE_DIR must be an absolute path")
		}
		return filepath.Join(dir, "journal"), nil
	}
	base, err := base(admin)
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "journal"), nil
}

func base(admin bool) (string, error) {
	switch {
	case runtime.GOOS == "windows" && admin:
		return under(os.Getenv("ProgramData"), "berth")
	case runtime.GOOS == "windows":
		return under(os.Getenv("LocalAppData"), "berth")
	case admin && runtime.GOOS == "darwin":
		return "/Library/Application Support/berth", nil
	case admin:
		return "/var/lib/berth", nil
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "berth"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "state", "berth"), nil
}

func under(dir, name string) (string, error) {
	if dir == "" {
		return "", errors.New("no folder for berth's state is known; set BERTH_STATE_DIR")
	}
	return filepath.Join(dir, name), nil
}
