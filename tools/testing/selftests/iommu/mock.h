/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of the mock IOMMU driver as C functions; results as in
 * iommu_ioctl.h.
 */
#ifndef __MOCK_H
#define __MOCK_H

#include "iommu_ioctl.h"
#include "../../../../drivers/iommu/iommufd/iommufd_test.h"

struct mock_device {
	__u32 stdev;	/* the mock device, to replace and destroy */
	__u32 idev;	/* the bound device */
	__u32 hwpt;	/* what it was attached to */
};

static inline int mock_device_flags(int fd, __u32 pt, __u32 flags,
				    struct mock_device *dev)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = flags & MOCK_OWN_DEVICE_FLAGS & ~MOCK_DEVICE_FLAGS ?
		      MOCK_OP_OWN_DEVICE : MOCK_OP_DEVICE_FLAGS,
		.id = pt,
		.device.flags = flags,
	};
	int rc = iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	if (rc)
		return rc;
	dev->stdev = cmd.device.out_stdev_id;
	dev->idev = cmd.device.out_idev_id;
	dev->hwpt = cmd.device.out_hwpt_id;
	return cmd.id ? 0 : -EPROTO;
}

static inline int mock_device(int fd, __u32 pt, struct mock_device *dev)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_DEVICE,
		.id = pt,
	};
	int rc = iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	if (rc)
		return rc;
	dev->stdev = cmd.device.out_stdev_id;
	dev->idev = cmd.device.out_idev_id;
	dev->hwpt = cmd.device.out_hwpt_id;
	return cmd.id ? 0 : -EPROTO;
}

/* The same, bound with a cookie */
static inline int mock_device_cookie(int fd, __u32 pt, __u32 flags,
				     __u64 cookie, struct mock_device *dev)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_OWN_DEVICE,
		.id = pt,
		.device = {
			.flags = flags | MOCK_DEVICE_COOKIE,
			.cookie = cookie,
		},
	};
	int rc = iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	if (rc)
		return rc;
	dev->stdev = cmd.device.out_stdev_id;
	dev->idev = cmd.device.out_idev_id;
	dev->hwpt = cmd.device.out_hwpt_id;
	return 0;
}

static inline int mock_replace(int fd, __u32 stdev, __u32 pt, __u32 *hwpt)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_REPLACE,
		.id = stdev,
		.replace.pt_id = pt,
	};
	int rc = iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	if (!rc && hwpt)
		*hwpt = cmd.replace.pt_id;
	return rc;
}

static inline int mock_reserve(int fd, __u32 ioas, __u64 start, __u64 length)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_ADD_RESERVED,
		.id = ioas,
		.reserve = { .start = start, .length = length },
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static inline int mock_check_map(int fd, __u32 hwpt, __u64 iova,
				 const void *va, __u64 length)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_CHECK_MAP,
		.id = hwpt,
		.check_map = {
			.iova = iova,
			.length = length,
			.user_va = (uintptr_t)va,
		},
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* The bytes of a range that a table of any IOMMU driver has, or -errno */
static inline long long mock_count_mapped(int fd, __u32 hwpt, __u64 iova,
					  __u64 length)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_COUNT_MAPPED,
		.id = hwpt,
		.count_mapped = { .iova = iova, .length = length },
	};
	int rc = iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	return rc ?: (long long)cmd.count_mapped.out_length;
}

static inline int mock_check_pins(int fd, const void *va, __u64 length,
				  __u32 pins)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_CHECK_REFS,
		.check_refs = {
			.length = length,
			.user_va = (uintptr_t)va,
			.pins = pins,
		},
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* @count: returns the number of bits that are set, if not NULL */
static inline int mock_set_dirty(int fd, __u32 hwpt, __u64 iova, __u64 length,
				 __u64 io_page, const void *bitmap,
				 __u64 *count)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_SET_DIRTY,
		.id = hwpt,
		.dirty = {
			.iova = iova,
			.length = length,
			.page_size = io_page,
			.bitmap = (uintptr_t)bitmap,
		},
	};
	int rc = iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	if (!rc && count)
		*count = cmd.dirty.out_count;
	return rc;
}

/* Returns the descriptor of the access; it pins with MOCK_ACCESS_PINS */
static inline int mock_access(int fd, __u32 ioas, __u32 flags)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_ACCESS_CREATE,
		.id = ioas,
		.access_create.flags = flags,
	};
	int rc = iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	return rc ?: (int)cmd.access_create.out_fd;
}

/* @va: memory that must have the same pages, or NULL */
static inline int mock_access_pin(int fd, int access, __u64 iova, __u64 length,
				  const void *va, __u32 flags, __u32 *item)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_ACCESS_PIN,
		.id = access,
		.access_pin = {
			.flags = flags,
			.iova = iova,
			.length = length,
			.user_va = (uintptr_t)va,
		},
	};
	int rc = iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	if (!rc && item)
		*item = cmd.access_pin.out_item_id;
	return rc;
}

static inline int mock_access_unpin(int fd, int access, __u32 item)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_ACCESS_UNPIN,
		.id = access,
		.access_unpin.item_id = item,
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* From the IOVAs to @data, with MOCK_ACCESS_WRITE the other way round */
static inline int mock_access_rw(int fd, int access, __u64 iova, void *data,
				 __u64 length, __u32 flags)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_ACCESS_RW,
		.id = access,
		.access_rw = {
			.iova = iova,
			.length = length,
			.user_va = (uintptr_t)data,
			.flags = flags,
		},
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* Has the IOTLB of a nested HWPT this in an entry? */
static inline int mock_check_iotlb(int fd, __u32 hwpt, __u32 entry, __u32 value)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_CHECK_IOTLB,
		.id = hwpt,
		.check_cache = { .entry = entry, .value = value },
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* Has the cache of a bound device this in an entry? */
static inline int mock_check_cache(int fd, __u32 idev, __u32 entry, __u32 value)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_CHECK_DEV_CACHE,
		.id = idev,
		.check_cache = { .entry = entry, .value = value },
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static inline int mock_trigger_vevent(int fd, __u32 idev)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_TRIGGER_VEVENT,
		.vevent.idev_id = idev,
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* The IOMMU has lost events of the device */
static inline int mock_lose_vevent(int fd, __u32 idev)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_LOSE_VEVENTS,
		.vevent.idev_id = idev,
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static inline int mock_trigger_fault(int fd, __u32 idev, __u32 pasid)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_TRIGGER_FAULT,
		.fault = {
			.idev_id = idev,
			.pasid = pasid,
			.grpid = 2,
			.perm = 3,
			.addr = 0xdeadbeaf,
		},
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* The IOMMU has lost faults of a device */
static inline int mock_lose_faults(int fd, __u32 idev)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_REPORT_FAULT,
		.report = {
			.idev_id = idev,
			.lost = 1,
		},
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* A request that is not the last one of its group, or an unrecoverable fault */
static inline int mock_report_fault(int fd, __u32 idev, bool unrecoverable,
				    __u32 reason)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_REPORT_FAULT,
		.report = {
			.idev_id = idev,
			.unrecoverable = unrecoverable,
			.grpid = 2,
			.perm = 1,
			.addr = 0x1234000,
			.reason = reason,
		},
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* When nobody takes a request, the driver answers it with a failure */
#define MOCK_ANSWER_OF_NOBODY	2

/* How many requests of a device were answered, and how the last one was */
static inline int mock_answers(int fd, __u32 idev, __u32 *last)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_GET_ANSWERS,
		.id = idev,
	};
	int rc = iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);

	if (last)
		*last = cmd.answers.out_last;
	return rc ?: (int)cmd.answers.out_num;
}

static inline int mock_nested_alloc(int fd, __u32 dev, __u32 parent,
				    __u32 preset, __u32 *hwpt)
{
	struct mock_hwpt_data data = { .iotlb = preset };

	return hwpt_alloc_data(fd, dev, parent, 0, MOCK_HWPT_DATA, &data,
			       sizeof(data), hwpt);
}

static inline int mock_memory_limit(int fd, __u32 limit)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_MEMORY_LIMIT,
		.memory_limit.limit = limit,
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* @ioas: 0 to detach */
static inline int mock_access_replace(int fd, int access, __u32 ioas)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_ACCESS_REPLACE_IOAS,
		.id = access,
		.access_replace.ioas_id = ioas,
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* Return a DMA-BUF of device memory */
static inline int mock_dmabuf(int fd, __u32 length, __u32 flags)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_DMABUF_GET,
		.dmabuf_get = { .length = length, .open_flags = flags },
	};
	int rc = ioctl(fd, IOMMU_TEST_CMD, &cmd);

	return rc < 0 ? -errno : rc;
}

static inline int mock_dmabuf_set_revoked(int fd, int dmabuf, bool revoked)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_DMABUF_REVOKE,
		.dmabuf_revoke = { .fd = dmabuf, .revoked = revoked },
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

#endif
