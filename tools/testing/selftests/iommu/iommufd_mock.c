// SPDX-License-Identifier: GPL-2.0-only
/*
 * What needs a device, but none that does DMA: attach, page tables and the
 * permitted ranges. The devices are those of the mock IOMMU driver
 * (CONFIG_IOMMUFD_TEST), whose page tables can be looked into.
 */
#include "mock_fixture.h"

/*
 * The mock's own commands
 */

TEST_F(mock, command_follows_the_size_rules)
{
	struct {
		struct iommu_test_cmd cmd;
		__u8 tail[8];
	} arg = {
		.cmd.op = MOCK_OP_CHECK_REFS,
	};

	arg.cmd.size = offsetof(struct iommu_test_cmd, last) + 3;
	EXPECT_EQ(-EINVAL, iommu_ioctl(self->fd, IOMMU_TEST_CMD, &arg));
	arg.cmd.size++;
	EXPECT_EQ(0, iommu_ioctl(self->fd, IOMMU_TEST_CMD, &arg));
	arg.cmd.size = sizeof(arg);
	EXPECT_EQ(0, iommu_ioctl(self->fd, IOMMU_TEST_CMD, &arg));
	arg.tail[0] = 1;
	EXPECT_EQ(-E2BIG, iommu_ioctl(self->fd, IOMMU_TEST_CMD, &arg));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_TEST_CMD, NULL));
}

TEST_F(mock, unknown_operation_is_unsupported)
{
	static const __u32 unknown[] = { 0, 24, 0x80000000 };
	struct iommu_test_cmd cmd = { .size = sizeof(cmd) };

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		cmd.op = unknown[i];
		EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->fd, IOMMU_TEST_CMD,
						   &cmd));
	}
}

TEST_F(mock, memory_limit_holds_one_entry_at_least)
{
	EXPECT_EQ(-EINVAL, mock_memory_limit(self->fd, 11));
	EXPECT_EQ(0, mock_memory_limit(self->fd, 12));
}

TEST_F(mock, device_with_unknown_flag_is_invalid)
{
	struct mock_device dev;

	EXPECT_EQ(-EINVAL, mock_device_flags(self->fd, self->ioas, 1 << 1,
					     &dev));
	EXPECT_EQ(0, mock_device_flags(self->fd, self->ioas,
				       MOCK_DEVICE_NO_DIRTY | MOCK_DEVICE_PASID,
				       &dev));
}

TEST_F(mock, device_at_nothing_is_enoent)
{
	struct mock_device dev;

	EXPECT_EQ(-ENOENT, mock_device(self->fd, 77, &dev));
	EXPECT_EQ(-ENOENT, mock_device(self->fd, 0, &dev));
	/* what was made of the device is gone: the IOAS is free */
	EXPECT_EQ(0, iommu_destroy(self->fd, self->ioas));
}

TEST_F(mock, reserved_range_is_checked)
{
	EXPECT_EQ(-EINVAL, mock_reserve(self->fd, self->ioas, page_size, 0));
	EXPECT_EQ(-EOVERFLOW, mock_reserve(self->fd, self->ioas,
					   UINT64_MAX - 1, 3));
	EXPECT_EQ(-ENOENT, mock_reserve(self->fd, 77, page_size, page_size));
	EXPECT_EQ(0, mock_reserve(self->fd, self->ioas, UINT64_MAX - 1, 2));
}

/*
 * Attach
 */

FIXTURE(attach)
{
	int fd;
	__u32 ioas;
	struct mock_device dev;
	__u8 *memory;
};

FIXTURE_SETUP(attach)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
}

FIXTURE_TEARDOWN(attach)
{
	EXPECT_EQ(0, close(self->fd));
	/* nothing that the descriptor held is left pinned */
	self->fd = iommu_open();
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory,
				     MEMORY_PAGES * page_size, 0));
	EXPECT_EQ(0, mock_memory_limit(self->fd, MOCK_MEMORY_LIMIT_DEFAULT));
	close(self->fd);
}

TEST_F(attach, ids_of_device_binding_and_table_differ)
{
	EXPECT_NE(0, self->dev.stdev);
	EXPECT_NE(0, self->dev.idev);
	EXPECT_NE(0, self->dev.hwpt);
	EXPECT_NE(self->dev.stdev, self->dev.idev);
	EXPECT_NE(self->dev.idev, self->dev.hwpt);
	EXPECT_NE(self->ioas, self->dev.hwpt);
}

TEST_F(attach, devices_of_one_ioas_share_its_table)
{
	struct mock_device other;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &other));
	EXPECT_EQ(self->dev.hwpt, other.hwpt);
	EXPECT_NE(self->dev.idev, other.idev);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, other.hwpt, IOVA, self->memory,
				    page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 1));
}

TEST_F(attach, automatic_table_goes_with_its_last_device)
{
	struct mock_device other;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &other));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, other.hwpt, IOVA, self->memory,
				    page_size));
	ASSERT_EQ(0, iommu_destroy(self->fd, other.stdev));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, other.hwpt));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, other.idev));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 0));
}

TEST_F(attach, attached_objects_cannot_be_destroyed)
{
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->ioas));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->dev.hwpt));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->dev.idev));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->ioas));
}

TEST_F(attach, table_of_the_user_is_attached_exactly)
{
	struct mock_device other;
	__u32 hwpt;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas, 0,
				&hwpt));
	EXPECT_NE(self->dev.hwpt, hwpt);
	ASSERT_EQ(0, mock_device(self->fd, hwpt, &other));
	EXPECT_EQ(hwpt, other.hwpt);
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, hwpt));
	ASSERT_EQ(0, iommu_destroy(self->fd, other.stdev));
	/* it stays until it is destroyed */
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, other.idev));
	EXPECT_EQ(0, iommu_destroy(self->fd, hwpt));
}

TEST_F(attach, device_at_an_ioas_never_gets_the_users_table)
{
	struct mock_device other;
	__u32 hwpt;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas, 0,
				&hwpt));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &other));
	EXPECT_NE(hwpt, other.hwpt);
}

TEST_F(attach, all_tables_of_an_ioas_have_all_mappings)
{
	__u32 hwpt[3];

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    4 * page_size, IOVA));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
					0, &hwpt[i]));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    self->memory + 4 * page_size, page_size,
				    IOVA + 8 * page_size));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, mock_check_map(self->fd, hwpt[i], IOVA,
					    self->memory, 4 * page_size));
		EXPECT_EQ(0, mock_check_map(self->fd, hwpt[i],
					    IOVA + 8 * page_size,
					    self->memory + 4 * page_size,
					    page_size));
	}
	/* pinned once for all of them */
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 5 * page_size, 1));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, 4 * page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 4 * page_size, 0));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EINVAL, mock_check_map(self->fd, hwpt[i], IOVA,
						  self->memory, page_size));
}

#ifdef __aarch64__
TEST_F(attach, tag_of_a_pointer_is_ignored)
{
	void *tagged = (void *)((uintptr_t)self->memory | 0x5aUL << 56);

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, tagged, page_size,
				    IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, self->dev.hwpt, IOVA,
				    self->memory, page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 1));
}
#endif

TEST_F(attach, memory_stays_pinned_until_the_last_table_goes)
{
	__u32 hwpt[2];

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    4 * page_size, IOVA));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
					0, &hwpt[i]));
	/* the one that came first goes first */
	ASSERT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, self->dev.hwpt));
	EXPECT_EQ(0, mock_check_map(self->fd, hwpt[0], IOVA, self->memory,
				    4 * page_size));
	ASSERT_EQ(0, iommu_destroy(self->fd, hwpt[0]));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 4 * page_size, 1));
	EXPECT_EQ(0, mock_check_map(self->fd, hwpt[1], IOVA, self->memory,
				    4 * page_size));
	ASSERT_EQ(0, iommu_destroy(self->fd, hwpt[1]));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 4 * page_size, 0));
}

TEST_F(attach, replace_moves_a_device_to_another_ioas)
{
	__u32 ioas, hwpt, again;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, page_size,
				    IOVA));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, ioas, &hwpt));
	EXPECT_NE(self->dev.hwpt, hwpt);
	EXPECT_EQ(0, mock_check_map(self->fd, hwpt, IOVA, self->memory,
				    page_size));
	/* the automatic table of the first IOAS is gone, and so are its users */
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, self->dev.hwpt));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->ioas));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, ioas));
	/* by what it has already */
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, ioas, &again));
	EXPECT_EQ(hwpt, again);
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, hwpt, &again));
	EXPECT_EQ(hwpt, again);
}

TEST_F(attach, replace_between_tables_of_one_ioas_keeps_the_mappings)
{
	__u32 hwpt, now;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas, 0,
				&hwpt));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, hwpt, &now));
	EXPECT_EQ(hwpt, now);
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, self->dev.hwpt));
	EXPECT_EQ(0, mock_check_map(self->fd, hwpt, IOVA, self->memory,
				    page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 1));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->ioas, &now));
	EXPECT_NE(hwpt, now);
	EXPECT_EQ(0, iommu_destroy(self->fd, hwpt));
	EXPECT_EQ(0, mock_check_map(self->fd, now, IOVA, self->memory,
				    page_size));
}

TEST_F(attach, failed_replace_changes_nothing)
{
	__u32 bad;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_EQ(-ENOENT, mock_replace(self->fd, self->dev.stdev, 77, NULL));
	EXPECT_EQ(-ENOENT, mock_replace(self->fd, 77, self->ioas, NULL));
	EXPECT_EQ(-EINVAL, mock_replace(self->fd, self->dev.stdev,
					self->dev.idev, NULL));
	/* an IOAS that the device cannot use */
	ASSERT_EQ(0, ioas_alloc(self->fd, &bad));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, bad, self->memory, page_size, 0));
	EXPECT_EQ(-EADDRINUSE, mock_replace(self->fd, self->dev.stdev, bad,
					    NULL));
	EXPECT_EQ(0, mock_check_map(self->fd, self->dev.hwpt, IOVA,
				    self->memory, page_size));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->dev.hwpt));
	EXPECT_EQ(0, iommu_destroy(self->fd, bad));
}

TEST_F(attach, many_devices_come_and_go)
{
	struct mock_device dev[16];

	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(dev); i++)
			ASSERT_EQ(0, mock_device(self->fd, self->ioas,
						 &dev[i]));
		for (size_t i = 0; i < ARRAY_SIZE(dev); i++)
			ASSERT_EQ(0, iommu_destroy(self->fd,
						   dev[(i * 7 + round) %
						       ARRAY_SIZE(dev)].stdev));
	}
}

TEST_F(attach, close_releases_everything_in_any_order)
{
	struct mock_device dev[4];
	__u32 hwpt[4], ioas;
	__u64 copy = IOVA;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev,
					i % 2 ? ioas : self->ioas, 0,
					&hwpt[i]));
		ASSERT_EQ(0, mock_device(self->fd, hwpt[i], &dev[i]));
	}
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    MEMORY_PAGES * page_size, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, ioas, self->ioas,
				     MEMORY_PAGES * page_size, copy, IOVA));
	/* the IDs are now in another order than the dependencies */
	ASSERT_EQ(0, mock_replace(self->fd, dev[0].stdev, hwpt[3], NULL));
	ASSERT_EQ(0, mock_replace(self->fd, dev[3].stdev, hwpt[0], NULL));
	ASSERT_EQ(0, mock_check_pins(self->fd, self->memory,
				     MEMORY_PAGES * page_size, 1));
	/* and the teardown looks for pins that are left */
}

/*
 * Limits of the device in the IOAS
 */

TEST_F(attach, attach_narrows_the_permitted_ranges)
{
	struct iommu_iova_range range[4];
	__u64 alignment;
	__u32 num = 4;

	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, range, &num,
				      &alignment));
	ASSERT_EQ(1, num);
	EXPECT_EQ(MOCK_APERTURE_START, range[0].start);
	EXPECT_EQ(MOCK_APERTURE_LAST, range[0].last);
	EXPECT_EQ(MOCK_IO_PAGE_SIZE, alignment);

	ASSERT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	num = 4;
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, range, &num,
				      &alignment));
	ASSERT_EQ(1, num);
	EXPECT_EQ(0, range[0].start);
	EXPECT_EQ(UINT64_MAX, range[0].last);
}

TEST_F(attach, users_table_narrows_the_ranges_until_destroyed)
{
	struct iommu_iova_range range;
	__u32 hwpt, ioas, num = 1;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, ioas, 0, &hwpt));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, ioas, &range, &num, NULL));
	EXPECT_EQ(MOCK_APERTURE_START, range.start);
	ASSERT_EQ(0, iommu_destroy(self->fd, hwpt));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, ioas, &range, &num, NULL));
	EXPECT_EQ(0, range.start);
}

TEST_F(attach, map_outside_the_permitted_ranges_is_invalid)
{
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  page_size,
					  MOCK_APERTURE_START - page_size));
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  page_size, MOCK_APERTURE_LAST + 1ULL));
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  2 * page_size,
					  MOCK_APERTURE_LAST + 1ULL - page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, MOCK_APERTURE_START));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size,
				    MOCK_APERTURE_LAST + 1ULL - page_size));
}

TEST_F(attach, automatic_iova_is_a_permitted_one)
{
	__u64 iova = 0;

	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(0, ioas_map(self->fd, self->ioas, self->memory,
				      page_size, &iova));
		EXPECT_LE(MOCK_APERTURE_START, iova);
		EXPECT_GE(MOCK_APERTURE_LAST, iova + page_size - 1);
		EXPECT_EQ(0, mock_check_map(self->fd, self->dev.hwpt, iova,
					    self->memory, page_size));
	}
}

TEST_F(attach, misaligned_map_is_invalid)
{
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  page_size, IOVA + 1024));
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  1024, IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas,
					  self->memory + 1024, page_size,
					  IOVA));
}

TEST_F(attach, parts_of_pages_are_mapped_where_the_hardware_can)
{
	__u8 *va = self->memory + MOCK_IO_PAGE_SIZE;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, va,
				    MOCK_IO_PAGE_SIZE, IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, self->dev.hwpt, IOVA, va,
				    MOCK_IO_PAGE_SIZE));
	/* not a byte more */
	EXPECT_EQ(-EINVAL, mock_check_map(self->fd, self->dev.hwpt,
					  IOVA + MOCK_IO_PAGE_SIZE,
					  va + MOCK_IO_PAGE_SIZE,
					  MOCK_IO_PAGE_SIZE));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, va, 3 * page_size,
				    IOVA + 3 * MOCK_IO_PAGE_SIZE));
	EXPECT_EQ(0, mock_check_map(self->fd, self->dev.hwpt,
				    IOVA + 3 * MOCK_IO_PAGE_SIZE, va,
				    3 * page_size));
	/* the first page twice, the other three once */
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 2));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory + page_size,
				     3 * page_size, 1));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas,
				IOVA + 3 * MOCK_IO_PAGE_SIZE, 3 * page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 1));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory + page_size,
				     3 * page_size, 0));
	EXPECT_EQ(0, mock_check_map(self->fd, self->dev.hwpt, IOVA, va,
				    MOCK_IO_PAGE_SIZE));
}

TEST_F(mock, mapping_outside_the_limits_refuses_the_device)
{
	struct mock_device dev;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, 0));
	EXPECT_EQ(-EADDRINUSE, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, 0, page_size));
	EXPECT_EQ(0, mock_device(self->fd, self->ioas, &dev));
}

TEST_F(mock, mapping_of_finer_alignment_refuses_the_device)
{
	struct mock_device dev;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory, 1024,
				    IOVA));
	EXPECT_EQ(-EADDRINUSE, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, 1024));
	EXPECT_EQ(0, mock_device(self->fd, self->ioas, &dev));
}

TEST_F(mock, allowed_ranges_outside_the_limits_refuse_the_device)
{
	struct iommu_iova_range inside = { MOCK_APERTURE_START,
					   MOCK_APERTURE_LAST };
	struct iommu_iova_range outside = { MOCK_APERTURE_START,
					    MOCK_APERTURE_LAST + 1ULL };
	struct mock_device dev;

	ASSERT_EQ(0, ioas_allow_iovas(self->fd, self->ioas, &outside, 1));
	EXPECT_EQ(-EADDRINUSE, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_allow_iovas(self->fd, self->ioas, &inside, 1));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	/* what the device cannot use cannot be guaranteed any more */
	EXPECT_EQ(-EADDRINUSE, ioas_allow_iovas(self->fd, self->ioas, &outside,
						1));
}

TEST_F(mock, reserved_range_is_not_permitted)
{
	struct iommu_iova_range range[3];
	__u32 num = 3;

	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, 4 * page_size,
				  2 * page_size));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, range, &num, NULL));
	ASSERT_EQ(2, num);
	EXPECT_EQ(0, range[0].start);
	EXPECT_EQ(4 * page_size - 1, range[0].last);
	EXPECT_EQ(6 * page_size, range[1].start);
	EXPECT_EQ(UINT64_MAX, range[1].last);
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  page_size, 5 * page_size));
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  2 * page_size, 3 * page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, 3 * page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, 6 * page_size));
}

TEST_F(mock, reserved_ranges_up_to_both_ends_and_overlapping)
{
	struct iommu_iova_range range[3];
	__u32 num = 3;

	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, 0, page_size));
	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, page_size / 2,
				  page_size));
	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, 1ULL << 40,
				  -(1ULL << 40)));
	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, 1ULL << 41, page_size));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, range, &num, NULL));
	ASSERT_EQ(1, num);
	EXPECT_EQ(page_size * 3 / 2, range[0].start);
	EXPECT_EQ((1ULL << 40) - 1, range[0].last);
}

TEST_F(mock, array_too_small_for_the_ranges_is_filled_as_far_as_it_goes)
{
	struct iommu_iova_range range[4];
	__u32 num = 2;

	for (int i = 1; i < 4; i++)
		ASSERT_EQ(0, mock_reserve(self->fd, self->ioas,
					  2 * i * page_size, page_size));
	memset(range, 0x5a, sizeof(range));
	EXPECT_EQ(-EMSGSIZE, ioas_iova_ranges(self->fd, self->ioas, range, &num,
					      NULL));
	EXPECT_EQ(4, num);
	EXPECT_EQ(0, range[0].start);
	EXPECT_EQ(3 * page_size, range[1].start);
	EXPECT_EQ(4 * page_size - 1, range[1].last);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5a, range[2].start);
}

TEST_F(mock, no_range_may_be_left)
{
	__u64 iova = 0;
	__u32 num = 0;

	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, 0, UINT64_MAX));
	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, UINT64_MAX, 1));
	EXPECT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, NULL, &num, NULL));
	EXPECT_EQ(0, num);
	EXPECT_EQ(-ENOSPC, ioas_map(self->fd, self->ioas, self->memory,
				    page_size, &iova));
}

TEST_F(mock, mapped_and_allowed_iovas_are_not_reserved)
{
	struct iommu_iova_range allowed = { 8 * page_size, 9 * page_size - 1 };

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, 4 * page_size));
	ASSERT_EQ(0, ioas_allow_iovas(self->fd, self->ioas, &allowed, 1));
	EXPECT_EQ(-EADDRINUSE, mock_reserve(self->fd, self->ioas, 3 * page_size,
					    2 * page_size));
	EXPECT_EQ(-EADDRINUSE, mock_reserve(self->fd, self->ioas,
					    9 * page_size - 1, 1));
	EXPECT_EQ(0, mock_reserve(self->fd, self->ioas, 5 * page_size,
				  3 * page_size));
}

TEST_F(mock, allowed_ranges_must_be_permitted)
{
	struct iommu_iova_range range = { 4 * page_size, 8 * page_size - 1 };

	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, 6 * page_size, 1));
	EXPECT_EQ(-EADDRINUSE, ioas_allow_iovas(self->fd, self->ioas, &range,
						1));
	range.last = 6 * page_size - 1;
	EXPECT_EQ(0, ioas_allow_iovas(self->fd, self->ioas, &range, 1));
}

/*
 * HWPT_ALLOC and GET_HW_INFO
 */

TEST_F(attach, hwpt_alloc_checks_its_input)
{
	__u32 hwpt, data = 0;

	EXPECT_EQ(-ENOENT, hwpt_alloc(self->fd, 77, self->ioas, 0, &hwpt));
	EXPECT_EQ(-ENOENT, hwpt_alloc(self->fd, self->dev.idev, 77, 0, &hwpt));
	EXPECT_EQ(-ENOENT, hwpt_alloc(self->fd, self->ioas, self->ioas, 0,
				      &hwpt));
	/* neither an IOAS nor a parent */
	EXPECT_EQ(-EINVAL, hwpt_alloc(self->fd, self->dev.idev, self->dev.hwpt,
				      0, &hwpt));
	EXPECT_EQ(-EINVAL, hwpt_alloc(self->fd, self->dev.idev, self->dev.idev,
				      0, &hwpt));
	for (int bit = 4; bit < 32; bit++)
		EXPECT_EQ(-EOPNOTSUPP, hwpt_alloc(self->fd, self->dev.idev,
						  self->ioas, 1U << bit,
						  &hwpt));
	EXPECT_EQ(-EOPNOTSUPP,
		  hwpt_alloc_data(self->fd, self->dev.idev, self->ioas, 0,
				  0x1234, &data, sizeof(data), &hwpt));
	EXPECT_EQ(-EINVAL, hwpt_alloc_data(self->fd, self->dev.idev,
					   self->ioas, 0, IOMMU_HWPT_DATA_NONE,
					   &data, sizeof(data), &hwpt));
}

TEST_F(attach, hwpt_alloc_fails_when_memory_is_gone)
{
	__u32 ioas, hwpt;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory,
				    2 * page_size, IOVA));
	ASSERT_EQ(0, mprotect(self->memory + page_size, page_size, PROT_NONE));
	EXPECT_EQ(-EFAULT, hwpt_alloc(self->fd, self->dev.idev, ioas, 0,
				      &hwpt));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 0));
	ASSERT_EQ(0, mprotect(self->memory + page_size, page_size,
			      PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, ioas, 0, &hwpt));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 2 * page_size, 1));
	EXPECT_EQ(0, iommu_destroy(self->fd, hwpt));
}

TEST_F(attach, failed_copy_out_of_hwpt_alloc_leaves_no_table)
{
	struct iommu_hwpt_alloc *cmd = memory_map(page_size);
	struct iommu_iova_range range;
	__u32 ioas, num = 1;

	ASSERT_NE(NULL, cmd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	cmd->size = sizeof(*cmd);
	cmd->dev_id = self->dev.idev;
	cmd->pt_id = ioas;
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_HWPT_ALLOC, cmd));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, ioas, &range, &num, NULL));
	EXPECT_EQ(0, range.start);
	EXPECT_EQ(0, iommu_destroy(self->fd, ioas));
}

TEST_F(attach, hw_info_of_unknown_device_is_enoent)
{
	struct iommu_hw_info info = { .size = sizeof(info), .dev_id = 77 };

	EXPECT_EQ(-ENOENT, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
}

TEST_F(attach, hw_info_needs_a_buffer_for_a_length)
{
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = self->dev.idev,
		.data_len = 4,
	};

	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
}

/* What was put out is not taken for what is asked */
TEST_F(attach, hw_info_can_be_asked_again_with_the_same_struct)
{
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = self->dev.idev,
	};

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
		EXPECT_NE(0, info.out_data_type);
		info.data_len = 0;
	}
}

TEST_F(attach, hw_info_of_an_unknown_type_is_unsupported)
{
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE,
		.dev_id = self->dev.idev,
		.in_data_type = 0x1234,
	};

	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
}

TEST_F(attach, hw_info_clears_what_the_kernel_does_not_fill)
{
	__u8 data[256];
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = self->dev.idev,
		.data_len = sizeof(data) - 1,
		.data_uptr = (uintptr_t)data,
	};

	memset(data, 0x5a, sizeof(data));
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
	ASSERT_GT(sizeof(data) - 1, info.data_len);
	for (size_t i = info.data_len; i < sizeof(data) - 1; i++)
		ASSERT_EQ(0, data[i]);
	EXPECT_EQ(0x5a, data[sizeof(data) - 1]);
	EXPECT_TRUE(info.out_capabilities & IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED);
}

TEST_HARNESS_MAIN
