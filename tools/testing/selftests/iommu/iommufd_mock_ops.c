// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the mock's operations themselves answer (CONFIG_IOMMUFD_TEST): programs that
 * were written for the same interface of another kernel depend on it. Operations that
 * the other tests use throughout are here with their errors only.
 */
#include "mock_fixture.h"

#define ALL	(MEMORY_PAGES * page_size)
#define IO_PAGE	MOCK_IO_PAGE_SIZE

/* @more: what comes behind the struct, if @size says that there is more */
static int call_sized(int fd, __u32 op, __u32 size, __u8 more)
{
	struct {
		struct iommu_test_cmd cmd;
		__u8 more[8];
	} args = { .cmd = { .size = size, .op = op }, .more = { more } };

	args.cmd.memory_limit.limit = MOCK_MEMORY_LIMIT_DEFAULT;
	return iommu_ioctl(fd, IOMMU_TEST_CMD, &args);
}

TEST_F(mock, size_and_number_of_an_operation)
{
	__u32 size = sizeof(struct iommu_test_cmd);

	ASSERT_EQ(72, size);
#define CALL(_op, _size, _more) call_sized(self->fd, _op, _size, _more)
	EXPECT_EQ(0, CALL(MOCK_OP_MEMORY_LIMIT, size, 1));
	EXPECT_EQ(0, CALL(MOCK_OP_MEMORY_LIMIT, 68, 1));
	EXPECT_EQ(-EINVAL, CALL(MOCK_OP_MEMORY_LIMIT, 67, 1));
	EXPECT_EQ(-E2BIG, CALL(MOCK_OP_MEMORY_LIMIT, size + 8, 1));
	EXPECT_EQ(0, CALL(MOCK_OP_MEMORY_LIMIT, size + 8, 0));
	EXPECT_EQ(-EOPNOTSUPP, CALL(0, size, 0));
	EXPECT_EQ(-EOPNOTSUPP, CALL(0x7fff, size, 0));
#undef CALL
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_TEST_CMD, NULL));
}

TEST_F(mock, check_of_a_mapping)
{
	__u32 hwpt, ids[] = { self->ioas, 0, 1000 };
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	hwpt = dev.hwpt;
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    2 * page_size, IOVA));
#define CHECK(_iova, _offset, _length) \
	mock_check_map(self->fd, hwpt, _iova, self->memory + (_offset), _length)
	EXPECT_EQ(0, CHECK(IOVA, 0, 2 * page_size));
	EXPECT_EQ(0, CHECK(IOVA + IO_PAGE, IO_PAGE, IO_PAGE));
	/* not of whole pages of the table */
	EXPECT_EQ(-EINVAL, CHECK(IOVA + 1, 0, page_size));
	EXPECT_EQ(-EINVAL, CHECK(IOVA, 1, page_size));
	EXPECT_EQ(-EINVAL, CHECK(IOVA, 0, page_size - 1));
	EXPECT_EQ(-EINVAL, mock_check_map(self->fd, hwpt, IOVA,
					  (void *)-(page_size * 1L),
					  2 * page_size));
	/* another page, another half of it, and none */
	EXPECT_EQ(-EINVAL, CHECK(IOVA, page_size, page_size));
	EXPECT_EQ(-EINVAL, CHECK(IOVA, IO_PAGE, IO_PAGE));
	EXPECT_EQ(-EINVAL, CHECK(IOVA + 2 * page_size, 2 * page_size, page_size));
	EXPECT_EQ(-EINVAL, CHECK(IOVA, 0, 3 * page_size));
#undef CHECK
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		EXPECT_EQ(-ENOENT, mock_check_map(self->fd, ids[i], IOVA,
						  self->memory, page_size));
	EXPECT_EQ(-ENOENT, mock_check_map(self->fd, dev.stdev, IOVA,
					  self->memory, page_size));
}

/* They are those of pages, and have nothing to do with the IOMMU fd */
TEST_F(mock, check_of_pins)
{
	int fresh = iommu_open();
	struct mock_device dev;

	ASSERT_LE(0, fresh);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_EQ(0, mock_check_pins(fresh, self->memory, page_size, 1));
	EXPECT_EQ(-EIO, mock_check_pins(fresh, self->memory, page_size, 0));
	EXPECT_EQ(-EIO, mock_check_pins(fresh, self->memory, page_size, 2));
	EXPECT_EQ(-EIO, mock_check_pins(fresh, self->memory, 2 * page_size, 1));
	EXPECT_EQ(0, mock_check_pins(fresh, self->memory + page_size, page_size, 0));
	EXPECT_EQ(0, mock_check_pins(fresh, self->memory, 0, 7));
	EXPECT_EQ(-EINVAL, mock_check_pins(fresh, self->memory + 1, page_size, 1));
	EXPECT_EQ(-EINVAL, mock_check_pins(fresh, self->memory, page_size - 1, 1));
	EXPECT_EQ(-EINVAL, mock_check_pins(fresh, (void *)-(page_size * 1L),
					   2 * page_size, 0));
	close(fresh);
}

TEST_F(mock, page_request_that_nobody_takes_is_answered)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, mock_trigger_fault(self->fd, dev.idev, 0));
	EXPECT_EQ(0, mock_trigger_fault(self->fd, dev.idev, 1));
	EXPECT_EQ(-ENOENT, mock_trigger_fault(self->fd, dev.stdev, 0));
	EXPECT_EQ(-ENOENT, mock_trigger_fault(self->fd, 0, 0));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_EQ(-ENOENT, mock_trigger_fault(self->fd, dev.idev, 0));
}

TEST_F(mock, cache_of_a_device)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	for (__u32 i = 0; i < MOCK_CACHE_ENTRIES; i++)
		EXPECT_EQ(0, mock_check_cache(self->fd, dev.idev, i,
					      MOCK_CACHE_PRESET));
	EXPECT_EQ(-EINVAL, mock_check_cache(self->fd, dev.idev, 0, 0));
	EXPECT_EQ(-EINVAL, mock_check_cache(self->fd, dev.idev,
					    MOCK_CACHE_ENTRIES,
					    MOCK_CACHE_PRESET));
	EXPECT_EQ(-ENOENT, mock_check_cache(self->fd, dev.stdev, 0,
					    MOCK_CACHE_PRESET));
	EXPECT_EQ(-ENOENT, mock_check_cache(self->fd, 0, 0, MOCK_CACHE_PRESET));
}

TEST_F(mock, event_of_a_device_without_a_guest)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(-ENOENT, mock_trigger_vevent(self->fd, dev.idev));
	EXPECT_EQ(-ENOENT, mock_trigger_vevent(self->fd, 0));
}

static __u64 capabilities(int fd, __u32 ioas, __u32 flags)
{
	struct iommu_hw_info info = { .size = sizeof(info) };
	struct mock_device dev;

	if (mock_device_flags(fd, ioas, flags, &dev))
		return -1;
	info.dev_id = dev.idev;
	if (iommu_ioctl(fd, IOMMU_GET_HW_INFO, &info))
		return -1;
	return info.out_capabilities;
}

TEST_F(mock, capabilities_of_a_device)
{
	const __u64 no_ats = IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED;

	EXPECT_EQ(IOMMU_HW_CAP_DIRTY_TRACKING | no_ats,
		  capabilities(self->fd, self->ioas, 0));
	EXPECT_EQ(no_ats, capabilities(self->fd, self->ioas,
				       MOCK_DEVICE_NO_DIRTY));
}

TEST_HARNESS_MAIN
