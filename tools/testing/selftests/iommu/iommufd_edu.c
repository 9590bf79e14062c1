// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA of a real device through /dev/iommu.
 *
 * EDU0 and EDU1 name two edu devices, each alone in its group, EDU_GROUP two
 * in one group, all bound to vfio-pci.
 */
#include <pthread.h>
#include <stdio.h>

#include "edu_device.h"
#include "harness.h"

#define COOKIE		0xc0ffee0000000001ULL
#define OTHER_COOKIE	0xc0ffee0000000002ULL

/* Where the tests map: inside the 28 bits that edu can address */
#define IOVA		0x100000ULL
#define STAGING_IOVA	0x6000000ULL

#define HUGETLB_SIZE	0x200000UL
#define HUGETLB_IOVA	0x4000000ULL

#define NUM_RANGES	64

static long page_size;

static void __attribute__((constructor)) setup_page_size(void)
{
	page_size = sysconf(_SC_PAGESIZE);
}

static void fill(void *p, size_t length, __u32 seed)
{
	__u32 *word = p;

	for (size_t i = 0; i < length / sizeof(*word); i++)
		word[i] = seed * 2654435761u + i;
}

static bool is_filled(const void *p, size_t length, __u32 seed)
{
	const __u32 *word = p;

	for (size_t i = 0; i < length / sizeof(*word); i++)
		if (word[i] != seed * 2654435761u + i)
			return false;
	return true;
}

/*
 * One bound device, and an IOAS that it is not attached to yet. @staging is
 * memory that is mapped in the IOAS at STAGING_IOVA, through which the device's
 * buffer is filled and looked at, by child processes too.
 */
FIXTURE(edu)
{
	int fd;
	__u32 ioas;
	struct edu_device edu;
	__u8 *staging;
	__u8 *memory;
};

#define MEMORY_PAGES	4

FIXTURE_SETUP(edu)
{
	ASSERT_NE(NULL, getenv("EDU0"));
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
	self->staging = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->staging);
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->staging,
				    page_size, STAGING_IOVA));
}

FIXTURE_TEARDOWN(edu)
{
	edu_device_close(&self->edu);
	EXPECT_EQ(0, close(self->fd));
}

static int attach(struct edu_device *edu, __u32 pt)
{
	return edu_device_attach(edu, &pt);
}

/* Put a pattern into the device's buffer, and say whether it is there */
static int load(struct edu_device *edu, void *staging, __u32 seed)
{
	fill(staging, EDU_MEMORY_SIZE, seed);
	return edu_dma(&edu->engine, EDU_FROM_MEMORY, STAGING_IOVA, EDU_MEMORY_SIZE);
}

static bool holds(struct edu_device *edu, void *staging, __u32 seed)
{
	memset(staging, 0, EDU_MEMORY_SIZE);
	return !edu_dma(&edu->engine, EDU_TO_MEMORY, STAGING_IOVA, EDU_MEMORY_SIZE) &&
	       is_filled(staging, EDU_MEMORY_SIZE, seed);
}

TEST_F(edu, device_reads_and_writes_mapped_memory)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    2 * page_size, IOVA));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	fill(self->memory, page_size, 1);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA + page_size,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE, 1));
}

TEST_F(edu, map_after_attach_is_seen_by_the_device)
{
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, load(&self->edu, self->staging, 2));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 2));
}

TEST_F(edu, transfer_crosses_pages_that_are_not_adjacent)
{
	__u8 *page[2] = { self->memory + 2 * page_size, self->memory };
	size_t half = EDU_MEMORY_SIZE / 2;

	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, page[0], page_size,
				    IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, page[1], page_size,
				    IOVA + page_size));
	ASSERT_EQ(0, load(&self->edu, self->staging, 3));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA + page_size - half,
			     EDU_MEMORY_SIZE));
	EXPECT_EQ(0, memcmp(page[0] + page_size - half, self->staging, half));
	EXPECT_EQ(0, memcmp(page[1], self->staging + half, half));
	/* nothing around it was touched */
	EXPECT_EQ(0, page[0][page_size - half - 1]);
	EXPECT_EQ(0, page[1][half]);
}

TEST_F(edu, first_and_last_address_of_the_device_can_be_mapped)
{
	__u64 last_page = EDU_ADDRESS_LAST + 1 - page_size;

	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, last_page));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    self->memory + page_size, page_size, 0));
	ASSERT_EQ(0, load(&self->edu, self->staging, 4));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, last_page,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 4));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, 0, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE, 4));
}

TEST_F(edu, unmapped_memory_is_out_of_reach)
{
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, load(&self->edu, self->staging, 5));
	/* so that the IOTLB has the entry */
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	ASSERT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 5));

	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, page_size));
	fill(self->memory, page_size, 6);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 6));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_FALSE(holds(&self->edu, self->staging, 6));
}

TEST_F(edu, detached_device_reaches_nothing)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, load(&self->edu, self->staging, 7));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	ASSERT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 7));

	ASSERT_EQ(0, edu_device_detach(&self->edu));
	fill(self->memory, page_size, 8);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 8));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	EXPECT_FALSE(holds(&self->edu, self->staging, 8));
}

/*
 * Software nesting: the device is attached to a child of the IOAS
 */

#define CHILD_IOVA	0x200000ULL

/* A child that has the staging memory, and at CHILD_IOVA all memory but the first page */
static int attach_to_child(struct _test_data_edu *self, __u32 *child)
{
	__u64 length = (MEMORY_PAGES - 1) * page_size;

	return ioas_map_fixed(self->fd, self->ioas, self->memory,
			      MEMORY_PAGES * page_size, IOVA) ?:
	       ioas_alloc_child(self->fd, self->ioas, child) ?:
	       ioas_copy_fixed(self->fd, *child, self->ioas, page_size,
			       STAGING_IOVA, STAGING_IOVA) ?:
	       ioas_copy_fixed(self->fd, *child, self->ioas, length, CHILD_IOVA,
			       IOVA + page_size) ?:
	       attach(&self->edu, *child);
}

TEST_F(edu, device_reaches_what_its_child_has_of_the_parent)
{
	__u32 child;

	ASSERT_EQ(0, attach_to_child(self, &child));
	ASSERT_EQ(0, load(&self->edu, self->staging, 40));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY,
			     CHILD_IOVA + page_size, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + 2 * page_size, EDU_MEMORY_SIZE, 40));
	fill(self->memory + page_size, EDU_MEMORY_SIZE, 41);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, CHILD_IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(holds(&self->edu, self->staging, 41));
	/* and by no address of the parent */
	ASSERT_EQ(0, load(&self->edu, self->staging, 42));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA + page_size,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE, 41));
}

/* The IOTLB has the entries when they go */
TEST_F(edu, what_the_parent_unmaps_is_out_of_reach_by_the_child)
{
	__u32 child;

	ASSERT_EQ(0, attach_to_child(self, &child));
	ASSERT_EQ(0, load(&self->edu, self->staging, 43));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, CHILD_IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE, 43));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				MEMORY_PAGES * page_size));
	fill(self->memory + page_size, EDU_MEMORY_SIZE, 44);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, CHILD_IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE, 44));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, CHILD_IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_FALSE(holds(&self->edu, self->staging, 44));
}

TEST_F(edu, what_the_child_unmaps_is_out_of_reach)
{
	__u64 length = (MEMORY_PAGES - 1) * page_size;
	__u32 child;

	ASSERT_EQ(0, attach_to_child(self, &child));
	ASSERT_EQ(0, load(&self->edu, self->staging, 45));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, CHILD_IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, ioas_unmap(self->fd, child, CHILD_IOVA, length));
	fill(self->memory + page_size, EDU_MEMORY_SIZE, 46);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, CHILD_IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE, 46));
	/* The parent has it still: it can be copied again */
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, child, self->ioas, page_size,
				     CHILD_IOVA, IOVA + page_size));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, CHILD_IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE, 45));
}

/*
 * Memory files: the device and read() and write() meet in the file, which no
 * process has mapped
 */
static int memory_file(size_t length, unsigned int flags)
{
	int file = memfd_create("iommufd", MFD_CLOEXEC | flags);

	if (file >= 0 && ftruncate(file, length)) {
		close(file);
		return -1;
	}
	return file;
}

TEST_F(edu, device_reads_and_writes_a_memory_file)
{
	int file = memory_file(4 * page_size, 0);

	ASSERT_LE(0, file);
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, file, page_size,
				   2 * page_size, IOVA));
	fill(self->memory, page_size, 16);
	ASSERT_EQ(page_size, pwrite(file, self->memory, page_size, page_size));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA + page_size,
			     EDU_MEMORY_SIZE));
	memset(self->memory, 0, page_size);
	ASSERT_EQ(page_size, pread(file, self->memory, page_size,
				   2 * page_size));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 16));
	close(file);
}

TEST_F(edu, device_reads_and_writes_a_file_of_huge_pages)
{
	__u64 offset = 5 * page_size;
	__u8 *memory;
	int file;

	file = memory_file(HUGETLB_SIZE, MFD_HUGETLB);
	ASSERT_LE(0, file);
	/* mapped before the attach, and by nobody else */
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, file, 0, HUGETLB_SIZE,
				   HUGETLB_IOVA));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, load(&self->edu, self->staging, 17));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY,
			     HUGETLB_IOVA + offset, EDU_MEMORY_SIZE));
	memory = mmap(NULL, HUGETLB_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      file, 0);
	ASSERT_NE(MAP_FAILED, memory);
	EXPECT_TRUE(is_filled(memory + offset, EDU_MEMORY_SIZE, 17));
	fill(memory + offset, EDU_MEMORY_SIZE, 18);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY,
			     HUGETLB_IOVA + offset, EDU_MEMORY_SIZE));
	EXPECT_TRUE(holds(&self->edu, self->staging, 18));
	munmap(memory, HUGETLB_SIZE);
	close(file);
}

/* What was cut off stays with the device alone, until it is unmapped */
TEST_F(edu, truncated_file_gets_nothing_of_what_the_device_writes)
{
	int file = memory_file(page_size, 0);

	ASSERT_LE(0, file);
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, file, 0, page_size,
				   IOVA));
	fill(self->memory, page_size, 19);
	ASSERT_EQ(page_size, pwrite(file, self->memory, page_size, 0));
	ASSERT_EQ(0, ftruncate(file, 0));
	ASSERT_EQ(0, ftruncate(file, page_size));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(holds(&self->edu, self->staging, 19));
	ASSERT_EQ(0, load(&self->edu, self->staging, 20));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(page_size, pread(file, self->memory, page_size, 0));
	for (long i = 0; i < page_size; i++)
		ASSERT_EQ(0, self->memory[i]);
	close(file);
}

/*
 * A page that lies in the first 256 MiB of physical memory: the device could
 * reach it if it did DMA without translation.
 */
static void *low_page(__u64 *phys)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	size_t chunk = 4 << 20, pages = chunk / page_size;

	if (fd < 0)
		return NULL;
	for (int i = 0; i < 128; i++) {
		__u8 *p = memory_map(chunk);

		for (size_t j = 0; p && j < pages; j++) {
			__u64 entry;
			off_t at = (uintptr_t)(p + j * page_size) / page_size *
				   sizeof(entry);

			if (pread(fd, &entry, sizeof(entry), at) !=
			    sizeof(entry))
				continue;
			*phys = (entry & ((1ULL << 55) - 1)) * page_size;
			if (entry >> 63 && *phys && *phys < EDU_ADDRESS_LAST) {
				close(fd);
				return p + j * page_size;
			}
		}
	}
	close(fd);
	return NULL;
}

TEST_F(edu, bound_device_without_address_space_is_blocked)
{
	__u64 phys;
	__u8 *page = low_page(&phys);

	if (!page)
		SKIP(return, "no page below 256 MiB to be had");
	/* fill the buffer, then go back to where a bind leaves the device */
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, load(&self->edu, self->staging, 9));
	ASSERT_TRUE(holds(&self->edu, self->staging, 9));
	edu_device_close(&self->edu);
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));

	fill(page, page_size, 10);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, phys, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(page, EDU_MEMORY_SIZE, 10));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, phys,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	EXPECT_FALSE(holds(&self->edu, self->staging, 10));
}

TEST_F(edu, read_only_mapping_is_not_written)
{
	__u64 iova = IOVA;

	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, self->memory,
				    page_size, &iova,
				    IOMMU_IOAS_MAP_FIXED_IOVA |
				    IOMMU_IOAS_MAP_READABLE));
	fill(self->memory, page_size, 11);
	ASSERT_EQ(0, load(&self->edu, self->staging, 12));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 11));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(holds(&self->edu, self->staging, 11));
}

TEST_F(edu, memory_that_is_read_only_can_be_mapped_for_reading)
{
	__u64 iova = IOVA;

	fill(self->memory, page_size, 13);
	ASSERT_EQ(0, mprotect(self->memory, page_size, PROT_READ));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	EXPECT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  page_size, IOVA));
	ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, self->memory,
				    page_size, &iova,
				    IOMMU_IOAS_MAP_FIXED_IOVA |
				    IOMMU_IOAS_MAP_READABLE));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(holds(&self->edu, self->staging, 13));
}

TEST_F(edu, attach_to_another_ioas_moves_the_dma)
{
	__u32 other, pt;

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, other, self->memory + page_size,
				    page_size, IOVA));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, load(&self->edu, self->staging, 14));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	ASSERT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 14));

	fill(self->memory, page_size, 15);
	pt = other;
	ASSERT_EQ(0, edu_device_attach(&self->edu, &pt));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE, 14));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 15));
}

TEST_F(edu, page_table_of_the_user_carries_dma)
{
	__u32 hwpt, pt;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id, self->ioas, 0,
				&hwpt));
	pt = hwpt;
	ASSERT_EQ(0, edu_device_attach(&self->edu, &pt));
	EXPECT_EQ(hwpt, pt);
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, hwpt));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->ioas));
	ASSERT_EQ(0, load(&self->edu, self->staging, 16));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 16));
	ASSERT_EQ(0, edu_device_detach(&self->edu));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->ioas));
	EXPECT_EQ(0, iommu_destroy(self->fd, hwpt));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->ioas));
}

/* Maps and unmaps a page in several address spaces until it is told to stop */
struct mapper {
	int fd;
	__u32 ioas[2];
	void *memory;
	bool stop;
	unsigned int rounds;
	int rc;
};

static void *keep_mapping(void *arg)
{
	struct mapper *mapper = arg;

	while (!mapper->rc && !__atomic_load_n(&mapper->stop, __ATOMIC_RELAXED)) {
		__u32 ioas = mapper->ioas[mapper->rounds++ % 2];

		mapper->rc = ioas_map_fixed(mapper->fd, ioas, mapper->memory,
					    page_size, IOVA) ?:
			     ioas_unmap(mapper->fd, ioas, IOVA, page_size);
	}
	return NULL;
}

/* Drivers of IOMMUs find the devices of a table while it is changed */
TEST_F(edu, device_comes_and_goes_while_others_map)
{
	struct mapper mapper = {
		.fd = self->fd,
		.ioas[0] = self->ioas,
		.memory = self->memory,
	};
	pthread_t thread;
	__u32 hwpt[2];

	ASSERT_EQ(0, ioas_alloc(self->fd, &mapper.ioas[1]));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id,
					mapper.ioas[i], 0, &hwpt[i]));
	ASSERT_EQ(0, pthread_create(&thread, NULL, keep_mapping, &mapper));
	for (int i = 0; i < 200; i++) {
		EXPECT_EQ(0, attach(&self->edu, hwpt[i % 2]));
		EXPECT_EQ(0, attach(&self->edu, hwpt[(i + 1) % 2]));
		EXPECT_EQ(0, edu_device_detach(&self->edu));
	}
	EXPECT_EQ(0, attach(&self->edu, hwpt[0]));
	__atomic_store_n(&mapper.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, mapper.rc);
	EXPECT_LT(100, mapper.rounds);

	/* and what was unmapped last is out of reach */
	ASSERT_EQ(0, load(&self->edu, self->staging, 7));
	fill(self->memory, page_size, 8);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 8));
}

TEST_F(edu, bound_device_is_not_destroyed_by_its_id)
{
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->edu.dev_id));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->edu.dev_id));
	ASSERT_EQ(0, load(&self->edu, self->staging, 17));
	EXPECT_TRUE(holds(&self->edu, self->staging, 17));
}

/*
 * A hardware invalidation covers a naturally aligned power of two of pages:
 * ranges that are not such must not keep their ends in the IOTLB.
 */
FIXTURE(range)
{
	int fd;
	__u32 ioas;
	struct edu_device edu;
	__u8 *memory;
};

FIXTURE_VARIANT(range)
{
	unsigned int first;	/* page of the device's address space */
	unsigned int pages;
};

FIXTURE_VARIANT_ADD(range, aligned)
{
	.first = 8,
	.pages = 4,
};

FIXTURE_VARIANT_ADD(range, not_a_power_of_two)
{
	.first = 8,
	.pages = 3,
};

FIXTURE_VARIANT_ADD(range, not_aligned)
{
	.first = 3,
	.pages = 2,
};

FIXTURE_VARIANT_ADD(range, neither)
{
	.first = 7,
	.pages = 5,
};

FIXTURE_SETUP(range)
{
	ASSERT_NE(NULL, getenv("EDU0"));
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	self->memory = memory_map(variant->pages * page_size);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(range)
{
	edu_device_close(&self->edu);
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(range, every_page_is_out_of_reach_after_unmap)
{
	__u64 iova = variant->first * page_size;
	size_t length = variant->pages * page_size;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, length,
				    iova));
	fill(self->memory, EDU_MEMORY_SIZE, 60);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, iova,
			     EDU_MEMORY_SIZE));
	for (size_t at = 0; at < length; at += page_size) {
		ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, iova + at,
				     EDU_MEMORY_SIZE));
		ASSERT_TRUE(is_filled(self->memory + at, EDU_MEMORY_SIZE, 60));
	}
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, iova, length));
	for (size_t at = 0; at < length; at += page_size) {
		fill(self->memory + at, EDU_MEMORY_SIZE, 61);
		ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, iova + at,
				     EDU_MEMORY_SIZE));
		EXPECT_TRUE(is_filled(self->memory + at, EDU_MEMORY_SIZE, 61)) {
			TH_LOG("page %zu", at / page_size);
		}
	}
}

FIXTURE(hugetlb)
{
	int fd;
	__u32 ioas;
	struct edu_device edu;
	__u8 *memory;
};

FIXTURE_VARIANT(hugetlb)
{
	bool map_first;
	bool large_io_pages;
	bool after_small_pages;
};

FIXTURE_VARIANT_ADD(hugetlb, mapped_before_attach)
{
	.map_first = true,
	.large_io_pages = true,
};

FIXTURE_VARIANT_ADD(hugetlb, mapped_after_attach)
{
	.map_first = false,
	.large_io_pages = true,
};

FIXTURE_VARIANT_ADD(hugetlb, in_small_io_pages)
{
	.map_first = false,
	.large_io_pages = false,
};

FIXTURE_VARIANT_ADD(hugetlb, mapped_where_small_pages_were)
{
	.map_first = false,
	.large_io_pages = true,
	.after_small_pages = true,
};

FIXTURE_SETUP(hugetlb)
{
	const size_t places[] = { 0, HUGETLB_SIZE / 2, HUGETLB_SIZE - page_size };

	ASSERT_NE(NULL, getenv("EDU0"));
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				variant->large_io_pages));
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
	self->memory = mmap(NULL, HUGETLB_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	if (variant->map_first)
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    HUGETLB_SIZE, HUGETLB_IOVA));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	/* The device has used the table of small pages, which may be left */
	for (size_t i = 0; variant->after_small_pages && i < ARRAY_SIZE(places); i++) {
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    page_size, HUGETLB_IOVA + places[i]));
		ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY,
				     HUGETLB_IOVA + places[i], EDU_MEMORY_SIZE));
		ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas,
					HUGETLB_IOVA + places[i], page_size));
	}
	if (!variant->map_first)
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    HUGETLB_SIZE, HUGETLB_IOVA));
}

FIXTURE_TEARDOWN(hugetlb)
{
	edu_device_close(&self->edu);
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(hugetlb, all_of_a_large_page_can_be_reached)
{
	size_t last = HUGETLB_SIZE - EDU_MEMORY_SIZE, middle = last / 2;

	fill(self->memory + last, EDU_MEMORY_SIZE, 50);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, HUGETLB_IOVA + last,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, HUGETLB_IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, HUGETLB_IOVA + middle,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 50));
	EXPECT_TRUE(is_filled(self->memory + middle, EDU_MEMORY_SIZE, 50));

	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, HUGETLB_IOVA,
				HUGETLB_SIZE));
	fill(self->memory + middle, EDU_MEMORY_SIZE, 51);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, HUGETLB_IOVA + middle,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + middle, EDU_MEMORY_SIZE, 51));
}

/*
 * Life of the descriptor and of the memory
 */

TEST_F(edu, binding_keeps_the_closed_descriptor_at_work)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, load(&self->edu, self->staging, 26));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 26));
	/* and ends with it */
	edu_device_close(&self->edu);
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	EXPECT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
}

TEST_F(edu, memory_stays_after_the_process_unmapped_it)
{
	int memfd = memfd_create("dma", 0);
	void *p;

	ASSERT_LE(0, memfd);
	ASSERT_EQ(0, ftruncate(memfd, page_size));
	p = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	ASSERT_NE(MAP_FAILED, p);
	fill(p, page_size, 18);
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, p, page_size, IOVA));
	munmap(p, page_size);
	ASSERT_EQ(0, ftruncate(memfd, 0));
	close(memfd);

	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(holds(&self->edu, self->staging, 18));
	ASSERT_EQ(0, load(&self->edu, self->staging, 19));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	ASSERT_EQ(0, load(&self->edu, self->staging, 20));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(holds(&self->edu, self->staging, 19));
}

TEST_F(edu, memory_of_an_exited_process_stays)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	pid = fork();
	if (!pid) {
		void *p = memory_map(page_size);

		if (!p)
			_exit(1);
		fill(p, page_size, 21);
		_exit(ioas_map_fixed(self->fd, self->ioas, p, page_size,
				     IOVA) ? 2 : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(holds(&self->edu, self->staging, 21));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, page_size));
}

TEST_F(edu, child_goes_on_after_its_parent_exited)
{
	int status, result[2];
	bool works = false;
	pid_t pid;

	ASSERT_EQ(0, pipe(result));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	pid = fork();
	if (!pid) {
		void *p = memory_map(page_size);
		pid_t parent = getpid();

		if (!p || ioas_map_fixed(self->fd, self->ioas, p, page_size,
					 IOVA + page_size))
			_exit(1);
		if (fork())
			_exit(0);
		while (getppid() == parent)
			usleep(1000);
		works = !load(&self->edu, self->staging, 22) &&
			!edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA + page_size,
				 EDU_MEMORY_SIZE) &&
			!load(&self->edu, self->staging, 23) &&
			!edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA + page_size,
				 EDU_MEMORY_SIZE) &&
			!edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA,
				 EDU_MEMORY_SIZE);
		/* The device is for the next test as soon as this one is over */
		edu_device_close(&self->edu);
		close(self->fd);
		_exit(write(result[1], &works, 1) != 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(1, read(result[0], &works, 1));
	EXPECT_TRUE(works);
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 22));
}

TEST_F(edu, write_after_fork_still_meets_the_device)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	/* the parent must keep the page that the device has */
	fill(self->memory, page_size, 24);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(holds(&self->edu, self->staging, 24));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
}

TEST_F(edu, attach_fails_when_memory_is_gone)
{
	__u32 pt = self->ioas;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    2 * page_size, IOVA));
	munmap(self->memory + page_size, page_size);
	EXPECT_EQ(-EFAULT, edu_device_attach(&self->edu, &pt));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, 2 * page_size));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, load(&self->edu, self->staging, 25));
	EXPECT_TRUE(holds(&self->edu, self->staging, 25));
}

/*
 * What can be known of a device
 */

TEST_F(edu, second_device_needs_a_cookie_of_its_own)
{
	struct edu_device other;

	ASSERT_NE(NULL, getenv("EDU1"));
	ASSERT_EQ(0, edu_device_open(&other, getenv("EDU1")));
	EXPECT_EQ(-EEXIST, edu_device_bind(&other, self->fd, COOKIE));
	EXPECT_EQ(0, edu_device_bind(&other, self->fd, OTHER_COOKIE));
	edu_device_close(&other);
}

TEST_F(edu, cookies_of_two_descriptors_do_not_meet)
{
	struct edu_device other;
	int fd = iommu_open();

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, getenv("EDU1"));
	ASSERT_EQ(0, edu_device_open(&other, getenv("EDU1")));
	EXPECT_EQ(0, edu_device_bind(&other, fd, COOKIE));
	edu_device_close(&other);
	close(fd);
}

TEST_F(edu, cookie_can_be_used_again_after_unbind)
{
	edu_device_close(&self->edu);
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	EXPECT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
}

static int device_info(int fd, __u64 cookie, struct iommu_format_info *formats,
		       __u32 num_formats, struct iommu_iova_range *ranges,
		       __u32 num_ranges, struct iommu_device_get_info *info)
{
	*info = (struct iommu_device_get_info) {
		.size = sizeof(*info),
		.dev_cookie = cookie,
		.format_len = sizeof(*formats),
		.num_formats = num_formats,
		.num_ranges = num_ranges,
		.formats = (uintptr_t)formats,
		.ranges = (uintptr_t)ranges,
	};
	return iommu_ioctl(fd, IOMMU_DEVICE_GET_INFO, info);
}

TEST_F(edu, info_of_an_unknown_cookie_is_enoent)
{
	struct iommu_device_get_info info;

	EXPECT_EQ(-ENOENT, device_info(self->fd, OTHER_COOKIE, NULL, 0, NULL, 0,
				       &info));
}

TEST_F(edu, device_bound_without_cookie_has_none)
{
	struct iommu_device_get_info info;
	struct edu_device other;

	ASSERT_NE(NULL, getenv("EDU1"));
	ASSERT_EQ(0, edu_device_open(&other, getenv("EDU1")));
	ASSERT_EQ(0, edu_device_bind_flags(&other, self->fd, 0, 0));
	EXPECT_EQ(-ENOENT, device_info(self->fd, 0, NULL, 0, NULL, 0, &info));
	edu_device_close(&other);
}

TEST_F(edu, cookie_zero_is_a_cookie)
{
	struct iommu_device_get_info info;
	struct edu_device other;

	ASSERT_NE(NULL, getenv("EDU1"));
	ASSERT_EQ(0, edu_device_open(&other, getenv("EDU1")));
	ASSERT_EQ(0, edu_device_bind(&other, self->fd, 0));
	EXPECT_EQ(-EMSGSIZE, device_info(self->fd, 0, NULL, 0, NULL, 0, &info));
	EXPECT_EQ(other.dev_id, info.out_dev_id);
	edu_device_close(&other);
}

TEST_F(edu, info_tells_what_map_and_unmap_can_do)
{
	struct iommu_format_info formats[8];
	struct iommu_iova_range ranges[NUM_RANGES];
	struct iommu_device_get_info info;

	ASSERT_EQ(0, device_info(self->fd, COOKIE, formats, ARRAY_SIZE(formats),
				 ranges, ARRAY_SIZE(ranges), &info));
	EXPECT_EQ(self->edu.dev_id, info.out_dev_id);
	EXPECT_TRUE(info.out_caps & IOMMU_DEVICE_CAP_COHERENT);
	ASSERT_NE(0, info.out_pgsizes);
	EXPECT_GE(page_size, info.out_pgsizes & -info.out_pgsizes);
	ASSERT_LE(1, info.num_formats);
	EXPECT_EQ(IOMMU_FORMAT_MAP_UNMAP, formats[0].format);
	EXPECT_EQ(0, formats[0].__reserved);
	ASSERT_LE(1, info.num_ranges);
	for (__u32 i = 0; i < info.num_ranges; i++) {
		EXPECT_LE(ranges[i].start, ranges[i].last);
		if (i)
			EXPECT_LT(ranges[i - 1].last, ranges[i].start);
	}
	/* the width is that of the highest permitted IOVA */
	ASSERT_LE(32, info.out_addr_width);
	ASSERT_GE(64, info.out_addr_width);
	EXPECT_EQ(1, ranges[info.num_ranges - 1].last >>
		     (info.out_addr_width - 1));
}

TEST_F(edu, info_ranges_are_those_of_an_ioas_with_the_device_alone)
{
	struct iommu_iova_range ranges[NUM_RANGES], of_ioas[NUM_RANGES];
	struct iommu_format_info formats[8];
	struct iommu_device_get_info info;
	__u32 num = NUM_RANGES;
	__u64 alignment;

	ASSERT_EQ(0, device_info(self->fd, COOKIE, formats, ARRAY_SIZE(formats),
				 ranges, ARRAY_SIZE(ranges), &info));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, of_ioas, &num,
				      &alignment));
	ASSERT_EQ(num, info.num_ranges);
	EXPECT_EQ(0, memcmp(ranges, of_ioas, num * sizeof(*ranges)));
	EXPECT_EQ(alignment, info.out_pgsizes & -info.out_pgsizes);
}

TEST_F(edu, too_small_info_arrays_get_the_numbers)
{
	struct iommu_format_info formats[8] = {};
	struct iommu_iova_range ranges[NUM_RANGES] = {}, first = {};
	struct iommu_device_get_info all, info;

	ASSERT_EQ(0, device_info(self->fd, COOKIE, formats, ARRAY_SIZE(formats),
				 ranges, ARRAY_SIZE(ranges), &all));
	EXPECT_EQ(-EMSGSIZE, device_info(self->fd, COOKIE, NULL, 0, NULL, 0,
					 &info));
	EXPECT_EQ(all.num_formats, info.num_formats);
	EXPECT_EQ(all.num_ranges, info.num_ranges);
	EXPECT_EQ(all.out_dev_id, info.out_dev_id);
	EXPECT_EQ(all.out_pgsizes, info.out_pgsizes);
	EXPECT_EQ(all.out_addr_width, info.out_addr_width);
	EXPECT_EQ(all.out_caps, info.out_caps);
	EXPECT_EQ(-EMSGSIZE, device_info(self->fd, COOKIE, NULL, 0, &first, 1,
					 &info));
	EXPECT_EQ(ranges[0].start, first.start);
	EXPECT_EQ(ranges[0].last, first.last);
}

TEST_F(edu, info_with_short_format_entries_is_invalid)
{
	struct iommu_format_info format;
	struct iommu_device_get_info info = {
		.size = sizeof(info),
		.dev_cookie = COOKIE,
		.format_len = sizeof(format) - 1,
		.num_formats = 1,
		.formats = (uintptr_t)&format,
	};

	EXPECT_EQ(-EINVAL, iommu_ioctl(self->fd, IOMMU_DEVICE_GET_INFO, &info));
}

TEST_F(edu, info_clears_the_rest_of_longer_format_entries)
{
	struct {
		struct iommu_format_info info;
		__u64 unknown;
	} format[8];
	struct iommu_iova_range ranges[NUM_RANGES];
	struct iommu_device_get_info info = {
		.size = sizeof(info),
		.dev_cookie = COOKIE,
		.format_len = sizeof(format[0]),
		.num_formats = ARRAY_SIZE(format),
		.num_ranges = NUM_RANGES,
		.formats = (uintptr_t)format,
		.ranges = (uintptr_t)ranges,
	};

	memset(format, 0xff, sizeof(format));
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_DEVICE_GET_INFO, &info));
	EXPECT_EQ(IOMMU_FORMAT_MAP_UNMAP, format[0].info.format);
	ASSERT_LE(1, info.num_formats);
	ASSERT_GT(ARRAY_SIZE(format), info.num_formats);
	for (__u32 i = 0; i < ARRAY_SIZE(format); i++)
		EXPECT_EQ(i < info.num_formats ? 0 : UINT64_MAX,
			  format[i].unknown);
}

#define UNSAFE "/sys/module/iommufd/parameters/allow_unsafe_interrupts"

static int allow_unsafe_interrupts(char new, char *old)
{
	int fd = open(UNSAFE, O_RDWR);
	int rc;

	if (fd < 0)
		return -errno;
	rc = pread(fd, old, 1, 0) == 1 && pwrite(fd, &new, 1, 0) == 1 ? 0 :
									-EIO;
	close(fd);
	return rc;
}

TEST_F(edu, device_without_isolated_interrupts_needs_the_parameter)
{
	struct iommu_device_get_info info;
	char old, ignored;
	bool isolated;
	int rc;

	ASSERT_EQ(-EMSGSIZE, device_info(self->fd, COOKIE, NULL, 0, NULL, 0,
					 &info));
	isolated = info.out_caps & IOMMU_DEVICE_CAP_ISOLATED_MSI;
	edu_device_close(&self->edu);
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, allow_unsafe_interrupts('N', &old));
	rc = edu_device_bind(&self->edu, self->fd, COOKIE);
	ASSERT_EQ(0, allow_unsafe_interrupts(old, &ignored));
	EXPECT_EQ(isolated ? 0 : -EPERM, rc);
	if (rc)
		EXPECT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
}

TEST_F(edu, hw_info_has_the_generic_part)
{
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = self->edu.dev_id,
	};

	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
	EXPECT_EQ(0, info.out_max_pasid_log2);
	/* edu has no ATS capability */
	EXPECT_TRUE(info.out_capabilities &
		    IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED);
	EXPECT_FALSE(info.out_capabilities & (IOMMU_HW_CAP_PCI_PASID_EXEC |
					      IOMMU_HW_CAP_PCI_PASID_PRIV));
}

/* A queue that nothing could ever come into is refused */
TEST_F(edu, fault_queue_needs_an_iommu_that_reports_faults)
{
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = self->edu.dev_id,
	};
	__u32 queue_id;
	int queue = fault_queue_alloc(self->fd, 0, &queue_id);
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.flags = IOMMU_HWPT_FAULT_ID_VALID,
		.dev_id = self->edu.dev_id,
		.pt_id = self->ioas,
		.fault_id = queue_id,
	};

	ASSERT_LE(0, queue);
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
	EXPECT_EQ(info.out_data_type == IOMMU_HW_INFO_TYPE_ARM_SMMUV3 ?
		  0 : -EOPNOTSUPP,
		  iommu_ioctl(self->fd, IOMMU_HWPT_ALLOC, &alloc));
	close(queue);
}

/* What the device writes is found, and what it reads is not */
static void check_dirty_tracking(struct __test_metadata *_metadata, int fd,
				 __u32 ioas, struct edu_device *edu,
				 void *memory)
{
	__u64 length = MEMORY_PAGES * page_size;
	__u8 bitmap = 0;
	__u32 hwpt;

	ASSERT_EQ(0, ioas_map_fixed(fd, ioas, memory, length, IOVA));
	ASSERT_EQ(0, hwpt_alloc(fd, edu->dev_id, ioas,
				IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt));
	ASSERT_EQ(0, attach(edu, hwpt));
	ASSERT_EQ(0, edu_dma(&edu->engine, EDU_TO_MEMORY, IOVA, 64));
	ASSERT_EQ(0, hwpt_set_dirty_tracking(fd, hwpt,
					     IOMMU_HWPT_DIRTY_TRACKING_ENABLE));
	ASSERT_EQ(0, edu_dma(&edu->engine, EDU_FROM_MEMORY, IOVA, 64));
	ASSERT_EQ(0, edu_dma(&edu->engine, EDU_TO_MEMORY, IOVA + 2 * page_size,
			     64));
	for (int turn = 0; turn < 2; turn++) {
		ASSERT_EQ(0, hwpt_get_dirty_bitmap(fd, hwpt, IOVA, length,
						   page_size, &bitmap, 0));
		EXPECT_EQ(1 << 2, bitmap);
		bitmap = 0;
		ASSERT_EQ(0, hwpt_get_dirty_bitmap(fd, hwpt, IOVA, length,
						   page_size, &bitmap, 0));
		EXPECT_EQ(0, bitmap);
		/* also if the IOTLB has the page */
		ASSERT_EQ(0, edu_dma(&edu->engine, EDU_TO_MEMORY,
				     IOVA + 2 * page_size, 64));
	}
	ASSERT_EQ(0, hwpt_set_dirty_tracking(fd, hwpt, 0));
	ASSERT_EQ(0, edu_dma(&edu->engine, EDU_TO_MEMORY, IOVA, 64));
	ASSERT_EQ(0, edu_device_detach(edu));
	/* attach after it was switched on */
	ASSERT_EQ(0, hwpt_set_dirty_tracking(fd, hwpt,
					     IOMMU_HWPT_DIRTY_TRACKING_ENABLE));
	ASSERT_EQ(0, attach(edu, hwpt));
	ASSERT_EQ(0, edu_dma(&edu->engine, EDU_TO_MEMORY, IOVA, 64));
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(fd, hwpt, IOVA, length,
					   page_size, &bitmap, 0));
	EXPECT_EQ(1 << 0, bitmap);
}

/* The emulated IOMMUs cannot; hardware may. Whatever it says must be true */
TEST_F(edu, dirty_tracking_is_told_as_it_is)
{
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = self->edu.dev_id,
	};
	struct iommu_format_info formats[8];
	struct iommu_iova_range ranges[NUM_RANGES];
	struct iommu_device_get_info get = {
		.size = sizeof(get),
		.dev_cookie = COOKIE,
		.format_len = sizeof(formats[0]),
		.num_formats = ARRAY_SIZE(formats),
		.num_ranges = NUM_RANGES,
		.formats = (uintptr_t)formats,
		.ranges = (uintptr_t)ranges,
	};
	__u32 hwpt;
	bool can;

	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_DEVICE_GET_INFO, &get));
	can = info.out_capabilities & IOMMU_HW_CAP_DIRTY_TRACKING;
	EXPECT_EQ(can, !!(get.out_caps & IOMMU_DEVICE_CAP_DIRTY_TRACKING));
	EXPECT_EQ(can ? 0 : -EOPNOTSUPP,
		  hwpt_alloc(self->fd, self->edu.dev_id, self->ioas,
			     IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id, self->ioas, 0,
				&hwpt));
	EXPECT_EQ(-EOPNOTSUPP,
		  hwpt_set_dirty_tracking(self->fd, hwpt,
					  IOMMU_HWPT_DIRTY_TRACKING_ENABLE));
	if (can)
		check_dirty_tracking(_metadata, self->fd, self->ioas,
				     &self->edu, self->memory);
}

TEST_F(edu, permitted_ranges_leave_out_the_reserved_regions)
{
	struct iommu_iova_range ranges[NUM_RANGES];
	unsigned long long start, last;
	__u32 num = NUM_RANGES;
	int regions = 0;
	char path[256], type[32];
	FILE *f;

	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, ranges, &num,
				      NULL));
	snprintf(path, sizeof(path),
		 "/sys/bus/pci/devices/%s/iommu_group/reserved_regions",
		 getenv("EDU0"));
	f = fopen(path, "r");
	ASSERT_NE(NULL, f);
	while (fscanf(f, "%llx %llx %31s", &start, &last, type) == 3) {
		regions++;
		if (!strcmp(type, "direct-relaxable"))
			continue;
		for (__u32 i = 0; i < num; i++)
			EXPECT_TRUE(ranges[i].last < start ||
				    ranges[i].start > last);
		EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas,
						  self->memory, page_size,
						  start & -page_size));
	}
	fclose(f);
	/* the window of message-signalled interrupts at least */
	EXPECT_LE(1, regions);
}

TEST_F(edu, first_and_last_byte_of_each_permitted_range_can_be_mapped)
{
	struct iommu_iova_range ranges[NUM_RANGES];
	__u32 num = NUM_RANGES;

	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, ranges, &num,
				      NULL));
	for (__u32 i = 0; i < num; i++) {
		EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    page_size, ranges[i].start)) {
			TH_LOG("start %#llx", ranges[i].start);
		}
		EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    page_size,
					    ranges[i].last - page_size + 1)) {
			TH_LOG("last %#llx", ranges[i].last);
		}
	}
}

/*
 * Two devices
 */

FIXTURE(group)
{
	int fd;
	__u32 ioas;
	struct edu_device edu[2];
	__u8 *memory;
};

FIXTURE_SETUP(group)
{
	char bdf[2][32];
	int found;

	ASSERT_NE(NULL, getenv("EDU_GROUP"));
	found = sscanf(getenv("EDU_GROUP"), "%31s %31s", bdf[0], bdf[1]);
	ASSERT_EQ(2, found);
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->memory = memory_map(2 * page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    2 * page_size, IOVA));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, edu_device_open(&self->edu[i], bdf[i]));
		ASSERT_EQ(0, edu_device_bind(&self->edu[i], self->fd, COOKIE + i));
	}
}

FIXTURE_TEARDOWN(group)
{
	edu_device_close(&self->edu[0]);
	edu_device_close(&self->edu[1]);
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(group, devices_share_one_page_table)
{
	__u32 pt[2] = { self->ioas, self->ioas };

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, edu_device_attach(&self->edu[i], &pt[i]));
	EXPECT_EQ(pt[0], pt[1]);
	for (int i = 0; i < 2; i++) {
		fill(self->memory, page_size, 30 + i);
		ASSERT_EQ(0, edu_dma(&self->edu[i].engine, EDU_FROM_MEMORY, IOVA,
				     EDU_MEMORY_SIZE));
		ASSERT_EQ(0, edu_dma(&self->edu[i].engine, EDU_TO_MEMORY,
				     IOVA + page_size, EDU_MEMORY_SIZE));
		EXPECT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE,
				      30 + i));
	}
}

TEST_F(group, devices_cannot_be_in_two_address_spaces)
{
	__u32 pt[2] = { self->ioas };

	ASSERT_EQ(0, ioas_alloc(self->fd, &pt[1]));
	ASSERT_EQ(0, edu_device_attach(&self->edu[0], &pt[0]));
	EXPECT_EQ(-EINVAL, edu_device_attach(&self->edu[1], &pt[1]));
	pt[0] = self->ioas;
	EXPECT_EQ(0, edu_device_attach(&self->edu[1], &pt[0]));
}

TEST_F(group, detach_of_one_device_leaves_the_other_attached)
{
	__u32 pt[2] = { self->ioas, self->ioas };

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, edu_device_attach(&self->edu[i], &pt[i]));
	ASSERT_EQ(0, edu_device_detach(&self->edu[0]));
	fill(self->memory, page_size, 32);
	ASSERT_EQ(0, edu_dma(&self->edu[1].engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, edu_dma(&self->edu[1].engine, EDU_TO_MEMORY, IOVA + page_size,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE, 32));
}

TEST_F(group, device_of_a_bound_group_is_refused_to_another_descriptor)
{
	int fd = iommu_open();
	char bdf[2][32];
	int found;

	ASSERT_LE(0, fd);
	found = sscanf(getenv("EDU_GROUP"), "%31s %31s", bdf[0], bdf[1]);
	ASSERT_EQ(2, found);
	edu_device_close(&self->edu[1]);
	ASSERT_EQ(0, edu_device_open(&self->edu[1], bdf[1]));
	EXPECT_NE(0, edu_device_bind(&self->edu[1], fd, COOKIE));
	edu_device_close(&self->edu[0]);
	EXPECT_EQ(0, edu_device_bind(&self->edu[1], fd, COOKIE));
	close(fd);
}

TEST(devices_of_two_groups_can_be_in_two_address_spaces)
{
	const char *name[2] = { getenv("EDU0"), getenv("EDU1") };
	__u8 *memory = memory_map(2 * page_size);
	struct edu_device edu[2];
	__u32 pt[2];
	int fd = iommu_open();

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, memory);
	for (int i = 0; i < 2; i++) {
		ASSERT_NE(NULL, name[i]);
		ASSERT_EQ(0, edu_device_open(&edu[i], name[i]));
		ASSERT_EQ(0, edu_device_bind(&edu[i], fd, COOKIE + i));
		ASSERT_EQ(0, ioas_alloc(fd, &pt[i]));
		ASSERT_EQ(0, ioas_map_fixed(fd, pt[i], memory + i * page_size,
					    page_size, IOVA));
		ASSERT_EQ(0, edu_device_attach(&edu[i], &pt[i]));
	}
	/* the first device's page is copied into the second's */
	for (int i = 0; i < 2; i++) {
		fill(memory + i * page_size, page_size, 40 + i);
		ASSERT_EQ(0, edu_dma(&edu[i].engine, EDU_FROM_MEMORY, IOVA,
				     EDU_MEMORY_SIZE));
		memset(memory + i * page_size, 0, page_size);
	}
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, edu_dma(&edu[i].engine, EDU_TO_MEMORY, IOVA,
				     EDU_MEMORY_SIZE));
		EXPECT_TRUE(is_filled(memory + i * page_size, page_size,
				      40 + i));
		edu_device_close(&edu[i]);
	}
	close(fd);
}

TEST_HARNESS_MAIN
