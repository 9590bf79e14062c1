// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the users of an IOAS demand of all that is mapped there: the alignment,
 * and the IOVAs that there are. A mapping, a copy or a further table that does
 * not suit is refused, and nothing has changed then. With mock devices
 * (CONFIG_IOMMUFD_TEST).
 */
#include "mock_fixture.h"

/* Where things are in an IOAS without limits */
#define SOURCE		0x7000000000ULL

#define NO_LIMIT	UINT64_MAX

/* The ranges of an IOAS that nobody uses */
static bool has_no_limits(int fd, __u32 ioas)
{
	struct iommu_iova_range range = {};
	__u64 alignment;
	__u32 num = 1;

	return !ioas_iova_ranges(fd, ioas, &range, &num, &alignment) &&
	       num == 1 && !range.start && range.last == NO_LIMIT &&
	       alignment == 1;
}

static __u64 alignment_of(int fd, __u32 ioas)
{
	struct iommu_iova_range range[4];
	__u32 num = ARRAY_SIZE(range);
	__u64 alignment;

	return ioas_iova_ranges(fd, ioas, range, &num, &alignment) ? 0 :
								     alignment;
}

static bool is_empty(int fd, __u32 ioas)
{
	__u64 unmapped;

	return !ioas_unmap_all(fd, ioas, &unmapped) && !unmapped;
}

/*
 * Alignment of copies: from an IOAS that takes any byte into one that does not
 */

FIXTURE(copy)
{
	int fd;
	__u32 src;
	__u32 dst;
	__u32 hwpt;
	int access;
	__u8 *memory;
	__u64 unit;
};

FIXTURE_VARIANT(copy)
{
	bool device;
	bool access;
	bool without_large_pages;
};

FIXTURE_VARIANT_ADD(copy, device)
{
	.device = true,
};

FIXTURE_VARIANT_ADD(copy, device_without_large_pages)
{
	.device = true,
	.without_large_pages = true,
};

FIXTURE_VARIANT_ADD(copy, nobody_without_large_pages)
{
	.without_large_pages = true,
};

FIXTURE_VARIANT_ADD(copy, pinning_access)
{
	.access = true,
};

FIXTURE_SETUP(copy)
{
	struct mock_device dev = {};

	self->access = -1;
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->src));
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->dst));
	if (variant->without_large_pages)
		ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES,
					self->dst, 0));
	if (variant->device)
		ASSERT_EQ(0, mock_device(self->fd, self->dst, &dev));
	self->hwpt = dev.hwpt;
	if (variant->access) {
		self->access = mock_access(self->fd, self->dst,
					   MOCK_ACCESS_PINS);
		ASSERT_LE(0, self->access);
	}
	self->unit = variant->device && !variant->without_large_pages ?
		     MOCK_IO_PAGE_SIZE : page_size;
	ASSERT_TRUE(has_no_limits(self->fd, self->src));
	ASSERT_EQ(self->unit, alignment_of(self->fd, self->dst));
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(copy)
{
	close(self->access);
	EXPECT_EQ(0, close(self->fd));
}

/* A copy that does not suit is not made at any IOVA, and leaves nothing */
#define EXPECT_NO_COPY(_length, _src_iova)				\
	do {								\
		__u64 _iova = 0;					\
									\
		EXPECT_EQ(-EINVAL, ioas_copy_fixed(self->fd, self->dst,	\
						   self->src, _length,	\
						   IOVA, _src_iova));	\
		EXPECT_EQ(-EINVAL, ioas_copy(self->fd, self->dst,	\
					     self->src, _length, &_iova, \
					     _src_iova));		\
		EXPECT_TRUE(is_empty(self->fd, self->dst));		\
		EXPECT_EQ(0, status_pages("VmPin"));			\
		if (variant->device)					\
			EXPECT_EQ(0, mock_count_mapped(self->fd,	\
						       self->hwpt, IOVA, \
						       8 * page_size));	\
	} while (0)

TEST_F(copy, wants_an_aligned_length)
{
	__u64 unit = self->unit;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->src, self->memory,
				    4 * page_size, SOURCE));
	EXPECT_NO_COPY(1, SOURCE);
	EXPECT_NO_COPY(unit / 2, SOURCE);
	EXPECT_NO_COPY(unit - 1, SOURCE);
	EXPECT_NO_COPY(unit + unit / 2, SOURCE);
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src, unit, IOVA,
				     SOURCE));
}

TEST_F(copy, wants_an_aligned_fixed_iova)
{
	__u64 unit = self->unit;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->src, self->memory,
				    4 * page_size, SOURCE));
	for (__u64 offset = 1; offset < unit; offset *= 2)
		EXPECT_EQ(-EINVAL, ioas_copy_fixed(self->fd, self->dst,
						   self->src, unit,
						   IOVA + offset, SOURCE));
	EXPECT_TRUE(is_empty(self->fd, self->dst));
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src, unit,
				     IOVA + unit, SOURCE));
}

TEST_F(copy, wants_aligned_memory)
{
	__u64 unit = self->unit;

	/* it does not matter where it is in the source */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->src,
				    self->memory + unit / 2, 2 * page_size,
				    SOURCE));
	EXPECT_NO_COPY(unit, SOURCE);
	EXPECT_NO_COPY(unit, SOURCE + unit);
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src, unit, IOVA,
				     SOURCE + unit / 2));
	if (variant->device)
		EXPECT_EQ(0, mock_check_map(self->fd, self->hwpt, IOVA,
					    self->memory + unit, unit));
}

/* Pieces of a page with a page between them in memory, one of them moved */
static int map_pieces(int fd, __u32 ioas, __u8 *memory, int pieces, int moved,
		      __u64 distance)
{
	for (int i = 0; i < pieces; i++) {
		__u8 *p = memory + 2 * i * page_size;
		int rc;

		if (i == moved)
			p += distance;
		rc = ioas_map_fixed(fd, ioas, p, page_size,
				    SOURCE + i * page_size);
		if (rc)
			return rc;
	}
	return 0;
}

TEST_F(copy, wants_the_memory_of_every_piece_aligned)
{
	const int pieces = 4;
	__u64 length = pieces * page_size, unmapped;
	__u32 other;

	for (int moved = 0; moved < pieces; moved++) {
		ASSERT_EQ(0, map_pieces(self->fd, self->src, self->memory,
					pieces, moved, self->unit / 2));
		EXPECT_NO_COPY(length, SOURCE);
		ASSERT_EQ(0, ioas_unmap_all(self->fd, self->src, &unmapped));
		ASSERT_EQ(length, unmapped);
	}

	/* who has no limits has it nevertheless */
	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, map_pieces(self->fd, self->src, self->memory, pieces, 1,
				self->unit / 2));
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, other, self->src, length, IOVA,
				     SOURCE));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->src, NULL));

	ASSERT_EQ(0, map_pieces(self->fd, self->src, self->memory, pieces, 1,
				self->unit));
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src, length,
				     IOVA, SOURCE));
	if (variant->device)
		EXPECT_EQ(0, mock_check_map(self->fd, self->hwpt,
					    IOVA + page_size, self->memory +
					    2 * page_size + self->unit,
					    page_size));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->dst, &unmapped));
	EXPECT_EQ(length, unmapped);
}

/* All of it is aligned, but not where one piece ends and the next begins */
TEST_F(copy, wants_the_length_of_every_piece_aligned)
{
	__u64 length = 3 * page_size, unit = self->unit;

	for (__u64 first = unit / 2; first < length; first += unit) {
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->src, self->memory,
					    first, SOURCE));
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->src,
					    self->memory + first,
					    length - first, SOURCE + first));
		EXPECT_NO_COPY(length, SOURCE);
		ASSERT_EQ(0, ioas_unmap_all(self->fd, self->src, NULL));
	}

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->src, self->memory, unit,
				    SOURCE));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->src, self->memory + unit,
				    length - unit, SOURCE + unit));
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src, length,
				     IOVA, SOURCE));
}

/*
 * The IOVAs of copies, into the IOAS of a device
 */

TEST_F(mock, fixed_copy_outside_the_ranges_is_invalid)
{
	__u64 end = MOCK_APERTURE_LAST + 1ULL, hole = IOVA + 8 * page_size;
	__u64 wrong[] = {
		page_size, IOVA - page_size, IOVA - 2 * page_size,
		end - page_size, end, hole - page_size, hole,
		-2 * (__u64)page_size,
	};
	struct mock_device dev;
	__u32 src;

	ASSERT_EQ(0, ioas_alloc(self->fd, &src));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, hole, page_size));
	/* two pieces: one of them may be inside */
	ASSERT_EQ(0, map_pieces(self->fd, src, self->memory, 2, -1, 0));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, ioas_copy_fixed(self->fd, self->ioas, src,
						   2 * page_size, wrong[i],
						   SOURCE)) {
			TH_LOG("at %#llx", wrong[i]);
		}
	}
	EXPECT_TRUE(is_empty(self->fd, self->ioas));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->ioas, src, 2 * page_size,
				     IOVA, SOURCE));
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->ioas, src, 2 * page_size,
				     hole - 2 * page_size, SOURCE));
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->ioas, src, 2 * page_size,
				     hole + page_size, SOURCE));
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->ioas, src, 2 * page_size,
				     end - 2 * page_size, SOURCE));
}

TEST_F(mock, automatic_copy_without_room_is_enospc)
{
	__u64 iova = 0, unmapped;
	struct mock_device dev;
	__u32 src;

	ASSERT_EQ(0, ioas_alloc(self->fd, &src));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	/* two pages are left, and one that is not their neighbour */
	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, IOVA + 2 * page_size,
				  page_size));
	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, IOVA + 4 * page_size,
				  APERTURE_SIZE - 4 * page_size));
	ASSERT_EQ(0, map_pieces(self->fd, src, self->memory, 3, -1, 0));
	EXPECT_EQ(-ENOSPC, ioas_copy(self->fd, self->ioas, src, 3 * page_size,
				     &iova, SOURCE));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, ioas_copy(self->fd, self->ioas, src, 2 * page_size, &iova,
			       SOURCE));
	EXPECT_EQ(IOVA, iova);
	EXPECT_EQ(-ENOSPC, ioas_copy(self->fd, self->ioas, src, 2 * page_size,
				     &iova, SOURCE));
	EXPECT_EQ(0, ioas_copy(self->fd, self->ioas, src, page_size, &iova,
			       SOURCE));
	EXPECT_EQ(IOVA + 3 * page_size, iova);
	EXPECT_EQ(-ENOSPC, ioas_copy(self->fd, self->ioas, src, page_size,
				     &iova, SOURCE));
	EXPECT_EQ(0, ioas_unmap_all(self->fd, self->ioas, &unmapped));
	EXPECT_EQ(3 * page_size, unmapped);
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(mock, automatic_copy_goes_into_the_allowed_ranges)
{
	struct iommu_iova_range allowed = {
		IOVA + 4 * page_size, IOVA + 6 * page_size - 1,
	};
	struct mock_device dev;
	__u64 iova = 0;
	__u32 src;

	ASSERT_EQ(0, ioas_alloc(self->fd, &src));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_allow_iovas(self->fd, self->ioas, &allowed, 1));
	ASSERT_EQ(0, map_pieces(self->fd, src, self->memory, 3, -1, 0));
	EXPECT_EQ(-ENOSPC, ioas_copy(self->fd, self->ioas, src, 3 * page_size,
				     &iova, SOURCE));
	EXPECT_EQ(0, ioas_copy(self->fd, self->ioas, src, 2 * page_size, &iova,
			       SOURCE));
	EXPECT_EQ(IOVA + 4 * page_size, iova);
	EXPECT_EQ(-ENOSPC, ioas_copy(self->fd, self->ioas, src, page_size,
				     &iova, SOURCE));
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->ioas, src, page_size, IOVA,
				     SOURCE));
}

/*
 * Tables of the user, of a device that is attached somewhere else
 */

TEST_F(mock, table_is_not_made_for_mappings_outside_its_limits)
{
	__u64 end = MOCK_APERTURE_LAST + 1ULL, half = MOCK_IO_PAGE_SIZE / 2;
	const struct {
		__u64 iova;
		__u64 offset;
		__u64 length;
	} wrong[] = {
		{ IOVA - page_size, 0, page_size },
		{ IOVA - page_size, 0, 2 * page_size },
		{ end - page_size, 0, 2 * page_size },
		{ end, 0, page_size },
		/* what is mapped is not aligned in one way */
		{ IOVA + half, 0, page_size },
		{ IOVA, half, page_size },
		{ IOVA, 0, half },
	};
	struct mock_device dev;
	__u32 ioas, hwpt;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	/* this one suits */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, page_size,
				    IOVA + 4 * page_size));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas,
					    self->memory + wrong[i].offset,
					    wrong[i].length, wrong[i].iova));
		EXPECT_EQ(-EADDRINUSE, hwpt_alloc(self->fd, dev.idev, ioas, 0,
						  &hwpt)) {
			TH_LOG("with mapping %zu", i);
		}
		EXPECT_TRUE(has_no_limits(self->fd, ioas));
		EXPECT_EQ(0, status_pages("VmPin"));
		ASSERT_EQ(0, ioas_unmap(self->fd, ioas, wrong[i].iova,
					wrong[i].length));
	}
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, ioas, 0, &hwpt));
	EXPECT_FALSE(has_no_limits(self->fd, ioas));
	EXPECT_EQ(0, iommu_destroy(self->fd, hwpt));
	EXPECT_EQ(0, iommu_destroy(self->fd, ioas));
}

TEST_F(mock, table_is_not_made_for_allowed_ranges_outside_its_limits)
{
	__u64 end = MOCK_APERTURE_LAST + 1ULL;
	struct iommu_iova_range wrong[] = {
		{ 0, page_size - 1 },
		{ IOVA - 1, IOVA },
		{ IOVA, end },
		{ end, end + page_size - 1 },
	};
	struct iommu_iova_range right = { IOVA, end - 1 };
	struct mock_device dev;
	__u32 ioas, hwpt;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		ASSERT_EQ(0, ioas_allow_iovas(self->fd, ioas, &wrong[i], 1));
		EXPECT_EQ(-EADDRINUSE, hwpt_alloc(self->fd, dev.idev, ioas, 0,
						  &hwpt)) {
			TH_LOG("with range %zu", i);
		}
		EXPECT_TRUE(has_no_limits(self->fd, ioas));
	}
	ASSERT_EQ(0, ioas_allow_iovas(self->fd, ioas, &right, 1));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, ioas, 0, &hwpt));
	EXPECT_EQ(0, iommu_destroy(self->fd, hwpt));
	EXPECT_EQ(0, iommu_destroy(self->fd, ioas));
}

TEST_F(mock, further_table_does_not_disturb_when_it_is_not_made)
{
	struct mock_hwpt_data data = { .pgtable = MOCK_PGTABLE_HUGE };
	struct mock_device dev;
	__u32 ioas, hwpt, further;
	__u64 low = page_size;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	/* this one has no limits but whole pages */
	ASSERT_EQ(0, hwpt_alloc_data(self->fd, dev.idev, ioas, 0,
				     MOCK_HWPT_DATA, &data, sizeof(data),
				     &hwpt));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, page_size,
				    low));
	EXPECT_EQ(-EADDRINUSE, hwpt_alloc(self->fd, dev.idev, ioas, 0,
					  &further));
	EXPECT_EQ(page_size, alignment_of(self->fd, ioas));
	EXPECT_EQ(0, mock_check_map(self->fd, hwpt, low, self->memory,
				    page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, page_size,
				    low + page_size));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, ioas, NULL));
	EXPECT_EQ(0, hwpt_alloc(self->fd, dev.idev, ioas, 0, &further));
}

/*
 * IOMMU_OPTION_HUGE_PAGES
 */

TEST_F(mock, parts_of_pages_keep_large_pages_on)
{
	const struct {
		__u64 iova;
		__u64 offset;
		__u64 length;
	} part[] = {
		{ IOVA + MOCK_IO_PAGE_SIZE, 0, page_size },
		{ IOVA, MOCK_IO_PAGE_SIZE, page_size },
		{ IOVA, 0, MOCK_IO_PAGE_SIZE },
		{ IOVA, 0, page_size + 1 },
	};
	__u64 value;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA + 4 * page_size));
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
					    self->memory + part[i].offset,
					    part[i].length, part[i].iova));
		EXPECT_EQ(-EADDRINUSE, option_set(self->fd,
						  IOMMU_OPTION_HUGE_PAGES,
						  self->ioas, 0)) {
			TH_LOG("with mapping %zu", i);
		}
		ASSERT_EQ(0, option_get(self->fd, IOMMU_OPTION_HUGE_PAGES,
					self->ioas, &value));
		EXPECT_EQ(1, value);
		EXPECT_EQ(1, alignment_of(self->fd, self->ioas));
		ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, part[i].iova,
					part[i].length));
	}
	EXPECT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				0));
	EXPECT_EQ(page_size, alignment_of(self->fd, self->ioas));
}

TEST_F(mock, large_pages_are_switched_on_beside_mappings)
{
	struct mock_device dev;
	__u64 value;

	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				0));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    4 * page_size, IOVA));
	ASSERT_EQ(page_size, alignment_of(self->fd, self->ioas));
	EXPECT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				1));
	ASSERT_EQ(0, option_get(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				&value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(MOCK_IO_PAGE_SIZE, alignment_of(self->fd, self->ioas));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				    4 * page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    MOCK_IO_PAGE_SIZE, IOVA + 8 * page_size));
	EXPECT_EQ(-EINVAL, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES,
				      self->ioas, 0));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, 4 * page_size));
}

TEST_F(mock, large_pages_that_are_off_can_be_switched_off)
{
	struct mock_device dev;
	__u64 value;

	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				0));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    4 * page_size, IOVA));
	EXPECT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				0));
	ASSERT_EQ(0, option_get(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				&value));
	EXPECT_EQ(0, value);
	EXPECT_EQ(page_size, alignment_of(self->fd, self->ioas));
}

TEST_HARNESS_MAIN
