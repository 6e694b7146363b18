package fdwait

// kind is what a system call waits for.
type kind int

const (
	unclear      kind = iota
	onDescriptor      // on its first argument
	onEpoll           // on what its first argument, an epoll, watches
	onPoll            // on an array: address, length
	onSelect          // on bit sets: length, address of those to read from
	idle              // on time, a child, a signal, another thread
)
