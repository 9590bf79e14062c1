// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mock devices for the fuzzer, and what happens to them: faults, events, DMA that is
 * remembered, users inside the kernel, memory of devices. They are operations of one
 * ioctl, each of which is a command here, with the errors of its own.
 */
#include "fuzz.h"
#include "mock.h"

static int mock_is_there(void)
{
	/* Without an operation */
	struct iommu_test_cmd cmd = { .size = sizeof(cmd) };
	int fd = iommu_open(), rc;

	if (fd < 0)
		return -fd;
	rc = -iommu_ioctl(fd, IOMMU_TEST_CMD, &cmd);
	close(fd);
	return rc == EOPNOTSUPP ? 0 : rc;
}

/*
 * Devices
 */

static void make_device(struct fuzz_thread *t, void *p)
{
	static const __u32 flags[] = {
		0, 0, 0, 0, MOCK_DEVICE_PASID, MOCK_DEVICE_PASID,
		MOCK_DEVICE_NO_DIRTY, MOCK_DEVICE_OTHER_IOMMU,
		MOCK_DEVICE_NONCOHERENT, MOCK_DEVICE_NO_NESTING,
	};
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_OWN_DEVICE;
	cmd->id = fuzz_one_in(t, 4) ? fuzz_pick_table(t) :
				      fuzz_pick(t, FUZZ_IOAS);
	cmd->device.flags = flags[fuzz_below(t, 10)];
	if (!fuzz_one_in(t, 4))
		cmd->device.flags |= MOCK_DEVICE_COOKIE;
	cmd->device.cookie = fuzz_cookie(t);
}

static void add_device(struct fuzz_thread *t, __u32 stdev, __u32 idev,
		       __u32 hwpt)
{
	fuzz_add(t, FUZZ_MOCK, stdev);
	fuzz_add(t, FUZZ_BOUND, idev);
	fuzz_add(t, FUZZ_AUTO, hwpt);
	t->fuzz->goes_with[stdev % FUZZ_GOES_WITH] = idev;
}

static void done_device(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_test_cmd *cmd = p;

	add_device(t, cmd->device.out_stdev_id, cmd->device.out_idev_id,
		   cmd->device.out_hwpt_id);
}

static void make_replace(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_REPLACE;
	cmd->id = fuzz_pick(t, FUZZ_MOCK);
	cmd->replace.pt_id = fuzz_pick_table(t);
}

static void done_replace(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_test_cmd *cmd = p;

	fuzz_add(t, FUZZ_AUTO, cmd->replace.pt_id);
}

/* A device that is attached to a nested table, with all that belongs to it */
static int run_guest(struct fuzz_thread *t)
{
	__u32 ioas = fuzz_pick(t, FUZZ_IOAS), hwpt;
	struct mock_device device;
	int rc;

	rc = mock_device_cookie(t->fuzz->fd, ioas, 0, fuzz_cookie(t), &device);
	if (rc)
		return rc;
	add_device(t, device.stdev, device.idev, device.hwpt);
	hwpt = fuzz_make_guest(t, device.idev);
	if (hwpt)
		mock_replace(t->fuzz->fd, device.stdev, hwpt, NULL);
	return 0;
}

/*
 * Faults and events
 */

static void make_trigger_fault(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_TRIGGER_FAULT;
	cmd->fault.idev_id = fuzz_pick(t, FUZZ_BOUND);
	cmd->fault.pasid = fuzz_below(t, 2) * fuzz_below(t, 100);
	cmd->fault.grpid = fuzz_below(t, 4);
	cmd->fault.perm = fuzz_below(t, 16);
	cmd->fault.addr = fuzz_iova(t);
}

static void make_report_fault(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_REPORT_FAULT;
	cmd->report.idev_id = fuzz_pick(t, FUZZ_BOUND);
	cmd->report.unrecoverable = fuzz_below(t, 2);
	cmd->report.grpid = fuzz_below(t, 4);
	cmd->report.perm = fuzz_below(t, 16);
	cmd->report.addr = fuzz_iova(t);
	cmd->report.reason = fuzz_below(t, 10);
}

static void make_answers(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_GET_ANSWERS;
	cmd->id = fuzz_pick(t, FUZZ_BOUND);
}

static void make_trigger_vevent(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_TRIGGER_VEVENT;
	cmd->vevent.idev_id = fuzz_pick(t, FUZZ_BOUND);
}

/*
 * Tables
 */

static void make_reserve(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_ADD_RESERVED;
	cmd->id = fuzz_pick(t, FUZZ_IOAS);
	cmd->reserve.start = fuzz_iova(t) + FUZZ_MEMORY_SIZE;
	cmd->reserve.length = fuzz_length(t);
}

static void make_check_map(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_CHECK_MAP;
	cmd->id = fuzz_pick(t, FUZZ_HWPT + fuzz_below(t, 2));
	cmd->check_map.iova = fuzz_pick_mapping(t).iova;
	cmd->check_map.length = fuzz_below(t, 2) * FUZZ_PAGE;
	cmd->check_map.user_va = fuzz_memory(t);
}

static void make_count_mapped(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_COUNT_MAPPED;
	cmd->id = fuzz_pick(t, FUZZ_HWPT + fuzz_below(t, 2));
	cmd->count_mapped.iova = fuzz_pick_mapping(t).iova;
	cmd->count_mapped.length = fuzz_length(t);
}

static void make_set_dirty(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_SET_DIRTY;
	cmd->id = fuzz_pick(t, FUZZ_HWPT + fuzz_below(t, 2));
	cmd->dirty.iova = fuzz_pick_mapping(t).iova;
	cmd->dirty.length = fuzz_length(t);
	cmd->dirty.page_size = FUZZ_PAGE;
	cmd->dirty.bitmap = (uintptr_t)t->data;
	t->data[0] = fuzz_random(t);
}

static void make_check_iotlb(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_CHECK_IOTLB;
	cmd->id = fuzz_pick(t, FUZZ_NESTED);
	cmd->check_cache.entry = fuzz_below(t, MOCK_IOTLB_ENTRIES);
	cmd->check_cache.value = fuzz_below(t, 2);
}

static void make_check_cache(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_CHECK_DEV_CACHE;
	cmd->id = fuzz_pick(t, FUZZ_BOUND);
	cmd->check_cache.entry = fuzz_below(t, MOCK_CACHE_ENTRIES);
	cmd->check_cache.value = fuzz_below(t, 2) * MOCK_CACHE_PRESET;
}

/*
 * Users inside the kernel, which are descriptors
 */

static void make_access(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_ACCESS_CREATE;
	cmd->id = fuzz_pick(t, FUZZ_IOAS);
	cmd->access_create.flags = !fuzz_one_in(t, 4);
}

static void done_access(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_test_cmd *cmd = p;

	fuzz_add_fd(t, FUZZ_FD_ACCESS, cmd->access_create.out_fd);
}

static void make_access_replace(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_ACCESS_REPLACE_IOAS;
	cmd->id = fuzz_pick_fd(t, FUZZ_FD_ACCESS);
	if (!fuzz_one_in(t, 4))
		cmd->access_replace.ioas_id = fuzz_pick(t, FUZZ_IOAS);
}

static void make_pin(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_ACCESS_PIN;
	cmd->id = fuzz_pick_fd(t, FUZZ_FD_ACCESS);
	cmd->access_pin.flags = fuzz_below(t, 2) * MOCK_ACCESS_WRITE;
	cmd->access_pin.iova = fuzz_pick_mapping(t).iova;
	cmd->access_pin.length = 1 + fuzz_below(t, 3 * FUZZ_PAGE);
}

static void done_pin(struct fuzz_thread *t, const void *p, int result)
{
	const struct iommu_test_cmd *cmd = p;

	fuzz_add(t, FUZZ_PINNED, cmd->access_pin.out_item_id);
}

static void make_unpin(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_ACCESS_UNPIN;
	cmd->id = fuzz_pick_fd(t, FUZZ_FD_ACCESS);
	cmd->access_unpin.item_id = fuzz_pick(t, FUZZ_PINNED);
}

static void make_rw(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_ACCESS_RW;
	cmd->id = fuzz_pick_fd(t, FUZZ_FD_ACCESS);
	cmd->access_rw.iova = fuzz_pick_mapping(t).iova +
			      fuzz_below(t, FUZZ_PAGE);
	cmd->access_rw.length = 1 + fuzz_below(t, FUZZ_PAGE);
	cmd->access_rw.user_va = (uintptr_t)t->data;
	cmd->access_rw.flags = fuzz_below(t, 2) * MOCK_ACCESS_WRITE;
}

/*
 * Memory of devices
 */

static void make_dmabuf(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_DMABUF_GET;
	cmd->dmabuf_get.length = 8 * FUZZ_PAGE;
	cmd->dmabuf_get.open_flags = O_CLOEXEC | (fuzz_one_in(t, 3) ? O_RDONLY :
								      O_RDWR);
}

static void done_dmabuf(struct fuzz_thread *t, const void *p, int result)
{
	fuzz_add_fd(t, FUZZ_FD_DMABUF, result);
}

static void make_revoke(struct fuzz_thread *t, void *p)
{
	struct iommu_test_cmd *cmd = p;

	cmd->op = MOCK_OP_DMABUF_REVOKE;
	cmd->dmabuf_revoke.fd = fuzz_pick_fd(t, FUZZ_FD_DMABUF);
	cmd->dmabuf_revoke.revoked = fuzz_below(t, 2);
}

#define MOCK_COMMAND(_name)						\
	.name = "MOCK_OP_" _name, .cmd = IOMMU_TEST_CMD,		\
	.size = sizeof(struct iommu_test_cmd),				\
	.op = offsetof(struct iommu_test_cmd, op)

#define MOCK_POINTS(_member)	offsetof(struct iommu_test_cmd, _member)

static struct fuzz_command commands[] = {
	{
		MOCK_COMMAND("OWN_DEVICE"),
		.weight = 20,
		.makes = FUZZ_MOCK,
		.answers = FUZZ_ANSWERS(ENOENT, EEXIST, EADDRINUSE, EBUSY,
					ENOMEM),
		.make = make_device,
		.done = done_device,
	}, {
		.name = "guest",
		.weight = 12,
		.makes = FUZZ_MOCK,
		.answers = FUZZ_ANSWERS(ENOENT, EEXIST, EINVAL, EADDRINUSE,
					EFAULT),
		.run = run_guest,
	}, {
		MOCK_COMMAND("REPLACE"),
		.weight = 60,
		.answers = FUZZ_ANSWERS(ENOENT, EADDRINUSE, EBUSY, ENOMEM),
		.make = make_replace,
		.done = done_replace,
	}, {
		MOCK_COMMAND("TRIGGER_FAULT"),
		.weight = 60,
		.answers = FUZZ_ANSWERS(ENOENT),
		.make = make_trigger_fault,
	}, {
		MOCK_COMMAND("REPORT_FAULT"),
		.weight = 40,
		.answers = FUZZ_ANSWERS(ENOENT, ENODEV, ENOSPC),
		.make = make_report_fault,
	}, {
		MOCK_COMMAND("GET_ANSWERS"),
		.weight = 4,
		.answers = FUZZ_ANSWERS(ENOENT),
		.make = make_answers,
	}, {
		MOCK_COMMAND("TRIGGER_VEVENT"),
		.weight = 30,
		.answers = FUZZ_ANSWERS(ENOENT),
		.make = make_trigger_vevent,
	}, {
		MOCK_COMMAND("ADD_RESERVED"),
		.weight = 2,
		.answers = FUZZ_ANSWERS(ENOENT, EOVERFLOW, EADDRINUSE),
		.make = make_reserve,
	}, {
		MOCK_COMMAND("CHECK_MAP"),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT),
		.pointers = { MOCK_POINTS(check_map.user_va) },
		.make = make_check_map,
	}, {
		MOCK_COMMAND("COUNT_MAPPED"),
		.weight = 6,
		.answers = FUZZ_ANSWERS(ENOENT),
		.make = make_count_mapped,
	}, {
		MOCK_COMMAND("SET_DIRTY"),
		.weight = 6,
		.answers = FUZZ_ANSWERS(ENOENT, EOVERFLOW),
		.pointers = { MOCK_POINTS(dirty.bitmap) },
		.make = make_set_dirty,
	}, {
		MOCK_COMMAND("CHECK_IOTLB"),
		.weight = 6,
		.answers = FUZZ_ANSWERS(ENOENT),
		.make = make_check_iotlb,
	}, {
		MOCK_COMMAND("CHECK_DEV_CACHE"),
		.weight = 6,
		.answers = FUZZ_ANSWERS(ENOENT),
		.make = make_check_cache,
	}, {
		MOCK_COMMAND("ACCESS_CREATE"),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT, EMFILE, ENOMEM, EADDRINUSE),
		.make = make_access,
		.done = done_access,
	}, {
		MOCK_COMMAND("ACCESS_REPLACE_IOAS"),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT, EBADFD, ENOMEM, EADDRINUSE),
		.make = make_access_replace,
	}, {
		MOCK_COMMAND("ACCESS_PIN"),
		.weight = 20,
		.answers = FUZZ_ANSWERS(ENOENT, EBADFD, EPERM, ENOMEM, EBADE,
					EOVERFLOW, ENODEV),
		.pointers = { MOCK_POINTS(access_pin.user_va) },
		.make = make_pin,
		.done = done_pin,
	}, {
		MOCK_COMMAND("ACCESS_UNPIN"),
		.weight = 10,
		.answers = FUZZ_ANSWERS(ENOENT, EBADFD),
		.make = make_unpin,
	}, {
		MOCK_COMMAND("ACCESS_RW"),
		.weight = 20,
		.answers = FUZZ_ANSWERS(ENOENT, EBADFD, EPERM, ENOMEM,
					EOVERFLOW, ENODEV),
		.pointers = { MOCK_POINTS(access_rw.user_va) },
		.make = make_rw,
	}, {
		MOCK_COMMAND("DMABUF_GET"),
		.weight = 6,
		.answers = FUZZ_ANSWERS(EMFILE, ENOMEM),
		.make = make_dmabuf,
		.done = done_dmabuf,
	}, {
		MOCK_COMMAND("DMABUF_REVOKE"),
		.weight = 10,
		.answers = FUZZ_ANSWERS(EBADF),
		.make = make_revoke,
	},
};

/*
 * What the driver has a say in
 */

static __u32 hwpt_data(struct fuzz_thread *t, void *p, __u32 *type)
{
	struct mock_hwpt_data *data = p;

	*type = fuzz_one_in(t, 4) ? MOCK_PASID_TABLE_DATA : MOCK_HWPT_DATA;
	data->iotlb = fuzz_below(t, 2);
	data->pgtable = MOCK_PGTABLE_DEFAULT;
	return sizeof(*data);
}

static __u32 entries(struct fuzz_thread *t, bool of_viommu, void *p,
		     __u32 *type, __u32 *len)
{
	/* Now and then more than are handed to a driver at once */
	__u32 num = fuzz_one_in(t, 16) ? 1024 : fuzz_below(t, 8);
	struct mock_viommu_invalidate *viommu = p;
	struct mock_hwpt_invalidate *hwpt = p;

	*type = MOCK_INVALIDATE_DATA;
	*len = of_viommu ? sizeof(*viommu) : sizeof(*hwpt);
	for (__u32 i = 0; i < num; i++) {
		if (of_viommu)
			viommu[i] = (struct mock_viommu_invalidate) {
				.flags = fuzz_below(t, 2),
				.virt_id = fuzz_below(t, 8),
				.entry = fuzz_below(t, MOCK_CACHE_ENTRIES),
			};
		else
			hwpt[i] = (struct mock_hwpt_invalidate) {
				.flags = fuzz_below(t, 2),
				.entry = fuzz_below(t, MOCK_IOTLB_ENTRIES),
			};
	}
	return num;
}

static __u32 viommu_data(struct fuzz_thread *t, void *p)
{
	struct mock_viommu_data *data = p;

	memset(data, 0, sizeof(*data));
	data->in = fuzz_random(t);
	return sizeof(*data);
}

static __u64 virt_id(struct fuzz_thread *t)
{
	return fuzz_below(t, 8);
}

const struct fuzz_backend fuzz_mock = {
	.name = "mock",
	.commands = commands,
	.num_commands = sizeof(commands) / sizeof(*commands),
	.calls = 20000,
	.open = mock_is_there,
	.hwpt_data = hwpt_data,
	.entries = entries,
	.viommu_data = viommu_data,
	.virt_id = virt_id,
	.viommu_type = MOCK_VIOMMU_TYPE,
	.veventq_type = MOCK_VEVENTQ_TYPE,
};
