// SPDX-License-Identifier: GPL-2.0-only
/*
 * What /dev/iommu does, in one small program: a device gets DMA access to a
 * piece of this program's memory, uses it, loses it, and is stopped by the
 * IOMMU when it tries again.
 *
 * Usage: iommu-demo [PCI address of an edu device that is bound to vfio-pci]
 *
 * It is meant to be read: main() is the order in which any program uses the
 * interface, and each step is one function. The steps do the ioctls themselves;
 * only device registers (edu.c), sysfs paths (vfio-device.c), the kernel's log
 * (kernel-log.c) and words for page sizes (iommu-words.c) are elsewhere.
 *
 * The exit status is 0 only if every step did what it says.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "edu.h"
#include "iommu-words.h"
#include "kernel-log.h"
#include "vfio-device.h"

/*
 * The device cookie is ours to choose: it can be any number that is not yet
 * used in the IOMMU fd, for example an index or a pointer to the program's own
 * structure for the device.
 */
#define COOKIE 0xed0ULL

/* The program's memory: what the device shall read, and where it shall write */
#define SOURCE 0
#define TARGET 4096
#define MEMORY_SIZE 8192

struct demo {
	const char *bdf;
	int iommu;			/* /dev/iommu */
	int device;			/* /dev/vfio/devices/vfioN */
	int kmsg;			/* the kernel's log, at its end */
	__u32 dev_id;
	struct iommu_iova_range window;	/* IOVAs for our mappings */
	__u32 ioas;
	__u8 *memory;
	__u64 iova;			/* where the memory is mapped */
	struct edu edu;
};

#define step(...) (new_step(), printf(__VA_ARGS__), putchar('\n'))

static void new_step(void)
{
	static unsigned int number;

	printf("%2u. ", ++number);
}

static void open_files(struct demo *demo)
{
	char path[PATH_MAX];

	demo->iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (demo->iommu < 0)
		err(1, "/dev/iommu");
	step("Opened /dev/iommu: this IOMMU fd will hold our I/O address space and our device.");

	if (vfio_cdev_path(demo->bdf, path, sizeof(path)))
		errx(1, "%s is not in vfio-pci's hands, or the kernel is without VFIO_DEVICE_CDEV",
		     demo->bdf);
	demo->device = open(path, O_RDWR | O_CLOEXEC);
	if (demo->device < 0)
		err(1, "%s", path);
	step("Opened %s, which is the PCI device %s.", path, demo->bdf);

	demo->kmsg = kernel_log_open();
	if (demo->kmsg < 0)
		errx(1, "/dev/kmsg: %s", strerror(-demo->kmsg));
}

static void bind_device(struct demo *demo)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.flags = VFIO_DEVICE_BIND_FLAG_COOKIE,
		.iommufd = demo->iommu,
		.dev_cookie = COOKIE,
	};

	if (ioctl(demo->device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		err(1, "VFIO_DEVICE_BIND_IOMMUFD");
	demo->dev_id = bind.out_devid;
	step("Bound the device to the IOMMU fd with device cookie %#llx: its DMA is blocked.",
	     COOKIE);
}

static void print_info(const struct iommu_device_get_info *info,
		       const struct iommu_format_info *formats,
		       const struct iommu_iova_range *ranges)
{
	char sizes[PAGE_SIZES_MAX];
	unsigned int i;

	printf("    - page sizes of map and unmap: %s\n",
	       page_sizes_text(info->out_pgsizes, sizes));
	printf("    - IOVAs have %u bits; permitted are", info->out_addr_width);
	for (i = 0; i < info->num_ranges; i++)
		printf("%s %#llx-%#llx", i ? "," : "", ranges[i].start,
		       ranges[i].last);
	printf("\n    - formats:");
	for (i = 0; i < info->num_formats; i++) {
		if (formats[i].format == IOMMU_FORMAT_MAP_UNMAP)
			printf("%s map/unmap (the kernel manages the page table)",
			       i ? "," : "");
		else
			printf("%s format %u", i ? "," : "",
			       formats[i].format);
	}
	printf("\n    - DMA %s coherent with the CPU caches%s\n",
	       info->out_caps & IOMMU_DEVICE_CAP_COHERENT ? "is" : "is not",
	       info->out_caps & IOMMU_DEVICE_CAP_ENFORCE_SNOOP ?
	       ", even if the device asks for no snoop" : "");
	printf("    - interrupts %s isolated from those of other devices\n",
	       info->out_caps & IOMMU_DEVICE_CAP_ISOLATED_MSI ?
	       "are" : "are not");
	if (info->out_caps & IOMMU_DEVICE_CAP_SW_MSI)
		printf("    - interrupts use an IOVA window of their own\n");
}

/* Asked twice: once for the numbers of entries, then with room for them */
static void ask_device(struct demo *demo)
{
	struct iommu_device_get_info info = {
		.size = sizeof(info),
		.dev_cookie = COOKIE,
		.format_len = sizeof(struct iommu_format_info),
	};
	struct iommu_format_info *formats;
	struct iommu_iova_range *ranges;

	if (ioctl(demo->iommu, IOMMU_DEVICE_GET_INFO, &info) &&
	    errno != EMSGSIZE)
		err(1, "IOMMU_DEVICE_GET_INFO");
	formats = calloc(info.num_formats, sizeof(*formats));
	ranges = calloc(info.num_ranges, sizeof(*ranges));
	if (!formats || !ranges)
		err(1, "calloc");
	info.formats = (uintptr_t)formats;
	info.ranges = (uintptr_t)ranges;
	if (ioctl(demo->iommu, IOMMU_DEVICE_GET_INFO, &info))
		err(1, "IOMMU_DEVICE_GET_INFO");
	if (info.out_dev_id != demo->dev_id)
		errx(1, "the cookie names device %u instead of %u",
		     info.out_dev_id, demo->dev_id);
	if (!info.num_ranges)
		errx(1, "the device permits no IOVA at all");

	step("Asked what can be done with device %#llx:", COOKIE);
	print_info(&info, formats, ranges);

	demo->window = ranges[0];
	if (demo->window.last >= 1ULL << EDU_ADDRESS_BITS)
		demo->window.last = (1ULL << EDU_ADDRESS_BITS) - 1;
	free(formats);
	free(ranges);
}

static void make_address_space(struct demo *demo)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct iommu_ioas_allow_iovas allow = {
		.size = sizeof(allow),
		.num_iovas = 1,
		.allowed_iovas = (uintptr_t)&demo->window,
	};
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};

	if (ioctl(demo->iommu, IOMMU_IOAS_ALLOC, &alloc))
		err(1, "IOMMU_IOAS_ALLOC");
	demo->ioas = alloc.out_ioas_id;
	step("Allocated an IOAS, an empty I/O address space. Its IOASID is %u.",
	     demo->ioas);

	allow.ioas_id = demo->ioas;
	if (ioctl(demo->iommu, IOMMU_IOAS_ALLOW_IOVAS, &allow))
		err(1, "IOMMU_IOAS_ALLOW_IOVAS");
	step("Asked for IOVAs up to %#llx, as this device has %u address bits only.",
	     demo->window.last, EDU_ADDRESS_BITS);

	attach.pt_id = demo->ioas;
	if (ioctl(demo->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		err(1, "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
	step("Attached the device to IOASID %u: it can reach what is mapped there, nothing yet.",
	     demo->ioas);
}

static void map_memory(struct demo *demo, __u64 flags, __u64 iova)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE |
			 flags,
		.ioas_id = demo->ioas,
		.user_va = (uintptr_t)demo->memory,
		.length = MEMORY_SIZE,
		.iova = iova,
	};

	if (ioctl(demo->iommu, IOMMU_IOAS_MAP, &map))
		err(1, "IOMMU_IOAS_MAP");
	demo->iova = map.iova;
}

static void unmap_memory(struct demo *demo)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = demo->ioas,
		.iova = demo->iova,
		.length = MEMORY_SIZE,
	};

	if (ioctl(demo->iommu, IOMMU_IOAS_UNMAP, &unmap))
		err(1, "IOMMU_IOAS_UNMAP");
	if (unmap.length != MEMORY_SIZE)
		errx(1, "unmapped %llu bytes instead of %d", unmap.length,
		     MEMORY_SIZE);
}

static void device_reads(struct demo *demo)
{
	if (edu_dma(&demo->edu, EDU_FROM_MEMORY, demo->iova + SOURCE,
		    EDU_MEMORY_SIZE))
		errx(1, "the device did not finish a DMA read");
}

static void device_writes(struct demo *demo)
{
	if (edu_dma(&demo->edu, EDU_TO_MEMORY, demo->iova + TARGET,
		    EDU_MEMORY_SIZE))
		errx(1, "the device did not finish a DMA write");
}

/* Fill a page with numbers that follow from @seed and are hard to meet by chance */
static void fill(__u8 *page, __u32 seed)
{
	unsigned int i;

	for (i = 0; i < EDU_MEMORY_SIZE; i++) {
		seed = seed * 1664525 + 1013904223;
		page[i] = seed >> 24;
	}
}

static bool same(struct demo *demo)
{
	return !memcmp(demo->memory + SOURCE, demo->memory + TARGET,
		       EDU_MEMORY_SIZE);
}

static bool is_clear(const __u8 *page)
{
	unsigned int i;

	for (i = 0; i < EDU_MEMORY_SIZE; i++)
		if (page[i])
			return false;
	return true;
}

static void allowed_dma(struct demo *demo)
{
	map_memory(demo, 0, 0);
	step("Mapped %d bytes of this program's memory; the kernel chose IOVA %#llx.",
	     MEMORY_SIZE, demo->iova);
	if (demo->iova < demo->window.start ||
	    demo->iova + MEMORY_SIZE - 1 > demo->window.last)
		errx(1, "that is outside of what was asked for");

	fill(demo->memory + SOURCE, 1);
	device_reads(demo);
	step("The device read %d bytes at IOVA %#llx by DMA.",
	     EDU_MEMORY_SIZE, demo->iova + SOURCE);
	device_writes(demo);
	if (!same(demo))
		errx(1, "what the device wrote is not what it read");
	step("The device wrote them to IOVA %#llx by DMA. Verified: they are the same.",
	     demo->iova + TARGET);
}

static void blocked_dma(struct demo *demo)
{
	unmap_memory(demo);
	step("Unmapped the memory: from now on no device can reach it.");

	fill(demo->memory + SOURCE, 2);
	memset(demo->memory + TARGET, 0, EDU_MEMORY_SIZE);
	device_writes(demo);
	if (!is_clear(demo->memory + TARGET))
		errx(1, "the device still wrote to unmapped memory");
	step("The device did the same DMA write again. Verified: memory did not change.");

	/* To see what the device has read, let it write that to memory */
	device_reads(demo);
	map_memory(demo, IOMMU_IOAS_MAP_FIXED_IOVA, demo->iova);
	device_writes(demo);
	unmap_memory(demo);
	if (same(demo))
		errx(1, "the device still read unmapped memory");
	step("The device did the same DMA read again. Verified: it did not get what is there.");
}

static void show_fault(struct demo *demo)
{
	char message[1024];
	int rc = kernel_log_fault(demo->kmsg, message, sizeof(message));

	if (rc == -ETIMEDOUT)
		errx(1, "the kernel logged no fault");
	if (rc)
		errx(1, "/dev/kmsg: %s", strerror(-rc));
	step("The IOMMU stopped it, and the kernel logged the fault:\n      %s",
	     message);
}

static void close_files(struct demo *demo)
{
	struct vfio_device_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
	};
	struct iommu_destroy destroy = {
		.size = sizeof(destroy),
		.id = demo->ioas,
	};

	/* Closing the files would do all of this too, in any order */
	if (ioctl(demo->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach))
		err(1, "VFIO_DEVICE_DETACH_IOMMUFD_PT");
	if (ioctl(demo->iommu, IOMMU_DESTROY, &destroy))
		err(1, "IOMMU_DESTROY");
	close(demo->device);
	close(demo->iommu);
	close(demo->kmsg);
	step("Detached the device, destroyed the IOAS and closed the files.");
}

int main(int argc, char **argv)
{
	struct demo demo = {};

	if (argc > 2)
		errx(2, "usage: iommu-demo [PCI address]");
	demo.bdf = vfio_device_address(argv[1]);
	if (!demo.bdf)
		errx(2, "give a PCI address like 0000:00:04.0, as argument or in $EDU0");
	demo.memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (demo.memory == MAP_FAILED)
		err(1, "mmap");

	setvbuf(stdout, NULL, _IOLBF, 0);
	open_files(&demo);
	bind_device(&demo);
	ask_device(&demo);
	make_address_space(&demo);
	if (edu_open(&demo.edu, demo.device))
		errx(1, "%s is not an edu device that can be used", demo.bdf);
	allowed_dma(&demo);
	blocked_dma(&demo);
	show_fault(&demo);
	close_files(&demo);
	printf("Everything went as it should.\n");
	return 0;
}
