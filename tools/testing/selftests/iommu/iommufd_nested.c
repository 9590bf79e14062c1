// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested hardware page tables: making them on a parent, attaching devices to
 * them, and invalidation. The tables are those of the mock IOMMU driver: a few
 * words that stand for what an IOTLB has.
 */
#include "mock_fixture.h"

#define PRESET 0x0badbeef

FIXTURE(nested)
{
	int fd;
	__u32 ioas;
	__u32 parent;
	__u32 nested;
	struct mock_device dev;
	__u8 *memory;
};

FIXTURE_SETUP(nested)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &self->parent));
	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, self->parent,
				       PRESET, &self->nested));
}

FIXTURE_TEARDOWN(nested)
{
	EXPECT_EQ(0, close(self->fd));
	/* nothing that the descriptor held is left pinned */
	self->fd = iommu_open();
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory,
				     MEMORY_PAGES * page_size, 0));
	close(self->fd);
}

/* Are the words of the IOTLB those? */
static int check_iotlb(int fd, __u32 hwpt, const __u32 *values)
{
	int rc = 0;

	for (__u32 i = 0; i < MOCK_IOTLB_ENTRIES && !rc; i++)
		rc = mock_check_iotlb(fd, hwpt, i, values[i]);
	return rc;
}

static const __u32 untouched[] = { PRESET, PRESET, PRESET, PRESET };

/*
 * Making them
 */

TEST_F(nested, parent_is_a_table_with_all_mappings)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    4 * page_size, IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, self->parent, IOVA, self->memory,
				    4 * page_size));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, 4 * page_size));
	EXPECT_EQ(0, mock_count_mapped(self->fd, self->parent, IOVA,
				       4 * page_size));
}

TEST_F(nested, parent_can_track_what_is_written)
{
	__u32 parent, nested;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT |
				IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &parent));
	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, parent, 0,
				       &nested));
	EXPECT_EQ(0, hwpt_set_dirty_tracking(self->fd, parent,
					     IOMMU_HWPT_DIRTY_TRACKING_ENABLE));
	/* it is the parent that has the memory */
	EXPECT_EQ(-ENOENT, hwpt_set_dirty_tracking(self->fd, nested,
						   IOMMU_HWPT_DIRTY_TRACKING_ENABLE));
}

TEST_F(nested, data_reach_the_driver)
{
	struct mock_hwpt_data data = { .iotlb = 0x1234 };
	__u32 nested;

	EXPECT_EQ(0, check_iotlb(self->fd, self->nested, untouched));
	/* what is optional can be left out */
	ASSERT_EQ(0, hwpt_alloc_data(self->fd, self->dev.idev, self->parent, 0,
				     MOCK_HWPT_DATA, &data, 4, &nested));
	EXPECT_EQ(0, mock_check_iotlb(self->fd, nested, 3, 0x1234));
	EXPECT_EQ(-EINVAL, mock_check_iotlb(self->fd, nested, 3, 0x1235));
	EXPECT_EQ(-EINVAL, mock_check_iotlb(self->fd, nested, 4, 0x1234));
	EXPECT_EQ(-ENOENT, mock_check_iotlb(self->fd, self->parent, 0, 0));
}

TEST_F(nested, wrong_data_are_refused)
{
	struct {
		struct mock_hwpt_data data;
		__u8 tail[8];
	} arg = {};
	__u32 id;

#define ALLOC(_type, _data, _len)                                              \
	hwpt_alloc_data(self->fd, self->dev.idev, self->parent, 0, _type,      \
			_data, _len, &id)
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(IOMMU_HWPT_DATA_NONE, NULL, 0));
	EXPECT_EQ(-EINVAL, ALLOC(IOMMU_HWPT_DATA_NONE, &arg,
				 sizeof(arg.data)));
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(MOCK_HWPT_DATA + 100, &arg,
				     sizeof(arg.data)));
	EXPECT_EQ(-EINVAL, ALLOC(MOCK_HWPT_DATA, &arg, 0));
	EXPECT_EQ(-EINVAL, ALLOC(MOCK_HWPT_DATA, &arg, 3));
	EXPECT_EQ(-EINVAL, ALLOC(MOCK_HWPT_DATA, &arg,
				 sizeof(arg.data) + 1));
	EXPECT_EQ(-EFAULT, ALLOC(MOCK_HWPT_DATA, NULL, sizeof(arg.data)));
	EXPECT_EQ(0, ALLOC(MOCK_HWPT_DATA, &arg, sizeof(arg.data)));
#undef ALLOC
}

TEST_F(nested, only_a_parent_can_be_the_parent)
{
	struct mock_hwpt_data data = {};
	__u32 plain, id;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas, 0,
				&plain));
	EXPECT_EQ(-EINVAL, mock_nested_alloc(self->fd, self->dev.idev, plain,
					     0, &id));
	EXPECT_EQ(-EINVAL, mock_nested_alloc(self->fd, self->dev.idev,
					     self->dev.hwpt, 0, &id));
	EXPECT_EQ(-EINVAL, mock_nested_alloc(self->fd, self->dev.idev,
					     self->nested, 0, &id));
	EXPECT_EQ(-EINVAL, mock_nested_alloc(self->fd, self->dev.idev,
					     self->dev.idev, 0, &id));
	EXPECT_EQ(-ENOENT, mock_nested_alloc(self->fd, self->dev.idev, 77, 0,
					     &id));
	EXPECT_EQ(-ENOENT, mock_nested_alloc(self->fd, self->dev.stdev,
					     self->parent, 0, &id));
	/* on an IOAS the data are those of a table that follows it */
	EXPECT_EQ(0, hwpt_alloc_data(self->fd, self->dev.idev, self->ioas, 0,
				     MOCK_HWPT_DATA, &data, sizeof(data), &id));
	EXPECT_EQ(-ENOENT, mock_check_iotlb(self->fd, id, 0, 0));
}

TEST_F(nested, flags_of_other_tables_are_unsupported)
{
	static const __u32 flags[] = {
		IOMMU_HWPT_ALLOC_NEST_PARENT,
		IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
		1 << 4,
	};
	struct mock_hwpt_data data = {};
	__u32 id;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		EXPECT_EQ(-EOPNOTSUPP,
			  hwpt_alloc_data(self->fd, self->dev.idev,
					  self->parent, flags[i],
					  MOCK_HWPT_DATA, &data, sizeof(data),
					  &id));
}

TEST_F(nested, parent_lives_as_long_as_its_children)
{
	__u32 other;

	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, self->parent,
				       0, &other));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->parent));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->nested));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->parent));
	ASSERT_EQ(0, iommu_destroy(self->fd, other));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->parent));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, self->nested));
}

TEST_F(nested, devices_that_cannot_nest_are_told_so)
{
	struct mock_device dev;
	__u32 id;

	ASSERT_EQ(0, mock_device_flags(self->fd, self->ioas,
				       MOCK_DEVICE_NO_NESTING, &dev));
	EXPECT_EQ(-EOPNOTSUPP, mock_nested_alloc(self->fd, dev.idev,
						 self->parent, 0, &id));
	ASSERT_EQ(0, mock_device_flags(self->fd, self->ioas,
				       MOCK_DEVICE_NONCOHERENT, &dev));
	EXPECT_EQ(-EPERM, mock_nested_alloc(self->fd, dev.idev, self->parent,
					    0, &id));
}

/*
 * Attach
 */

TEST_F(nested, device_goes_to_a_nested_table_and_back)
{
	__u32 hwpt;

	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->nested,
				  &hwpt));
	EXPECT_EQ(self->nested, hwpt);
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->nested));
	/* the automatic table of the IOAS has gone with its last device */
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, self->dev.hwpt));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->nested,
				  &hwpt));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->parent,
				  &hwpt));
	EXPECT_EQ(self->parent, hwpt);
	EXPECT_EQ(0, iommu_destroy(self->fd, self->nested));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->ioas,
				  &hwpt));
	EXPECT_NE(self->parent, hwpt);
	EXPECT_EQ(0, iommu_destroy(self->fd, self->parent));
}

TEST_F(nested, device_goes_from_one_nested_table_to_another)
{
	__u32 other;

	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, self->parent,
				       0, &other));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->nested,
				  NULL));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, other, NULL));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, other));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->nested));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	EXPECT_EQ(0, iommu_destroy(self->fd, other));
}

TEST_F(nested, devices_share_a_nested_table)
{
	struct mock_device other;

	ASSERT_EQ(0, mock_device(self->fd, self->nested, &other));
	EXPECT_EQ(self->nested, other.hwpt);
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->nested,
				  NULL));
	ASSERT_EQ(0, iommu_destroy(self->fd, other.stdev));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->nested));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->nested));
}

TEST_F(nested, memory_of_the_parent_can_change_under_a_device)
{
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->nested,
				  NULL));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, self->parent, IOVA, self->memory,
				    page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 1));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, page_size, 0));
}

FIXTURE(unsuited)
{
	int fd;
	__u32 ioas;
	__u32 nested;
	__u32 hwpt;
	struct mock_device dev;
	struct mock_device other;
};

FIXTURE_VARIANT(unsuited)
{
	__u32 flags;
	bool tracking;
};

FIXTURE_VARIANT_ADD(unsuited, no_nesting)
{
	.flags = MOCK_DEVICE_NO_NESTING,
};

FIXTURE_VARIANT_ADD(unsuited, noncoherent)
{
	.flags = MOCK_DEVICE_NONCOHERENT,
};

FIXTURE_VARIANT_ADD(unsuited, other_iommu)
{
	.flags = MOCK_DEVICE_OTHER_IOMMU,
};

FIXTURE_VARIANT_ADD(unsuited, parent_tracks)
{
	.flags = MOCK_DEVICE_NO_DIRTY,
	.tracking = true,
};

FIXTURE_SETUP(unsuited)
{
	__u32 flags = IOMMU_HWPT_ALLOC_NEST_PARENT;
	__u32 parent;

	if (variant->tracking)
		flags |= IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas, flags,
				&parent));
	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, parent,
				       PRESET, &self->nested));
	ASSERT_EQ(0, mock_device_flags(self->fd, self->ioas, variant->flags,
				       &self->other));
}

FIXTURE_TEARDOWN(unsuited)
{
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(unsuited, device_is_refused_and_stays)
{
	__u32 hwpt = 0;

	EXPECT_EQ(-EINVAL, mock_replace(self->fd, self->other.stdev,
					self->nested, NULL));
	/* it has what it had, and the table has no user */
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->other.hwpt));
	ASSERT_EQ(0, mock_replace(self->fd, self->other.stdev, self->ioas,
				  &hwpt));
	EXPECT_EQ(self->other.hwpt, hwpt);
	EXPECT_EQ(0, iommu_destroy(self->fd, self->nested));
}

TEST_F(unsuited, device_that_is_plugged_in_later_is_refused)
{
	struct mock_device late;

	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->nested,
				  NULL));
	EXPECT_EQ(-EINVAL, mock_device_flags(self->fd, self->nested,
					     variant->flags, &late));
	EXPECT_EQ(0, mock_device(self->fd, self->nested, &late));
}

/*
 * Invalidation
 */

static int invalidate(int fd, __u32 hwpt,
		      const struct mock_hwpt_invalidate *entries, __u32 *num)
{
	return hwpt_invalidate(fd, hwpt, MOCK_INVALIDATE_DATA, entries,
			       sizeof(*entries), num);
}

TEST_F(nested, entries_are_done_in_order)
{
	static const struct mock_hwpt_invalidate entries[] = {
		{ .entry = 1 },
		{ .entry = 3 },
	};
	static const __u32 left[] = { PRESET, 0, PRESET, 0 };
	static const __u32 nothing[MOCK_IOTLB_ENTRIES];
	static const struct mock_hwpt_invalidate all = {
		.flags = MOCK_INVALIDATE_ALL,
	};
	__u32 num = 2;

	ASSERT_EQ(0, invalidate(self->fd, self->nested, entries, &num));
	EXPECT_EQ(2, num);
	EXPECT_EQ(0, check_iotlb(self->fd, self->nested, left));
	num = 1;
	ASSERT_EQ(0, invalidate(self->fd, self->nested, &all, &num));
	EXPECT_EQ(1, num);
	EXPECT_EQ(0, check_iotlb(self->fd, self->nested, nothing));
}

TEST_F(nested, invalidation_ends_with_the_first_bad_entry)
{
	struct mock_hwpt_invalidate entries[] = {
		{ .entry = 0 },
		{ .entry = 1, .flags = 2 },
		{ .entry = 2 },
	};
	static const __u32 left[] = { 0, PRESET, PRESET, PRESET };
	__u32 num = 3;

	EXPECT_EQ(-EOPNOTSUPP, invalidate(self->fd, self->nested, entries,
					  &num));
	EXPECT_EQ(1, num);
	EXPECT_EQ(0, check_iotlb(self->fd, self->nested, left));
	entries[1].flags = MOCK_INVALIDATE_ALL;
	entries[1].entry = MOCK_IOTLB_ENTRIES;
	num = 3;
	EXPECT_EQ(-EINVAL, invalidate(self->fd, self->nested, entries, &num));
	EXPECT_EQ(1, num);
	EXPECT_EQ(0, check_iotlb(self->fd, self->nested, left));
	num = 2;
	EXPECT_EQ(-EINVAL, invalidate(self->fd, self->nested, entries + 1,
				      &num));
	EXPECT_EQ(0, num);
}

TEST_F(nested, no_entries_ask_for_the_layout)
{
	__u32 num = 0;

	EXPECT_EQ(0, hwpt_invalidate(self->fd, self->nested,
				     MOCK_INVALIDATE_DATA, NULL, 0, &num));
	EXPECT_EQ(-EINVAL, hwpt_invalidate(self->fd, self->nested, 0x0dadbeef,
					   NULL, 0, &num));
	EXPECT_EQ(0, num);
}

TEST_F(nested, bad_arrays_are_refused)
{
	static const struct mock_hwpt_invalidate entry = {};
	__u32 num;

#define INVALIDATE(_id, _type, _array, _len, _num)                             \
	(num = (_num), hwpt_invalidate(self->fd, _id, _type, _array, _len, &num))
	EXPECT_EQ(-EINVAL, INVALIDATE(self->nested, 0x0dadbeef, &entry,
				      sizeof(entry), 1));
	EXPECT_EQ(0, num);
	EXPECT_EQ(-EINVAL, INVALIDATE(self->nested, MOCK_INVALIDATE_DATA,
				      &entry, sizeof(entry) + 1, 1));
	EXPECT_EQ(0, num);
	EXPECT_EQ(-EINVAL, INVALIDATE(self->nested, MOCK_INVALIDATE_DATA,
				      &entry, sizeof(entry) - 1, 1));
	EXPECT_EQ(-EINVAL, INVALIDATE(self->nested, MOCK_INVALIDATE_DATA,
				      &entry, 0, 1));
	EXPECT_EQ(-EFAULT, INVALIDATE(self->nested, MOCK_INVALIDATE_DATA, NULL,
				      sizeof(entry), 1));
	EXPECT_EQ(0, num);
	EXPECT_EQ(-EFAULT, INVALIDATE(self->nested, MOCK_INVALIDATE_DATA,
				      (void *)8, sizeof(entry), 1));
	EXPECT_EQ(0, num);
	EXPECT_EQ(-EINVAL, INVALIDATE(self->nested, MOCK_INVALIDATE_DATA,
				      &entry, sizeof(entry), (1 << 19) + 1));
	EXPECT_EQ(0, num);
	EXPECT_EQ(-EINVAL, INVALIDATE(self->parent, MOCK_INVALIDATE_DATA,
				      &entry, sizeof(entry), 1));
	EXPECT_EQ(-EINVAL, INVALIDATE(self->ioas, MOCK_INVALIDATE_DATA,
				      &entry, sizeof(entry), 1));
	EXPECT_EQ(-ENOENT, INVALIDATE(77, MOCK_INVALIDATE_DATA, &entry,
				      sizeof(entry), 1));
	EXPECT_EQ(0, num);
#undef INVALIDATE
	EXPECT_EQ(0, check_iotlb(self->fd, self->nested, untouched));
}

TEST_F(nested, reserved_member_of_invalidate_is_unsupported)
{
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = self->nested,
		.data_type = MOCK_INVALIDATE_DATA,
		.entry_num = 1,
		.__reserved = 1,
	};

	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->fd, IOMMU_HWPT_INVALIDATE,
					   &cmd));
	EXPECT_EQ(0, cmd.entry_num);
}

/* More entries than the kernel copies at a time; the array ends in a hole */
TEST_F(nested, long_arrays_tell_how_far_they_got)
{
	size_t length = 4 * page_size;
	struct mock_hwpt_invalidate *entries = memory_map(length);
	__u32 fitting = length / sizeof(*entries);
	__u32 num = fitting;

	ASSERT_NE(NULL, entries);
	EXPECT_EQ(0, invalidate(self->fd, self->nested, entries, &num));
	EXPECT_EQ(fitting, num);
	/* in the third of four batches */
	entries[fitting / 2 + 5].entry = MOCK_IOTLB_ENTRIES;
	num = fitting;
	EXPECT_EQ(-EINVAL, invalidate(self->fd, self->nested, entries, &num));
	EXPECT_EQ(fitting / 2 + 5, num);
	ASSERT_EQ(0, munmap((void *)entries + 3 * page_size, page_size));
	entries[fitting / 2 + 5].entry = 0;
	num = fitting;
	EXPECT_EQ(-EFAULT, invalidate(self->fd, self->nested, entries, &num));
	EXPECT_EQ(fitting / 4 * 3, num);
	/* the end of the memory is in the middle of a batch, and of an entry */
	num = fitting;
	EXPECT_EQ(-EFAULT, invalidate(self->fd, self->nested,
				      (void *)entries + page_size + 12, &num));
	EXPECT_EQ((2 * page_size - 12) / sizeof(*entries), num);
	munmap(entries, 3 * page_size);
}

TEST_HARNESS_MAIN
