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

static inline int ioas_map_file_flags(int fd, __u32 ioas, int file, __u64 start,
				      __u64 length, __u64 *iova, __u32 flags)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.fd = file,
		.start = start,
		.length = length,
		.iova = *iova,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOAS_MAP_FILE, &cmd);

	if (!rc)
		*iova = cmd.iova;
	return rc;
}

static inline int ioas_map_file(int fd, __u32 ioas, int file, __u64 start,
				__u64 length, __u64 iova)
{
	return ioas_map_file_flags(fd, ioas, file, start, length, &iova,
				   MAP_FIXED_RW);
}

static inline int ioas_change_process(int fd)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return iommu_ioctl(fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
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

/* A software-nested child of an IOAS */
static inline int ioas_alloc_child(int fd, __u32 parent, __u32 *child)
{
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.format = IOMMU_FORMAT_MAP_UNMAP,
		.parent_id = parent,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOASID_ALLOC, &cmd);

	if (!rc)
		*child = cmd.out_ioasid;
	return rc;
}

/* @length: in and out */
static inline int ioas_noiommu_get_pa(int fd, __u32 ioas, __u64 iova,
				      __u64 *phys, __u64 *length)
{
	struct iommu_ioas_noiommu_get_pa cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = *length,
		.out_phys = UINT64_MAX,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd);

	*phys = cmd.out_phys;
	*length = cmd.length;
	return rc;
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

static inline int memory_register(int fd, const void *va, __u64 length,
				  __u32 flags, __u32 *id)
{
	struct iommu_memory_register cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.user_va = (uintptr_t)va,
		.length = length,
	};
	int rc = iommu_ioctl(fd, IOMMU_MEMORY_REGISTER, &cmd);

	if (!rc)
		*id = cmd.out_memory_id;
	return rc;
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

static inline int hwpt_set_dirty_tracking(int fd, __u32 hwpt, __u32 flags)
{
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.hwpt_id = hwpt,
	};

	return iommu_ioctl(fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);
}

static inline int hwpt_get_dirty_bitmap(int fd, __u32 hwpt, __u64 iova,
					__u64 length, __u64 page_size,
					void *bitmap, __u32 flags)
{
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.flags = flags,
		.iova = iova,
		.length = length,
		.page_size = page_size,
		.data = (uintptr_t)bitmap,
	};

	return iommu_ioctl(fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

/* @num: in: number of entries, out: how many were done, also with an error */
static inline int hwpt_invalidate(int fd, __u32 hwpt, __u32 type,
				  const void *entries, __u32 entry_len,
				  __u32 *num)
{
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.data_uptr = (uintptr_t)entries,
		.data_type = type,
		.entry_len = entry_len,
		.entry_num = *num,
	};
	int rc = iommu_ioctl(fd, IOMMU_HWPT_INVALIDATE, &cmd);

	*num = cmd.entry_num;
	return rc;
}

/* Returns the descriptor of the queue */
static inline int fault_queue_alloc(int fd, __u32 flags, __u32 *queue)
{
	struct iommu_fault_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
	};
	int rc = iommu_ioctl(fd, IOMMU_FAULT_QUEUE_ALLOC, &cmd);

	*queue = cmd.out_fault_id;
	return rc ?: (int)cmd.out_fault_fd;
}

/* A HWPT with a fault queue */
static inline int hwpt_alloc_fault(int fd, __u32 dev, __u32 pt, __u32 flags,
				   __u32 type, const void *data, __u32 len,
				   __u32 queue, __u32 *hwpt)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags | IOMMU_HWPT_FAULT_ID_VALID,
		.dev_id = dev,
		.pt_id = pt,
		.data_type = type,
		.data_len = len,
		.data_uptr = (uintptr_t)data,
		.fault_id = queue,
	};
	int rc = iommu_ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	if (!rc)
		*hwpt = cmd.out_hwpt_id;
	return rc;
}

static inline int viommu_alloc(int fd, __u32 dev, __u32 parent, __u32 type,
			       __u32 *viommu)
{
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.type = type,
		.dev_id = dev,
		.hwpt_id = parent,
	};
	int rc = iommu_ioctl(fd, IOMMU_VIOMMU_ALLOC, &cmd);

	if (!rc)
		*viommu = cmd.out_viommu_id;
	return rc;
}

static inline int vdevice_alloc(int fd, __u32 viommu, __u32 dev, __u64 virt_id,
				__u32 *vdevice)
{
	struct iommu_vdevice_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu,
		.dev_id = dev,
		.virt_id = virt_id,
	};
	int rc = iommu_ioctl(fd, IOMMU_VDEVICE_ALLOC, &cmd);

	if (!rc)
		*vdevice = cmd.out_vdevice_id;
	return rc;
}

/* Returns the descriptor of the queue */
static inline int veventq_alloc(int fd, __u32 viommu, __u32 type, __u32 depth,
				__u32 *queue)
{
	struct iommu_veventq_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu,
		.type = type,
		.veventq_depth = depth,
	};
	int rc = iommu_ioctl(fd, IOMMU_VEVENTQ_ALLOC, &cmd);

	*queue = cmd.out_veventq_id;
	return rc ?: (int)cmd.out_veventq_fd;
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
