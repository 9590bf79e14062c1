// SPDX-License-Identifier: GPL-2.0-only
/*
 * The private ioctl of the mock IOMMU driver in numbers (CONFIG_IOMMUFD_TEST).
 *
 * Programs that were written for the same interface of another kernel bring their own
 * header. The kernel and all the other tests share one, iommufd_test.h: a wrong number
 * there is wrong on both sides, and nobody notices. Here are the numbers such programs
 * have. First they are compared with the header, then they are used without it.
 */
#include <stddef.h>

#include "mock_fixture.h"

/*
 * The header
 */

/* A constant, or the offset and the size of a member; a struct has a size only */
struct number {
	const char *name;
	unsigned long long ours;
	unsigned long long fact;
	size_t our_size;
	size_t fact_size;
};

#define VALUE(_name, _fact)	{ #_name, (__u32)(_name), _fact }
#define SIZE(_type, _fact)	{ #_type, 0, 0, sizeof(struct _type), _fact }
#define FIELD(_type, _field, _offset, _size)                         \
	{ #_type "." #_field, offsetof(struct _type, _field), _offset, \
	  sizeof(((struct _type *)NULL)->_field), _size }

static const struct number operations[] = {
	VALUE(IOMMU_TEST_CMD, 0x3ba0),
	VALUE(MOCK_OP_ADD_RESERVED, 1),
	VALUE(MOCK_OP_DEVICE, 2),
	VALUE(MOCK_OP_CHECK_MAP, 3),
	VALUE(MOCK_OP_CHECK_REFS, 4),
	VALUE(MOCK_OP_ACCESS_CREATE, 5),
	VALUE(MOCK_OP_ACCESS_UNPIN, 6),
	VALUE(MOCK_OP_ACCESS_PIN, 7),
	VALUE(MOCK_OP_ACCESS_RW, 8),
	VALUE(MOCK_OP_MEMORY_LIMIT, 9),
	VALUE(MOCK_OP_REPLACE, 10),
	VALUE(MOCK_OP_ACCESS_REPLACE_IOAS, 11),
	VALUE(MOCK_OP_DEVICE_FLAGS, 12),
	VALUE(MOCK_OP_SET_DIRTY, 13),
	VALUE(MOCK_OP_CHECK_IOTLB, 14),
	VALUE(MOCK_OP_TRIGGER_FAULT, 15),
	VALUE(MOCK_OP_CHECK_DEV_CACHE, 16),
	VALUE(MOCK_OP_TRIGGER_VEVENT, 17),
	VALUE(MOCK_OP_PASID_ATTACH, 18),
	VALUE(MOCK_OP_PASID_REPLACE, 19),
	VALUE(MOCK_OP_PASID_DETACH, 20),
	VALUE(MOCK_OP_PASID_CHECK, 21),
	VALUE(MOCK_OP_DMABUF_GET, 22),
	VALUE(MOCK_OP_DMABUF_REVOKE, 23),
};

static const struct number constants[] = {
	VALUE(MOCK_IO_PAGE_SIZE, 2048),
	VALUE(MOCK_HUGE_PAGE_SIZE, 1048576),
	VALUE(MOCK_APERTURE_START, 0x01000000),
	VALUE(MOCK_APERTURE_LAST, 0x7fffffff),
	VALUE(MOCK_PGTABLE_DEFAULT, 0),
	VALUE(MOCK_PGTABLE_HUGE, 1),
	VALUE(MOCK_ACCESS_PINS, 1 << 0),
	VALUE(MOCK_ACCESS_WRITE, 1 << 0),
	VALUE(MOCK_ACCESS_SLOW, 1 << 2),
	VALUE(MOCK_ACCESS_SYZ, 1 << 16),
	VALUE(MOCK_ACCESS_MAX, 16 << 20),
	VALUE(MOCK_DEVICE_NO_DIRTY, 1 << 0),
	VALUE(MOCK_DEVICE_PASID, 1 << 2),
	VALUE(MOCK_IOTLB_ENTRIES, 4),
	VALUE(MOCK_CACHE_ENTRIES, 4),
	VALUE(MOCK_CACHE_PRESET, 0x00baddad),
	VALUE(MOCK_PASID_WIDTH, 20),
	VALUE(MOCK_HW_INFO_TYPE, 0xfeedbeef),
	VALUE(MOCK_HW_INFO_REGISTER, 0xdeadbeef),
	VALUE(MOCK_HWPT_DATA, 0xdead),
	VALUE(MOCK_INVALIDATE_DATA, 0xdeadbeef),
	VALUE(MOCK_INVALIDATE_ALL, 1 << 0),
	VALUE(MOCK_VIOMMU_TYPE, 0xdeadbeef),
	VALUE(MOCK_VEVENTQ_TYPE, 0xbeefbeef),
	VALUE(MOCK_MEMORY_LIMIT_DEFAULT, 65536),
	VALUE(MOCK_MEMORY_LIMIT_MIN, 12),
};

#define CMD(_field, _offset, _size) \
	FIELD(iommu_test_cmd, _field, _offset, _size)

static const struct number payloads[] = {
	SIZE(iommu_test_cmd, 72),
	{ "alignment", __alignof__(struct iommu_test_cmd), 8 },
	CMD(size, 0, 4),
	CMD(op, 4, 4),
	CMD(id, 8, 4),
	CMD(__reserved, 12, 4),
	CMD(payload, 16, 48),
	CMD(last, 64, 4),
	CMD(reserve.start, 16, 8),
	CMD(reserve.length, 24, 8),
	CMD(device.out_stdev_id, 16, 4),
	CMD(device.out_hwpt_id, 20, 4),
	CMD(device.out_idev_id, 24, 4),
	CMD(device.flags, 28, 4),
	CMD(check_map.iova, 16, 8),
	CMD(check_map.length, 24, 8),
	CMD(check_map.user_va, 32, 8),
	CMD(check_refs.length, 16, 8),
	CMD(check_refs.user_va, 24, 8),
	CMD(check_refs.pins, 32, 4),
	CMD(access_create.out_fd, 16, 4),
	CMD(access_create.flags, 20, 4),
	CMD(access_unpin.item_id, 16, 4),
	CMD(access_pin.flags, 16, 4),
	CMD(access_pin.out_item_id, 20, 4),
	CMD(access_pin.iova, 24, 8),
	CMD(access_pin.length, 32, 8),
	CMD(access_pin.user_va, 40, 8),
	CMD(access_rw.iova, 16, 8),
	CMD(access_rw.length, 24, 8),
	CMD(access_rw.user_va, 32, 8),
	CMD(access_rw.flags, 40, 4),
	CMD(memory_limit.limit, 16, 4),
	CMD(replace.pt_id, 16, 4),
	CMD(access_replace.ioas_id, 16, 4),
	CMD(dirty.flags, 16, 4),
	CMD(dirty.iova, 24, 8),
	CMD(dirty.length, 32, 8),
	CMD(dirty.page_size, 40, 8),
	CMD(dirty.bitmap, 48, 8),
	CMD(dirty.out_count, 56, 8),
	CMD(check_cache.entry, 16, 4),
	CMD(check_cache.value, 20, 4),
	CMD(fault.idev_id, 16, 4),
	CMD(fault.pasid, 20, 4),
	CMD(fault.grpid, 24, 4),
	CMD(fault.perm, 28, 4),
	CMD(fault.addr, 32, 8),
	CMD(vevent.idev_id, 16, 4),
	CMD(dmabuf_get.length, 16, 4),
	CMD(dmabuf_get.open_flags, 20, 4),
	CMD(dmabuf_revoke.fd, 16, 4),
	CMD(dmabuf_revoke.revoked, 20, 4),
};

static const struct number driver_data[] = {
	SIZE(mock_hw_info, 8),
	FIELD(mock_hw_info, flags, 0, 4),
	FIELD(mock_hw_info, test_reg, 4, 4),
	SIZE(mock_hwpt_data, 8),
	FIELD(mock_hwpt_data, iotlb, 0, 4),
	FIELD(mock_hwpt_data, pgtable, 4, 4),
	SIZE(mock_hwpt_invalidate, 8),
	FIELD(mock_hwpt_invalidate, flags, 0, 4),
	FIELD(mock_hwpt_invalidate, entry, 4, 4),
	SIZE(mock_viommu_data, 24),
	FIELD(mock_viommu_data, in, 0, 4),
	FIELD(mock_viommu_data, out, 4, 4),
	FIELD(mock_viommu_data, mmap_offset, 8, 8),
	FIELD(mock_viommu_data, mmap_length, 16, 8),
	SIZE(mock_viommu_invalidate, 12),
	FIELD(mock_viommu_invalidate, flags, 0, 4),
	FIELD(mock_viommu_invalidate, virt_id, 4, 4),
	FIELD(mock_viommu_invalidate, entry, 8, 4),
	SIZE(mock_vevent, 4),
	FIELD(mock_vevent, virt_id, 0, 4),
	SIZE(iommufd_vevent_header, 8),
	FIELD(iommufd_vevent_header, flags, 0, 4),
	FIELD(iommufd_vevent_header, sequence, 4, 4),
	SIZE(iommu_hwpt_pgfault, 40),
	FIELD(iommu_hwpt_pgfault, flags, 0, 4),
	FIELD(iommu_hwpt_pgfault, dev_id, 4, 4),
	FIELD(iommu_hwpt_pgfault, pasid, 8, 4),
	FIELD(iommu_hwpt_pgfault, grpid, 12, 4),
	FIELD(iommu_hwpt_pgfault, perm, 16, 4),
	FIELD(iommu_hwpt_pgfault, addr, 24, 8),
	FIELD(iommu_hwpt_pgfault, length, 32, 4),
	FIELD(iommu_hwpt_pgfault, cookie, 36, 4),
	SIZE(iommu_hwpt_page_response, 8),
	FIELD(iommu_hwpt_page_response, cookie, 0, 4),
	FIELD(iommu_hwpt_page_response, code, 4, 4),
};

FIXTURE(header)
{
};

FIXTURE_VARIANT(header)
{
	const struct number *numbers;
	size_t count;
};

FIXTURE_VARIANT_ADD(header, operations)
{
	.numbers = operations,
	.count = ARRAY_SIZE(operations),
};

FIXTURE_VARIANT_ADD(header, constants)
{
	.numbers = constants,
	.count = ARRAY_SIZE(constants),
};

FIXTURE_VARIANT_ADD(header, payloads)
{
	.numbers = payloads,
	.count = ARRAY_SIZE(payloads),
};

FIXTURE_VARIANT_ADD(header, driver_data)
{
	.numbers = driver_data,
	.count = ARRAY_SIZE(driver_data),
};

FIXTURE_SETUP(header)
{
}

FIXTURE_TEARDOWN(header)
{
}

TEST_F(header, has_the_numbers_of_the_interface)
{
	for (size_t i = 0; i < variant->count; i++) {
		const struct number *number = &variant->numbers[i];

		EXPECT_EQ(number->fact, number->ours) {
			TH_LOG("%s", number->name);
		}
		EXPECT_EQ(number->fact_size, number->our_size) {
			TH_LOG("size of %s", number->name);
		}
	}
}

/*
 * Operations without the header
 */

#define TEST_CMD	0x3ba0

/* The argument, by offsets */
union raw {
	__u32 word[18];
	__u64 quad[9];
};

#define WORD(raw, offset)	((raw)->word[(offset) / 4])
#define QUAD(raw, offset)	((raw)->quad[(offset) / 8])

static int call(int fd, __u32 op, __u32 id, union raw *raw)
{
	WORD(raw, 0) = 72;
	WORD(raw, 4) = op;
	WORD(raw, 8) = id;
	return iommu_ioctl(fd, TEST_CMD, raw);
}

struct raw_device {
	__u32 stdev;
	__u32 hwpt;
	__u32 idev;
};

static int raw_device(int fd, __u32 op, __u32 pt, __u32 flags,
		      struct raw_device *dev)
{
	union raw raw = {};
	int rc;

	WORD(&raw, 28) = flags;
	rc = call(fd, op, pt, &raw);
	if (rc)
		return rc;
	dev->stdev = WORD(&raw, 16);
	dev->hwpt = WORD(&raw, 20);
	dev->idev = WORD(&raw, 24);
	return WORD(&raw, 8) && dev->stdev && dev->hwpt && dev->idev ? 0 :
								       -EPROTO;
}

static int raw_replace(int fd, __u32 stdev, __u32 pt, __u32 *hwpt)
{
	union raw raw = {};
	int rc;

	WORD(&raw, 16) = pt;
	rc = call(fd, 10, stdev, &raw);
	*hwpt = WORD(&raw, 16);
	return rc;
}

static int raw_check_map(int fd, __u32 hwpt, __u64 iova, const void *va,
			 __u64 length)
{
	union raw raw = {};

	QUAD(&raw, 16) = iova;
	QUAD(&raw, 24) = length;
	QUAD(&raw, 32) = (uintptr_t)va;
	return call(fd, 3, hwpt, &raw);
}

static int raw_check_pins(int fd, const void *va, __u64 length, __u32 pins)
{
	union raw raw = {};

	QUAD(&raw, 16) = length;
	QUAD(&raw, 24) = (uintptr_t)va;
	WORD(&raw, 32) = pins;
	return call(fd, 4, 0, &raw);
}

static int raw_check_entry(int fd, __u32 op, __u32 id, __u32 entry,
			   __u32 value)
{
	union raw raw = {};

	WORD(&raw, 16) = entry;
	WORD(&raw, 20) = value;
	return call(fd, op, id, &raw);
}

static int raw_access(int fd, __u32 ioas, __u32 flags)
{
	union raw raw = {};
	int rc;

	WORD(&raw, 20) = flags;
	rc = call(fd, 5, ioas, &raw);
	return rc ?: (int)WORD(&raw, 16);
}

static int raw_pin(int fd, int access, __u32 flags, __u64 iova, __u64 length,
		   const void *va, __u32 *item)
{
	union raw raw = {};
	int rc;

	WORD(&raw, 16) = flags;
	WORD(&raw, 20) = 0x5a5a5a5a;
	QUAD(&raw, 24) = iova;
	QUAD(&raw, 32) = length;
	QUAD(&raw, 40) = (uintptr_t)va;
	rc = call(fd, 7, access, &raw);
	*item = WORD(&raw, 20);
	return rc;
}

static int raw_rw(int fd, int access, __u64 iova, __u64 length, void *data,
		  __u32 flags)
{
	union raw raw = {};

	QUAD(&raw, 16) = iova;
	QUAD(&raw, 24) = length;
	QUAD(&raw, 32) = (uintptr_t)data;
	WORD(&raw, 40) = flags;
	return call(fd, 8, access, &raw);
}

/* Operations whose payload is one or two words */
static int raw_words(int fd, __u32 op, __u32 id, __u32 first, __u32 second)
{
	union raw raw = {};

	WORD(&raw, 16) = first;
	WORD(&raw, 20) = second;
	return call(fd, op, id, &raw);
}

TEST_F(mock, devices_by_numbers)
{
	__u32 data[2] = { ~0, ~0 }, hwpt, now;
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.data_len = sizeof(data),
		.data_uptr = (uintptr_t)data,
	};
	struct raw_device dev;

	ASSERT_EQ(0, raw_device(self->fd, 2, self->ioas, 0, &dev));
	info.dev_id = dev.idev;
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
	EXPECT_EQ(0xfeedbeef, info.out_data_type);
	EXPECT_EQ(8, info.data_len);
	EXPECT_EQ(0, data[0]);
	EXPECT_EQ(0xdeadbeef, data[1]);

	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas, 0, &hwpt));
	ASSERT_EQ(0, raw_replace(self->fd, dev.stdev, hwpt, &now));
	EXPECT_EQ(hwpt, now);
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, dev.hwpt));
	ASSERT_EQ(0, raw_replace(self->fd, dev.stdev, self->ioas, &now));
	EXPECT_NE(self->ioas, now);
	EXPECT_NE(0, now);
	EXPECT_EQ(0, iommu_destroy(self->fd, hwpt));
	EXPECT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, dev.idev));
}

static bool tracks_dirty(int fd, __u32 idev)
{
	struct iommu_hw_info info = { .size = sizeof(info), .dev_id = idev };

	return !iommu_ioctl(fd, IOMMU_GET_HW_INFO, &info) &&
	       info.out_capabilities & IOMMU_HW_CAP_DIRTY_TRACKING;
}

TEST_F(mock, device_flags_by_numbers)
{
	struct raw_device dev;
	__u32 hwpt;

	ASSERT_EQ(0, raw_device(self->fd, 12, self->ioas, 1 << 0, &dev));
	EXPECT_FALSE(tracks_dirty(self->fd, dev.idev));
	EXPECT_EQ(-EOPNOTSUPP, hwpt_alloc(self->fd, dev.idev, self->ioas, 2,
					  &hwpt));
	ASSERT_EQ(0, raw_device(self->fd, 12, self->ioas, 1 << 2, &dev));
	EXPECT_TRUE(tracks_dirty(self->fd, dev.idev));
	EXPECT_EQ(-EINVAL, raw_device(self->fd, 12, self->ioas, 1 << 1, &dev));
}

TEST_F(mock, reserved_range_by_numbers)
{
	struct iommu_iova_range range[2];
	union raw raw = {};
	__u32 num = 2;

	QUAD(&raw, 16) = 0x100000;
	QUAD(&raw, 24) = 0x3000;
	ASSERT_EQ(0, call(self->fd, 1, self->ioas, &raw));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, range, &num, NULL));
	ASSERT_EQ(2, num);
	EXPECT_EQ(0xfffff, range[0].last);
	EXPECT_EQ(0x103000, range[1].start);
}

TEST_F(mock, checks_by_numbers)
{
	struct raw_device dev;

	ASSERT_EQ(0, raw_device(self->fd, 2, self->ioas, 0, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, 0x02000000));
#define CHECK(_iova, _va, _length) \
	raw_check_map(self->fd, dev.hwpt, _iova, _va, _length)
	EXPECT_EQ(0, CHECK(0x02000000, self->memory, page_size));
	EXPECT_EQ(0, CHECK(0x02000000 + 2048, self->memory + 2048, 2048));
	EXPECT_EQ(-EINVAL, CHECK(0x02000000 + 1024, self->memory + 1024, 1024));
	EXPECT_EQ(-EINVAL, CHECK(0x02000000, self->memory, 2 * page_size));
	EXPECT_EQ(-EINVAL, CHECK(0x02000000, self->memory + page_size,
				 page_size));
#undef CHECK
	EXPECT_EQ(0, raw_check_pins(self->fd, self->memory, page_size, 1));
	EXPECT_EQ(-EIO, raw_check_pins(self->fd, self->memory, page_size, 0));
	EXPECT_EQ(-EIO, raw_check_pins(self->fd, self->memory, 2 * page_size,
				       1));
}

TEST_F(mock, limits_of_the_tables_by_numbers)
{
	__u32 huge[2] = { 0, 1 }, other[2] = { 0, 2 }, hwpt, num = 1;
	struct iommu_iova_range range;
	struct raw_device dev;
	__u64 alignment;

	ASSERT_EQ(0, raw_device(self->fd, 2, self->ioas, 0, &dev));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, &range, &num,
				      &alignment));
	EXPECT_EQ(0x01000000, range.start);
	EXPECT_EQ(0x7fffffff, range.last);
	EXPECT_EQ(2048, alignment);
#define ALLOC(_type, _data, _len) \
	hwpt_alloc_data(self->fd, dev.idev, self->ioas, 0, _type, _data, _len, \
			&hwpt)
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(0xdead, other, 8));
	EXPECT_EQ(0, ALLOC(0xdead, other, 4));
	EXPECT_EQ(-EINVAL, ALLOC(0xdead, huge, 3));
	EXPECT_EQ(-EINVAL, ALLOC(0xdead, huge, 9));
	EXPECT_EQ(-EFAULT, ALLOC(0xdead, NULL, 8));
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(0xdeae, huge, 8));
	ASSERT_EQ(0, ALLOC(0xdead, huge, 8));
#undef ALLOC
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->ioas, &range, &num,
				      &alignment));
	EXPECT_EQ(page_size, alignment);
}

TEST_F(mock, accesses_by_numbers)
{
	int access, pinning;
	__u32 item, other;
	char data[4];

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    2 * page_size, IOVA));
	access = raw_access(self->fd, self->ioas, 0);
	ASSERT_LE(0, access);
	pinning = raw_access(self->fd, self->ioas, 1 << 0);
	ASSERT_LE(0, pinning);
	EXPECT_EQ(-EOPNOTSUPP, raw_access(self->fd, self->ioas, 1 << 1));

	EXPECT_EQ(-EOPNOTSUPP, raw_pin(self->fd, access, 0, IOVA, page_size,
				       NULL, &item));
	ASSERT_EQ(0, raw_pin(self->fd, pinning, 1 << 0, IOVA + page_size,
			     page_size, self->memory + page_size, &item));
	EXPECT_EQ(0, item);
	ASSERT_EQ(0, raw_check_pins(self->fd, self->memory + page_size,
				    page_size, 1));
	ASSERT_EQ(0, raw_check_pins(self->fd, self->memory, page_size, 0));
	/* page 0 of the first area: the number is the low word */
	ASSERT_EQ(0, raw_pin(self->fd, pinning, 1 << 16, 0, page_size,
			     self->memory, &item));
	EXPECT_EQ(1, item);
	EXPECT_EQ(-EBADE, raw_pin(self->fd, pinning, 0, IOVA, page_size,
				  self->memory + page_size, &other));
	EXPECT_EQ(-EOPNOTSUPP, raw_pin(self->fd, pinning, 1 << 2, IOVA,
				       page_size, NULL, &other));
	EXPECT_EQ(-ENOENT, raw_words(self->fd, 6, pinning, 77, 0));
	EXPECT_EQ(0, raw_words(self->fd, 6, pinning, item, 0));
	EXPECT_EQ(-ENOENT, raw_words(self->fd, 6, pinning, item, 0));
	ASSERT_EQ(0, raw_check_pins(self->fd, self->memory, page_size, 0));

	memcpy(self->memory + 100, "read", 4);
	ASSERT_EQ(0, raw_rw(self->fd, access, IOVA + 100, 4, data, 1 << 2));
	EXPECT_EQ(0, memcmp(data, "read", 4));
	memcpy(data, "wrot", 4);
	ASSERT_EQ(0, raw_rw(self->fd, access, IOVA + 200, 4, data, 1 << 0));
	EXPECT_EQ(0, memcmp(self->memory + 200, "wrot", 4));
	/* byte 200 of the first area */
	memset(data, 0, 4);
	ASSERT_EQ(0, raw_rw(self->fd, access, 200ULL << 32, 4, data, 1 << 16));
	EXPECT_EQ(0, memcmp(data, "wrot", 4));
	EXPECT_EQ(-EOPNOTSUPP, raw_rw(self->fd, access, IOVA, 4, data, 1 << 1));

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, raw_words(self->fd, 11, pinning, other, 0));
	ASSERT_EQ(0, raw_check_pins(self->fd, self->memory, 2 * page_size, 0));
	close(access);
	close(pinning);
}

TEST_F(mock, memory_limit_by_numbers)
{
	EXPECT_EQ(-EINVAL, raw_words(self->fd, 9, 0, 11, 0));
	EXPECT_EQ(0, raw_words(self->fd, 9, 0, 12, 0));
	EXPECT_EQ(0, raw_words(self->fd, 9, 0, 65536, 0));
}

TEST_F(mock, dirty_bits_by_numbers)
{
	struct raw_device dev;
	__u8 bitmap = 0x85;
	union raw raw = {};
	__u32 hwpt;

	ASSERT_EQ(0, raw_device(self->fd, 2, self->ioas, 0, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    8 * page_size, IOVA));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas, 2, &hwpt));
	QUAD(&raw, 24) = IOVA;
	QUAD(&raw, 32) = 8 * page_size;
	QUAD(&raw, 40) = page_size;
	QUAD(&raw, 48) = (uintptr_t)&bitmap;
	EXPECT_EQ(-EINVAL, call(self->fd, 13, hwpt, &raw));
	ASSERT_EQ(0, hwpt_set_dirty_tracking(self->fd, hwpt, 1));
	ASSERT_EQ(0, call(self->fd, 13, hwpt, &raw));
	EXPECT_EQ(3, QUAD(&raw, 56));
	bitmap = 0;
	ASSERT_EQ(0, hwpt_get_dirty_bitmap(self->fd, hwpt, IOVA, 8 * page_size,
					   page_size, &bitmap, 0));
	EXPECT_EQ(0x85, bitmap);
}

TEST_F(mock, dma_bufs_by_numbers)
{
	union raw raw = {};
	__u64 iova = IOVA;
	int dmabuf;

	WORD(&raw, 16) = 2 * page_size;
	WORD(&raw, 20) = O_RDWR;
	WORD(&raw, 0) = 72;
	WORD(&raw, 4) = 22;
	dmabuf = ioctl(self->fd, TEST_CMD, &raw);
	ASSERT_LT(0, dmabuf);
#define MAP(_length)                                                     \
	ioas_map_file_flags(self->fd, self->ioas, dmabuf, 0, _length, &iova, \
			    MAP_FIXED_RW)
	EXPECT_EQ(-EINVAL, MAP(3 * page_size));
	EXPECT_EQ(0, raw_words(self->fd, 23, 0, dmabuf, 1));
	EXPECT_EQ(-ENODEV, MAP(2 * page_size));
	EXPECT_EQ(0, raw_words(self->fd, 23, 0, dmabuf, 0));
	EXPECT_EQ(0, MAP(2 * page_size));
#undef MAP
	EXPECT_EQ(-EBADF, raw_words(self->fd, 23, 0, -1, 0));
	close(dmabuf);
}

/* A device with a nested table of a vIOMMU, in which it is number 0x77 */
FIXTURE(nesting)
{
	int fd;
	struct raw_device dev;
	__u32 parent;
	__u32 viommu;
	__u32 nested;
};

FIXTURE_SETUP(nesting)
{
	__u32 preset = 0x0badbeef, id;

	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &id));
	ASSERT_EQ(0, raw_device(self->fd, 2, id, 0, &self->dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, id, 1,
				&self->parent));
	ASSERT_EQ(0, viommu_alloc(self->fd, self->dev.idev, self->parent,
				  0xdeadbeef, &self->viommu));
	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev, 0x77,
				   &id));
	ASSERT_EQ(0, hwpt_alloc_data(self->fd, self->dev.idev, self->viommu, 0,
				     0xdead, &preset, 4, &self->nested));
	ASSERT_EQ(0, raw_replace(self->fd, self->dev.stdev, self->nested, &id));
	ASSERT_EQ(self->nested, id);
}

FIXTURE_TEARDOWN(nesting)
{
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(nesting, iotlb_by_numbers)
{
	__u32 entries[2][2] = { { 0, 2 }, { 1, 0 } }, num = 1;

	for (__u32 i = 0; i < 4; i++) {
		EXPECT_EQ(0, raw_check_entry(self->fd, 14, self->nested, i,
					     0x0badbeef));
		EXPECT_EQ(-EINVAL, raw_check_entry(self->fd, 14, self->nested,
						   i, 0x0badbeee));
	}
	EXPECT_EQ(-EINVAL, raw_check_entry(self->fd, 14, self->nested, 4,
					   0x0badbeef));
	EXPECT_EQ(-EINVAL, hwpt_invalidate(self->fd, self->nested, 0x0dadbeef,
					   entries[0], 8, &num));
	num = 1;
	ASSERT_EQ(0, hwpt_invalidate(self->fd, self->nested, 0xdeadbeef,
				     entries[0], 8, &num));
	EXPECT_EQ(0, raw_check_entry(self->fd, 14, self->nested, 2, 0));
	EXPECT_EQ(0, raw_check_entry(self->fd, 14, self->nested, 0,
				     0x0badbeef));
	ASSERT_EQ(0, hwpt_invalidate(self->fd, self->nested, 0xdeadbeef,
				     entries[1], 8, &num));
	EXPECT_EQ(0, raw_check_entry(self->fd, 14, self->nested, 3, 0));
	num = 1;
	entries[0][0] = 2;
	EXPECT_EQ(-EOPNOTSUPP, hwpt_invalidate(self->fd, self->nested,
					       0xdeadbeef, entries[0], 8,
					       &num));
}

TEST_F(nesting, cache_by_numbers)
{
	__u32 entries[2][3] = { { 0, 0x77, 2 }, { 1, 0x77, 0 } }, num = 1;

	for (__u32 i = 0; i < 4; i++)
		EXPECT_EQ(0, raw_check_entry(self->fd, 16, self->dev.idev, i,
					     0x00baddad));
	EXPECT_EQ(-EINVAL, raw_check_entry(self->fd, 16, self->dev.idev, 4,
					   0x00baddad));
	EXPECT_EQ(-EINVAL, hwpt_invalidate(self->fd, self->viommu, 0x0dadbeef,
					   entries[0], 12, &num));
	num = 1;
	ASSERT_EQ(0, hwpt_invalidate(self->fd, self->viommu, 0xdeadbeef,
				     entries[0], 12, &num));
	EXPECT_EQ(0, raw_check_entry(self->fd, 16, self->dev.idev, 2, 0));
	EXPECT_EQ(0, raw_check_entry(self->fd, 16, self->dev.idev, 0,
				     0x00baddad));
	ASSERT_EQ(0, hwpt_invalidate(self->fd, self->viommu, 0xdeadbeef,
				     entries[1], 12, &num));
	EXPECT_EQ(0, raw_check_entry(self->fd, 16, self->dev.idev, 3, 0));
	num = 1;
	entries[0][1] = 0x78;
	EXPECT_EQ(-EINVAL, hwpt_invalidate(self->fd, self->viommu, 0xdeadbeef,
					   entries[0], 12, &num));
}

TEST_F(nesting, events_by_numbers)
{
	__u32 record[3], id;
	int queue;

	EXPECT_EQ(-EOPNOTSUPP, raw_words(self->fd, 17, 0, self->dev.idev, 0));
	queue = veventq_alloc(self->fd, self->viommu, 0xbeefbeef, 2, &id);
	ASSERT_LE(0, queue);
	ASSERT_EQ(0, raw_words(self->fd, 17, 0, self->dev.idev, 0));
	ASSERT_EQ(0, raw_words(self->fd, 17, 0, self->dev.idev, 0));
	for (__u32 i = 0; i < 2; i++) {
		ASSERT_EQ(12, read(queue, record, 12));
		EXPECT_EQ(0, record[0]);
		EXPECT_EQ(i, record[1]);
		EXPECT_EQ(0x77, record[2]);
	}
	EXPECT_EQ(-ENOENT, raw_words(self->fd, 17, 0, self->dev.stdev, 0));
	close(queue);
}

TEST_F(nesting, page_requests_by_numbers)
{
	__u32 preset = 0, answer[2] = {}, id, nested, now;
	union raw record, raw = {};
	int queue;

	queue = fault_queue_alloc(self->fd, 0, &id);
	ASSERT_LE(0, queue);
	ASSERT_EQ(0, hwpt_alloc_fault(self->fd, self->dev.idev, self->viommu, 0,
				      0xdead, &preset, 4, id, &nested));
	ASSERT_EQ(0, raw_replace(self->fd, self->dev.stdev, nested, &now));
	for (__u32 pasid = 0; pasid < 2; pasid++) {
		WORD(&raw, 16) = self->dev.idev;
		WORD(&raw, 20) = pasid;
		WORD(&raw, 24) = 2;
		WORD(&raw, 28) = 3;
		QUAD(&raw, 32) = 0xdeadbeaf;
		ASSERT_EQ(0, call(self->fd, 15, 0, &raw));
		ASSERT_EQ(40, read(queue, &record, 40));
		EXPECT_EQ(pasid ? 3 : 2, WORD(&record, 0));
		EXPECT_EQ(self->dev.idev, WORD(&record, 4));
		EXPECT_EQ(pasid, WORD(&record, 8));
		EXPECT_EQ(2, WORD(&record, 12));
		EXPECT_EQ(3, WORD(&record, 16));
		EXPECT_EQ(0xdeadbeaf, QUAD(&record, 24));
		EXPECT_EQ(0, WORD(&record, 32));
		answer[0] = WORD(&record, 36);
		EXPECT_EQ(8, write(queue, answer, 8));
		/* that was the one */
		EXPECT_EQ(-1, write(queue, answer, 8));
	}
	close(queue);
}

TEST_F(nesting, data_of_a_viommu_by_numbers)
{
	union raw data = {};
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.type = 0xdeadbeef,
		.dev_id = self->dev.idev,
		.hwpt_id = self->parent,
		.data_len = 24,
		.data_uptr = (uintptr_t)&data,
	};
	__u32 *word;

	WORD(&data, 0) = 0x1234567;
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_VIOMMU_ALLOC, &cmd));
	EXPECT_EQ(0x1234567, WORD(&data, 4));
	EXPECT_EQ(2 * page_size, QUAD(&data, 16));
	word = mmap(NULL, 2 * page_size, PROT_READ, MAP_SHARED, self->fd,
		    QUAD(&data, 8));
	ASSERT_NE(MAP_FAILED, word);
	EXPECT_EQ(0x1234567, *word);
	munmap(word, 2 * page_size);
}

/*
 * Sizes that are not the kernel's: the shortest struct that is allowed, and others
 */

#define CANARY	0xa5

/* An argument in the middle of bytes that stay as they are */
struct sized {
	union {
		__u32 word[24];
		__u64 quad[12];
		__u8 byte[96];
	};
};

static void sized_init(struct sized *arg, __u32 size)
{
	memset(arg, CANARY, sizeof(*arg));
	memset(arg, 0, size);
	arg->word[0] = size;
}

/* Is everything behind the struct as it was? */
static bool canary_lives(const struct sized *arg)
{
	for (size_t i = arg->word[0]; i < sizeof(*arg); i++)
		if (arg->byte[i] != CANARY)
			return false;
	return true;
}

TEST_F(mock, reply_is_as_long_as_the_argument)
{
	for (__u32 size = 68; size <= 72; size++) {
		struct sized arg;

		sized_init(&arg, size);
		arg.word[1] = 2;
		arg.word[2] = self->ioas;
		ASSERT_EQ(0, iommu_ioctl(self->fd, TEST_CMD, &arg));
		EXPECT_EQ(size, arg.word[0]);
		EXPECT_EQ(2, arg.word[1]);
		EXPECT_EQ(self->ioas, arg.word[2]);
		EXPECT_NE(0, arg.word[4]);
		EXPECT_NE(0, arg.word[5]);
		EXPECT_NE(0, arg.word[6]);
		for (__u32 i = 28; i < size; i++)
			EXPECT_EQ(0, arg.byte[i]);
		EXPECT_TRUE(canary_lives(&arg));
	}
}

/* A longer one is refused if it says something, and not replied to beyond 72 bytes */
TEST_F(mock, reply_is_not_longer_than_the_kernels_struct)
{
	__u8 *page = memory_map(2 * page_size);
	union raw *raw = (void *)page + page_size - 72;

	ASSERT_NE(NULL, page);
	/* the second page is there to read only */
	ASSERT_EQ(0, mprotect(page + page_size, page_size, PROT_READ));
	WORD(raw, 0) = 80;
	WORD(raw, 4) = 2;
	WORD(raw, 8) = self->ioas;
	ASSERT_EQ(0, iommu_ioctl(self->fd, TEST_CMD, raw));
	EXPECT_EQ(80, WORD(raw, 0));
	EXPECT_NE(0, WORD(raw, 16));
}

/* 0x89: bytes 24 to 47 came later */
TEST_F(mock, hwpt_alloc_with_the_first_struct)
{
	static const __u32 sizes[] = { 24, 28, 32, 40, 44 };
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct sized arg;

		sized_init(&arg, sizes[i]);
		arg.word[2] = dev.idev;
		arg.word[3] = self->ioas;
		ASSERT_EQ(0, iommu_ioctl(self->fd, 0x3b89, &arg));
		EXPECT_EQ(sizes[i], arg.word[0]);
		EXPECT_NE(0, arg.word[4]);
		EXPECT_TRUE(canary_lives(&arg));
		EXPECT_EQ(0, mock_check_map(self->fd, arg.word[4], IOVA,
					    self->memory, 0));
		/* what is behind is not nothing */
		arg.word[0] = 48;
		EXPECT_GT(0, iommu_ioctl(self->fd, 0x3b89, &arg));
	}
}

/* A flag that needs a later member has nothing there */
TEST_F(mock, hwpt_alloc_with_the_first_struct_has_no_fault_queue)
{
	struct mock_device dev;
	__u32 queue;
	struct sized arg;
	int fd;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	fd = fault_queue_alloc(self->fd, 0, &queue);
	ASSERT_LE(0, fd);
	sized_init(&arg, 40);
	arg.word[1] = 4;
	arg.word[2] = dev.idev;
	arg.word[3] = self->ioas;
	arg.word[10] = queue;
	EXPECT_EQ(-ENOENT, iommu_ioctl(self->fd, 0x3b89, &arg));
	arg.word[0] = 48;
	arg.word[11] = 0;
	EXPECT_EQ(0, iommu_ioctl(self->fd, 0x3b89, &arg));
	close(fd);
}

/* 0x8a: out_capabilities came later */
TEST_F(mock, hw_info_with_the_first_struct)
{
	__u32 data[2] = {};
	struct mock_device dev;
	struct sized arg;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	for (__u32 size = 32; size <= 36; size += 4) {
		sized_init(&arg, size);
		arg.word[2] = dev.idev;
		arg.word[3] = sizeof(data);
		arg.quad[2] = (uintptr_t)data;
		ASSERT_EQ(0, iommu_ioctl(self->fd, 0x3b8a, &arg));
		EXPECT_EQ(size, arg.word[0]);
		EXPECT_EQ(8, arg.word[3]);
		EXPECT_EQ(0xfeedbeef, arg.word[6]);
		EXPECT_EQ(0xdeadbeef, data[1]);
		EXPECT_TRUE(canary_lives(&arg));
	}
}

/* 0x90: data of the driver came later */
TEST_F(nesting, viommu_alloc_with_the_first_struct)
{
	static const __u32 sizes[] = { 24, 28 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct sized arg;
		__u32 vdevice;

		sized_init(&arg, sizes[i]);
		arg.word[2] = 0xdeadbeef;
		arg.word[3] = self->dev.idev;
		arg.word[4] = self->parent;
		ASSERT_EQ(0, iommu_ioctl(self->fd, 0x3b90, &arg));
		EXPECT_EQ(sizes[i], arg.word[0]);
		EXPECT_TRUE(canary_lives(&arg));
		/* it is a vIOMMU, though the device is behind another one */
		EXPECT_EQ(-EEXIST, vdevice_alloc(self->fd, arg.word[5],
						 self->dev.idev, 1, &vdevice));
		EXPECT_EQ(0, iommu_destroy(self->fd, arg.word[5]));
		/* what is behind is not nothing */
		arg.word[0] = 40;
		EXPECT_GT(0, iommu_ioctl(self->fd, 0x3b90, &arg));
	}
}

TEST_F(mock, number_below_the_first_is_unknown)
{
	union raw raw = {};

	WORD(&raw, 0) = 72;
	EXPECT_EQ(-ENOTTY, iommu_ioctl(self->fd, 0x3b7f, &raw));
}

TEST_HARNESS_MAIN
