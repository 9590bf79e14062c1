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
		.op = MOCK_OP_DEVICE_FLAGS,
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

static inline int mock_memory_limit(int fd, __u32 limit)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_MEMORY_LIMIT,
		.memory_limit.limit = limit,
	};

	return iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

#endif
