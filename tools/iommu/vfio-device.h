/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI device that is bound to vfio-pci: where its device files are, and how
 * to reach its configuration space and its BARs.
 *
 * The functions end the program with a message if they fail.
 */
#ifndef VFIO_DEVICE_H
#define VFIO_DEVICE_H

#include <stddef.h>

#include <linux/types.h>

/* The device address (0000:00:04.0) from the command line or from $EDU0 */
const char *vfio_device_address(const char *arg);

/* Open the device's own character device, /dev/vfio/devices/vfioN */
int vfio_open_cdev(const char *bdf, char *path, size_t path_len);

/* Open the device's group, /dev/vfio/N, for the group/container interface */
int vfio_open_group(const char *bdf);

/* Where a region (VFIO_PCI_BAR0_REGION_INDEX, ...) is in the device descriptor */
__u64 vfio_region_offset(int device, unsigned int index);

/* Let a PCI device answer to its BARs and do DMA (bus master) */
void vfio_enable_dma(int device);

#endif
