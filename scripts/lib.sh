# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# What every script here shares: where things are, and how to talk to the user.
#
# Standard output is for results (a path, a table, test results); progress and
# errors go to standard error.  All that is built or downloaded goes to $BUILD,
# whose layout is:
#
#   apt/               private apt state: sources, package lists (apt-ARCH/: of another architecture)
#   base/              the unpacked linux-source package
#   linux/             the assembled kernel tree, a git repository
#   kernel-ARCH-CONFIG/ kernel builds (O=)
#   headers-ARCH/      uAPI headers of the tree (headers-build-ARCH/: what makes them)
#   programs-ARCH/     test programs and tools, statically linked
#   initramfs-*/       what the VM boots with
#   busybox-ARCH/      busybox for a machine of another architecture
#   logs/              console logs of the VM
#   series/            the git-am-able series
#   check/             what the static checks build
#   deb/               Debian packages of the kernel (kernel/: what makes them)
#   config/            the unpacked linux-config package, for those
#   ccache/            compiler cache, shared by all builds

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
ARCH=${ARCH:-x86_64}
CONFIG=${CONFIG:-default}
TREE=$BUILD/linux
JOBS=${JOBS:-$(nproc)}
mkdir -p "$BUILD"

# The parts of this repository that stand at their kernel path, and the patches.
OVERLAY="Documentation drivers include mm tools"
OVERLAY_SUBJECT="iommufd: the overlay"
PATCHES=$TOP/patches

say() { printf '==> %s\n' "$*" >&2; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# lock NAME: wait until no other run of these scripts works on NAME; the lock
# is held until this shell exits.
lock() {
	exec 9>"$BUILD/.lock-$1"
	flock -n 9 || { say "waiting for another run that uses $1"; flock 9; }
}

# series: the names of the patches, in order.
series() { [ ! -e "$PATCHES/series" ] || sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$PATCHES/series"; }

# series_key: a text that changes when the base or a patch does.
series_key() {
	git -C "$TREE" rev-parse base
	[ ! -e "$PATCHES/series" ] || (cd "$PATCHES" && series | xargs sha256sum series 2>&1) || :
}

# overlay_files: the names of the overlay's files, sorted; those that git ignores are not among them.
overlay_files() {
	local dirs=() dir
	for dir in $OVERLAY; do [ ! -d "$TOP/$dir" ] || dirs+=("$dir"); done
	[ ${#dirs[@]} -gt 0 ] || return 0
	if git -C "$TOP" rev-parse -q --git-dir >/dev/null 2>&1; then
		git -C "$TOP" ls-files -co --exclude-standard -- "${dirs[@]}"
	else
		# Not a repository, but .gitignore files hold all the same
		GIT_INDEX_FILE=$BUILD/.no-index git -C "$TOP" --git-dir="$TREE/.git" --work-tree="$TOP" \
			ls-files -o --exclude-standard -- "${dirs[@]}"
	fi | sort -u | while read -r f; do [ ! -f "$TOP/$f" ] || echo "$f"; done
}

# Names of the architecture in Kbuild and in Debian, and the compiler prefix if this is not the build machine's.
case $ARCH in
x86_64) KARCH=x86 DEB_ARCH=amd64 IMAGE=arch/x86/boot/bzImage CROSS=x86_64-linux-gnu- ;;
arm64) KARCH=arm64 DEB_ARCH=arm64 IMAGE=arch/arm64/boot/Image CROSS=aarch64-linux-gnu- ;;
*) die "ARCH=$ARCH: known architectures are x86_64 and arm64" ;;
esac
case $(uname -m)/$ARCH in
x86_64/x86_64 | aarch64/arm64) CROSS= ;;
esac

# first_machine: the virtual machine to use if none is named.
first_machine() { "$TOP/scripts/vm" --list --arch "$ARCH" | sed -n 1p; }

# kmake OUTDIR ARGS...: make in the kernel tree, with the compiler cache.  It takes the headers of a
# file from the compiler: to preprocess all files for that would cost a fifth of a build.
kmake() {
	local out=$1
	shift
	CCACHE_DIR=${CCACHE_DIR:-$BUILD/ccache} CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-8G} CCACHE_DEPEND=1 \
	KBUILD_BUILD_TIMESTAMP=${KBUILD_BUILD_TIMESTAMP:-@0} KBUILD_BUILD_USER=iommu KBUILD_BUILD_HOST=build LOCALVERSION='' \
		env -u MAKEFLAGS -u MAKELEVEL make -C "$TREE" O="$out" ARCH="$KARCH" CROSS_COMPILE="$CROSS" \
		CC="ccache ${CROSS}gcc" --no-print-directory "$@" </dev/null
}
