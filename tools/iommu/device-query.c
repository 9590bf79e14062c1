// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ask a device what it can do. See device-query.h.
 *
 * Most of this is about telling why it cannot be asked: that a device is not given
 * to VFIO yet, or is in use, is what happens to everybody first.
 *
 * The VFIO device file keeps the device bound until device_query_end().
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "device-query.h"
#include "iommuctl.h"

int iommu_fd_open(void)
{
	int iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	if (iommu >= 0)
		return iommu;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		errx(IOMMUCTL_FAILED,
		     "there is no /dev/iommu: load the module iommufd (modprobe iommufd), or build a kernel with CONFIG_IOMMUFD");
	err(IOMMUCTL_FAILED, "/dev/iommu");
}

/* vfio-pci, a variant of it such as mlx5-vfio-pci, or what drives mediated devices */
static bool has_vfio_driver(const struct sysfs_device *device)
{
	return strstr(device->driver, "vfio") ||
	       (device->mediated && *device->driver);
}

static void tell_how_to_bind(const struct sysfs_device *device)
{
	if (has_vfio_driver(device)) {
		warnx("%s has no device file, though its driver is %s:",
		      device->name, device->driver);
		fputs("the kernel has to have CONFIG_VFIO_DEVICE_CDEV\n",
		      stderr);
		return;
	}
	warnx("%s is not in VFIO's hands: its driver is %s%s", device->name,
	      *device->driver ? device->driver : "none",
	      device->pci ? ". To change that:" : "");
	if (!device->pci)
		return;
	if (access("/sys/bus/pci/drivers/vfio-pci", F_OK))
		fputs("  modprobe vfio-pci\n", stderr);
	fprintf(stderr, "  echo vfio-pci > %s/driver_override\n", device->dir);
	if (*device->driver)
		fprintf(stderr, "  echo %s > %s/driver/unbind\n", device->name,
			device->dir);
	fprintf(stderr, "  echo %s > /sys/bus/pci/drivers_probe\n",
		device->name);
	if (!*device->iommu)
		fprintf(stderr,
			"It has no IOMMU: before that, if you accept that it is unsafe:\n"
			"  echo Y > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode\n");
}

static void tell_why_not_bound(const struct sysfs_device *device, int error)
{
	switch (error) {
	case EBUSY:
		warnx("%s is in use, or another device of its group %d is,",
		      device->name, device->group);
		fputs("by another program or a driver of the kernel\n", stderr);
		break;
	case EPERM:
		if (*device->iommu)
			warnx("%s can raise the interrupts of others; that is accepted by %s",
			      device->name,
			      "iommufd.allow_unsafe_interrupts=1");
		else
			warnx("%s has no IOMMU; to bind it needs CAP_SYS_RAWIO, and %s",
			      device->name,
			      "vfio.enable_unsafe_noiommu_mode=1");
		break;
	default:
		warnx("%s cannot be bound: %s", device->name, strerror(error));
	}
}

static bool bind_device(struct device_query *query, int iommu, __u64 cookie)
{
	const struct sysfs_device *device = &query->sysfs;
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.flags = VFIO_DEVICE_BIND_FLAG_COOKIE,
		.iommufd = iommu,
		.dev_cookie = cookie,
	};

	if (!*device->file) {
		tell_how_to_bind(device);
		return false;
	}
	query->file = open(device->file, O_RDWR | O_CLOEXEC);
	if (query->file < 0 && errno != EBUSY) {
		warn("%s: %s", device->name, device->file);
		return false;
	}
	if (query->file < 0 ||
	    ioctl(query->file, VFIO_DEVICE_BIND_IOMMUFD, &bind)) {
		tell_why_not_bound(device, errno);
		return false;
	}
	return true;
}

static void *make_room(__u64 old, __u32 num, size_t size)
{
	/* No room at all would be NULL */
	void *room = reallocarray((void *)(uintptr_t)old, num + 1ULL, size);

	if (!room)
		err(IOMMUCTL_FAILED, "%u entries", num);
	return room;
}

/* How many formats and ranges there are is known afterwards */
static bool ask_device(struct device_query *query, int iommu, __u64 cookie)
{
	struct iommu_device_get_info *info = &query->info;

	*info = (struct iommu_device_get_info){
		.size = sizeof(*info),
		.dev_cookie = cookie,
		.format_len = sizeof(struct iommu_format_info),
		.num_formats = 8,
		.num_ranges = 8,
	};
	do {
		info->formats = (uintptr_t)
			make_room(info->formats, info->num_formats,
				  sizeof(struct iommu_format_info));
		info->ranges = (uintptr_t)
			make_room(info->ranges, info->num_ranges,
				  sizeof(struct iommu_iova_range));
		if (!ioctl(iommu, IOMMU_DEVICE_GET_INFO, info))
			return true;
	} while (errno == EMSGSIZE);
	warn("%s: IOMMU_DEVICE_GET_INFO", query->sysfs.name);
	return false;
}

/* An emulated device has no hardware to ask about */
static bool ask_hardware(struct device_query *query, int iommu)
{
	query->hw = (struct iommu_hw_info){
		.size = sizeof(query->hw),
		.dev_id = query->info.out_dev_id,
		.data_len = sizeof(query->hw_data),
		.data_uptr = (uintptr_t)&query->hw_data,
	};
	query->has_hw = !ioctl(iommu, IOMMU_GET_HW_INFO, &query->hw);
	if (query->has_hw || errno == ENOENT)
		return true;
	warn("%s: IOMMU_GET_HW_INFO", query->sysfs.name);
	return false;
}

bool device_query_begin(struct device_query *query, const char *device,
			int iommu, __u64 cookie)
{
	memset(query, 0, sizeof(*query));
	query->file = -1;
	if (!sysfs_device_find(device, &query->sysfs)) {
		warnx("there is no device %s", device);
		return false;
	}
	return bind_device(query, iommu, cookie) &&
	       ask_device(query, iommu, cookie) && ask_hardware(query, iommu);
}

void device_query_end(struct device_query *query)
{
	if (query->file > 0)
		close(query->file);
	free((void *)(uintptr_t)query->info.formats);
	free((void *)(uintptr_t)query->info.ranges);
	memset(query, 0, sizeof(*query));
}
