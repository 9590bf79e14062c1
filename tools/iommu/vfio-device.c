// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PCI device that is bound to vfio-pci. See vfio-device.h.
 */
#include <dirent.h>
#include <err.h>
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

const char *vfio_device_address(const char *arg)
{
	const char *bdf = arg ? arg : getenv("EDU0");

	if (!bdf || !*bdf)
		errx(2, "give a PCI address like 0000:00:04.0, as argument or in $EDU0");
	return bdf;
}

int vfio_open_cdev(const char *bdf, char *path, size_t path_len)
{
	char dir_path[PATH_MAX], name[NAME_MAX + 1] = "";
	struct dirent *entry;
	DIR *dir;
	int fd;

	snprintf(dir_path, sizeof(dir_path),
		 "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(dir_path);
	if (!dir)
		err(1, "%s (is its driver vfio-pci, and VFIO_DEVICE_CDEV in the kernel?)",
		    dir_path);
	while (!*name && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "vfio", 4))
			strcpy(name, entry->d_name);
	closedir(dir);
	if (!*name)
		errx(1, "%s is empty", dir_path);

	snprintf(path, path_len, "/dev/vfio/devices/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

int vfio_open_group(const char *bdf)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		err(1, "%s (is there an IOMMU?)", path);
	target[len] = 0;

	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(target, '/'));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

__u64 vfio_region_offset(int device, unsigned int index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info))
		err(1, "VFIO_DEVICE_GET_REGION_INFO of region %u", index);
	return info.offset;
}

void vfio_enable_dma(int device)
{
	off_t offset = vfio_region_offset(device, VFIO_PCI_CONFIG_REGION_INDEX) +
		       PCI_COMMAND;
	__u16 command;

	if (pread(device, &command, sizeof(command), offset) != sizeof(command))
		err(1, "reading the PCI command register");
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (pwrite(device, &command, sizeof(command), offset) != sizeof(command))
		err(1, "writing the PCI command register");
}
