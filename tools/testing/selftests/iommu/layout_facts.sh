#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# layout_facts.sh FACTS CC...: write on standard output, as C, one table entry
# for every name, struct and member that the installed <linux/iommufd.h> and
# <linux/vfio.h> define and what FACTS (mainline's numbers) says of it.
#
# What the headers define is taken from the preprocessor, so that nothing can
# be forgotten: a name without a fact gets an entry too (VALUE_UNKNOWN, ...),
# and so does a fact of the same header whose name is not there
# (VALUE_MISSING, ...). The test judges both.
set -e
facts=$1
shift

# The text of one header after preprocessing, without what it includes
header_text() {
	header=$1
	shift
	echo "#include <linux/$header>" | "$@" -E - |
	awk -v name="linux/$header" '
		/^# [0-9]+ "/ { on = index($3, name "\"") > 0; next }
		on'
}

# The object-like macros that one header defines itself
header_macros() {
	header=$1
	shift
	echo "#include <linux/$header>" | "$@" -E -dD - |
	awk -v name="linux/$header" '
		/^# [0-9]+ "/ { on = index($3, name "\"") > 0; next }
		on && /^#define/ && NF > 2 && $2 !~ /[(]/ { print $2 }'
}

for h in IOMMUFD VFIO; do
	name=$(echo "$h" | tr A-Z a-z).h
	{
		header_macros "$name" "$@" | sed 's/^/macro /'
		echo text
		header_text "$name" "$@"
	} | awk -v facts="$facts" -v h="$h" -v header="<linux/$name>" '
	function known_struct(s) {
		return ("struct " s) in size
	}
	function entry(kind, of, field, ours, mainline) {
		printf "{ %s, %s, \"%s\", \"%s\", %s, %s },\n", h, kind, of,
			field, ours, mainline
	}
	function value_entry(of) {
		seen[of] = 1
		if (of in value)
			entry("VALUE", of, "", of, value[of])
		else if (own)
			entry("VALUE_UNKNOWN", of, "", of, 0)
	}
	# One member declaration: the last identifier is its name
	function member(decl,   n, word) {
		gsub(/__attribute__ *\(\(.*\)\)/, "", decl)
		gsub(/\[[^]]*\]/, "", decl)
		gsub(/[*;]/, " ", decl)
		n = split(decl, word, " ")
		if (!n || word[n] == "}")
			return
		fields[++num_fields] = word[n]
	}
	function end_struct(   i, key, have, n, list) {
		seen["struct " name] = 1
		if (!known_struct(name)) {
			if (own)
				entry("STRUCT_UNKNOWN", name, "",
				      "sizeof(struct " name ")", 0)
			return
		}
		entry("SIZE", name, "", "sizeof(struct " name ")",
		      size["struct " name])
		for (i = 1; i <= num_fields; i++) {
			have[fields[i]] = 1
			key = name " " fields[i]
			ours = "offsetof(struct " name ", " fields[i] ")"
			if (!(key in offset)) {
				entry("FIELD_UNKNOWN", name, fields[i], ours,
				      size["struct " name])
				continue
			}
			entry("OFFSET", name, fields[i], ours, offset[key])
			if (width[key])
				entry("WIDTH", name, fields[i],
				      "sizeof(((struct " name " *)0)->" \
				      fields[i] ")", width[key])
		}
		n = split(members[name], list, " ")
		for (i = 1; i <= n; i++)
			if (!(list[i] in have))
				entry("FIELD_MISSING", name, list[i], 0,
				      offset[name " " list[i]])
	}
	BEGIN {
		# most of <linux/vfio.h> is the base kernel, not among the facts
		own = h == "IOMMUFD"
		while ((getline line < facts) > 0) {
			split(line, f, " ")
			if (f[1] == "#" && f[2] ~ /^<.*>$/)
				here = f[2] == header
			if (!here)
				continue
			if (f[1] == "value") {
				values[++num_values] = f[2]
				value[f[2]] = f[3]
			} else if (f[1] == "struct") {
				owner = f[2]
				structs[++num_structs] = owner
				size["struct " owner] = f[4]
			} else if (f[1] == "field") {
				offset[owner " " f[2]] = f[4]
				width[owner " " f[2]] = f[6]
				members[owner] = members[owner] " " f[2]
			}
		}
	}
	$1 == "macro" && !text { value_entry($2); next }
	$1 == "text" && NF == 1 { text = 1; next }
	/^[ \t]*$/ { next }
	# enumerators, at any depth of nesting
	/^[ \t]*enum([ \t]|[{]|$)/ && /[{]/ { in_enum = 1; next }
	in_enum && /}/ { in_enum = 0; next }
	in_enum && match($0, /[A-Za-z_][A-Za-z0-9_]*/) {
		value_entry(substr($0, RSTART, RLENGTH))
		next
	}
	!depth && /^struct[ \t]+[a-z0-9_]+[ \t]*[{]/ {
		name = $2
		num_fields = 0
		depth = 1
		next
	}
	depth && /}/ && /[{]/ { next }
	depth && /}/ {
		depth--
		if (!depth)
			end_struct()
		else if ($0 !~ /}[ \t]*;/)
			member($0)
		next
	}
	# the members of a named struct inside are not the outer one_s members
	depth && /[{]/ { depth++; next }
	depth && /;/ { member($0) }
	END {
		for (i = 1; i <= num_values; i++)
			if (!(values[i] in seen))
				entry("VALUE_MISSING", values[i], "", 0,
				      value[values[i]])
		for (i = 1; i <= num_structs; i++)
			if (!(("struct " structs[i]) in seen))
				entry("STRUCT_MISSING", structs[i], "", 0,
				      size["struct " structs[i]])
	}
	'
done
