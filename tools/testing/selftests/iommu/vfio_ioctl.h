/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands of a VFIO device file that have to do with /dev/iommu as C
 * functions, results as in iommu_ioctl.h; and the other way to a device, through
 * its group and a container.
 */
#ifndef __VFIO_IOCTL_H
#define __VFIO_IOCTL_H

#include <linux/vfio.h>

#include "iommu_ioctl.h"
#include "../../../iommu/vfio-device.h"

/* The sizes that the structs of BIND have had */
#define BIND_SIZE		16
#define BIND_SIZE_TOKEN		24
#define BIND_SIZE_COOKIE	32

static inline int bind_cmd(int device, struct vfio_device_bind_iommufd *cmd)
{
	return iommu_ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, cmd);
}

static inline int bind_to(int device, int iommufd)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = BIND_SIZE,
		.iommufd = iommufd,
	};

	return bind_cmd(device, &cmd);
}

static inline int bind_cookie(int device, int iommufd, __u64 cookie,
			      __u32 *dev_id)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = BIND_SIZE_COOKIE,
		.flags = VFIO_DEVICE_BIND_FLAG_COOKIE,
		.iommufd = iommufd,
		.dev_cookie = cookie,
	};
	int rc = bind_cmd(device, &cmd);

	if (!rc && dev_id)
		*dev_id = cmd.out_devid;
	return rc;
}

static inline int bind_token(int device, int iommufd, const void *uuid)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = BIND_SIZE_TOKEN,
		.flags = VFIO_DEVICE_BIND_FLAG_TOKEN,
		.iommufd = iommufd,
		.token_uuid_ptr = (uintptr_t)uuid,
	};

	return bind_cmd(device, &cmd);
}

static inline int attach_to(int device, __u32 *pt_id)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = offsetof(typeof(cmd), pasid),
		.pt_id = *pt_id,
	};
	int rc = iommu_ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);

	*pt_id = cmd.pt_id;
	return rc;
}

static inline int attach(int device, __u32 pt_id)
{
	return attach_to(device, &pt_id);
}

static inline int detach(int device)
{
	struct vfio_device_detach_iommufd_pt cmd = {
		.argsz = offsetof(typeof(cmd), pasid),
	};

	return iommu_ioctl(device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
}

/* A DMA-BUF of a part of a BAR, in @nr_ranges ranges that are the same */
static inline int export(int device, __u32 bar, __u64 offset, __u64 length,
			 __u32 nr_ranges, __u32 flags)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_feature_dma_buf args;
		struct vfio_region_dma_range range[2];
	} arg = {
		.feature = {
			.argsz = sizeof(arg),
			.flags = VFIO_DEVICE_FEATURE_GET |
				 VFIO_DEVICE_FEATURE_DMA_BUF,
		},
		.args = {
			.region_index = bar,
			.open_flags = O_RDWR | O_CLOEXEC,
			.flags = flags,
			.nr_ranges = nr_ranges,
		},
		.range[0] = { .offset = offset, .length = length },
		.range[1] = { .offset = offset, .length = length },
	};
	int rc = ioctl(device, VFIO_DEVICE_FEATURE, &arg);

	return rc < 0 ? -errno : rc;
}

static inline int get_info(int device)
{
	struct vfio_device_info cmd = { .argsz = sizeof(cmd) };

	return iommu_ioctl(device, VFIO_DEVICE_GET_INFO, &cmd);
}

/* A device through its group, as it was always done */
struct legacy {
	int container;
	int group;
	int fd;
};

/* @container: path; an IOMMU fd can be one, too */
static inline int legacy_open_in(struct legacy *legacy, const char *device,
				 const char *container)
{
	const char *name = strrchr(device, '/');

	name = name ? name + 1 : device;
	legacy->fd = -1;
	legacy->container = open(container, O_RDWR | O_CLOEXEC);
	legacy->group = vfio_open_group(device);
	if (legacy->container < 0 || legacy->group < 0)
		return -ENODEV;
	if (ioctl(legacy->group, VFIO_GROUP_SET_CONTAINER, &legacy->container))
		return -errno;
	if (ioctl(legacy->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	legacy->fd = ioctl(legacy->group, VFIO_GROUP_GET_DEVICE_FD, name);
	return legacy->fd < 0 ? -errno : 0;
}

static inline int legacy_open(struct legacy *legacy, const char *device)
{
	return legacy_open_in(legacy, device, "/dev/vfio/vfio");
}

static inline void legacy_close(struct legacy *legacy)
{
	close(legacy->fd);
	close(legacy->group);
	close(legacy->container);
}

static inline int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

#endif
