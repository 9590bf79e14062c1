/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The private ioctl of the mock IOMMU driver (CONFIG_IOMMUFD_TEST).
 *
 * Included by the mock and by tools/testing/selftests/iommu. Every payload
 * starts at offset 16 of the 72-byte struct; numbers, offsets and sizes are
 * fixed, so that test programs written for this interface run unchanged. The
 * assertions at the end hold them. "W" marks operations that write the struct
 * back to the caller.
 */
#ifndef __IOMMUFD_TEST_H
#define __IOMMUFD_TEST_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#else
#include <assert.h>
#endif
#include <linux/ioctl.h>
#include <linux/types.h>

#define IOMMUFD_CMD_TEST	0xa0
#define IOMMU_TEST_CMD		_IO(';', IOMMUFD_CMD_TEST)

enum iommufd_mock_op {
	MOCK_OP_ADD_RESERVED = 1,
	MOCK_OP_DEVICE = 2,			/* W */
	MOCK_OP_CHECK_MAP = 3,
	MOCK_OP_CHECK_REFS = 4,
	MOCK_OP_ACCESS_CREATE = 5,		/* W */
	MOCK_OP_ACCESS_UNPIN = 6,
	MOCK_OP_ACCESS_PIN = 7,			/* W */
	MOCK_OP_ACCESS_RW = 8,
	MOCK_OP_MEMORY_LIMIT = 9,
	MOCK_OP_REPLACE = 10,			/* W */
	MOCK_OP_ACCESS_REPLACE_IOAS = 11,
	MOCK_OP_DEVICE_FLAGS = 12,		/* W */
	MOCK_OP_SET_DIRTY = 13,			/* W */
	MOCK_OP_CHECK_IOTLB = 14,
	MOCK_OP_TRIGGER_FAULT = 15,
	MOCK_OP_CHECK_DEV_CACHE = 16,
	MOCK_OP_TRIGGER_VEVENT = 17,
	MOCK_OP_PASID_ATTACH = 18,		/* W */
	MOCK_OP_PASID_REPLACE = 19,		/* W */
	MOCK_OP_PASID_DETACH = 20,
	MOCK_OP_PASID_CHECK = 21,
	MOCK_OP_DMABUF_GET = 22,
	MOCK_OP_DMABUF_REVOKE = 23,
};

enum {
	MOCK_IO_PAGE_SIZE = 2048,
	MOCK_HUGE_PAGE_SIZE = 512 * MOCK_IO_PAGE_SIZE,
	MOCK_APERTURE_START = 1 << 24,
	MOCK_APERTURE_LAST = 0x7fffffff,
	MOCK_PASID_WIDTH = 20,
	MOCK_MEMORY_LIMIT_DEFAULT = 65536,
	MOCK_MEMORY_LIMIT_MIN = 12,
};

/* Device flags of MOCK_OP_DEVICE_FLAGS */
enum {
	MOCK_DEVICE_NO_DIRTY = 1 << 0,
	MOCK_DEVICE_PASID = 1 << 2,
};

enum {
	MOCK_HW_INFO_TYPE = 0xfeedbeef,
	MOCK_HW_INFO_REGISTER = 0xdeadbeef,
	MOCK_HWPT_DATA = 0xdead,
};

/* Page table types of struct mock_hwpt_data */
enum {
	MOCK_PGTABLE_DEFAULT = 0,
	MOCK_PGTABLE_HUGE = 1,
};

/**
 * struct iommu_test_cmd - ioctl(IOMMU_TEST_CMD)
 * @size: sizeof(struct iommu_test_cmd)
 * @op: of enum iommufd_mock_op, else EOPNOTSUPP
 * @id: subject of the operation
 * @__reserved: not looked at
 * @reserve: MOCK_OP_ADD_RESERVED; @id: IOAS
 * @device: MOCK_OP_DEVICE, MOCK_OP_DEVICE_FLAGS; @id: what to attach to
 * @check_map: MOCK_OP_CHECK_MAP; @id: HWPT
 * @check_refs: MOCK_OP_CHECK_REFS
 * @memory_limit: MOCK_OP_MEMORY_LIMIT
 * @replace: MOCK_OP_REPLACE; @id: mock device
 * @payload: the space that every operation has
 * @last: not used; the shortest struct ends behind it
 */
struct iommu_test_cmd {
	__u32 size;
	__u32 op;
	__u32 id;
	__u32 __reserved;
	union {
		struct {
			__aligned_u64 start;
			__aligned_u64 length;
		} reserve;
		struct {
			__u32 out_stdev_id;
			__u32 out_hwpt_id;
			__u32 out_idev_id;
			__u32 flags;
		} device;
		struct {
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 user_va;
		} check_map;
		struct {
			__aligned_u64 length;
			__aligned_u64 user_va;
			__u32 pins;
		} check_refs;
		struct {
			__u32 limit;
		} memory_limit;
		struct {
			__u32 pt_id;
		} replace;
		__aligned_u64 payload[6];
	};
	__u32 last;
};

/**
 * struct mock_hw_info - driver data of IOMMU_GET_HW_INFO
 * @flags: 0
 * @test_reg: MOCK_HW_INFO_REGISTER
 */
struct mock_hw_info {
	__u32 flags;
	__u32 test_reg;
};

/**
 * struct mock_hwpt_data - driver data of IOMMU_HWPT_ALLOC
 * @iotlb: preset of the IOTLB words of a nested HWPT
 * @pgtable: page table type; may be left out
 */
struct mock_hwpt_data {
	__u32 iotlb;
	__u32 pgtable;
};

#define MOCK_ASSERT_OFFSET(field, offset)				\
	static_assert(__builtin_offsetof(struct iommu_test_cmd, field) == \
		      (offset), #field)

static_assert(sizeof(struct iommu_test_cmd) == 72, "struct size");
MOCK_ASSERT_OFFSET(payload, 16);
MOCK_ASSERT_OFFSET(reserve.length, 24);
MOCK_ASSERT_OFFSET(device.out_stdev_id, 16);
MOCK_ASSERT_OFFSET(device.out_hwpt_id, 20);
MOCK_ASSERT_OFFSET(device.out_idev_id, 24);
MOCK_ASSERT_OFFSET(device.flags, 28);
MOCK_ASSERT_OFFSET(check_map.length, 24);
MOCK_ASSERT_OFFSET(check_map.user_va, 32);
MOCK_ASSERT_OFFSET(check_refs.user_va, 24);
MOCK_ASSERT_OFFSET(check_refs.pins, 32);
MOCK_ASSERT_OFFSET(last, 64);

#endif
