# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# A private apt configuration, derived from the machine's own.
#
# Two things that we need may be missing from the suites that a machine has
# configured: a QEMU that is new enough (Debian 12: bookworm-backports) and the
# 6.1 kernel source (Debian 13: bookworm and bookworm-security).  Rather than
# edit /etc/apt we keep a sources list and package lists of our own in
# $BUILD/apt.  Mirrors and keys are those of the machine's own Debian entries;
# everything else (proxies, options) is the machine's apt configuration.
#
# With APT_ARCH=ARCHITECTURE, in a second configuration, packages are those of another
# architecture: to unpack (apt_download), not to install.

APT=$BUILD/apt${APT_ARCH:+-$APT_ARCH}

apt_options=(
	-o "Dir::Etc::SourceList=$APT/sources.list"
	-o "Dir::Etc::SourceParts=/dev/null"
	-o "Dir::Etc::Preferences=$APT/preferences"
	-o "Dir::State::Lists=$APT/lists"
	-o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
	-o "APT::Get::List-Cleanup=false"
	-o "Acquire::Retries=3" -o "DPkg::Lock::Timeout=300"
)
[ -z "${APT_ARCH:-}" ] || apt_options+=(
	-o "APT::Architecture=$APT_ARCH" -o "APT::Architectures=$APT_ARCH" -o "Dir::State::status=/dev/null"
)

# apt_entries: the machine's binary package sources as lines "SUITE URI KEYRING",
# from both formats that apt reads.  KEYRING is "-" where none is named.
apt_entries() {
	local f
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ ! -f "$f" ] || cat "$f"
	done | awk '
		$1 == "deb" {
			key = "-"; i = 2
			if ($2 ~ /^\[/) {
				for (; i <= NF; i++) {
					o = $i; gsub(/[][]/, "", o)
					if (o ~ /^signed-by=/) key = substr(o, 11)
					if ($i ~ /\]$/) { i++; break }
				}
			}
			print $(i + 1), $i, key
		}'
	# A blank line ends a stanza, and so does the end of a file.
	for f in /etc/apt/sources.list.d/*.sources; do
		[ ! -f "$f" ] || { cat "$f"; echo; }
	done | awk '
		function flush(  s, u, ns, nu, i, j) {
			if (types ~ /(^| )deb( |$)/ && enabled != "no") {
				ns = split(suites, s, " "); nu = split(uris, u, " ")
				for (i = 1; i <= ns; i++) for (j = 1; j <= nu; j++)
					print s[i], u[j], (key ~ /^\// ? key : "-")
			}
			types = uris = suites = key = enabled = ""; field = ""
		}
		/^#/ { next }
		/^[ \t]*$/ { flush(); next }
		/^[ \t]/ { value = $0 }
		/^[^ \t]/ { field = tolower($1); sub(/:.*/, "", field); value = $0; sub(/^[^:]*:/, "", value) }
		{
			gsub(/^[ \t]+|[ \t]+$/, "", value)
			if (field == "types") types = types " " value
			if (field == "uris") uris = uris " " value
			if (field == "suites") suites = suites " " value
			if (field == "enabled") enabled = value
			if (field == "signed-by" && key == "") key = value
		}
		END { flush() }'
}

# apt_source SUITE LIKE: a sources.list line for SUITE, on the mirror that the
# machine uses for a suite whose name matches LIKE.
apt_source() {
	local uri key
	read -r uri key < <(apt_entries | awk -v like="^($2)$" '$1 ~ like { print $2, $3; exit }') || return 1
	[ "$key" != - ] || key=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -e "$key" ] || key=
	echo "deb ${key:+[signed-by=$key] }$uri $1 main"
}

# apt_setup: write the private configuration and fetch its package lists, once a day at most.
apt_setup() {
	local codename main security
	lock apt
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	main="$codename|(old)*stable|testing|unstable|sid"
	security="($codename|(old)*stable|testing)-security"
	mkdir -p "$APT/lists/partial"
	{
		apt_source "$codename" "$main" ||
			die "apt has no source for Debian $codename: see /etc/apt/sources.list.d"
		apt_source "$codename-security" "$security" || :
		if [ "$codename" = bookworm ]; then
			apt_source bookworm-backports "$main"
		else
			apt_source bookworm "$main"
			apt_source bookworm-security "$security" || :
		fi
	} >"$APT/sources.list.new"
	# QEMU and the firmware that it needs, and nothing else, may come from backports.
	cat >"$APT/preferences" <<-END
		Package: src:qemu src:seabios src:ipxe
		Pin: release n=bookworm-backports
		Pin-Priority: 500
	END
	if ! cmp -s "$APT/sources.list.new" "$APT/sources.list" ||
	   [ -z "$(find "$APT/updated" -mmin -1440 2>/dev/null)" ]; then
		mv "$APT/sources.list.new" "$APT/sources.list"
		say "fetching Debian's package lists (into $APT)"
		if apt-get "${apt_options[@]}" -qq update >&2; then
			touch "$APT/updated"
		elif [ -e "$APT/updated" ]; then
			warn "apt-get update failed: going on with the lists of $(date -r "$APT/updated" +%F)"
		else
			die "apt-get update failed"
		fi
	fi
}

# apt_download DIR PACKAGE: fetch the newest PACKAGE and unpack it, uninstalled, into DIR; print its version.
apt_download() {
	local version
	version=$(apt-cache "${apt_options[@]}" policy "$2" | awk '$1 == "Candidate:" { print $2 }')
	case $version in '' | '(none)') die "no package $2 in the suites of $APT/sources.list" ;; esac
	if [ "$(cat "$1/version" 2>/dev/null)" != "$version" ]; then
		rm -rf "$1" && mkdir -p "$1"
		say "fetching $2 $version"
		(cd "$1" && apt-get "${apt_options[@]}" -o APT::Sandbox::User=root -q download "$2=$version" >&2) || die "cannot download $2"
		dpkg-deb -x "$1"/*.deb "$1" && rm "$1"/*.deb
		echo "$version" >"$1/version"
	fi
	echo "$version"
}
