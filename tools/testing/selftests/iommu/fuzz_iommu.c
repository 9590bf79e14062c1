// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of /dev/iommu for the fuzzer, but for those of nesting: objects, address
 * spaces, tables that the kernel manages, memory, options, questions. Errors are
 * those that include/uapi/linux/iommufd.h promises.
 */
#include "fuzz.h"

/* The data that a struct points to, past what spoils are for */
#define ARRAY(t)	((uintptr_t)(t)->data)
#define ARRAY_ROOM	(FUZZ_DATA_SIZE / 2)

/*
 * Objects
 */

static void make_destroy(struct fuzz_thread *t, void *p)
{
	struct iommu_destroy *cmd = p;

	cmd->id = fuzz_pick_any(t);
}

static void done_destroy(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_destroy *cmd = p;

	fuzz_forget(t, cmd->id);
}

static void done_ioas_alloc(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_ioas_alloc *cmd = p;

	fuzz_add(t, FUZZ_IOAS, cmd->out_ioas_id);
}

static void make_nothing(struct fuzz_thread *t, void *p)
{
}

/*
 * Address spaces
 */

static void make_allow_iovas(struct fuzz_thread *t, void *p)
{
	struct iommu_iova_range *ranges = (void *)t->data;
	struct iommu_ioas_allow_iovas *cmd = p;
	__u64 start = FUZZ_IOVA;

	cmd->ioas_id = fuzz_pick(t, FUZZ_IOAS);
	cmd->num_iovas = fuzz_below(t, 4);
	cmd->allowed_iovas = ARRAY(t);
	for (__u32 i = 0; i < cmd->num_iovas; i++) {
		ranges[i].start = start;
		ranges[i].last = start + 16 * FUZZ_PAGE - 1;
		start += 24 * FUZZ_PAGE;
	}
}

static void make_iova_ranges(struct fuzz_thread *t, void *p)
{
	struct iommu_ioas_iova_ranges *cmd = p;

	cmd->ioas_id = fuzz_pick(t, FUZZ_IOAS);
	cmd->num_iovas = fuzz_below(t, 16);
	cmd->allowed_iovas = ARRAY(t);
}

static __u32 map_flags(struct fuzz_thread *t)
{
	__u32 flags = MAP_RW;

	if (fuzz_one_in(t, 4))
		flags = IOMMU_IOAS_MAP_READABLE;
	if (!fuzz_one_in(t, 4))
		flags |= IOMMU_IOAS_MAP_FIXED_IOVA;
	return flags;
}

static void make_map(struct fuzz_thread *t, void *p)
{
	struct iommu_ioas_map *cmd = p;

	cmd->flags = map_flags(t);
	cmd->ioas_id = fuzz_pick(t, FUZZ_IOAS);
	cmd->user_va = fuzz_memory(t);
	cmd->length = fuzz_length(t);
	cmd->iova = fuzz_iova(t);
}

static void done_map(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_ioas_map *cmd = p;

	fuzz_add_mapping(t, cmd->ioas_id, cmd->iova, cmd->length);
}

static void make_map_file(struct fuzz_thread *t, void *p)
{
	struct iommu_ioas_map_file *cmd = p;
	int dmabuf = fuzz_pick_fd(t, FUZZ_FD_DMABUF);

	cmd->flags = map_flags(t);
	cmd->ioas_id = fuzz_pick(t, FUZZ_IOAS);
	cmd->fd = dmabuf >= 0 && fuzz_one_in(t, 3) ? dmabuf : t->fuzz->memfd;
	cmd->start = fuzz_below(t, 8) * FUZZ_PAGE;
	cmd->length = fuzz_length(t);
	cmd->iova = fuzz_iova(t);
}

static void done_map_file(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_ioas_map_file *cmd = p;

	fuzz_add_mapping(t, cmd->ioas_id, cmd->iova, cmd->length);
}

static void make_unmap(struct fuzz_thread *t, void *p)
{
	struct fuzz_mapping mapping = fuzz_pick_mapping(t);
	struct iommu_ioas_unmap *cmd = p;

	cmd->ioas_id = mapping.ioas;
	cmd->iova = mapping.iova;
	cmd->length = fuzz_one_in(t, 8) ? FUZZ_MEMORY_SIZE : mapping.length;
	if (fuzz_one_in(t, 8)) {
		cmd->iova = 0;
		cmd->length = UINT64_MAX;
	}
}

static void make_copy(struct fuzz_thread *t, void *p)
{
	struct fuzz_mapping mapping = fuzz_pick_mapping(t);
	struct iommu_ioas_copy *cmd = p;

	cmd->flags = map_flags(t);
	cmd->dst_ioas_id = fuzz_pick(t, FUZZ_IOAS);
	cmd->src_ioas_id = mapping.ioas;
	cmd->length = mapping.length;
	cmd->dst_iova = fuzz_iova(t);
	cmd->src_iova = mapping.iova;
}

static void done_copy(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_ioas_copy *cmd = p;

	fuzz_add_mapping(t, cmd->dst_ioas_id, cmd->dst_iova, cmd->length);
}

static void make_noiommu_get_pa(struct fuzz_thread *t, void *p)
{
	struct iommu_ioas_noiommu_get_pa *cmd = p;

	cmd->ioas_id = fuzz_pick(t, FUZZ_IOAS);
	cmd->iova = fuzz_iova(t);
}

static void make_vfio_ioas(struct fuzz_thread *t, void *p)
{
	struct iommu_vfio_ioas *cmd = p;

	cmd->ioas_id = fuzz_pick(t, FUZZ_IOAS);
	cmd->op = fuzz_below(t, 3);
}

/*
 * Memory and options
 */

static void make_memory_register(struct fuzz_thread *t, void *p)
{
	struct iommu_memory_register *cmd = p;

	cmd->flags = fuzz_below(t, 2) * IOMMU_MEMORY_REGISTER_WRITEABLE;
	cmd->user_va = fuzz_memory(t) + fuzz_below(t, 2) * fuzz_below(t, 4096);
	cmd->length = fuzz_length(t);
}

static void done_memory_register(struct fuzz_thread *t, const void *p,
				 int result)
{
	const struct iommu_memory_register *cmd = p;

	fuzz_add(t, FUZZ_MEMORY, cmd->out_memory_id);
}

static void make_option(struct fuzz_thread *t, void *p)
{
	struct iommu_option *cmd = p;

	cmd->option_id = !fuzz_one_in(t, 4);
	cmd->op = fuzz_below(t, 2);
	cmd->val64 = fuzz_below(t, 2);
	if (cmd->option_id == IOMMU_OPTION_HUGE_PAGES)
		cmd->object_id = fuzz_pick(t, FUZZ_IOAS);
}

/*
 * Tables that the kernel manages
 */

static void make_hwpt_alloc(struct fuzz_thread *t, void *p)
{
	static const __u32 flags[] = {
		0, IOMMU_HWPT_ALLOC_NEST_PARENT, IOMMU_HWPT_ALLOC_PASID,
		IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
		IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
		IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
	};
	struct iommu_hwpt_alloc *cmd = p;

	cmd->dev_id = fuzz_pick(t, FUZZ_BOUND);
	cmd->pt_id = fuzz_pick(t, FUZZ_IOAS);
	cmd->flags = flags[fuzz_below(t, 6)];
	if (fuzz_one_in(t, 4)) {
		cmd->flags |= IOMMU_HWPT_FAULT_ID_VALID;
		cmd->fault_id = fuzz_pick(t, FUZZ_FAULT_QUEUE);
	}
}

static void done_hwpt_alloc(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_hwpt_alloc *cmd = p;
	bool parent = cmd->flags & IOMMU_HWPT_ALLOC_NEST_PARENT;

	fuzz_add(t, parent ? FUZZ_PARENT : FUZZ_HWPT, cmd->out_hwpt_id);
}

static void make_set_dirty_tracking(struct fuzz_thread *t, void *p)
{
	struct iommu_hwpt_set_dirty_tracking *cmd = p;

	cmd->flags = !fuzz_one_in(t, 4);
	cmd->hwpt_id = fuzz_pick(t, FUZZ_HWPT + fuzz_below(t, 2));
}

static void make_get_dirty_bitmap(struct fuzz_thread *t, void *p)
{
	struct fuzz_mapping mapping = fuzz_pick_mapping(t);
	struct iommu_hwpt_get_dirty_bitmap *cmd = p;

	cmd->flags = fuzz_below(t, 2);
	cmd->hwpt_id = fuzz_pick(t, FUZZ_HWPT + fuzz_below(t, 2));
	cmd->page_size = FUZZ_PAGE;
	cmd->iova = mapping.iova;
	cmd->length = mapping.length;
	cmd->data = ARRAY(t);
}

/*
 * Questions
 */

static void make_get_hw_info(struct fuzz_thread *t, void *p)
{
	struct iommu_hw_info *cmd = p;

	cmd->dev_id = fuzz_pick(t, FUZZ_BOUND);
	cmd->data_len = fuzz_below(t, 80);
	cmd->data_uptr = ARRAY(t);
}

static void make_device_get_info(struct fuzz_thread *t, void *p)
{
	struct iommu_device_get_info *cmd = p;

	cmd->dev_cookie = fuzz_cookie(t);
	cmd->format_len = sizeof(struct iommu_format_info);
	cmd->num_formats = fuzz_below(t, 8);
	cmd->num_ranges = fuzz_below(t, 8);
	cmd->formats = ARRAY(t);
	cmd->ranges = ARRAY(t) + ARRAY_ROOM;
}

struct fuzz_command fuzz_iommu_commands[] = {
	{
		FUZZ_IOCTL(IOMMU_DESTROY, iommu_destroy),
		.weight = 50,
		.answers = FUZZ_ANSWERS(ENOENT, EBUSY),
		.make = make_destroy,
		.done = done_destroy,
	}, {
		FUZZ_IOCTL(IOMMU_IOAS_ALLOC, iommu_ioas_alloc),
		.weight = 30,
		.makes = FUZZ_IOAS,
		.answers = FUZZ_ANSWERS(0),
		.make = make_nothing,
		.done = done_ioas_alloc,
	}, {
		FUZZ_IOCTL(IOMMU_IOAS_ALLOW_IOVAS, iommu_ioas_allow_iovas),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT, EADDRINUSE),
		.pointers = {
			FUZZ_POINTS(iommu_ioas_allow_iovas, allowed_iovas),
		},
		.reserved = offsetof(struct iommu_ioas_allow_iovas, __reserved),
		.make = make_allow_iovas,
	}, {
		FUZZ_IOCTL(IOMMU_IOAS_IOVA_RANGES, iommu_ioas_iova_ranges),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT, EMSGSIZE),
		.pointers = {
			FUZZ_POINTS(iommu_ioas_iova_ranges, allowed_iovas),
		},
		.reserved = offsetof(struct iommu_ioas_iova_ranges, __reserved),
		.written = {
			FUZZ_RANGE(iommu_ioas_iova_ranges, num_iovas),
			FUZZ_RANGE(iommu_ioas_iova_ranges, out_iova_alignment),
		},
		.make = make_iova_ranges,
	}, {
		FUZZ_IOCTL(IOMMU_IOAS_MAP, iommu_ioas_map),
		.weight = 60,
		.answers = FUZZ_ANSWERS(ENOENT, EEXIST, ENOSPC, ENOMEM,
					EOVERFLOW),
		.pointers = { FUZZ_POINTS(iommu_ioas_map, user_va) },
		.reserved = offsetof(struct iommu_ioas_map, __reserved),
		.make = make_map,
		.done = done_map,
	}, {
		FUZZ_IOCTL(IOMMU_IOAS_MAP_FILE, iommu_ioas_map_file),
		.weight = 30,
		.answers = FUZZ_ANSWERS(ENOENT, EEXIST, ENOSPC, ENOMEM, EBADF,
					EPERM, ENODEV, EOVERFLOW),
		.make = make_map_file,
		.done = done_map_file,
	}, {
		FUZZ_IOCTL(IOMMU_IOAS_UNMAP, iommu_ioas_unmap),
		.weight = 50,
		.answers = FUZZ_ANSWERS(ENOENT, EOVERFLOW),
		.make = make_unmap,
	}, {
		FUZZ_IOCTL(IOMMU_IOAS_COPY, iommu_ioas_copy),
		.weight = 40,
		.answers = FUZZ_ANSWERS(ENOENT, EEXIST, ENOSPC, ENOMEM, EPERM,
					EOVERFLOW),
		.make = make_copy,
		.done = done_copy,
	}, {
		FUZZ_IOCTL(IOMMU_IOAS_CHANGE_PROCESS, iommu_ioas_change_process),
		.weight = 4,
		.answers = FUZZ_ANSWERS(ENOMEM),
		.reserved = offsetof(struct iommu_ioas_change_process,
				     __reserved),
		.make = make_nothing,
	}, {
		FUZZ_IOCTL(IOMMU_IOAS_NOIOMMU_GET_PA, iommu_ioas_noiommu_get_pa),
		.weight = 4,
		.answers = FUZZ_ANSWERS(ENOENT, EPERM, ENODEV, ENOTTY),
		.reserved = offsetof(struct iommu_ioas_noiommu_get_pa,
				     __reserved),
		.make = make_noiommu_get_pa,
	}, {
		FUZZ_IOCTL(IOMMU_VFIO_IOAS, iommu_vfio_ioas),
		.weight = 6,
		.answers = FUZZ_ANSWERS(ENOENT, ENODEV),
		.make = make_vfio_ioas,
	}, {
		FUZZ_IOCTL(IOMMU_MEMORY_REGISTER, iommu_memory_register),
		.weight = 20,
		.makes = FUZZ_MEMORY,
		.answers = FUZZ_ANSWERS(ENOMEM, EOVERFLOW),
		.pointers = { FUZZ_POINTS(iommu_memory_register, user_va) },
		.reserved = offsetof(struct iommu_memory_register, __reserved),
		.make = make_memory_register,
		.done = done_memory_register,
	}, {
		FUZZ_IOCTL(IOMMU_OPTION, iommu_option),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT, EBUSY, EPERM, EADDRINUSE),
		.make = make_option,
	}, {
		FUZZ_IOCTL(IOMMU_HWPT_ALLOC, iommu_hwpt_alloc),
		.weight = 50,
		.makes = FUZZ_PARENT,
		.answers = FUZZ_ANSWERS(ENOENT, EPERM, EADDRINUSE, ENOMEM),
		.pointers = { FUZZ_POINTS(iommu_hwpt_alloc, data_uptr) },
		.reserved = offsetof(struct iommu_hwpt_alloc, __reserved),
		.make = make_hwpt_alloc,
		.done = done_hwpt_alloc,
	}, {
		FUZZ_IOCTL(IOMMU_HWPT_SET_DIRTY_TRACKING,
			   iommu_hwpt_set_dirty_tracking),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT),
		.reserved = offsetof(struct iommu_hwpt_set_dirty_tracking,
				     __reserved),
		.make = make_set_dirty_tracking,
	}, {
		FUZZ_IOCTL(IOMMU_HWPT_GET_DIRTY_BITMAP,
			   iommu_hwpt_get_dirty_bitmap),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT, EOVERFLOW),
		.pointers = { FUZZ_POINTS(iommu_hwpt_get_dirty_bitmap, data) },
		.reserved = offsetof(struct iommu_hwpt_get_dirty_bitmap,
				     __reserved),
		.make = make_get_dirty_bitmap,
	}, {
		FUZZ_IOCTL(IOMMU_GET_HW_INFO, iommu_hw_info),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT),
		.pointers = { FUZZ_POINTS(iommu_hw_info, data_uptr) },
		.make = make_get_hw_info,
	}, {
		FUZZ_IOCTL(IOMMU_DEVICE_GET_INFO, iommu_device_get_info),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT, EMSGSIZE),
		.pointers = {
			FUZZ_POINTS(iommu_device_get_info, formats),
			FUZZ_POINTS(iommu_device_get_info, ranges),
		},
		/* All of it is valid with EMSGSIZE, and of the size of a struct */
		.written = {
			{ 16, sizeof(struct iommu_device_get_info) - 16 },
		},
		.make = make_device_get_info,
	},
};

const unsigned int fuzz_num_iommu_commands =
	sizeof(fuzz_iommu_commands) / sizeof(*fuzz_iommu_commands);
