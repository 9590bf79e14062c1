// SPDX-License-Identifier: GPL-2.0-only
/*
 * The layout of the uAPI headers against mainline's.
 *
 * mainline-7.3.abi has the facts: values, sizes, offsets. layout_facts.sh lists
 * all that the installed headers define, with the fact for each, and this
 * program compares what the compiler makes of the headers with them. Names
 * that mainline does not have must belong to the block of extensions, which no
 * later mainline name or number can meet. It also lists the facts whose name
 * the headers do not define: a program written for mainline's would not compile.
 */
#include <stddef.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "harness.h"

enum layout_header { IOMMUFD, VFIO };

enum layout_kind {
	VALUE, VALUE_UNKNOWN, VALUE_MISSING,
	SIZE, STRUCT_UNKNOWN, STRUCT_MISSING,
	OFFSET, WIDTH, FIELD_UNKNOWN, FIELD_MISSING,
};

/*
 * One comparison. The kinds without a fact of mainline's: @mainline is the size
 * of the struct for FIELD_UNKNOWN, else 0. Those that only mainline has: @ours
 * is 0, @mainline the value, size or offset.
 */
struct layout_entry {
	enum layout_header header;
	enum layout_kind kind;
	const char *name;
	const char *field;
	unsigned long long ours;
	unsigned long long mainline;
};

static const struct layout_entry layout[] = {
#include "layout_facts.h"
};

/* Names that the extensions may use for constants and structs */
static const char * const own_values[] = {
	"IOMMU_DEVICE_", "IOMMU_FORMAT_", "IOMMU_IOASID_", "IOMMU_PASID_",
	"IOMMU_MEMORY_",
};

static const char * const own_structs[] = {
	"iommu_device_", "iommu_format_", "iommu_ioasid_", "iommu_pasid_",
	"iommu_memory_",
};

/* What mainline's headers have and the base kernel's <linux/vfio.h> has not */
static const struct {
	const char *name;
	const char *field;
} base_lacks[] = {
	/* it serves this type, and calls it VFIO_TYPE1_NESTING_IOMMU */
	{ "__VFIO_RESERVED_TYPE1_NESTING_IOMMU", "" },
	/* these end before unused bytes at mainline's end; argsz tells the forms apart */
	{ "vfio_device_info", "pad" },
	{ "vfio_iommu_type1_info", "pad" },
};

#define OWN_CMD_FIRST	0xc0
#define OWN_CMD_LAST	0xff

static bool has_prefix(const char *name, const char * const *prefix,
		       size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strncmp(name, prefix[i], strlen(prefix[i])))
			return true;
	return false;
}

static bool is_own_cmd(unsigned long long nr)
{
	return nr >= OWN_CMD_FIRST && nr <= OWN_CMD_LAST;
}

static bool is_own_value(const struct layout_entry *e)
{
	if (!strncmp(e->name, "IOMMUFD_CMD_", strlen("IOMMUFD_CMD_")))
		return is_own_cmd(e->ours);
	if (e->ours >> 8 == IOMMUFD_TYPE)
		return is_own_cmd(e->ours & 0xff);
	if (has_prefix(e->name, own_values, ARRAY_SIZE(own_values)))
		return true;
	/* a flag for one of mainline's commands, from bit 31 down */
	return e->ours >= 1 << 24 && e->ours <= 1U << 31 &&
	       !(e->ours & (e->ours - 1));
}

/* A struct that extensions were appended to is longer than mainline's */
static bool is_extended(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(layout); i++)
		if (layout[i].kind == FIELD_UNKNOWN &&
		    !strcmp(layout[i].name, name))
			return true;
	return false;
}

static bool may_be_missing(const struct layout_entry *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(base_lacks); i++)
		if (e->header == VFIO && !strcmp(e->name, base_lacks[i].name) &&
		    !strcmp(e->field, base_lacks[i].field))
			return true;
	return false;
}

/* A struct of the base kernel's is shorter if the last member may be missing */
static bool ends_before_pad(const struct layout_entry *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(layout); i++)
		if (layout[i].kind == FIELD_MISSING &&
		    !strcmp(layout[i].name, e->name) &&
		    may_be_missing(&layout[i]))
			return e->ours == layout[i].mainline;
	return false;
}

FIXTURE(layout)
{
};

FIXTURE_VARIANT(layout)
{
	enum layout_header header;
	const char *some_value;
	const char *some_struct;
};

FIXTURE_VARIANT_ADD(layout, iommufd)
{
	.header = IOMMUFD,
	.some_value = "IOMMU_IOAS_MAP",
	.some_struct = "iommu_ioas_map",
};

FIXTURE_VARIANT_ADD(layout, vfio)
{
	.header = VFIO,
	.some_value = "VFIO_DEVICE_BIND_IOMMUFD",
	.some_struct = "vfio_device_bind_iommufd",
};

FIXTURE_SETUP(layout)
{
}

FIXTURE_TEARDOWN(layout)
{
}

static const struct layout_entry *next_entry(const struct layout_entry *e,
					     enum layout_header header,
					     enum layout_kind kind)
{
	for (e = e ? e + 1 : layout; e < layout + ARRAY_SIZE(layout); e++)
		if (e->header == header && e->kind == kind)
			return e;
	return NULL;
}

static bool is_compared(enum layout_header header, enum layout_kind kind,
			const char *name)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, header, kind)))
		if (!strcmp(e->name, name))
			return true;
	return false;
}

TEST_F(layout, facts_cover_the_header)
{
	EXPECT_TRUE(is_compared(variant->header, VALUE, variant->some_value));
	EXPECT_TRUE(is_compared(variant->header, SIZE, variant->some_struct));
	EXPECT_TRUE(is_compared(variant->header, OFFSET, variant->some_struct));
	EXPECT_TRUE(is_compared(variant->header, WIDTH, variant->some_struct));
}

TEST_F(layout, values_equal_mainline)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, variant->header, VALUE))) {
		EXPECT_EQ(e->mainline, e->ours) {
			TH_LOG("%s", e->name);
		}
	}
}

TEST_F(layout, struct_sizes_equal_mainline)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, variant->header, SIZE))) {
		if (is_extended(e->name) || ends_before_pad(e))
			continue;
		EXPECT_EQ(e->mainline, e->ours) {
			TH_LOG("struct %s", e->name);
		}
	}
}

TEST_F(layout, member_offsets_equal_mainline)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, variant->header, OFFSET))) {
		EXPECT_EQ(e->mainline, e->ours) {
			TH_LOG("%s.%s", e->name, e->field);
		}
	}
}

TEST_F(layout, member_sizes_equal_mainline)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, variant->header, WIDTH))) {
		EXPECT_EQ(e->mainline, e->ours) {
			TH_LOG("%s.%s", e->name, e->field);
		}
	}
}

TEST_F(layout, no_constant_of_mainline_is_missing)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, variant->header, VALUE_MISSING))) {
		EXPECT_TRUE(may_be_missing(e)) {
			TH_LOG("%s = %#llx", e->name, e->mainline);
		}
	}
}

TEST_F(layout, no_struct_of_mainline_is_missing)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, variant->header, STRUCT_MISSING))) {
		EXPECT_TRUE(may_be_missing(e)) {
			TH_LOG("struct %s", e->name);
		}
	}
}

TEST_F(layout, no_member_of_mainline_is_missing)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, variant->header, FIELD_MISSING))) {
		EXPECT_TRUE(may_be_missing(e)) {
			TH_LOG("%s.%s", e->name, e->field);
		}
	}
}

TEST_F(layout, own_members_are_appended)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, variant->header, FIELD_UNKNOWN))) {
		EXPECT_LE(e->mainline, e->ours) {
			TH_LOG("%s.%s", e->name, e->field);
		}
	}
}

TEST_F(layout, other_constants_are_in_the_own_block)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, variant->header, VALUE_UNKNOWN))) {
		EXPECT_TRUE(is_own_value(e)) {
			TH_LOG("%s = %#llx is neither mainline's nor in the own block",
			       e->name, e->ours);
		}
	}
}

TEST_F(layout, other_structs_are_in_the_own_block)
{
	const struct layout_entry *e = NULL;

	while ((e = next_entry(e, variant->header, STRUCT_UNKNOWN))) {
		EXPECT_TRUE(has_prefix(e->name, own_structs,
				       ARRAY_SIZE(own_structs))) {
			TH_LOG("struct %s is neither mainline's nor in the own block",
			       e->name);
		}
	}
}

/* What the facts cannot hold: the extension of VFIO_DEVICE_BIND_IOMMUFD */
TEST(bind_cookie_is_appended_to_mainlines_struct)
{
	EXPECT_EQ(1U << 31, VFIO_DEVICE_BIND_FLAG_COOKIE);
	EXPECT_EQ(24, offsetof(struct vfio_device_bind_iommufd, dev_cookie));
	EXPECT_EQ(32, sizeof(struct vfio_device_bind_iommufd));
}

/* The same binary layout for 32-bit callers: no member is left unaligned */
TEST(own_structs_have_no_holes)
{
	struct iommu_device_get_info info;

	EXPECT_EQ(offsetof(struct iommu_device_get_info, out_pasid_width) +
		  sizeof(info.out_pasid_width), sizeof(info));
	EXPECT_EQ(32, sizeof(struct iommu_format_info));
	EXPECT_EQ(72, sizeof(info));
	EXPECT_EQ(56, sizeof(struct iommu_ioasid_alloc));
	EXPECT_EQ(40, sizeof(struct iommu_ioasid_invalidate));
	EXPECT_EQ(56, sizeof(struct iommu_device_fault));
}

TEST_HARNESS_MAIN
