// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking: what devices wrote through a page table, as a bitmap. The
 * devices are those of the mock IOMMU driver (CONFIG_IOMMUFD_TEST), whose
 * writes the test makes up. iommufd_edu.c has what can be said of a real IOMMU.
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "mock.h"
#include "harness.h"

#define IO_PAGE		((__u64)MOCK_IO_PAGE_SIZE)
#define HUGE_PAGE	((__u64)MOCK_HUGE_PAGE_SIZE)
#define HUGETLB_SIZE	0x200000UL
/* In every aperture, and suits every entry */
#define IOVA		0x40000000ULL
#define LENGTH		HUGETLB_SIZE
#define IO_PAGES	(LENGTH / IO_PAGE)
#define ENABLE		IOMMU_HWPT_DIRTY_TRACKING_ENABLE
#define NO_CLEAR	IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR

static __u64 page_size;

static void __attribute__((constructor)) setup_page_size(void)
{
	page_size = sysconf(_SC_PAGESIZE);
}

/* Bit n of a bitmap: as the uAPI says, whatever the byte order */
static bool test_bit(const __u8 *bitmap, __u64 n)
{
	return bitmap[n / 8] & 1 << n % 8;
}

static void set_bit(__u8 *bitmap, __u64 n)
{
	bitmap[n / 8] |= 1 << n % 8;
}

static __u64 count_bits(const __u8 *bitmap, __u64 bytes)
{
	__u64 count = 0;

	for (__u64 i = 0; i < bytes; i++)
		count += __builtin_popcount(bitmap[i]);
	return count;
}

/* The device writes one byte */
static int write_at(int fd, __u32 hwpt, __u64 iova)
{
	__u8 bit = 1;

	return mock_set_dirty(fd, hwpt, iova & ~(IO_PAGE - 1), IO_PAGE, IO_PAGE,
			      &bit, NULL);
}

/* Is this page dirty? Changes nothing. A negative errno if it cannot tell */
static int is_dirty(int fd, __u32 hwpt, __u64 iova, __u64 size)
{
	__u8 bit = 0;
	int rc = hwpt_get_dirty_bitmap(fd, hwpt, iova, size, size, &bit,
				       NO_CLEAR);

	return rc ? rc : bit;
}

static void *hugetlb_map(void)
{
	void *p = mmap(NULL, HUGETLB_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	memset(p, 0, HUGETLB_SIZE);
	return p;
}

static int dirty_hwpt_alloc(int fd, __u32 idev, __u32 ioas, __u32 pgtable,
			    __u32 *hwpt)
{
	struct mock_hwpt_data data = { .pgtable = pgtable };

	return hwpt_alloc_data(fd, idev, ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
			       MOCK_HWPT_DATA, &data, sizeof(data), hwpt);
}

/*
 * One table with LENGTH bytes mapped at IOVA, in entries of a known size, and a
 * device attached to it.
 */
FIXTURE(table)
{
	int fd;
	__u32 ioas;
	__u32 hwpt;
	struct mock_device dev;
	__u64 entry;
	void *memory;
	__u8 *area;
	__u8 *bitmap;
};

FIXTURE_VARIANT(table)
{
	__u32 pgtable;
	bool hugetlb;
	bool huge_pages;
	/* bytes that an entry maps, 0: PAGE_SIZE */
	__u64 entry;
	/* where the bitmap begins in its page; from the end if negative */
	int offset;
};

FIXTURE_VARIANT_ADD(table, pages)
{
	.entry = 0,
};

FIXTURE_VARIANT_ADD(table, pages_with_an_odd_bitmap)
{
	.entry = 0,
	.offset = 1,
};

FIXTURE_VARIANT_ADD(table, pages_with_a_bitmap_across_pages)
{
	.entry = 0,
	.offset = -5,
};

FIXTURE_VARIANT_ADD(table, one_entry)
{
	.hugetlb = true,
	.huge_pages = true,
	.entry = HUGETLB_SIZE,
};

FIXTURE_VARIANT_ADD(table, huge_entries)
{
	.pgtable = MOCK_PGTABLE_HUGE,
	.hugetlb = true,
	.huge_pages = true,
	.entry = MOCK_HUGE_PAGE_SIZE,
};

FIXTURE_VARIANT_ADD(table, huge_entries_with_a_bitmap_across_pages)
{
	.pgtable = MOCK_PGTABLE_HUGE,
	.hugetlb = true,
	.huge_pages = true,
	.entry = MOCK_HUGE_PAGE_SIZE,
	.offset = -3,
};

FIXTURE_VARIANT_ADD(table, pages_in_a_huge_table)
{
	.pgtable = MOCK_PGTABLE_HUGE,
	.hugetlb = true,
	.entry = 0,
};

FIXTURE_SETUP(table)
{
	int offset = variant->offset;

	self->entry = variant->entry ?: page_size;
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	if (!variant->huge_pages)
		ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES,
					self->ioas, 0));
	self->memory = variant->hugetlb ? hugetlb_map() : memory_map(LENGTH);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, LENGTH,
				    IOVA));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	ASSERT_EQ(0, dirty_hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				      variant->pgtable, &self->hwpt));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->hwpt, NULL));
	self->area = memory_map(4 * page_size);
	ASSERT_NE(NULL, self->area);
	if (offset < 0)
		offset += page_size;
	self->bitmap = self->area + page_size + offset;
}

FIXTURE_TEARDOWN(table)
{
	EXPECT_EQ(0, close(self->fd));
}

/* The smallest page size of the table */
static __u64 smallest(__u32 pgtable)
{
	return pgtable == MOCK_PGTABLE_HUGE ? page_size : IO_PAGE;
}

/* What a device writes: IO pages, and the bits that are to be found for them */
static void make_pattern(__u8 *written, unsigned int pattern)
{
	memset(written, 0, IO_PAGES / 8);
	switch (pattern) {
	case 0:
		break;
	case 1:
		set_bit(written, 0);
		break;
	case 2:
		set_bit(written, IO_PAGES - 1);
		break;
	case 3:
		for (unsigned int i = 0; i < IO_PAGES; i += 2)
			set_bit(written, i);
		break;
	case 4:
		for (unsigned int i = 0; i < IO_PAGES; i += 7)
			set_bit(written, i);
		break;
	case 5:
		for (unsigned int i = 100; i < 612; i++)
			set_bit(written, i);
		break;
	default:
		memset(written, 0xff, IO_PAGES / 8);
		break;
	}
}

#define PATTERNS 7

/* Dirty bits by entry, told in pages of @size */
static void expected_bits(const __u8 *written, __u64 entry, __u64 size,
			  __u8 *expected)
{
	memset(expected, 0, IO_PAGES / 8);
	for (__u64 i = 0; i < IO_PAGES; i++) {
		__u64 first = i * IO_PAGE / entry * entry;

		if (!test_bit(written, i))
			continue;
		for (__u64 pos = first / size; pos * size < first + entry;
		     pos++)
			set_bit(expected, pos);
	}
}

TEST_F(table, tracks_only_when_switched_on)
{
	__u8 bit = 1;

	EXPECT_EQ(-EINVAL, mock_set_dirty(self->fd, self->hwpt, IOVA, IO_PAGE,
					  IO_PAGE, &bit, NULL));
	EXPECT_EQ(-EINVAL, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA,
						 LENGTH, page_size,
						 self->bitmap, 0));
	EXPECT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	EXPECT_EQ(0, write_at(self->fd, self->hwpt, IOVA));
	EXPECT_EQ(1, is_dirty(self->fd, self->hwpt, IOVA, page_size));
	EXPECT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, 0));
	EXPECT_EQ(-EINVAL, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA,
						 LENGTH, page_size,
						 self->bitmap, 0));
}

TEST_F(table, finds_what_was_written_once)
{
	__u8 written[IO_PAGES / 8], expected[IO_PAGES / 8];
	__u64 size, count;

	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	for (size = smallest(variant->pgtable); size <= LENGTH; size *= 2) {
		__u64 bytes = (LENGTH / size + 7) / 8;

		for (int i = 0; i < PATTERNS; i++) {
			make_pattern(written, i);
			expected_bits(written, self->entry, size, expected);
			ASSERT_EQ(0, mock_set_dirty(self->fd, self->hwpt, IOVA,
						    LENGTH, IO_PAGE, written,
						    &count));
			ASSERT_EQ(count, count_bits(written, sizeof(written)));

			memset(self->area, 0, 4 * page_size);
			ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt,
							   IOVA, LENGTH, size,
							   self->bitmap, 0));
			EXPECT_EQ(0, memcmp(expected, self->bitmap, bytes)) {
				TH_LOG("pattern %d in pages of %llu", i, size);
			}
			/* nothing around it */
			EXPECT_EQ(count_bits(expected, bytes),
				  count_bits(self->area, 4 * page_size));

			memset(self->area, 0, 4 * page_size);
			ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt,
							   IOVA, LENGTH, size,
							   self->bitmap, 0));
			EXPECT_EQ(0, count_bits(self->area, 4 * page_size));
		}
	}
}

TEST_F(table, no_clear_leaves_what_is_dirty)
{
	__u8 written[IO_PAGES / 8], expected[IO_PAGES / 8];

	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	make_pattern(written, 4);
	expected_bits(written, self->entry, page_size, expected);
	ASSERT_EQ(0, mock_set_dirty(self->fd, self->hwpt, IOVA, LENGTH, IO_PAGE,
				    written, NULL));
	for (int i = 0; i < 3; i++) {
		memset(self->area, 0, 4 * page_size);
		/* the last one clears, so that the second but last did not */
		ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA,
						   LENGTH, page_size,
						   self->bitmap,
						   i < 2 ? NO_CLEAR : 0));
		EXPECT_EQ(0, memcmp(expected, self->bitmap,
				    LENGTH / page_size / 8));
	}
}

TEST_F(table, bits_of_clean_pages_are_left_alone)
{
	__u64 bits = LENGTH / page_size;

	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	memset(self->bitmap, 0xa5, bits / 8);
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA, LENGTH,
					   page_size, self->bitmap, 0));
	for (__u64 i = 0; i < bits; i++)
		ASSERT_EQ(i < self->entry / page_size || 0xa5 & 1 << i % 8,
			  test_bit(self->bitmap, i));
}

/* The mock's IOTLB hides writes to entries that were cleared, till a flush */
TEST_F(table, page_that_was_cleared_becomes_dirty_again)
{
	__u8 written[IO_PAGES / 8], expected[IO_PAGES / 8];

	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	for (int i = 1; i < PATTERNS; i++) {
		make_pattern(written, i);
		expected_bits(written, self->entry, page_size, expected);
		for (int turn = 0; turn < 3; turn++) {
			ASSERT_EQ(0, mock_set_dirty(self->fd, self->hwpt, IOVA,
						    LENGTH, IO_PAGE, written,
						    NULL));
			memset(self->area, 0, 4 * page_size);
			ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt,
							   IOVA, LENGTH,
							   page_size,
							   self->bitmap, 0));
			EXPECT_EQ(0, memcmp(expected, self->bitmap,
					    LENGTH / page_size / 8));
		}
	}
}

TEST_F(table, switching_on_forgets_what_was_before)
{
	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA + LENGTH - 1));
	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, 0));
	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA, LENGTH,
					   page_size, self->bitmap, 0));
	EXPECT_EQ(0, count_bits(self->area, 4 * page_size));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA));
	EXPECT_EQ(1, is_dirty(self->fd, self->hwpt, IOVA, page_size));
}

TEST_F(table, switching_twice_changes_nothing)
{
	EXPECT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, 0));
	EXPECT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	EXPECT_EQ(0, write_at(self->fd, self->hwpt, IOVA));
	EXPECT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	EXPECT_EQ(1, is_dirty(self->fd, self->hwpt, IOVA, page_size));
	EXPECT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, 0));
	EXPECT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, 0));
}

TEST_F(table, new_mappings_are_clean)
{
	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, LENGTH));
	EXPECT_EQ(0, is_dirty(self->fd, self->hwpt, IOVA, page_size));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, LENGTH,
				    IOVA));
	EXPECT_EQ(0, is_dirty(self->fd, self->hwpt, IOVA, page_size));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA));
	EXPECT_EQ(1, is_dirty(self->fd, self->hwpt, IOVA, page_size));
}

/* An entry is cleared if the range has all of it, else it stays dirty */
TEST_F(table, part_of_an_entry_does_not_clear_the_rest)
{
	__u64 size = smallest(variant->pgtable);
	__u8 bits[IO_PAGES / 8];

	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA));

	/* the first page of it, and all but that */
	memset(bits, 0, sizeof(bits));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA, size,
					   size, bits, 0));
	EXPECT_EQ(1, count_bits(bits, sizeof(bits)));
	memset(bits, 0, sizeof(bits));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA + size,
					   LENGTH - size, size, bits, 0));
	EXPECT_EQ((self->entry - size) / size, count_bits(bits, sizeof(bits)));

	memset(bits, 0, sizeof(bits));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA,
					   self->entry, size, bits, 0));
	EXPECT_EQ(self->entry > size ? self->entry / size : 0,
		  count_bits(bits, sizeof(bits)));
	EXPECT_EQ(0, is_dirty(self->fd, self->hwpt, IOVA, size));
}

TEST_F(table, range_is_checked)
{
	__u64 size = smallest(variant->pgtable);
	static const __u64 bad_sizes[] = { 0, 1, 3, 0xfff, 0x1800 };
	__u8 *b = self->bitmap;
	int fd = self->fd;
	__u32 id = self->hwpt;

	ASSERT_EQ(0, hwpt_set_dirty_tracking(fd, id, ENABLE));
	for (size_t i = 0; i < ARRAY_SIZE(bad_sizes); i++)
		EXPECT_EQ(-EINVAL, hwpt_get_dirty_bitmap(fd, id, IOVA, LENGTH,
							 bad_sizes[i], b, 0));
	/* smaller than the table's smallest page */
	EXPECT_EQ(-EINVAL, hwpt_get_dirty_bitmap(fd, id, IOVA, LENGTH, size / 2,
						 b, 0));
	EXPECT_EQ(-EINVAL, hwpt_get_dirty_bitmap(fd, id, IOVA, 0, size, b, 0));
	EXPECT_EQ(-EINVAL, hwpt_get_dirty_bitmap(fd, id, IOVA, size / 2, size,
						 b, 0));
	EXPECT_EQ(-EINVAL, hwpt_get_dirty_bitmap(fd, id, IOVA + size / 2, size,
						 size, b, 0));
	EXPECT_EQ(-EINVAL, hwpt_get_dirty_bitmap(fd, id, IOVA + size, 2 * size,
						 2 * size, b, 0));
	EXPECT_EQ(-EOVERFLOW, hwpt_get_dirty_bitmap(fd, id, -size, 2 * size,
						    size, b, 0));
	EXPECT_EQ(-EOVERFLOW, hwpt_get_dirty_bitmap(fd, id, 2 * size, -size,
						    size, b, 0));
	EXPECT_EQ(0, hwpt_get_dirty_bitmap(fd, id, -size, size, size, b, 0));
}

TEST_F(table, bitmap_must_be_writable)
{
	__u64 bytes = LENGTH / page_size / 8;

	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	EXPECT_EQ(-EFAULT, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA,
						 LENGTH, page_size, NULL, 0));
	EXPECT_EQ(-EFAULT, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA,
						 LENGTH, page_size,
						 (void *)-page_size, 0));
	ASSERT_EQ(0, mprotect(self->area, 4 * page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA,
						 LENGTH, page_size,
						 self->bitmap, 0));
	ASSERT_EQ(0, mprotect(self->area, 4 * page_size,
			      PROT_READ | PROT_WRITE));
	/* only the end of it is not there */
	ASSERT_EQ(0, munmap(self->area + 3 * page_size, page_size));
	EXPECT_EQ(-EFAULT, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA,
						 LENGTH, page_size,
						 self->area + 3 * page_size -
						 bytes / 2, 0));
	EXPECT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA, LENGTH,
					   page_size,
					   self->area + 3 * page_size - bytes,
					   0));
}

TEST_F(table, ids_and_flags_are_checked)
{
	__u32 plain;

	EXPECT_EQ(-ENOENT, hwpt_set_dirty_tracking(self->fd, 77, ENABLE));
	EXPECT_EQ(-ENOENT, hwpt_set_dirty_tracking(self->fd, self->ioas,
						   ENABLE));
	EXPECT_EQ(-ENOENT, hwpt_get_dirty_bitmap(self->fd, 77, IOVA, LENGTH,
						 page_size, self->bitmap, 0));
	EXPECT_EQ(-ENOENT, hwpt_get_dirty_bitmap(self->fd, self->ioas, IOVA,
						 LENGTH, page_size,
						 self->bitmap, 0));
	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	for (int bit = 1; bit < 32; bit++) {
		EXPECT_EQ(-EOPNOTSUPP,
			  hwpt_set_dirty_tracking(self->fd, self->hwpt,
						  1U << bit));
		EXPECT_EQ(-EOPNOTSUPP,
			  hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA,
						LENGTH, page_size, self->bitmap,
						1U << bit));
	}

	/* a table that was not made for it */
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas, 0,
				&plain));
	EXPECT_EQ(-EOPNOTSUPP, hwpt_set_dirty_tracking(self->fd, plain,
						       ENABLE));
	EXPECT_EQ(-EOPNOTSUPP, hwpt_get_dirty_bitmap(self->fd, plain, IOVA,
						     LENGTH, page_size,
						     self->bitmap, 0));
}

TEST_F(table, mock_checks_what_is_written)
{
	__u8 *bits = self->area;
	int fd = self->fd;
	__u32 id = self->hwpt;

	ASSERT_EQ(0, hwpt_set_dirty_tracking(fd, id, ENABLE));
	EXPECT_EQ(-EINVAL, mock_set_dirty(fd, id, IOVA, LENGTH, 0, bits, NULL));
	EXPECT_EQ(-EINVAL, mock_set_dirty(fd, id, IOVA, 0, IO_PAGE, bits,
					  NULL));
	EXPECT_EQ(-EINVAL, mock_set_dirty(fd, id, IOVA + 1, LENGTH, IO_PAGE,
					  bits, NULL));
	EXPECT_EQ(-EINVAL, mock_set_dirty(fd, id, IOVA, LENGTH + 1, IO_PAGE,
					  bits, NULL));
	EXPECT_EQ(-EINVAL, mock_set_dirty(fd, id, IOVA, LENGTH, IO_PAGE, NULL,
					  NULL));
	EXPECT_EQ(-EFAULT, mock_set_dirty(fd, id, IOVA, LENGTH, IO_PAGE,
					  (void *)8, NULL));
	EXPECT_EQ(-EOVERFLOW, mock_set_dirty(fd, id, 0, (1 << 27) + 1, 1, bits,
					     NULL));
	EXPECT_EQ(-ENOENT, mock_set_dirty(fd, 77, IOVA, LENGTH, IO_PAGE, bits,
					  NULL));
}

/*
 * An empty table without limits, to be mapped at any IOVA.
 */
FIXTURE(space)
{
	int fd;
	__u32 ioas;
	__u32 hwpt;
	struct mock_device dev;
	__u8 *memory;
};

#define MEMORY_PAGES	16

FIXTURE_SETUP(space)
{
	__u32 other;

	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	/* attached elsewhere: its automatic table has a small aperture */
	ASSERT_EQ(0, mock_device(self->fd, other, &self->dev));
	ASSERT_EQ(0, dirty_hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				      MOCK_PGTABLE_HUGE, &self->hwpt));
	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt, ENABLE));
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(space)
{
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(space, range_can_have_gaps_and_many_mappings)
{
	__u64 length = 64 * page_size;
	__u8 bitmap[8] = {};

	/* pages 3 to 5, 6, 10, 12, of which the device writes 4, 5, 6, 12 */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    3 * page_size, IOVA + 3 * page_size));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA + 6 * page_size));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA + 10 * page_size));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA + 12 * page_size));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA + 4 * page_size));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA + 5 * page_size));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA + 6 * page_size));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, IOVA + 12 * page_size));

	/* a part of that */
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt,
					   IOVA + 5 * page_size, page_size,
					   page_size, bitmap, 0));
	EXPECT_EQ(1, bitmap[0]);
	EXPECT_EQ(1, count_bits(bitmap, sizeof(bitmap)));
	memset(bitmap, 0, sizeof(bitmap));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA, length,
					   page_size, bitmap, 0));
	EXPECT_EQ(1 << 4 | 1 << 6, bitmap[0]);
	EXPECT_EQ(1 << (12 - 8), bitmap[1]);
	EXPECT_EQ(3, count_bits(bitmap, sizeof(bitmap)));
	memset(bitmap, 0, sizeof(bitmap));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA, length,
					   page_size, bitmap, 0));
	EXPECT_EQ(0, count_bits(bitmap, sizeof(bitmap)));
}

TEST_F(space, bits_can_stand_for_many_mappings)
{
	__u64 size = 1ULL << 30;
	__u8 bitmap = 0;

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    page_size, i * size + 5 * size / 8));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, size + 5 * size / 8));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, 3 * size + 5 * size / 8));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, 0, 8 * size,
					   size, &bitmap, 0));
	EXPECT_EQ(1 << 1 | 1 << 3, bitmap);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Kilobytes */
static long resident(const void *p)
{
	unsigned long start;
	char line[256];
	long kib = -1;
	bool here = false;
	FILE *f;

	f = fopen("/proc/self/smaps", "r");
	if (!f)
		return -1;
	while (kib < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-", &start) == 1 && strchr(line, '-'))
			here = start == (unsigned long)p;
		else if (here)
			sscanf(line, "Rss: %ld kB", &kib);
	}
	fclose(f);
	return kib;
}

#define SPARSE_PAGES	16
#define SPARSE_STEP	0x10000000000ULL

/*
 * 16 TiB with a mapped page in each: to look at every page of it takes minutes,
 * and to touch all of the bitmap half a gigabyte.
 */
TEST_F(space, what_is_not_mapped_costs_nothing)
{
	__u64 length = SPARSE_PAGES * SPARSE_STEP;
	__u64 bytes = length / page_size / 8;
	double start;
	__u8 *bitmap;

	bitmap = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, bitmap);
	madvise(bitmap, bytes, MADV_NOHUGEPAGE);
	for (__u64 i = 0; i < SPARSE_PAGES; i++)
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    page_size, i * SPARSE_STEP +
					    i * page_size));
	for (__u64 i = 1; i < SPARSE_PAGES; i += 2)
		ASSERT_EQ(0, write_at(self->fd, self->hwpt, i * SPARSE_STEP +
				      i * page_size));
	start = seconds();
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, 0, length,
					   page_size, bitmap, 0));
	EXPECT_GT(5, seconds() - start);
	EXPECT_GT(SPARSE_PAGES * 32 * page_size / 1024, resident(bitmap));
	EXPECT_LT(0, resident(bitmap));
	for (__u64 i = 0; i < SPARSE_PAGES; i++)
		EXPECT_EQ(i % 2, test_bit(bitmap, i * (SPARSE_STEP / page_size)
					  + i));
	munmap(bitmap, bytes);
}

/* Nothing is mapped in most of it, but the bitmap's end would be */
TEST_F(space, whole_space_is_a_range)
{
	__u64 size = 1ULL << 60;
	__u8 bitmap[2] = {};

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, 2 * size));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, -page_size));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, 2 * size));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, -page_size));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, size,
					   15 * size, size, bitmap, 0));
	EXPECT_EQ(1 << 1, bitmap[0]);
	EXPECT_EQ(1 << 6, bitmap[1]);
	EXPECT_EQ(0, is_dirty(self->fd, self->hwpt, -page_size, page_size));
}

TEST_F(space, last_page_has_a_bit)
{
	__u64 length = 100 * page_size;
	__u8 bitmap[13] = {};

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    4 * page_size, -4 * page_size));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, -page_size));
	ASSERT_EQ(0, write_at(self->fd, self->hwpt, -4 * page_size));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, -length,
					   length, page_size, bitmap, 0));
	EXPECT_TRUE(test_bit(bitmap, 99));
	EXPECT_TRUE(test_bit(bitmap, 96));
	EXPECT_EQ(2, count_bits(bitmap, sizeof(bitmap)));
}

/*
 * The bitmap is pinned in pieces. Wherever a piece ends, in an entry of 1 MiB
 * too, no bit may be lost, and the entry is cleared.
 */
TEST_F(space, large_entry_can_be_anywhere_in_the_bitmap)
{
	/* pages of the bitmap, and of what a page of it stands for */
	static const unsigned int ends[] = { 1, 15, 16, 17, 32 };
	__u64 per_page = page_size * 8 * page_size;
	__u64 bits = HUGE_PAGE / page_size, first, length, bytes;
	void *huge = hugetlb_map();
	__u8 *bitmap;

	ASSERT_NE(NULL, huge);
	bytes = 40 * page_size;
	bitmap = memory_map(bytes);
	ASSERT_NE(NULL, bitmap);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		__u64 huge_iova = 64 * per_page;

		/* the border is in the middle of the entry */
		first = huge_iova + HUGE_PAGE / 2 - ends[i] * per_page;
		length = 33 * per_page;
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    page_size, first));
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, huge,
					    HUGETLB_SIZE, huge_iova));
		for (int offset = 0; offset < 3; offset++) {
			memset(bitmap, 0, bytes);
			ASSERT_EQ(0, write_at(self->fd, self->hwpt, first));
			ASSERT_EQ(0, write_at(self->fd, self->hwpt, huge_iova));
			ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt,
							   first, length,
							   page_size,
							   bitmap + offset, 0));
			EXPECT_EQ(1 + bits, count_bits(bitmap, bytes)) {
				TH_LOG("border at page %u", ends[i]);
			}
			EXPECT_TRUE(test_bit(bitmap + offset,
					     (huge_iova - first) / page_size));
			EXPECT_TRUE(test_bit(bitmap + offset,
					     (huge_iova - first) / page_size +
					     bits - 1));
			EXPECT_EQ(0, is_dirty(self->fd, self->hwpt, huge_iova,
					      HUGE_PAGE));
		}
		ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	}
	munmap(huge, HUGETLB_SIZE);
}

/*
 * Many threads. What a device writes is found exactly by one reader or later,
 * however many clear at the same time; map and unmap do not disturb.
 */
#define RACE_PAGES	512
#define RACE_SECONDS	3

struct race {
	int fd;
	__u32 ioas;
	__u32 hwpt;
	void *memory;
	bool stop;
	int failed;
};

static bool race_on(struct race *race)
{
	return !__atomic_load_n(&race->stop, __ATOMIC_RELAXED);
}

static void race_check(struct race *race, int rc)
{
	int none = 0;

	if (rc)
		__atomic_compare_exchange_n(&race->failed, &none, rc, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void *race_map(void *arg)
{
	struct race *race = arg;
	__u64 iova = IOVA + (RACE_PAGES + 1) * page_size;

	while (race_on(race)) {
		race_check(race, ioas_map_fixed(race->fd, race->ioas,
						race->memory, 4 * page_size,
						iova));
		race_check(race, ioas_unmap(race->fd, race->ioas, iova,
					    4 * page_size));
	}
	return NULL;
}

static void *race_read(void *arg)
{
	struct race *race = arg;
	__u8 bitmap[RACE_PAGES / 8];

	while (race_on(race))
		race_check(race, hwpt_get_dirty_bitmap(race->fd, race->hwpt,
						       IOVA + 4096 * page_size,
						       RACE_PAGES * page_size,
						       page_size, bitmap, 0));
	return NULL;
}

TEST_F(space, map_and_unmap_do_not_disturb)
{
	__u8 written[RACE_PAGES / 8], bitmap[RACE_PAGES / 4];
	struct race race = {
		.fd = self->fd,
		.ioas = self->ioas,
		.hwpt = self->hwpt,
	};
	pthread_t threads[3];
	void *memory = memory_map(RACE_PAGES * page_size);
	double start = seconds();

	ASSERT_NE(NULL, memory);
	race.memory = self->memory;
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, memory,
				    RACE_PAGES * page_size, IOVA));
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, race_map, &race));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, race_read, &race));
	ASSERT_EQ(0, pthread_create(&threads[2], NULL, race_read, &race));
	srand(1);
	while (seconds() - start < RACE_SECONDS) {
		for (size_t i = 0; i < sizeof(written); i++)
			written[i] = rand();
		memset(bitmap, 0, sizeof(bitmap));
		ASSERT_EQ(0, mock_set_dirty(self->fd, self->hwpt, IOVA,
					    RACE_PAGES * page_size, page_size,
					    written, NULL));
		ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, self->hwpt, IOVA,
						   2 * RACE_PAGES * page_size,
						   page_size, bitmap, 0));
		/* no device writes what is mapped and unmapped */
		ASSERT_EQ(0, memcmp(bitmap, written, sizeof(written)));
		ASSERT_EQ(count_bits(written, sizeof(written)),
			  count_bits(bitmap, sizeof(bitmap)));
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT_EQ(0, race.failed);
}

struct reader {
	int fd;
	__u32 hwpt;
	__u64 found;
	bool stop;
	int failed;
};

static void *count_found(void *arg)
{
	struct reader *reader = arg;
	bool last;

	do {
		__u8 bitmap[RACE_PAGES / 8] = {};
		int rc;

		last = __atomic_load_n(&reader->stop, __ATOMIC_ACQUIRE);
		rc = hwpt_get_dirty_bitmap(reader->fd, reader->hwpt, IOVA,
					   RACE_PAGES * page_size, page_size,
					   bitmap, 0);
		if (rc)
			reader->failed = rc;
		reader->found += count_bits(bitmap, sizeof(bitmap));
	} while (!last);
	return NULL;
}

/* Each page is written once: it is found once, by one of two readers */
TEST_F(space, two_readers_share_what_was_written)
{
	struct reader readers[2] = {};
	pthread_t threads[2];
	void *memory = memory_map(RACE_PAGES * page_size);

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, memory,
				    RACE_PAGES * page_size, IOVA));
	for (int i = 0; i < 2; i++) {
		readers[i].fd = self->fd;
		readers[i].hwpt = self->hwpt;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, count_found,
					    &readers[i]));
	}
	for (int i = 0; i < RACE_PAGES; i++)
		ASSERT_EQ(0, write_at(self->fd, self->hwpt,
				      IOVA + i * page_size));
	for (int i = 0; i < 2; i++) {
		__atomic_store_n(&readers[i].stop, true, __ATOMIC_RELEASE);
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(0, readers[i].failed);
	}
	EXPECT_EQ(RACE_PAGES, readers[0].found + readers[1].found);
}

/*
 * Devices that can and cannot
 */

FIXTURE(device)
{
	int fd;
	__u32 ioas;
	struct mock_device can;
	struct mock_device cannot;
};

FIXTURE_SETUP(device)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->can));
	ASSERT_EQ(0, mock_device_flags(self->fd, self->ioas,
				       MOCK_DEVICE_NO_DIRTY, &self->cannot));
}

FIXTURE_TEARDOWN(device)
{
	EXPECT_EQ(0, close(self->fd));
}

static __u64 capabilities(int fd, __u32 idev)
{
	struct iommu_hw_info info = { .size = sizeof(info), .dev_id = idev };

	return iommu_ioctl(fd, IOMMU_GET_HW_INFO, &info) ? -1 :
							   info.out_capabilities;
}

TEST_F(device, capability_tells_who_can)
{
	EXPECT_EQ(IOMMU_HW_CAP_DIRTY_TRACKING,
		  capabilities(self->fd, self->can.idev) &
		  IOMMU_HW_CAP_DIRTY_TRACKING);
	EXPECT_EQ(0, capabilities(self->fd, self->cannot.idev) &
		     IOMMU_HW_CAP_DIRTY_TRACKING);
}

TEST_F(device, table_is_made_only_for_a_device_that_can)
{
	__u32 hwpt;

	EXPECT_EQ(0, hwpt_alloc(self->fd, self->can.idev, self->ioas,
				IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt));
	EXPECT_EQ(-EOPNOTSUPP, hwpt_alloc(self->fd, self->cannot.idev,
					  self->ioas,
					  IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
					  &hwpt));
	EXPECT_EQ(0, hwpt_alloc(self->fd, self->cannot.idev, self->ioas, 0,
				&hwpt));
}

TEST_F(device, table_takes_only_devices_that_can)
{
	struct mock_device dev;
	__u32 hwpt, now;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->can.idev, self->ioas,
				IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt));
	EXPECT_EQ(-EINVAL, mock_replace(self->fd, self->cannot.stdev, hwpt,
					NULL));
	/* nothing changed */
	EXPECT_EQ(0, mock_replace(self->fd, self->cannot.stdev, self->ioas,
				  &now));
	EXPECT_EQ(self->cannot.hwpt, now);
	EXPECT_EQ(-EINVAL, mock_device_flags(self->fd, hwpt,
					     MOCK_DEVICE_NO_DIRTY, &dev));
	EXPECT_EQ(0, mock_replace(self->fd, self->can.stdev, hwpt, &now));
	EXPECT_EQ(hwpt, now);
	EXPECT_EQ(0, mock_device(self->fd, hwpt, &dev));
}

/* A nested table is the user's, who sees himself what it is used for */
TEST_F(device, nested_table_is_not_one_to_track)
{
	__u32 parent, nested;
	__u8 bits[64];

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->can.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT |
				IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &parent));
	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->can.idev, parent, 0,
				       &nested));
	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, parent, ENABLE));
	memset(bits, 0x5a, sizeof(bits));
	EXPECT_EQ(-ENOENT, hwpt_set_dirty_tracking(self->fd, nested, ENABLE));
	EXPECT_EQ(-ENOENT, hwpt_set_dirty_tracking(self->fd, nested, 0));
	EXPECT_EQ(-ENOENT, hwpt_get_dirty_bitmap(self->fd, nested, IOVA,
						 8 * sizeof(bits) * page_size,
						 page_size, bits, 0));
	EXPECT_EQ(-ENOENT, hwpt_get_dirty_bitmap(self->fd, nested, IOVA,
						 8 * sizeof(bits) * page_size,
						 page_size, bits, NO_CLEAR));
	/* the parent still does */
	EXPECT_EQ(0, hwpt_get_dirty_bitmap(self->fd, parent, IOVA,
					   8 * sizeof(bits) * page_size,
					   page_size, bits, 0));
	for (size_t i = 0; i < sizeof(bits); i++)
		EXPECT_EQ(0x5a, bits[i]);
}

TEST_F(device, automatic_table_does_not_track)
{
	EXPECT_EQ(-EOPNOTSUPP, hwpt_set_dirty_tracking(self->fd, self->can.hwpt,
						       ENABLE));
}

TEST_F(device, driver_data_of_a_table_is_checked)
{
	struct mock_hwpt_data data = {};
	__u32 hwpt, type = MOCK_HWPT_DATA;
	__u8 long_data[sizeof(data) + 4] = {};
	int fd = self->fd;
	__u32 idev = self->can.idev, ioas = self->ioas;

	EXPECT_EQ(0, hwpt_alloc_data(fd, idev, ioas, 0, type, &data,
				     sizeof(data), &hwpt));
	EXPECT_EQ(0, hwpt_alloc_data(fd, idev, ioas, 0, type, &data, 4, &hwpt));
	EXPECT_EQ(-EINVAL, hwpt_alloc_data(fd, idev, ioas, 0, type, &data, 3,
					   &hwpt));
	EXPECT_EQ(-EINVAL, hwpt_alloc_data(fd, idev, ioas, 0, type, &data, 0,
					   &hwpt));
	EXPECT_EQ(-EINVAL, hwpt_alloc_data(fd, idev, ioas, 0, type, long_data,
					   sizeof(long_data), &hwpt));
	EXPECT_EQ(-EFAULT, hwpt_alloc_data(fd, idev, ioas, 0, type, NULL,
					   sizeof(data), &hwpt));
	EXPECT_EQ(-EOPNOTSUPP, hwpt_alloc_data(fd, idev, ioas, 0, type + 1,
					       &data, sizeof(data), &hwpt));
	data.pgtable = 2;
	EXPECT_EQ(-EOPNOTSUPP, hwpt_alloc_data(fd, idev, ioas, 0, type, &data,
					       sizeof(data), &hwpt));
}

TEST_F(device, huge_table_has_no_limits)
{
	struct mock_hwpt_data data = { .pgtable = MOCK_PGTABLE_HUGE };
	struct iommu_iova_range range;
	__u32 ioas, hwpt, num = 1;
	__u64 alignment;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, hwpt_alloc_data(self->fd, self->can.idev, ioas, 0,
				     MOCK_HWPT_DATA, &data, sizeof(data),
				     &hwpt));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, ioas, &range, &num,
				      &alignment));
	EXPECT_EQ(0, range.start);
	EXPECT_EQ(UINT64_MAX, range.last);
	EXPECT_EQ(page_size, alignment);
}

TEST_F(device, driver_tells_its_registers)
{
	struct mock_hw_info data[2];
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = self->can.idev,
		.data_len = sizeof(data),
		.data_uptr = (uintptr_t)data,
	};

	memset(data, 0x5a, sizeof(data));
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
	EXPECT_EQ(MOCK_HW_INFO_TYPE, info.out_data_type);
	EXPECT_EQ(sizeof(data[0]), info.data_len);
	EXPECT_EQ(0, data[0].flags);
	EXPECT_EQ(MOCK_HW_INFO_REGISTER, data[0].test_reg);
	EXPECT_EQ(0, data[1].test_reg);

	/* with less room, the first bytes */
	memset(data, 0x5a, sizeof(data));
	info.in_data_type = MOCK_HW_INFO_TYPE;
	info.flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE;
	info.data_len = 4;
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
	EXPECT_EQ(sizeof(data[0]), info.data_len);
	EXPECT_EQ(0, data[0].flags);
	EXPECT_EQ(0x5a5a5a5a, data[0].test_reg);

	info.in_data_type = MOCK_HW_INFO_TYPE;
	info.data_len = 4;
	info.data_uptr = 8;
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
}

TEST_HARNESS_MAIN
