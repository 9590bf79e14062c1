/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VFIO container: /dev/vfio/vfio, or an IOMMU fd in its place. Its ioctls as C
 * functions, results as in iommu_ioctl.h, and what comes before them: a group in
 * it, and the kind of IOMMU set.
 *
 * A function that has "_cmd" in its name takes the struct as it is.
 */
#ifndef __TYPE1_FIXTURE_H
#define __TYPE1_FIXTURE_H

#include "vfio_ioctl.h"

#define TYPE1_CONTAINER		"/dev/vfio/vfio"
#define IOMMUFD_CONTAINER	"/dev/iommu"

#define DMA_READ	VFIO_DMA_MAP_FLAG_READ
#define DMA_WRITE	VFIO_DMA_MAP_FLAG_WRITE
#define DMA_RW		(DMA_READ | DMA_WRITE)

#define DIRTY_START	VFIO_IOMMU_DIRTY_PAGES_FLAG_START
#define DIRTY_STOP	VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP
#define DIRTY_GET	VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP

static inline int container_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline int api_version(int container)
{
	int rc = ioctl(container, VFIO_GET_API_VERSION);

	return rc < 0 ? -errno : rc;
}

static inline int check_extension(int container, unsigned long extension)
{
	int rc = ioctl(container, VFIO_CHECK_EXTENSION, extension);

	return rc < 0 ? -errno : rc;
}

static inline int set_iommu(int container, unsigned long type)
{
	return ioctl(container, VFIO_SET_IOMMU, type) < 0 ? -errno : 0;
}

static inline int set_container(int group, int container)
{
	return iommu_ioctl(group, VFIO_GROUP_SET_CONTAINER, &container);
}

static inline int unset_container(int group)
{
	return ioctl(group, VFIO_GROUP_UNSET_CONTAINER) < 0 ? -errno : 0;
}

static inline int group_device(int group, const char *name)
{
	int fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);

	return fd < 0 ? -errno : fd;
}

/* VFIO_GROUP_FLAGS_..., or a negative errno */
static inline int group_status(int group)
{
	struct vfio_group_status cmd = { .argsz = sizeof(cmd) };
	int rc = iommu_ioctl(group, VFIO_GROUP_GET_STATUS, &cmd);

	return rc ? rc : (int)cmd.flags;
}

static inline int map_dma_cmd(int container,
			      struct vfio_iommu_type1_dma_map *cmd)
{
	return iommu_ioctl(container, VFIO_IOMMU_MAP_DMA, cmd);
}

static inline int map_dma_flags(int container, const void *va, __u64 iova,
				__u64 size, __u32 flags)
{
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = size,
	};

	return map_dma_cmd(container, &cmd);
}

static inline int map_dma(int container, const void *va, __u64 iova,
			  __u64 size)
{
	return map_dma_flags(container, va, iova, size, DMA_RW);
}

static inline int unmap_dma_cmd(int container,
				struct vfio_iommu_type1_dma_unmap *cmd)
{
	return iommu_ioctl(container, VFIO_IOMMU_UNMAP_DMA, cmd);
}

/* @unmapped: returns the number of bytes, unless NULL */
static inline int unmap_dma_flags(int container, __u64 iova, __u64 size,
				  __u32 flags, __u64 *unmapped)
{
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
		.iova = iova,
		.size = size,
	};
	int rc = unmap_dma_cmd(container, &cmd);

	if (unmapped)
		*unmapped = cmd.size;
	return rc;
}

static inline int unmap_dma(int container, __u64 iova, __u64 size,
			    __u64 *unmapped)
{
	return unmap_dma_flags(container, iova, size, 0, unmapped);
}

static inline int unmap_dma_all(int container, __u64 *unmapped)
{
	return unmap_dma_flags(container, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL,
			       unmapped);
}

struct unmap_dirty {
	struct vfio_iommu_type1_dma_unmap unmap;
	struct vfio_bitmap bitmap;
};

static inline int unmap_dma_dirty(int container, __u64 iova, __u64 size,
				  __u64 page_size, void *bitmap,
				  __u64 bitmap_size, __u64 *unmapped)
{
	struct unmap_dirty cmd = {
		.unmap = {
			.argsz = sizeof(cmd),
			.flags = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
			.iova = iova,
			.size = size,
		},
		.bitmap = {
			.pgsize = page_size,
			.size = bitmap_size,
			.data = bitmap,
		},
	};
	int rc = unmap_dma_cmd(container, &cmd.unmap);

	if (unmapped)
		*unmapped = cmd.unmap.size;
	return rc;
}

static inline int dirty_flags(int container, __u32 flags)
{
	struct vfio_iommu_type1_dirty_bitmap cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
	};

	return iommu_ioctl(container, VFIO_IOMMU_DIRTY_PAGES, &cmd);
}

struct dirty_get {
	struct vfio_iommu_type1_dirty_bitmap dirty;
	struct vfio_iommu_type1_dirty_bitmap_get get;
};

static inline int dirty_get(int container, __u64 iova, __u64 size,
			    __u64 page_size, void *bitmap, __u64 bitmap_size)
{
	struct dirty_get cmd = {
		.dirty = {
			.argsz = sizeof(cmd),
			.flags = DIRTY_GET,
		},
		.get = {
			.iova = iova,
			.size = size,
			.bitmap = {
				.pgsize = page_size,
				.size = bitmap_size,
				.data = bitmap,
			},
		},
	};

	return iommu_ioctl(container, VFIO_IOMMU_DIRTY_PAGES, &cmd);
}

#define INFO_SIZE	4096

/* All of it, in a buffer of INFO_SIZE bytes */
static inline int container_info(int container,
				 struct vfio_iommu_type1_info *info)
{
	memset(info, 0, INFO_SIZE);
	info->argsz = INFO_SIZE;
	return iommu_ioctl(container, VFIO_IOMMU_GET_INFO, info);
}

static inline struct vfio_info_cap_header *
info_cap(struct vfio_iommu_type1_info *info, __u16 id)
{
	__u32 offset = info->cap_offset;

	while (offset && offset < INFO_SIZE) {
		struct vfio_info_cap_header *header = (void *)info + offset;

		if (header->id == id)
			return header;
		offset = header->next;
	}
	return NULL;
}

/* How many mappings are left, or a negative errno */
static inline long dma_avail(int container)
{
	union {
		struct vfio_iommu_type1_info info;
		__u8 room[INFO_SIZE];
	} buffer;
	struct vfio_iommu_type1_info_dma_avail *cap;
	int rc = container_info(container, &buffer.info);

	if (rc)
		return rc;
	cap = (void *)info_cap(&buffer.info, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL);
	return cap ? (long)cap->avail : -ENOENT;
}

/* Is it the core of /dev/iommu that serves the container, by whatever name? */
static inline bool is_iommufd(int container)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_VFIO_IOAS_GET,
	};
	int rc = iommu_ioctl(container, IOMMU_VFIO_IOAS, &cmd);

	return !rc || rc == -ENODEV;
}

static inline int vfio_ioas(int iommufd, __u16 op, __u32 *ioas)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.ioas_id = *ioas,
		.op = op,
	};
	int rc = iommu_ioctl(iommufd, IOMMU_VFIO_IOAS, &cmd);

	*ioas = cmd.ioas_id;
	return rc;
}

/* The parameter of the module that serves a container */
static inline int set_dma_entry_limit(int container, const char *text)
{
	return write_file(is_iommufd(container) ?
			  "/sys/module/iommufd/parameters/dma_entry_limit" :
			  "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit",
			  text);
}

#endif
