// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interfaces that iommu-bench compares: VFIO type1v2, /dev/iommu, and
 * /dev/iommu as the container of a VFIO group.
 *
 * All that is asked of /dev/iommu here is in the uAPI of the mainline kernel,
 * so that the same program measures a mainline kernel, too. Whatever fails
 * ends the program.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "bench.h"
#include "vfio-device.h"

/*
 * VFIO
 */

static void container_open(struct space *space, const char *path,
			   const char *bdf)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	space->fd = open(path, O_RDWR | O_CLOEXEC);
	if (space->fd < 0)
		err(1, "%s", path);
	space->device = vfio_open_group(bdf);
	if (space->device < 0)
		errx(1, "the group of %s: %s", bdf, strerror(-space->device));
	if (ioctl(space->device, VFIO_GROUP_GET_STATUS, &status))
		err(1, "VFIO_GROUP_GET_STATUS");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		errx(1, "not all devices of the group are bound to vfio-pci");
	if (ioctl(space->device, VFIO_GROUP_SET_CONTAINER, &space->fd))
		err(1, "VFIO_GROUP_SET_CONTAINER");
	if (ioctl(space->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		err(1, "VFIO_SET_IOMMU");
}

static void type1_open(struct space *space, const char *bdf)
{
	container_open(space, "/dev/vfio/vfio", bdf);
}

static void type1_open_second(struct space *space, const struct space *first,
			      const char *bdf)
{
	type1_open(space, bdf);
}

static void shim_open(struct space *space, const char *bdf)
{
	container_open(space, "/dev/iommu", bdf);
}

static void shim_open_second(struct space *space, const struct space *first,
			     const char *bdf)
{
	shim_open(space, bdf);
}

static void container_map(const struct space *space, void *va, __u64 iova,
			  __u64 size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = size,
	};

	if (ioctl(space->fd, VFIO_IOMMU_MAP_DMA, &map))
		err(1, "VFIO_IOMMU_MAP_DMA");
}

static void container_unmap(const struct space *space, __u64 iova, __u64 size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};

	if (ioctl(space->fd, VFIO_IOMMU_UNMAP_DMA, &unmap))
		err(1, "VFIO_IOMMU_UNMAP_DMA");
	if (unmap.size != size)
		errx(1, "VFIO_IOMMU_UNMAP_DMA unmapped %llu bytes instead of %llu",
		     unmap.size, size);
}

static void container_close(struct space *space)
{
	if (ioctl(space->device, VFIO_GROUP_UNSET_CONTAINER))
		err(1, "VFIO_GROUP_UNSET_CONTAINER");
	close(space->device);
	close(space->fd);
}

/*
 * /dev/iommu
 */

__u32 iommufd_alloc_ioas(const struct space *space)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	if (ioctl(space->fd, IOMMU_IOAS_ALLOC, &alloc))
		err(1, "IOMMU_IOAS_ALLOC");
	return alloc.out_ioas_id;
}

/* A table that follows the IOAS; what is mapped in there is mapped in it */
__u32 iommufd_alloc_table(const struct space *space, __u32 ioas)
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.dev_id = space->dev_id,
		.pt_id = ioas,
	};

	if (ioctl(space->fd, IOMMU_HWPT_ALLOC, &alloc))
		err(1, "IOMMU_HWPT_ALLOC");
	return alloc.out_hwpt_id;
}

/* 0 if the kernel does not know it */
__u32 iommufd_register(const struct space *space, void *va, __u64 size)
{
	struct iommu_memory_register cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_MEMORY_REGISTER_WRITEABLE,
		.user_va = (uintptr_t)va,
		.length = size,
	};

	if (!ioctl(space->fd, IOMMU_MEMORY_REGISTER, &cmd))
		return cmd.out_memory_id;
	if (errno != ENOTTY)
		err(1, "IOMMU_MEMORY_REGISTER");
	return 0;
}

void iommufd_destroy(const struct space *space, __u32 id)
{
	struct iommu_destroy destroy = { .size = sizeof(destroy), .id = id };

	if (ioctl(space->fd, IOMMU_DESTROY, &destroy))
		err(1, "IOMMU_DESTROY");
}

/* Copy a range of the space to the same IOVAs of another IOAS */
void iommufd_copy(const struct space *space, __u32 dst_ioas, __u64 iova,
		  __u64 size)
{
	struct iommu_ioas_copy copy = {
		.size = sizeof(copy),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.dst_ioas_id = dst_ioas,
		.src_ioas_id = space->ioas,
		.length = size,
		.dst_iova = iova,
		.src_iova = iova,
	};

	if (ioctl(space->fd, IOMMU_IOAS_COPY, &copy))
		err(1, "IOMMU_IOAS_COPY");
}

static void attach(struct space *space, const char *bdf)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = space->fd,
	};
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};

	space->device = vfio_open_cdev(bdf);
	if (space->device < 0)
		errx(1, "%s: %s", bdf, strerror(-space->device));
	if (ioctl(space->device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		err(1, "VFIO_DEVICE_BIND_IOMMUFD");
	space->dev_id = bind.out_devid;
	space->ioas = iommufd_alloc_ioas(space);
	attach.pt_id = space->ioas;
	if (ioctl(space->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		err(1, "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
}

static void iommufd_open(struct space *space, const char *bdf)
{
	space->fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (space->fd < 0)
		err(1, "/dev/iommu");
	space->borrowed = false;
	attach(space, bdf);
}

static void iommufd_open_second(struct space *space, const struct space *first,
				const char *bdf)
{
	space->fd = first->fd;
	space->borrowed = true;
	attach(space, bdf);
}

static void iommufd_map(const struct space *space, void *va, __u64 iova,
			__u64 size)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = space->ioas,
		.user_va = (uintptr_t)va,
		.length = size,
		.iova = iova,
	};

	if (ioctl(space->fd, IOMMU_IOAS_MAP, &map))
		err(1, "IOMMU_IOAS_MAP");
}

void iommufd_unmap_from(const struct space *space, __u32 ioas, __u64 iova,
			__u64 size)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas,
		.iova = iova,
		.length = size,
	};

	if (ioctl(space->fd, IOMMU_IOAS_UNMAP, &unmap))
		err(1, "IOMMU_IOAS_UNMAP");
	if (unmap.length != size)
		errx(1, "IOMMU_IOAS_UNMAP unmapped %llu bytes instead of %llu",
		     unmap.length, size);
}

static void iommufd_unmap(const struct space *space, __u64 iova, __u64 size)
{
	iommufd_unmap_from(space, space->ioas, iova, size);
}

static void iommufd_close(struct space *space)
{
	close(space->device);
	if (!space->borrowed)
		close(space->fd);
}

const struct interface interfaces[NUM_INTERFACES] = {
	[TYPE1] = {
		.name = "type1v2",
		.open = type1_open,
		.open_second = type1_open_second,
		.map = container_map,
		.unmap = container_unmap,
		.close = container_close,
	},
	[IOMMUFD] = {
		.name = "/dev/iommu",
		.open = iommufd_open,
		.open_second = iommufd_open_second,
		.map = iommufd_map,
		.unmap = iommufd_unmap,
		.close = iommufd_close,
	},
	[SHIM] = {
		.name = "container",
		.open = shim_open,
		.open_second = shim_open_second,
		.map = container_map,
		.unmap = container_unmap,
		.close = container_close,
	},
};
