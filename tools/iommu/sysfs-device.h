/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device as sysfs shows it: no device is opened, woken, bound or changed.
 */
#ifndef SYSFS_DEVICE_H
#define SYSFS_DEVICE_H

#include <limits.h>
#include <stdbool.h>

#define SYSFS_PCI "/sys/bus/pci/devices"
#define SYSFS_MDEV "/sys/bus/mdev/devices"

struct sysfs_device {
	char dir[PATH_MAX];		/* in sysfs */
	char name[NAME_MAX + 1];	/* PCI address, UUID */
	char driver[NAME_MAX + 1];	/* "": none */
	char iommu[NAME_MAX + 1];	/* "": none */
	char file[PATH_MAX];		/* /dev/vfio/devices/...; "": none */
	int group;			/* negative: none */
	bool mediated;			/* needs no IOMMU */
	bool pci;
};

/* Find a device by what a user calls it; false: there is none */
bool sysfs_device_find(const char *argument, struct sysfs_device *device);

/* Read what is in the directory of a device */
void sysfs_device_read(const char *dir, struct sysfs_device *device);

/* The IOMMU to be shown to people */
const char *sysfs_device_iommu(const struct sysfs_device *device);

/* All of that as members of an object */
struct json;
void sysfs_device_json(const struct sysfs_device *device, struct json *json);

#endif
