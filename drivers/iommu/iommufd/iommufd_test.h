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
	/* Of this kernel only, from here on. For HWPTs of any driver */
	MOCK_OP_COUNT_MAPPED = 0x8000,		/* W */
	/* A part of a group, or unrecoverable */
	MOCK_OP_REPORT_FAULT = 0x8001,
	/* What page requests were answered */
	MOCK_OP_GET_ANSWERS = 0x8002,		/* W */
	/* MOCK_OP_DEVICE_FLAGS with more flags */
	MOCK_OP_OWN_DEVICE = 0x8003,		/* W */
	/* Events were lost */
	MOCK_OP_LOSE_VEVENTS = 0x8004,
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

enum {
	/* Device flags of MOCK_OP_DEVICE_FLAGS and MOCK_OP_OWN_DEVICE */
	MOCK_DEVICE_NO_DIRTY = 1 << 0,
	MOCK_DEVICE_PASID = 1 << 2,
	MOCK_DEVICE_FLAGS = MOCK_DEVICE_NO_DIRTY | MOCK_DEVICE_PASID,
	/* Those of MOCK_OP_OWN_DEVICE only: bound with a cookie */
	MOCK_DEVICE_COOKIE = 1 << 27,
	/* What stands in the way of nesting */
	MOCK_DEVICE_OTHER_IOMMU = 1 << 28,
	MOCK_DEVICE_NONCOHERENT = 1 << 29,
	MOCK_DEVICE_NO_NESTING = 1 << 30,
	MOCK_OWN_DEVICE_FLAGS = MOCK_DEVICE_FLAGS | MOCK_DEVICE_COOKIE |
				MOCK_DEVICE_OTHER_IOMMU |
				MOCK_DEVICE_NONCOHERENT |
				MOCK_DEVICE_NO_NESTING,
};

enum {
	/* Flag of MOCK_OP_ACCESS_CREATE */
	MOCK_ACCESS_PINS = 1 << 0,
	/* Flags of MOCK_OP_ACCESS_PIN and MOCK_OP_ACCESS_RW */
	MOCK_ACCESS_WRITE = 1 << 0,
	MOCK_ACCESS_SLOW = 1 << 2,		/* of RW only */
	MOCK_ACCESS_SYZ = 1 << 16,
	/* Bytes that they work on at most */
	MOCK_ACCESS_MAX = 16 * 1024 * 1024,
	/* The longest range of MOCK_OP_COUNT_MAPPED */
	MOCK_COUNT_MAX = 16 * 1024 * 1024,
};

enum {
	MOCK_HW_INFO_TYPE = 0xfeedbeef,
	MOCK_HW_INFO_REGISTER = 0xdeadbeef,
	MOCK_HWPT_DATA = 0xdead,
	/* Of this kernel only: a PASID table, which needs a vIOMMU */
	MOCK_PASID_TABLE_DATA = 0x8000dead,
	MOCK_INVALIDATE_DATA = 0xdeadbeef,
	MOCK_VIOMMU_TYPE = 0xdeadbeef,
	MOCK_VEVENTQ_TYPE = 0xbeefbeef,
};

/* Nested domains, and what is cached for a device */
enum {
	MOCK_IOTLB_ENTRIES = 4,
	MOCK_CACHE_ENTRIES = 4,
	MOCK_CACHE_PRESET = 0xbaddad,
	MOCK_NESTED_ADDR_WIDTH = 40,
	/* Flag of struct mock_hwpt_invalidate and struct mock_viommu_invalidate */
	MOCK_INVALIDATE_ALL = 1 << 0,
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
 * @device: MOCK_OP_DEVICE, MOCK_OP_DEVICE_FLAGS, MOCK_OP_OWN_DEVICE; @id: what to
 *          attach to
 * @check_map: MOCK_OP_CHECK_MAP; @id: HWPT
 * @check_refs: MOCK_OP_CHECK_REFS
 * @access_create: MOCK_OP_ACCESS_CREATE; @id: IOAS
 * @access_unpin: MOCK_OP_ACCESS_UNPIN; @id: access
 * @access_pin: MOCK_OP_ACCESS_PIN; @id: access
 * @access_rw: MOCK_OP_ACCESS_RW; @id: access
 * @access_replace: MOCK_OP_ACCESS_REPLACE_IOAS; @id: access
 * @vevent: MOCK_OP_TRIGGER_VEVENT, MOCK_OP_LOSE_VEVENTS
 * @fault: MOCK_OP_TRIGGER_FAULT
 * @report: MOCK_OP_REPORT_FAULT
 * @answers: MOCK_OP_GET_ANSWERS; @id: bound device
 * @memory_limit: MOCK_OP_MEMORY_LIMIT
 * @check_cache: MOCK_OP_CHECK_IOTLB; @id: nested HWPT. MOCK_OP_CHECK_DEV_CACHE;
 *               @id: bound device
 * @count_mapped: MOCK_OP_COUNT_MAPPED; @id: HWPT
 * @dmabuf_get: MOCK_OP_DMABUF_GET
 * @dmabuf_revoke: MOCK_OP_DMABUF_REVOKE
 * @replace: MOCK_OP_REPLACE; @id: mock device
 * @dirty: MOCK_OP_SET_DIRTY; @id: HWPT
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
			/* with MOCK_DEVICE_COOKIE */
			__aligned_u64 cookie;
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
			__u32 out_fd;
			__u32 flags;
		} access_create;
		struct {
			__u32 item_id;
		} access_unpin;
		struct {
			__u32 flags;
			__u32 out_item_id;
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 user_va;
		} access_pin;
		struct {
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 user_va;
			__u32 flags;
		} access_rw;
		struct {
			__u32 ioas_id;
		} access_replace;
		struct {
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 out_length;
		} count_mapped;
		struct {
			__u32 length;
			__u32 open_flags;
		} dmabuf_get;
		struct {
			__s32 fd;
			__u32 revoked;
		} dmabuf_revoke;
		struct {
			__u32 entry;
			__u32 value;
		} check_cache;
		struct {
			__u32 idev_id;
		} vevent;
		struct {
			__u32 idev_id;
			__u32 pasid;
			__u32 grpid;
			__u32 perm;
			__aligned_u64 addr;
		} fault;
		struct {
			__u32 idev_id;
			__u32 unrecoverable;
			__u32 grpid;
			__u32 perm;
			__aligned_u64 addr;
			__u32 reason;
			__u32 lost;
		} report;
		struct {
			__u32 out_num;
			__u32 out_last;
		} answers;
		struct {
			__u32 limit;
		} memory_limit;
		struct {
			__u32 pt_id;
		} replace;
		struct {
			__u32 flags;
			__u32 __reserved;
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 page_size;
			__aligned_u64 bitmap;
			__aligned_u64 out_count;
		} dirty;
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
 * struct mock_hwpt_invalidate - entry of IOMMU_HWPT_INVALIDATE
 * @flags: MOCK_INVALIDATE_ALL for all entries, whatever @entry is
 * @entry: index of the IOTLB entry, in range also with the flag
 */
struct mock_hwpt_invalidate {
	__u32 flags;
	__u32 entry;
};

/**
 * struct mock_viommu_invalidate - entry for a vIOMMU
 * @flags: MOCK_INVALIDATE_ALL for all entries, whatever @entry is
 * @virt_id: virtual ID of the device; not looked at if the device is given
 *           otherwise
 * @entry: index in the cache of the device, in range also with the flag
 */
struct mock_viommu_invalidate {
	__u32 flags;
	__u32 virt_id;
	__u32 entry;
};

/**
 * struct mock_viommu_data - driver data of IOMMU_VIOMMU_ALLOC
 * @in: any value
 * @out: out: @in
 * @mmap_offset: out: where two pages can be mapped that begin with @in
 * @mmap_length: out: their bytes
 */
struct mock_viommu_data {
	__u32 in;
	__u32 out;
	__aligned_u64 mmap_offset;
	__aligned_u64 mmap_length;
};

/**
 * struct mock_vevent - data of an event
 * @virt_id: virtual ID of the device
 */
struct mock_vevent {
	__u32 virt_id;
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
MOCK_ASSERT_OFFSET(device.cookie, 32);
MOCK_ASSERT_OFFSET(check_map.length, 24);
MOCK_ASSERT_OFFSET(check_map.user_va, 32);
MOCK_ASSERT_OFFSET(check_refs.user_va, 24);
MOCK_ASSERT_OFFSET(check_refs.pins, 32);
MOCK_ASSERT_OFFSET(access_create.flags, 20);
MOCK_ASSERT_OFFSET(access_pin.out_item_id, 20);
MOCK_ASSERT_OFFSET(access_pin.iova, 24);
MOCK_ASSERT_OFFSET(access_pin.user_va, 40);
MOCK_ASSERT_OFFSET(check_cache.entry, 16);
MOCK_ASSERT_OFFSET(check_cache.value, 20);
MOCK_ASSERT_OFFSET(vevent.idev_id, 16);
MOCK_ASSERT_OFFSET(fault.pasid, 20);
MOCK_ASSERT_OFFSET(fault.grpid, 24);
MOCK_ASSERT_OFFSET(fault.perm, 28);
MOCK_ASSERT_OFFSET(fault.addr, 32);
MOCK_ASSERT_OFFSET(count_mapped.length, 24);
MOCK_ASSERT_OFFSET(count_mapped.out_length, 32);
MOCK_ASSERT_OFFSET(dmabuf_get.open_flags, 20);
MOCK_ASSERT_OFFSET(dmabuf_revoke.revoked, 20);
MOCK_ASSERT_OFFSET(access_rw.user_va, 32);
MOCK_ASSERT_OFFSET(access_rw.flags, 40);
MOCK_ASSERT_OFFSET(dirty.iova, 24);
MOCK_ASSERT_OFFSET(dirty.length, 32);
MOCK_ASSERT_OFFSET(dirty.page_size, 40);
MOCK_ASSERT_OFFSET(dirty.bitmap, 48);
MOCK_ASSERT_OFFSET(dirty.out_count, 56);
MOCK_ASSERT_OFFSET(last, 64);

#endif
