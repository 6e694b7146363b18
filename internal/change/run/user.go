package run

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// Lookup returns the user of a numeric uid and its home folder; nil and "" where that
// is "" or the asker itself. It reads the user database of the machine.
func Lookup(uid string) (as *User, home string, err error) {
	if uid == "" || uid == strconv.Itoa(os.Geteuid()) {
		return nil, "", nil
	}
	u, err := user.LookupId(uid)
	if err != nil {
		return nil, "", err
	}
	id, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil { // a SID
		return nil, "", fmt.Errorf("%w: %s", ErrUser, uid)
	}
	return &User{UID: uint32(id), GID: uint32(gid)}, u.HomeDir, nil
}
