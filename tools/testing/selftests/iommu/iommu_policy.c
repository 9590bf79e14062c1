// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tools/iommu/iommu-policy.c decides: a table with a case in each row. It says
 * which devices there are and what the guest wants, what the answer is, and for both
 * ways the reason why not, with the device that is the reason and its value.
 *
 * Devices are made up. This needs no kernel: it also runs where it is built.
 */
#include <stdint.h>
#include <string.h>

#include "../kselftest.h"
#include "../../../iommu/iommu-policy.h"

#define SMMUV3 IOMMU_HWPT_DATA_ARM_SMMUV3
/* A format that no device here has */
#define OTHER 77

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define HW IOMMU_POLICY_HW_NESTING
#define SHADOW IOMMU_POLICY_SHADOWING
#define REFUSED IOMMU_POLICY_REFUSED
#define WHY(name) IOMMU_POLICY_##name

#define SMMU_SIZES (4 * KIB | 2 * MIB | GIB)

/*
 * Devices
 */

/* A newer kernel has longer entries */
struct long_format {
	struct iommu_format_info info;
	__u64 more;
};

#define MAP_UNMAP { .format = IOMMU_FORMAT_MAP_UNMAP, \
		    .flags = IOMMU_FORMAT_SW_NESTING }
#define SMMU_TABLE(more, pasids) { \
		.format = SMMUV3, \
		.flags = IOMMU_FORMAT_HW_NESTING | IOMMU_FORMAT_PASID_TABLE | \
			 (more), \
		.addr_width = 48, \
		.pasid_width = (pasids), \
		.pgsizes = SMMU_SIZES, \
	}

static const struct iommu_format_info smmu_formats[] = {
	MAP_UNMAP, SMMU_TABLE(0, 16),
};

static const struct iommu_format_info unsafe_formats[] = {
	MAP_UNMAP,
	SMMU_TABLE(IOMMU_FORMAT_NONCOHERENT | IOMMU_FORMAT_REFUSED, 0),
};

static const struct iommu_format_info accepted_formats[] = {
	MAP_UNMAP, SMMU_TABLE(IOMMU_FORMAT_NONCOHERENT, 0),
};

static const struct long_format long_formats[] = {
	{ .info = MAP_UNMAP, .more = SMMUV3 },
	{ .info = SMMU_TABLE(0, 0), .more = ~0ULL },
};

static const struct iommu_format_info wide_formats[] = {
	MAP_UNMAP,
	{ .format = SMMUV3, .flags = IOMMU_FORMAT_HW_NESTING, .addr_width = 64,
	  .pgsizes = SMMU_SIZES },
};

static const struct iommu_format_info no_nesting_formats[] = {
	{ .format = IOMMU_FORMAT_MAP_UNMAP },
	{ .format = SMMUV3, .addr_width = 48, .pgsizes = SMMU_SIZES },
};

/* All but the window of interrupts, in 48 bits */
static const struct iommu_iova_range smmu_ranges[] = {
	{ 0, 0x7ffffff }, { 0x8100000, (1ULL << 48) - 1 },
};

static const struct iommu_iova_range vtd_ranges[] = {
	{ 0, 0xfedfffff }, { 0xfef00000, (1ULL << 39) - 1 },
};

static const struct iommu_iova_range all_ranges[] = { { 0, ~0ULL } };

/* Side by side, so that one can be in both */
static const struct iommu_iova_range split_ranges[] = {
	{ 0x1000, 0xffff }, { 0x10000, 0x1ffff }, { 0x20000, 0x2ffff },
};

enum {
	SMMU,
	UNSAFE_SMMU,	/* the kernel refuses its tables */
	ACCEPTED_SMMU,	/* the administrator accepts that they are not coherent */
	LONG_SMMU,	/* a kernel with longer entries */
	WIDE_SMMU,	/* translates all addresses */
	VTD,
	VTD_64K,	/* cannot map less than that */
	NO_IOMMU,
	NO_NESTING,	/* neither by hardware nor by software */
	MEDIATED,
	NONCOHERENT,
	SPLIT,
	NO_RANGES,
	NO_PAGES,
};

#define FORMATS(array) \
	.format_len = sizeof((array)[0]), \
	.num_formats = ARRAY_SIZE(array), .formats = (uintptr_t)(array)
#define RANGES(array) \
	.num_ranges = ARRAY_SIZE(array), .ranges = (uintptr_t)(array)

static struct iommu_device_get_info device(unsigned int kind)
{
	static const struct iommu_format_info vtd_formats[] = { MAP_UNMAP };
	const struct iommu_device_get_info devices[] = {
		[SMMU] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			.out_pgsizes = SMMU_SIZES,
			FORMATS(smmu_formats), RANGES(smmu_ranges) },
		[UNSAFE_SMMU] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			.out_pgsizes = SMMU_SIZES,
			FORMATS(unsafe_formats), RANGES(smmu_ranges) },
		[ACCEPTED_SMMU] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			.out_pgsizes = SMMU_SIZES,
			FORMATS(accepted_formats), RANGES(smmu_ranges) },
		[LONG_SMMU] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			.out_pgsizes = SMMU_SIZES,
			FORMATS(long_formats), RANGES(smmu_ranges) },
		[WIDE_SMMU] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			.out_pgsizes = SMMU_SIZES,
			FORMATS(wide_formats), RANGES(all_ranges) },
		[VTD] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			.out_pgsizes = SMMU_SIZES,
			FORMATS(vtd_formats), RANGES(vtd_ranges) },
		[VTD_64K] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			.out_pgsizes = 64 * KIB | 2 * MIB,
			FORMATS(vtd_formats), RANGES(vtd_ranges) },
		[NO_IOMMU] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT |
				    IOMMU_DEVICE_CAP_NO_IOMMU,
			.out_pgsizes = 4 * KIB,
			FORMATS(vtd_formats), RANGES(all_ranges) },
		[NO_NESTING] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			.out_pgsizes = SMMU_SIZES,
			FORMATS(no_nesting_formats), RANGES(all_ranges) },
		[MEDIATED] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT |
				    IOMMU_DEVICE_CAP_ENFORCE_SNOOP,
			.out_pgsizes = 1,
			FORMATS(vtd_formats), RANGES(all_ranges) },
		[NONCOHERENT] = {
			.out_pgsizes = SMMU_SIZES,
			FORMATS(vtd_formats), RANGES(vtd_ranges) },
		[SPLIT] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			.out_pgsizes = SMMU_SIZES,
			FORMATS(smmu_formats), RANGES(split_ranges) },
		[NO_RANGES] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			.out_pgsizes = SMMU_SIZES,
			FORMATS(smmu_formats) },
		[NO_PAGES] = {
			.out_caps = IOMMU_DEVICE_CAP_COHERENT,
			FORMATS(vtd_formats), RANGES(all_ranges) },
	};

	return devices[kind];
}

/*
 * Cases
 */

#define MAX_DEVICES 3

struct policy_case {
	const char *name;
	unsigned int devices[MAX_DEVICES];
	unsigned int num_devices;
	struct iommu_policy_wish wish;	/* but for ranges; format 0: the SMMUv3's */
	__u32 no_table;			/* it is IOMMU_FORMAT_MAP_UNMAP */
	struct iommu_iova_range iova, memory;	/* last 0: none */
	enum iommu_policy policy;
	struct iommu_policy_reason hardware, shadowing;
};

#define DEVICES(...) \
	.devices = { __VA_ARGS__ }, \
	.num_devices = sizeof((unsigned int []){ __VA_ARGS__ }) / \
		       sizeof(unsigned int)

static const struct policy_case cases[] = {
	/* What devices are */
	{ "a device with the format nests",
	  DEVICES(SMMU), .policy = HW },
	{ "two devices with the format nest",
	  DEVICES(SMMU, SMMU), .policy = HW },
	{ "entries of formats can be longer",
	  DEVICES(LONG_SMMU), .policy = HW },
	{ "a device without the format is shadowed",
	  DEVICES(VTD), .policy = SHADOW, .hardware = { WHY(NO_FORMAT) } },
	{ "a format that no device has is shadowed",
	  DEVICES(SMMU), .wish = { .format = OTHER },
	  .policy = SHADOW, .hardware = { WHY(NO_FORMAT) } },
	{ "a mediated device is shadowed",
	  DEVICES(MEDIATED), .wish = { .pgsizes = 4 * KIB },
	  .iova = { 0, ~0ULL }, .policy = SHADOW,
	  .hardware = { WHY(NO_FORMAT) } },
	{ "a device without an IOMMU is refused",
	  DEVICES(NO_IOMMU), .policy = REFUSED,
	  .hardware = { WHY(NO_IOMMU) }, .shadowing = { WHY(NO_IOMMU) } },
	{ "a device that cannot nest at all is refused",
	  DEVICES(NO_NESTING), .policy = REFUSED,
	  .hardware = { WHY(NO_FORMAT) }, .shadowing = { WHY(NO_FORMAT) } },
	{ "no device is refused",
	  .policy = REFUSED,
	  .hardware = { WHY(NO_DEVICE) }, .shadowing = { WHY(NO_DEVICE) } },
	{ "a guest without tables is served by map and unmap",
	  DEVICES(SMMU), .no_table = 1, .policy = SHADOW,
	  .hardware = { WHY(NO_TABLE) } },

	/* Mixes: all or none */
	{ "of a mix all are shadowed",
	  DEVICES(SMMU, VTD), .policy = SHADOW,
	  .hardware = { WHY(NO_FORMAT), 1 } },
	{ "the first device that cannot nest is the reason",
	  DEVICES(SMMU, UNSAFE_SMMU, VTD), .policy = SHADOW,
	  .hardware = { WHY(UNSAFE), 1 } },
	{ "one device without an IOMMU refuses all",
	  DEVICES(SMMU, VTD, NO_IOMMU), .policy = REFUSED,
	  .hardware = { WHY(NO_FORMAT), 1 }, .shadowing = { WHY(NO_IOMMU), 2 } },
	{ "a range that only the second permits not",
	  DEVICES(SMMU, VTD), .iova = { 0x10000000, (1ULL << 40) - 1 },
	  .policy = REFUSED, .hardware = { WHY(NO_FORMAT), 1 },
	  .shadowing = { WHY(IOVA), 1, 0xfee00000 } },
	{ "each device refuses one way",
	  DEVICES(NO_RANGES, VTD), .iova = { 0, 0xffff },
	  .policy = REFUSED, .hardware = { WHY(NO_FORMAT), 1 },
	  .shadowing = { WHY(IOVA), 0, 0 } },

	/* Coherency */
	{ "tables that the kernel refuses are shadowed",
	  DEVICES(UNSAFE_SMMU), .policy = SHADOW,
	  .hardware = { WHY(UNSAFE) } },
	{ "tables that the administrator accepts nest",
	  DEVICES(ACCEPTED_SMMU), .policy = HW },
	{ "but are shadowed if the VMM does not accept them",
	  DEVICES(ACCEPTED_SMMU), .wish = { .coherent = true },
	  .policy = SHADOW, .hardware = { WHY(NONCOHERENT) } },
	{ "coherent tables nest then",
	  DEVICES(SMMU), .wish = { .coherent = true }, .policy = HW },
	{ "DMA that is not coherent can be shadowed",
	  DEVICES(NONCOHERENT), .policy = SHADOW,
	  .hardware = { WHY(NO_FORMAT) } },
	{ "but is refused if the VMM does not accept that",
	  DEVICES(NONCOHERENT), .wish = { .coherent = true },
	  .policy = REFUSED, .hardware = { WHY(NO_FORMAT) },
	  .shadowing = { WHY(NONCOHERENT) } },

	/* Page sizes */
	{ "page sizes of the table nest",
	  DEVICES(SMMU), .wish = { .pgsizes = SMMU_SIZES }, .policy = HW },
	{ "some of them nest",
	  DEVICES(SMMU), .wish = { .pgsizes = 2 * MIB }, .policy = HW },
	{ "another size is shadowed in smaller pages",
	  DEVICES(SMMU), .wish = { .pgsizes = 4 * KIB | 64 * KIB },
	  .policy = SHADOW, .hardware = { WHY(PAGE_SIZE), 0, 64 * KIB } },
	{ "pages smaller than those of the kernel are refused",
	  DEVICES(SMMU), .wish = { .pgsizes = KIB | 4 * KIB },
	  .policy = REFUSED, .hardware = { WHY(PAGE_SIZE), 0, KIB },
	  .shadowing = { WHY(PAGE_SIZE), 0, KIB } },
	{ "the second device has larger pages",
	  DEVICES(VTD, VTD_64K), .wish = { .pgsizes = 4 * KIB },
	  .policy = REFUSED, .hardware = { WHY(NO_FORMAT), 0 },
	  .shadowing = { WHY(PAGE_SIZE), 1, 4 * KIB } },
	{ "pages as large as the kernel's are shadowed",
	  DEVICES(VTD_64K), .wish = { .pgsizes = 64 * KIB },
	  .policy = SHADOW, .hardware = { WHY(NO_FORMAT) } },
	{ "a device that maps no page is refused",
	  DEVICES(NO_PAGES), .wish = { .pgsizes = 4 * KIB },
	  .policy = REFUSED, .hardware = { WHY(NO_FORMAT) },
	  .shadowing = { WHY(PAGE_SIZE), 0, 4 * KIB } },

	/* IOVAs of the guest */
	{ "IOVAs as wide as the table nest",
	  DEVICES(SMMU), .iova = { 0, (1ULL << 48) - 1 }, .policy = HW,
	  .shadowing = { WHY(IOVA), 0, 0x8000000 } },
	{ "IOVAs in the window of interrupts nest, but are not shadowed",
	  DEVICES(SMMU), .iova = { 0x8000000, 0x80fffff }, .policy = HW,
	  .shadowing = { WHY(IOVA), 0, 0x8000000 } },
	{ "too wide IOVAs are refused by both",
	  DEVICES(SMMU), .iova = { 0x8100000, 1ULL << 48 }, .policy = REFUSED,
	  .hardware = { WHY(WIDTH), 0, 1ULL << 48 },
	  .shadowing = { WHY(IOVA), 0, 1ULL << 48 } },
	{ "all IOVAs nest if the table is as wide",
	  DEVICES(WIDE_SMMU), .iova = { 0, ~0ULL }, .policy = HW },
	{ "permitted IOVAs are shadowed",
	  DEVICES(VTD), .iova = { 0xfef00000, (1ULL << 39) - 1 },
	  .policy = SHADOW, .hardware = { WHY(NO_FORMAT) } },
	{ "one IOVA more is refused",
	  DEVICES(VTD), .iova = { 0xfef00000, 1ULL << 39 },
	  .policy = REFUSED, .hardware = { WHY(NO_FORMAT) },
	  .shadowing = { WHY(IOVA), 0, 1ULL << 39 } },
	{ "one IOVA less, at the beginning, is refused",
	  DEVICES(VTD), .iova = { 0xfeeff000, 0xfeffffff },
	  .policy = REFUSED, .hardware = { WHY(NO_FORMAT) },
	  .shadowing = { WHY(IOVA), 0, 0xfeeff000 } },
	{ "IOVAs around a gap are refused",
	  DEVICES(VTD), .iova = { 0, 0xffffffff },
	  .policy = REFUSED, .hardware = { WHY(NO_FORMAT) },
	  .shadowing = { WHY(IOVA), 0, 0xfee00000 } },
	{ "IOVAs in ranges side by side are permitted",
	  DEVICES(SPLIT), .wish = { .format = OTHER },
	  .iova = { 0x2000, 0x2ffff }, .policy = SHADOW,
	  .hardware = { WHY(NO_FORMAT) } },
	{ "IOVAs that begin with the last one of a range are permitted",
	  DEVICES(SPLIT), .wish = { .format = OTHER },
	  .iova = { 0xffff, 0x10000 }, .policy = SHADOW,
	  .hardware = { WHY(NO_FORMAT) } },
	{ "IOVAs before the first range are refused",
	  DEVICES(SPLIT), .wish = { .format = OTHER }, .iova = { 0, 0x1fff },
	  .policy = REFUSED, .hardware = { WHY(NO_FORMAT) },
	  .shadowing = { WHY(IOVA), 0, 0 } },

	/* Memory of the guest */
	{ "memory in a permitted range nests",
	  DEVICES(SMMU), .memory = { GIB, 5 * GIB - 1 }, .policy = HW },
	{ "memory in the window of interrupts is refused",
	  DEVICES(SMMU), .memory = { 0, GIB - 1 }, .policy = REFUSED,
	  .hardware = { WHY(MEMORY), 0, 0x8000000 },
	  .shadowing = { WHY(MEMORY), 0, 0x8000000 } },
	{ "memory that is not permitted is not shadowed either",
	  DEVICES(VTD), .memory = { 0, 4 * GIB - 1 }, .policy = REFUSED,
	  .hardware = { WHY(NO_FORMAT) },
	  .shadowing = { WHY(MEMORY), 0, 0xfee00000 } },
	{ "memory that is not in whole pages is refused",
	  DEVICES(SMMU), .memory = { GIB, GIB + 6 * KIB - 1 },
	  .policy = REFUSED, .hardware = { WHY(ALIGNMENT), 0, 4 * KIB },
	  .shadowing = { WHY(ALIGNMENT), 0, 4 * KIB } },
	{ "memory that does not begin with a page is refused",
	  DEVICES(VTD_64K), .memory = { 4 * KIB, 64 * KIB - 1 },
	  .policy = REFUSED, .hardware = { WHY(NO_FORMAT) },
	  .shadowing = { WHY(ALIGNMENT), 0, 64 * KIB } },
	{ "no memory consists of pages if there are none",
	  DEVICES(NO_PAGES), .memory = { 0, 0xfff }, .policy = REFUSED,
	  .hardware = { WHY(NO_FORMAT) },
	  .shadowing = { WHY(ALIGNMENT), 0, 0 } },
	{ "memory up to the last address is permitted",
	  DEVICES(MEDIATED), .memory = { 0, ~0ULL }, .policy = SHADOW,
	  .hardware = { WHY(NO_FORMAT) } },
	{ "no memory is permitted if no range is",
	  DEVICES(NO_RANGES), .memory = { 0, 0xfff }, .policy = REFUSED,
	  .hardware = { WHY(MEMORY), 0, 0 },
	  .shadowing = { WHY(MEMORY), 0, 0 } },

	/* PASIDs */
	{ "PASIDs of the table nest",
	  DEVICES(SMMU), .wish = { .pasid_width = 16 }, .policy = HW,
	  .shadowing = { WHY(PASIDS), 0, 0 } },
	{ "more PASIDs are refused, and none is shadowed",
	  DEVICES(SMMU), .wish = { .pasid_width = 17 }, .policy = REFUSED,
	  .hardware = { WHY(PASIDS), 0, 16 }, .shadowing = { WHY(PASIDS), 0, 0 } },
	{ "PASIDs are not shadowed",
	  DEVICES(VTD), .wish = { .pasid_width = 1 }, .policy = REFUSED,
	  .hardware = { WHY(NO_FORMAT) }, .shadowing = { WHY(PASIDS), 0, 0 } },
};

static bool is_reason(const char *way, const struct iommu_policy_reason *reason,
		      const struct iommu_policy_reason *expected)
{
	char text[128];

	if (reason->code == expected->code &&
	    reason->device == expected->device &&
	    reason->value == expected->value)
		return true;
	iommu_policy_explain(reason, text, sizeof(text));
	ksft_print_msg("no %s because of device %zu, %#llx, instead of \"%s\", %zu, %#llx: %s\n",
		       way, reason->device, (unsigned long long)reason->value,
		       iommu_policy_code_name(expected->code), expected->device,
		       (unsigned long long)expected->value, text);
	return false;
}

static bool run_case(const struct policy_case *it)
{
	struct iommu_device_get_info devices[MAX_DEVICES];
	struct iommu_policy_wish wish = it->wish;
	struct iommu_policy_decision decision;
	bool good;

	for (unsigned int i = 0; i < it->num_devices; i++)
		devices[i] = device(it->devices[i]);
	if (!wish.format && !it->no_table)
		wish.format = SMMUV3;
	wish.iovas = &it->iova;
	wish.num_iovas = !!it->iova.last;
	wish.memory = &it->memory;
	wish.num_memory = !!it->memory.last;

	decision = iommu_policy_decide(&wish, devices, it->num_devices);
	good = decision.policy == it->policy;
	if (!good)
		ksft_print_msg("%s instead of %s\n",
			       iommu_policy_name(decision.policy),
			       iommu_policy_name(it->policy));
	good &= is_reason("hardware nesting", &decision.hardware, &it->hardware);
	good &= is_reason("shadowing", &decision.shadowing, &it->shadowing);
	return good;
}

/* Two ranges, of which the second does not fit */
static bool later_range_counts(void)
{
	const struct iommu_iova_range iovas[] = {
		{ 0, 0xfff }, { 1ULL << 39, (1ULL << 39) + 1 },
	};
	const struct iommu_policy_wish wish = {
		.format = SMMUV3, .iovas = iovas, .num_iovas = 2,
	};
	const struct iommu_device_get_info vtd = device(VTD);
	struct iommu_policy_decision decision =
		iommu_policy_decide(&wish, &vtd, 1);

	return decision.policy == REFUSED &&
	       decision.shadowing.code == WHY(IOVA) &&
	       decision.shadowing.value == 1ULL << 39;
}

/* Each reason has a name of its own, and a text that fits */
static bool reasons_have_names(void)
{
	char text[128], other[128];

	for (int i = WHY(FITS); i <= WHY(PASIDS); i++) {
		const struct iommu_policy_reason reason = { i, 0, ~0ULL };

		iommu_policy_explain(&reason, text, sizeof(text));
		if (strlen(text) < 4 || strlen(text) + 1 == sizeof(text))
			return false;
		for (int j = WHY(FITS); j < i; j++) {
			const struct iommu_policy_reason earlier = { j, 0, ~0ULL };

			iommu_policy_explain(&earlier, other, sizeof(other));
			if (!strcmp(iommu_policy_code_name(i),
				    iommu_policy_code_name(j)) ||
			    !strcmp(text, other))
				return false;
		}
	}
	return true;
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(cases) + 2);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (run_case(&cases[i]))
			ksft_test_result_pass("%s\n", cases[i].name);
		else
			ksft_test_result_fail("%s\n", cases[i].name);
	}
	if (later_range_counts())
		ksft_test_result_pass("each range of the guest counts\n");
	else
		ksft_test_result_fail("each range of the guest counts\n");
	if (reasons_have_names())
		ksft_test_result_pass("each reason has a name and a text\n");
	else
		ksft_test_result_fail("each reason has a name and a text\n");
	ksft_print_cnts();
	return ksft_get_fail_cnt() ? 1 : 0;
}
