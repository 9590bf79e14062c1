// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the mock's operations themselves answer (CONFIG_IOMMUFD_TEST): programs that
 * were written for the same interface of another kernel depend on it. Operations that
 * the other tests use throughout are here with their errors only.
 */
#include <dirent.h>

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

/*
 * What is read of the argument, and written to it
 */

/* One of everything that operations work on */
FIXTURE(operations)
{
	int fd;
	int access;
	int dmabuf;
	int queue;
	__u32 ioas;
	__u32 nested;
	struct mock_device dev;
	__u8 *memory;
	struct iommu_test_cmd *cmd;
};

FIXTURE_SETUP(operations)
{
	__u32 parent, viommu, id;

	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	self->memory = memory_map(page_size);
	ASSERT_NE(NULL, self->memory);
	self->cmd = memory_map(page_size);
	ASSERT_NE(NULL, self->cmd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &parent));
	ASSERT_EQ(0, viommu_alloc(self->fd, self->dev.idev, parent,
				  MOCK_VIOMMU_TYPE, &viommu));
	ASSERT_EQ(0, vdevice_alloc(self->fd, viommu, self->dev.idev, 1, &id));
	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, viommu, 0,
				       &self->nested));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->nested,
				  NULL));
	/* the automatic one is gone, now that nobody is attached to it */
	self->dev.hwpt = parent;
	self->queue = veventq_alloc(self->fd, viommu, MOCK_VEVENTQ_TYPE, 8,
				    &id);
	ASSERT_LE(0, self->queue);
	self->access = mock_access(self->fd, self->ioas, MOCK_ACCESS_PINS);
	ASSERT_LE(0, self->access);
	/* item 0 */
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     NULL, 0, &id));
	ASSERT_EQ(0, id);
	self->dmabuf = mock_dmabuf(self->fd, page_size, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dmabuf);
}

FIXTURE_TEARDOWN(operations)
{
	close(self->dmabuf);
	close(self->access);
	close(self->queue);
	EXPECT_EQ(0, close(self->fd));
}

/* 0 also for an operation that returns a descriptor */
static int call_at(int fd, struct iommu_test_cmd *at,
		   const struct iommu_test_cmd *cmd, int prot)
{
	int rc;

	*at = *cmd;
	if (mprotect(at, page_size, prot))
		return -EPROTO;
	rc = ioctl(fd, IOMMU_TEST_CMD, at);
	if (rc < 0)
		rc = -errno;
	if (mprotect(at, page_size, PROT_READ | PROT_WRITE))
		return -EPROTO;
	if (rc > 0)
		close(rc);
	return rc < 0 ? rc : 0;
}

/* The argument may be constant, and shared with others */
TEST_F(operations, many_only_read_the_argument_and_not_its_unused_words)
{
	const uintptr_t va = (uintptr_t)self->memory;
	struct iommu_test_cmd cmds[] = {
		{ .op = MOCK_OP_ADD_RESERVED, .id = self->ioas,
		  .reserve = { .start = 4096, .length = 4096 } },
		{ .op = MOCK_OP_CHECK_MAP, .id = self->dev.hwpt,
		  .check_map = { .iova = IOVA, .length = page_size,
				 .user_va = va } },
		{ .op = MOCK_OP_CHECK_REFS,
		  .check_refs = { .length = page_size, .user_va = va,
				  .pins = 1 } },
		{ .op = MOCK_OP_MEMORY_LIMIT,
		  .memory_limit.limit = MOCK_MEMORY_LIMIT_DEFAULT },
		{ .op = MOCK_OP_CHECK_IOTLB, .id = self->nested },
		{ .op = MOCK_OP_TRIGGER_FAULT,
		  .fault.idev_id = self->dev.idev },
		{ .op = MOCK_OP_CHECK_DEV_CACHE, .id = self->dev.idev,
		  .check_cache.value = MOCK_CACHE_PRESET },
		{ .op = MOCK_OP_TRIGGER_VEVENT,
		  .vevent.idev_id = self->dev.idev },
		{ .op = MOCK_OP_DMABUF_REVOKE,
		  .dmabuf_revoke.fd = self->dmabuf },
		{ .op = MOCK_OP_DMABUF_GET,
		  .dmabuf_get = { .length = 4096, .open_flags = O_RDWR } },
		{ .op = MOCK_OP_ACCESS_RW, .id = self->access,
		  .access_rw = { .iova = IOVA, .length = 8, .user_va = va,
				 .flags = MOCK_ACCESS_WRITE } },
		/* where the IOVA is worked out on the way */
		{ .op = MOCK_OP_ACCESS_RW, .id = self->access,
		  .access_rw = { .iova = 8ULL << 32, .length = 8,
				 .user_va = va, .flags = MOCK_ACCESS_WRITE |
							 MOCK_ACCESS_SYZ } },
		{ .op = MOCK_OP_ACCESS_UNPIN, .id = self->access },
		{ .op = MOCK_OP_ACCESS_REPLACE_IOAS, .id = self->access,
		  .access_replace.ioas_id = self->ioas },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		cmds[i].size = sizeof(cmds[i]);
		cmds[i].__reserved = 0xffffffff;
		cmds[i].last = 0xffffffff;
		EXPECT_EQ(0, call_at(self->fd, self->cmd, &cmds[i],
				     PROT_READ)) {
			TH_LOG("operation %u", cmds[i].op);
		}
		EXPECT_EQ(0, memcmp(self->cmd, &cmds[i], sizeof(cmds[i])));
	}
}

TEST_F(operations, others_write_to_the_argument)
{
	__u8 bit = 0;
	struct iommu_test_cmd cmds[] = {
		{ .op = MOCK_OP_DEVICE, .id = self->ioas },
		{ .op = MOCK_OP_DEVICE_FLAGS, .id = self->ioas },
		{ .op = MOCK_OP_ACCESS_CREATE, .id = self->ioas },
		{ .op = MOCK_OP_ACCESS_PIN, .id = self->access,
		  .access_pin = { .iova = IOVA, .length = page_size } },
		{ .op = MOCK_OP_REPLACE, .id = self->dev.stdev,
		  .replace.pt_id = self->nested },
		{ .op = MOCK_OP_SET_DIRTY,
		  .dirty = { .iova = IOVA, .length = page_size,
			     .page_size = page_size,
			     .bitmap = (uintptr_t)&bit } },
	};
	__u32 hwpt;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt));
	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, hwpt,
					     IOMMU_HWPT_DIRTY_TRACKING_ENABLE));
	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		cmds[i].size = sizeof(cmds[i]);
		if (cmds[i].op == MOCK_OP_SET_DIRTY)
			cmds[i].id = hwpt;
		EXPECT_EQ(-EFAULT, call_at(self->fd, self->cmd, &cmds[i],
					   PROT_READ)) {
			TH_LOG("operation %u", cmds[i].op);
		}
		cmds[i].__reserved = 0xffffffff;
		cmds[i].last = 0xffffffff;
		EXPECT_EQ(0, call_at(self->fd, self->cmd, &cmds[i],
				     PROT_READ | PROT_WRITE)) {
			TH_LOG("operation %u", cmds[i].op);
		}
		EXPECT_EQ(0xffffffff, self->cmd->__reserved);
		EXPECT_EQ(cmds[i].op, self->cmd->op);
		EXPECT_EQ(cmds[i].id, self->cmd->id);
	}
}

/*
 * Devices
 */

#define SYSFS	"/sys/bus/iommufd_mock/devices"

/* How many there are; @group: returns the IOMMU group of the last one, or -1 */
static int count_devices(int *group)
{
	DIR *dir = opendir(SYSFS);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		char path[512], link[256] = {}, more;
		unsigned int number;

		if (entry->d_name[0] == '.')
			continue;
		if (sscanf(entry->d_name, "iommufd_mock%u%c", &number, &more) != 1)
			count = -EPROTO;
		if (count < 0)
			break;
		count++;
		if (!group)
			continue;
		snprintf(path, sizeof(path), SYSFS "/%s/iommu_group",
			 entry->d_name);
		if (readlink(path, link, sizeof(link) - 1) < 0 ||
		    sscanf(strrchr(link, '/') ?: "", "/%d", group) != 1)
			*group = -1;
	}
	closedir(dir);
	return count;
}

/* How many devices are in an IOMMU group */
static int count_group(int group)
{
	struct dirent *entry;
	char path[256];
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices",
		 group);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

TEST_F(mock, device_lives_in_sysfs_until_it_is_destroyed)
{
	int before = count_devices(NULL);
	struct mock_device dev[2];

	ASSERT_LE(0, before);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev[i]));
		EXPECT_EQ(before + i + 1, count_devices(NULL));
	}
	/* one that is refused leaves nothing */
	EXPECT_EQ(-ENOENT, mock_device(self->fd, 77, &dev[0]));
	EXPECT_EQ(before + 2, count_devices(NULL));
	for (int i = 1; i >= 0; i--) {
		ASSERT_EQ(0, iommu_destroy(self->fd, dev[i].stdev));
		EXPECT_EQ(before + i, count_devices(NULL));
	}
}

TEST_F(mock, device_lives_in_sysfs_until_the_descriptor_is_closed)
{
	int before = count_devices(NULL), fd = iommu_open();
	struct mock_device dev;
	__u32 ioas;

	ASSERT_LE(0, before);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioas_alloc(fd, &ioas));
	ASSERT_EQ(0, mock_device(fd, ioas, &dev));
	ASSERT_EQ(0, mock_device_flags(fd, ioas, MOCK_DEVICE_PASID, &dev));
	/* of another descriptor: it stays */
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(before + 3, count_devices(NULL));
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(before + 1, count_devices(NULL));
}

TEST_F(mock, device_is_alone_in_its_group)
{
	struct mock_device dev[2];
	int group = -1;

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev[i]));
	ASSERT_LE(2, count_devices(&group));
	ASSERT_LE(0, group);
	EXPECT_EQ(1, count_group(group));
}

static int device_flags(int fd, __u32 ioas, __u32 flags)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_DEVICE_FLAGS,
		.id = ioas,
		.device.flags = flags,
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* Any other bit is refused, alone and with all that are allowed */
TEST_F(mock, flags_of_a_device_are_two)
{
	const __u32 allowed = 1 << 0 | 1 << 2;
	int before = count_devices(NULL);

	ASSERT_LE(0, before);
	for (int i = 0; i < 64; i++) {
		__u32 bit = 1U << i / 2;
		__u32 flags = i % 2 ? allowed | bit : bit;

		EXPECT_EQ(bit & allowed ? 0 : -EINVAL,
			  device_flags(self->fd, self->ioas, flags)) {
			TH_LOG("flags %#x", flags);
		}
	}
	EXPECT_EQ(0, device_flags(self->fd, self->ioas, 0));
	EXPECT_EQ(before + 5, count_devices(NULL));
}

/* Tables for PASIDs are not there, neither on an IOAS nor on a parent */
TEST_F(mock, pasid_flag_of_a_table_is_unsupported)
{
	struct mock_hwpt_data data = {};
	__u32 parent, hwpt;

	for (__u32 flags = 0; flags <= MOCK_DEVICE_PASID;
	     flags += MOCK_DEVICE_PASID) {
		struct mock_device dev;

		ASSERT_EQ(0, mock_device_flags(self->fd, self->ioas, flags,
					       &dev));
		ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas,
					IOMMU_HWPT_ALLOC_NEST_PARENT,
					&parent));
#define ALLOC(_pt, _flags)                                               \
		hwpt_alloc_data(self->fd, dev.idev, _pt, _flags, MOCK_HWPT_DATA, \
				&data, sizeof(data), &hwpt)
		EXPECT_EQ(-EOPNOTSUPP, ALLOC(self->ioas, 8));
		EXPECT_EQ(-EOPNOTSUPP, ALLOC(self->ioas, 8 | 1));
		EXPECT_EQ(-EOPNOTSUPP, ALLOC(parent, 8));
		/* and nothing else is wrong */
		EXPECT_EQ(0, ALLOC(self->ioas, 0));
		EXPECT_EQ(0, ALLOC(parent, 0));
#undef ALLOC
	}
}

/*
 * Reserved ranges
 */

static int is_reserved(int fd, __u32 ioas, __u64 iova)
{
	struct iommu_iova_range range[8];
	__u32 num = ARRAY_SIZE(range);
	int rc = ioas_iova_ranges(fd, ioas, range, &num, NULL);

	if (rc)
		return rc;
	while (num--)
		if (range[num].start <= iova && iova <= range[num].last)
			return false;
	return true;
}

TEST_F(mock, reserved_range_stays_while_devices_come_and_go)
{
	const __u64 early = IOVA + 4 * page_size, late = IOVA + 8 * page_size;
	struct mock_device dev;
	__u32 ioas;

	ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, early, page_size));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
		ASSERT_EQ(0, mock_reserve(self->fd, self->ioas, late,
					  page_size));
		EXPECT_EQ(1, is_reserved(self->fd, self->ioas, early));
		EXPECT_EQ(1, is_reserved(self->fd, self->ioas, late));
		EXPECT_EQ(0, is_reserved(self->fd, self->ioas, IOVA));
		ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
		EXPECT_EQ(1, is_reserved(self->fd, self->ioas, early));
		EXPECT_EQ(1, is_reserved(self->fd, self->ioas, late));
		/* what the device reserved has gone with it */
		EXPECT_EQ(0, is_reserved(self->fd, self->ioas, 0));
		EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas,
						  self->memory, page_size,
						  early));
		EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas,
						  self->memory, page_size,
						  late));
	}
	ASSERT_EQ(0, iommu_destroy(self->fd, self->ioas));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	EXPECT_EQ(0, is_reserved(self->fd, ioas, early));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, page_size,
				    early));
}

TEST_F(mock, range_is_reserved_in_an_ioas_only)
{
	struct mock_device dev;
	__u32 hwpt;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas, 0, &hwpt));
	EXPECT_EQ(-ENOENT, mock_reserve(self->fd, dev.stdev, 0, page_size));
	EXPECT_EQ(-ENOENT, mock_reserve(self->fd, dev.idev, 0, page_size));
	EXPECT_EQ(-ENOENT, mock_reserve(self->fd, dev.hwpt, 0, page_size));
	EXPECT_EQ(-ENOENT, mock_reserve(self->fd, hwpt, 0, page_size));
	EXPECT_EQ(-ENOENT, mock_reserve(self->fd, 0, 0, page_size));
	EXPECT_EQ(0, mock_reserve(self->fd, self->ioas, 0, page_size));
}

/*
 * Checks
 */

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

/* The unit is the smallest page of that table */
TEST_F(mock, check_of_a_mapping_in_large_pages)
{
	struct mock_hwpt_data data = { .pgtable = MOCK_PGTABLE_HUGE };
	struct mock_device dev;
	__u32 huge;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, hwpt_alloc_data(self->fd, dev.idev, self->ioas, 0,
				     MOCK_HWPT_DATA, &data, sizeof(data),
				     &huge));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    2 * page_size, IOVA));
#define CHECK(_hwpt, _iova, _offset, _length)                         \
	mock_check_map(self->fd, _hwpt, _iova, self->memory + (_offset), \
		       _length)
	EXPECT_EQ(0, CHECK(dev.hwpt, IOVA + IO_PAGE, IO_PAGE, IO_PAGE));
	EXPECT_EQ(0, CHECK(dev.hwpt, IOVA + IO_PAGE, IO_PAGE, page_size));
	EXPECT_EQ(0, CHECK(dev.hwpt, IOVA, 0, 3 * IO_PAGE));
	EXPECT_EQ(-EINVAL, CHECK(huge, IOVA + IO_PAGE, IO_PAGE, IO_PAGE));
	EXPECT_EQ(-EINVAL, CHECK(huge, IOVA + IO_PAGE, IO_PAGE, page_size));
	EXPECT_EQ(-EINVAL, CHECK(huge, IOVA, 0, 3 * IO_PAGE));
	EXPECT_EQ(0, CHECK(huge, IOVA, 0, 2 * page_size));
	EXPECT_EQ(0, CHECK(huge, IOVA + page_size, page_size, page_size));
#undef CHECK
}

TEST_F(mock, check_of_a_mapping_is_not_for_nested_tables)
{
	struct mock_device dev;
	__u32 parent, nested;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &parent));
	ASSERT_EQ(0, mock_nested_alloc(self->fd, dev.idev, parent, 0, &nested));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_EQ(0, mock_check_map(self->fd, parent, IOVA, self->memory,
				    page_size));
	EXPECT_EQ(-ENOENT, mock_check_map(self->fd, nested, IOVA, self->memory,
					  page_size));
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

/*
 * Dirty bits
 */

FIXTURE(dirty)
{
	int fd;
	__u32 hwpt;
};

FIXTURE_SETUP(dirty)
{
	struct mock_device dev;
	__u32 ioas;

	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, ioas,
				IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &self->hwpt));
	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, self->hwpt,
					     IOMMU_HWPT_DIRTY_TRACKING_ENABLE));
}

FIXTURE_TEARDOWN(dirty)
{
	EXPECT_EQ(0, close(self->fd));
}

#define BITS_MAX	(128ULL << 20)

TEST_F(dirty, bitmap_has_at_most_128_mi_bits)
{
	__u8 *bitmap = mmap(NULL, BITS_MAX / 8 + page_size,
			    PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	__u64 count = 0;

	ASSERT_NE(MAP_FAILED, bitmap);
	bitmap[0] = 1;
	bitmap[BITS_MAX / 8 - 1] = 0x80;
	/* not of them any more */
	bitmap[BITS_MAX / 8] = 1;
#define SET(_bits) \
	mock_set_dirty(self->fd, self->hwpt, 0, (_bits) * IO_PAGE, IO_PAGE, \
		       bitmap, &count)
	EXPECT_EQ(-EOVERFLOW, SET(BITS_MAX + 1));
	EXPECT_EQ(0, count);
	EXPECT_EQ(0, SET(BITS_MAX));
	EXPECT_EQ(2, count);
#undef SET
	munmap(bitmap, BITS_MAX / 8 + page_size);
}

/* The memory ends with the bitmap */
TEST_F(dirty, bitmap_is_read_to_its_last_byte_only)
{
	__u8 *memory = memory_map(2 * page_size), *end;
	__u64 count;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, mprotect(memory + page_size, page_size, PROT_NONE));
	end = memory + page_size;
	memset(end - 8, 0xff, 8);
#define SET(_bytes, _bits)                                                    \
	(count = 0, mock_set_dirty(self->fd, self->hwpt, 0, (_bits) * IO_PAGE, \
				   IO_PAGE, end - (_bytes), &count))
	for (__u64 bits = 1; bits <= 64; bits++) {
		__u64 bytes = (bits + 7) / 8;

		EXPECT_EQ(0, SET(bytes, bits));
		/* what is behind the bits in the last byte is not of them */
		EXPECT_EQ(bits, count);
		EXPECT_EQ(-EFAULT, SET(bytes - 1, bits));
		EXPECT_EQ(0, count);
	}
#undef SET
	munmap(memory, 2 * page_size);
}

TEST_HARNESS_MAIN
