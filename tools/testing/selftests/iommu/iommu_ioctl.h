/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands of /dev/iommu as C functions: 0 or a negative errno, so that a
 * test can compare the result with the errno that is promised. Each function
 * passes its arguments on as they are and checks nothing.
 */
#ifndef __IOMMU_IOCTL_H
#define __IOMMU_IOCTL_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/types.h>

#define MAP_RW		(IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)
#define MAP_FIXED_RW	(MAP_RW | IOMMU_IOAS_MAP_FIXED_IOVA)

static inline int iommu_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

static inline int iommu_open(void)
{
	return open("/dev/iommu", O_RDWR | O_CLOEXEC);
}

static inline int iommu_destroy(int fd, __u32 id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	return iommu_ioctl(fd, IOMMU_DESTROY, &cmd);
}

static inline int ioas_alloc(int fd, __u32 *ioas)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int rc = iommu_ioctl(fd, IOMMU_IOAS_ALLOC, &cmd);

	if (!rc)
		*ioas = cmd.out_ioas_id;
	return rc;
}

static inline int ioas_map_flags(int fd, __u32 ioas, const void *va,
				 __u64 length, __u64 *iova, __u32 flags)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.user_va = (uintptr_t)va,
		.length = length,
		.iova = *iova,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOAS_MAP, &cmd);

	if (!rc)
		*iova = cmd.iova;
	return rc;
}

static inline int ioas_map(int fd, __u32 ioas, const void *va, __u64 length,
			   __u64 *iova)
{
	return ioas_map_flags(fd, ioas, va, length, iova, MAP_RW);
}

static inline int ioas_map_fixed(int fd, __u32 ioas, const void *va,
				 __u64 length, __u64 iova)
{
	return ioas_map_flags(fd, ioas, va, length, &iova, MAP_FIXED_RW);
}

static inline int ioas_unmap_length(int fd, __u32 ioas, __u64 iova,
				    __u64 length, __u64 *unmapped)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOAS_UNMAP, &cmd);

	if (unmapped)
		*unmapped = cmd.length;
	return rc;
}

static inline int ioas_unmap(int fd, __u32 ioas, __u64 iova, __u64 length)
{
	return ioas_unmap_length(fd, ioas, iova, length, NULL);
}

static inline int ioas_unmap_all(int fd, __u32 ioas, __u64 *unmapped)
{
	return ioas_unmap_length(fd, ioas, 0, UINT64_MAX, unmapped);
}

static inline int ioas_copy_flags(int fd, __u32 dst, __u32 src, __u64 length,
				  __u64 *dst_iova, __u64 src_iova, __u32 flags)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dst_ioas_id = dst,
		.src_ioas_id = src,
		.length = length,
		.dst_iova = *dst_iova,
		.src_iova = src_iova,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOAS_COPY, &cmd);

	if (!rc)
		*dst_iova = cmd.dst_iova;
	return rc;
}

static inline int ioas_copy(int fd, __u32 dst, __u32 src, __u64 length,
			    __u64 *dst_iova, __u64 src_iova)
{
	return ioas_copy_flags(fd, dst, src, length, dst_iova, src_iova,
			       MAP_RW);
}

static inline int ioas_copy_fixed(int fd, __u32 dst, __u32 src, __u64 length,
				  __u64 dst_iova, __u64 src_iova)
{
	return ioas_copy_flags(fd, dst, src, length, &dst_iova, src_iova,
			       MAP_FIXED_RW);
}

/* @num: in: room, out: number of ranges, also with -EMSGSIZE */
static inline int ioas_iova_ranges(int fd, __u32 ioas,
				   struct iommu_iova_range *ranges, __u32 *num,
				   __u64 *alignment)
{
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = *num,
		.allowed_iovas = (uintptr_t)ranges,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOAS_IOVA_RANGES, &cmd);

	*num = cmd.num_iovas;
	if (alignment)
		*alignment = cmd.out_iova_alignment;
	return rc;
}

static inline int ioas_allow_iovas(int fd, __u32 ioas,
				   const struct iommu_iova_range *ranges,
				   __u32 num)
{
	struct iommu_ioas_allow_iovas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = num,
		.allowed_iovas = (uintptr_t)ranges,
	};

	return iommu_ioctl(fd, IOMMU_IOAS_ALLOW_IOVAS, &cmd);
}

static inline int option_set(int fd, __u32 option, __u32 object, __u64 value)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = option,
		.op = IOMMU_OPTION_OP_SET,
		.object_id = object,
		.val64 = value,
	};

	return iommu_ioctl(fd, IOMMU_OPTION, &cmd);
}

static inline int option_get(int fd, __u32 option, __u32 object, __u64 *value)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = option,
		.op = IOMMU_OPTION_OP_GET,
		.object_id = object,
		.val64 = UINT64_MAX,
	};
	int rc = iommu_ioctl(fd, IOMMU_OPTION, &cmd);

	*value = cmd.val64;
	return rc;
}

static inline int hwpt_alloc_data(int fd, __u32 dev, __u32 pt, __u32 flags,
				  __u32 type, const void *data, __u32 len,
				  __u32 *hwpt)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = dev,
		.pt_id = pt,
		.data_type = type,
		.data_len = len,
		.data_uptr = (uintptr_t)data,
	};
	int rc = iommu_ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	if (!rc)
		*hwpt = cmd.out_hwpt_id;
	return rc;
}

static inline int hwpt_alloc(int fd, __u32 dev, __u32 ioas, __u32 flags,
			     __u32 *hwpt)
{
	return hwpt_alloc_data(fd, dev, ioas, flags, IOMMU_HWPT_DATA_NONE,
			       NULL, 0, hwpt);
}

/* Memory of its own pages, not merged into huge pages, already present */
static inline void *memory_map(size_t length)
{
	void *p = mmap(NULL, length, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, length, MADV_NOHUGEPAGE);
	memset(p, 0, length);
	return p;
}

#endif
