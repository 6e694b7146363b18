package fdwait

import "golang.org/x/sys/unix"

func kindOf(number int) kind {
	switch number {
	case unix.SYS_ACCEPT, unix.SYS_ACCEPT4, unix.SYS_RECVFROM, unix.SYS_RECVMSG, unix.SYS_RECVMMSG, unix.SYS_READ, unix.SYS_READV:
		return onDescriptor
	case unix.SYS_EPOLL_WAIT, unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_PWAIT2:
		return onEpoll
	case unix.SYS_POLL, unix.SYS_PPOLL:
		return onPoll
	case unix.SYS_SELECT, unix.SYS_PSELECT6:
		return onSelect
	case unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_WAIT4, unix.SYS_WAITID, unix.SYS_FUTEX,
		unix.SYS_PAUSE, unix.SYS_RT_SIGSUSPEND, unix.SYS_RT_SIGTIMEDWAIT:
		return idle
	}
	return unclear
}
