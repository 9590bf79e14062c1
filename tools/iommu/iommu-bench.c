// SPDX-License-Identifier: GPL-2.0-only
/*
 * What map and unmap cost with /dev/iommu, compared with VFIO type1v2 in the
 * same boot, on the same devices, memory and IOVAs.
 *
 * Usage: iommu-bench [-c] [-i] [-r runs] [-s GiB] [-p part]... [PCI address]...
 *
 *   -c  fail if a cost is above its target
 *   -i  measure /dev/iommu only
 *   -r  number of runs, of which the median is taken (default 5); mappings of
 *       more than 1 GiB are measured twice
 *   -s  memory to allocate, in GiB (default 8); with 8 or more, mappings of 8 GiB
 *       are measured, too
 *   -p  only this part of the tests: memory, gigantic (pages of 1 GiB, which
 *       the kernel may have to reserve at boot), threads (which needs a second
 *       device and two processors), container (memory once more, through
 *       VFIO's ioctls with /dev/iommu as the container). Default: memory
 *
 * Devices are bound to vfio-pci; EDU0 and EDU1 in the environment are the
 * default. Start it right after boot, while free memory is in one piece.
 *
 * Each kind of memory is allocated once, and each interface maps that same
 * memory. Times are those of one mapping, or of all of them where it says how
 * many. A test is repeated until it takes long enough for timer interrupts not
 * to matter.
 *
 * What only /dev/iommu can do, to fill a further table of an IOAS, IOMMU_IOAS_COPY
 * and mappings of registered memory, is compared with what it saves: mapping the
 * memory once more.
 */
#include <err.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "vfio-device.h"

/* Above the interrupt window, and inside every IOMMU's address width */
#define IOVA (4 * GIB)

#define SMALL_MAPS 100000U
#define FEW_MAPS 8192U
#define THREAD_MAPS 20000U
#define NUM_THREADS 2

/* How many maps a container of VFIO allows: the default is 65,535 */
#define TYPE1_LIMIT "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit"
#define SHIM_LIMIT "/sys/module/iommufd/parameters/dma_entry_limit"

/* Times that memory is mapped before it counts */
#define FIRST_WARM_UPS 3

/* Nanoseconds that a value is measured for, if one operation takes less */
#define LONG_ENOUGH 20e6
#define MAX_REPEAT 4000

static unsigned int runs = 5;
static __u64 max_size = 8 * GIB;
static bool iommufd_only;
static const char *bdf[NUM_THREADS];
static double clock_time;

/* What is compared: a column each */
enum { THEIRS, OURS, NUM_COLUMNS };
static unsigned int compared[NUM_COLUMNS] = { TYPE1, IOMMUFD };

/*
 * Results
 */

struct row {
	const char *memory;
	const char *mapping;
	const char *cost_of;
	const char *format;
	double values[NUM_COLUMNS];
	double spread;
	double target;
	const char *of;		/* the ratio is to this cost of /dev/iommu, or NULL */
};

static struct row rows[200];
static unsigned int num_rows;

static unsigned int column(unsigned int which)
{
	return which == TYPE1 ? THEIRS : OURS;
}

/* VFIO's ioctls have more to do than those of /dev/iommu */
static double target_of(double target)
{
	return compared[OURS] == SHIM ? 0.8 : target;
}

static struct row *get_row(const char *memory, const char *mapping,
			   const char *cost_of, const char *format,
			   double target)
{
	struct row *row;

	for (row = rows; row < rows + num_rows; row++)
		if (!strcmp(row->memory, memory) &&
		    !strcmp(row->mapping, mapping) &&
		    !strcmp(row->cost_of, cost_of))
			return row;
	if (num_rows == ARRAY_SIZE(rows))
		errx(1, "too many rows");
	num_rows++;
	row->memory = memory;
	row->mapping = mapping;
	row->cost_of = cost_of;
	row->format = format;
	row->spread = -1;
	row->target = target;
	return row;
}

static void add_time(const char *memory, const char *mapping,
		     const char *cost_of, unsigned int which,
		     struct sample sample, double target)
{
	struct row *row = get_row(memory, mapping, cost_of, "%.2f us", target);

	row->values[column(which)] = sample.median / 1000;
	if (sample.spread > row->spread)
		row->spread = sample.spread;
	fprintf(stderr, "  %-10s %-17s %-20s %-22s %12.2f us (%.2f%%)\n",
		interfaces[which].name, memory, mapping, cost_of,
		sample.median / 1000, sample.spread);
}

static void add_memory(const char *memory, const char *mapping,
		       const char *cost_of, const char *format,
		       unsigned int which, double value, double target)
{
	struct row *row = get_row(memory, mapping, cost_of, format, target);

	row->values[column(which)] = value;
	fprintf(stderr, "  %-10s %-17s %-20s %-22s ",
		interfaces[which].name, memory, mapping, cost_of);
	fprintf(stderr, format, value);
	fputc('\n', stderr);
}

/* Aligned for people, and Markdown */
static void print_line(const char *memory, const char *mapping,
		       const char *cost_of, const char *type1,
		       const char *ours, const char *ratio, const char *target,
		       const char *spread)
{
	printf("| %-17s | %-31s | %-20s | %17s | %13s | %10s | %6s | %6s |\n",
	       memory, mapping, cost_of, type1, ours, ratio, target, spread);
}

/* Returns whether the target is met */
static bool print_row(const struct row *row)
{
	char type1[40], number[32], ours[32];
	char ratio[32] = "", target[32] = "", spread[32] = "";
	double share = row->values[OURS] / row->values[THEIRS];
	bool compare = row->values[THEIRS] > 0;

	snprintf(number, sizeof(number), row->format, row->values[THEIRS]);
	snprintf(type1, sizeof(type1), "%s%s%s", row->of ? row->of : "",
		 row->of ? ": " : "", compare ? number : "");
	snprintf(ours, sizeof(ours), row->format, row->values[OURS]);
	if (compare)
		snprintf(ratio, sizeof(ratio), "%.3f", share);
	if (compare && row->target)
		snprintf(target, sizeof(target), "%.2f", row->target);
	if (row->spread >= 0)
		snprintf(spread, sizeof(spread), "%.2f%%", row->spread);
	print_line(row->memory, row->mapping, row->cost_of, type1, ours, ratio,
		   target, spread);
	return !compare || !row->target || share <= row->target;
}

static bool print_table(void)
{
	bool met = true;
	unsigned int i;

	print_line("memory", "mapping", "cost of", "type1v2",
		   interfaces[compared[OURS]].name, "ours/type1", "target",
		   "spread");
	print_line("---", "---", "---", "---:", "---:", "---:", "---:", "---:");
	for (i = 0; i < num_rows; i++)
		met &= print_row(&rows[i]);
	return met;
}

/*
 * One large mapping
 */

struct size {
	const char *name;
	__u64 size;
	unsigned int max_runs;
};

enum { SIZE_8G, SIZE_1G, SIZE_64M, SIZE_2M };

static const struct size sizes[] = {
	[SIZE_8G] = { "8 GiB", 8 * GIB, 2 },
	[SIZE_1G] = { "1 GiB", GIB, MAX_RUNS },
	[SIZE_64M] = { "64 MiB", 64 * MIB, MAX_RUNS },
	[SIZE_2M] = { "2 MiB", 2 * MIB, MAX_RUNS },
};

/* Targets for map and unmap, by kind of memory */
static const double targets[NUM_MEMORIES][2] = {
	[CONTIGUOUS] = { 0.45, 0.5 },
	[SHUFFLED] = { 0.6, 0.2 },
	[THP] = { 0.08, 0.3 },
	[HUGETLB_2M] = { 0.25, 0.3 },
	[HUGETLB_1G] = { 0.25, 0.3 },
};

static unsigned int number_of_runs(const struct size *size)
{
	return runs < size->max_runs ? runs : size->max_runs;
}

static unsigned int number_of_repeats(double shortest)
{
	double repeat = LONG_ENOUGH / shortest + 1;

	return repeat < MAX_REPEAT ? repeat : MAX_REPEAT;
}

/* Map and unmap once; add what that takes to the sums */
static void map_and_unmap(const struct interface *iface,
			  const struct space *space, __u8 *memory, __u64 size,
			  double *map, double *unmap)
{
	double start = now(), mapped;

	iface->map(space, memory, IOVA, size);
	mapped = now();
	iface->unmap(space, IOVA, size);
	*unmap += now() - mapped - clock_time;
	*map += mapped - start - clock_time;
}

/*
 * The first times are not counted: the kernel's caches are empty then, and a
 * page that is used for the first times is moved on in its LRU lists.
 */
static void sample_size(const struct interface *iface,
			const struct space *space, __u8 *memory,
			const struct size *size, unsigned int warm_ups,
			struct sample *map_sample, struct sample *unmap_sample)
{
	unsigned int n = number_of_runs(size), repeat, run, i;
	double map[MAX_RUNS] = {}, unmap[MAX_RUNS] = {};
	double first, second;

	for (i = 0; i < warm_ups; i++) {
		first = 0;
		second = 0;
		map_and_unmap(iface, space, memory, size->size, &first,
			      &second);
	}
	repeat = number_of_repeats(first < second ? first : second);
	for (run = 0; run < n; run++) {
		for (i = 0; i < repeat; i++)
			map_and_unmap(iface, space, memory, size->size,
				      &map[run], &unmap[run]);
		map[run] /= repeat;
		unmap[run] /= repeat;
	}
	*map_sample = summarize(map, n);
	*unmap_sample = summarize(unmap, n);
}

static void time_size(unsigned int which, const struct space *space,
		      unsigned int kind, __u8 *memory, const struct size *size,
		      unsigned int warm_ups)
{
	struct sample map, unmap;

	sample_size(&interfaces[which], space, memory, size, warm_ups, &map,
		    &unmap);
	add_time(memories[kind].name, size->name, "map", which, map,
		 target_of(targets[kind][0]));
	add_time(memories[kind].name, size->name, "unmap", which, unmap,
		 target_of(targets[kind][1]));
}

/*
 * What the kernel needs for a mapping, I/O page tables included. In a space of
 * its own: one that had mappings before may have kept tables.
 */
static void measure_memory(unsigned int which, unsigned int kind, __u8 *memory,
			   const struct size *size)
{
	const struct interface *iface = &interfaces[which];
	struct space space;
	__u64 before, after;

	iface->open(&space, bdf[0]);
	before = free_memory();
	iface->map(&space, memory, IOVA, size->size);
	after = free_memory();
	iface->unmap(&space, IOVA, size->size);
	iface->close(&space);
	add_memory(memories[kind].name, size->name, "memory per GiB",
		   "%.1f KiB", which,
		   ((double)before - after) / KIB / (size->size / GIB), 1.3);
}

/*
 * Small mappings
 */

/* Pages of a memory, in the order in which they are mapped and unmapped */
struct small {
	const char *name;
	const __u32 *order;
	__u32 count;
};

static struct small small_maps = { .name = "4 KiB x 100,000" };
static struct small few_maps = { .name = "4 KiB x 8,192, in order" };
static struct small thread_maps;

static void map_small(const struct interface *iface, const struct space *space,
		      const struct small *small, __u8 *memory, __u64 iova)
{
	__u32 i;

	for (i = 0; i < small->count; i++)
		iface->map(space, memory + small->order[i] * PAGE,
			   iova + small->order[i] * PAGE, PAGE);
}

static void unmap_small(const struct interface *iface,
			const struct space *space, const struct small *small,
			__u64 iova)
{
	__u32 i;

	for (i = 0; i < small->count; i++)
		iface->unmap(space, iova + small->order[i] * PAGE, PAGE);
}

static void sample_small(const struct interface *iface,
			 const struct space *space, const struct small *small,
			 __u8 *memory, struct sample *map, struct sample *unmap)
{
	double map_times[MAX_RUNS], unmap_times[MAX_RUNS], start;
	unsigned int run;

	for (run = 0; run < runs; run++) {
		start = now();
		map_small(iface, space, small, memory, IOVA);
		map_times[run] = now() - start;
		start = now();
		unmap_small(iface, space, small, IOVA);
		unmap_times[run] = now() - start;
	}
	*map = summarize(map_times, runs);
	*unmap = summarize(unmap_times, runs);
}

static void time_small(unsigned int which, const struct space *space,
		       unsigned int kind, const struct small *small,
		       __u8 *memory)
{
	const struct interface *iface = &interfaces[which];
	const char *name = memories[kind].name;
	struct sample map, unmap;
	__u64 slab;

	slab = slab_memory();
	map_small(iface, space, small, memory, IOVA);
	slab = slab_memory() - slab;
	unmap_small(iface, space, small, IOVA);
	sample_small(iface, space, small, memory, &map, &unmap);
	add_time(name, small->name, "map", which, map, target_of(0.7));
	add_time(name, small->name, "unmap", which, unmap, target_of(0.7));
	if (small->count == SMALL_MAPS)
		add_memory(name, small->name, "memory per map", "%.1f B",
			   which, (double)slab / SMALL_MAPS, 1.3);
}

/*
 * Further tables, and copies
 */

struct copying {
	const char *cost_of;
	double target;
	bool table;		/* where it is copied to */
};

static const struct copying copyings[] = {
	{ "copy", 0.1, false },
	{ "copy with a table", 0, true },
};

/* A row that is compared with another one of /dev/iommu */
static void add_of(unsigned int kind, const char *mapping, const char *of,
		   const char *cost_of, struct sample sample, double target)
{
	const char *name = memories[kind].name;
	struct row *row;

	add_time(name, mapping, cost_of, IOMMUFD, sample, target);
	row = get_row(name, mapping, cost_of, NULL, 0);
	row->of = of;
	row->values[THEIRS] = get_row(name, mapping, of, NULL, 0)->values[OURS];
}

static void add_of_map(unsigned int kind, const struct size *size,
		       const char *cost_of, struct sample sample, double target)
{
	/* To map a few huge pages is hardly more than the system call */
	add_of(kind, size->name, "map", cost_of, sample,
	       kind == HUGETLB_1G ? 0 : target);
}

static void add_registered(unsigned int kind, const char *mapping,
			   const struct sample *map,
			   const struct sample *unmap, double target)
{
	add_of(kind, mapping, "map", "map, registered", *map, target);
	add_of(kind, mapping, "unmap", "unmap, registered", *unmap, target);
}

/* Mappings once more, of memory that is registered; to pin one page costs little */
static void time_registered(const struct space *space, unsigned int kind,
			    __u8 *memory, const struct size *size,
			    const struct small *small)
{
	const struct interface *iface = &interfaces[IOMMUFD];
	__u32 id = iommufd_register(space, memory, size->size);
	struct sample map, unmap;

	/* It is an extension */
	if (!id)
		return;
	sample_size(iface, space, memory, size, 1, &map, &unmap);
	add_registered(kind, size->name, &map, &unmap, 1.0);
	sample_small(iface, space, small, memory, &map, &unmap);
	add_registered(kind, small->name, &map, &unmap, 0);
	iommufd_destroy(space, id);
}

static double time_table(const struct space *space)
{
	double start = now(), time;
	__u32 table;

	table = iommufd_alloc_table(space, space->ioas);
	time = now() - start - clock_time;
	iommufd_destroy(space, table);
	return time;
}

static double time_copy(const struct space *space, __u32 ioas, __u64 size)
{
	double start = now(), time;

	iommufd_copy(space, ioas, IOVA, size);
	time = now() - start - clock_time;
	iommufd_unmap_from(space, ioas, IOVA, size);
	return time;
}

/* Mean of as many as it takes; @ioas is where to copy to, or 0 for a table */
static double time_once_more(const struct space *space, __u32 ioas, __u64 size)
{
	unsigned int i, repeat = 1;
	double time, sum = 0;

	for (i = 0; i < repeat; i++) {
		time = ioas ? time_copy(space, ioas, size) : time_table(space);
		if (!i)
			repeat = number_of_repeats(time);
		sum += time;
	}
	return sum / repeat;
}

static struct sample sample_once_more(const struct space *space, __u32 ioas,
				      const struct size *size)
{
	unsigned int n = number_of_runs(size), run;
	double values[MAX_RUNS];

	time_once_more(space, ioas, size->size);
	for (run = 0; run < n; run++)
		values[run] = time_once_more(space, ioas, size->size);
	return summarize(values, n);
}

static void time_sharing(const struct space *space, unsigned int kind,
			 __u8 *memory, const struct size *size)
{
	const struct interface *iface = &interfaces[IOMMUFD];
	const struct copying *copying;
	struct sample empty, full;
	__u32 ioas, table = 0;

	/* To make a table costs something even if nothing is mapped */
	empty = sample_once_more(space, 0, size);
	iface->map(space, memory, IOVA, size->size);
	full = sample_once_more(space, 0, size);
	full.median -= empty.median;
	add_of_map(kind, size, "fill second table", full, 0.3);
	for (copying = copyings; copying < copyings + ARRAY_SIZE(copyings);
	     copying++) {
		ioas = iommufd_alloc_ioas(space);
		if (copying->table)
			table = iommufd_alloc_table(space, ioas);
		add_of_map(kind, size, copying->cost_of,
			   sample_once_more(space, ioas, size),
			   copying->target);
		if (copying->table)
			iommufd_destroy(space, table);
		iommufd_destroy(space, ioas);
	}
	iface->unmap(space, IOVA, size->size);
}

/*
 * Threads
 */

struct thread {
	pthread_t thread;
	unsigned int cpu;
	const struct interface *iface;
	const struct space *space;
	__u8 *memory;
	__u64 iova;
	bool map;
};

static pthread_barrier_t barrier;

static void *thread_main(void *arg)
{
	const struct thread *thread = arg;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(thread->cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		err(1, "processor %u", thread->cpu);
	pthread_barrier_wait(&barrier);
	if (thread->map)
		map_small(thread->iface, thread->space, &thread_maps,
			  thread->memory, thread->iova);
	else
		unmap_small(thread->iface, thread->space, &thread_maps,
			    thread->iova);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static double time_threads(struct thread *threads, unsigned int n, bool map)
{
	double start, time;
	unsigned int i;

	if (pthread_barrier_init(&barrier, NULL, n + 1))
		errx(1, "pthread_barrier_init");
	for (i = 0; i < n; i++) {
		threads[i].map = map;
		if (pthread_create(&threads[i].thread, NULL, thread_main,
				   &threads[i]))
			errx(1, "pthread_create");
	}
	/* All threads sleep here, or are about to */
	usleep(1000);
	start = now();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	time = now() - start;
	for (i = 0; i < n; i++)
		pthread_join(threads[i].thread, NULL);
	pthread_barrier_destroy(&barrier);
	return time;
}

static void time_thread_test(unsigned int which, const struct space *spaces,
			     unsigned int num_spaces, unsigned int num_threads,
			     __u8 *memory, const char *mapping)
{
	double map[MAX_RUNS], unmap[MAX_RUNS];
	struct thread threads[NUM_THREADS];
	unsigned int i, run;

	for (i = 0; i < num_threads; i++) {
		threads[i].cpu = i;
		threads[i].iface = &interfaces[which];
		threads[i].space = &spaces[i % num_spaces];
		threads[i].memory = memory + i * THREAD_MAPS * PAGE;
		threads[i].iova = IOVA + i * GIB;
	}
	for (i = 0; i < FIRST_WARM_UPS; i++) {
		time_threads(threads, num_threads, true);
		time_threads(threads, num_threads, false);
	}
	for (run = 0; run < runs; run++) {
		map[run] = time_threads(threads, num_threads, true);
		unmap[run] = time_threads(threads, num_threads, false);
	}
	add_time("4 KiB, contiguous", mapping, "map", which,
		 summarize(map, runs), 0.7);
	add_time("4 KiB, contiguous", mapping, "unmap", which,
		 summarize(unmap, runs), 0.7);
}

/*
 * The parts
 */

static void time_kind(unsigned int which, unsigned int kind, __u8 *memory)
{
	const struct size *size = sizes;
	struct space space;

	while (size->size > max_size)
		size++;
	if (kind == SHUFFLED)
		measure_memory(which, kind, memory, size);
	interfaces[which].open(&space, bdf[0]);
	time_size(which, &space, kind, memory, size, FIRST_WARM_UPS);
	if (which == IOMMUFD)
		time_sharing(&space, kind, memory, size);
	while (++size < sizes + ARRAY_SIZE(sizes))
		time_size(which, &space, kind, memory, size, 1);
	if (kind == CONTIGUOUS || kind == THP)
		time_small(which, &space, kind, &small_maps, memory);
	if (kind != HUGETLB_1G)
		time_small(which, &space, kind, &few_maps, memory);
	if (kind <= SHUFFLED && which == IOMMUFD)
		time_registered(&space, kind, memory, &sizes[SIZE_64M],
				&few_maps);
	interfaces[which].close(&space);
}

static void time_kinds(unsigned int first, unsigned int last)
{
	unsigned int kind, i;
	__u8 *memory;

	for (kind = first; kind <= last; kind++) {
		memory = memories[kind].get(max_size);
		check_memory(&memories[kind], memory, max_size);
		for (i = iommufd_only; i < NUM_COLUMNS; i++)
			time_kind(compared[i], kind, memory);
		memories[kind].put(memory, max_size);
	}
}

static void part_memory(void)
{
	time_kinds(CONTIGUOUS, HUGETLB_2M);
}

static void part_gigantic(void)
{
	time_kinds(HUGETLB_1G, HUGETLB_1G);
}

static void part_threads(void)
{
	struct space spaces[NUM_THREADS];
	unsigned int i;
	__u8 *memory;

	if (!bdf[1])
		errx(2, "threads: give a second PCI address, as argument or in $EDU1");
	memory = memories[CONTIGUOUS].get(GIB);
	check_memory(&memories[CONTIGUOUS], memory, GIB);
	for (i = iommufd_only; i <= IOMMUFD; i++) {
		interfaces[i].open(&spaces[0], bdf[0]);
		interfaces[i].open_second(&spaces[1], &spaces[0], bdf[1]);
		time_thread_test(i, spaces, 1, 1, memory,
				 "4 KiB x 20,000, 1 thread");
		time_thread_test(i, spaces, 2, 2, memory,
				 "twice, in 2 threads, 2 spaces");
		time_thread_test(i, spaces, 1, 2, memory,
				 "twice, in 2 threads, 1 space");
		interfaces[i].close(&spaces[1]);
		interfaces[i].close(&spaces[0]);
	}
	memories[CONTIGUOUS].put(memory, GIB);
}

static void part_container(void)
{
	compared[OURS] = SHIM;
	time_kinds(CONTIGUOUS, HUGETLB_2M);
}

static const struct part {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "memory", part_memory },
	{ "gigantic", part_gigantic },
	{ "threads", part_threads },
	{ "container", part_container },
};

static unsigned int find_part(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(parts[i].name, name))
			return i;
	errx(2, "there is no part '%s'", name);
}

static __u32 *ascending_order(__u32 n)
{
	__u32 *order = calloc(n, sizeof(*order)), i;

	if (!order)
		err(1, "calloc");
	for (i = 0; i < n; i++)
		order[i] = i;
	return order;
}

static void run_parts(unsigned int wanted)
{
	unsigned int i;

	clock_time = clock_cost();
	small_maps.order = random_order(SMALL_MAPS);
	small_maps.count = SMALL_MAPS;
	few_maps.order = ascending_order(FEW_MAPS);
	few_maps.count = FEW_MAPS;
	thread_maps.order = random_order(THREAD_MAPS);
	thread_maps.count = THREAD_MAPS;
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (wanted & (1 << i))
			parts[i].run();
}

static const char usage[] =
	"iommu-bench [-ci] [-r runs] [-s GiB] [-p part]... [BDF]...";

static unsigned int parse_number(const char *text, unsigned int max)
{
	unsigned long number;
	char *end;

	number = strtoul(text, &end, 10);
	/* No sign, no blank, nothing behind it */
	if (*text < '0' || *text > '9' || *end || number < 1 || number > max)
		errx(2, "'%s' is no number from 1 to %u; usage: %s", text, max,
		     usage);
	return number;
}

int main(int argc, char **argv)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	unsigned int wanted = 0;
	bool check = false;
	int option;

	while ((option = getopt(argc, argv, "cip:r:s:")) != -1) {
		switch (option) {
		case 'c':
			check = true;
			break;
		case 'i':
			iommufd_only = true;
			break;
		case 'p':
			wanted |= 1 << find_part(optarg);
			break;
		case 'r':
			runs = parse_number(optarg, MAX_RUNS);
			break;
		case 's':
			max_size = parse_number(optarg, UINT_MAX) * GIB;
			break;
		default:
			errx(2, "usage: %s", usage);
		}
	}
	bdf[0] = vfio_device_address(argv[optind]);
	bdf[1] = bdf[0] && argv[optind] ? argv[optind + 1] : getenv("EDU1");
	if (!bdf[0])
		errx(2, "give a PCI address like 0000:00:04.0, as argument or in $EDU0");
	if (sysconf(_SC_PAGESIZE) != PAGE)
		errx(1, "this needs pages of 4 KiB");
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited))
		err(1, "setrlimit");
	if (!iommufd_only)
		write_number(TYPE1_LIMIT, 1 << 20);
	if (wanted & 1U << find_part("container")) {
		if (wanted != 1U << find_part("container"))
			errx(2, "container: a table of its own");
		write_number(SHIM_LIMIT, 1 << 20);
	}

	run_parts(wanted ? wanted : 1);
	if (!print_table() && check)
		errx(1, "a cost is above its target");
	return 0;
}
