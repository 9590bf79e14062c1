// SPDX-License-Identifier: GPL-2.0-only
/* A mock device behind an IOMMU that cannot nest. See mock-device.h. */
#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <linux/iommufd.h>

#include "../../drivers/iommu/iommufd/iommufd_test.h"
#include "mock-device.h"

int mock_device_plug_in(struct mock_device *mock, int iommu, __u64 cookie)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_OWN_DEVICE,
		.device = {
			.flags = MOCK_DEVICE_COOKIE | MOCK_DEVICE_NO_NESTING,
			.cookie = cookie,
		},
	};

	if (ioctl(iommu, IOMMU_IOAS_ALLOC, &alloc))
		return -1;
	cmd.id = alloc.out_ioas_id;
	if (ioctl(iommu, IOMMU_TEST_CMD, &cmd)) {
		struct iommu_destroy destroy = {
			.size = sizeof(destroy),
			.id = alloc.out_ioas_id,
		};
		int error = errno;

		ioctl(iommu, IOMMU_DESTROY, &destroy);
		errno = error;
		return -1;
	}
	mock->iommu = iommu;
	mock->id = cmd.device.out_stdev_id;
	mock->hwpt = cmd.device.out_hwpt_id;
	return 0;
}

int mock_device_attach(struct mock_device *mock, __u32 ioasid)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_REPLACE,
		.id = mock->id,
		.replace.pt_id = ioasid,
	};

	if (ioctl(mock->iommu, IOMMU_TEST_CMD, &cmd))
		return -1;
	mock->hwpt = cmd.replace.pt_id;
	return 0;
}

int mock_device_check(const struct mock_device *mock, __u64 iova, const void *va,
		      size_t length)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_CHECK_MAP,
		.id = mock->hwpt,
		.check_map = {
			.iova = iova,
			.length = length,
			.user_va = (uintptr_t)va,
		},
	};

	return ioctl(mock->iommu, IOMMU_TEST_CMD, &cmd);
}
