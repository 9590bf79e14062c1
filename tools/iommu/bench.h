/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of iommu-bench know of each other.
 *
 * iommu-bench.c	what is measured, and the table
 * bench-interface.c	the interfaces, by the same few operations
 * bench-memory.c	the kinds of memory that are mapped
 * bench-measure.c	time, kernel memory, and the spread of values
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>

#include <linux/types.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define PAGE (4 * KIB)

/*
 * Interfaces
 */

enum { TYPE1, IOMMUFD, SHIM, NUM_INTERFACES };

/*
 * An I/O address space that a device is attached to: a container of VFIO with
 * a group, or an IOAS
 */
struct space {
	int fd;			/* the container, or /dev/iommu */
	int device;		/* the group, or the device */
	__u32 dev_id;
	__u32 ioas;
	bool borrowed;		/* fd is that of another space */
};

struct interface {
	const char *name;
	void (*open)(struct space *space, const char *bdf);
	/* A second one, as close to the first as the interface has it */
	void (*open_second)(struct space *space, const struct space *first,
			    const char *bdf);
	void (*map)(const struct space *space, void *va, __u64 iova,
		    __u64 size);
	void (*unmap)(const struct space *space, __u64 iova, __u64 size);
	void (*close)(struct space *space);
};

extern const struct interface interfaces[NUM_INTERFACES];

/* What only /dev/iommu has */
__u32 iommufd_alloc_ioas(const struct space *space);
__u32 iommufd_alloc_table(const struct space *space, __u32 ioas);
void iommufd_copy(const struct space *space, __u32 dst_ioas, __u64 iova,
		  __u64 size);
void iommufd_unmap_from(const struct space *space, __u32 ioas, __u64 iova,
			__u64 size);
__u32 iommufd_register(const struct space *space, void *va, __u64 size);
void iommufd_destroy(const struct space *space, __u32 id);

/*
 * Memory
 */

struct memory {
	const char *name;
	__u8 *(*get)(__u64 size);
	void (*put)(__u8 *memory, __u64 size);
	/* Bounds for the share of pages followed by the next one, in percent */
	double min_contiguous, max_contiguous;
	bool huge;
};

enum { CONTIGUOUS, SHUFFLED, THP, HUGETLB_2M, HUGETLB_1G, NUM_MEMORIES };

extern const struct memory memories[NUM_MEMORIES];

/* End the program if the memory is not what the kind promises */
void check_memory(const struct memory *kind, const __u8 *memory, __u64 size);

/* The numbers from 0 to n - 1 in an order that looks random, always the same */
__u32 *random_order(__u32 n);

__u64 read_number(const char *path);
void write_number(const char *path, __u64 number);

/*
 * Measuring
 */

#define MAX_RUNS 99

struct sample {
	double median;
	double spread;		/* largest minus smallest, in percent of it */
};

/* Nanoseconds */
double now(void);
/* What now() costs */
double clock_cost(void);
struct sample summarize(double *values, unsigned int n);

/* Bytes of slab memory in use */
__u64 slab_memory(void);
/* Bytes of memory that is free, with what processors keep for themselves */
__u64 free_memory(void);

#endif
