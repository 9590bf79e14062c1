// SPDX-License-Identifier: GPL-2.0-only
/*
 * Formats, sizes and ranges as people write and read them. See iommu-words.h.
 *
 * Numbers are decimal, or hexadecimal after 0x. A size can end in K, M, G or T,
 * powers of 1024. Formats have the numbers of mainline's interface, also those that
 * no driver of this kernel has: a guest can have such tables nevertheless, and its
 * VMM shadow them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommu-words.h"

struct name {
	__u32 number;
	const char *name;
};

static const struct name formats[] = {
	{ IOMMU_FORMAT_MAP_UNMAP, "map-unmap" },
	{ 1, "vtd-s1" },
	{ IOMMU_HWPT_DATA_ARM_SMMUV3, "arm-smmuv3" },
	{ 3, "amd-guest" },
	{ 0, NULL }
};

static const struct name hw_infos[] = {
	{ IOMMU_HW_INFO_TYPE_NONE, "none" },
	{ 1, "intel-vtd" },
	{ IOMMU_HW_INFO_TYPE_ARM_SMMUV3, "arm-smmuv3" },
	{ 3, "tegra241-cmdqv" },
	{ 4, "amd" },
	{ 0, NULL }
};

static const char *name_of(const struct name *names, __u32 number, char *text)
{
	snprintf(text, WORD_MAX, "%u", number);
	for (; names->name; names++)
		if (names->number == number)
			snprintf(text, WORD_MAX, "%s", names->name);
	return text;
}

const char *format_text(__u32 format, char *text)
{
	return name_of(formats, format, text);
}

const char *hw_info_text(__u32 type, char *text)
{
	return name_of(hw_infos, type, text);
}

/* A number at the beginning of @text; returns what follows it, or NULL */
static const char *take_number(const char *text, __u64 *number)
{
	char *end;

	/* No sign, no blank, no octal */
	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	*number = strtoull(text, &end,
			   text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	return errno || end == text ? NULL : end;
}

static const char *take_size(const char *text, __u64 *size)
{
	static const char units[] = "kmgt";
	const char *end = take_number(text, size);
	const char *unit;

	if (!end || !*end)
		return end;
	unit = strchr(units, *end | 0x20);
	if (!unit || !*unit)
		return end;
	for (; unit >= units; unit--) {
		if (*size >> 54)
			return NULL;
		*size <<= 10;
	}
	return end + 1;
}

bool parse_number(const char *text, __u64 max, __u64 *number)
{
	const char *end = take_number(text, number);

	return end && !*end && *number <= max;
}

bool parse_format(const char *text, __u32 *format)
{
	__u64 number;

	for (const struct name *entry = formats; entry->name; entry++) {
		if (!strcmp(text, entry->name)) {
			*format = entry->number;
			return true;
		}
	}
	if (!parse_number(text, 0xffffffff, &number))
		return false;
	*format = number;
	return true;
}

bool parse_page_sizes(const char *text, __u64 *pgsizes)
{
	__u64 size;

	*pgsizes = 0;
	do {
		text = take_size(text, &size);
		if (!text || !size || size & (size - 1))
			return false;
		*pgsizes |= size;
	} while (*text++ == ',');
	return !text[-1];
}

bool parse_range(const char *text, struct iommu_iova_range *range)
{
	__u64 length;

	text = take_size(text, &range->start);
	if (text && *text == '-') {
		text = take_size(text + 1, &range->last);
		return text && !*text && range->last >= range->start;
	}
	if (!text || *text != '+')
		return false;
	text = take_size(text + 1, &length);
	if (!text)
		return false;
	range->last = range->start + length - 1;
	return !*text && length && range->last >= range->start;
}

const char *size_text(__u64 bytes, char *text)
{
	static const char *const units[] = {
		"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB",
	};
	unsigned int unit = 0;

	while (bytes && !(bytes & 1023)) {
		bytes >>= 10;
		unit++;
	}
	snprintf(text, WORD_MAX, "%llu %s", bytes,
		 bytes == 1 && !unit ? "byte" : units[unit]);
	return text;
}

/* Tables that software made have sizes without end: a run is told by its ends */
const char *page_sizes_text(__u64 pgsizes, char *text)
{
	char first[WORD_MAX], last[WORD_MAX], *end = text;

	strcpy(text, "none");
	while (pgsizes) {
		__u64 low = pgsizes & -pgsizes, high = low;

		while (pgsizes & high << 1)
			high <<= 1;
		/* Two or three are told one by one */
		if (high >> 3 < low)
			high = low;
		pgsizes &= ~(high | (high - 1));
		size_text(low, first);
		size_text(high, last);
		end += sprintf(end, "%s%s", end == text ? "" : ", ", first);
		if (high != low)
			end += sprintf(end, " to %s", last);
	}
	return text;
}
