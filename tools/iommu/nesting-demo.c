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
 * nesting, or shadowing. main() shows both, in this order.
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

#include "edu.h"
#include "smmuv3-guest.h"
#include "vfio-device.h"

#define COOKIE 0xed0ULL

/* Virtual addresses of the guest: where the device reads, and where it writes */
#define SOURCE 0x100000ULL
#define TARGET 0x110000ULL

#define MAX_FORMATS 16

struct demo {
	const char *bdf;
	int iommu;			/* /dev/iommu */
	int device;			/* /dev/vfio/devices/vfioN */
	__u32 dev_id;
	struct iommu_format_info format;	/* of the SMMUv3 */
	bool has_format;
	__u32 parent;			/* IOASIDs */
	__u32 child;
	__u32 fault_queue;
	int faults;			/* its descriptor */
	struct smmuv3_guest guest;
	struct edu edu;
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

/* Can the hardware use the guest's tables as they are? */
static void negotiate(struct demo *demo)
{
	struct iommu_format_info formats[MAX_FORMATS] = {};
	struct iommu_device_get_info info = {
		.size = sizeof(info),
		.dev_cookie = COOKIE,
		.format_len = sizeof(formats[0]),
		.num_formats = MAX_FORMATS,
		.formats = (uintptr_t)formats,
	};

	/* There is no room for ranges, which nobody asks for here */
	if (ioctl(demo->iommu, IOMMU_DEVICE_GET_INFO, &info) &&
	    errno != EMSGSIZE)
		err(1, "IOMMU_DEVICE_GET_INFO");
	step("Asked which formats of user-managed tables the device can have:");
	for (__u32 i = 0; i < info.num_formats && i < MAX_FORMATS; i++) {
		if (formats[i].format == IOMMU_FORMAT_MAP_UNMAP)
			continue;
		printf("    - format %u, %s%s%s\n", formats[i].format,
		       formats[i].flags & IOMMU_FORMAT_PASID_TABLE ?
		       "a PASID table" : "a page table",
		       formats[i].flags & IOMMU_FORMAT_NONCOHERENT ?
		       ", by which DMA could bypass the CPU's caches" : "",
		       formats[i].flags & IOMMU_FORMAT_REFUSED ?
		       ": refused" : "");
		if (formats[i].format == IOMMU_HWPT_DATA_ARM_SMMUV3) {
			demo->format = formats[i];
			demo->has_format = !(formats[i].flags &
					     IOMMU_FORMAT_REFUSED);
		}
	}
	if (info.num_formats == 1)
		printf("    - none\n");
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

/* @fault_queue is 0 if nobody wants to know of the child's faults */
static __u32 make_child(struct demo *demo, __u32 format, void *data,
			__u32 data_len, __u32 fault_queue)
{
	__u64 cookie = COOKIE;
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.flags = fault_queue ? IOMMU_IOASID_ALLOC_FAULT_QUEUE : 0,
		.format = format,
		.parent_id = demo->parent,
		.cookies = (uintptr_t)&cookie,
		.num_cookies = 1,
		.data_len = data_len,
		.data = (uintptr_t)data,
		.fault_id = fault_queue,
	};

	if (ioctl(demo->iommu, IOMMU_IOASID_ALLOC, &cmd))
		err(1, "IOMMU_IOASID_ALLOC");
	return cmd.out_ioasid;
}

static __u32 make_nested_child(struct demo *demo, __u64 ste_0, __u64 ste_1)
{
	struct iommu_hwpt_arm_smmuv3 data = { .ste = { ste_0, ste_1 } };

	return make_child(demo, IOMMU_HWPT_DATA_ARM_SMMUV3, &data, sizeof(data),
			  demo->fault_queue);
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
		.data_type = demo->format.invalidate_type,
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

/* What a monitor does where the hardware cannot: read the guest's tables */
static void shadow(struct demo *demo)
{
	const __u64 *entries = guest_page(&demo->guest, GUEST_LEVEL_3);
	unsigned int mapped = 0;

	demo->child = make_child(demo, IOMMU_FORMAT_MAP_UNMAP, NULL, 0, 0);
	for (__u64 i = 0; i < 512; i++) {
		if (!(entries[i] & 1))
			continue;
		copy_page(demo, demo->child, i * GUEST_PAGE,
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
}

static void take_memory(struct demo *demo)
{
	unmap(demo, demo->parent, GUEST_IPA, GUEST_SIZE);
	expect(demo, GUEST_DATA + 1, false);
	step("Unmapped the guest's memory from the parent.");
	more("    Verified: the device does not reach it through the child.");
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
	if (demo.has_format)
		ask_smmu(&demo);
	make_guest(&demo);
	if (demo.has_format) {
		step("The hardware can use them: nested translation.");
		translate_by_hardware(&demo);
		change_entry(&demo);
		break_stage_1(&demo);
		leave_guest(&demo);
		abort_everything(&demo);
		bypass_stage_1(&demo);
		detach_and_attach(&demo);
	} else {
		step("The hardware cannot use them: they have to be shadowed.");
	}
	shadow(&demo);
	take_memory(&demo);
	close(demo.device);
	close(demo.iommu);
	printf("Everything went as it should.\n");
	return 0;
}
