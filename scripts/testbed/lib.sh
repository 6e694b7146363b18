# Sourced by the scripts beside it. Each of them makes one expensive part of the
# testbed, keeps it in the cache under a name that changes with the recipe, and
# prints where it is. `NAME --path` only prints it, and fails when it is not there.
# shellcheck shell=sh
set -eu

cache=${BERTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth-test}
here=$(cd "$(dirname "$0")" && pwd)
part=$(basename "$0")
part_path=$cache/$part-$(cat "$0" "$here/lib.sh" | sha256sum | cut -c1-12)
work=

say() { echo "$part: $*" >&2; }

# apt_need PACKAGE... installs what is missing. Packages are installed one script
# at a time, and no service of theirs is started.
apt_need() {
	missing=
	for p in "$@"; do
		dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		say "needs these Debian packages:$missing"
		return 1
	fi
	mkdir -p "$cache"
	(
		flock 9
		stamp=$cache/apt-updated
		# The lists are good for a day; a machine that has none needs them first.
		if [ -z "$(find "$stamp" -mmin -1440 2>/dev/null)" ] || ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
			apt-get -qq update >&2
			touch "$stamp"
		fi
		guard=/usr/sbin/policy-rc.d
		if [ -e $guard ]; then guard=; else
			printf '#!/bin/sh\nexit 101\n' >$guard
			chmod 755 $guard
		fi
		trap '[ -z "$guard" ] || rm -f "$guard"' EXIT
		trap 'exit 130' INT TERM HUP
		# shellcheck disable=SC2086
		DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
			apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing </dev/null >"$cache/apt.log" 2>&1 || {
			tail -n 20 "$cache/apt.log" >&2
			exit 1
		}
	) 9>"$cache/apt.lock"
}

# finish moves the finished work folder to its name and forgets older recipes.
finish() {
	mv "$work" "$part_path"
	work=
	for old in "$cache/$part"-*; do
		[ "$old" = "$part_path" ] || rm -rf "$old"
	done
	echo "$part_path"
	exit 0
}

# begin returns in an empty folder $work to build in, or prints the finished part
# and ends. One process builds at a time, the others wait for it.
begin() {
	if [ -e "$part_path" ]; then
		echo "$part_path"
		exit 0
	fi
	if [ "${1-}" = --path ]; then
		say "not built yet"
		exit 1
	fi
	mkdir -p "$cache"
	exec 8>"$cache/$part.lock"
	flock 8
	if [ -e "$part_path" ]; then
		echo "$part_path"
		exit 0
	fi
	[ "$(id -u)" = 0 ] || { say "must be built as root"; exit 1; }
	rm -rf "$cache/$part.tmp".*
	work=$cache/$part.tmp.$$
	trap 'cleanup' EXIT
	trap 'exit 130' INT TERM HUP
	mkdir "$work"
	say "building $part_path"
}

cleanup() { [ -z "$work" ] || rm -rf "$work" "$work.log"; }

# debian SUITE FOLDER PACKAGES makes a Debian root file system without documents.
debian() {
	apt_need mmdebstrap
	mmdebstrap --quiet --variant=minbase --include="$3" --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' "$1" "$2" >"$work.log" 2>&1 8>&- </dev/null || {
		tail -n 20 "$work.log" >&2
		return 1
	}
	rm -f "$work.log"
}
