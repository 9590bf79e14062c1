/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An edu device, bound to an IOMMU fd and attached through its VFIO character
 * device. Its DMA engine is that of tools/iommu/edu.h, with which the tests
 * prove a translation. Functions return 0 or a negative errno.
 */
#ifndef __EDU_DEVICE_H
#define __EDU_DEVICE_H

#include "iommu_ioctl.h"
#include "../../../iommu/edu.h"
#include <linux/vfio.h>

#define EDU_ADDRESS_LAST	((1ULL << EDU_ADDRESS_BITS) - 1)

struct edu_device {
	int fd;			/* character device */
	__u32 dev_id;		/* after bind */
	struct edu engine;	/* after bind */
};

int edu_device_open(struct edu_device *dev, const char *bdf);
void edu_device_close(struct edu_device *dev);

int edu_device_bind_flags(struct edu_device *dev, int iommufd, __u32 flags,
			  __u64 cookie);
int edu_device_bind(struct edu_device *dev, int iommufd, __u64 cookie);
int edu_device_attach(struct edu_device *dev, __u32 *pt_id);
int edu_device_detach(struct edu_device *dev);

/* Let the device's message-signalled interrupt be told to @event, an eventfd */
int edu_device_enable_msi(struct edu_device *dev, int event);
int edu_device_disable_msi(struct edu_device *dev);

#endif
