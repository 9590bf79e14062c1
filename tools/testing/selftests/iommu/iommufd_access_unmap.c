// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users of an IOAS inside the kernel, and what others do meanwhile: unmap, copy,
 * attach of devices, another IOAS.
 */
#include "access_fixture.h"

/*
 * Unmap
 */

TEST_F(access, unmap_drops_every_item_that_it_hits_and_no_other)
{
	__u64 other_iova = IOVA + 2 * MEMORY_SIZE;
	__u32 hit[2], other;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, other_iova));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, 1, NULL, 0,
				     &hit[0]));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, iova_of_page(3),
				     2 * page_size, NULL, MOCK_ACCESS_WRITE,
				     &hit[1]));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, other_iova,
				     page_size, NULL, 0, &other));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, MEMORY_SIZE));
	/* only the second mapping of the first page is left */
	EXPECT_EQ(1, status_pages("VmPin"));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 1));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory + page_size,
				     MEMORY_SIZE - page_size, 0));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, hit[0]));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, hit[1]));
	EXPECT_EQ(0, mock_access_unpin(self->fd, self->access, other));
}

TEST_F(access, unmap_tells_every_access)
{
	__u32 item[2];
	int other;

	ASSERT_EQ(0, access_create(self->fd, self->ioas, MOCK_ACCESS_PINS,
				   &other));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, 1, NULL, 0,
				     &item[0]));
	ASSERT_EQ(0,
		  mock_access_pin(self->fd, other, IOVA, 1, NULL, 0, &item[1]));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, MEMORY_SIZE));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, item[0]));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, other, item[1]));
	EXPECT_EQ(0, status_pages("VmPin"));
	close(other);
}

TEST_F(access, unmap_of_all_drops_all_items)
{
	__u64 other_iova = IOVA + 2 * MEMORY_SIZE;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, other_iova));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, MEMORY_SIZE,
				     NULL, 0, NULL));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, other_iova, 1,
				     NULL, 0, NULL));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, 0));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, 1));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, MEMORY_SIZE, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(access, item_across_mappings_goes_with_the_first_of_them)
{
	__u64 iova = IOVA + MEMORY_SIZE;
	__u32 item;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, iova));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, iova - page_size,
				     2 * page_size, NULL, 0, &item));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, iova, page_size));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, item));
	EXPECT_PINS(MEMORY_PAGES - 1, 1, 0);
	EXPECT_PINNED(0);
}

TEST_F(access, unmap_that_fails_drops_nothing)
{
	__u32 item;

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA,
				     2 * page_size, self->memory, 0, &item));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->ioas, IOVA,
				      MEMORY_SIZE - page_size));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->ioas,
				      IOVA + 2 * MEMORY_SIZE, page_size));
	EXPECT_PINS(0, 2, 1);
	EXPECT_PINNED(2);
	EXPECT_EQ(0, mock_access_unpin(self->fd, self->access, item));
}

TEST_F(access, iova_can_be_used_again_after_unmap)
{
	__u8 byte;

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     self->memory, 0, NULL));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, MEMORY_SIZE));
	EXPECT_EQ(-ENOENT, mock_access_pin(self->fd, self->access, IOVA,
					   page_size, NULL, 0, NULL));
	EXPECT_EQ(-ENOENT,
		  mock_access_rw(self->fd, self->rw, IOVA, &byte, 1, 0));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    self->memory + page_size, page_size, IOVA));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     self->memory + page_size, 0, NULL));
	ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, IOVA, &byte, 1, 0));
	EXPECT_EQ(self->memory[page_size], byte);
}

/*
 * Which IOAS
 */

TEST_F(access, ioas_cannot_be_destroyed_while_an_access_has_it)
{
	__u32 ioas;
	int access;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	for (int pins = 0; pins < 2; pins++) {
		ASSERT_EQ(0, access_create(self->fd, ioas, pins, &access));
		EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, ioas));
		close(access);
	}
	ASSERT_EQ(0, access_create(self->fd, ioas, 0, &access));
	ASSERT_EQ(0, mock_access_replace(self->fd, access, 0));
	EXPECT_EQ(0, iommu_destroy(self->fd, ioas));
	close(access);
}

TEST_F(access, replace_drops_all_items_and_uses_the_other_ioas)
{
	__u32 ioas, item;
	__u8 byte;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory + page_size,
				    page_size, IOVA));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, MEMORY_SIZE,
				     self->memory, 0, &item));
	ASSERT_EQ(0, mock_access_replace(self->fd, self->access, ioas));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, item));
	EXPECT_PINS(0, MEMORY_PAGES, 0);
	EXPECT_PINNED(0);
	ASSERT_EQ(0, mock_access_rw(self->fd, self->access, IOVA, &byte, 1, 0));
	EXPECT_EQ(self->memory[page_size], byte);
	EXPECT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     self->memory + page_size, 0, &item));
	EXPECT_EQ(-ENOENT, mock_access_rw(self->fd, self->access,
					  iova_of_page(1), &byte, 1, 0));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, ioas));
	/* the old one does not matter to it any more */
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_EQ(0, mock_access_unpin(self->fd, self->access, item));
}

TEST_F(access, old_ioas_can_be_destroyed_after_replace)
{
	__u32 first, second;
	int access;

	ASSERT_EQ(0, ioas_alloc(self->fd, &first));
	ASSERT_EQ(0, ioas_alloc(self->fd, &second));
	ASSERT_EQ(0, access_create(self->fd, first, MOCK_ACCESS_PINS, &access));
	ASSERT_EQ(0, mock_access_replace(self->fd, access, second));
	EXPECT_EQ(0, iommu_destroy(self->fd, first));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, second));
	close(access);
	EXPECT_EQ(0, iommu_destroy(self->fd, second));
}

TEST_F(access, replace_drops_the_last_byte_of_64_bit)
{
	__u32 ioas, item;
	int access;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, page_size,
				    -(__u64)page_size));
	ASSERT_EQ(0, access_create(self->fd, ioas, MOCK_ACCESS_PINS, &access));
	ASSERT_EQ(0, mock_access_pin(self->fd, access, UINT64_MAX, 1,
				     self->memory + page_size - 1, 0, &item));
	ASSERT_EQ(0, mock_access_replace(self->fd, access, self->ioas));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, access, item));
	EXPECT_EQ(0, iommu_destroy(self->fd, ioas));
	EXPECT_PINS(0, 1, 0);
	close(access);
}

TEST_F(access, replace_that_fails_changes_nothing)
{
	__u32 ioas, parts, item;
	__u8 byte;

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     self->memory, 0, &item));
	EXPECT_EQ(-ENOENT, mock_access_replace(self->fd, self->access, 1000));
	/* whole pages only */
	ASSERT_EQ(0, ioas_alloc(self->fd, &parts));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, parts, self->memory, 3, 0x1001));
	EXPECT_EQ(-EADDRINUSE,
		  mock_access_replace(self->fd, self->access, parts));
	EXPECT_EQ(0, iommu_destroy(self->fd, parts));
	/* an object, but not an IOAS */
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &self->dev));
	EXPECT_EQ(-ENOENT,
		  mock_access_replace(self->fd, self->access, self->dev.hwpt));

	EXPECT_PINS(0, 1, 1);
	ASSERT_EQ(0, mock_access_rw(self->fd, self->access, IOVA, &byte, 1, 0));
	EXPECT_EQ(self->memory[0], byte);
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->ioas));
	EXPECT_EQ(0, mock_access_unpin(self->fd, self->access, item));
}

TEST_F(access, replace_by_the_same_ioas_succeeds)
{
	ASSERT_EQ(0, mock_access_replace(self->fd, self->access, self->ioas));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     self->memory, 0, NULL));
}

TEST_F(access, detached_access_reaches_nothing)
{
	__u32 item;
	__u8 byte;

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     self->memory, 0, &item));
	ASSERT_EQ(0, mock_access_replace(self->fd, self->access, 0));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, item));
	EXPECT_PINNED(0);
	EXPECT_EQ(-ENOENT, mock_access_pin(self->fd, self->access, IOVA,
					   page_size, NULL, 0, NULL));
	EXPECT_EQ(-ENOENT,
		  mock_access_rw(self->fd, self->access, IOVA, &byte, 1, 0));
	EXPECT_EQ(0, mock_access_replace(self->fd, self->access, 0));
	/* there is nothing to be replaced */
	EXPECT_EQ(-EINVAL,
		  mock_access_replace(self->fd, self->access, self->ioas));
}

/*
 * Whole pages
 */

static __u64 alignment_of(int fd, __u32 ioas)
{
	__u64 alignment = 0;
	__u32 num = 0;

	ioas_iova_ranges(fd, ioas, NULL, &num, &alignment);
	return alignment;
}

TEST_F(access, pinning_access_demands_whole_pages_as_long_as_it_is_attached)
{
	__u32 ioas, other;
	int access, rw;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, access_create(self->fd, ioas, 0, &rw));
	EXPECT_EQ(1, alignment_of(self->fd, ioas));
	ASSERT_EQ(0, access_create(self->fd, ioas, MOCK_ACCESS_PINS, &access));
	EXPECT_EQ(page_size, alignment_of(self->fd, ioas));
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, ioas, self->memory + 1,
					  page_size, IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, ioas, self->memory,
					  page_size + 1, IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, ioas, self->memory,
					  page_size, IOVA + 1));
	ASSERT_EQ(0, mock_access_replace(self->fd, access, other));
	EXPECT_EQ(1, alignment_of(self->fd, ioas));
	EXPECT_EQ(page_size, alignment_of(self->fd, other));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory + 1, 1,
				    IOVA + 1));
	close(access);
	EXPECT_EQ(1, alignment_of(self->fd, other));
	close(rw);
}

TEST_F(access, pinning_access_is_refused_where_parts_of_pages_are_mapped)
{
	int access, rw;
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, 100, IOVA));
	EXPECT_EQ(-EADDRINUSE,
		  access_create(self->fd, ioas, MOCK_ACCESS_PINS, &access));
	EXPECT_EQ(0, access_create(self->fd, ioas, 0, &rw));
	close(rw);
	EXPECT_EQ(1, alignment_of(self->fd, ioas));
	/* nothing is attached to it */
	EXPECT_EQ(0, iommu_destroy(self->fd, ioas));
}

/*
 * Copies
 */

TEST_F(access, copies_share_what_is_pinned)
{
	__u32 ioas, item, copied;
	int access;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, access_create(self->fd, ioas, MOCK_ACCESS_PINS, &access));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, ioas, self->ioas, MEMORY_SIZE,
				     2 * IOVA, IOVA));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA,
				     2 * page_size, self->memory, 0, &item));
	ASSERT_EQ(0, mock_access_pin(self->fd, access, 2 * IOVA + page_size,
				     2 * page_size, self->memory + page_size, 0,
				     &copied));
	EXPECT_PINS(0, 3, 1);
	EXPECT_PINNED(3);
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	EXPECT_PINS(0, 1, 0);
	EXPECT_PINS(1, 2, 1);
	EXPECT_PINNED(2);
	close(access);
}

TEST_F(access, unmap_of_the_original_leaves_the_copy_and_its_pins)
{
	__u32 ioas, item, copied;
	__u8 *page = self->memory + page_size, old = *page, byte;
	int access;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, access_create(self->fd, ioas, MOCK_ACCESS_PINS, &access));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, ioas, self->ioas, 2 * page_size,
				     2 * IOVA, IOVA));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA,
				     2 * page_size, self->memory, 0, &item));
	ASSERT_EQ(0, mock_access_pin(self->fd, access, 2 * IOVA + page_size,
				     page_size, page, 0, &copied));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, item));
	EXPECT_EQ(1, status_pages("VmPin"));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 0));
	EXPECT_EQ(0, mock_check_pins(self->fd, page, page_size, 1));
	ASSERT_EQ(page, new_page(page));
	ASSERT_EQ(0, mock_access_rw(self->fd, access, 2 * IOVA + page_size,
				    &byte, 1, 0));
	EXPECT_EQ(old, byte);
	ASSERT_EQ(0, mock_access_unpin(self->fd, access, copied));
	EXPECT_EQ(0, status_pages("VmPin"));
	close(access);
}

TEST_F(access, read_only_copy_cannot_be_written)
{
	__u64 iova = 2 * IOVA;
	__u8 byte = 0;

	ASSERT_EQ(0, ioas_copy_flags(self->fd, self->ioas, self->ioas,
				     page_size, &iova, IOVA,
				     IOMMU_IOAS_MAP_FIXED_IOVA |
					     IOMMU_IOAS_MAP_READABLE));
	EXPECT_EQ(-EPERM, mock_access_rw(self->fd, self->rw, iova, &byte, 1,
					 MOCK_ACCESS_WRITE));
	EXPECT_EQ(-EPERM, mock_access_pin(self->fd, self->access, iova, 1, NULL,
					  MOCK_ACCESS_WRITE, NULL));
	ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, iova, &byte, 1, 0));
	EXPECT_EQ(self->memory[0], byte);
	EXPECT_EQ(0, mock_access_pin(self->fd, self->access, iova, 1,
				     self->memory, 0, NULL));
}

/* The table of the copy gets the page that is pinned in the original */
TEST_F(access, device_of_a_copy_uses_the_pinned_page)
{
	__u8 *page = self->memory + page_size, old = *page, byte;
	struct mock_device dev;
	__u32 ioas, item;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, iova_of_page(1),
				     page_size, page, 0, &item));
	ASSERT_EQ(page, new_page(page));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, ioas, self->ioas, 3 * page_size,
				     2 * IOVA, IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, 2 * IOVA, self->memory,
				    page_size));
	EXPECT_EQ(-EINVAL,
		  mock_check_map(self->fd, dev.hwpt, 2 * IOVA + page_size, page,
				 page_size));
	EXPECT_EQ(0,
		  mock_check_map(self->fd, dev.hwpt, 2 * IOVA + 2 * page_size,
				 self->memory + 2 * page_size, page_size));
	EXPECT_PINNED(3);
	/* the page stays where it is when the access lets go of it */
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, iova_of_page(1), &byte,
				    1, 0));
	EXPECT_EQ(old, byte);
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_PINNED(0);
}

/*
 * Beside hardware tables
 */

TEST_F(access, device_that_comes_later_uses_the_pinned_page)
{
	__u8 *page = self->memory + page_size, old = *page, byte;
	struct mock_device dev;
	__u32 item;

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, iova_of_page(1),
				     page_size, page, 0, &item));
	ASSERT_EQ(page, new_page(page));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				    page_size));
	EXPECT_EQ(-EINVAL, mock_check_map(self->fd, dev.hwpt, iova_of_page(1),
					  page, page_size));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, iova_of_page(2),
				    self->memory + 2 * page_size,
				    MEMORY_SIZE - 2 * page_size));
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));
	ASSERT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));
	ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, iova_of_page(1), &byte,
				    1, 0));
	EXPECT_EQ(old, byte);
}

TEST_F(access, device_that_goes_leaves_what_the_access_has)
{
	struct mock_device dev;
	__u32 item;

	dev = self->dev;
	if (!variant->device)
		ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, iova_of_page(2),
				     3 * page_size,
				     self->memory + 2 * page_size, 0, &item));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_EQ(3, status_pages("VmPin"));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 2 * page_size, 0));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory + 2 * page_size,
				     3 * page_size, 1));
	/* and another one takes it over again */
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, IOVA, self->memory,
				    MEMORY_SIZE));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, MEMORY_SIZE, 1));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(access, unmap_takes_from_devices_and_accesses)
{
	struct mock_device dev;
	__u32 item;

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, iova_of_page(2),
				     3 * page_size,
				     self->memory + 2 * page_size, 0, &item));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, MEMORY_SIZE));
	EXPECT_EQ(-EINVAL,
		  mock_check_map(self->fd, dev.hwpt, iova_of_page(2),
				 self->memory + 2 * page_size, page_size));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, item));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, MEMORY_SIZE, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(access, attach_that_fails_leaves_what_the_access_has)
{
	__u8 *memory = memory_map(4 * page_size);
	struct mock_device dev;
	__u32 ioas, item;
	int access;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, access_create(self->fd, ioas, MOCK_ACCESS_PINS, &access));
	ASSERT_EQ(0,
		  ioas_map_fixed(self->fd, ioas, memory, 4 * page_size, IOVA));
	ASSERT_EQ(0, mock_access_pin(self->fd, access, iova_of_page(1),
				     page_size, memory + page_size, 0, &item));
	ASSERT_EQ(0, munmap(memory + 3 * page_size, page_size));
	EXPECT_EQ(-EFAULT, mock_device(self->fd, ioas, &dev));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, page_size, 0));
	EXPECT_EQ(0,
		  mock_check_pins(self->fd, memory + page_size, page_size, 1));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory + 2 * page_size,
				     page_size, 0));
	EXPECT_EQ(0, mock_access_unpin(self->fd, access, item));
	EXPECT_EQ(0, mock_check_pins(self->fd, memory, 3 * page_size, 0));
	EXPECT_PINNED(0);
	close(access);
}

TEST_F(access, write_is_seen_through_the_table_of_the_device)
{
	struct mock_device dev;
	__u8 byte = 0x3c;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	/* the table's page is not the process' any more */
	ASSERT_EQ(self->memory, new_page(self->memory));
	ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, IOVA, &byte, 1,
				    MOCK_ACCESS_WRITE));
	EXPECT_EQ(0, self->memory[0]);
	byte = 0;
	ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, IOVA, &byte, 1, 0));
	EXPECT_EQ(0x3c, byte);
}

TEST_HARNESS_MAIN
