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
	EXPECT_EQ(32, sizeof(struct iommu_memory_register));
}

#define EXPECT_MEMBER(_struct, _member, _offset, _size)			\
	do {								\
		EXPECT_EQ(_offset, offsetof(struct _struct, _member)) {	\
			TH_LOG("offset of %s.%s", #_struct, #_member);	\
		}							\
		EXPECT_EQ(_size, sizeof(((struct _struct *)0)->_member)) { \
			TH_LOG("size of %s.%s", #_struct, #_member);	\
		}							\
	} while (0)

/*
 * What the facts cannot hold, either: numbers and layouts of the extensions.
 * Programs are compiled with them.
 */
TEST(numbers_of_own_commands)
{
	EXPECT_EQ(0x3bc0, IOMMU_DEVICE_GET_INFO);
	EXPECT_EQ(0x3bc1, IOMMU_IOASID_ALLOC);
	EXPECT_EQ(0x3bc2, IOMMU_IOASID_INVALIDATE);
	EXPECT_EQ(0x3bc5, IOMMU_MEMORY_REGISTER);
}

TEST(values_of_own_constants)
{
	EXPECT_EQ(0, IOMMU_FORMAT_MAP_UNMAP);
	EXPECT_EQ(1, IOMMU_FORMAT_HW_NESTING);
	EXPECT_EQ(2, IOMMU_FORMAT_SW_NESTING);
	EXPECT_EQ(4, IOMMU_FORMAT_PASID_TABLE);
	EXPECT_EQ(8, IOMMU_FORMAT_NONCOHERENT);
	EXPECT_EQ(16, IOMMU_FORMAT_REFUSED);
	EXPECT_EQ(1, IOMMU_DEVICE_CAP_COHERENT);
	EXPECT_EQ(2, IOMMU_DEVICE_CAP_ENFORCE_SNOOP);
	EXPECT_EQ(4, IOMMU_DEVICE_CAP_ISOLATED_MSI);
	EXPECT_EQ(8, IOMMU_DEVICE_CAP_SW_MSI);
	EXPECT_EQ(16, IOMMU_DEVICE_CAP_DIRTY_TRACKING);
	EXPECT_EQ(32, IOMMU_DEVICE_CAP_NO_IOMMU);
	EXPECT_EQ(1, IOMMU_PASID_USER);
	EXPECT_EQ(0, IOMMU_IOASID_NOT_NESTED);
	EXPECT_EQ(1, IOMMU_IOASID_HW_NESTED);
	EXPECT_EQ(2, IOMMU_IOASID_SW_NESTED);
	EXPECT_EQ(1, IOMMU_IOASID_ALLOC_FAULT_QUEUE);
	EXPECT_EQ(1, IOMMU_IOASID_INVALIDATE_DEVICE);
	EXPECT_EQ(1, IOMMU_MEMORY_REGISTER_WRITEABLE);
	EXPECT_EQ(1U << 31, IOMMU_FAULT_QUEUE_COOKIE);
	EXPECT_EQ(1, IOMMU_DEVICE_FAULT_HAS_COOKIE);
	EXPECT_EQ(2, IOMMU_DEVICE_FAULT_UNRECOVERABLE);
	EXPECT_EQ(4, IOMMU_DEVICE_FAULT_ADDR_VALID);
	EXPECT_EQ(8, IOMMU_DEVICE_FAULT_LOST);
	EXPECT_EQ(0, IOMMU_DEVICE_FAULT_UNKNOWN);
	EXPECT_EQ(1, IOMMU_DEVICE_FAULT_PASID_FETCH);
	EXPECT_EQ(2, IOMMU_DEVICE_FAULT_BAD_PASID_ENTRY);
	EXPECT_EQ(3, IOMMU_DEVICE_FAULT_PASID_INVALID);
	EXPECT_EQ(4, IOMMU_DEVICE_FAULT_WALK_ABORT);
	EXPECT_EQ(5, IOMMU_DEVICE_FAULT_NOT_MAPPED);
	EXPECT_EQ(6, IOMMU_DEVICE_FAULT_PERMISSION);
	EXPECT_EQ(7, IOMMU_DEVICE_FAULT_ACCESS);
	EXPECT_EQ(8, IOMMU_DEVICE_FAULT_OUT_OF_RANGE);
}

TEST(members_of_format_info)
{
	EXPECT_MEMBER(iommu_format_info, format, 0, 4);
	EXPECT_MEMBER(iommu_format_info, flags, 4, 4);
	EXPECT_MEMBER(iommu_format_info, data_len, 8, 4);
	EXPECT_MEMBER(iommu_format_info, invalidate_type, 12, 4);
	EXPECT_MEMBER(iommu_format_info, invalidate_len, 16, 4);
	EXPECT_MEMBER(iommu_format_info, addr_width, 20, 1);
	EXPECT_MEMBER(iommu_format_info, pasid_width, 21, 1);
	EXPECT_MEMBER(iommu_format_info, __reserved, 22, 2);
	EXPECT_MEMBER(iommu_format_info, pgsizes, 24, 8);
}

TEST(members_of_device_get_info)
{
	EXPECT_MEMBER(iommu_device_get_info, size, 0, 4);
	EXPECT_MEMBER(iommu_device_get_info, flags, 4, 4);
	EXPECT_MEMBER(iommu_device_get_info, dev_cookie, 8, 8);
	EXPECT_MEMBER(iommu_device_get_info, out_dev_id, 16, 4);
	EXPECT_MEMBER(iommu_device_get_info, out_caps, 20, 4);
	EXPECT_MEMBER(iommu_device_get_info, out_pgsizes, 24, 8);
	EXPECT_MEMBER(iommu_device_get_info, out_addr_width, 32, 4);
	EXPECT_MEMBER(iommu_device_get_info, format_len, 36, 4);
	EXPECT_MEMBER(iommu_device_get_info, num_formats, 40, 4);
	EXPECT_MEMBER(iommu_device_get_info, num_ranges, 44, 4);
	EXPECT_MEMBER(iommu_device_get_info, formats, 48, 8);
	EXPECT_MEMBER(iommu_device_get_info, ranges, 56, 8);
	EXPECT_MEMBER(iommu_device_get_info, out_pasid_flags, 64, 4);
	EXPECT_MEMBER(iommu_device_get_info, out_pasid_width, 68, 4);
}

TEST(members_of_ioasid_alloc)
{
	EXPECT_MEMBER(iommu_ioasid_alloc, size, 0, 4);
	EXPECT_MEMBER(iommu_ioasid_alloc, flags, 4, 4);
	EXPECT_MEMBER(iommu_ioasid_alloc, format, 8, 4);
	EXPECT_MEMBER(iommu_ioasid_alloc, parent_id, 12, 4);
	EXPECT_MEMBER(iommu_ioasid_alloc, cookies, 16, 8);
	EXPECT_MEMBER(iommu_ioasid_alloc, num_cookies, 24, 4);
	EXPECT_MEMBER(iommu_ioasid_alloc, data_len, 28, 4);
	EXPECT_MEMBER(iommu_ioasid_alloc, data, 32, 8);
	EXPECT_MEMBER(iommu_ioasid_alloc, fault_id, 40, 4);
	EXPECT_MEMBER(iommu_ioasid_alloc, out_ioasid, 44, 4);
	EXPECT_MEMBER(iommu_ioasid_alloc, out_nesting, 48, 4);
	EXPECT_MEMBER(iommu_ioasid_alloc, out_refused, 52, 4);
}

TEST(members_of_ioasid_invalidate)
{
	EXPECT_MEMBER(iommu_ioasid_invalidate, size, 0, 4);
	EXPECT_MEMBER(iommu_ioasid_invalidate, flags, 4, 4);
	EXPECT_MEMBER(iommu_ioasid_invalidate, ioasid, 8, 4);
	EXPECT_MEMBER(iommu_ioasid_invalidate, data_type, 12, 4);
	EXPECT_MEMBER(iommu_ioasid_invalidate, dev_cookie, 16, 8);
	EXPECT_MEMBER(iommu_ioasid_invalidate, entries, 24, 8);
	EXPECT_MEMBER(iommu_ioasid_invalidate, entry_len, 32, 4);
	EXPECT_MEMBER(iommu_ioasid_invalidate, num_entries, 36, 4);
}

TEST(members_of_device_fault)
{
	EXPECT_MEMBER(iommu_device_fault, request, 0, 40);
	EXPECT_MEMBER(iommu_device_fault, dev_cookie, 40, 8);
	EXPECT_MEMBER(iommu_device_fault, flags, 48, 4);
	EXPECT_MEMBER(iommu_device_fault, reason, 52, 4);
}

TEST(members_of_memory_register)
{
	EXPECT_MEMBER(iommu_memory_register, size, 0, 4);
	EXPECT_MEMBER(iommu_memory_register, flags, 4, 4);
	EXPECT_MEMBER(iommu_memory_register, user_va, 8, 8);
	EXPECT_MEMBER(iommu_memory_register, length, 16, 8);
	EXPECT_MEMBER(iommu_memory_register, out_memory_id, 24, 4);
	EXPECT_MEMBER(iommu_memory_register, __reserved, 28, 4);
}

TEST_HARNESS_MAIN
