/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formats, sizes and ranges as people write and read them.
 *
 * A parser returns false for what it does not understand.
 */
#ifndef IOMMU_WORDS_H
#define IOMMU_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/iommufd.h>

/* Room for any of the texts below, but for that of page sizes */
#define WORD_MAX 48

/* The name of a format, or its number if it has none */
const char *format_text(__u32 format, char *text);
bool parse_format(const char *text, __u32 *format);

/* What IOMMU_GET_HW_INFO calls an IOMMU */
const char *hw_info_text(__u32 type, char *text);

/* "4 KiB" */
const char *size_text(__u64 bytes, char *text);

/* "4 KiB, 2 MiB" of a bitmap; room for 64 sizes */
#define PAGE_SIZES_MAX (64 * 12)
const char *page_sizes_text(__u64 pgsizes, char *text);

/* "4K,2M": a bitmap of powers of two */
bool parse_page_sizes(const char *text, __u64 *pgsizes);

/* "0x1000-0x1fff", both ends inclusive, or "0x1000+4K" */
bool parse_range(const char *text, struct iommu_iova_range *range);

/* A number from 0 to @max */
bool parse_number(const char *text, __u64 max, __u64 *number);

#endif
