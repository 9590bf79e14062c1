// SPDX-License-Identifier: GPL-2.0-only
/*
 * Formats, and address spaces by format for devices named by their cookies:
 * IOMMU_DEVICE_GET_INFO, IOMMU_IOASID_ALLOC and IOMMU_IOASID_INVALIDATE. The
 * devices are those of the mock IOMMU driver, which has two formats: a page table
 * and, for devices with PASIDs, a PASID table.
 */
#include <pthread.h>

#include "mock_fixture.h"

#define PRESET		0x0badbeef
#define COOKIE		0xc00c1e0000000001ULL
#define NO_COOKIE	0x404

#define PASIDS		MOCK_DEVICE_PASID

FIXTURE(ioasid)
{
	int fd;
	__u32 ioas;
	struct mock_device dev;		/* with COOKIE and PASIDs */
	struct mock_device other;	/* with COOKIE + 1 */
	__u8 *memory;
};

FIXTURE_SETUP(ioasid)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, mock_device_cookie(self->fd, self->ioas, PASIDS, COOKIE,
					&self->dev));
	ASSERT_EQ(0, mock_device_cookie(self->fd, self->ioas, 0, COOKIE + 1,
					&self->other));
}

FIXTURE_TEARDOWN(ioasid)
{
	EXPECT_EQ(0, close(self->fd));
	/* nothing that the descriptor held is left pinned */
	self->fd = iommu_open();
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory,
				     MEMORY_PAGES * page_size, 0));
	close(self->fd);
}

/*
 * What a device can have
 */

#define ROOM 8

struct answer {
	struct iommu_device_get_info info;
	struct iommu_format_info formats[ROOM];
	struct iommu_iova_range ranges[ROOM];
};

static int get_info(int fd, __u64 cookie, __u32 room, struct answer *answer)
{
	memset(answer, 0xff, sizeof(*answer));
	answer->info = (struct iommu_device_get_info){
		.size = sizeof(answer->info),
		.dev_cookie = cookie,
		.format_len = sizeof(answer->formats[0]),
		.num_formats = room,
		.num_ranges = ROOM,
		.formats = (uintptr_t)answer->formats,
		.ranges = (uintptr_t)answer->ranges,
		.out_pasid_flags = 0xff,
		.out_pasid_width = 0xff,
	};
	return iommu_ioctl(fd, IOMMU_DEVICE_GET_INFO, &answer->info);
}

TEST_F(ioasid, info_has_all_formats_of_a_device)
{
	const struct iommu_format_info *format;
	struct answer answer;

	ASSERT_EQ(0, get_info(self->fd, COOKIE, ROOM, &answer));
	EXPECT_EQ(self->dev.idev, answer.info.out_dev_id);
	ASSERT_EQ(3, answer.info.num_formats);
	format = &answer.formats[0];
	EXPECT_EQ(IOMMU_FORMAT_MAP_UNMAP, format->format);
	EXPECT_EQ(IOMMU_FORMAT_SW_NESTING, format->flags);
	EXPECT_EQ(0, format->data_len);
	EXPECT_EQ(0, format->invalidate_len);
	EXPECT_EQ(0, format->__reserved);
	format = &answer.formats[1];
	EXPECT_EQ(MOCK_HWPT_DATA, format->format);
	EXPECT_EQ(IOMMU_FORMAT_HW_NESTING, format->flags);
	EXPECT_EQ(sizeof(struct mock_hwpt_data), format->data_len);
	EXPECT_EQ(MOCK_INVALIDATE_DATA, format->invalidate_type);
	EXPECT_EQ(sizeof(struct mock_hwpt_invalidate), format->invalidate_len);
	EXPECT_EQ(MOCK_NESTED_ADDR_WIDTH, format->addr_width);
	EXPECT_EQ(0, format->pasid_width);
	EXPECT_EQ(MOCK_IO_PAGE_SIZE | MOCK_HUGE_PAGE_SIZE, format->pgsizes);
	format = &answer.formats[2];
	EXPECT_EQ(MOCK_PASID_TABLE_DATA, format->format);
	EXPECT_EQ(IOMMU_FORMAT_HW_NESTING | IOMMU_FORMAT_PASID_TABLE,
		  format->flags);
	EXPECT_EQ(sizeof(struct mock_viommu_invalidate),
		  format->invalidate_len);
	EXPECT_EQ(MOCK_PASID_WIDTH, format->pasid_width);
	EXPECT_EQ(IOMMU_PASID_USER, answer.info.out_pasid_flags);
	EXPECT_EQ(MOCK_PASID_WIDTH, answer.info.out_pasid_width);
}

TEST_F(ioasid, info_has_no_formats_that_a_device_cannot_have)
{
	struct mock_device dev;
	struct answer answer;

	ASSERT_EQ(0, get_info(self->fd, COOKIE + 1, ROOM, &answer));
	EXPECT_EQ(2, answer.info.num_formats);
	EXPECT_EQ(MOCK_HWPT_DATA, answer.formats[1].format);
	EXPECT_EQ(0, answer.info.out_pasid_flags);
	EXPECT_EQ(0, answer.info.out_pasid_width);
	ASSERT_EQ(0, mock_device_cookie(self->fd, self->ioas,
					PASIDS | MOCK_DEVICE_NO_NESTING, 7,
					&dev));
	ASSERT_EQ(0, get_info(self->fd, 7, ROOM, &answer));
	EXPECT_EQ(1, answer.info.num_formats);
	EXPECT_EQ(IOMMU_FORMAT_MAP_UNMAP, answer.formats[0].format);
}

TEST_F(ioasid, info_tells_which_formats_are_refused_and_why)
{
	struct mock_device dev;
	struct answer answer;

	ASSERT_EQ(0, mock_device_cookie(self->fd, self->ioas,
					PASIDS | MOCK_DEVICE_NONCOHERENT, 7,
					&dev));
	ASSERT_EQ(0, get_info(self->fd, 7, ROOM, &answer));
	ASSERT_EQ(3, answer.info.num_formats);
	EXPECT_EQ(IOMMU_FORMAT_HW_NESTING | IOMMU_FORMAT_NONCOHERENT |
		  IOMMU_FORMAT_REFUSED, answer.formats[1].flags);
	EXPECT_EQ(0, answer.info.out_pasid_flags);
}

TEST_F(ioasid, info_with_too_little_room_tells_the_number_of_formats)
{
	struct answer answer;

	for (__u32 room = 0; room < 3; room++) {
		EXPECT_EQ(-EMSGSIZE, get_info(self->fd, COOKIE, room, &answer));
		EXPECT_EQ(3, answer.info.num_formats);
		EXPECT_EQ(IOMMU_PASID_USER, answer.info.out_pasid_flags);
		if (room)
			EXPECT_EQ(MOCK_HWPT_DATA * (room - 1),
				  answer.formats[room - 1].format);
		EXPECT_EQ(UINT32_MAX, answer.formats[room].format);
	}
	EXPECT_EQ(0, get_info(self->fd, COOKIE, 3, &answer));
}

/*
 * Making an IOASID
 */

struct request {
	__u32 format;
	__u32 parent;
	__u64 cookies[4];
	__u32 num;
	__u32 preset;
	__u32 len;
};

/* @refused: returns the index that the kernel tells */
static int ioasid_alloc(int fd, const struct request *request, __u32 *id,
			__u32 *refused)
{
	struct mock_hwpt_data data = { .iotlb = request->preset };
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.format = request->format,
		.parent_id = request->parent,
		.cookies = (uintptr_t)request->cookies,
		.num_cookies = request->num,
		.data_len = request->len,
		.data = (uintptr_t)&data,
		.out_refused = 0xff,
		.out_nesting = 0xff,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOASID_ALLOC, &cmd);

	if (refused)
		*refused = cmd.out_refused;
	if (rc)
		return rc;
	*id = cmd.out_ioasid;
	return cmd.out_nesting;
}

static struct request nested_request(__u32 parent, __u32 num)
{
	return (struct request) {
		.format = MOCK_HWPT_DATA,
		.parent = parent,
		.cookies = { COOKIE, COOKIE + 1, 7, 8 },
		.num = num,
		.preset = PRESET,
		.len = sizeof(struct mock_hwpt_data),
	};
}

TEST_F(ioasid, kernel_managed_one_is_an_ioas)
{
	struct request request = { .cookies = { COOKIE }, .num = 1 };
	__u32 id, refused;

	ASSERT_EQ(IOMMU_IOASID_NOT_NESTED,
		  ioasid_alloc(self->fd, &request, &id, &refused));
	EXPECT_EQ(1, refused);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, id, self->memory, page_size,
				    IOVA));
	EXPECT_EQ(0, mock_replace(self->fd, self->dev.stdev, id, NULL));
	/* also without devices */
	request.num = 0;
	ASSERT_EQ(IOMMU_IOASID_NOT_NESTED,
		  ioasid_alloc(self->fd, &request, &id, &refused));
	EXPECT_EQ(0, iommu_destroy(self->fd, id));
}

TEST_F(ioasid, user_managed_one_is_a_nested_table)
{
	struct request request = nested_request(self->ioas, 2);
	__u32 id, refused;

	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id, &refused));
	EXPECT_EQ(2, refused);
	EXPECT_EQ(0, mock_check_iotlb(self->fd, id, 0, PRESET));
	EXPECT_EQ(0, mock_replace(self->fd, self->dev.stdev, id, NULL));
	EXPECT_EQ(0, mock_replace(self->fd, self->other.stdev, id, NULL));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, id));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->ioas));
}

/* The tables in an IOAS, by what fdinfo counts */
static long long num_tables(int fd)
{
	return fdinfo_value(fd, "hwpt");
}

TEST_F(ioasid, table_of_the_parent_comes_and_goes_with_the_children)
{
	struct request request = nested_request(self->ioas, 1);
	__u32 id[2];

	ASSERT_EQ(1, num_tables(self->fd));
	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id[0], NULL));
	EXPECT_EQ(2, num_tables(self->fd));
	/* children of one IOAS share it */
	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id[1], NULL));
	EXPECT_EQ(2, num_tables(self->fd));
	ASSERT_EQ(0, iommu_destroy(self->fd, id[0]));
	EXPECT_EQ(2, num_tables(self->fd));
	ASSERT_EQ(0, iommu_destroy(self->fd, id[1]));
	EXPECT_EQ(1, num_tables(self->fd));
}

struct child {
	int fd;
	__u32 id;
	int rc;
};

static void *destroy_child(void *arg)
{
	struct child *child = arg;

	child->rc = iommu_destroy(child->fd, child->id);
	return NULL;
}

/* Who makes a table there, in vain, may be the last one when the child goes */
TEST_F(ioasid, table_of_the_parent_goes_whoever_is_the_last_one)
{
	struct request request = nested_request(self->ioas, 1);
	struct mock_hwpt_data data = {};
	struct child child = { .fd = self->fd };
	pthread_t thread;
	__u32 parent, id;

	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
			  ioasid_alloc(self->fd, &request, &child.id, NULL));
		ASSERT_EQ(0, pthread_create(&thread, NULL, destroy_child,
					    &child));
		/* made just before the child; there is no queue 77 */
		parent = child.id - 1;
		for (int j = 0; j < 1 + i % 5; j++)
			EXPECT_EQ(-ENOENT,
				  hwpt_alloc_fault(self->fd, self->dev.idev,
						   parent, 0, MOCK_HWPT_DATA,
						   &data, sizeof(data), 77,
						   &id));
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(0, child.rc);
		ASSERT_EQ(1, num_tables(self->fd));
	}
}

TEST_F(ioasid, parent_can_be_a_table_of_mainlines)
{
	struct request request = nested_request(0, 1);
	__u32 id;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &request.parent));
	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id, NULL));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, request.parent));
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	/* it stays, as it is the user's */
	EXPECT_EQ(0, iommu_destroy(self->fd, request.parent));
}

TEST_F(ioasid, only_address_spaces_can_be_parents)
{
	struct request request = nested_request(self->ioas, 1);
	__u32 id, nested;

	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &nested, NULL));
	request.parent = nested;
	EXPECT_EQ(-EINVAL, ioasid_alloc(self->fd, &request, &id, NULL));
	request.parent = self->dev.idev;
	EXPECT_EQ(-EINVAL, ioasid_alloc(self->fd, &request, &id, NULL));
	request.parent = self->dev.hwpt;
	EXPECT_EQ(-EINVAL, ioasid_alloc(self->fd, &request, &id, NULL));
	request.parent = 77;
	EXPECT_EQ(-ENOENT, ioasid_alloc(self->fd, &request, &id, NULL));
	request.parent = 0;
	EXPECT_EQ(-EINVAL, ioasid_alloc(self->fd, &request, &id, NULL));
}

TEST_F(ioasid, failure_tells_nothing_but_who_refuses)
{
	struct iommu_ioasid_alloc before = {
		.size = sizeof(before),
		.format = IOMMU_FORMAT_MAP_UNMAP,
		.parent_id = 77,
		.out_ioasid = 0xff,
		.out_nesting = 0xff,
		.out_refused = 0xff,
	};
	struct iommu_ioasid_alloc cmd = before;

	EXPECT_EQ(-ENOENT, iommu_ioctl(self->fd, IOMMU_IOASID_ALLOC, &cmd));
	before.out_refused = 0;
	EXPECT_EQ(0, memcmp(&before, &cmd, sizeof(cmd)));
}

TEST_F(ioasid, user_managed_one_needs_a_device)
{
	struct request request = nested_request(self->ioas, 0);
	__u32 id;

	EXPECT_EQ(-EINVAL, ioasid_alloc(self->fd, &request, &id, NULL));
}

TEST_F(ioasid, wrong_data_are_refused)
{
	struct request request = nested_request(self->ioas, 1);
	__u32 id, refused;

	request.len++;
	EXPECT_EQ(-EINVAL, ioasid_alloc(self->fd, &request, &id, &refused));
	/* which is no device's fault */
	EXPECT_EQ(1, refused);
	request.len = 3;
	EXPECT_EQ(-EINVAL, ioasid_alloc(self->fd, &request, &id, NULL));
	request.format = IOMMU_FORMAT_MAP_UNMAP;
	request.parent = 0;
	EXPECT_EQ(-EINVAL, ioasid_alloc(self->fd, &request, &id, NULL));
	/* nothing was left behind */
	EXPECT_EQ(1, num_tables(self->fd));
}

TEST_F(ioasid, cookie_of_no_device_is_enoent)
{
	struct request request = nested_request(self->ioas, 2);
	__u32 id, refused;

	request.cookies[1] = NO_COOKIE;
	EXPECT_EQ(-ENOENT, ioasid_alloc(self->fd, &request, &id, &refused));
	EXPECT_EQ(1, refused);
	request.format = IOMMU_FORMAT_MAP_UNMAP;
	request.parent = 0;
	request.len = 0;
	EXPECT_EQ(-ENOENT, ioasid_alloc(self->fd, &request, &id, &refused));
	EXPECT_EQ(1, refused);
}

TEST_F(ioasid, unreadable_cookies_are_efault)
{
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.cookies = 8,
		.num_cookies = 1,
	};

	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_IOASID_ALLOC, &cmd));
	cmd.num_cookies = 4097;
	EXPECT_EQ(-EINVAL, iommu_ioctl(self->fd, IOMMU_IOASID_ALLOC, &cmd));
}

TEST_F(ioasid, unknown_format_is_unsupported)
{
	struct request request = nested_request(self->ioas, 2);
	__u32 id, refused;

	request.format = 0x1234;
	EXPECT_EQ(-EOPNOTSUPP, ioasid_alloc(self->fd, &request, &id,
					    &refused));
	EXPECT_EQ(0, refused);
}

TEST_F(ioasid, first_device_that_refuses_is_told)
{
	struct request request = nested_request(self->ioas, 4);
	struct mock_device third, fourth;
	__u32 id, refused;

	/* the other one has no PASIDs */
	request.format = MOCK_PASID_TABLE_DATA;
	request.num = 2;
	EXPECT_EQ(-EOPNOTSUPP, ioasid_alloc(self->fd, &request, &id,
					    &refused));
	EXPECT_EQ(1, refused);
	request.format = MOCK_HWPT_DATA;
	request.num = 4;

	ASSERT_EQ(0, mock_device_cookie(self->fd, self->ioas,
					MOCK_DEVICE_NONCOHERENT, 7, &third));
	ASSERT_EQ(0, mock_device_cookie(self->fd, self->ioas,
					MOCK_DEVICE_NO_NESTING, 8, &fourth));
	EXPECT_EQ(-EPERM, ioasid_alloc(self->fd, &request, &id, &refused));
	EXPECT_EQ(2, refused);
	request.cookies[2] = COOKIE;
	EXPECT_EQ(-EOPNOTSUPP, ioasid_alloc(self->fd, &request, &id,
					    &refused));
	EXPECT_EQ(3, refused);
	request.cookies[3] = COOKIE;
	EXPECT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id, &refused));
	EXPECT_EQ(4, refused);
}

TEST_F(ioasid, device_behind_another_iommu_refuses)
{
	struct request request = nested_request(self->ioas, 3);
	struct mock_device third;
	__u32 id, refused;

	ASSERT_EQ(0, mock_device_cookie(self->fd, self->ioas,
					MOCK_DEVICE_OTHER_IOMMU, 7, &third));
	EXPECT_EQ(-EOPNOTSUPP, ioasid_alloc(self->fd, &request, &id,
					    &refused));
	EXPECT_EQ(2, refused);
	/* what was made before it was asked is gone */
	EXPECT_EQ(0, fdinfo_value(self->fd, "hwpt-nested"));
	EXPECT_EQ(1, num_tables(self->fd));
	/* alone, it gets one of its own */
	request.cookies[0] = 7;
	request.num = 1;
	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id, &refused));
	EXPECT_EQ(0, mock_replace(self->fd, third.stdev, id, NULL));
	EXPECT_EQ(-EINVAL, mock_replace(self->fd, self->dev.stdev, id, NULL));
}

TEST_F(ioasid, format_that_needs_a_viommu_gets_one)
{
	struct request request = nested_request(self->ioas, 1);
	struct mock_hwpt_data data = {};
	__u32 id, parent;

	request.format = MOCK_PASID_TABLE_DATA;
	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id, NULL));
	EXPECT_EQ(0, mock_replace(self->fd, self->dev.stdev, id, NULL));
	EXPECT_EQ(-EINVAL, mock_replace(self->fd, self->other.stdev, id,
					NULL));
	/* mainline's command does not make one */
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &parent));
	EXPECT_EQ(-EOPNOTSUPP,
		  hwpt_alloc_data(self->fd, self->dev.idev, parent, 0,
				  MOCK_PASID_TABLE_DATA, &data, sizeof(data),
				  &id));
}

/*
 * Invalidation
 */

static int ioasid_invalidate(int fd, __u32 id, const __u64 *cookie,
			     const void *entries, __u32 len, __u32 *num)
{
	struct iommu_ioasid_invalidate cmd = {
		.size = sizeof(cmd),
		.flags = cookie ? IOMMU_IOASID_INVALIDATE_DEVICE : 0,
		.ioasid = id,
		.data_type = MOCK_INVALIDATE_DATA,
		.dev_cookie = cookie ? *cookie : 0,
		.entries = (uintptr_t)entries,
		.entry_len = len,
		.num_entries = *num,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOASID_INVALIDATE, &cmd);

	*num = cmd.num_entries;
	return rc;
}

TEST_F(ioasid, page_table_is_invalidated_as_by_mainline)
{
	struct mock_hwpt_invalidate entries[] = {
		{ .entry = 1 },
		{ .entry = MOCK_IOTLB_ENTRIES },
		{ .entry = 2 },
	};
	struct request request = nested_request(self->ioas, 1);
	const __u64 cookie = COOKIE;
	__u32 id, num = 1;

	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id, NULL));
	EXPECT_EQ(0, ioasid_invalidate(self->fd, id, NULL, entries,
				       sizeof(*entries), &num));
	EXPECT_EQ(1, num);
	EXPECT_EQ(0, mock_check_iotlb(self->fd, id, 0, PRESET));
	EXPECT_EQ(0, mock_check_iotlb(self->fd, id, 1, 0));
	num = 3;
	EXPECT_EQ(-EINVAL, ioasid_invalidate(self->fd, id, &cookie, entries,
					     sizeof(*entries), &num));
	EXPECT_EQ(1, num);
	EXPECT_EQ(0, mock_check_iotlb(self->fd, id, 2, PRESET));
	/* and mainline's command works on it */
	num = 1;
	EXPECT_EQ(0, hwpt_invalidate(self->fd, id, MOCK_INVALIDATE_DATA,
				     entries + 2, sizeof(*entries), &num));
	EXPECT_EQ(0, mock_check_iotlb(self->fd, id, 2, 0));
}

TEST_F(ioasid, cookie_says_whose_cache_is_invalidated)
{
	/* the virtual ID in the entry is not looked at */
	struct mock_viommu_invalidate entry = { .virt_id = 5, .entry = 2 };
	struct request request = nested_request(self->ioas, 1);
	__u64 cookie = 7;
	struct mock_device third;
	__u32 id, num = 1;

	ASSERT_EQ(0, mock_device_cookie(self->fd, self->ioas, PASIDS, 7,
					&third));
	request.format = MOCK_PASID_TABLE_DATA;
	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id, NULL));
	ASSERT_EQ(0, ioasid_invalidate(self->fd, id, &cookie, &entry,
				       sizeof(entry), &num));
	EXPECT_EQ(1, num);
	EXPECT_EQ(0, mock_check_cache(self->fd, third.idev, 2, 0));
	EXPECT_EQ(0, mock_check_cache(self->fd, third.idev, 1,
				      MOCK_CACHE_PRESET));
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 2,
				      MOCK_CACHE_PRESET));
	/* without a cookie the device would have to have a virtual ID */
	EXPECT_EQ(-EINVAL, ioasid_invalidate(self->fd, id, NULL, &entry,
					     sizeof(entry), &num));
	EXPECT_EQ(0, num);
}

TEST_F(ioasid, cookie_of_a_device_that_does_not_suit_is_invalid)
{
	struct mock_viommu_invalidate entry = {};
	struct request request = nested_request(self->ioas, 1);
	__u64 cookie = COOKIE + 1;
	__u32 id, num = 1;

	request.format = MOCK_PASID_TABLE_DATA;
	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id, NULL));
	EXPECT_EQ(-EINVAL, ioasid_invalidate(self->fd, id, &cookie, &entry,
					     sizeof(entry), &num));
	EXPECT_EQ(0, num);
	cookie = NO_COOKIE;
	num = 1;
	EXPECT_EQ(-ENOENT, ioasid_invalidate(self->fd, id, &cookie, &entry,
					     sizeof(entry), &num));
	EXPECT_EQ(0, num);
	EXPECT_EQ(0, mock_check_cache(self->fd, self->other.idev, 0,
				      MOCK_CACHE_PRESET));
}

TEST_F(ioasid, bad_invalidations_are_refused)
{
	struct mock_hwpt_invalidate entry = {};
	struct request request = nested_request(self->ioas, 1);
	__u32 id, num;

	ASSERT_EQ(IOMMU_IOASID_HW_NESTED,
		  ioasid_alloc(self->fd, &request, &id, NULL));
#define INVALIDATE(_id, _entry, _len, _num)                                    \
	(num = (_num), ioasid_invalidate(self->fd, _id, NULL, _entry, _len,    \
					 &num))
	EXPECT_EQ(-EINVAL, INVALIDATE(self->ioas, &entry, sizeof(entry), 1));
	EXPECT_EQ(0, num);
	EXPECT_EQ(-EINVAL, INVALIDATE(self->dev.hwpt, &entry, sizeof(entry),
				      1));
	EXPECT_EQ(-ENOENT, INVALIDATE(77, &entry, sizeof(entry), 1));
	EXPECT_EQ(-EINVAL, INVALIDATE(id, &entry, sizeof(entry) - 1, 1));
	EXPECT_EQ(-EINVAL, INVALIDATE(id, &entry, 0, 1));
	EXPECT_EQ(-EFAULT, INVALIDATE(id, NULL, sizeof(entry), 1));
	EXPECT_EQ(-EFAULT, INVALIDATE(id, (void *)8, sizeof(entry), 1));
	EXPECT_EQ(-EINVAL, INVALIDATE(id, &entry, sizeof(entry),
				      (1 << 19) + 1));
	EXPECT_EQ(0, num);
	EXPECT_EQ(0, INVALIDATE(id, NULL, 0, 0));
#undef INVALIDATE
}

TEST_HARNESS_MAIN
