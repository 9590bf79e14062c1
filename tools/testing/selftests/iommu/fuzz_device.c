// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real devices for the fuzzer: edu devices by their VFIO character devices, behind
 * the IOMMU of the machine. Driver data and commands are those of an SMMUv3, spoilt
 * more than other things, as the driver has to look at every bit; any other IOMMU has
 * to refuse all of them. The devices do DMA to random addresses, which gives an
 * SMMUv3 events to tell of.
 */
#include "edu_device.h"
#include "fuzz.h"
#include "../../../iommu/smmuv3-guest.h"

#define DEVICES_MAX	4

/**
 * struct device - a device
 * @lock: held to open, close and use it
 * @bdf: its PCI address, or NULL
 * @is_open: it is open and bound
 * @edu: if so
 */
static struct device {
	pthread_mutex_t lock;
	const char *bdf;
	bool is_open;
	struct edu_device edu;
} devices[DEVICES_MAX];
static unsigned int num_devices;

static void add_devices(char *bdfs)
{
	char *rest, *bdf;

	for (bdf = strtok_r(bdfs, " ", &rest);
	     bdf && num_devices < DEVICES_MAX;
	     bdf = strtok_r(NULL, " ", &rest)) {
		pthread_mutex_init(&devices[num_devices].lock, NULL);
		devices[num_devices++].bdf = bdf;
	}
}

static int find_devices(void)
{
	static const char *const names[] = { "EDU0", "EDU1", "EDU_GROUP" };

	num_devices = 0;
	for (int i = 0; i < 3; i++)
		if (getenv(names[i]))
			add_devices(strdup(getenv(names[i])));
	return num_devices ? 0 : ENODEV;
}

static struct device *pick_device(struct fuzz_thread *t)
{
	return &devices[fuzz_below(t, num_devices)];
}

static int open_device(struct fuzz_thread *t, struct device *device)
{
	__u32 flags = VFIO_DEVICE_BIND_FLAG_COOKIE;
	int rc;

	if (device->is_open)
		return 0;
	rc = edu_device_open(&device->edu, device->bdf);
	if (rc)
		return rc;
	if (fuzz_one_in(t, 8))
		flags = 0;
	rc = edu_device_bind_flags(&device->edu, t->fuzz->fd, flags,
				   flags ? fuzz_cookie(t) : 0);
	if (rc) {
		edu_device_close(&device->edu);
		return rc;
	}
	device->is_open = true;
	fuzz_add(t, FUZZ_BOUND, device->edu.dev_id);
	return 0;
}

static void close_device(struct device *device)
{
	if (device->is_open)
		edu_device_close(&device->edu);
	device->is_open = false;
}

static int run_open(struct fuzz_thread *t)
{
	struct device *device = pick_device(t);
	int rc;

	pthread_mutex_lock(&device->lock);
	rc = open_device(t, device);
	pthread_mutex_unlock(&device->lock);
	return rc;
}

static int run_close(struct fuzz_thread *t)
{
	struct device *device = pick_device(t);

	pthread_mutex_lock(&device->lock);
	if (device->is_open)
		fuzz_forget(t, device->edu.dev_id);
	close_device(device);
	pthread_mutex_unlock(&device->lock);
	return 0;
}

/* A device that is attached to a nested table, with all that belongs to it */
static int run_guest(struct fuzz_thread *t)
{
	struct device *device = pick_device(t);
	__u32 hwpt;

	pthread_mutex_lock(&device->lock);
	if (device->is_open) {
		hwpt = fuzz_make_guest(t, device->edu.dev_id);
		if (hwpt)
			edu_device_attach(&device->edu, &hwpt);
	}
	pthread_mutex_unlock(&device->lock);
	return 0;
}

static int run_dma(struct fuzz_thread *t)
{
	struct device *device = pick_device(t);

	pthread_mutex_lock(&device->lock);
	if (device->is_open)
		edu_dma_start(&device->edu.engine,
			      fuzz_one_in(t, 2) ? EDU_TO_MEMORY :
						  EDU_FROM_MEMORY,
			      fuzz_iova(t), EDU_MEMORY_SIZE);
	pthread_mutex_unlock(&device->lock);
	return 0;
}

/* A descriptor to call on, which another thread may just be closing */
static int device_fd(struct fuzz_thread *t)
{
	struct device *device = pick_device(t);

	return device->is_open ? device->edu.fd : -1;
}

static void make_bind(struct fuzz_thread *t, void *p)
{
	struct vfio_device_bind_iommufd *cmd = p;

	cmd->flags = VFIO_DEVICE_BIND_FLAG_COOKIE;
	cmd->iommufd = t->fuzz->fd;
	cmd->dev_cookie = fuzz_cookie(t);
}

static void make_attach(struct fuzz_thread *t, void *p)
{
	struct vfio_device_attach_iommufd_pt *cmd = p;

	cmd->pt_id = fuzz_pick_table(t);
}

static void done_attach(struct fuzz_thread *t, const void *p, int result)
{
	const struct vfio_device_attach_iommufd_pt *cmd = p;

	fuzz_add(t, FUZZ_AUTO, cmd->pt_id);
}

static void make_detach(struct fuzz_thread *t, void *p)
{
}

static struct fuzz_command commands[] = {
	{
		.name = "open and bind",
		.weight = 10,
		/* Until all devices of its group are in the same hands */
		.answers = FUZZ_ANSWERS(EEXIST, EBUSY, EPERM, EINVAL),
		.run = run_open,
	}, {
		.name = "close device",
		.weight = 4,
		.answers = FUZZ_ANSWERS(0),
		.run = run_close,
	}, {
		.name = "guest",
		.weight = 12,
		.answers = FUZZ_ANSWERS(0),
		.run = run_guest,
	}, {
		.name = "DMA",
		.weight = 30,
		.answers = FUZZ_ANSWERS(0),
		.run = run_dma,
	}, {
		/* A device that is bound cannot be bound again */
		FUZZ_IOCTL(VFIO_DEVICE_BIND_IOMMUFD, vfio_device_bind_iommufd),
		.weight = 4,
		.answers = FUZZ_ANSWERS(EBADF, EBADFD, EBUSY),
		.target = device_fd,
		.make = make_bind,
	}, {
		FUZZ_IOCTL(VFIO_DEVICE_ATTACH_IOMMUFD_PT,
			   vfio_device_attach_iommufd_pt),
		.weight = 120,
		.answers = FUZZ_ANSWERS(EBADF, ENOENT, EADDRINUSE, EBUSY,
					ENOMEM),
		.target = device_fd,
		.make = make_attach,
		.done = done_attach,
	}, {
		FUZZ_IOCTL(VFIO_DEVICE_DETACH_IOMMUFD_PT,
			   vfio_device_detach_iommufd_pt),
		.weight = 20,
		.answers = FUZZ_ANSWERS(EBADF),
		.target = device_fd,
		.make = make_detach,
	},
};

static void begin(struct fuzz_thread *t)
{
	for (unsigned int i = 0; i < num_devices; i++)
		open_device(t, &devices[i]);
}

static void end(void)
{
	for (unsigned int i = 0; i < num_devices; i++)
		close_device(&devices[i]);
}

/*
 * What an SMMUv3 takes
 */

static __u64 spoilt(struct fuzz_thread *t, __u64 value)
{
	return fuzz_one_in(t, 4) ? value ^ 1ULL << fuzz_below(t, 64) : value;
}

static __u32 hwpt_data(struct fuzz_thread *t, void *p, __u32 *type)
{
	static const __u64 configs[] = {
		STE_0_ABORT, STE_0_BYPASS, STE_0_STAGE_1, STE_0_STAGE_1, 0,
	};
	struct iommu_hwpt_arm_smmuv3 *data = p;
	__u64 config = configs[fuzz_below(t, 5)];

	*type = IOMMU_HWPT_DATA_ARM_SMMUV3;
	data->ste[0] = spoilt(t, config);
	data->ste[1] = 0;
	if (config == STE_0_STAGE_1) {
		data->ste[0] |= fuzz_iova(t);
		data->ste[1] = spoilt(t, STE_1_WBRA_ISH);
	}
	return sizeof(*data);
}

static __u32 entries(struct fuzz_thread *t, bool of_viommu, void *p,
		     __u32 *type, __u32 *len)
{
	static const __u64 opcodes[] = {
		CMD_CFGI_CD, CMD_CFGI_CD_ALL, CMD_TLBI_NH_ALL,
		CMD_TLBI_NH_ASID, CMD_TLBI_NH_VA, CMD_TLBI_NH_VAA,
		CMD_TLBI_NSNH_ALL, CMD_TLBI_EL2_ALL, CMD_SYNC,
	};
	__u32 num = fuzz_one_in(t, 16) ? 600 : fuzz_below(t, 8);
	struct iommu_viommu_arm_smmuv3_invalidate *command = p;

	*type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3;
	*len = sizeof(*command);
	for (__u32 i = 0; i < num; i++) {
		/* The last two are refused: seldom, or nothing is ever done */
		__u64 opcode = opcodes[fuzz_below(t, fuzz_one_in(t, 16) ? 9 :
								       7)];

		command[i].cmd[0] = opcode;
		command[i].cmd[1] = 0;
		if (opcode == CMD_CFGI_CD || opcode == CMD_CFGI_CD_ALL)
			command[i].cmd[0] |= (__u64)fuzz_below(t, 8) << 32;
		if (opcode == CMD_TLBI_NH_ASID || opcode == CMD_TLBI_NH_VA)
			command[i].cmd[0] |= GUEST_ASID << CMD_ASID;
		if (opcode == CMD_TLBI_NH_VA || opcode == CMD_TLBI_NH_VAA)
			command[i].cmd[1] = fuzz_iova(t) |
					    fuzz_below(t, 2) * CMD_1_LEAF;
		if (fuzz_one_in(t, 16))
			command[i].cmd[fuzz_below(t, 2)] ^=
				1ULL << fuzz_below(t, 64);
	}
	return num;
}

static __u64 virt_id(struct fuzz_thread *t)
{
	return fuzz_below(t, 8);
}

const struct fuzz_backend fuzz_device = {
	.name = "device",
	.commands = commands,
	.num_commands = sizeof(commands) / sizeof(*commands),
	.calls = 4000,
	.open = find_devices,
	.begin = begin,
	.end = end,
	.hwpt_data = hwpt_data,
	.entries = entries,
	.virt_id = virt_id,
	.viommu_type = IOMMU_VIOMMU_TYPE_ARM_SMMUV3,
	.veventq_type = IOMMU_VEVENTQ_TYPE_ARM_SMMUV3,
};
