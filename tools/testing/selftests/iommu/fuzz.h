/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of iommufd_fuzz know of each other.
 *
 * iommufd_fuzz.c	options, rounds, and what must hold at the end of each
 * fuzz_call.c		one call: made, spoilt, done and judged
 * fuzz_state.c		what is alive: IDs, descriptors; memory of the calls
 * fuzz_iommu.c		the commands of /dev/iommu
 * fuzz_nesting.c	those of them that nesting is made of
 * fuzz_queue.c		what is read from and written to queues
 * fuzz_mock.c		mock devices, and what happens to them
 * fuzz_device.c	real devices, by VFIO
 *
 * A call is a command that would be valid as far as the program knows, with
 * something spoilt one time in three. All that is random comes from the seed, the
 * number of the round and that of the thread; with one thread, a round is the same
 * each time.
 */
#ifndef __SELFTESTS_IOMMU_FUZZ_H
#define __SELFTESTS_IOMMU_FUZZ_H

#include <pthread.h>
#include <stdio.h>

#include "iommu_ioctl.h"

/* Objects, by what a call can use them for. AUTO is made by the kernel */
enum fuzz_kind {
	FUZZ_NOTHING,
	FUZZ_IOAS,
	FUZZ_HWPT,
	FUZZ_PARENT,
	FUZZ_NESTED,
	FUZZ_AUTO,
	FUZZ_MOCK,
	FUZZ_BOUND,
	FUZZ_VIOMMU,
	FUZZ_VDEVICE,
	FUZZ_VEVENTQ,
	FUZZ_FAULT_QUEUE,
	FUZZ_MEMORY,
	FUZZ_REQUEST,	/* cookies of page requests that were read */
	FUZZ_PINNED,	/* items of accesses */
	FUZZ_KINDS
};

enum fuzz_fd_kind {
	FUZZ_FD_FAULTS,
	FUZZ_FD_EVENTS,
	FUZZ_FD_ACCESS,
	FUZZ_FD_DMABUF,
	FUZZ_FD_KINDS
};

#define FUZZ_POOL_MAX	16
/* So many descriptors of a kind, and one is closed */
#define FUZZ_FDS_ENOUGH	4
#define FUZZ_MAPPINGS	16
#define FUZZ_GOES_WITH	1024

struct fuzz_pool {
	__u32 ids[FUZZ_POOL_MAX];
	unsigned int num;
};

/* What can be wrong */
enum fuzz_problem {
	FUZZ_BAD_ANSWER,	/* an error that is not documented */
	FUZZ_WRITTEN,		/* a call that failed has changed its struct */
	FUZZ_ACCEPTED,		/* what must be refused was not */
	FUZZ_NOT_DESTROYED,	/* an object cannot be destroyed */
	FUZZ_NOT_GIVEN_BACK,	/* memory stays pinned or charged */
	FUZZ_PROBLEMS
};

struct fuzz_thread;

/* Something that was mapped, and may still be */
struct fuzz_mapping {
	__u32 ioas;
	__u64 iova, length;
};

/* What of the struct a call may change though it fails */
struct fuzz_range {
	unsigned short offset, length;
};

/**
 * struct fuzz_command - a kind of call
 * @name: for messages
 * @cmd: the ioctl; 0: @run does it
 * @size: of its struct, that begins with its size
 * @weight: how often it is called
 * @makes: what a successful call makes; FUZZ_NOTHING
 * @answers: errors that are documented, besides those of all ioctls; 0 ends them
 * @pointers: offsets of members that point to memory; 0 ends them
 * @reserved: offset of a 32-bit member that must be 0; 0: none
 * @written: what may be written though the call fails
 * @op: offset of a member that says what the call is, and is not to be changed; 0
 * @target: descriptor that it is called on; NULL: the IOMMU fd
 * @make: fill in a valid struct, which is 0 but for its size
 * @done: the call was successful
 * @run: instead of an ioctl; returns what it does
 * @calls: how often it was called
 * @successes: and how often with success
 */
struct fuzz_command {
	const char *name;
	unsigned long cmd;
	size_t size;
	unsigned int weight;
	enum fuzz_kind makes;
	const int *answers;
	unsigned short pointers[3];
	unsigned short reserved;
	struct fuzz_range written[2];
	unsigned short op;
	int (*target)(struct fuzz_thread *t);
	void (*make)(struct fuzz_thread *t, void *cmd);
	void (*done)(struct fuzz_thread *t, const void *cmd, int result);
	int (*run)(struct fuzz_thread *t);
	unsigned long calls, successes;
};

#define FUZZ_ANSWERS(...)	((const int[]){ __VA_ARGS__, 0 })

#define FUZZ_IOCTL(_cmd, _struct)	\
	.name = #_cmd, .cmd = _cmd, .size = sizeof(struct _struct)
#define FUZZ_POINTS(_struct, _member)	offsetof(struct _struct, _member)
#define FUZZ_RANGE(_struct, _member)	\
	{ offsetof(struct _struct, _member), \
	  sizeof(((struct _struct *)NULL)->_member) }

/**
 * struct fuzz_backend - devices, and an IOMMU
 * @name: for messages
 * @commands: of its own
 * @num_commands: number of them
 * @calls: how many calls a short run makes
 * @open: find out whether it is there. Returns 0 or an errno
 * @begin: a round begins: make some devices
 * @end: close all devices
 * @hwpt_data: driver data of a nested HWPT, into @data; returns its length
 * @entries: some invalidations of a nested HWPT or vIOMMU; returns their number
 * @viommu_data: driver data of a vIOMMU; returns its length
 * @virt_id: a name that a guest may have for a device
 * @viommu_type: of its vIOMMUs
 * @veventq_type: of their events
 */
struct fuzz_backend {
	const char *name;
	struct fuzz_command *commands;
	unsigned int num_commands;
	unsigned long calls;
	int (*open)(void);
	void (*begin)(struct fuzz_thread *t);
	void (*end)(void);
	__u32 (*hwpt_data)(struct fuzz_thread *t, void *data, __u32 *type);
	__u32 (*entries)(struct fuzz_thread *t, bool of_viommu, void *data,
			 __u32 *type, __u32 *len);
	__u32 (*viommu_data)(struct fuzz_thread *t, void *data);
	__u64 (*virt_id)(struct fuzz_thread *t);
	__u32 viommu_type;
	__u32 veventq_type;
};

extern const struct fuzz_backend fuzz_mock, fuzz_device;
extern struct fuzz_command fuzz_iommu_commands[];
extern const unsigned int fuzz_num_iommu_commands;
extern struct fuzz_command fuzz_nesting_commands[];
extern const unsigned int fuzz_num_nesting_commands;
extern struct fuzz_command fuzz_queue_commands[];
extern const unsigned int fuzz_num_queue_commands;

/**
 * struct fuzz - one round, of all threads
 * @backend: devices
 * @fd: IOMMU fd
 * @memfd: file of some pages
 * @threads: how many threads there are
 * @seed: of all that is random
 * @round: number of the round
 * @lock: protects the following
 * @pools: IDs of objects that are probably alive
 * @fds: descriptors, by enum fuzz_fd_kind
 * @goes_with: by the ID of a mock device: that of the bound device
 * @max_id: the highest ID seen
 * @mmap_offset: of some vIOMMU
 */
struct fuzz {
	const struct fuzz_backend *backend;
	int fd;
	int memfd;
	unsigned int threads;
	__u64 seed;
	unsigned long round;
	pthread_mutex_t lock;
	struct fuzz_pool pools[FUZZ_KINDS];
	struct fuzz_pool fds[FUZZ_FD_KINDS];
	__u32 goes_with[FUZZ_GOES_WITH];
	__u32 max_id;
	__u64 mmap_offset;
};

/**
 * struct fuzz_thread - a thread of a round
 * @fuzz: the round
 * @random: state
 * @number: of the call, from the beginning of the round
 * @calls: how many to do
 * @cmd: where the struct of a call is, a page
 * @cmd_read_only: the same page, not writeable
 * @data: what the struct points to
 * @mappings: the last ones made
 * @num_mappings: how many were made
 */
struct fuzz_thread {
	struct fuzz *fuzz;
	__u64 random;
	unsigned long number;
	unsigned long calls;
	__u8 *cmd;
	__u8 *cmd_read_only;
	__u8 *data;
	struct fuzz_mapping mappings[FUZZ_MAPPINGS];
	unsigned int num_mappings;
};

#define FUZZ_PAGE	4096UL
#define FUZZ_DATA_SIZE	(16 * FUZZ_PAGE)
#define FUZZ_MEMORY_PAGES 64
#define FUZZ_MEMORY_SIZE (FUZZ_MEMORY_PAGES * FUZZ_PAGE)
#define FUZZ_IOVA	0x1000000ULL
#define FUZZ_THREADS_MAX 8

/*
 * Random numbers
 */
static inline __u64 fuzz_random(struct fuzz_thread *t)
{
	__u64 x = t->random += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static inline __u32 fuzz_below(struct fuzz_thread *t, __u32 end)
{
	return (fuzz_random(t) >> 32) % end;
}

static inline bool fuzz_one_in(struct fuzz_thread *t, __u32 n)
{
	return !fuzz_below(t, n);
}

static inline __u64 fuzz_iova(struct fuzz_thread *t)
{
	return FUZZ_IOVA + fuzz_below(t, FUZZ_MEMORY_PAGES) * FUZZ_PAGE;
}

static inline __u64 fuzz_length(struct fuzz_thread *t)
{
	return (1 + fuzz_below(t, 8)) * FUZZ_PAGE;
}

static inline __u64 fuzz_cookie(struct fuzz_thread *t)
{
	return 1 + fuzz_below(t, 8);
}

/* fuzz_state.c */
int fuzz_memory_init(void);
int fuzz_thread_init(struct fuzz_thread *t, unsigned int number);
__u64 fuzz_memory(struct fuzz_thread *t);
__u64 fuzz_bad_pointer(struct fuzz_thread *t);
void fuzz_add(struct fuzz_thread *t, enum fuzz_kind kind, __u32 id);
void fuzz_take_request(struct fuzz_thread *t, __u32 request);
void fuzz_forget(struct fuzz_thread *t, __u32 id);
__u32 fuzz_pick(struct fuzz_thread *t, enum fuzz_kind kind);
__u32 fuzz_pick_any(struct fuzz_thread *t);
__u32 fuzz_pick_table(struct fuzz_thread *t);
struct fuzz_mapping fuzz_pick_mapping(struct fuzz_thread *t);
void fuzz_add_mapping(struct fuzz_thread *t, __u32 ioas, __u64 iova,
		      __u64 length);
bool fuzz_has_enough(struct fuzz_thread *t, enum fuzz_kind kind);
void fuzz_add_fd(struct fuzz_thread *t, enum fuzz_fd_kind kind, int fd);
int fuzz_pick_fd(struct fuzz_thread *t, enum fuzz_fd_kind kind);
int fuzz_close_some_fd(struct fuzz_thread *t);
void fuzz_close_fds(struct fuzz *fuzz);

/* fuzz_nesting.c */
__u32 fuzz_make_guest(struct fuzz_thread *t, __u32 dev_id);

/* fuzz_call.c */
void fuzz_show_slowest(const struct fuzz *fuzz);
void fuzz_call(struct fuzz_thread *t, struct fuzz_command *c);
void fuzz_report(const struct fuzz *fuzz, enum fuzz_problem problem,
		 const char *format, ...);
unsigned long fuzz_problems(enum fuzz_problem problem);

#endif
