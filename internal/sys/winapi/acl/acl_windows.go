package acl

import "golang.org/x/sys/windows"

// PathShut tells of a file or folder what [Shut] does, for who runs this process. It
// needs the right to read the descriptor, and does not block.
func PathShut(path string) (bool, error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return false, err
	}
	me, err := Self()
	if err != nil {
		return false, err
	}
	return Shut(sd.String(), me), nil
}

// Self is the SID of the user whose this process is.
func Self() (string, error) {
	me, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", err
	}
	return me.User.Sid.String(), nil
}
