// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registered memory (IOMMU_MEMORY_REGISTER): pinned and charged once, however
 * often it is mapped. With mock devices (CONFIG_IOMMUFD_TEST).
 */
#include "mock_fixture.h"

#define ALL		(MEMORY_PAGES * page_size)
#define WRITEABLE	IOMMU_MEMORY_REGISTER_WRITEABLE

#define register_all(self, id) \
	memory_register((self)->fd, (self)->memory, ALL, WRITEABLE, id)
#define pins(self, n) \
	mock_check_pins((self)->fd, (self)->memory, ALL, n)

TEST_F(mock, bad_arguments)
{
	struct iommu_memory_register cmd = {
		.size = sizeof(cmd),
		.user_va = (uintptr_t)self->memory,
		.length = page_size,
		.__reserved = 1,
	};
	__u32 id;

	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->fd, IOMMU_MEMORY_REGISTER, &cmd));
	EXPECT_EQ(-EOPNOTSUPP, memory_register(self->fd, self->memory, page_size,
					       2, &id));
	EXPECT_EQ(-EINVAL, memory_register(self->fd, self->memory, 0, 0, &id));
	EXPECT_EQ(-EOVERFLOW, memory_register(self->fd, self->memory,
					      UINT64_MAX, 0, &id));
	EXPECT_EQ(-EFAULT, memory_register(self->fd, NULL, page_size, 0, &id));
	for (int flags = 0; flags <= IOMMU_MEMORY_REGISTER_WRITEABLE; flags++)
		EXPECT_EQ(-EFAULT, memory_register(self->fd, (void *)-page_size,
						   page_size, flags, &id));
	EXPECT_EQ(0, pins(self, 0));
}

TEST_F(mock, a_hole_at_the_end_undoes_all)
{
	__u32 id;

	ASSERT_EQ(0, munmap(self->memory + ALL - page_size, page_size));
	EXPECT_EQ(-EFAULT, register_all(self, &id));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, ALL - page_size, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
}

/* Pages of the kernel that every process maps; NULL if there are none */
static void *memory_without_pages(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start = 0;
	char line[256];

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vvar]"))
			sscanf(line, "%lx", &start);
	if (maps)
		fclose(maps);
	return (void *)start;
}

TEST_F(mock, memory_that_has_no_pages)
{
	void *memory = memory_without_pages();
	__u32 id;

	if (!memory)
		SKIP(return, "no [vvar]");
	EXPECT_EQ(-EFAULT, memory_register(self->fd, memory, page_size, 0, &id));
}

TEST_F(mock, memory_that_cannot_be_written)
{
	__u32 id;

	ASSERT_EQ(0, mprotect(self->memory, ALL, PROT_READ));
	EXPECT_EQ(-EFAULT, register_all(self, &id));
	EXPECT_EQ(0, memory_register(self->fd, self->memory, ALL, 0, &id));
	EXPECT_EQ(0, pins(self, 1));
}

TEST_F(mock, pinned_and_charged_once)
{
	struct mock_device dev[2];
	__u32 id, other;

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev[0]));
	ASSERT_EQ(0, mock_device(self->fd, other, &dev[1]));
	ASSERT_EQ(0, register_all(self, &id));
	EXPECT_EQ(0, pins(self, 1));
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, ALL, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, other, self->memory, ALL, IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, dev[0].hwpt, IOVA, self->memory, ALL));
	EXPECT_EQ(0, mock_check_map(self->fd, dev[1].hwpt, IOVA, self->memory, ALL));
	EXPECT_EQ(0, pins(self, 1));
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));

	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, other, NULL));
	EXPECT_EQ(0, pins(self, 1));
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(0, pins(self, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(mock, every_part_at_any_alignment)
{
	struct mock_device dev;
	__u32 id;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, register_all(self, &id));
	for (__u64 first = 0; first < 5; first++) {
		for (__u64 n = 1; n < 6; n++) {
			__u64 offset = first * MOCK_IO_PAGE_SIZE;
			__u64 length = n * MOCK_IO_PAGE_SIZE;

			ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
						    self->memory + offset,
						    length, IOVA + offset));
			EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt,
						    IOVA + offset,
						    self->memory + offset,
						    length));
			EXPECT_EQ(0, pins(self, 1));
			ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas,
						IOVA + offset, length));
		}
	}
}

TEST_F(mock, cannot_end_while_it_is_mapped)
{
	__u32 id, other;

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, register_all(self, &id));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, id));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, other, self->ioas, page_size,
				     IOVA, IOVA));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, page_size));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, id));
	ASSERT_EQ(0, iommu_destroy(self->fd, other));
	EXPECT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, id));
}

TEST_F(mock, what_reaches_out_of_it_pins_for_itself)
{
	struct mock_device dev;
	__u32 id;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, memory_register(self->fd, self->memory, ALL / 2, WRITEABLE,
				     &id));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, ALL, IOVA));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, ALL / 2, 2));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory + ALL / 2, ALL / 2, 1));
	EXPECT_EQ(MEMORY_PAGES * 3 / 2, status_pages("VmPin"));
	EXPECT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(0, pins(self, 1));
}

TEST_F(mock, writeable_mapping_of_what_is_registered_for_reading)
{
	struct mock_device dev;
	__u64 iova = IOVA;
	__u32 id;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, memory_register(self->fd, self->memory, ALL, 0, &id));
	ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, self->memory, ALL,
				    &iova, IOMMU_IOAS_MAP_READABLE |
				    IOMMU_IOAS_MAP_FIXED_IOVA));
	EXPECT_EQ(0, pins(self, 1));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, ALL,
				    IOVA + ALL));
	EXPECT_EQ(0, pins(self, 2));
}

/* The registered pages are mapped, whatever the process has there now */
TEST_F(mock, pages_are_those_that_were_registered)
{
	__u8 byte = 0;
	__u32 id;
	int access;

	memset(self->memory, 0x5a, ALL);
	ASSERT_EQ(0, register_all(self, &id));
	ASSERT_EQ(0, madvise(self->memory, ALL, MADV_DONTNEED));
	ASSERT_EQ(0, self->memory[0]);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, ALL, IOVA));
	access = mock_access(self->fd, self->ioas, MOCK_ACCESS_PINS);
	ASSERT_LE(0, access);
	ASSERT_EQ(0, mock_access_rw(self->fd, access, IOVA + 5, &byte, 1, 0));
	EXPECT_EQ(0x5a, byte);
	ASSERT_EQ(0, mock_access_pin(self->fd, access, IOVA, ALL, NULL, 0, NULL));
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));
	close(access);
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));
}

TEST_F(mock, attach_later_and_copies_take_the_registered_pages)
{
	struct mock_device dev[2];
	__u32 id, other;

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, register_all(self, &id));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, ALL, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, other, self->ioas, 3 * page_size,
				     IOVA, IOVA + page_size));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev[0]));
	ASSERT_EQ(0, mock_device(self->fd, other, &dev[1]));
	EXPECT_EQ(0, mock_check_map(self->fd, dev[0].hwpt, IOVA, self->memory, ALL));
	EXPECT_EQ(0, mock_check_map(self->fd, dev[1].hwpt, IOVA,
				    self->memory + page_size, 3 * page_size));
	EXPECT_EQ(0, pins(self, 1));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev[0].stdev));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev[1].stdev));
	EXPECT_EQ(0, pins(self, 1));
}

/* No two of its pages are neighbours: each is a run of its own */
TEST_F(mock, scattered_pages)
{
	int file = memfd_create("iommufd", MFD_CLOEXEC);
	struct mock_device dev[2];
	__u32 id, other;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, ALL));
	for (__u64 i = 0; i < MEMORY_PAGES; i++) {
		__u64 from = MEMORY_PAGES - 1 - i;

		ASSERT_NE(MAP_FAILED,
			  mmap(self->memory + i * page_size, page_size,
			       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			       file, from * page_size));
	}
	close(file);
	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev[0]));
	ASSERT_EQ(0, mock_device(self->fd, other, &dev[1]));
	ASSERT_EQ(0, register_all(self, &id));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, ALL, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, other, self->ioas,
				     ALL - 2 * MOCK_IO_PAGE_SIZE, IOVA,
				     IOVA + MOCK_IO_PAGE_SIZE));
	EXPECT_EQ(0, mock_check_map(self->fd, dev[0].hwpt, IOVA, self->memory, ALL));
	EXPECT_EQ(0, mock_check_map(self->fd, dev[1].hwpt, IOVA,
				    self->memory + MOCK_IO_PAGE_SIZE,
				    ALL - 2 * MOCK_IO_PAGE_SIZE));
	EXPECT_EQ(0, pins(self, 1));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, other, NULL));
	EXPECT_EQ(0, pins(self, 1));
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(0, pins(self, 0));
}

TEST_F(mock, users_inside_the_kernel_take_the_registered_pages)
{
	struct mock_device dev;
	__u32 id, item[2];
	int access;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, register_all(self, &id));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, ALL, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA + ALL));
	access = mock_access(self->fd, self->ioas, MOCK_ACCESS_PINS);
	ASSERT_LE(0, access);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, mock_access_pin(self->fd, access, IOVA + i * ALL,
					     page_size, self->memory, 0,
					     &item[i]));
	EXPECT_EQ(0, pins(self, 1));
	ASSERT_EQ(0, mock_access_unpin(self->fd, access, item[0]));
	EXPECT_EQ(0, pins(self, 1));
	/* the other one is told, and lets go */
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_EQ(0, pins(self, 1));
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(0, pins(self, 0));
	close(access);
}

TEST_F(mock, registered_twice_is_pinned_twice)
{
	__u32 id[2];

	ASSERT_EQ(0, register_all(self, &id[0]));
	ASSERT_EQ(0, register_all(self, &id[1]));
	EXPECT_EQ(0, pins(self, 2));
	ASSERT_EQ(0, iommu_destroy(self->fd, id[0]));
	EXPECT_EQ(0, pins(self, 1));
}

TEST_F(mock, close_lets_all_go)
{
	struct mock_device dev;
	int fd = iommu_open();
	__u32 id, ioas;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioas_alloc(fd, &ioas));
	ASSERT_EQ(0, mock_device(fd, ioas, &dev));
	ASSERT_EQ(0, memory_register(fd, self->memory, ALL, WRITEABLE, &id));
	ASSERT_EQ(0, ioas_map_fixed(fd, ioas, self->memory, ALL, IOVA));
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(0, pins(self, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(mock, huge_page)
{
	struct mock_device dev;
	void *huge;
	__u32 id;

	huge = mmap(NULL, HUGETLB_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (huge == MAP_FAILED)
		SKIP(return, "no huge pages");
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, memory_register(self->fd, huge, HUGETLB_SIZE, WRITEABLE,
				     &id));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, huge, HUGETLB_SIZE,
				    IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, huge,
				    HUGETLB_SIZE));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, HUGETLB_SIZE));
	EXPECT_EQ(0, iommu_destroy(self->fd, id));
	munmap(huge, HUGETLB_SIZE);
}

/* In a child, as the test must get its rights back */
static int map_without_rights(int fd, __u32 ioas, void *memory)
{
	struct mock_device dev;
	__u32 id;

	memset(memory, 1, ALL);
	if (memory_register(fd, memory, ALL, WRITEABLE, &id) ||
	    mock_device(fd, ioas, &dev) || set_limit(0) || become(NOBODY))
		return 1;
	if (ioas_map_fixed(fd, ioas, memory, ALL, IOVA))
		return 2;
	return mock_check_pins(fd, memory, ALL, 1) ? 3 : 0;
}

TEST_F(mock, who_registered_may_have_other_rights_now)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(map_without_rights(self->fd, self->ioas, self->memory));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* In a child, as the test must get its rights back */
static int fill_limit(int fd, __u32 ioas, void *memory)
{
	struct mock_device dev;
	__u32 id;

	memset(memory, 1, ALL);
	if (set_limit(MEMORY_PAGES) || become(NOBODY) ||
	    mock_device(fd, ioas, &dev) ||
	    memory_register(fd, memory, ALL, WRITEABLE, &id))
		return 1;
	if (memory_register(fd, memory, ALL, WRITEABLE, &id) != -ENOMEM ||
	    mock_check_pins(fd, memory, ALL, 1))
		return 2;
	for (int i = 0; i < 3; i++)
		if (ioas_map_fixed(fd, ioas, memory, ALL, IOVA + i * ALL))
			return 3;
	return mock_check_pins(fd, memory, ALL, 1) ? 4 : 0;
}

TEST_F(mock, limit_counts_once)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(fill_limit(self->fd, self->ioas, self->memory));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(mock, another_process_pins_for_itself)
{
	struct mock_device dev;
	int status;
	__u32 id;
	pid_t pid;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, register_all(self, &id));
	pid = fork();
	if (!pid) {
		memset(self->memory, 1, ALL);
		if (ioas_map_fixed(self->fd, self->ioas, self->memory, ALL, IOVA))
			_exit(1);
		_exit(status_pages("VmPin") != MEMORY_PAGES ||
		      mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				     ALL));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, iommu_destroy(self->fd, id));
}

TEST_HARNESS_MAIN
