#!/bin/sh
# berth-collect: what this Linux says of its ports, in one file. It changes nothing.
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
	echo '=== berth-collect 1 linux ==='
	run uname -a
	run id -u
	if command -v ss >/dev/null 2>&1; then
		run ss -tulnpe
		run ss -tan
	else
		run netstat -tulpn
		run netstat -tan
	fi
	run lsof +c 15 -nP -i -sTCP:LISTEN
	run ps -ef
	run docker ps -a
	run podman ps -a
	run systemctl list-sockets --all --no-pager
	run systemctl list-units --state=failed --no-pager
	run ip -br address
	run sysctl net.ipv4.ip_unprivileged_port_start net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports net.ipv6.bindv6only net.ipv6.conf.all.disable_ipv6
	run iptables -t nat -S
	run ip6tables -t nat -S
	run nft list ruleset
	printf '\n=== berth-end ===\n'
}

collect >"$out" && echo "berth-collect: done. Look through $out, then send it." >&2
