#!/bin/sh
# berth-collect: what this Mac says of its ports, in one file. It changes nothing.
#
# Run it on the machine in question: sudo sh berth-collect.sh. Without sudo it tells
# less: the owners of other people's sockets stay hidden. It writes berth-report.txt
# on the Desktop, or here where there is none. Command lines are in it: look through
# the file, then send it to the one who has berth:
#     berth explain berth-report.txt
LC_ALL=C
export LC_ALL
out=$(pwd)/berth-report.txt
if [ -d "$HOME/Desktop" ]; then out=$HOME/Desktop/berth-report.txt; fi

# run COMMAND... runs what is there, below a line that names it.
run() {
	command -v "$1" >/dev/null 2>&1 || return 0
	printf '\n=== berth-run: %s ===\n' "$*"
	"$@" 2>&1 </dev/null
}

collect() {
	echo '=== berth-collect 1 mac ==='
	run sw_vers
	run uname -a
	run id -u
	run lsof +c 0 -nP -iTCP -sTCP:LISTEN
	run lsof +c 0 -nP -iUDP
	run netstat -anv -p tcp
	run netstat -anv -p udp
	run ps -axo user,pid,ppid,args
	run launchctl list
	run docker ps -a
	printf '\n=== berth-end ===\n'
}

collect >"$out" && echo "berth-collect: done. Look through $out, then send it." >&2
