package scm

// Bits of a service's type.
const (
	kernelDriver = 0x01
	fileDriver   = 0x02
	adapter      = 0x04
	recognizer   = 0x08
	ownProcess   = 0x10
	shareProcess = 0x20
	ofUser       = 0x40
)

// kindWord is the word for a service's type, "" for none that is known.
func kindWord(t uint32) string {
	switch {
	case t&ofUser != 0 && t&ownProcess != 0:
		return "user-own-process"
	case t&ofUser != 0 && t&shareProcess != 0:
		return "user-share-process"
	case t&(kernelDriver|adapter) != 0:
		return "driver"
	case t&(fileDriver|recognizer) != 0:
		return "file-system-driver"
	case t&shareProcess != 0:
		return "share-process"
	case t&ownProcess != 0:
		return "own-process"
	}
	return ""
}

func driver(t uint32) bool { return t&(kernelDriver|fileDriver|adapter|recognizer) != 0 }

// States of a service.
const (
	stopped = 1
	running = 4
)

// stateWord is the word for a service's state, as fact.WindowsService gives them.
func stateWord(n uint32) string {
	if n < stopped || n > 7 {
		return ""
	}
	return [...]string{"stopped", "starting", "stopping", "running", "continuing", "pausing", "paused"}[n-1]
}

const acceptsStop = 1 // in the controls that a service accepts

// exitCode is why a stopped service ended, 0 where it ended well or never ran.
func exitCode(win32, own uint32) int {
	const specific, neverStarted = 1066, 1077
	switch win32 {
	case neverStarted:
		return 0
	case specific:
		return int(own)
	}
	return int(win32)
}
