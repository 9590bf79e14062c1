// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_IOAS_MAP_FILE: memory of a file that is mapped for mock devices and
 * in-kernel accesses (CONFIG_IOMMUFD_TEST). A file begins with nothing but holes
 * and is not mapped by the process, unless the test does that.
 */
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "mock_fixture.h"

FIXTURE(file)
{
	int fd;
	__u32 ioas;
	int file;
	size_t unit;	/* what the filesystem allocates at a time */
	size_t length;
};

FIXTURE_VARIANT(file)
{
	enum file_kind kind;
	__u32 memory_limit;
};

FIXTURE_VARIANT_ADD(file, memfd)
{
	.kind = MEMFD,
	.memory_limit = MOCK_MEMORY_LIMIT_DEFAULT,
};

FIXTURE_VARIANT_ADD(file, memfd_small_batches)
{
	.kind = MEMFD,
	.memory_limit = MOCK_MEMORY_LIMIT_MIN,
};

FIXTURE_VARIANT_ADD(file, memfd_hugetlb)
{
	.kind = MEMFD_HUGETLB,
	.memory_limit = MOCK_MEMORY_LIMIT_DEFAULT,
};

FIXTURE_VARIANT_ADD(file, memfd_hugetlb_odd_batches)
{
	.kind = MEMFD_HUGETLB,
	.memory_limit = 7 * MOCK_MEMORY_LIMIT_MIN,
};

FIXTURE_VARIANT_ADD(file, tmpfs)
{
	.kind = TMPFS,
	.memory_limit = MOCK_MEMORY_LIMIT_DEFAULT,
};

FIXTURE_VARIANT_ADD(file, hugetlbfs)
{
	.kind = HUGETLBFS,
	.memory_limit = MOCK_MEMORY_LIMIT_DEFAULT,
};

FIXTURE_SETUP(file)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_memory_limit(self->fd, variant->memory_limit));
	self->unit = is_huge(variant->kind) ? HUGETLB_SIZE : page_size;
	self->length = is_huge(variant->kind) ? 2 * HUGETLB_SIZE :
						16 * page_size;
	self->file = file_create(variant->kind, self->length);
	ASSERT_LE(0, self->file);
}

/* However a test leaves things, nothing stays pinned or charged */
FIXTURE_TEARDOWN(file)
{
	__u8 *memory;

	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, status_pages("VmPin"));
	self->fd = iommu_open();
	ASSERT_EQ(0, ftruncate(self->file, self->length));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 0));
	EXPECT_EQ(0, mock_memory_limit(self->fd, MOCK_MEMORY_LIMIT_DEFAULT));
	close(self->fd);
	close(self->file);
}

/* Bytes of the file that are in memory */
static long long file_allocated(int file)
{
	struct stat st;

	return fstat(file, &st) ? -1 : st.st_blocks * 512LL;
}

static void fill(__u8 *p, size_t length, int seed)
{
	for (size_t i = 0; i < length; i++)
		p[i] = seed + i + i / 251;
}

static bool is_filled(const __u8 *p, size_t length, int seed)
{
	for (size_t i = 0; i < length; i++)
		if (p[i] != (__u8)(seed + i + i / 251))
			return false;
	return true;
}

static bool is_zero(const __u8 *p, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (p[i])
			return false;
	return true;
}

/*
 * What is mapped
 */

TEST_F(file, device_gets_the_pages_of_the_file)
{
	struct mock_device dev;
	__u8 *memory;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
				    self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 1));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(-EINVAL, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
					  page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 0));
}

TEST_F(file, pages_that_a_process_has_mapped_are_the_same)
{
	struct mock_device dev;
	__u8 *memory = file_mmap(self->file, self->length);

	ASSERT_NE(NULL, memory);
	/* some are there, others not */
	memory[0] = 1;
	memory[self->length / 2] = 1;
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
				    self->length));
}

TEST_F(file, map_before_attach_is_replayed)
{
	struct mock_device dev;
	__u8 *memory;

	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 0));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
				    self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 1));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 0));
}

TEST_F(file, further_table_is_filled_from_the_first)
{
	struct mock_device dev;
	__u8 *memory;
	__u32 hwpt;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas, 0, &hwpt));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, mock_check_map(self->fd, hwpt, IOVA, memory,
				    self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 1));
}

TEST_F(file, pages_are_allocated_when_they_are_pinned)
{
	struct mock_device dev;
	__u8 *memory;

	ASSERT_EQ(0, file_allocated(self->file));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file,
				   self->unit, self->unit, IOVA));
	EXPECT_EQ(0, file_allocated(self->file));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	/* what is mapped, and nothing else */
	EXPECT_EQ(self->unit, file_allocated(self->file));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_TRUE(is_zero(memory + self->unit, self->unit));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA,
				    memory + self->unit, self->unit));
}

TEST_F(file, part_of_a_page_is_at_its_offset)
{
	__u64 start = page_size + MOCK_IO_PAGE_SIZE;
	__u64 length = 2 * page_size + MOCK_IO_PAGE_SIZE;
	struct mock_device dev;
	__u8 *memory;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, start,
				   length, IOVA + MOCK_IO_PAGE_SIZE));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt,
				    IOVA + MOCK_IO_PAGE_SIZE, memory + start,
				    length));
	EXPECT_EQ(-EINVAL, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
					  MOCK_IO_PAGE_SIZE));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, page_size, 0));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory + page_size,
				     3 * page_size, 1));
}

TEST_F(file, offset_must_suit_the_device)
{
	__u64 half = MOCK_IO_PAGE_SIZE / 2;
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->file, half,
					 page_size, IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->file, 0,
					 half, IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->file, 0,
					 page_size, IOVA + half));
}

TEST_F(file, iova_is_chosen_and_returned)
{
	struct mock_device dev;
	__u64 iova = 0;
	__u8 *memory;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file_flags(self->fd, self->ioas, self->file, 0,
					 self->length, &iova, MAP_RW));
	EXPECT_NE(0, iova);
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, iova, memory,
				    self->length));
}

/*
 * Contents, without any mapping by the process. With a device the pages are
 * pinned for longer, without one for a moment.
 */

static void check_contents(struct __test_metadata *_metadata, int fd,
			   __u32 ioas, int file, size_t length)
{
	__u8 *in = memory_map(length), *out = memory_map(length);
	int access = mock_access(fd, ioas, 0);

	ASSERT_LE(0, access);
	ASSERT_NE(NULL, in);
	ASSERT_NE(NULL, out);
	/* all bytes but the first and last three */
	fill(in, length, 1);
	ASSERT_EQ(0, mock_access_rw(fd, access, IOVA + 3, in, length - 6,
				    MOCK_ACCESS_WRITE));
	ASSERT_EQ(length, pread(file, out, length, 0));
	EXPECT_TRUE(is_zero(out, 3));
	EXPECT_TRUE(is_filled(out + 3, length - 6, 1));
	EXPECT_TRUE(is_zero(out + length - 3, 3));
	memset(out, 0, length);
	ASSERT_EQ(0, mock_access_rw(fd, access, IOVA + 3, out, length - 6, 0));
	EXPECT_TRUE(is_filled(out, length - 6, 1));
	close(access);
	munmap(in, length);
	munmap(out, length);
}

TEST_F(file, access_reads_and_writes_the_file)
{
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	check_contents(_metadata, self->fd, self->ioas, self->file,
		       self->length);
}

TEST_F(file, access_reads_and_writes_what_a_device_has)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	check_contents(_metadata, self->fd, self->ioas, self->file,
		       self->length);
}

TEST_F(file, process_and_device_see_the_same_bytes)
{
	__u8 *memory = file_mmap(self->file, self->length);
	__u8 byte = 0;
	int access;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	access = mock_access(self->fd, self->ioas, MOCK_ACCESS_PINS);
	ASSERT_LE(0, access);
	ASSERT_EQ(0, mock_access_pin(self->fd, access, IOVA, self->length,
				     memory, MOCK_ACCESS_WRITE, NULL));
	for (size_t i = 0; i < self->length; i += page_size + 1) {
		memory[i] = i + 1;
		ASSERT_EQ(0, mock_access_rw(self->fd, access, IOVA + i, &byte,
					    1, 0));
		ASSERT_EQ((__u8)(i + 1), byte);
		byte = ~byte;
		ASSERT_EQ(0, mock_access_rw(self->fd, access, IOVA + i, &byte,
					    1, MOCK_ACCESS_WRITE));
		ASSERT_EQ((__u8)~(i + 1), memory[i]);
	}
	close(access);
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 0));
}

TEST_F(file, any_byte_range_can_be_mapped_without_devices)
{
	int access = mock_access(self->fd, self->ioas, 0);
	char text[] = "sunshine", out[sizeof(text)] = {};

	ASSERT_LE(0, access);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file,
				   page_size - 5, sizeof(text), 77));
	ASSERT_EQ(0, mock_access_rw(self->fd, access, 77, text, sizeof(text),
				    MOCK_ACCESS_WRITE));
	ASSERT_EQ(sizeof(out), pread(self->file, out, sizeof(out),
				     page_size - 5));
	EXPECT_EQ(0, memcmp(text, out, sizeof(text)));
	EXPECT_EQ(-ENOENT, mock_access_rw(self->fd, access, 76, out, 1, 0));
	EXPECT_EQ(-ENOENT, mock_access_rw(self->fd, access, 77 + sizeof(text),
					  out, 1, 0));
	close(access);
}

/*
 * The life of the file
 */

TEST_F(file, mapping_keeps_the_file)
{
	__u8 *memory = file_mmap(self->file, self->length);
	int copy = dup(self->file);
	struct mock_device dev;

	ASSERT_NE(NULL, memory);
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, copy, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, close(copy));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
				    self->length));
}

TEST_F(file, file_that_nobody_else_has_is_mapped)
{
	int access = mock_access(self->fd, self->ioas, 0);
	int file = file_create(variant->kind, self->length);
	struct mock_device dev;
	__u8 byte = 7;

	ASSERT_LE(0, access);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, file, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, close(file));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(self->length / page_size, status_pages("VmPin"));
	EXPECT_EQ(0, mock_access_rw(self->fd, access, IOVA, &byte, 1,
				    MOCK_ACCESS_WRITE));
	byte = 0;
	EXPECT_EQ(0, mock_access_rw(self->fd, access, IOVA, &byte, 1, 0));
	EXPECT_EQ(7, byte);
	close(access);
}

/* What was pinned stays what it is, and the file gets new pages */
static void check_pages_stay(struct __test_metadata *_metadata, int fd,
			     __u32 ioas, __u32 hwpt, int file, size_t length)
{
	int access = mock_access(fd, ioas, 0);
	__u8 *memory = file_mmap(file, length);
	__u8 *out = memory_map(length);

	ASSERT_LE(0, access);
	ASSERT_NE(NULL, memory);
	ASSERT_NE(NULL, out);
	ASSERT_EQ(0, mock_access_rw(fd, access, IOVA, out, length, 0));
	EXPECT_TRUE(is_filled(out, length, 1));
	EXPECT_TRUE(is_zero(memory, length));
	EXPECT_EQ(-EINVAL, mock_check_map(fd, hwpt, IOVA, memory, page_size));
	/* what is written to them does not come back */
	fill(out, length, 2);
	ASSERT_EQ(0, mock_access_rw(fd, access, IOVA, out, length,
				    MOCK_ACCESS_WRITE));
	EXPECT_TRUE(is_zero(memory, length));
	ASSERT_EQ(0, ioas_unmap(fd, ioas, IOVA, length));
	EXPECT_TRUE(is_zero(memory, length));
	close(access);
	munmap(memory, length);
	munmap(out, length);
}

TEST_F(file, truncation_leaves_what_is_pinned)
{
	__u8 *memory = file_mmap(self->file, self->length);
	struct mock_device dev;

	ASSERT_NE(NULL, memory);
	fill(memory, self->length, 1);
	ASSERT_EQ(0, munmap(memory, self->length));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, ftruncate(self->file, 0));
	ASSERT_EQ(0, ftruncate(self->file, self->length));
	check_pages_stay(_metadata, self->fd, self->ioas, dev.hwpt, self->file,
			 self->length);
}

TEST_F(file, hole_leaves_what_is_pinned)
{
	__u8 *memory = file_mmap(self->file, self->length);
	struct mock_device dev;

	ASSERT_NE(NULL, memory);
	fill(memory, self->length, 1);
	ASSERT_EQ(0, munmap(memory, self->length));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, fallocate(self->file,
			       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			       self->length));
	check_pages_stay(_metadata, self->fd, self->ioas, dev.hwpt, self->file,
			 self->length);
}

/* Two mappings of one range, with a hole in between, have different pages */
TEST_F(file, map_after_a_hole_gets_the_new_pages)
{
	struct mock_device dev;
	__u8 *memory;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, fallocate(self->file,
			       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			       self->length));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA + self->length));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(-EINVAL, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
					  page_size));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA + self->length,
				    memory, self->length));
	EXPECT_EQ(2 * self->length / page_size, status_pages("VmPin"));
}

TEST_F(file, attach_finds_that_memory_is_gone)
{
	struct mock_device dev, other;
	__u32 hwpt, ioas;

	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev));
	ASSERT_EQ(0, ftruncate(self->file, self->length - self->unit));
	EXPECT_EQ(-EFAULT, mock_device(self->fd, self->ioas, &other));
	EXPECT_EQ(-EFAULT, hwpt_alloc(self->fd, dev.idev, self->ioas, 0,
				      &hwpt));
	EXPECT_EQ(-EFAULT, mock_replace(self->fd, dev.stdev, self->ioas, NULL));
	EXPECT_EQ(0, status_pages("VmPin"));
	ASSERT_EQ(0, ftruncate(self->file, self->length));
	EXPECT_EQ(0, mock_replace(self->fd, dev.stdev, self->ioas, NULL));
	EXPECT_EQ(self->length / page_size, status_pages("VmPin"));
}

TEST_F(file, access_finds_that_memory_is_gone)
{
	int access = mock_access(self->fd, self->ioas, MOCK_ACCESS_PINS);
	__u8 byte;

	ASSERT_LE(0, access);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, ftruncate(self->file, self->unit));
	EXPECT_EQ(0, mock_access_rw(self->fd, access, IOVA, &byte, 1, 0));
	EXPECT_EQ(-EFAULT, mock_access_rw(self->fd, access, IOVA + self->unit,
					  &byte, 1, 0));
	EXPECT_EQ(-EFAULT, mock_access_pin(self->fd, access, IOVA,
					   self->length, NULL, 0, NULL));
	EXPECT_EQ(0, status_pages("VmPin"));
	close(access);
}

/*
 * Unmap and copy
 */

TEST_F(file, mapping_is_unmapped_as_a_whole)
{
	__u64 half = self->length / 2, unmapped;
	struct mock_device dev;
	__u8 *memory;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0, half,
				   IOVA));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, half, half,
				   IOVA + half));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->ioas, IOVA, page_size));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->ioas, IOVA + page_size,
				      self->length - page_size));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
				    self->length));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, half));
	EXPECT_EQ(-EINVAL, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
					  page_size));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA + half,
				    memory + half, half));
	EXPECT_EQ(half / page_size, status_pages("VmPin"));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, &unmapped));
	EXPECT_EQ(half, unmapped);
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(file, copies_share_the_pins)
{
	__u64 half = self->length / 2, quarter = self->length / 4;
	struct mock_device dev, other;
	__u8 *memory;
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &other));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, ioas, self->ioas, half, IOVA,
				     IOVA + quarter));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, mock_check_map(self->fd, other.hwpt, IOVA,
				    memory + quarter, half));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 1));
	EXPECT_EQ(self->length / page_size, status_pages("VmPin"));

	/* the copy lives on its own, also when the file changes */
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(0, mock_check_map(self->fd, other.hwpt, IOVA,
				    memory + quarter, half));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory + quarter, half, 1));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, quarter, 0));
	EXPECT_EQ(half / page_size, status_pages("VmPin"));
	ASSERT_EQ(0, ftruncate(self->file, 0));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->ioas, ioas, half, IOVA,
				     IOVA));
	EXPECT_EQ(half / page_size, status_pages("VmPin"));
}

TEST_F(file, copy_of_a_read_only_mapping_is_not_writeable)
{
	__u64 iova = IOVA;

	ASSERT_EQ(0, ioas_map_file_flags(self->fd, self->ioas, self->file, 0,
					 self->length, &iova,
					 IOMMU_IOAS_MAP_FIXED_IOVA |
					 IOMMU_IOAS_MAP_READABLE));
	EXPECT_EQ(-EPERM, ioas_copy_fixed(self->fd, self->ioas, self->ioas,
					  self->length, 2 * IOVA, IOVA));
}

/*
 * What cannot be mapped
 */

TEST_F(file, range_must_be_inside_the_file)
{
	__u64 last_page = -(__u64)page_size;

	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->file, 0,
					 self->length + 1, IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->file,
					 page_size, self->length, IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->file,
					 self->length, page_size, IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->file,
					 1ULL << 63, page_size, IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->file,
					 last_page, page_size, IOVA));
	EXPECT_EQ(-EOVERFLOW, ioas_map_file(self->fd, self->ioas, self->file,
					    last_page, page_size + 1, IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->file, 0, 0,
					 IOVA));
	ASSERT_EQ(0, ftruncate(self->file, 0));
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->file, 0,
					 page_size, IOVA));
}

TEST_F(mock, last_page_belongs_to_the_file_as_a_whole)
{
	int access = mock_access(self->fd, self->ioas, 0);
	int file = file_create(MEMFD, page_size + 1);
	__u8 out[64] = {};

	ASSERT_LE(0, access);
	ASSERT_LE(0, file);
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, file, 0,
					 2 * page_size + 1, IOVA));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, file, 0,
				   2 * page_size, IOVA));
	EXPECT_EQ(0, mock_access_rw(self->fd, access,
				    IOVA + 2 * page_size - sizeof(out), out,
				    sizeof(out), 0));
	EXPECT_TRUE(is_zero(out, sizeof(out)));
	close(access);
	close(file);
}

TEST_F(file, file_open_for_reading_is_mapped_for_reading)
{
	__u64 iova = IOVA;
	struct mock_device dev;
	char path[64];
	__u8 *memory;
	int file;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->file);
	file = open(path, O_RDONLY);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(-EPERM, ioas_map_file(self->fd, self->ioas, file, 0,
					self->length, IOVA));
	iova = IOVA;
	EXPECT_EQ(-EPERM, ioas_map_file_flags(self->fd, self->ioas, file, 0,
					      self->length, &iova,
					      IOMMU_IOAS_MAP_FIXED_IOVA |
					      IOMMU_IOAS_MAP_WRITEABLE));
	EXPECT_EQ(0, file_allocated(self->file));
	ASSERT_EQ(0, ioas_map_file_flags(self->fd, self->ioas, file, 0,
					 self->length, &iova,
					 IOMMU_IOAS_MAP_FIXED_IOVA |
					 IOMMU_IOAS_MAP_READABLE));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
				    self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 1));
	close(file);
}

TEST_F(file, file_open_for_writing_only_is_not_mapped)
{
	char path[64];
	__u64 iova = IOVA;
	int file;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->file);
	file = open(path, O_WRONLY);
	ASSERT_LE(0, file);
	EXPECT_EQ(-EPERM, ioas_map_file(self->fd, self->ioas, file, 0,
					self->length, IOVA));
	EXPECT_EQ(-EPERM, ioas_map_file_flags(self->fd, self->ioas, file, 0,
					      self->length, &iova,
					      IOMMU_IOAS_MAP_FIXED_IOVA |
					      IOMMU_IOAS_MAP_WRITEABLE));
	close(file);
}

TEST_F(file, descriptor_must_be_a_memory_file)
{
	static const char * const path[] = {
		"/dev/null", "/dev/zero", "/dev/shm", "/proc/self/status",
		"/sys/kernel/uevent_seqnum",
	};
	char name[64];
	int file, pipes[2];

	EXPECT_EQ(-EBADF, ioas_map_file(self->fd, self->ioas, -1, 0, page_size,
					IOVA));
	file = dup(self->file);
	close(file);
	EXPECT_EQ(-EBADF, ioas_map_file(self->fd, self->ioas, file, 0,
					page_size, IOVA));
	for (size_t i = 0; i < ARRAY_SIZE(path); i++) {
		file = open(path[i], O_RDONLY);
		ASSERT_LE(0, file);
		EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, file, 0,
						 page_size, IOVA)) {
			TH_LOG("%s", path[i]);
		}
		close(file);
	}
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, self->fd, 0,
					 page_size, IOVA));
	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-EINVAL, ioas_map_file(self->fd, self->ioas, pipes[0], 0,
					 page_size, IOVA));
	/* a memory file, but opened for nothing */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", self->file);
	file = open(name, O_PATH);
	ASSERT_LE(0, file);
	EXPECT_EQ(-EBADF, ioas_map_file(self->fd, self->ioas, file, 0,
					page_size, IOVA));
	close(file);
}

TEST_F(file, other_errors_are_those_of_map)
{
	__u64 iova = IOVA;

	EXPECT_EQ(-EOPNOTSUPP, ioas_map_file_flags(self->fd, self->ioas,
						   self->file, 0, page_size,
						   &iova, MAP_FIXED_RW | 8));
	EXPECT_EQ(-EINVAL, ioas_map_file_flags(self->fd, self->ioas, self->file,
					       0, page_size, &iova,
					       IOMMU_IOAS_MAP_FIXED_IOVA));
	EXPECT_EQ(-ENOENT, ioas_map_file(self->fd, self->ioas + 100, self->file,
					 0, page_size, IOVA));
	EXPECT_EQ(-EOVERFLOW, ioas_map_file(self->fd, self->ioas, self->file, 0,
					    2 * page_size,
					    -(__u64)page_size));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   2 * page_size, IOVA));
	EXPECT_EQ(-EEXIST, ioas_map_file(self->fd, self->ioas, self->file, 0,
					 page_size, IOVA + page_size));
}

/* The answer cannot be written: nothing is mapped then */
TEST_F(file, map_without_room_for_the_result_changes_nothing)
{
	struct iommu_ioas_map_file *cmd = memory_map(page_size);
	struct mock_device dev;
	__u64 unmapped;

	ASSERT_NE(NULL, cmd);
	*cmd = (struct iommu_ioas_map_file){
		.size = sizeof(*cmd),
		.flags = MAP_RW,
		.ioas_id = self->ioas,
		.fd = self->file,
		.length = self->length,
	};
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_IOAS_MAP_FILE, cmd));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, ioas_unmap_all(self->fd, self->ioas, &unmapped));
	EXPECT_EQ(0, unmapped);
}

/*
 * Seals, of files that can be sealed
 */

FIXTURE(seal)
{
	int fd;
	__u32 ioas;
	struct mock_device dev;
	int file;
	size_t length;
};

FIXTURE_VARIANT(seal)
{
	enum file_kind kind;
	int seal;
};

FIXTURE_VARIANT_ADD(seal, write_of_memfd)
{
	.kind = MEMFD,
	.seal = F_SEAL_WRITE,
};

FIXTURE_VARIANT_ADD(seal, future_write_of_memfd)
{
	.kind = MEMFD,
	.seal = F_SEAL_FUTURE_WRITE,
};

FIXTURE_VARIANT_ADD(seal, write_of_hugetlb)
{
	.kind = MEMFD_HUGETLB,
	.seal = F_SEAL_WRITE,
};

FIXTURE_VARIANT_ADD(seal, future_write_of_hugetlb)
{
	.kind = MEMFD_HUGETLB,
	.seal = F_SEAL_FUTURE_WRITE,
};

FIXTURE_SETUP(seal)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->length = is_huge(variant->kind) ? HUGETLB_SIZE : 4 * page_size;
	self->file = file_create(variant->kind, self->length);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(seal)
{
	close(self->fd);
	EXPECT_EQ(0, status_pages("VmPin"));
	close(self->file);
}

static int add_seal(int file, int seal)
{
	return fcntl(file, F_ADD_SEALS, seal) ? -errno : 0;
}

TEST_F(seal, sealed_file_is_mapped_for_reading_only)
{
	__u64 iova = IOVA;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	ASSERT_EQ(0, add_seal(self->file, variant->seal));
	EXPECT_EQ(-EPERM, ioas_map_file(self->fd, self->ioas, self->file, 0,
					self->length, IOVA));
	EXPECT_EQ(0, status_pages("VmPin"));
	ASSERT_EQ(0, ioas_map_file_flags(self->fd, self->ioas, self->file, 0,
					 self->length, &iova,
					 IOMMU_IOAS_MAP_FIXED_IOVA |
					 IOMMU_IOAS_MAP_READABLE));
	EXPECT_EQ(-EPERM, ioas_copy_fixed(self->fd, self->ioas, self->ioas,
					  self->length, 2 * IOVA, IOVA));
}

TEST_F(seal, pinned_file_cannot_be_sealed_against_writing)
{
	int expected = variant->seal == F_SEAL_WRITE ? -EBUSY : 0;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	EXPECT_EQ(expected, add_seal(self->file, variant->seal));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(0, add_seal(self->file, variant->seal));
}

TEST_F(seal, access_pin_keeps_a_seal_off)
{
	int expected = variant->seal == F_SEAL_WRITE ? -EBUSY : 0;
	int access = mock_access(self->fd, self->ioas, MOCK_ACCESS_PINS);

	ASSERT_LE(0, access);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, mock_access_pin(self->fd, access, IOVA, page_size, NULL,
				     MOCK_ACCESS_WRITE, NULL));
	EXPECT_EQ(expected, add_seal(self->file, variant->seal));
	close(access);
	EXPECT_EQ(0, add_seal(self->file, variant->seal));
}

/* A mapping that pins nothing does not keep a seal off, nor gets around it */
TEST_F(seal, seal_after_map_counts_when_pages_are_pinned)
{
	int access = mock_access(self->fd, self->ioas, 0);
	__u8 byte = 1;

	ASSERT_LE(0, access);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	ASSERT_EQ(0, mock_access_rw(self->fd, access, IOVA, &byte, 1,
				    MOCK_ACCESS_WRITE));
	ASSERT_EQ(0, add_seal(self->file, variant->seal));
	byte = 2;
	EXPECT_EQ(-EPERM, mock_access_rw(self->fd, access, IOVA, &byte, 1,
					 MOCK_ACCESS_WRITE));
	EXPECT_EQ(0, mock_access_rw(self->fd, access, IOVA, &byte, 1, 0));
	EXPECT_EQ(1, byte);
	EXPECT_EQ(-EPERM, mock_device(self->fd, self->ioas, &self->dev));
	EXPECT_EQ(0, status_pages("VmPin"));
	close(access);
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
}

TEST_F(seal, seals_of_the_size_do_not_matter)
{
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	ASSERT_EQ(0, add_seal(self->file, F_SEAL_SHRINK | F_SEAL_GROW |
					  F_SEAL_SEAL));
	EXPECT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
}

/*
 * What is charged, and what there is too little of
 */

TEST_F(file, pages_are_charged_once_and_exactly)
{
	long pages = self->length / page_size;
	struct mock_device dev;
	__u32 hwpt;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   self->length, IOVA));
	EXPECT_EQ(pages, status_pages("VmPin"));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas, 0, &hwpt));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->ioas, self->ioas,
				     self->length, 2 * IOVA, IOVA));
	EXPECT_EQ(pages, status_pages("VmPin"));
	/* mapped again, and not copied: pinned again */
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file, 0,
				   page_size, 3 * IOVA));
	EXPECT_EQ(pages + 1, status_pages("VmPin"));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(pages + 1, status_pages("VmPin"));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, 2 * IOVA, self->length));
	EXPECT_EQ(1, status_pages("VmPin"));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, 3 * IOVA, page_size));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(mock, map_of_a_full_filesystem_fails)
{
	char dir[] = "/tmp/iommufd.XXXXXX";
	struct mock_device dev;
	int file;

	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, mount("tmpfs", dir, "tmpfs", 0, "size=32k"));
	file = open(dir, O_TMPFILE | O_RDWR, 0600);
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	EXPECT_EQ(0, rmdir(dir));
	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, 1 << 20));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(-ENOMEM, ioas_map_file(self->fd, self->ioas, file, 0, 1 << 20,
					 IOVA));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, ioas_map_file(self->fd, self->ioas, file, 0, 32 << 10,
				   IOVA));
	close(file);
}

TEST_F(mock, map_without_free_huge_pages_fails)
{
	size_t length = 1000 * HUGETLB_SIZE;
	int file = file_create(MEMFD_HUGETLB, length);
	struct mock_device dev;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(-ENOMEM, ioas_map_file(self->fd, self->ioas, file, 0, length,
					 IOVA));
	EXPECT_EQ(0, status_pages("VmPin"));
	ASSERT_EQ(0, ftruncate(file, HUGETLB_SIZE));
	EXPECT_EQ(0, ioas_map_file(self->fd, self->ioas, file, 0, HUGETLB_SIZE,
				   IOVA));
	close(file);
}

static sig_atomic_t signals;

static void count_signal(int number)
{
	signals++;
}

TEST_F(mock, signals_do_not_break_a_map)
{
	/* The first one at once; between others a slow kernel gets on */
	const struct itimerval often = { { 0, 50000 }, { 0, 1000 } };
	const struct itimerval never = {};
	size_t length = 8 * HUGETLB_SIZE;
	struct mock_device dev;
	int file;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_NE(SIG_ERR, signal(SIGALRM, count_signal));
	for (int i = 0; i < 3; i++) {
		/* All pages are holes, which it takes long to fill */
		file = file_create(MEMFD_HUGETLB, length);
		ASSERT_LE(0, file);
		signals = 0;
		ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
		EXPECT_EQ(0, ioas_map_file(self->fd, self->ioas, file, 0,
					   length, IOVA));
		ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
		EXPECT_LT(0, signals);
		EXPECT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, length));
		close(file);
	}
}

/*
 * Processes that die
 */

/* A process that has the file mapped for a device of its own, and sleeps */
static pid_t start_holder(int file, size_t length)
{
	struct mock_device dev;
	pid_t pid = fork();
	__u32 ioas;
	int fd;

	if (pid)
		return pid;
	fd = iommu_open();
	if (fd < 0 || ioas_alloc(fd, &ioas) || mock_device(fd, ioas, &dev) ||
	    ioas_map_file(fd, ioas, file, 0, length, IOVA))
		_exit(1);
	kill(getpid(), SIGSTOP);
	_exit(0);
}

TEST_F(file, killed_process_leaves_nothing_pinned)
{
	pid_t pid = start_holder(self->file, self->length);
	__u8 *memory = file_mmap(self->file, self->length);
	int status;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 1));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, self->length, 0));
}

/* Memory of a file outlives the process that mapped it: others can attach */
TEST_F(file, mapping_outlives_the_process_that_made_it)
{
	struct mock_device dev;
	__u8 *memory;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(!!ioas_map_file(self->fd, self->ioas, self->file, 0,
				      self->length, IOVA));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	memory = file_mmap(self->file, self->length);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, memory,
				    self->length));
	/* who mapped pays */
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_HARNESS_MAIN
