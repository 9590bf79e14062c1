// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of /dev/iommu that nesting is made of, for the fuzzer: nested tables,
 * vIOMMUs, what is behind them, queues, and the same by cookie. What the IOMMU's
 * driver has a say in comes from the backend.
 */
#include "fuzz.h"

static void make_nested_alloc(struct fuzz_thread *t, void *p)
{
	const struct fuzz_backend *backend = t->fuzz->backend;
	struct iommu_hwpt_alloc *cmd = p;

	cmd->dev_id = fuzz_pick(t, FUZZ_BOUND);
	cmd->pt_id = fuzz_pick(t, fuzz_one_in(t, 2) ? FUZZ_PARENT :
						      FUZZ_VIOMMU);
	cmd->data_len = backend->hwpt_data(t, t->data, &cmd->data_type);
	cmd->data_uptr = (uintptr_t)t->data;
	if (fuzz_one_in(t, 2)) {
		cmd->flags = IOMMU_HWPT_FAULT_ID_VALID;
		cmd->fault_id = fuzz_pick(t, FUZZ_FAULT_QUEUE);
	}
}

static void done_nested_alloc(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_hwpt_alloc *cmd = p;

	fuzz_add(t, cmd->data_type ? FUZZ_NESTED : FUZZ_HWPT, cmd->out_hwpt_id);
}

static void make_hwpt_invalidate(struct fuzz_thread *t, void *p)
{
	bool of_viommu = fuzz_one_in(t, 2);
	struct iommu_hwpt_invalidate *cmd = p;

	cmd->hwpt_id = fuzz_pick(t, of_viommu ? FUZZ_VIOMMU : FUZZ_NESTED);
	cmd->entry_num = t->fuzz->backend->entries(t, of_viommu, t->data,
						   &cmd->data_type,
						   &cmd->entry_len);
	cmd->data_uptr = (uintptr_t)t->data;
}

static void make_fault_queue_alloc(struct fuzz_thread *t, void *p)
{
	struct iommu_fault_alloc *cmd = p;

	cmd->flags = fuzz_one_in(t, 2) ? IOMMU_FAULT_QUEUE_COOKIE : 0;
}

static void done_fault_queue_alloc(struct fuzz_thread *t, const void *p,
				   int result)
{
	const struct iommu_fault_alloc *cmd = p;

	fuzz_add(t, FUZZ_FAULT_QUEUE, cmd->out_fault_id);
	fuzz_add_fd(t, FUZZ_FD_FAULTS, cmd->out_fault_fd);
}

static void make_viommu_alloc(struct fuzz_thread *t, void *p)
{
	struct iommu_viommu_alloc *cmd = p;

	cmd->type = t->fuzz->backend->viommu_type;
	cmd->dev_id = fuzz_pick(t, FUZZ_BOUND);
	cmd->hwpt_id = fuzz_pick(t, FUZZ_PARENT);
	if (t->fuzz->backend->viommu_data && fuzz_one_in(t, 2)) {
		cmd->data_len = t->fuzz->backend->viommu_data(t, t->data);
		cmd->data_uptr = (uintptr_t)t->data;
	}
}

static void done_viommu_alloc(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_viommu_alloc *cmd = p;

	fuzz_add(t, FUZZ_VIOMMU, cmd->out_viommu_id);
	/* The mock tells of memory to be mapped */
	if (cmd->data_len >= 16 && cmd->data_uptr == (uintptr_t)t->data)
		__atomic_store_n(&t->fuzz->mmap_offset, ((__u64 *)t->data)[1],
				 __ATOMIC_RELAXED);
}

static void make_vdevice_alloc(struct fuzz_thread *t, void *p)
{
	struct iommu_vdevice_alloc *cmd = p;

	cmd->viommu_id = fuzz_pick(t, FUZZ_VIOMMU);
	cmd->dev_id = fuzz_pick(t, FUZZ_BOUND);
	cmd->virt_id = t->fuzz->backend->virt_id(t);
}

static void done_vdevice_alloc(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_vdevice_alloc *cmd = p;

	fuzz_add(t, FUZZ_VDEVICE, cmd->out_vdevice_id);
}

static void make_veventq_alloc(struct fuzz_thread *t, void *p)
{
	struct iommu_veventq_alloc *cmd = p;

	cmd->viommu_id = fuzz_pick(t, FUZZ_VIOMMU);
	cmd->type = t->fuzz->backend->veventq_type;
	cmd->veventq_depth = 1 + fuzz_below(t, 8);
}

static void done_veventq_alloc(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_veventq_alloc *cmd = p;

	fuzz_add(t, FUZZ_VEVENTQ, cmd->out_veventq_id);
	fuzz_add_fd(t, FUZZ_FD_EVENTS, cmd->out_veventq_fd);
}

/*
 * By cookie
 */

static void make_ioasid_alloc(struct fuzz_thread *t, void *p)
{
	__u64 *cookies = (void *)(t->data + FUZZ_PAGE);
	struct iommu_ioasid_alloc *cmd = p;

	cmd->num_cookies = 1 + fuzz_below(t, 2);
	cmd->cookies = (uintptr_t)cookies;
	for (__u32 i = 0; i < cmd->num_cookies; i++)
		cookies[i] = fuzz_cookie(t);
	if (fuzz_one_in(t, 3)) {
		cmd->num_cookies = fuzz_below(t, 2);
		if (!fuzz_one_in(t, 4))
			cmd->parent_id = fuzz_pick(t, FUZZ_IOAS);
		return;
	}
	cmd->parent_id = fuzz_pick(t, fuzz_one_in(t, 2) ? FUZZ_IOAS :
							  FUZZ_PARENT);
	cmd->data_len = t->fuzz->backend->hwpt_data(t, t->data, &cmd->format);
	cmd->data = (uintptr_t)t->data;
	if (fuzz_one_in(t, 2)) {
		cmd->flags = IOMMU_IOASID_ALLOC_FAULT_QUEUE;
		cmd->fault_id = fuzz_pick(t, FUZZ_FAULT_QUEUE);
	}
}

static void done_ioasid_alloc(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_ioasid_alloc *cmd = p;

	fuzz_add(t, cmd->format == IOMMU_FORMAT_MAP_UNMAP ? FUZZ_IOAS :
							    FUZZ_NESTED,
		 cmd->out_ioasid);
}

static void make_ioasid_invalidate(struct fuzz_thread *t, void *p)
{
	struct iommu_ioasid_invalidate *cmd = p;
	bool of_viommu = fuzz_one_in(t, 2);

	cmd->ioasid = fuzz_pick(t, FUZZ_NESTED);
	if (!fuzz_one_in(t, 4)) {
		cmd->flags = IOMMU_IOASID_INVALIDATE_DEVICE;
		cmd->dev_cookie = fuzz_cookie(t);
	}
	cmd->num_entries = t->fuzz->backend->entries(t, of_viommu, t->data,
						     &cmd->data_type,
						     &cmd->entry_len);
	cmd->entries = (uintptr_t)t->data;
}

/*
 * All of it
 */

/* A vIOMMU that tells events, with the device behind it */
static __u32 make_viommu(struct fuzz_thread *t, __u32 dev_id, __u32 parent)
{
	const struct fuzz_backend *backend = t->fuzz->backend;
	__u32 viommu, vdevice, queue;
	int fd;

	if (viommu_alloc(t->fuzz->fd, dev_id, parent, backend->viommu_type,
			 &viommu))
		return 0;
	fuzz_add(t, FUZZ_VIOMMU, viommu);
	if (!vdevice_alloc(t->fuzz->fd, viommu, dev_id, backend->virt_id(t),
			   &vdevice))
		fuzz_add(t, FUZZ_VDEVICE, vdevice);
	fd = veventq_alloc(t->fuzz->fd, viommu, backend->veventq_type, 8,
			   &queue);
	if (fd >= 0) {
		fuzz_add(t, FUZZ_VEVENTQ, queue);
		fuzz_add_fd(t, FUZZ_FD_EVENTS, fd);
	}
	return viommu;
}

/**
 * fuzz_make_guest() - make what single calls seldom make in the right order
 * @t: thread
 * @dev_id: a bound device
 *
 * Return: a nested HWPT with a fault queue, which the device can be attached to; 0 if
 * something is not possible.
 */
__u32 fuzz_make_guest(struct fuzz_thread *t, __u32 dev_id)
{
	__u32 parent, viommu = 0, queue, type, len, hwpt;
	int fd = t->fuzz->fd, faults;

	if (hwpt_alloc(fd, dev_id, fuzz_pick(t, FUZZ_IOAS),
		       IOMMU_HWPT_ALLOC_NEST_PARENT, &parent))
		return 0;
	fuzz_add(t, FUZZ_PARENT, parent);
	if (!fuzz_one_in(t, 4))
		viommu = make_viommu(t, dev_id, parent);
	faults = fault_queue_alloc(fd, fuzz_one_in(t, 2) ?
				   IOMMU_FAULT_QUEUE_COOKIE : 0, &queue);
	if (faults < 0)
		return 0;
	fuzz_add(t, FUZZ_FAULT_QUEUE, queue);
	fuzz_add_fd(t, FUZZ_FD_FAULTS, faults);
	len = t->fuzz->backend->hwpt_data(t, t->data, &type);
	if (hwpt_alloc_fault(fd, dev_id, viommu ?: parent, 0, type, t->data, len,
			     queue, &hwpt))
		return 0;
	fuzz_add(t, FUZZ_NESTED, hwpt);
	return hwpt;
}

struct fuzz_command fuzz_nesting_commands[] = {
	{
		FUZZ_IOCTL(IOMMU_HWPT_ALLOC, iommu_hwpt_alloc),
		.name = "IOMMU_HWPT_ALLOC, nested",
		.weight = 80,
		.makes = FUZZ_NESTED,
		.answers = FUZZ_ANSWERS(ENOENT, EPERM, EADDRINUSE, ENOMEM, EIO),
		.pointers = { FUZZ_POINTS(iommu_hwpt_alloc, data_uptr) },
		.reserved = offsetof(struct iommu_hwpt_alloc, __reserved),
		.make = make_nested_alloc,
		.done = done_nested_alloc,
	}, {
		FUZZ_IOCTL(IOMMU_HWPT_INVALIDATE, iommu_hwpt_invalidate),
		.weight = 60,
		.answers = FUZZ_ANSWERS(ENOENT, EIO),
		.pointers = { FUZZ_POINTS(iommu_hwpt_invalidate, data_uptr) },
		.reserved = offsetof(struct iommu_hwpt_invalidate, __reserved),
		.written = { FUZZ_RANGE(iommu_hwpt_invalidate, entry_num) },
		.make = make_hwpt_invalidate,
	}, {
		FUZZ_IOCTL(IOMMU_FAULT_QUEUE_ALLOC, iommu_fault_alloc),
		.weight = 20,
		.makes = FUZZ_FAULT_QUEUE,
		.answers = FUZZ_ANSWERS(EMFILE),
		.make = make_fault_queue_alloc,
		.done = done_fault_queue_alloc,
	}, {
		FUZZ_IOCTL(IOMMU_VIOMMU_ALLOC, iommu_viommu_alloc),
		.weight = 40,
		.makes = FUZZ_VIOMMU,
		.answers = FUZZ_ANSWERS(ENOENT, EPERM),
		.pointers = { FUZZ_POINTS(iommu_viommu_alloc, data_uptr) },
		.reserved = offsetof(struct iommu_viommu_alloc, __reserved),
		.make = make_viommu_alloc,
		.done = done_viommu_alloc,
	}, {
		FUZZ_IOCTL(IOMMU_VDEVICE_ALLOC, iommu_vdevice_alloc),
		.weight = 50,
		.makes = FUZZ_VDEVICE,
		.answers = FUZZ_ANSWERS(ENOENT, EEXIST),
		.make = make_vdevice_alloc,
		.done = done_vdevice_alloc,
	}, {
		FUZZ_IOCTL(IOMMU_VEVENTQ_ALLOC, iommu_veventq_alloc),
		.weight = 20,
		.makes = FUZZ_VEVENTQ,
		.answers = FUZZ_ANSWERS(ENOENT, EEXIST, EMFILE),
		.reserved = offsetof(struct iommu_veventq_alloc, __reserved),
		.make = make_veventq_alloc,
		.done = done_veventq_alloc,
	}, {
		FUZZ_IOCTL(IOMMU_IOASID_ALLOC, iommu_ioasid_alloc),
		.weight = 60,
		.makes = FUZZ_NESTED,
		.answers = FUZZ_ANSWERS(ENOENT, EPERM, EADDRINUSE, ENOMEM, EIO),
		.pointers = {
			FUZZ_POINTS(iommu_ioasid_alloc, cookies),
			FUZZ_POINTS(iommu_ioasid_alloc, data),
		},
		.written = { FUZZ_RANGE(iommu_ioasid_alloc, out_refused) },
		.make = make_ioasid_alloc,
		.done = done_ioasid_alloc,
	}, {
		FUZZ_IOCTL(IOMMU_IOASID_INVALIDATE, iommu_ioasid_invalidate),
		.weight = 60,
		.answers = FUZZ_ANSWERS(ENOENT, EIO),
		.pointers = { FUZZ_POINTS(iommu_ioasid_invalidate, entries) },
		.written = {
			FUZZ_RANGE(iommu_ioasid_invalidate, num_entries),
		},
		.make = make_ioasid_invalidate,
	},
};

const unsigned int fuzz_num_nesting_commands =
	sizeof(fuzz_nesting_commands) / sizeof(*fuzz_nesting_commands);
