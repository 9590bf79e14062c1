// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a virtual machine monitor does for a guest that has an IOMMU of its own,
 * in one small program.
 *
 * Usage: nesting-demo [PCI address of an edu device that is bound to vfio-pci]
 *
 * The program is the guest, too: it has "guest memory", in which it writes tables
 * for an Arm SMMUv3 (smmuv3-guest.h). If the device can have that format, the
 * hardware translates by them, on top of what the kernel maps: first through the
 * guest's table, stage 1, and then through the kernel's, stage 2. On any IOMMU
 * the program can read the guest's tables and map what they say: that is software
 * nesting, or shadowing. main() shows both, in this order. In between a second
 * device is plugged in, a mock one whose IOMMU cannot nest (mock-device.h): the
 * guest's tables are then shadowed for both.
 *
 * The exit status is 0 only if every step did what it says.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

/* Where a mock device reaches, too */
#define GUEST_IPA 0x30000000ULL

#include "edu.h"
#include "iommu-policy.h"
#include "mock-device.h"
#include "smmuv3-guest.h"
#include "vfio-device.h"

#define COOKIE 0xed0ULL
#define SECOND_COOKIE 0x5ecULL

/* Virtual addresses of the guest: where the device reads, and where it writes */
#define SOURCE (GUEST_VA + 0x100000)
#define TARGET (GUEST_VA + 0x110000)

#define MAX_FORMATS 16
#define MAX_RANGES 64
#define MAX_DEVICES 2

/* What a device says that it can do */
struct answer {
	struct iommu_device_get_info info;
	struct iommu_format_info formats[MAX_FORMATS];
	struct iommu_iova_range ranges[MAX_RANGES];
};

struct demo {
	const char *bdf;
	int iommu;			/* /dev/iommu */
	int device;			/* /dev/vfio/devices/vfioN */
	__u32 dev_id;
	struct answer answers[MAX_DEVICES];
	unsigned int num_devices;
	bool nests;			/* the device, by the tables of an SMMUv3 */
	__u32 parent;			/* IOASIDs */
	__u32 child;
	__u32 fault_queue;
	int faults;			/* its descriptor */
	struct smmuv3_guest guest;
	struct edu edu;
	struct mock_device second;
};

#define step(...) (new_step(), more(__VA_ARGS__))
#define more(...) (printf(__VA_ARGS__), putchar('\n'))

static void new_step(void)
{
	static unsigned int number;

	printf("%2u. ", ++number);
}

static void open_and_bind(struct demo *demo)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.flags = VFIO_DEVICE_BIND_FLAG_COOKIE,
		.dev_cookie = COOKIE,
	};
	char path[PATH_MAX];

	demo->iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (demo->iommu < 0)
		err(1, "/dev/iommu");
	if (vfio_cdev_path(demo->bdf, path, sizeof(path)))
		errx(1, "%s is not in vfio-pci's hands", demo->bdf);
	demo->device = open(path, O_RDWR | O_CLOEXEC);
	if (demo->device < 0)
		err(1, "%s", path);
	bind.iommufd = demo->iommu;
	if (ioctl(demo->device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		err(1, "VFIO_DEVICE_BIND_IOMMUFD");
	demo->dev_id = bind.out_devid;
	if (edu_open(&demo->edu, demo->device))
		errx(1, "%s is not an edu device that can be used", demo->bdf);
	step("Bound the PCI device %s with device cookie %#llx.", demo->bdf,
	     COOKIE);
}

static void ask_device(struct demo *demo, __u64 cookie)
{
	struct answer *answer = &demo->answers[demo->num_devices++];

	answer->info = (struct iommu_device_get_info){
		.size = sizeof(answer->info),
		.dev_cookie = cookie,
		.format_len = sizeof(answer->formats[0]),
		.num_formats = MAX_FORMATS,
		.num_ranges = MAX_RANGES,
		.formats = (uintptr_t)answer->formats,
		.ranges = (uintptr_t)answer->ranges,
	};
	if (ioctl(demo->iommu, IOMMU_DEVICE_GET_INFO, &answer->info))
		err(1, "IOMMU_DEVICE_GET_INFO");
}

static void show_formats(const struct answer *answer)
{
	if (answer->info.num_formats == 1)
		printf("    - none\n");
	for (__u32 i = 0; i < answer->info.num_formats; i++) {
		const struct iommu_format_info *info = &answer->formats[i];

		if (info->format == IOMMU_FORMAT_MAP_UNMAP)
			continue;
		printf("    - format %u, %s%s%s\n", info->format,
		       info->flags & IOMMU_FORMAT_PASID_TABLE ?
		       "a PASID table" : "a page table",
		       info->flags & IOMMU_FORMAT_NONCOHERENT ?
		       ", by which DMA could bypass the CPU's caches" : "",
		       info->flags & IOMMU_FORMAT_REFUSED ? ": refused" : "");
	}
}

/* Can the hardware use the guest's tables as they are, for all of the devices? */
static struct iommu_policy_decision decide(const struct demo *demo)
{
	const struct iommu_iova_range iovas = { GUEST_VA, GUEST_VA + 0x1fffff };
	const struct iommu_iova_range memory = {
		GUEST_IPA, GUEST_IPA + GUEST_SIZE - 1
	};
	const struct iommu_policy_wish wish = {
		.format = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.pgsizes = GUEST_PAGE,
		.iovas = &iovas,
		.num_iovas = 1,
		.memory = &memory,
		.num_memory = 1,
	};
	struct iommu_device_get_info infos[MAX_DEVICES];

	for (unsigned int i = 0; i < demo->num_devices; i++)
		infos[i] = demo->answers[i].info;
	return iommu_policy_decide(&wish, infos, demo->num_devices);
}

static void negotiate(struct demo *demo)
{
	struct iommu_policy_decision decision;

	ask_device(demo, COOKIE);
	step("Asked which formats of user-managed tables the device can have:");
	show_formats(&demo->answers[0]);
	decision = decide(demo);
	if (decision.policy == IOMMU_POLICY_REFUSED)
		errx(1, "the device can do nothing for the guest");
	demo->nests = decision.policy == IOMMU_POLICY_HW_NESTING;
	step("The guest has tables of an SMMUv3. What is possible: %s.",
	     iommu_policy_name(decision.policy));
}

/* The width of output addresses that this SMMU's tables have */
static void ask_smmu(struct demo *demo)
{
	struct iommu_hw_info_arm_smmuv3 smmu;
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = demo->dev_id,
		.data_len = sizeof(smmu),
		.data_uptr = (uintptr_t)&smmu,
	};

	if (ioctl(demo->iommu, IOMMU_GET_HW_INFO, &cmd))
		err(1, "IOMMU_GET_HW_INFO");
	demo->guest.ips = smmu.idr[5] & 7;
}

static void make_guest(struct demo *demo)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.length = GUEST_SIZE,
		.iova = GUEST_IPA,
	};

	demo->guest.memory = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (demo->guest.memory == MAP_FAILED)
		err(1, "mmap");
	if (ioctl(demo->iommu, IOMMU_IOAS_ALLOC, &alloc))
		err(1, "IOMMU_IOAS_ALLOC");
	demo->parent = alloc.out_ioas_id;
	map.ioas_id = demo->parent;
	map.user_va = (uintptr_t)demo->guest.memory;
	if (ioctl(demo->iommu, IOMMU_IOAS_MAP, &map))
		err(1, "IOMMU_IOAS_MAP");
	step("Made the parent, IOASID %u: it maps the guest's memory at IOVA %#llx,",
	     demo->parent, GUEST_IPA);
	more("    which is what the guest has as its physical address.");

	guest_init(&demo->guest);
	guest_set_pte(&demo->guest, SOURCE, guest_ipa(GUEST_DATA) | PTE_PAGE);
	guest_set_pte(&demo->guest, TARGET, guest_ipa(GUEST_DATA + 1) | PTE_PAGE);
	step("The guest wrote its tables into its memory: %#llx is %#llx, %#llx is %#llx.",
	     SOURCE, guest_ipa(GUEST_DATA), TARGET, guest_ipa(GUEST_DATA + 1));
}

static void attach(struct demo *demo, __u32 ioasid)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = sizeof(cmd),
		.pt_id = ioasid,
	};

	if (ioctl(demo->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd))
		err(1, "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
}

static void detach(struct demo *demo)
{
	struct vfio_device_detach_iommufd_pt cmd = { .argsz = sizeof(cmd) };

	if (ioctl(demo->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd))
		err(1, "VFIO_DEVICE_DETACH_IOMMUFD_PT");
}

/* Map a page of the guest at another IOVA: in the parent, or in a child of it */
static void copy_page(struct demo *demo, __u32 ioasid, __u64 iova, __u64 ipa)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.dst_ioas_id = ioasid,
		.src_ioas_id = demo->parent,
		.length = GUEST_PAGE,
		.dst_iova = iova,
		.src_iova = ipa,
	};

	if (ioctl(demo->iommu, IOMMU_IOAS_COPY, &cmd))
		err(1, "IOMMU_IOAS_COPY");
}

static void unmap(struct demo *demo, __u32 ioasid, __u64 iova, __u64 length)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioasid,
		.iova = iova,
		.length = length,
	};

	if (ioctl(demo->iommu, IOMMU_IOAS_UNMAP, &cmd))
		err(1, "IOMMU_IOAS_UNMAP");
}

/* A child of @demo->parent for all of the devices; the caller says in which format */
static int make_child(struct demo *demo, struct iommu_ioasid_alloc *cmd)
{
	__u64 cookies[MAX_DEVICES];

	for (unsigned int i = 0; i < demo->num_devices; i++)
		cookies[i] = demo->answers[i].info.dev_cookie;
	cmd->size = sizeof(*cmd);
	cmd->parent_id = demo->parent;
	cmd->cookies = (uintptr_t)cookies;
	cmd->num_cookies = demo->num_devices;
	return ioctl(demo->iommu, IOMMU_IOASID_ALLOC, cmd);
}

static __u32 make_nested_child(struct demo *demo, __u64 ste_0, __u64 ste_1)
{
	struct iommu_hwpt_arm_smmuv3 data = { .ste = { ste_0, ste_1 } };
	struct iommu_ioasid_alloc cmd = {
		.flags = IOMMU_IOASID_ALLOC_FAULT_QUEUE,
		.format = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.data_len = sizeof(data),
		.data = (uintptr_t)&data,
		.fault_id = demo->fault_queue,
	};

	if (make_child(demo, &cmd))
		err(1, "IOMMU_IOASID_ALLOC");
	return cmd.out_ioasid;
}

/* Where to read of DMA that was aborted */
static void make_fault_queue(struct demo *demo)
{
	struct iommu_fault_alloc alloc = {
		.size = sizeof(alloc),
		.flags = IOMMU_FAULT_QUEUE_COOKIE,
	};

	if (ioctl(demo->iommu, IOMMU_FAULT_QUEUE_ALLOC, &alloc))
		err(1, "IOMMU_FAULT_QUEUE_ALLOC");
	demo->fault_queue = alloc.out_fault_id;
	demo->faults = alloc.out_fault_fd;
}

static void destroy(struct demo *demo, __u32 id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	if (ioctl(demo->iommu, IOMMU_DESTROY, &cmd))
		err(1, "IOMMU_DESTROY");
}

/* Let the device copy what is new in the guest's page at SOURCE to TARGET */
static void copy_by_dma(struct demo *demo)
{
	static unsigned int count;

	memset(guest_page(&demo->guest, GUEST_DATA), ++count, GUEST_PAGE);
	if (edu_dma(&demo->edu, EDU_FROM_MEMORY, SOURCE, GUEST_PAGE) ||
	    edu_dma(&demo->edu, EDU_TO_MEMORY, TARGET, GUEST_PAGE))
		errx(1, "the device did not finish");
}

/* Whether what the device copied is in that page of the guest's memory */
static bool arrived(struct demo *demo, unsigned int page)
{
	return !memcmp(guest_page(&demo->guest, GUEST_DATA),
		       guest_page(&demo->guest, page), GUEST_PAGE);
}

static void expect(struct demo *demo, unsigned int page, bool expected)
{
	copy_by_dma(demo);
	if (arrived(demo, page) != expected)
		errx(1, "what the device wrote %s in the guest's page at %#llx",
		     expected ? "is not" : "is", guest_ipa(page));
}

static void translate_by_hardware(struct demo *demo)
{
	make_fault_queue(demo);
	demo->child = make_nested_child(demo, STE_0_STAGE_1 |
					guest_ipa(GUEST_CD_TABLE),
					STE_1_WBRA_ISH);
	attach(demo, demo->child);
	step("Made a child in the format of the SMMUv3, IOASID %u, of the guest's table at",
	     demo->child);
	more("    %#llx, and attached the device.", guest_ipa(GUEST_CD_TABLE));
	expect(demo, GUEST_DATA + 1, true);
	step("The device wrote to %#llx. Verified: it is in the guest's page at %#llx,",
	     TARGET, guest_ipa(GUEST_DATA + 1));
	more("    where stage 1 and then stage 2 lead.");
}

static void invalidate(struct demo *demo)
{
	struct iommu_viommu_arm_smmuv3_invalidate entry = {
		.cmd = { CMD_TLBI_NH_VA | GUEST_ASID << CMD_ASID,
			 TARGET | CMD_1_LEAF },
	};
	struct iommu_ioasid_invalidate cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOASID_INVALIDATE_DEVICE,
		.ioasid = demo->child,
		.data_type = iommu_policy_format(&demo->answers[0].info,
						 IOMMU_HWPT_DATA_ARM_SMMUV3)->invalidate_type,
		.dev_cookie = COOKIE,
		.entries = (uintptr_t)&entry,
		.entry_len = sizeof(entry),
		.num_entries = 1,
	};

	if (ioctl(demo->iommu, IOMMU_IOASID_INVALIDATE, &cmd))
		err(1, "IOMMU_IOASID_INVALIDATE");
}

static void change_entry(struct demo *demo)
{
	guest_set_pte(&demo->guest, TARGET, guest_ipa(GUEST_DATA + 2) | PTE_PAGE);
	expect(demo, GUEST_DATA + 1, true);
	step("The guest changed the entry of %#llx to %#llx. Verified: the SMMU still",
	     TARGET, guest_ipa(GUEST_DATA + 2));
	more("    uses the old one, which it has cached.");
	invalidate(demo);
	expect(demo, GUEST_DATA + 2, true);
	step("Invalidated the address for device %#llx, with the guest's own command.",
	     COOKIE);
	more("    Verified: now it is the new one.");
}

static void break_stage_1(struct demo *demo)
{
	struct pollfd poller = { .fd = demo->faults, .events = POLLIN };
	struct iommu_device_fault fault;

	guest_set_pte(&demo->guest, TARGET, 0);
	invalidate(demo);
	expect(demo, GUEST_DATA + 2, false);
	if (poll(&poller, 1, 2000) != 1 ||
	    read(demo->faults, &fault, sizeof(fault)) != sizeof(fault))
		errx(1, "the queue has no fault");
	if (fault.dev_cookie != COOKIE || fault.request.addr != TARGET ||
	    fault.request.perm != IOMMU_PGFAULT_PERM_WRITE ||
	    fault.reason != IOMMU_DEVICE_FAULT_NOT_MAPPED)
		errx(1, "the fault is another one");
	step("The guest cleared the entry. Verified: nothing arrives any more. The fault");
	more("    queue says: device %#llx wanted to write to %#llx, which is not mapped.",
	     (unsigned long long)fault.dev_cookie,
	     (unsigned long long)fault.request.addr);
	guest_set_pte(&demo->guest, TARGET, guest_ipa(GUEST_DATA + 1) | PTE_PAGE);
	invalidate(demo);
}

/* The guest says what it likes: it gets no further than its parent */
static void leave_guest(struct demo *demo)
{
	guest_set_pte(&demo->guest, TARGET, (GUEST_IPA + GUEST_SIZE) | PTE_PAGE);
	invalidate(demo);
	for (unsigned int page = GUEST_DATA + 1; page < GUEST_PAGES; page++)
		expect(demo, page, false);
	step("The guest pointed the entry behind the end of its memory.");
	more("    Verified: stage 2 lets nothing through.");
	guest_set_pte(&demo->guest, TARGET, guest_ipa(GUEST_DATA + 1) | PTE_PAGE);
	invalidate(demo);
}

static void abort_everything(struct demo *demo)
{
	__u32 abort = make_nested_child(demo, STE_0_ABORT, 0);

	attach(demo, abort);
	expect(demo, GUEST_DATA + 1, false);
	attach(demo, demo->child);
	expect(demo, GUEST_DATA + 1, true);
	destroy(demo, abort);
	step("Replaced the child by one that aborts everything, and back.");
	more("    Verified: nothing arrived, and then it did.");
}

/* What the device says is a physical address of the guest then */
static void bypass_stage_1(struct demo *demo)
{
	__u32 bypass = make_nested_child(demo, STE_0_BYPASS, 0);

	copy_page(demo, demo->parent, SOURCE, guest_ipa(GUEST_DATA));
	copy_page(demo, demo->parent, TARGET, guest_ipa(GUEST_DATA + 3));
	attach(demo, bypass);
	expect(demo, GUEST_DATA + 1, false);
	if (!arrived(demo, GUEST_DATA + 3))
		errx(1, "what the device wrote is not at %#llx", TARGET);
	attach(demo, demo->child);
	destroy(demo, bypass);
	unmap(demo, demo->parent, SOURCE, GUEST_PAGE);
	unmap(demo, demo->parent, TARGET, GUEST_PAGE);
	step("Replaced the child by one without stage 1, and back. Verified: what the device");
	more("    wrote to %#llx was where the parent alone has that address.", TARGET);
}

static void detach_and_attach(struct demo *demo)
{
	detach(demo);
	expect(demo, GUEST_DATA + 1, false);
	attach(demo, demo->child);
	expect(demo, GUEST_DATA + 1, true);
	step("Detached the device, and attached it again.");
	more("    Verified: nothing arrived, and then it did.");
}

/* A second device of the guest, which cannot use its tables */
static void plug_in_second(struct demo *demo)
{
	struct iommu_hwpt_arm_smmuv3 data = {
		.ste = { STE_0_STAGE_1 | guest_ipa(GUEST_CD_TABLE), STE_1_WBRA_ISH }
	};
	struct iommu_ioasid_alloc cmd = {
		.format = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.data_len = sizeof(data),
		.data = (uintptr_t)&data,
	};
	struct iommu_policy_decision decision;
	char why[128];

	if (mock_device_plug_in(&demo->second, demo->iommu, SECOND_COOKIE)) {
		if (errno != ENOTTY)
			err(1, "mock device");
		step("This kernel has no mock devices (CONFIG_IOMMUFD_TEST): no second one.");
		return;
	}
	ask_device(demo, SECOND_COOKIE);
	step("Plugged in a second device with device cookie %#llx, a mock one. Its formats of",
	     SECOND_COOKIE);
	more("    user-managed tables:");
	show_formats(&demo->answers[1]);

	if (!mock_device_attach(&demo->second, demo->child) || errno != EINVAL)
		errx(1, "it could be attached to IOASID %u", demo->child);
	expect(demo, GUEST_DATA + 1, true);
	step("Tried to attach it to the guest's tables, IOASID %u. Verified: refused, and",
	     demo->child);
	more("    nothing changed for the first one.");

	decision = decide(demo);
	if (decision.policy != IOMMU_POLICY_SHADOWING ||
	    decision.hardware.device != 1)
		errx(1, "the second device is taken for one that can nest");
	if (!make_child(demo, &cmd) || errno != EOPNOTSUPP ||
	    cmd.out_refused != decision.hardware.device)
		errx(1, "the kernel does not refuse the second device");
	iommu_policy_explain(&decision.hardware, why, sizeof(why));
	step("Asked for a child in the guest's format for both. Verified: device %#llx is",
	     SECOND_COOKIE);
	more("    refused: it %s.", why);
	more("    What is possible for both: %s.", iommu_policy_name(decision.policy));
}

/* What a monitor does where the hardware cannot: read the guest's tables */
static void shadow(struct demo *demo)
{
	const __u64 *entries = guest_page(&demo->guest, GUEST_LEVEL_3);
	struct iommu_ioasid_alloc cmd = { .format = IOMMU_FORMAT_MAP_UNMAP };
	unsigned int mapped = 0;

	if (make_child(demo, &cmd))
		err(1, "IOMMU_IOASID_ALLOC");
	demo->child = cmd.out_ioasid;
	for (__u64 i = 0; i < 512; i++) {
		if (!(entries[i] & 1))
			continue;
		copy_page(demo, demo->child, GUEST_VA + i * GUEST_PAGE,
			  entries[i] & 0xfffffffff000ULL);
		mapped++;
	}
	attach(demo, demo->child);
	step("Made a software-nested child, IOASID %u, and copied to it the %u pages that",
	     demo->child, mapped);
	more("    the guest's table maps.");
	expect(demo, GUEST_DATA + 1, true);
	step("The device wrote to %#llx. Verified: it is in the guest's page at %#llx.",
	     TARGET, guest_ipa(GUEST_DATA + 1));
	if (demo->num_devices == 1)
		return;
	if (mock_device_attach(&demo->second, demo->child))
		err(1, "the second device cannot be attached");
	if (mock_device_check(&demo->second, TARGET,
			      guest_page(&demo->guest, GUEST_DATA + 1), GUEST_PAGE))
		errx(1, "the second device has another page at %#llx", TARGET);
	step("Attached the second device to it, too. Verified: in its IOMMU's table, %#llx is",
	     TARGET);
	more("    the same page.");
}

static void take_memory(struct demo *demo)
{
	unmap(demo, demo->parent, GUEST_IPA, GUEST_SIZE);
	expect(demo, GUEST_DATA + 1, false);
	if (demo->num_devices == 2 &&
	    !mock_device_check(&demo->second, TARGET,
			       guest_page(&demo->guest, GUEST_DATA + 1), GUEST_PAGE))
		errx(1, "the second device still has a page at %#llx", TARGET);
	step("Unmapped the guest's memory from the parent.");
	more("    Verified: %s reach it through the child.",
	     demo->num_devices == 1 ? "the device does not" : "no device can");
}

int main(int argc, char **argv)
{
	struct demo demo = {};

	if (argc > 2)
		errx(2, "usage: nesting-demo [PCI address]");
	demo.bdf = vfio_device_address(argv[1]);
	if (!demo.bdf)
		errx(2, "give a PCI address like 0000:00:04.0, as argument or in $EDU0");

	setvbuf(stdout, NULL, _IOLBF, 0);
	open_and_bind(&demo);
	negotiate(&demo);
	if (demo.nests)
		ask_smmu(&demo);
	make_guest(&demo);
	if (demo.nests) {
		translate_by_hardware(&demo);
		change_entry(&demo);
		break_stage_1(&demo);
		leave_guest(&demo);
		abort_everything(&demo);
		bypass_stage_1(&demo);
		detach_and_attach(&demo);
		plug_in_second(&demo);
	}
	shadow(&demo);
	take_memory(&demo);
	close(demo.device);
	close(demo.iommu);
	printf("Everything went as it should.\n");
	return 0;
}
