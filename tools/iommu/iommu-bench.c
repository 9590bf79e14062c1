// SPDX-License-Identifier: GPL-2.0-only
/*
 * What map and unmap cost with /dev/iommu, compared with VFIO type1v2 in the
 * same boot, on the same device, memory and IOVAs.
 *
 * Usage: iommu-bench [-c] [-r runs] [-s MiB] [PCI address]
 *
 *   -c  fail if /dev/iommu costs more than LIMIT_TIME or LIMIT_MEMORY allow
 *   -r  number of runs, of which the median is taken (default 5)
 *   -s  size of the largest mapping in MiB (default 1024)
 *
 * Time is CLOCK_MONOTONIC around the ioctls. In a virtual machine under QEMU's
 * -icount shift=0 it counts instructions, one a nanosecond, and is the same on
 * every machine. Start it right after boot, while free memory is in one piece.
 *
 * There are four kinds of memory (see struct memory). Each kind is allocated
 * once, and each interface maps that same memory. What the kind promises is
 * checked in /proc/self/pagemap and smaps, not assumed.
 *
 * Kernel memory is counted as slab memory: both interfaces keep one record per
 * map there. The I/O page tables are pages, not slab, and the same for both.
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
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "vfio-device.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define PAGE 4096ULL
#define HUGE_PAGE (2 * MIB)

#define LIMIT_TIME 1.0
#define LIMIT_MEMORY 2.0

/* Above the interrupt window, and inside every IOMMU's address width */
#define IOVA (4 * GIB)

/* Maps for the memory test: type1 allows 65,535 of them */
#define SMALL_MAPS 60000ULL

#define MAX_RUNS 99
#define WARM_UP_RUNS 2

static unsigned int runs = 5;
static __u64 max_size = GIB;
static const char *bdf;

/*
 * The two interfaces
 */

struct interface {
	const char *name;
	void (*open)(void);
	void (*map)(void *va, __u64 iova, __u64 size);
	void (*unmap)(__u64 iova, __u64 size);
	void (*close)(void);
};

static int type1_container = -1, type1_group = -1;

static void type1_open(void)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	type1_container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (type1_container < 0)
		err(1, "/dev/vfio/vfio");
	type1_group = vfio_open_group(bdf);
	if (ioctl(type1_group, VFIO_GROUP_GET_STATUS, &status))
		err(1, "VFIO_GROUP_GET_STATUS");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		errx(1, "not all devices of the group are bound to vfio-pci");
	if (ioctl(type1_group, VFIO_GROUP_SET_CONTAINER, &type1_container))
		err(1, "VFIO_GROUP_SET_CONTAINER");
	if (ioctl(type1_container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		err(1, "VFIO_SET_IOMMU");
}

static void type1_map(void *va, __u64 iova, __u64 size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = size,
	};

	if (ioctl(type1_container, VFIO_IOMMU_MAP_DMA, &map))
		err(1, "VFIO_IOMMU_MAP_DMA");
}

static void type1_unmap(__u64 iova, __u64 size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};

	if (ioctl(type1_container, VFIO_IOMMU_UNMAP_DMA, &unmap))
		err(1, "VFIO_IOMMU_UNMAP_DMA");
	if (unmap.size != size)
		errx(1, "VFIO_IOMMU_UNMAP_DMA unmapped %llu bytes instead of %llu",
		     unmap.size, size);
}

static void type1_close(void)
{
	if (ioctl(type1_group, VFIO_GROUP_UNSET_CONTAINER))
		err(1, "VFIO_GROUP_UNSET_CONTAINER");
	close(type1_group);
	close(type1_container);
}

static int iommufd = -1, iommufd_device = -1;
static __u32 iommufd_ioas;

static void iommufd_open(void)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	char path[PATH_MAX];

	iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (iommufd < 0)
		err(1, "/dev/iommu");
	iommufd_device = vfio_open_cdev(bdf, path, sizeof(path));
	bind.iommufd = iommufd;
	if (ioctl(iommufd_device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		err(1, "VFIO_DEVICE_BIND_IOMMUFD");
	if (ioctl(iommufd, IOMMU_IOAS_ALLOC, &alloc))
		err(1, "IOMMU_IOAS_ALLOC");
	iommufd_ioas = alloc.out_ioas_id;
	attach.pt_id = iommufd_ioas;
	if (ioctl(iommufd_device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		err(1, "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
}

static void iommufd_map(void *va, __u64 iova, __u64 size)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = iommufd_ioas,
		.user_va = (uintptr_t)va,
		.length = size,
		.iova = iova,
	};

	if (ioctl(iommufd, IOMMU_IOAS_MAP, &map))
		err(1, "IOMMU_IOAS_MAP");
}

static void iommufd_unmap(__u64 iova, __u64 size)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = iommufd_ioas,
		.iova = iova,
		.length = size,
	};

	if (ioctl(iommufd, IOMMU_IOAS_UNMAP, &unmap))
		err(1, "IOMMU_IOAS_UNMAP");
	if (unmap.length != size)
		errx(1, "IOMMU_IOAS_UNMAP unmapped %llu bytes instead of %llu",
		     unmap.length, size);
}

static void iommufd_close(void)
{
	close(iommufd_device);
	close(iommufd);
}

enum { TYPE1, IOMMUFD, NUM_INTERFACES };

static const struct interface interfaces[NUM_INTERFACES] = {
	[TYPE1] = {
		.name = "type1v2",
		.open = type1_open,
		.map = type1_map,
		.unmap = type1_unmap,
		.close = type1_close,
	},
	[IOMMUFD] = {
		.name = "/dev/iommu",
		.open = iommufd_open,
		.map = iommufd_map,
		.unmap = iommufd_unmap,
		.close = iommufd_close,
	},
};

/*
 * The kinds of memory
 */

struct memory {
	const char *name;
	__u8 *(*get)(__u64 size);
	void (*put)(__u8 *memory, __u64 size);
	/* Bounds for the share of pages followed by the next one, in percent */
	double min_contiguous, max_contiguous;
	bool huge;
};

static __u64 read_number(const char *path)
{
	unsigned long long number;
	FILE *file = fopen(path, "r");

	if (!file || fscanf(file, "%llu", &number) != 1)
		err(1, "%s", path);
	fclose(file);
	return number;
}

static void write_number(const char *path, __u64 number)
{
	FILE *file = fopen(path, "w");

	if (!file || fprintf(file, "%llu", number) < 0 || fclose(file))
		err(1, "%s", path);
}

/* Address space that starts at a multiple of the huge page size */
static __u8 *reserve(__u64 size)
{
	__u8 *area = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	__u64 head;

	if (area == MAP_FAILED)
		err(1, "mmap");
	head = -(uintptr_t)area % HUGE_PAGE;
	if (head)
		munmap(area, head);
	munmap(area + head + size, HUGE_PAGE - head);
	return area + head;
}

static void put_pages(__u8 *memory, __u64 size)
{
	munmap(memory, size);
}

static __u8 *get_huge_pages(__u64 size)
{
	__u8 *memory = reserve(size);
	__u64 i;

	if (madvise(memory, size, MADV_HUGEPAGE))
		err(1, "MADV_HUGEPAGE");
	for (i = 0; i < size; i += HUGE_PAGE)
		memory[i] = 1;
	return memory;
}

/*
 * Contiguous small pages: huge pages that are taken apart. MADV_COLD on a part
 * of a huge page makes the kernel split it into 512 independent pages, which
 * stay where they were.
 */
static __u8 *get_contiguous_pages(__u64 size)
{
	__u8 *memory = get_huge_pages(size);
	__u64 i;

	for (i = 0; i < size; i += HUGE_PAGE)
		if (madvise(memory + i, PAGE, MADV_COLD))
			err(1, "MADV_COLD");
	if (madvise(memory, size, MADV_NOHUGEPAGE))
		err(1, "MADV_NOHUGEPAGE");
	return memory;
}

/*
 * Shuffled small pages: the kernel hands out pages in about ascending order;
 * touched in random order they are scattered over the address space.
 */
static __u8 *get_shuffled_pages(__u64 size)
{
	__u8 *memory = reserve(size);
	__u64 pages = size / PAGE, random = 88172645463325252ULL, i, j;
	__u32 *order = calloc(pages, sizeof(*order)), page;

	if (!order)
		err(1, "calloc");
	if (madvise(memory, size, MADV_NOHUGEPAGE))
		err(1, "MADV_NOHUGEPAGE");
	for (i = 0; i < pages; i++)
		order[i] = i;
	for (i = pages - 1; i; i--) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		j = random % (i + 1);
		page = order[i];
		order[i] = order[j];
		order[j] = page;
	}
	for (i = 0; i < pages; i++)
		memory[order[i] * PAGE] = 1;
	free(order);
	return memory;
}

#define NR_HUGEPAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

static __u64 old_nr_hugepages;

static __u8 *get_hugetlb_pages(__u64 size)
{
	__u64 wanted = size / HUGE_PAGE;
	__u8 *memory;

	old_nr_hugepages = read_number(NR_HUGEPAGES);
	write_number(NR_HUGEPAGES, wanted);
	if (read_number(NR_HUGEPAGES) < wanted)
		errx(1, "only %llu of %llu huge pages are there",
		     read_number(NR_HUGEPAGES), wanted);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE,
		      -1, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap of huge pages");
	return memory;
}

static void put_hugetlb_pages(__u8 *memory, __u64 size)
{
	munmap(memory, size);
	write_number(NR_HUGEPAGES, old_nr_hugepages);
}

static const struct memory memories[] = {
	{
		.name = "4 KiB, contiguous",
		.get = get_contiguous_pages,
		.put = put_pages,
		.min_contiguous = 99.5,
		.max_contiguous = 100,
	}, {
		.name = "4 KiB, shuffled",
		.get = get_shuffled_pages,
		.put = put_pages,
		.max_contiguous = 0.5,
	}, {
		.name = "THP",
		.get = get_huge_pages,
		.put = put_pages,
		.min_contiguous = 99.5,
		.max_contiguous = 100,
		.huge = true,
	}, {
		.name = "hugetlb",
		.get = get_hugetlb_pages,
		.put = put_hugetlb_pages,
		.min_contiguous = 99.5,
		.max_contiguous = 100,
		.huge = true,
	},
};

#define NUM_MEMORIES ARRAY_SIZE(memories)

/* Share of pages that the physically next page follows, in percent */
static double contiguous(const __u8 *memory, __u64 size)
{
	__u64 entries[512], last = 0, pages = size / PAGE, count = 0, i, j;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0)
		err(1, "/proc/self/pagemap");
	for (i = 0; i < pages; i += 512) {
		if (pread(fd, entries, sizeof(entries),
			  ((uintptr_t)memory / PAGE + i) * 8) !=
		    sizeof(entries))
			err(1, "/proc/self/pagemap");
		for (j = 0; j < 512; j++) {
			__u64 pfn = entries[j] & ((1ULL << 55) - 1);

			if (!pfn)
				errx(1, "no page frame numbers in /proc/self/pagemap");
			if (i + j && pfn == last + 1)
				count++;
			last = pfn;
		}
	}
	close(fd);
	return 100.0 * count / (pages - 1);
}

/* Bytes of the memory that the process maps with huge pages */
static __u64 huge_bytes(const __u8 *memory)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long long start, last, value, bytes = 0;
	bool inside = false;
	char line[4096];

	if (!file)
		err(1, "/proc/self/smaps");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx-%llx ", &start, &last) == 2)
			inside = start == (uintptr_t)memory;
		else if (inside &&
			 (sscanf(line, "AnonHugePages: %llu", &value) == 1 ||
			  sscanf(line, "Private_Hugetlb: %llu", &value) == 1))
			bytes += value * KIB;
	}
	fclose(file);
	return bytes;
}

static void check_memory(const struct memory *kind, const __u8 *memory)
{
	double share = contiguous(memory, max_size);
	__u64 huge = huge_bytes(memory);

	fprintf(stderr, "%s: %.2f%% of the pages in physical order, %llu MiB in huge pages\n",
		kind->name, share, huge / MIB);
	if (share < kind->min_contiguous || share > kind->max_contiguous)
		errx(1, "%s: the pages are not as they should be", kind->name);
	if (huge != (kind->huge ? max_size : 0))
		errx(1, "%s: the page size is not as it should be", kind->name);
}

/*
 * The tests
 */

struct test {
	const char *name;
	__u64 size;		/* of one mapping */
	__u64 count;		/* mappings, side by side */
	unsigned int repeat;	/* so that timer interrupts do not matter */
};

static const struct test tests[] = {
	{ "4 KiB x 8,192", 4 * KIB, 8192, 1 },
	{ "2 MiB", 2 * MIB, 1, 64 },
	{ "64 MiB", 64 * MIB, 1, 4 },
	{ "1 GiB", GIB, 1, 1 },
};

#define NUM_TESTS ARRAY_SIZE(tests)

enum { MAP, UNMAP, NUM_OPERATIONS };

static const char * const operations[NUM_OPERATIONS] = { "map", "unmap" };

struct sample {
	double median;
	double spread;		/* largest minus smallest, in percent of it */
};

static struct sample
times[NUM_MEMORIES][NUM_TESTS][NUM_OPERATIONS][NUM_INTERFACES];
static double bytes_per_map[NUM_INTERFACES];

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct sample summarize(double *values)
{
	struct sample sample;

	qsort(values, runs, sizeof(*values), compare_doubles);
	sample.median = (values[(runs - 1) / 2] + values[runs / 2]) / 2;
	sample.spread = 100 * (values[runs - 1] - values[0]) / sample.median;
	return sample;
}

static void map_all(const struct interface *iface, const struct test *test,
		    __u8 *memory)
{
	__u64 i;

	for (i = 0; i < test->count; i++)
		iface->map(memory + i * test->size, IOVA + i * test->size,
			   test->size);
}

static void unmap_all(const struct interface *iface, const struct test *test)
{
	__u64 i;

	for (i = 0; i < test->count; i++)
		iface->unmap(IOVA + i * test->size, test->size);
}

/*
 * The first times are not counted: the kernel's caches are empty then, and a
 * page that is used for the first or second time is moved on in its LRU lists.
 */
static void time_test(const struct interface *iface, const struct test *test,
		      __u8 *memory, struct sample result[][NUM_INTERFACES])
{
	double values[NUM_OPERATIONS][MAX_RUNS] = {}, start, mapped;
	unsigned int which = iface - interfaces, run, i;

	for (i = 0; i < WARM_UP_RUNS; i++) {
		map_all(iface, test, memory);
		unmap_all(iface, test);
	}
	for (run = 0; run < runs; run++) {
		for (i = 0; i < test->repeat; i++) {
			start = now();
			map_all(iface, test, memory);
			mapped = now();
			unmap_all(iface, test);
			values[MAP][run] += (mapped - start) / test->repeat;
			values[UNMAP][run] += (now() - mapped) / test->repeat;
		}
	}
	result[MAP][which] = summarize(values[MAP]);
	result[UNMAP][which] = summarize(values[UNMAP]);
	fprintf(stderr, "  %-10s %-13s map %11.0f ns (%.2f%%), unmap %11.0f ns (%.2f%%)\n",
		iface->name, test->name,
		result[MAP][which].median, result[MAP][which].spread,
		result[UNMAP][which].median, result[UNMAP][which].spread);
}

/* A number of /proc/meminfo, exact: without stat_refresh, CPUs keep a part */
static __u64 memory_count(const char *name)
{
	char line[256], format[64];
	unsigned long long value;
	bool found = false;
	FILE *file;

	file = fopen("/proc/sys/vm/stat_refresh", "r");
	if (!file)
		err(1, "/proc/sys/vm/stat_refresh");
	while (fgets(line, sizeof(line), file))
		;
	fclose(file);

	file = fopen("/proc/meminfo", "r");
	if (!file)
		err(1, "/proc/meminfo");
	snprintf(format, sizeof(format), "%s: %%llu kB", name);
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, format, &value) == 1;
	fclose(file);
	if (!found)
		errx(1, "no %s in /proc/meminfo", name);
	return value * KIB;
}

static void measure_memory(const struct interface *iface, __u8 *memory)
{
	struct test test = { .size = PAGE, .count = SMALL_MAPS };
	unsigned int which = iface - interfaces;
	__u64 slab;

	if (test.count * test.size > max_size)
		test.count = max_size / test.size;
	slab = memory_count("Slab");
	map_all(iface, &test, memory);
	slab = memory_count("Slab") - slab;
	unmap_all(iface, &test);
	bytes_per_map[which] = (double)slab / test.count;
	fprintf(stderr, "  %-10s %llu small maps: %.1f bytes of slab each\n",
		iface->name, test.count, bytes_per_map[which]);
}

static void run_all(void)
{
	unsigned int i, j, m;
	__u8 *memory;

	for (m = 0; m < NUM_MEMORIES; m++) {
		memory = memories[m].get(max_size);
		check_memory(&memories[m], memory);
		for (i = 0; i < NUM_INTERFACES; i++) {
			interfaces[i].open();
			for (j = 0; j < NUM_TESTS; j++)
				if (tests[j].size * tests[j].count <= max_size)
					time_test(&interfaces[i], &tests[j],
						  memory, times[m][j]);
			if (!m)
				measure_memory(&interfaces[i], memory);
			interfaces[i].close();
		}
		memories[m].put(memory, max_size);
	}
}

/*
 * The table
 */

/* Aligned for people, and Markdown */
static void print_row(const char *memory, const char *mapping,
		      const char *operation, const char *type1,
		      const char *ours, const char *ratio, const char *spread)
{
	printf("| %-17s | %-13s | %-14s | %11s | %11s | %10s | %6s |\n",
	       memory, mapping, operation, type1, ours, ratio, spread);
}

/* Returns how much of its limit the ratio is */
static double print_result(const char *memory, const char *mapping,
			   const char *operation, const char *format,
			   double type1, double ours, double spread,
			   double limit)
{
	char type1_text[32], ours_text[32], ratio_text[32], spread_text[32];

	snprintf(type1_text, sizeof(type1_text), format, type1);
	snprintf(ours_text, sizeof(ours_text), format, ours);
	snprintf(ratio_text, sizeof(ratio_text), "%.3f", ours / type1);
	snprintf(spread_text, sizeof(spread_text), "%.2f%%", spread);
	print_row(memory, mapping, operation, type1_text, ours_text, ratio_text,
		  spread < 0 ? "" : spread_text);
	return ours / type1 / limit;
}

/* Returns whether every ratio is within its limit */
static bool print_table(void)
{
	double worst = 0, part;
	unsigned int m, j, o;

	print_row("memory", "mapping", "cost of", "type1v2", "/dev/iommu",
		  "ours/type1", "spread");
	print_row("---", "---", "---", "---:", "---:", "---:", "---:");
	for (m = 0; m < NUM_MEMORIES; m++) {
		for (j = 0; j < NUM_TESTS; j++) {
			for (o = 0; o < NUM_OPERATIONS; o++) {
				struct sample *s = times[m][j][o];
				double spread = s[TYPE1].spread;

				if (s[IOMMUFD].spread > spread)
					spread = s[IOMMUFD].spread;
				if (!s[TYPE1].median)
					continue;
				part = print_result(memories[m].name,
						    tests[j].name,
						    operations[o], "%.1f us",
						    s[TYPE1].median / 1000,
						    s[IOMMUFD].median / 1000,
						    spread, LIMIT_TIME);
				if (part > worst)
					worst = part;
			}
		}
	}
	part = print_result(memories[0].name, "4 KiB", "memory per map",
			    "%.1f B", bytes_per_map[TYPE1],
			    bytes_per_map[IOMMUFD], -1, LIMIT_MEMORY);
	return worst <= 1 && part <= 1;
}

int main(int argc, char **argv)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	bool check = false;
	int option;

	while ((option = getopt(argc, argv, "cr:s:")) != -1) {
		switch (option) {
		case 'c':
			check = true;
			break;
		case 'r':
			runs = atoi(optarg);
			break;
		case 's':
			max_size = atoll(optarg) * MIB;
			break;
		default:
			errx(2, "usage: iommu-bench [-c] [-r runs] [-s MiB] [PCI address]");
		}
	}
	bdf = vfio_device_address(argv[optind]);
	if (runs < 1 || runs > MAX_RUNS)
		errx(2, "runs: 1 to %d", MAX_RUNS);
	if (max_size < 32 * MIB || max_size % HUGE_PAGE)
		errx(2, "size: an even number of MiB, 32 or more");
	if (sysconf(_SC_PAGESIZE) != PAGE)
		errx(1, "this needs pages of 4 KiB");
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited))
		err(1, "setrlimit");

	run_all();
	if (!print_table() && check)
		errx(1, "a ratio is above its limit: %.1f for time, %.1f for memory",
		     LIMIT_TIME, LIMIT_MEMORY);
	return 0;
}
