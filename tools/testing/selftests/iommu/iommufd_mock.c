// SPDX-License-Identifier: GPL-2.0-only
/*
 * What needs a device, but none that does DMA: attach, page tables, pinned
 * memory and its accounting. The devices are those of the mock IOMMU driver
 * (CONFIG_IOMMUFD_TEST), whose page tables can be looked into.
 */
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "mock.h"
#include "../kselftest_harness.h"

#define NOBODY		65534
#define HUGETLB_SIZE	0x200000UL

#define APERTURE_SIZE	(MOCK_APERTURE_LAST - MOCK_APERTURE_START + 1ULL)
#define IOVA		((__u64)MOCK_APERTURE_START)

static long page_size;

static void __attribute__((constructor)) setup_page_size(void)
{
	page_size = sysconf(_SC_PAGESIZE);
}

/* VmPin and the like, in pages */
static long status_pages(const char *name)
{
	char line[256], format[64];
	long kib = -1;
	FILE *f;

	f = fopen("/proc/self/status", "r");
	if (!f)
		return -1;
	snprintf(format, sizeof(format), "%s: %%ld kB", name);
	while (fgets(line, sizeof(line), f)) {
		int found = sscanf(line, format, &kib);

		if (found == 1)
			break;
	}
	fclose(f);
	return kib < 0 ? -1 : kib * 1024 / page_size;
}

/*
 * The mock's own commands
 */

FIXTURE(mock)
{
	int fd;
	__u32 ioas;
	__u8 *memory;
};

#define MEMORY_PAGES	16

FIXTURE_SETUP(mock)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(mock)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, mock_memory_limit(iommu_open(),
				       MOCK_MEMORY_LIMIT_DEFAULT));
}

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

	EXPECT_EQ(-EINVAL, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
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

/*
 * Memory. Each promise must hold for batches of any size and whatever the
 * kernel makes of contiguous pages.
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

/*
 * Many at once: every thread does one kind of thing to the same two IOASes
 */

#define CONCURRENT_SECONDS	2

struct member;

struct crowd {
	int fd;
	__u32 ioas[2];
	__u8 *memory;
	time_t end;
	struct member *member;
	size_t members;
};

struct member {
	struct crowd *crowd;
	unsigned int seed;
	unsigned long successes;
	int unexpected;		/* an errno that cannot be explained */
};

static void note(struct member *m, int rc)
{
	if (!rc)
		m->successes++;
	/* others may have been faster */
	else if (rc != -ENOENT && rc != -EEXIST && rc != -EBUSY &&
		 rc != -EADDRINUSE)
		m->unexpected = rc;
}

/* Until the time is up and everybody had a success, but not for ever */
static bool crowd_goes_on(struct member *m)
{
	struct crowd *c = m->crowd;
	time_t now = time(NULL);

	if (now < c->end)
		return true;
	for (size_t i = 0; i < c->members; i++)
		if (!__atomic_load_n(&c->member[i].successes, __ATOMIC_RELAXED))
			return now < c->end + 60;
	return false;
}

static __u64 crowd_iova(struct member *m)
{
	return IOVA + rand_r(&m->seed) % 8 * MEMORY_PAGES * page_size;
}

static __u32 crowd_ioas(struct member *m)
{
	return m->crowd->ioas[rand_r(&m->seed) % 2];
}

static void *crowd_map(void *arg)
{
	struct member *m = arg;

	while (crowd_goes_on(m)) {
		size_t length = (1 + rand_r(&m->seed) % MEMORY_PAGES) *
				page_size;

		note(m, ioas_map_fixed(m->crowd->fd, crowd_ioas(m),
				       m->crowd->memory, length,
				       crowd_iova(m)));
	}
	return NULL;
}

static void *crowd_unmap(void *arg)
{
	struct member *m = arg;

	while (crowd_goes_on(m))
		note(m, rand_r(&m->seed) % 16 ?
			ioas_unmap(m->crowd->fd, crowd_ioas(m), crowd_iova(m),
				   MEMORY_PAGES * page_size) :
			ioas_unmap_all(m->crowd->fd, crowd_ioas(m), NULL));
	return NULL;
}

static void *crowd_copy(void *arg)
{
	struct member *m = arg;

	while (crowd_goes_on(m))
		note(m, ioas_copy_fixed(m->crowd->fd, crowd_ioas(m),
					crowd_ioas(m), page_size, crowd_iova(m),
					crowd_iova(m)));
	return NULL;
}

static void *crowd_attach(void *arg)
{
	struct member *m = arg;
	struct mock_device dev;
	__u32 hwpt;
	int rc;

	while (crowd_goes_on(m)) {
		rc = mock_device(m->crowd->fd, crowd_ioas(m), &dev);
		note(m, rc);
		if (rc)
			continue;
		note(m, mock_replace(m->crowd->fd, dev.stdev, crowd_ioas(m),
				     NULL));
		rc = hwpt_alloc(m->crowd->fd, dev.idev, crowd_ioas(m), 0,
				&hwpt);
		note(m, rc);
		if (!rc) {
			note(m, mock_replace(m->crowd->fd, dev.stdev, hwpt,
					     NULL));
			note(m, mock_replace(m->crowd->fd, dev.stdev,
					     crowd_ioas(m), NULL));
			rc = iommu_destroy(m->crowd->fd, hwpt);
			note(m, rc);
		}
		note(m, iommu_destroy(m->crowd->fd, dev.stdev));
	}
	return NULL;
}

static void *crowd_guess_ids(void *arg)
{
	struct member *m = arg;

	while (crowd_goes_on(m)) {
		struct iommu_iova_range range;
		__u32 num = 1, id = 3 + rand_r(&m->seed) % 16;

		/* all but the IOASes, which the others need */
		if (iommu_destroy(m->crowd->fd, id))
			ioas_iova_ranges(m->crowd->fd, crowd_ioas(m), &range,
					 &num, NULL);
		m->successes++;
	}
	return NULL;
}

FIXTURE(crowd)
{
	struct crowd crowd;
};

FIXTURE_VARIANT(crowd)
{
	void *(*extra)(void *arg);
};

FIXTURE_VARIANT_ADD(crowd, attach)
{
	.extra = crowd_attach,
};

FIXTURE_VARIANT_ADD(crowd, attach_and_destroy_of_any_id)
{
	.extra = crowd_guess_ids,
};

FIXTURE_SETUP(crowd)
{
	struct crowd *c = &self->crowd;

	c->fd = iommu_open();
	ASSERT_LE(0, c->fd);
	ASSERT_EQ(0, ioas_alloc(c->fd, &c->ioas[0]));
	ASSERT_EQ(0, ioas_alloc(c->fd, &c->ioas[1]));
	c->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, c->memory);
	c->end = time(NULL) + CONCURRENT_SECONDS;
}

FIXTURE_TEARDOWN(crowd)
{
	struct crowd *c = &self->crowd;

	EXPECT_EQ(0, close(c->fd));
	c->fd = iommu_open();
	EXPECT_EQ(0, mock_check_pins(c->fd, c->memory, MEMORY_PAGES * page_size,
				     0));
	EXPECT_EQ(0, status_pages("VmPin"));
	close(c->fd);
}

TEST_F(crowd, concurrent_commands_leave_nothing_pinned)
{
	void *(*const role[])(void *arg) = {
		crowd_map, crowd_map, crowd_unmap, crowd_copy, crowd_attach,
		variant->extra,
	};
	struct member member[ARRAY_SIZE(role)] = {};
	pthread_t thread[ARRAY_SIZE(role)];

	self->crowd.member = member;
	self->crowd.members = ARRAY_SIZE(role);
	for (size_t i = 0; i < ARRAY_SIZE(role); i++) {
		member[i].crowd = &self->crowd;
		member[i].seed = i + 1;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, role[i],
					    &member[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(role); i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_LT(0, member[i].successes) {
			TH_LOG("thread %zu", i);
		}
		EXPECT_EQ(0, member[i].unexpected) {
			TH_LOG("thread %zu", i);
		}
	}
}

/*
 * RLIMIT_MEMLOCK: of the user by default, of the process by option. Run by an
 * unprivileged process.
 */

FIXTURE(rlimit)
{
	int fd;
	__u32 ioas;
	struct mock_device dev;
	__u8 *memory;
};

FIXTURE_VARIANT(rlimit)
{
	bool process;
	const char *counter;
};

FIXTURE_VARIANT_ADD(rlimit, user)
{
	.process = false,
	.counter = "VmPin",
};

FIXTURE_VARIANT_ADD(rlimit, process)
{
	.process = true,
	.counter = "VmLck",
};

#define LIMIT_PAGES	10

static int set_limit(rlim_t pages)
{
	struct rlimit limit = { pages * page_size, pages * page_size };

	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

static int become(uid_t uid)
{
	return setgroups(0, NULL) || setgid(uid) || setuid(uid);
}

FIXTURE_SETUP(rlimit)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0,
				variant->process));
	ASSERT_EQ(0, set_limit(LIMIT_PAGES));
	ASSERT_EQ(0, become(NOBODY));
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	self->memory = memory_map(2 * LIMIT_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(rlimit)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, status_pages("VmLck"));
}

static int map_page(int fd, __u32 ioas, __u8 *memory, int i)
{
	return ioas_map_fixed(fd, ioas, memory + i * page_size, page_size,
			      IOVA + i * page_size);
}

TEST_F(rlimit, limit_is_exact)
{
	for (int i = 0; i < LIMIT_PAGES; i++) {
		ASSERT_EQ(0, map_page(self->fd, self->ioas, self->memory, i));
		EXPECT_EQ(i + 1, status_pages(variant->counter));
	}
	EXPECT_EQ(-ENOMEM, map_page(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	/* what was given back can be used again, once */
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, page_size));
	EXPECT_EQ(LIMIT_PAGES - 1, status_pages(variant->counter));
	ASSERT_EQ(0, map_page(self->fd, self->ioas, self->memory, LIMIT_PAGES));
	EXPECT_EQ(-ENOMEM, map_page(self->fd, self->ioas, self->memory, 0));
}

TEST_F(rlimit, one_map_may_have_the_whole_limit)
{
	EXPECT_EQ(-ENOMEM, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  (LIMIT_PAGES + 1) * page_size, IOVA));
	EXPECT_EQ(0, status_pages(variant->counter));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory,
				     (LIMIT_PAGES + 1) * page_size, 0));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES * page_size, IOVA));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				LIMIT_PAGES * page_size));
	EXPECT_EQ(0, status_pages(variant->counter));
}

TEST_F(rlimit, map_without_device_costs_nothing)
{
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory,
				    2 * LIMIT_PAGES * page_size, IOVA));
	EXPECT_EQ(0, status_pages(variant->counter));
}

TEST_F(rlimit, attach_over_the_limit_fails)
{
	struct mock_device dev;
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory,
				    LIMIT_PAGES * page_size, IOVA));
	ASSERT_EQ(0, map_page(self->fd, ioas, self->memory, LIMIT_PAGES));
	EXPECT_EQ(-ENOMEM, mock_device(self->fd, ioas, &dev));
	EXPECT_EQ(0, status_pages(variant->counter));
	ASSERT_EQ(0, ioas_unmap(self->fd, ioas, IOVA + LIMIT_PAGES * page_size,
				page_size));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
}

TEST_F(rlimit, further_tables_and_copies_cost_nothing)
{
	__u64 copy = 0;
	__u32 hwpt;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES * page_size, IOVA));
	EXPECT_EQ(0, ioas_copy(self->fd, self->ioas, self->ioas,
			       LIMIT_PAGES * page_size, &copy, IOVA));
	EXPECT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas, 0,
				&hwpt));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				LIMIT_PAGES * page_size));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	EXPECT_EQ(-ENOMEM, map_page(self->fd, self->ioas, self->memory, 0));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, copy,
				LIMIT_PAGES * page_size));
	EXPECT_EQ(0, status_pages(variant->counter));
}

TEST_F(rlimit, detach_gives_everything_back)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES * page_size, IOVA));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	EXPECT_EQ(0, status_pages(variant->counter));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
}

/* Of two processes of one user only one can have the limit, or each */
TEST_F(rlimit, limit_is_of_the_user_or_of_each_process)
{
	int expected = variant->process ? 0 : ENOMEM;
	int status;
	pid_t pid;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES * page_size, IOVA));
	pid = fork();
	if (!pid)
		_exit(-ioas_map_fixed(self->fd, self->ioas, self->memory,
				      LIMIT_PAGES * page_size,
				      IOVA + LIMIT_PAGES * page_size));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(expected, WEXITSTATUS(status));
}

/* What a process that is gone had pinned is charged until it is unmapped */
TEST_F(rlimit, exited_process_is_charged_until_unmap)
{
	int expected = variant->process ? 0 : -ENOMEM;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(-ioas_map_fixed(self->fd, self->ioas, self->memory,
				      LIMIT_PAGES * page_size, IOVA));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_EQ(expected, map_page(self->fd, self->ioas, self->memory,
				     LIMIT_PAGES));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				LIMIT_PAGES * page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    (LIMIT_PAGES - 1) * page_size, IOVA));
}

TEST_F(mock, process_with_cap_ipc_lock_has_no_limit)
{
	struct mock_device dev;

	ASSERT_EQ(0, set_limit(1));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    MEMORY_PAGES * page_size, IOVA));
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));
	EXPECT_EQ(0, status_pages("VmLck"));
}

TEST_HARNESS_MAIN
