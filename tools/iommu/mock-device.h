/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mock device: it has an IOMMU driver without hardware, in kernels with
 * CONFIG_IOMMUFD_TEST. It does no DMA, but one can look into its IOMMU's table.
 * This one is behind an IOMMU that cannot nest.
 *
 * A function returns 0, or -1 and sets errno.
 */
#ifndef MOCK_DEVICE_H
#define MOCK_DEVICE_H

#include <stddef.h>

#include <linux/types.h>

struct mock_device {
	int iommu;
	__u32 id;
	__u32 hwpt;	/* the table that it has */
};

/*
 * Bind one with @cookie, and attach it to an IOAS of its own; until @iommu is closed.
 * ENOTTY: the kernel has none
 */
int mock_device_plug_in(struct mock_device *mock, int iommu, __u64 cookie);

/* Attach it to something else */
int mock_device_attach(struct mock_device *mock, __u32 ioasid);

/* Does its table map @iova, so far as @length, to the memory at @va? */
int mock_device_check(const struct mock_device *mock, __u64 iova, const void *va,
		      size_t length);

#endif
