// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommuctl info: what a device can do, in words or as JSON.
 *
 * First what sysfs says, then all that IOMMU_DEVICE_GET_INFO answers, then
 * IOMMU_GET_HW_INFO: what the hardware is, whether or not the kernel lets a user
 * have it. Both forms tell the same; the words have units.
 */
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>

#include "device-query.h"
#include "iommu-words.h"
#include "iommuctl.h"
#include "json.h"

/* Registers of an SMMUv3: Arm IHI 0070, 6.3.1 to 6.3.6 */
#define IDR0_S2P	0x1
#define IDR0_S1P	0x2
#define IDR5_OAS	0x7

#define HW_INFO_BITS(value, high, low) \
	((value) >> (low) & ((1U << ((high) - (low) + 1)) - 1))

static const struct iommu_format_info *formats_of(const struct device_query *query)
{
	return (const void *)(uintptr_t)query->info.formats;
}

static const struct iommu_iova_range *ranges_of(const struct device_query *query)
{
	return (const void *)(uintptr_t)query->info.ranges;
}

static unsigned int hw_words(const struct device_query *query)
{
	unsigned int words = query->hw.data_len / sizeof(__u32);

	return words < HW_INFO_WORDS ? words : HW_INFO_WORDS;
}

/*
 * In words
 */

#define LABEL "  %-16s "

static void line(const char *label, const char *text)
{
	printf(LABEL "%s\n", label, text);
}

static const char *coherency_text(__u32 caps)
{
	if (!(caps & IOMMU_DEVICE_CAP_COHERENT))
		return "DMA is not coherent with the caches of the CPU";
	if (caps & IOMMU_DEVICE_CAP_ENFORCE_SNOOP)
		return "DMA is coherent: snooping is enforced";
	if (caps & IOMMU_DEVICE_CAP_NO_IOMMU)
		return "DMA is coherent, if the device does not ask for no snoop (no IOMMU)";
	return "DMA is coherent, if the device does not ask for no snoop";
}

static const char *interrupts_text(__u32 caps)
{
	return caps & IOMMU_DEVICE_CAP_ISOLATED_MSI ?
	       "isolated: the device can raise only its own" :
	       "not isolated: the device can raise those of others";
}

static void show_ranges(const struct device_query *query)
{
	const struct iommu_iova_range *range = ranges_of(query);

	for (__u32 i = 0; i < query->info.num_ranges; i++, range++)
		printf(LABEL "0x%llx-0x%llx\n", i ? "" : "permitted IOVAs",
		       range->start, range->last);
	if (!query->info.num_ranges)
		line("permitted IOVAs", "none");
}

static void show_pasids(const struct device_query *query)
{
	if (!query->info.out_pasid_flags)
		line("PASIDs", "none");
	else
		printf(LABEL "%u bits, managed by the user, in a PASID table\n",
		       "PASIDs", query->info.out_pasid_width);
}

static const char *coherency_of_format(__u32 flags)
{
	if (flags & IOMMU_FORMAT_REFUSED)
		return "refused: tables could make DMA bypass the caches";
	if (flags & IOMMU_FORMAT_NONCOHERENT)
		return "tables can make DMA bypass the caches; the administrator accepts that";
	return "DMA is as coherent as with tables of the kernel";
}

static void show_format(const struct iommu_format_info *format)
{
	char name[WORD_MAX], sizes[PAGE_SIZES_MAX];

	printf("  format %s (%u)\n", format_text(format->format, name),
	       format->format);
	if (format->format == IOMMU_FORMAT_MAP_UNMAP) {
		line("  tables", "of the kernel, by map and unmap");
		line("  nesting", format->flags & IOMMU_FORMAT_SW_NESTING ?
		     "by software: a child that loses what its parent loses" :
		     "no");
		return;
	}
	line("  tables", format->flags & IOMMU_FORMAT_PASID_TABLE ?
	     "of the user: a table of the page tables of all PASIDs" :
	     "of the user: a page table");
	line("  nesting", format->flags & IOMMU_FORMAT_HW_NESTING ?
	     "by hardware, on top of tables of the kernel" : "no");
	line("  coherency", coherency_of_format(format->flags));
	printf(LABEL "%u bits\n", "  addresses", format->addr_width);
	printf(LABEL "%u bits\n", "  PASIDs", format->pasid_width);
	line("  page sizes", page_sizes_text(format->pgsizes, sizes));
	printf(LABEL "%u bytes at most\n", "  data", format->data_len);
	if (format->invalidate_len)
		printf(LABEL "type %#x, entries of %u bytes\n",
		       "  invalidation", format->invalidate_type,
		       format->invalidate_len);
	else
		line("  invalidation", "none");
}

static const char *stages_text(__u32 idr0)
{
	switch (idr0 & (IDR0_S1P | IDR0_S2P)) {
	case IDR0_S1P | IDR0_S2P:
		return "1 and 2";
	case IDR0_S1P:
		return "1 only";
	case IDR0_S2P:
		return "2 only";
	}
	return "none";
}

static void show_smmuv3(const struct iommu_hw_info_arm_smmuv3 *smmu)
{
	static const unsigned int widths[] = { 32, 36, 40, 42, 44, 48, 52, 56 };

	line("  stages", stages_text(smmu->idr[0]));
	printf(LABEL "%u bits\n", "  output", widths[smmu->idr[5] & IDR5_OAS]);
	printf(LABEL "%u bits\n", "  StreamIDs", HW_INFO_BITS(smmu->idr[1], 5, 0));
	printf(LABEL "%u bits\n", "  SubstreamIDs",
	       HW_INFO_BITS(smmu->idr[1], 10, 6));
	for (unsigned int i = 0; i < 6; i++)
		printf("    IDR%-13u 0x%08x\n", i, smmu->idr[i]);
	printf("    %-16s 0x%08x\n", "IIDR", smmu->iidr);
	printf("    %-16s 0x%08x\n", "AIDR", smmu->aidr);
}

static void show_hardware(const struct device_query *query)
{
	char name[WORD_MAX];

	if (!query->has_hw) {
		line("hardware", "none: the device is emulated by its driver");
		return;
	}
	printf("  hardware %s (%u)\n",
	       hw_info_text(query->hw.out_data_type, name),
	       query->hw.out_data_type);
	line("  ATS", query->hw.out_capabilities &
	     IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED ? "no" : "yes");
	line("  dirty tracking", query->hw.out_capabilities &
	     IOMMU_HW_CAP_DIRTY_TRACKING ? "yes" : "no");
	if (query->hw.out_max_pasid_log2)
		printf(LABEL "%u bits\n", "  PASIDs",
		       query->hw.out_max_pasid_log2);
	if (query->hw.out_data_type == IOMMU_HW_INFO_TYPE_ARM_SMMUV3) {
		show_smmuv3(&query->hw_data.smmuv3);
		return;
	}
	for (unsigned int i = 0; i < hw_words(query); i++)
		printf("    word %-11u 0x%08x\n", i, query->hw_data.words[i]);
}

static void show_text(const struct device_query *query)
{
	const struct iommu_device_get_info *info = &query->info;
	char sizes[PAGE_SIZES_MAX];

	printf("%s\n", query->sysfs.name);
	line("driver", query->sysfs.driver);
	printf(LABEL "%d\n", "group", query->sysfs.group);
	line("IOMMU", sysfs_device_iommu(&query->sysfs));
	line("device file", query->sysfs.file);
	if (info->out_caps & IOMMU_DEVICE_CAP_NO_IOMMU)
		line("protection", "none: the device reaches all memory");
	line("coherency", coherency_text(info->out_caps));
	line("", "the user cannot change that");
	line("interrupts", interrupts_text(info->out_caps));
	if (info->out_caps & IOMMU_DEVICE_CAP_SW_MSI)
		line("", "they are DMA, to a window that is not among the permitted IOVAs");
	line("dirty tracking", info->out_caps & IOMMU_DEVICE_CAP_DIRTY_TRACKING ?
	     "yes" : "no");
	line("page sizes", page_sizes_text(info->out_pgsizes, sizes));
	printf(LABEL "%u bits\n", "IOVA width", info->out_addr_width);
	show_ranges(query);
	show_pasids(query);
	for (__u32 i = 0; i < info->num_formats; i++)
		show_format(&formats_of(query)[i]);
	show_hardware(query);
}

/*
 * For programs
 */

static void page_sizes_json(struct json *json, __u64 pgsizes)
{
	json_begin_array(json, "page_sizes");
	for (unsigned int bit = 0; bit < 64; bit++)
		if (pgsizes >> bit & 1)
			json_number(json, NULL, 1ULL << bit);
	json_end_array(json);
}

static void caps_json(struct json *json, __u32 caps)
{
	static const struct {
		const char *name;
		__u32 bit;
	} names[] = {
		{ "coherent", IOMMU_DEVICE_CAP_COHERENT },
		{ "enforce_snoop", IOMMU_DEVICE_CAP_ENFORCE_SNOOP },
		{ "isolated_msi", IOMMU_DEVICE_CAP_ISOLATED_MSI },
		{ "sw_msi", IOMMU_DEVICE_CAP_SW_MSI },
		{ "dirty_tracking", IOMMU_DEVICE_CAP_DIRTY_TRACKING },
		{ "no_iommu", IOMMU_DEVICE_CAP_NO_IOMMU },
	};

	json_begin_object(json, "capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		json_bool(json, names[i].name, caps & names[i].bit);
	json_end_object(json);
}

static void format_json(struct json *json, const struct iommu_format_info *format)
{
	char name[WORD_MAX];
	__u32 flags = format->flags;
	const char *table = "page-table";

	if (format->format == IOMMU_FORMAT_MAP_UNMAP)
		table = NULL;
	else if (flags & IOMMU_FORMAT_PASID_TABLE)
		table = "pasid-table";
	json_begin_object(json, NULL);
	json_number(json, "format", format->format);
	json_string(json, "name", format_text(format->format, name));
	json_string(json, "user_table", table);
	json_bool(json, "hardware_nesting", flags & IOMMU_FORMAT_HW_NESTING);
	json_bool(json, "software_nesting", flags & IOMMU_FORMAT_SW_NESTING);
	json_bool(json, "noncoherent", flags & IOMMU_FORMAT_NONCOHERENT);
	json_bool(json, "refused", flags & IOMMU_FORMAT_REFUSED);
	json_number(json, "address_bits", format->addr_width);
	json_number(json, "pasid_bits", format->pasid_width);
	page_sizes_json(json, format->pgsizes);
	json_number(json, "data_bytes", format->data_len);
	json_number(json, "invalidate_type", format->invalidate_type);
	json_number(json, "invalidate_bytes", format->invalidate_len);
	json_end_object(json);
}

static void ranges_json(struct json *json, const struct device_query *query)
{
	const struct iommu_iova_range *range = ranges_of(query);

	json_begin_array(json, "permitted_iovas");
	for (__u32 i = 0; i < query->info.num_ranges; i++, range++) {
		json_begin_object(json, NULL);
		json_hex(json, "start", range->start);
		json_hex(json, "last", range->last);
		json_end_object(json);
	}
	json_end_array(json);
}

static void hardware_json(struct json *json, const struct device_query *query)
{
	__u64 caps = query->hw.out_capabilities;
	char name[WORD_MAX];

	if (!query->has_hw) {
		json_string(json, "hardware", NULL);
		return;
	}
	json_begin_object(json, "hardware");
	json_number(json, "type", query->hw.out_data_type);
	json_string(json, "name", hw_info_text(query->hw.out_data_type, name));
	json_bool(json, "ats", !(caps & IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED));
	json_bool(json, "dirty_tracking", caps & IOMMU_HW_CAP_DIRTY_TRACKING);
	json_number(json, "pasid_bits", query->hw.out_max_pasid_log2);
	/* As in the struct of the type: flags and registers */
	json_begin_array(json, "data");
	for (unsigned int i = 0; i < hw_words(query); i++)
		json_hex(json, NULL, query->hw_data.words[i]);
	json_end_array(json);
	json_end_object(json);
}

static void show_json(const struct device_query *query)
{
	const struct iommu_device_get_info *info = &query->info;
	struct json json = { .out = stdout };

	json_begin_object(&json, NULL);
	sysfs_device_json(&query->sysfs, &json);
	caps_json(&json, info->out_caps);
	page_sizes_json(&json, info->out_pgsizes);
	json_number(&json, "iova_bits", info->out_addr_width);
	ranges_json(&json, query);
	json_string(&json, "pasids_managed_by",
		    info->out_pasid_flags & IOMMU_PASID_USER ? "user" : NULL);
	json_number(&json, "pasid_bits", info->out_pasid_width);
	json_begin_array(&json, "formats");
	for (__u32 i = 0; i < info->num_formats; i++)
		format_json(&json, &formats_of(query)[i]);
	json_end_array(&json);
	hardware_json(&json, query);
	json_end_object(&json);
}

int iommuctl_info(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	struct device_query query;
	bool json = false, done;
	int option;

	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			show_help();
		case 'j':
			json = true;
			break;
		default:
			option_error(option, argv);
		}
	}
	if (argc - optind != 1)
		usage_error("info: name one device");

	done = device_query_begin(&query, argv[optind], iommu_fd_open(), 0);
	if (done && json)
		show_json(&query);
	else if (done)
		show_text(&query);
	device_query_end(&query);
	return done ? IOMMUCTL_DONE : IOMMUCTL_FAILED;
}
