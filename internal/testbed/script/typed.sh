#!/bin/sh
# typed COMMAND [QUESTION ANSWER]...: runs COMMAND at a terminal, and types each ANSWER
# (as printf has it) when QUESTION has been said; one that begins with ! is run by the
# shell in place of being typed. What the terminal showed is printed,
# and the exit code is COMMAND's; 99 is a question that never came.
command=$1
shift
dir=$(mktemp -d)
mkfifo "$dir/in"
SHELL=/bin/sh script -qefc "$command" "$dir/out" <"$dir/in" >/dev/null 2>&1 &
pid=$!
exec 3>"$dir/in"
code=0
while [ $# -gt 1 ]; do
	tries=0
	until grep -q -- "$1" "$dir/out" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -gt 1200 ] && code=99 && break 2
		sleep 0.05
	done
	case $2 in
	!*) (eval "${2#!}") >/dev/null 2>&1 3>&- ;;
	*) printf "$2" >&3 ;;
	esac
	shift 2
done
if [ $code = 0 ]; then wait $pid || code=$?; fi
exec 3>&-
sed -e '1{/^Script started/d}' -e '/^Script done/d' "$dir/out" | tr -d '\r'
exit $code
