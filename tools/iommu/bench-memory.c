// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kinds of memory that iommu-bench maps.
 *
 * What a kind promises, of what size its pages are and whether they are in
 * physical order, is checked in /proc/self/pagemap and smaps, not assumed.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define HUGE_PAGE_SHIFT 21
#define GIGANTIC_PAGE_SHIFT 30
#define HUGE_PAGE (2 * MIB)

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

__u64 read_number(const char *path)
{
	unsigned long long number;
	FILE *file = fopen(path, "r");

	if (!file || fscanf(file, "%llu", &number) != 1)
		err(1, "%s", path);
	fclose(file);
	return number;
}

void write_number(const char *path, __u64 number)
{
	FILE *file = fopen(path, "w");

	if (!file || fprintf(file, "%llu", number) < 0 || fclose(file))
		err(1, "%s", path);
}

__u32 *random_order(__u32 n)
{
	__u64 random = 88172645463325252ULL;
	__u32 *order = calloc(n, sizeof(*order));
	__u32 i, j, number;

	if (!order)
		err(1, "calloc");
	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n - 1; i; i--) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		j = random % (i + 1);
		number = order[i];
		order[i] = order[j];
		order[j] = number;
	}
	return order;
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
 * stay where they were. Later kernels drop those that are all zeros on the way.
 */
static __u8 *get_contiguous_pages(__u64 size)
{
	__u8 *memory = get_huge_pages(size);
	__u64 i;

	for (i = 0; i < size; i += PAGE)
		memory[i] = 1;
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
	__u32 *order = random_order(size / PAGE);
	__u64 i;

	if (madvise(memory, size, MADV_NOHUGEPAGE))
		err(1, "MADV_NOHUGEPAGE");
	for (i = 0; i < size / PAGE; i++)
		memory[order[i] * PAGE] = 1;
	free(order);
	return memory;
}

static __u64 old_nr_hugepages;

static __u8 *get_hugetlb_pages(__u64 size, unsigned int shift, const char *path)
{
	__u64 wanted = size >> shift;
	__u8 *memory;

	old_nr_hugepages = read_number(path);
	if (old_nr_hugepages < wanted)
		write_number(path, wanted);
	if (read_number(path) < wanted)
		errx(1, "only %llu of %llu huge pages are there: %s",
		     read_number(path), wanted, path);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE |
		      (int)(shift << MAP_HUGE_SHIFT), -1, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap of huge pages");
	return memory;
}

static void put_hugetlb_pages(__u8 *memory, __u64 size, const char *path)
{
	munmap(memory, size);
	write_number(path, old_nr_hugepages);
}

#define NR_2M "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
#define NR_1G "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages"

static __u8 *get_2m_pages(__u64 size)
{
	return get_hugetlb_pages(size, HUGE_PAGE_SHIFT, NR_2M);
}

static void put_2m_pages(__u8 *memory, __u64 size)
{
	put_hugetlb_pages(memory, size, NR_2M);
}

static __u8 *get_1g_pages(__u64 size)
{
	return get_hugetlb_pages(size, GIGANTIC_PAGE_SHIFT, NR_1G);
}

static void put_1g_pages(__u8 *memory, __u64 size)
{
	put_hugetlb_pages(memory, size, NR_1G);
}

const struct memory memories[NUM_MEMORIES] = {
	[CONTIGUOUS] = {
		.name = "4 KiB, contiguous",
		.get = get_contiguous_pages,
		.put = put_pages,
		.min_contiguous = 99.5,
		.max_contiguous = 100,
	},
	[SHUFFLED] = {
		.name = "4 KiB, shuffled",
		.get = get_shuffled_pages,
		.put = put_pages,
		.max_contiguous = 0.5,
	},
	[THP] = {
		.name = "THP",
		.get = get_huge_pages,
		.put = put_pages,
		.min_contiguous = 99.5,
		.max_contiguous = 100,
		.huge = true,
	},
	[HUGETLB_2M] = {
		.name = "hugetlb, 2 MiB",
		.get = get_2m_pages,
		.put = put_2m_pages,
		.min_contiguous = 99.5,
		.max_contiguous = 100,
		.huge = true,
	},
	[HUGETLB_1G] = {
		.name = "hugetlb, 1 GiB",
		.get = get_1g_pages,
		.put = put_1g_pages,
		.min_contiguous = 99.5,
		.max_contiguous = 100,
		.huge = true,
	},
};

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

void check_memory(const struct memory *kind, const __u8 *memory, __u64 size)
{
	double share = contiguous(memory, size);
	__u64 huge = huge_bytes(memory);

	fprintf(stderr, "%s: %.2f%% of the pages in physical order, %llu MiB in huge pages\n",
		kind->name, share, huge / MIB);
	if (share < kind->min_contiguous || share > kind->max_contiguous)
		errx(1, "%s: the pages are not as they should be", kind->name);
	if (huge != (kind->huge ? size : 0))
		errx(1, "%s: the page size is not as it should be", kind->name);
}
