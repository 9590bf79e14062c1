/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that VFIO hands out: where its device files are, and how to reach
 * its regions. It is named by its PCI address (0000:00:04.0), or, on any bus, by
 * its directory in sysfs (/sys/bus/mdev/devices/...).
 *
 * Functions return 0, or a descriptor, or a negative errno.
 */
#ifndef VFIO_DEVICE_H
#define VFIO_DEVICE_H

#include <stddef.h>

#include <linux/types.h>

/*
 * The device address (0000:00:04.0): an argument of the program, or else EDU0 in
 * the environment; NULL if there is neither
 */
const char *vfio_device_address(const char *argument);

/*
 * The path of the device's own character device, /dev/vfio/devices/vfioN, or
 * noiommu-vfioN if it has no IOMMU
 */
int vfio_cdev_path(const char *device, char *path, size_t size);
int vfio_open_cdev(const char *device);

/* The number of the device's group, whose file is /dev/vfio/N or noiommu-N */
int vfio_group_number(const char *device);
int vfio_open_group(const char *device);

/* Where a region (VFIO_PCI_BAR0_REGION_INDEX, ...) is in the device descriptor */
int vfio_region_offset(int device, unsigned int index, __u64 *offset);

/* Let a PCI device answer to its BARs and do DMA (bus master) */
int vfio_enable_dma(int device);

#endif
