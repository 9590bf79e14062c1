// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is mapped for mock devices (CONFIG_IOMMUFD_TEST): what is in the
 * page tables, and what is pinned and until when, also when its process ends.
 */
#include "mock_fixture.h"

/*
 * Each promise must hold for batches of any size and whatever the kernel makes
 * of contiguous pages.
 */

FIXTURE(memory)
{
	int fd;
	__u32 ioas;
	size_t length;
	__u8 *memory;
};

FIXTURE_VARIANT(memory)
{
	__u32 memory_limit;
	int mmap_flags;
	bool huge_pages;
};

FIXTURE_VARIANT_ADD(memory, normal)
{
	.memory_limit = MOCK_MEMORY_LIMIT_DEFAULT,
	.huge_pages = true,
};

FIXTURE_VARIANT_ADD(memory, small_batches)
{
	.memory_limit = MOCK_MEMORY_LIMIT_MIN,
	.huge_pages = true,
};

FIXTURE_VARIANT_ADD(memory, odd_batches)
{
	.memory_limit = 7 * MOCK_MEMORY_LIMIT_MIN,
	.huge_pages = true,
};

FIXTURE_VARIANT_ADD(memory, without_large_io_pages)
{
	.memory_limit = MOCK_MEMORY_LIMIT_DEFAULT,
	.huge_pages = false,
};

FIXTURE_VARIANT_ADD(memory, hugetlb)
{
	.memory_limit = MOCK_MEMORY_LIMIT_DEFAULT,
	.mmap_flags = MAP_HUGETLB | MAP_POPULATE,
	.huge_pages = true,
};

FIXTURE_VARIANT_ADD(memory, hugetlb_without_large_io_pages_small_batches)
{
	.memory_limit = MOCK_MEMORY_LIMIT_MIN,
	.mmap_flags = MAP_HUGETLB | MAP_POPULATE,
	.huge_pages = false,
};

/*
 * Huge pages, each in a mapping of its own: to protect one page of a larger
 * mapping makes 6.1 warn about a lock that it does not hold, if lockdep is on.
 */
static void *map_huge_pages(size_t length, int flags)
{
	__u8 *space, *start;
	size_t done;

	space = mmap(NULL, length + HUGETLB_SIZE, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (space == MAP_FAILED)
		return NULL;
	start = space + (-(uintptr_t)space & (HUGETLB_SIZE - 1));
	for (done = 0; done < length; done += HUGETLB_SIZE)
		if (mmap(start + done, HUGETLB_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1,
			 0) == MAP_FAILED)
			return NULL;
	return start;
}

FIXTURE_SETUP(memory)
{
	self->length = 2 * HUGETLB_SIZE;
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_memory_limit(self->fd, variant->memory_limit));
	if (!variant->huge_pages)
		ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES,
					self->ioas, 0));
	if (!variant->mmap_flags) {
		self->memory = memory_map(self->length);
		ASSERT_NE(NULL, self->memory);
		return;
	}
	self->memory = map_huge_pages(self->length, variant->mmap_flags);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_EQ(0, close(self->fd));
	self->fd = iommu_open();
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, mock_memory_limit(self->fd, MOCK_MEMORY_LIMIT_DEFAULT));
	close(self->fd);
}

TEST_F(memory, map_after_attach_is_in_the_table)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    self->length, IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				    self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 1));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(-EINVAL, mock_check_map(self->fd, dev.hwpt, IOVA,
					  self->memory, page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 0));
}

TEST_F(memory, map_before_attach_is_replayed)
{
	struct mock_device dev;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    self->length / 2, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    self->memory + self->length / 2,
				    self->length / 2,
				    IOVA + 2 * self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 0));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				    self->length / 2));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt,
				    IOVA + 2 * self->length,
				    self->memory + self->length / 2,
				    self->length / 2));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 1));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 0));
}

TEST_F(memory, second_table_is_filled_from_the_first)
{
	struct mock_device dev;
	__u32 hwpt;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    self->length, IOVA));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas, 0, &hwpt));
	EXPECT_EQ(0, mock_check_map(self->fd, hwpt, IOVA, self->memory,
				    self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 1));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_EQ(0, mock_check_map(self->fd, hwpt, IOVA, self->memory,
				    self->length));
}

TEST_F(memory, copies_share_the_pins)
{
	struct mock_device dev, other;
	__u64 part = self->length / 2;
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	if (!variant->huge_pages)
		ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES,
					ioas, 0));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &other));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    self->length, IOVA));
	/* the middle, into another IOAS and the same */
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, ioas, self->ioas, part,
				     IOVA + part, IOVA + part / 2));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->ioas, self->ioas, part,
				     IOVA + 2 * self->length, IOVA + part / 2));
	EXPECT_EQ(0, mock_check_map(self->fd, other.hwpt, IOVA + part,
				    self->memory + part / 2, part));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt,
				    IOVA + 2 * self->length,
				    self->memory + part / 2, part));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 1));

	/* the original goes: the middle stays */
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, part / 2, 0));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory + part / 2, part,
				     1));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory + part * 3 / 2,
				     part / 2, 0));
	EXPECT_EQ(0, mock_check_map(self->fd, other.hwpt, IOVA + part,
				    self->memory + part / 2, part));

	ASSERT_EQ(0, ioas_unmap(self->fd, ioas, IOVA + part, part));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory + part / 2, part,
				     1));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA + 2 * self->length,
				part));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 0));
}

TEST_F(memory, copy_of_unpinned_memory_is_pinned_by_the_first_attach)
{
	struct mock_device dev[2];
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    self->length, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, ioas, self->ioas, self->length,
				     IOVA, IOVA));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev[0]));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 1));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev[1]));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 1));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev[0].stdev));
	EXPECT_EQ(0, mock_check_map(self->fd, dev[1].hwpt, IOVA, self->memory,
				    self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 1));
}

TEST_F(memory, pins_of_two_mappings_of_one_page_add_up)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    self->length,
					    IOVA + i * self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 3));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA + self->length,
				self->length));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, self->length, 2));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt,
				    IOVA + 2 * self->length, self->memory,
				    self->length));
}

TEST_F(memory, the_last_page_cannot_be_had)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas,
					  (void *)-page_size, page_size, IOVA));
}

TEST_F(memory, map_that_fails_in_the_middle_pins_nothing)
{
	struct mock_device dev;
	size_t hole = HUGETLB_SIZE;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, mprotect(self->memory + hole, HUGETLB_SIZE, PROT_NONE));
	EXPECT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  self->length, IOVA));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, hole, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
	ASSERT_EQ(0, mprotect(self->memory + hole, HUGETLB_SIZE,
			      PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    self->length, IOVA));
}

TEST_F(memory, attach_that_fails_in_the_middle_pins_nothing)
{
	struct mock_device dev;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    HUGETLB_SIZE, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    self->memory + HUGETLB_SIZE, HUGETLB_SIZE,
				    IOVA + HUGETLB_SIZE));
	ASSERT_EQ(0, mprotect(self->memory + HUGETLB_SIZE, HUGETLB_SIZE,
			      PROT_NONE));
	EXPECT_EQ(-EFAULT, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, HUGETLB_SIZE, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
	ASSERT_EQ(0, mprotect(self->memory + HUGETLB_SIZE, HUGETLB_SIZE,
			      PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				    self->length));
}

TEST_F(memory, pinned_pages_are_in_vm_pin)
{
	long pages = self->length / page_size;
	struct mock_device dev;
	__u64 copy = 0;

	ASSERT_EQ(0, status_pages("VmPin"));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    self->length, IOVA));
	EXPECT_EQ(pages, status_pages("VmPin"));
	ASSERT_EQ(0, ioas_copy(self->fd, self->ioas, self->ioas, self->length,
			       &copy, IOVA));
	EXPECT_EQ(pages, status_pages("VmPin"));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(pages, status_pages("VmPin"));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, copy, self->length));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(mock, read_only_memory_is_pinned_for_reading_only)
{
	struct mock_device dev;
	__u64 iova = IOVA;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, mprotect(self->memory, page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  page_size, IOVA));
	ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, self->memory,
				    page_size, &iova,
				    IOMMU_IOAS_MAP_FIXED_IOVA |
				    IOMMU_IOAS_MAP_READABLE));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				    page_size));
}

TEST_F(mock, huge_pages_option_is_for_mappings_made_from_then_on)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	/* pages that are combined already are not taken apart */
	EXPECT_EQ(-EINVAL, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES,
				      self->ioas, 0));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, page_size));
	EXPECT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				0));
}

TEST_F(mock, without_large_pages_the_unit_is_a_page)
{
	struct iommu_iova_range range;
	struct mock_device dev;
	__u64 alignment;
	__u32 num = 1;

	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				0));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, &range, &num,
				      &alignment));
	EXPECT_EQ(page_size, alignment);
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  MOCK_IO_PAGE_SIZE, IOVA));
}

TEST_F(mock, whole_aperture_can_be_filled)
{
	struct mock_device dev;
	__u64 unmapped;
	void *p;
	int memfd;

	/* one huge page of memory, over and over */
	memfd = memfd_create("one", MFD_HUGETLB);
	ASSERT_LE(0, memfd);
	ASSERT_EQ(0, ftruncate(memfd, HUGETLB_SIZE));
	p = mmap(NULL, HUGETLB_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd,
		 0);
	ASSERT_NE(MAP_FAILED, p);
	memset(p, 1, HUGETLB_SIZE);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	for (__u64 at = 0; at < APERTURE_SIZE; at += HUGETLB_SIZE)
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, p,
					    HUGETLB_SIZE, IOVA + at));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt,
				    MOCK_APERTURE_LAST + 1ULL - HUGETLB_SIZE, p,
				    HUGETLB_SIZE));
	EXPECT_EQ(-ENOSPC, ioas_map(self->fd, self->ioas, p, page_size,
				    &unmapped));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, &unmapped));
	EXPECT_EQ(APERTURE_SIZE, unmapped);
}

/*
 * Life of the mapping process
 */

/* Map in a child, which stays until the pipe is closed */
static pid_t map_in_child(int fd, __u32 ioas, int *hold)
{
	int ready[2], done[2];
	pid_t pid;
	char c;

	if (pipe(ready) || pipe(done))
		return -1;
	pid = fork();
	if (!pid) {
		void *p = memory_map(2 * page_size);

		close(done[1]);
		c = !p || ioas_map_fixed(fd, ioas, p, 2 * page_size, IOVA);
		if (write(ready[1], &c, 1) != 1)
			_exit(1);
		_exit(read(done[0], &c, 1) != 0);
	}
	close(ready[1]);
	close(done[0]);
	if (read(ready[0], &c, 1) != 1 || c)
		pid = -1;
	close(ready[0]);
	*hold = done[1];
	return pid;
}

TEST_F(mock, pinned_memory_outlives_its_process)
{
	struct mock_device dev;
	int hold, status;
	__u32 hwpt;
	pid_t pid;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	pid = map_in_child(self->fd, self->ioas, &hold);
	ASSERT_LT(0, pid);
	close(hold);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	/* a further table is filled from the first, not from the process */
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas, 0, &hwpt));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, 2 * page_size));
}

TEST_F(mock, memory_of_an_exited_process_cannot_be_pinned)
{
	struct mock_device dev;
	int hold, status;
	pid_t pid;

	pid = map_in_child(self->fd, self->ioas, &hold);
	ASSERT_LT(0, pid);
	close(hold);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_EQ(-EFAULT, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, 2 * page_size));
	EXPECT_EQ(0, mock_device(self->fd, self->ioas, &dev));
}

TEST_F(mock, memory_of_another_process_is_pinned_by_attach)
{
	struct mock_device dev;
	int hold, status;
	pid_t pid;

	pid = map_in_child(self->fd, self->ioas, &hold);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	/* it is not this process that pays */
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	close(hold);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
}

TEST_F(mock, forked_child_does_not_own_the_mappings)
{
	struct mock_device dev;
	int status;
	pid_t pid;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    2 * page_size, IOVA));
	pid = fork();
	if (!pid) {
		/* the child has copies of the pages, not the pages */
		if (!mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				    page_size))
			_exit(1);
		if (status_pages("VmPin"))
			_exit(2);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				    2 * page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 2 * page_size, 1));
}

TEST_F(mock, pages_stay_those_of_the_mapping_process_after_fork)
{
	struct mock_device dev;
	int status;
	pid_t pid;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    2 * page_size, IOVA));
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	/* a write does not move the page away from the device */
	memset(self->memory, 7, 2 * page_size);
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				    2 * page_size));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
}

TEST_F(mock, memory_gone_before_attach_is_a_fault)
{
	struct mock_device dev;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    4 * page_size, IOVA));
	munmap(self->memory + 3 * page_size, page_size);
	EXPECT_EQ(-EFAULT, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 3 * page_size, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_HARNESS_MAIN
