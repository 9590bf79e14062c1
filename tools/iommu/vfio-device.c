// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that VFIO hands out. See vfio-device.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "vfio-device.h"

const char *vfio_device_address(const char *argument)
{
	const char *bdf = argument ? argument : getenv("EDU0");

	return bdf && *bdf ? bdf : NULL;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A file of the device's directory in sysfs */
static void sysfs_path(const char *device, const char *file, char *path,
		       size_t size)
{
	snprintf(path, size, "%s%s/%s",
		 *device == '/' ? "" : "/sys/bus/pci/devices/", device, file);
}

/* The character device is named in sysfs: .../vfio-dev/vfioN or noiommu-vfioN */
int vfio_cdev_path(const char *device, char *path, size_t size)
{
	struct dirent *entry;
	char sysfs[PATH_MAX];
	int rc = -ENOENT;
	DIR *dir;

	sysfs_path(device, "vfio-dev", sysfs, sizeof(sysfs));
	dir = opendir(sysfs);
	if (!dir)
		return -errno;
	while (rc && (entry = readdir(dir))) {
		if (!strstr(entry->d_name, "vfio"))
			continue;
		snprintf(path, size, "/dev/vfio/devices/%s", entry->d_name);
		rc = 0;
	}
	closedir(dir);
	return rc;
}

int vfio_open_cdev(const char *device)
{
	char path[PATH_MAX];
	int rc = vfio_cdev_path(device, path, sizeof(path));

	return rc ? rc : open_file(path);
}

int vfio_group_number(const char *device)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	sysfs_path(device, "iommu_group", path, sizeof(path));
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = 0;
	return atoi(strrchr(target, '/') + 1);
}

int vfio_open_group(const char *device)
{
	int number = vfio_group_number(device);
	char path[PATH_MAX];

	if (number < 0)
		return number;
	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	if (access(path, F_OK))
		snprintf(path, sizeof(path), "/dev/vfio/noiommu-%d", number);
	return open_file(path);
}

int vfio_region_offset(int device, unsigned int index, __u64 *offset)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -errno;
	*offset = info.offset;
	return 0;
}

int vfio_enable_dma(int device)
{
	__u16 command;
	__u64 offset = 0;
	int rc;

	rc = vfio_region_offset(device, VFIO_PCI_CONFIG_REGION_INDEX, &offset);
	if (rc)
		return rc;
	offset += PCI_COMMAND;
	if (pread(device, &command, sizeof(command), offset) != sizeof(command))
		return -EIO;
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (pwrite(device, &command, sizeof(command), offset) != sizeof(command))
		return -EIO;
	return 0;
}
