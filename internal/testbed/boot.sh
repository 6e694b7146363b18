# Boots a machine in the namespaces this shell was started in (mount, PID). It
# becomes systemd-nspawn, and is PID 1 of its PID namespace, so nothing outlives it.
# usage: boot.sh NAME BASE TOP UNIT...    TOP/upper holds what the test put there
set -eu
name=$1 base=$2 top=$3
shift 3
# A cgroup of its own in every hierarchy systemd looks at, or machines that run at
# the same time would share one. PID 0 is whoever writes it.
for h in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
	[ -e $h/cgroup.procs ] || continue
	mkdir -p "$h/$name"
	echo 0 >"$h/$name/cgroup.procs"
done
mount -t tmpfs tmpfs /run
mkdir -p "$top/work" "$top/root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$top/upper,workdir=$top/work" "$top/root"
[ $# = 0 ] || chroot "$top/root" systemctl --quiet enable "$@"
exec systemd-nspawn -q -D "$top/root" --machine="$name" --register=no --keep-unit \
	--private-network --console=read-only -b
