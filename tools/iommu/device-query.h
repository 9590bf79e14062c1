/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ask a device what it can do, as any user of /dev/iommu can.
 *
 * A device has to be bound for that, so nobody else can have it in the meantime,
 * and binding it may reset it. It is not attached: it does no DMA.
 */
#ifndef DEVICE_QUERY_H
#define DEVICE_QUERY_H

#include <stdbool.h>

#include <linux/iommufd.h>

#include "sysfs-device.h"

/* 32-bit words of what IOMMU_GET_HW_INFO tells; no driver has more */
#define HW_INFO_WORDS 64

struct device_query {
	struct sysfs_device sysfs;
	int file;				/* keeps it bound */
	struct iommu_device_get_info info;	/* complete */
	bool has_hw;				/* else the device is emulated */
	struct iommu_hw_info hw;
	union {
		struct iommu_hw_info_arm_smmuv3 smmuv3;
		__u32 words[HW_INFO_WORDS];
	} hw_data;
};

/* Open /dev/iommu; ends the program with a message if that fails */
int iommu_fd_open(void);

/*
 * Find the device, bind it to @iommu with @cookie, and ask it. False, after a
 * message on standard error, if that is not possible
 */
bool device_query_begin(struct device_query *query, const char *device,
			int iommu, __u64 cookie);

/* Let go of the device; also of one that has not begun, if all of it is 0 */
void device_query_end(struct device_query *query);

#endif
