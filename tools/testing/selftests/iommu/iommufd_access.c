// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users of an IOAS inside the kernel: what they pin by IOVA. The mock
 * (CONFIG_IOMMUFD_TEST) has such a user, an access, behind a descriptor. What it
 * pins is an item.
 */
#include <signal.h>

#include "access_fixture.h"

/*
 * The descriptor
 */

TEST_F(access, create_needs_an_ioas)
{
	struct mock_device dev;
	int access;

	EXPECT_EQ(-ENOENT, access_create(self->fd, 0, 0, &access));
	EXPECT_EQ(-ENOENT, access_create(self->fd, 1000, 0, &access));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(-ENOENT, access_create(self->fd, dev.stdev, 0, &access));
	EXPECT_EQ(-ENOENT, access_create(self->fd, dev.idev, 0, &access));
	EXPECT_EQ(-ENOENT, access_create(self->fd, dev.hwpt, 0, &access));
}

TEST_F(access, create_knows_one_flag)
{
	int access;

	for (int bit = 1; bit < 32; bit++)
		EXPECT_EQ(-EOPNOTSUPP, access_create(self->fd, self->ioas,
						     1U << bit, &access));
}

TEST_F(access, create_that_failed_leaves_nothing)
{
	int access, next;

	ASSERT_EQ(-ENOENT,
		  access_create(self->fd, 1000, MOCK_ACCESS_PINS, &access));
	EXPECT_EQ(2, fdinfo_value(self->fd, "access"));
	next = dup(self->fd);
	EXPECT_EQ(self->rw + 1, next);
	close(next);
}

TEST_F(access, descriptor_is_closed_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->access, F_GETFD));
}

TEST_F(access, user_cannot_destroy_the_object_behind)
{
	__u32 before, after;
	int access;

	ASSERT_EQ(0, ioas_alloc(self->fd, &before));
	ASSERT_EQ(0, access_create(self->fd, self->ioas, 0, &access));
	ASSERT_EQ(0, ioas_alloc(self->fd, &after));
	ASSERT_EQ(before + 2, after);
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, before + 1));
	close(access);
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, before + 1));
}

TEST_F(access, other_descriptors_are_no_accesses)
{
	int other[] = { -1, 1000, self->fd, open("/dev/null", O_RDWR) };
	__u8 byte;

	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(-EBADFD, mock_access_pin(self->fd, other[i], IOVA, 1,
						   NULL, 0, NULL));
		EXPECT_EQ(-EBADFD, mock_access_unpin(self->fd, other[i], 0));
		EXPECT_EQ(-EBADFD, mock_access_rw(self->fd, other[i], IOVA,
						  &byte, 1, 0));
		EXPECT_EQ(-EBADFD,
			  mock_access_replace(self->fd, other[i], self->ioas));
		EXPECT_EQ(-EBADFD, mock_access_replace(self->fd, other[i], 0));
	}
	close(other[3]);
}

TEST_F(access, unknown_flags_are_refused)
{
	__u8 byte;

	for (int bit = 0; bit < 32; bit++) {
		__u32 flag = 1U << bit;

		if (flag != MOCK_ACCESS_WRITE && flag != MOCK_ACCESS_SYZ)
			EXPECT_EQ(-EOPNOTSUPP,
				  mock_access_pin(self->fd, self->access, IOVA,
						  1, NULL, flag, NULL));
		if (flag != MOCK_ACCESS_WRITE && flag != MOCK_ACCESS_SLOW &&
		    flag != MOCK_ACCESS_SYZ)
			EXPECT_EQ(-EOPNOTSUPP,
				  mock_access_rw(self->fd, self->rw, IOVA,
						 &byte, 1, flag));
	}
	EXPECT_PINNED(0);
}

TEST_F(access, only_16_mib_at_once)
{
	__u8 *buffer = memory_map(MOCK_ACCESS_MAX + 1);

	ASSERT_NE(NULL, buffer);
	EXPECT_EQ(-ENOMEM, mock_access_pin(self->fd, self->access, IOVA,
					   MOCK_ACCESS_MAX + 1, NULL, 0, NULL));
	EXPECT_EQ(-ENOMEM, mock_access_pin(self->fd, self->access, IOVA,
					   UINT64_MAX, NULL, 0, NULL));
	EXPECT_EQ(-ENOMEM, mock_access_rw(self->fd, self->rw, IOVA, buffer,
					  MOCK_ACCESS_MAX + 1, 0));
	/* so much is allowed, but not mapped */
	EXPECT_EQ(-ENOENT, mock_access_pin(self->fd, self->access, IOVA,
					   MOCK_ACCESS_MAX, NULL, 0, NULL));
	EXPECT_EQ(-ENOENT, mock_access_rw(self->fd, self->rw, IOVA, buffer,
					  MOCK_ACCESS_MAX, 0));
	EXPECT_PINNED(0);
	munmap(buffer, MOCK_ACCESS_MAX + 1);
}

TEST_F(access, whole_16_mib_can_be_pinned_and_copied)
{
	__u64 iova = IOVA + 0x10000000;
	__u8 *big = memory_map(MOCK_ACCESS_MAX);
	__u8 *buffer = memory_map(MOCK_ACCESS_MAX);
	long before = status_pages("VmPin");
	__u32 item;

	ASSERT_NE(NULL, big);
	ASSERT_NE(NULL, buffer);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, big, MOCK_ACCESS_MAX,
				    iova));
	ASSERT_EQ(0,
		  mock_access_pin(self->fd, self->access, iova, MOCK_ACCESS_MAX,
				  big, MOCK_ACCESS_WRITE, &item));
	EXPECT_EQ(before + MOCK_ACCESS_MAX / page_size, status_pages("VmPin"));
	memset(buffer, 0x5a, MOCK_ACCESS_MAX);
	EXPECT_EQ(0, mock_access_rw(self->fd, self->access, iova, buffer,
				    MOCK_ACCESS_MAX, MOCK_ACCESS_WRITE));
	EXPECT_EQ(0, memcmp(buffer, big, MOCK_ACCESS_MAX));
	EXPECT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, iova, MOCK_ACCESS_MAX));
	EXPECT_EQ(before, status_pages("VmPin"));
	munmap(big, MOCK_ACCESS_MAX);
	munmap(buffer, MOCK_ACCESS_MAX);
}

TEST_F(access, access_without_that_flag_cannot_pin)
{
	EXPECT_EQ(-EOPNOTSUPP, mock_access_pin(self->fd, self->rw, IOVA,
					       page_size, NULL, 0, NULL));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->rw, 0));
}

TEST_F(access, descriptor_keeps_the_ioas_alive)
{
	int other = iommu_open();
	__u8 byte;

	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(0, mock_access_rw(other, self->rw, IOVA + 7, &byte, 1, 0));
	EXPECT_EQ(self->memory[7], byte);
	EXPECT_EQ(0, mock_access_pin(other, self->access, IOVA, page_size,
				     self->memory, 0, NULL));
	self->fd = other;
}

TEST_F(access, close_unpins_everything)
{
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA,
				     2 * page_size, self->memory, 0, NULL));
	ASSERT_EQ(0,
		  mock_access_pin(self->fd, self->access, IOVA, 3 * page_size,
				  self->memory, MOCK_ACCESS_WRITE, NULL));
	EXPECT_PINS(0, 3, 1);
	close(self->access);
	EXPECT_PINS(0, 3, 0);
	EXPECT_PINNED(0);
}

TEST_F(access, last_byte_of_all_is_unpinned_by_close)
{
	__u64 last_page = -(__u64)page_size;
	__u32 ioas;
	int access;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, page_size,
				    last_page));
	ASSERT_EQ(0, access_create(self->fd, ioas, MOCK_ACCESS_PINS, &access));
	ASSERT_EQ(0, mock_access_pin(self->fd, access, UINT64_MAX, 1,
				     self->memory + page_size - 1, 0, NULL));
	close(access);
	EXPECT_PINS(0, 1, 0);
	EXPECT_EQ(0, ioas_unmap(self->fd, ioas, last_page, page_size));
}

/* A memory file outlives the process that pinned its pages */
TEST_F(access, killed_process_leaves_nothing_pinned)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	int ready[2], status;
	__u8 *pages;
	pid_t pid;
	char c;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, 4 * page_size));
	pages = mmap(NULL, 4 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		     file, 0);
	ASSERT_NE(MAP_FAILED, pages);
	memset(pages, 1, 4 * page_size);
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		int fd = iommu_open(), access;
		__u32 ioas;

		if (ioas_alloc(fd, &ioas) ||
		    access_create(fd, ioas, MOCK_ACCESS_PINS, &access) ||
		    ioas_map_file(fd, ioas, file, 0, 4 * page_size, IOVA) ||
		    mock_access_pin(fd, access, IOVA, 4 * page_size, pages, 0,
				    NULL) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ(0, mock_check_pins(self->fd, pages, 4 * page_size, 1));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, mock_check_pins(self->fd, pages, 4 * page_size, 0));
	munmap(pages, 4 * page_size);
	close(file);
}

/*
 * Pin
 */

TEST_F(access, pin_gives_the_pages_of_the_user_address)
{
	__u32 item;

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, mock_access_pin(self->fd, self->access,
					     iova_of_page(2), 3 * page_size,
					     self->memory + 2 * page_size,
					     i ? MOCK_ACCESS_WRITE : 0, &item));
		EXPECT_PINS(2, 3, 1);
		EXPECT_PINNED(3);
		EXPECT_PINS(0, 2, 0);
		EXPECT_PINS(5, MEMORY_PAGES - 5, 0);
		ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
		EXPECT_PINS(2, 3, 0);
		EXPECT_PINNED(0);
	}
}

TEST_F(access, pin_of_other_pages_than_expected_is_undone)
{
	EXPECT_EQ(-EBADE,
		  mock_access_pin(self->fd, self->access, IOVA, page_size,
				  self->memory + page_size, 0, NULL));
	/* the second one is the wrong one */
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    self->memory + 5 * page_size, page_size,
				    iova_of_page(1)));
	EXPECT_EQ(-EBADE,
		  mock_access_pin(self->fd, self->access, IOVA, 2 * page_size,
				  self->memory, 0, NULL));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, 0));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(access, pin_of_a_part_pins_the_whole_page)
{
	__u32 item;

	ASSERT_EQ(0,
		  mock_access_pin(self->fd, self->access, iova_of_page(1) + 5,
				  3, self->memory + page_size + 5, 0, &item));
	EXPECT_PINS(1, 1, 1);
	EXPECT_PINNED(1);
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	EXPECT_PINNED(0);

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access,
				     iova_of_page(2) - 1, 2,
				     self->memory + 2 * page_size - 1, 0,
				     &item));
	EXPECT_PINS(1, 2, 1);
	EXPECT_PINNED(2);
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	EXPECT_PINNED(0);

	ASSERT_EQ(0,
		  mock_access_pin(self->fd, self->access, iova_of_page(2) + 1,
				  page_size, self->memory + 2 * page_size + 1,
				  0, &item));
	EXPECT_PINS(2, 2, 1);
	EXPECT_PINNED(2);
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	EXPECT_PINNED(0);
}

TEST_F(access, items_have_increasing_ids_per_access)
{
	__u32 item;
	int other;

	ASSERT_EQ(0, access_create(self->fd, self->ioas, MOCK_ACCESS_PINS,
				   &other));
	for (__u32 i = 0; i < 4; i++) {
		ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA,
					     page_size, NULL, 0, &item));
		EXPECT_EQ(i, item);
	}
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, 3));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     NULL, 0, &item));
	EXPECT_EQ(4, item);
	ASSERT_EQ(0, mock_access_pin(self->fd, other, IOVA, page_size, NULL, 0,
				     &item));
	EXPECT_EQ(0, item);
	close(other);
}

TEST_F(access, unpin_of_an_unknown_item_fails)
{
	__u32 item;
	int other;

	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, 0));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     NULL, 0, &item));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, item + 1));
	ASSERT_EQ(0, access_create(self->fd, self->ioas, MOCK_ACCESS_PINS,
				   &other));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, other, item));
	close(other);
	EXPECT_PINS(0, 1, 1);
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, item));
}

TEST_F(access, page_that_is_pinned_often_counts_once_and_stays_to_the_end)
{
	__u32 item[3];
	int other;

	ASSERT_EQ(0, access_create(self->fd, self->ioas, MOCK_ACCESS_PINS,
				   &other));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA,
				     4 * page_size, self->memory, 0, &item[0]));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, iova_of_page(1),
				     page_size, NULL, MOCK_ACCESS_WRITE,
				     &item[1]));
	ASSERT_EQ(0, mock_access_pin(self->fd, other, iova_of_page(1),
				     5 * page_size, NULL, 0, &item[2]));
	EXPECT_PINS(0, 6, 1);
	EXPECT_PINNED(6);
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item[0]));
	EXPECT_PINS(0, 1, 0);
	EXPECT_PINS(1, 5, 1);
	EXPECT_PINNED(5);
	ASSERT_EQ(0, mock_access_unpin(self->fd, other, item[2]));
	EXPECT_PINS(1, 1, 1);
	EXPECT_PINS(2, 4, 0);
	EXPECT_PINNED(1);
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item[1]));
	EXPECT_PINNED(0);
	close(other);
}

TEST_F(access, pin_goes_across_mappings)
{
	__u32 item;

	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	/* neighbours in IOVA, one in memory and two not */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    2 * page_size, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    self->memory + 2 * page_size, page_size,
				    iova_of_page(2)));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    self->memory + 8 * page_size, 2 * page_size,
				    iova_of_page(3)));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access,
				     iova_of_page(1) + 1, 2 * page_size - 1,
				     self->memory + page_size + 1, 0, &item));
	EXPECT_PINS(1, 2, 1);
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA,
				     5 * page_size - 1, NULL, 0, &item));
	EXPECT_PINS(0, 3, 1);
	EXPECT_PINS(8, 2, 1);
	EXPECT_EQ(5, status_pages("VmPin"));
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	EXPECT_EQ(variant->device ? 5 : 0, status_pages("VmPin"));
}

TEST_F(access, pin_of_a_hole_fails_and_pins_nothing)
{
	__u64 end = IOVA + MEMORY_SIZE;

	EXPECT_EQ(-ENOENT, mock_access_pin(self->fd, self->access, end, 1, NULL,
					   0, NULL));
	EXPECT_EQ(-ENOENT, mock_access_pin(self->fd, self->access, end - 1, 2,
					   NULL, 0, NULL));
	EXPECT_EQ(-ENOENT, mock_access_pin(self->fd, self->access, IOVA - 1, 2,
					   NULL, 0, NULL));
	EXPECT_EQ(-ENOENT,
		  mock_access_pin(self->fd, self->access, 0, 1, NULL, 0, NULL));
	EXPECT_EQ(-ENOENT, mock_access_pin(self->fd, self->access, UINT64_MAX,
					   1, NULL, 0, NULL));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, end + page_size));
	EXPECT_EQ(-ENOENT,
		  mock_access_pin(self->fd, self->access, IOVA,
				  MEMORY_SIZE + 2 * page_size, NULL, 0, NULL));
	ASSERT_EQ(0,
		  ioas_unmap(self->fd, self->ioas, end + page_size, page_size));
	EXPECT_PINS(0, MEMORY_PAGES, 0);
	EXPECT_PINNED(0);
}

TEST_F(access, pin_of_no_range_fails)
{
	EXPECT_EQ(-EINVAL, mock_access_pin(self->fd, self->access, IOVA, 0,
					   NULL, 0, NULL));
	EXPECT_EQ(-EINVAL, mock_access_pin(self->fd, self->access, IOVA + 1, 0,
					   NULL, 0, NULL));
	EXPECT_EQ(-EOVERFLOW, mock_access_pin(self->fd, self->access,
					      UINT64_MAX, 2, NULL, 0, NULL));
	EXPECT_EQ(-EOVERFLOW,
		  mock_access_pin(self->fd, self->access, -(__u64)page_size,
				  page_size + 1, NULL, 0, NULL));
}

TEST_F(access, pin_without_memory_fails_and_pins_nothing)
{
	__u8 *memory = memory_map(4 * page_size);
	__u32 ioas;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0,
		  ioas_map_fixed(self->fd, ioas, memory, 4 * page_size, IOVA));
	ASSERT_EQ(0, mock_access_replace(self->fd, self->access, ioas));
	ASSERT_EQ(0, munmap(memory + 2 * page_size, page_size));
	EXPECT_EQ(-EFAULT, mock_access_pin(self->fd, self->access, IOVA,
					   4 * page_size, NULL, 0, NULL));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, 2 * page_size, 0));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory + 3 * page_size,
				     page_size, 0));
	EXPECT_PINNED(0);
}

TEST_F(access, pin_needs_the_permission_of_the_mapping)
{
	__u64 read_only = IOVA + 2 * MEMORY_SIZE;
	__u64 write_only = IOVA + 3 * MEMORY_SIZE;
	long pinned;

	ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, self->memory,
				    page_size, &read_only,
				    IOMMU_IOAS_MAP_FIXED_IOVA |
					    IOMMU_IOAS_MAP_READABLE));
	ASSERT_EQ(0,
		  ioas_map_flags(self->fd, self->ioas, self->memory + page_size,
				 page_size, &write_only,
				 IOMMU_IOAS_MAP_FIXED_IOVA |
					 IOMMU_IOAS_MAP_WRITEABLE));
	pinned = status_pages("VmPin");
	EXPECT_EQ(-EPERM, mock_access_pin(self->fd, self->access, read_only, 1,
					  NULL, MOCK_ACCESS_WRITE, NULL));
	EXPECT_EQ(-EPERM, mock_access_pin(self->fd, self->access, write_only, 1,
					  NULL, 0, NULL));
	EXPECT_EQ(pinned, status_pages("VmPin"));
	EXPECT_EQ(0, mock_access_pin(self->fd, self->access, read_only, 1, NULL,
				     0, NULL));
	EXPECT_EQ(0, mock_access_pin(self->fd, self->access, write_only, 1,
				     NULL, MOCK_ACCESS_WRITE, NULL));
}

TEST_F(access, pin_across_mappings_needs_the_permission_of_all)
{
	__u64 iova = IOVA + MEMORY_SIZE;

	ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, self->memory,
				    page_size, &iova,
				    IOMMU_IOAS_MAP_FIXED_IOVA |
					    IOMMU_IOAS_MAP_READABLE));
	EXPECT_EQ(-EPERM, mock_access_pin(self->fd, self->access, iova - 1, 2,
					  NULL, MOCK_ACCESS_WRITE, NULL));
	EXPECT_EQ(0, mock_access_pin(self->fd, self->access, iova - 1, 2, NULL,
				     0, NULL));
}

/* Memory that the process can only read, mapped for reading and for more */
TEST_F(access, pin_respects_what_the_process_may)
{
	__u64 read_only = IOVA + 2 * MEMORY_SIZE;
	__u8 *memory = memory_map(page_size);
	__u32 ioas;
	int access;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, mprotect(memory, page_size, PROT_READ));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, access_create(self->fd, ioas, MOCK_ACCESS_PINS, &access));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, memory, page_size, IOVA));
	ASSERT_EQ(0,
		  ioas_map_flags(self->fd, ioas, memory, page_size, &read_only,
				 IOMMU_IOAS_MAP_FIXED_IOVA |
					 IOMMU_IOAS_MAP_READABLE));
	EXPECT_EQ(-EFAULT, mock_access_pin(self->fd, access, IOVA, 1, NULL,
					   MOCK_ACCESS_WRITE, NULL));
	EXPECT_EQ(0, mock_access_pin(self->fd, access, read_only, page_size,
				     memory, 0, NULL));
	close(access);
}

TEST_F(access, last_page_of_64_bit_can_be_pinned)
{
	__u64 last_page = -(__u64)page_size;
	__u32 ioas, item;
	int access;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, access_create(self->fd, ioas, MOCK_ACCESS_PINS, &access));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, page_size,
				    last_page - page_size));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory + page_size,
				    page_size, last_page));
	ASSERT_EQ(0, mock_access_pin(self->fd, access, last_page - page_size,
				     2 * page_size, self->memory, 0, &item));
	/* these are no copies: what a device has is another pin */
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 2 * page_size,
				     1 + variant->device));
	ASSERT_EQ(0, mock_access_unpin(self->fd, access, item));
	EXPECT_PINS(0, 2, 0);
	ASSERT_EQ(0,
		  mock_access_pin(self->fd, access, UINT64_MAX, 1,
				  self->memory + 2 * page_size - 1, 0, &item));
	/* an unmap hits it */
	ASSERT_EQ(0, ioas_unmap(self->fd, ioas, last_page, page_size));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, access, item));
	EXPECT_PINS(0, 2, 0);
	close(access);
}

TEST_F(access, nth_mapping_can_be_named_instead_of_an_iova)
{
	__u64 iova = IOVA + 4 * MEMORY_SIZE;
	__u64 syz = 1 | 5ULL << 32;
	__u32 item;
	__u8 byte;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    self->memory + 3 * page_size, page_size,
				    iova));
	EXPECT_EQ(0, mock_access_pin(self->fd, self->access, syz, 1, NULL,
				     MOCK_ACCESS_SYZ, &item));
	ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, syz, &byte, 1,
				    MOCK_ACCESS_SYZ));
	EXPECT_EQ(self->memory[3 * page_size + 5], byte);
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, iova, page_size));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, item));
	EXPECT_NE(0, mock_access_rw(self->fd, self->rw, syz, &byte, 1,
				    MOCK_ACCESS_SYZ));
}

TEST_F(access, pinned_page_is_used_whatever_the_process_maps_there)
{
	__u8 *page = self->memory + page_size;
	__u8 old = *page, byte = 0;
	__u32 item;

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, iova_of_page(1),
				     page_size, page, 0, &item));
	ASSERT_EQ(page, new_page(page));
	*page = old + 1;
	EXPECT_EQ(-EBADE,
		  mock_access_pin(self->fd, self->access, iova_of_page(1),
				  page_size, page, 0, NULL));
	EXPECT_EQ(0, mock_access_rw(self->fd, self->rw, iova_of_page(1), &byte,
				    1, 0));
	EXPECT_EQ(old, byte);
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	/* not pinned any more: it is the new one, unless a device has the old */
	EXPECT_EQ(variant->device ? -EBADE : 0,
		  mock_access_pin(self->fd, self->access, iova_of_page(1),
				  page_size, page, 0, NULL));
	ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, iova_of_page(1), &byte,
				    1, 0));
	EXPECT_EQ(variant->device ? old : old + 1, byte);
}

TEST_F(access, pinned_page_stays_that_of_the_process_after_fork)
{
	int end[2], status;
	__u8 byte;
	pid_t pid;

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     self->memory, 0, NULL));
	ASSERT_EQ(0, pipe(end));
	pid = fork();
	if (!pid) {
		char c;

		close(end[1]);
		self->memory[0] = 1;
		_exit(read(end[0], &c, 1) != 0 || self->memory[1] == 3);
	}
	close(end[0]);
	self->memory[0] = 2;
	self->memory[1] = 3;
	EXPECT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     self->memory, 0, NULL));
	ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, IOVA, &byte, 1, 0));
	EXPECT_EQ(2, byte);
	close(end[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(access, parts_of_a_huge_page_can_be_pinned)
{
	__u64 iova = IOVA + 0x10000000;
	__u8 *huge, byte = 0x77;
	__u32 item;

	huge = mmap(NULL, HUGETLB_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE,
		    -1, 0);
	ASSERT_NE(MAP_FAILED, huge);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, huge, HUGETLB_SIZE,
				    iova));
	ASSERT_EQ(0,
		  mock_access_pin(self->fd, self->access, iova + 3 * page_size,
				  2 * page_size, huge + 3 * page_size,
				  MOCK_ACCESS_WRITE, &item));
	ASSERT_EQ(0,
		  mock_access_rw(self->fd, self->rw, iova + 4 * page_size - 1,
				 &byte, 1, MOCK_ACCESS_WRITE));
	EXPECT_EQ(0x77, huge[4 * page_size - 1]);
	ASSERT_EQ(0,
		  mock_access_rw(self->fd, self->rw, iova + 9 * page_size + 1,
				 &byte, 1, MOCK_ACCESS_WRITE));
	EXPECT_EQ(0x77, huge[9 * page_size + 1]);
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, iova, HUGETLB_SIZE));
	EXPECT_EQ(variant->device ? MEMORY_PAGES : 0, status_pages("VmPin"));
	munmap(huge, HUGETLB_SIZE);
}

/* Beside memory, in a mapping that allows everything */
TEST_F(access, memory_of_a_device_cannot_be_used)
{
	__u64 bar = IOVA + MEMORY_SIZE;
	int dmabuf, other;
	__u8 bytes[2];
	__u32 item;

	ASSERT_EQ(0, access_create(self->fd, self->ioas, MOCK_ACCESS_PINS,
				   &other));
	dmabuf = mock_dmabuf(self->fd, 2 * page_size, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, dmabuf);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, dmabuf, 0,
				   2 * page_size, bar));
	for (__u32 write = 0; write <= MOCK_ACCESS_WRITE;
	     write += MOCK_ACCESS_WRITE) {
		EXPECT_EQ(-EFAULT, mock_access_pin(self->fd, self->access, bar,
						   page_size, NULL, write,
						   &item));
		EXPECT_EQ(-EFAULT, mock_access_pin(self->fd, self->access,
						   bar - page_size,
						   2 * page_size, NULL, write,
						   &item));
		for (__u32 slow = 0; slow <= MOCK_ACCESS_SLOW;
		     slow += MOCK_ACCESS_SLOW) {
			EXPECT_EQ(-EFAULT, mock_access_rw(self->fd, self->rw,
							  bar + page_size - 1,
							  bytes, 2,
							  write | slow));
			EXPECT_EQ(-EFAULT, mock_access_rw(self->fd, other, bar,
							  bytes, 1,
							  write | slow));
			EXPECT_EQ(-EFAULT, mock_access_rw(self->fd, self->rw,
							  bar - 1, bytes, 2,
							  write | slow));
		}
	}
	EXPECT_PINS(0, MEMORY_PAGES, 0);
	EXPECT_PINNED(0);

	/* also while it is gone; unmapped it is as nothing */
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, dmabuf, true));
	EXPECT_EQ(-EFAULT, mock_access_pin(self->fd, self->access, bar,
					   page_size, NULL, 0, &item));
	EXPECT_EQ(-EFAULT, mock_access_rw(self->fd, self->rw, bar, bytes, 1,
					  0));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, dmabuf, false));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, bar, 2 * page_size));
	EXPECT_EQ(-ENOENT, mock_access_rw(self->fd, self->rw, bar, bytes, 1,
					  0));
	close(dmabuf);
	close(other);
}

TEST_F(access, memory_of_a_file_can_be_used)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	__u64 iova = IOVA + 2 * MEMORY_SIZE;
	__u8 *pages, byte = 0x55;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, 4 * page_size));
	pages = mmap(NULL, 4 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		     file, 0);
	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, file, page_size,
				   3 * page_size, iova));
	ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, iova + 3, &byte, 1,
				    MOCK_ACCESS_WRITE));
	EXPECT_EQ(0x55, pages[page_size + 3]);
	ASSERT_EQ(0,
		  mock_access_pin(self->fd, self->access, iova, 3 * page_size,
				  pages + page_size, MOCK_ACCESS_WRITE, NULL));
	EXPECT_EQ(0, mock_check_pins(self->fd, pages + page_size, 3 * page_size,
				     1));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, iova, 3 * page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, pages, 4 * page_size, 0));
	munmap(pages, 4 * page_size);
	close(file);
}

TEST_HARNESS_MAIN
