# Prepares a clean Wine prefix in the namespaces this shell was started in (mount,
# network, PID) and stays as their PID 1, with the Wine system as its root.
# usage: wine.sh TOP ROOT SHARED...    the shared folders are at their own paths
set -eu
top=$1 root=$2
shift 2
ip link set lo up
mount -t overlay overlay -o "lowerdir=$root,upperdir=$top/upper,workdir=$top/work" "$top/root"
for dir in "$@"; do
	mkdir -p "$top/root$dir"
	mount --bind "$dir" "$top/root$dir"
done
mount -t proc proc "$top/root/proc"
mount --rbind /dev "$top/root/dev"
# It is up when it has its root: whoever enters before would enter the wrong one. The
# server stays for as long as the prefix: one that ends with the last program resets
# the connection of the next.
exec chroot "$top/root" sh -c '
	env -i HOME=/root PATH=/usr/bin:/bin WINEPREFIX=/prefix WINEDEBUG=-all /usr/lib/wine/wineserver -p
	touch "$1/up"
	while :; do sleep 3600 & wait; done
' wine "$top"
