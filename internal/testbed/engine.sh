# Prepares a container engine in the namespaces this shell was started in (mount,
# network, PID) and stays as their PID 1, so everything ends with it.
# usage: engine.sh docker|podman|rootless TOP IMAGE ROOT.tar
set -eu
engine=$1 top=$2 image=$3 tar=$4
cd /
ip link set lo up
# crun wants one kind of cgroup hierarchy, not both.
if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
mount -t tmpfs -o mode=755 tmpfs /run
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$top/upper,workdir=$top/work" /etc
mkdir -m 755 "$top/data"

case $engine in
docker)
	dockerd --data-root "$top/data" --exec-root /run/docker -H unix:///run/docker.sock -p /run/docker.pid \
		--default-ulimit nofile=4096:4096 --default-ulimit nproc=4096:4096 &
	n=0
	until docker -H unix:///run/docker.sock version >/dev/null 2>&1; do
		n=$((n + 1))
		[ $n -lt 300 ] || exit 1
		sleep 0.1
	done
	docker -H unix:///run/docker.sock import "$tar" "$image"
	;;
podman)
	mkdir -p /run/podman
	set -- podman --root "$top/data" --runroot /run/containers --cgroup-manager cgroupfs
	"$@" import "$tar" "$image"
	"$@" system service --time 0 unix:///run/podman/podman.sock &
	;;
rootless)
	echo "alice:x:20001:20001::$top/data:/bin/sh" >>/etc/passwd
	echo 'alice:x:20001:' >>/etc/group
	echo 'alice:200000:65536' | tee /etc/subuid >/etc/subgid
	mkdir -p /run/user/20001/podman /run/lock
	chown -R alice:alice /run/user/20001 "$top/data"
	# The tun device is closed to users here; a copy in front of it is not.
	mknod -m 666 /run/tun c 10 200
	mount --bind /run/tun /dev/net/tun
	cd "$top/data"
	set -- setpriv --reuid alice --regid alice --init-groups env -i HOME="$top/data" USER=alice PATH="$PATH" \
		XDG_RUNTIME_DIR=/run/user/20001 podman --cgroup-manager cgroupfs
	"$@" import - "$image" <"$tar"
	"$@" system service --time 0 unix:///run/user/20001/podman/podman.sock &
	;;
esac
touch "$top/up"
while :; do # reaps what the engine leaves behind
	sleep 3600 &
	wait
done
