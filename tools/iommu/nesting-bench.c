// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest with an IOMMU of its own costs its virtual machine monitor: nested
 * on an SMMUv3, and shadowed by software on the same machine.
 *
 * Usage: nesting-bench [PCI address of an edu device that is bound to vfio-pci]
 *
 * As in nesting-demo, the program is the monitor and the guest. The guest maps and
 * unmaps pages for its device. Nested, to map is a write to its table, and nobody
 * is told; to unmap is a write, and an invalidation that the monitor passes on to
 * the SMMU. Shadowed, the monitor copies each page to a child, and unmaps it from
 * there. What it takes a guest to reach its monitor is not counted: it is the same
 * for each invalidation, and comes on top of every map if the table is shadowed.
 *
 * DMA is done by edu, which takes 100 ms by itself. It is compared with a device that
 * only has the kernel's table of stage 2.
 *
 * Times are medians of RUNS, the spread is largest minus smallest.
 */
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "bench.h"
#include "edu.h"
#include "smmuv3-guest.h"
#include "vfio-device.h"

#define RUNS 5

/* Virtual addresses of the guest: pages to map, and where the device reads and writes */
#define PAGES_VA	GUEST_VA
#define NUM_PAGES	128U
#define SOURCE		(GUEST_VA + 0x100000)
#define TARGET		(GUEST_VA + 0x110000)

#define MAX_COMMANDS	4096U
/* Nanoseconds that a rate is measured for */
#define LONG_ENOUGH	20e6

struct bench {
	int iommu;
	int device;
	__u32 dev_id;
	__u32 parent;			/* IOAS of the guest's memory */
	struct smmuv3_guest guest;
	struct edu edu;
};

#define call(fd, cmd, arg) \
	do { \
		if (ioctl(fd, cmd, arg)) \
			err(1, #cmd); \
	} while (0)

static void open_and_bind(struct bench *bench, const char *bdf)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct iommu_hw_info_arm_smmuv3 smmu;
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.data_len = sizeof(smmu),
		.data_uptr = (uintptr_t)&smmu,
	};
	char path[PATH_MAX];

	bench->iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (bench->iommu < 0)
		err(1, "/dev/iommu");
	if (vfio_cdev_path(bdf, path, sizeof(path)))
		errx(1, "%s is not in vfio-pci's hands", bdf);
	bench->device = open(path, O_RDWR | O_CLOEXEC);
	if (bench->device < 0)
		err(1, "%s", path);
	bind.iommufd = bench->iommu;
	call(bench->device, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	bench->dev_id = bind.out_devid;
	if (edu_open(&bench->edu, bench->device))
		errx(1, "%s is not an edu device that can be used", bdf);
	info.dev_id = bench->dev_id;
	call(bench->iommu, IOMMU_GET_HW_INFO, &info);
	if (info.out_data_type != IOMMU_HW_INFO_TYPE_ARM_SMMUV3)
		errx(1, "%s is not behind an SMMUv3", bdf);
	bench->guest.ips = smmu.idr[5] & 7;
}

static __u32 alloc_ioas(struct bench *bench)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	call(bench->iommu, IOMMU_IOAS_ALLOC, &alloc);
	return alloc.out_ioas_id;
}

static void map_memory(struct bench *bench, __u32 ioas, void *va, __u64 length,
		       __u64 iova)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.user_va = (uintptr_t)va,
		.length = length,
		.iova = iova,
	};

	call(bench->iommu, IOMMU_IOAS_MAP, &map);
}

static __u32 alloc_hwpt(struct bench *bench, __u32 pt, __u32 flags, __u32 type,
			void *data, __u32 data_len)
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.flags = flags,
		.dev_id = bench->dev_id,
		.pt_id = pt,
		.data_type = type,
		.data_len = data_len,
		.data_uptr = (uintptr_t)data,
	};

	call(bench->iommu, IOMMU_HWPT_ALLOC, &alloc);
	return alloc.out_hwpt_id;
}

static void attach(struct bench *bench, __u32 pt)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = sizeof(cmd),
		.pt_id = pt,
	};

	call(bench->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);
}

static void make_guest(struct bench *bench)
{
	struct smmuv3_guest *guest = &bench->guest;

	guest->memory = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (guest->memory == MAP_FAILED)
		err(1, "mmap");
	bench->parent = alloc_ioas(bench);
	map_memory(bench, bench->parent, guest->memory, GUEST_SIZE, GUEST_IPA);
	guest_init(guest);
	guest_set_pte(guest, SOURCE, guest_ipa(GUEST_DATA) | PTE_PAGE);
	guest_set_pte(guest, TARGET, guest_ipa(GUEST_DATA + 1) | PTE_PAGE);
}

/*
 * Ways to translate: each makes what the device is then attached to
 */

static __u32 nested_make(struct bench *bench)
{
	struct iommu_hwpt_arm_smmuv3 data = {
		.ste = { STE_0_STAGE_1 | guest_ipa(GUEST_CD_TABLE),
			 STE_1_WBRA_ISH },
	};
	__u32 parent = alloc_hwpt(bench, bench->parent,
				  IOMMU_HWPT_ALLOC_NEST_PARENT,
				  IOMMU_HWPT_DATA_NONE, NULL, 0);

	return alloc_hwpt(bench, parent, 0, IOMMU_HWPT_DATA_ARM_SMMUV3, &data,
			  sizeof(data));
}

static struct iommu_viommu_arm_smmuv3_invalidate commands[MAX_COMMANDS];

static void invalidate(struct bench *bench, __u32 hwpt, __u32 num)
{
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.data_uptr = (uintptr_t)commands,
		.data_type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		.entry_len = sizeof(commands[0]),
		.entry_num = num,
	};

	call(bench->iommu, IOMMU_HWPT_INVALIDATE, &cmd);
}

static void set_command(__u32 n, __u64 va)
{
	commands[n].cmd[0] = CMD_TLBI_NH_VA | GUEST_ASID << CMD_ASID;
	commands[n].cmd[1] = va | CMD_1_LEAF;
}

static void nested_map(struct bench *bench, __u32 hwpt, __u64 va)
{
	guest_set_pte(&bench->guest, va, guest_ipa(GUEST_DATA) | PTE_PAGE);
}

static void nested_unmap(struct bench *bench, __u32 hwpt, __u64 va, __u32 pages)
{
	for (__u32 i = 0; i < pages; i++) {
		guest_set_pte(&bench->guest, va + i * GUEST_PAGE, 0);
		set_command(i, va + i * GUEST_PAGE);
	}
	invalidate(bench, hwpt, pages);
}

static void shadow_map_to(struct bench *bench, __u32 child, __u64 va,
			  unsigned int page)
{
	struct iommu_ioas_copy copy = {
		.size = sizeof(copy),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.dst_ioas_id = child,
		.src_ioas_id = bench->parent,
		.length = GUEST_PAGE,
		.dst_iova = va,
		.src_iova = guest_ipa(page),
	};

	call(bench->iommu, IOMMU_IOAS_COPY, &copy);
}

static __u32 shadow_make(struct bench *bench)
{
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.format = IOMMU_FORMAT_MAP_UNMAP,
		.parent_id = bench->parent,
	};

	call(bench->iommu, IOMMU_IOASID_ALLOC, &cmd);
	shadow_map_to(bench, cmd.out_ioasid, SOURCE, GUEST_DATA);
	shadow_map_to(bench, cmd.out_ioasid, TARGET, GUEST_DATA + 1);
	return cmd.out_ioasid;
}

static void shadow_map(struct bench *bench, __u32 child, __u64 va)
{
	shadow_map_to(bench, child, va, GUEST_DATA);
}

static void shadow_unmap(struct bench *bench, __u32 child, __u64 va, __u32 pages)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = child,
		.iova = va,
		.length = pages * GUEST_PAGE,
	};

	call(bench->iommu, IOMMU_IOAS_UNMAP, &unmap);
}

/* The same two pages for DMA, and no guest */
static __u32 stage_2_make(struct bench *bench)
{
	__u32 ioas = alloc_ioas(bench);

	map_memory(bench, ioas, guest_page(&bench->guest, GUEST_DATA),
		   GUEST_PAGE, SOURCE);
	map_memory(bench, ioas, guest_page(&bench->guest, GUEST_DATA + 1),
		   GUEST_PAGE, TARGET);
	return alloc_hwpt(bench, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT,
			  IOMMU_HWPT_DATA_NONE, NULL, 0);
}

enum { NESTED, SHADOWED, STAGE_2, NUM_WAYS };

static const struct way {
	const char *name;
	__u32 (*make)(struct bench *bench);
	void (*map)(struct bench *bench, __u32 id, __u64 va);
	void (*unmap)(struct bench *bench, __u32 id, __u64 va, __u32 pages);
} ways[NUM_WAYS] = {
	[NESTED] = { "nested", nested_make, nested_map, nested_unmap },
	[SHADOWED] = { "shadowed", shadow_make, shadow_map, shadow_unmap },
	[STAGE_2] = { "stage 2 only", stage_2_make },
};

/*
 * Measuring
 */

enum { MAP, UNMAP, UNMAP_ALL, DMA, NUM_ROWS };

static const char *const row_names[NUM_ROWS] = {
	[MAP] = "map a page",
	[UNMAP] = "unmap a page",
	[UNMAP_ALL] = "unmap 128 pages in one call",
	[DMA] = "DMA of 4 KiB, to memory",
};

static struct sample samples[NUM_ROWS][NUM_WAYS];

static void map_all(struct bench *bench, const struct way *way, __u32 id)
{
	for (__u32 i = 0; i < NUM_PAGES; i++)
		way->map(bench, id, PAGES_VA + i * GUEST_PAGE);
}

static void time_tables(struct bench *bench, unsigned int which, __u32 id)
{
	const struct way *way = &ways[which];
	double values[NUM_ROWS][RUNS], start;

	/* The first time is not counted */
	map_all(bench, way, id);
	way->unmap(bench, id, PAGES_VA, NUM_PAGES);
	for (unsigned int run = 0; run < RUNS; run++) {
		start = now();
		map_all(bench, way, id);
		values[MAP][run] = (now() - start) / NUM_PAGES;
		start = now();
		for (__u32 i = 0; i < NUM_PAGES; i++)
			way->unmap(bench, id, PAGES_VA + i * GUEST_PAGE, 1);
		values[UNMAP][run] = (now() - start) / NUM_PAGES;
		map_all(bench, way, id);
		start = now();
		way->unmap(bench, id, PAGES_VA, NUM_PAGES);
		values[UNMAP_ALL][run] = now() - start;
	}
	for (unsigned int row = MAP; row <= UNMAP_ALL; row++)
		samples[row][which] = summarize(values[row], RUNS);
}

/* What arrives proves that the translation is that of this way */
static void time_dma(struct bench *bench, unsigned int which)
{
	void *source = guest_page(&bench->guest, GUEST_DATA);
	void *target = guest_page(&bench->guest, GUEST_DATA + 1);
	double values[RUNS], start;

	for (unsigned int run = 0; run < RUNS; run++) {
		memset(source, which * RUNS + run + 1, GUEST_PAGE);
		if (edu_dma(&bench->edu, EDU_FROM_MEMORY, SOURCE, GUEST_PAGE))
			errx(1, "the device did not finish");
		start = now();
		if (edu_dma(&bench->edu, EDU_TO_MEMORY, TARGET, GUEST_PAGE))
			errx(1, "the device did not finish");
		values[run] = now() - start;
		if (memcmp(source, target, GUEST_PAGE))
			errx(1, "%s: what the device wrote did not arrive",
			     ways[which].name);
	}
	samples[DMA][which] = summarize(values, RUNS);
}

static void print_costs(void)
{
	printf("| %-28s | %14s | %14s | %14s | %6s |\n", "cost of",
	       ways[NESTED].name, ways[SHADOWED].name, ways[STAGE_2].name,
	       "spread");
	printf("| %-28s | %14s | %14s | %14s | %6s |\n", "---", "---:", "---:",
	       "---:", "---:");
	for (unsigned int row = 0; row < NUM_ROWS; row++) {
		double spread = 0;

		printf("| %-28s |", row_names[row]);
		for (unsigned int which = 0; which < NUM_WAYS; which++) {
			const struct sample *sample = &samples[row][which];

			if (sample->spread > spread)
				spread = sample->spread;
			if (sample->median)
				printf(" %11.2f us |", sample->median / 1000);
			else
				printf(" %14s |", "");
		}
		printf(" %5.2f%% |\n", spread);
	}
}

static void print_rates(struct bench *bench, __u32 hwpt)
{
	static const __u32 nums[] = { 1, 8, 64, 512, MAX_COMMANDS };
	double values[RUNS], start, time;
	struct sample sample;

	for (__u32 i = 0; i < MAX_COMMANDS; i++)
		set_command(i, PAGES_VA + i * GUEST_PAGE);
	printf("\n| %-28s | %14s | %14s | %6s |\n", "commands in a call",
	       "a command", "commands/s", "spread");
	printf("| %-28s | %14s | %14s | %6s |\n", "---:", "---:", "---:",
	       "---:");
	for (unsigned int n = 0; n < ARRAY_SIZE(nums); n++) {
		for (unsigned int run = 0; run < RUNS; run++) {
			unsigned int calls = 0;

			start = now();
			do {
				invalidate(bench, hwpt, nums[n]);
				calls++;
				time = now() - start;
			} while (time < LONG_ENOUGH);
			values[run] = time / calls / nums[n];
		}
		sample = summarize(values, RUNS);
		printf("| %28u | %11.3f us | %14.0f | %5.2f%% |\n", nums[n],
		       sample.median / 1000, 1e9 / sample.median,
		       sample.spread);
	}
}

int main(int argc, char **argv)
{
	struct bench bench = {};
	__u32 ids[NUM_WAYS];
	const char *bdf;

	if (argc > 2)
		errx(2, "usage: nesting-bench [PCI address]");
	bdf = vfio_device_address(argv[1]);
	if (!bdf)
		errx(2, "give a PCI address like 0000:00:04.0, as argument or in $EDU0");
	open_and_bind(&bench, bdf);
	make_guest(&bench);
	for (unsigned int which = 0; which < NUM_WAYS; which++) {
		ids[which] = ways[which].make(&bench);
		attach(&bench, ids[which]);
		if (ways[which].map)
			time_tables(&bench, which, ids[which]);
		time_dma(&bench, which);
	}
	print_costs();
	attach(&bench, ids[NESTED]);
	print_rates(&bench, ids[NESTED]);
	return 0;
}
